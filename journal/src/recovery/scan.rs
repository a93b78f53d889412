//! Reading a journal that may be damaged: how far its batches are whole, what comes first after that, and
//! what is known to have been durable.

use std::path::Path;

use reprise_model::codec;
use reprise_model::event::{JournalSynced, RunStarted};
use reprise_model::{Input, Seq};

use super::table::{Finding, Standing};
use super::watermark;
use crate::error::{Damage, DamageKind, JournalError};
use crate::line::{self, Envelope};
use crate::manifest::{Manifest, SegmentSummary};
use crate::order::{Order, RUN_STARTED};
use crate::reader::check_schema;
use crate::segment::{self, Listing, Segment};
use crate::source::LineSource;

/// The kind of the record that tells what is durable.
pub(super) const JOURNAL_SYNCED: &[u8] = b"journal.synced";

/// What a scan found.
pub(super) struct Scan {
    pub listing: Listing,
    /// The order of things behind the last whole batch.
    pub whole: Order,
    /// How many segments have a part in the whole batches.
    pub segments: Vec<SegmentSummary>,
    /// The first thing that is not as it should be.
    pub damage: Option<Damage>,
    /// The last sequence number that is known to have been durable.
    pub durable: Seq,
    pub run: String,
    pub epoch: u32,
}

impl Scan {
    /// What stands in the decision table.
    pub fn finding(&self) -> Finding {
        let Some(damage) = &self.damage else {
            let empty = self.listing.segments.len() > self.segments.len();
            return if empty { Finding::EmptySegment } else { Finding::Whole };
        };
        let number = |file: &Path| self.listing.segments.iter().find(|s| s.path == file).map(|s| s.number);
        let at = number(&damage.file).or(self.listing.gap).unwrap_or(1);
        let sealed_follows = self.listing.segments.iter().any(|s| s.sealed && s.number >= at);
        let has_twin = self.listing.twins.iter().any(|s| s.number >= at);
        if sealed_follows || has_twin { Finding::SealedDamage } else { Finding::of(damage.kind) }
    }

    /// How far the whole batches reach.
    pub fn standing(&self) -> Standing {
        if self.whole.seq == Seq(0) {
            Standing::Nothing
        } else if self.whole.seq < self.durable {
            Standing::Short
        } else if self.whole.ended {
            Standing::Ended
        } else {
            Standing::Durable
        }
    }
}

/// Scans a run's folder.
///
/// # Errors
/// When there is no journal, it cannot be read, or an unknown version wrote it.
pub(super) fn scan(dir: &Path) -> Result<Scan, JournalError> {
    let listing = segment::list(dir)?;
    if listing.segments.is_empty() {
        let reason = format!("it has no segment such as {}", segment::plain_name(1));
        return Err(JournalError::NotAJournal { path: dir.to_owned(), reason });
    }
    // What follows a gap in the numbers belongs to no chain.
    let before_gap = |s: &&Segment| listing.gap.is_none_or(|gap| s.number < gap);
    let connected: Vec<Segment> = listing.segments.iter().filter(before_gap).cloned().collect();
    let mut walk = Walk::new(connected);
    let mut damage = walk.run()?;
    if damage.is_none()
        && let Some(gap) = listing.gap
    {
        damage = Some(Damage { after: walk.whole.seq, ..segment::missing_segment(dir, gap) });
    }
    let mut durable = walk.durable;
    if damage.is_some() {
        durable = durable.max(watermark::in_tail(&listing.segments, &walk.segments, walk.whole.crc)?);
    }
    if let Some(Ok(manifest)) = Manifest::read(dir)?
        && (manifest.synced || manifest.ended)
    {
        // A run that ended is over, however it was synced: its end does not come back by going on.
        durable = durable.max(Seq(manifest.segments.last().map_or(0, |s| s.last_seq)));
    }
    let Walk { whole, segments, run, epoch, .. } = walk;
    Ok(Scan { listing, whole, segments, damage, durable, run, epoch })
}

/// Walks along the lines until one is wrong.
struct Walk {
    source: LineSource,
    order: Order,
    whole: Order,
    /// Of the whole batches.
    segments: Vec<SegmentSummary>,
    /// Lines and bytes of the batch at hand, which is not whole yet, and the segment they are in.
    batch: (u64, u64),
    durable: Seq,
    run: String,
    epoch: u32,
}

impl Walk {
    fn new(segments: Vec<Segment>) -> Self {
        Self {
            source: LineSource::new(segments),
            order: Order::default(),
            whole: Order::default(),
            segments: Vec::new(),
            batch: (0, 0),
            durable: Seq(0),
            run: String::new(),
            epoch: 0,
        }
    }

    fn run(&mut self) -> Result<Option<Damage>, JournalError> {
        loop {
            match self.source.advance() {
                Ok(true) => {
                    if let Some(damage) = self.line()? {
                        return Ok(Some(damage));
                    }
                }
                Ok(false) if self.order.pending > 0 => {
                    let reason = format!("{} outcomes of the last batch are missing", self.order.pending);
                    return Ok(Some(self.source.damage_behind(
                        DamageKind::OpenBatch,
                        self.order.seq,
                        reason,
                    )));
                }
                Ok(false) => return Ok(None),
                Err(error) => match error.after(self.order.seq) {
                    JournalError::Corrupt(damage) => return Ok(Some(damage)),
                    other => return Err(other),
                },
            }
        }
    }

    fn line(&mut self) -> Result<Option<Damage>, JournalError> {
        let raw = self.source.line();
        let after = self.order.seq;
        let envelope = match line::decode(raw) {
            Ok(envelope) => envelope,
            Err(fault) => {
                return Ok(Some(self.source.damage(DamageKind::NotALine, after, fault.to_string())));
            }
        };
        if let Err(fault) = self.order.accept(&envelope) {
            return Ok(Some(self.source.damage(fault.kind(), after, fault.to_string())));
        }
        if envelope.kind == RUN_STARTED {
            check_schema(&self.source)?;
            match codec::from_bytes::<RunStarted>(envelope.payload) {
                Ok(started) => {
                    self.run.clone_from(&started.run);
                    self.epoch = started.epoch;
                    self.order.learn(&Input::RunStarted(Box::new(started)));
                }
                Err(error) => {
                    // The crc is right, so this is no tear: another engine wrote it, and cutting would lose it.
                    let damage = self.source.damage(DamageKind::Event, after, error.to_string());
                    let reason = "it was written so; recover it with the engine that wrote it".to_owned();
                    return Err(JournalError::Unrecoverable { damage, reason });
                }
            }
        }
        if let Some(through) = synced_through(&envelope) {
            self.durable = self.durable.max(through);
        }
        let line_bytes = raw.len() as u64 + 1;
        self.batch = (self.batch.0 + 1, self.batch.1 + line_bytes);
        if self.order.pending == 0 {
            self.end_batch();
        }
        Ok(None)
    }

    /// What was read counts; a batch never spans segments.
    fn end_batch(&mut self) {
        let number = self.source.segment().number;
        while self.segments.len() < number as usize {
            let next = self.segments.len() as u32 + 1;
            self.segments.push(SegmentSummary::begin(next, self.whole.seq, self.whole.crc));
        }
        if let Some(summary) = self.segments.last_mut() {
            summary.lines += self.batch.0;
            summary.bytes += self.batch.1;
            summary.end_at(self.order.seq, self.order.crc);
        }
        self.batch = (0, 0);
        self.whole = self.order;
    }
}

/// What a `journal.synced` line says, `None` for other lines.
pub(super) fn synced_through(envelope: &Envelope<'_>) -> Option<Seq> {
    if envelope.kind != JOURNAL_SYNCED {
        return None;
    }
    codec::from_bytes::<JournalSynced>(envelope.payload).ok().map(|synced| synced.through)
}

//! One pass over a whole journal that checks every line and counts what is there: what verification, `stat`,
//! sealing and the manifest are made of.

use std::path::Path;

use reprise_model::codec::Writer;
use reprise_model::event::{RunEnded, RunMode};
use reprise_model::{Input, Record, Seq, Ts};

use crate::error::{Damage, DamageKind, JournalError};
use crate::hash::{LineHash, hash_file};
use crate::line;
use crate::manifest::{SealedForm, SegmentSummary};
use crate::reader::{Body, Entry, JournalReader, Unknown};
use crate::segment::Segment;

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The run's id.
    pub run: String,
    /// What the run does.
    pub mode: RunMode,
    /// How many epochs it has.
    pub epochs: u32,
    /// Whether `run.ended` is there.
    pub ended: bool,
    /// Lines in all.
    pub lines: u64,
    /// Uncompressed bytes in all.
    pub bytes: u64,
    /// Bytes of the segment files.
    pub file_bytes: u64,
    /// The last sequence number.
    pub last_seq: Seq,
    /// The first input's time.
    pub first_ts: Ts,
    /// The last input's time.
    pub last_ts: Ts,
    /// What the last `journal.synced` said, 0 when there is none.
    pub durable_through: Seq,
    /// How many lines of each kind, in order of first appearance.
    pub kinds: Vec<(String, u64)>,
    /// What each segment holds.
    pub segments: Vec<SegmentSummary>,
    /// Kinds and fields that this version does not know.
    pub unknowns: Vec<Unknown>,
}

/// Counts and checks a whole journal, line by line; the manifest is not looked at.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn stat(path: &Path) -> Result<Stat, JournalError> {
    survey(crate::segment::list_whole(path)?)
}

pub(crate) fn survey(segments: Vec<Segment>) -> Result<Stat, JournalError> {
    let sealed: Vec<bool> = segments.iter().map(|s| s.sealed).collect();
    let mut pass = Pass::new(segments.iter().map(|s| s.file_bytes).sum());
    let mut reader = JournalReader::over(segments.clone());
    while let Some(entry) = reader.next_entry()? {
        if entry.segment as usize > pass.segments.len() {
            let is_sealed = sealed.get(entry.segment as usize - 1).copied().unwrap_or(false);
            pass.begin_segment(entry.segment, is_sealed);
        }
        pass.take(&entry)?;
    }
    pass.finish(&reader, &segments)
}

/// The state of the pass.
struct Pass {
    stat: Stat,
    segments: Vec<SegmentSummary>,
    content: LineHash,
    /// Of the sealed segment at hand.
    packed: Option<LineHash>,
    again: Writer,
    last: (Seq, u32),
}

impl Pass {
    fn new(file_bytes: u64) -> Self {
        let stat = Stat {
            run: String::new(),
            mode: RunMode::Record,
            epochs: 0,
            ended: false,
            lines: 0,
            bytes: 0,
            file_bytes,
            last_seq: Seq(0),
            first_ts: Ts(0),
            last_ts: Ts(0),
            durable_through: Seq(0),
            kinds: Vec::new(),
            segments: Vec::new(),
            unknowns: Vec::new(),
        };
        Self {
            stat,
            segments: Vec::new(),
            content: LineHash::new(),
            packed: None,
            again: Writer::new(),
            last: (Seq(0), 0),
        }
    }

    fn begin_segment(&mut self, number: u32, sealed: bool) {
        self.end_segment();
        // A segment without a line holds nothing and still counts.
        while self.segments.len() < number as usize {
            let next = self.segments.len() as u32 + 1;
            self.segments.push(SegmentSummary::begin(next, self.last.0, self.last.1));
        }
        self.packed = sealed.then(LineHash::new);
    }

    fn end_segment(&mut self) {
        let Some(summary) = self.segments.last_mut() else { return };
        summary.end_at(self.last.0, self.last.1);
        if let Some(mut hash) = self.packed.take() {
            summary.sealed =
                Some(SealedForm { blake3: hash.hex(), file_bytes: 0, file_blake3: String::new() });
        }
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        self.check_form(entry)?;
        match &entry.body {
            Body::Input { input, .. } => self.take_input(entry, input)?,
            Body::Record(Record::JournalSynced(synced)) => {
                self.stat.durable_through = self.stat.durable_through.max(synced.through);
            }
            Body::Outcome { .. } | Body::Record(_) | Body::Unknown { .. } => {}
        }
        self.count(entry);
        self.content.line(entry.raw);
        if let Some(hash) = &mut self.packed {
            hash.line(entry.raw);
        }
        self.last = (entry.seq, entry.crc);
        Ok(())
    }

    /// A line has one form only: encoding its event again gives the same bytes.
    fn check_form(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        if !entry.unknown.is_empty() {
            return Ok(());
        }
        let (seq, ts) = (entry.seq, entry.ts);
        self.again.clear();
        match &entry.body {
            Body::Input { input, outcomes } => line::encode_input(&mut self.again, seq, ts, input, *outcomes),
            Body::Outcome { outcome, cause } => {
                line::encode_outcome(&mut self.again, seq, ts, *cause, outcome)
            }
            Body::Record(record) => line::encode_record(&mut self.again, seq, ts, record),
            Body::Unknown { .. } => return Ok(()),
        }
        if self.again.as_bytes() == entry.covered {
            return Ok(());
        }
        Err(damage(entry, self.last.0, DamageKind::Event, "the event is not in its one form".to_owned()))
    }

    fn take_input(&mut self, entry: &Entry<'_>, input: &Input) -> Result<(), JournalError> {
        let stat = &mut self.stat;
        match input {
            Input::RunStarted(started) => {
                stat.run.clone_from(&started.run);
                stat.mode = started.mode;
                stat.epochs += 1;
            }
            Input::RunEnded(ended) => check_content(entry, ended, &self.content.hex(), self.last.0)?,
            _ => {}
        }
        if stat.lines == 0 {
            stat.first_ts = entry.ts;
        }
        stat.last_ts = entry.ts;
        Ok(())
    }

    fn count(&mut self, entry: &Entry<'_>) {
        let bytes = entry.raw.len() as u64 + 1;
        if let Some(summary) = self.segments.last_mut() {
            summary.lines += 1;
            summary.bytes += bytes;
        }
        self.stat.lines += 1;
        self.stat.bytes += bytes;
        let kind = match &entry.body {
            Body::Input { input, .. } => input.kind(),
            Body::Outcome { outcome, .. } => outcome.kind(),
            Body::Record(record) => record.kind(),
            Body::Unknown { kind, .. } => kind,
        };
        match self.stat.kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, times)) => *times += 1,
            None => self.stat.kinds.push((kind.to_owned(), 1)),
        }
    }

    fn finish(mut self, reader: &JournalReader, segments: &[Segment]) -> Result<Stat, JournalError> {
        self.end_segment();
        if segments.len() > self.segments.len() {
            self.begin_segment(segments.len() as u32, false);
        }
        for (summary, segment) in self.segments.iter_mut().zip(segments) {
            if let Some(form) = &mut summary.sealed {
                (form.file_bytes, form.file_blake3) = hash_file(&segment.path)?;
            }
        }
        self.stat.ended = reader.ended();
        self.stat.last_seq = reader.last_seq();
        self.stat.segments = self.segments;
        self.stat.unknowns = reader.unknowns().to_vec();
        Ok(self.stat)
    }
}

fn check_content(entry: &Entry<'_>, ended: &RunEnded, content: &str, after: Seq) -> Result<(), JournalError> {
    if ended.content == content {
        return Ok(());
    }
    let reason =
        format!("run.ended says that the content before it is {}, and it is {content}", ended.content);
    Err(damage(entry, after, DamageKind::Content, reason))
}

#[cold]
fn damage(entry: &Entry<'_>, after: Seq, kind: DamageKind, reason: String) -> JournalError {
    let file = entry.file.to_owned();
    JournalError::Corrupt(Damage { kind, file, offset: entry.offset, line: entry.line, after, reason })
}

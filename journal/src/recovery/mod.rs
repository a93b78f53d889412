//! Making a journal whole again after a crash: by a decision table, and never by guessing.
//!
//! [`recover`] finds how far the batches are whole, what comes first behind them, and what is known to have
//! been durable; the [table](TABLE) says what is done. What is cut is kept in a file beside the segments, and
//! a record `journal.cut` says so. The steps are in an order in which a second crash leaves a journal that
//! recovers to the same batches.

mod scan;
mod table;
mod watermark;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reprise_model::codec::Writer;
use reprise_model::event::JournalCut;
use reprise_model::{Record, Seq, Ts};

use crate::error::{Damage, DamageKind, JournalError};
use crate::files;
use crate::line;
use crate::lock::Lock;
use crate::manifest::{Manifest, SegmentSummary};
use crate::position::Position;
use crate::segment::{Segment, SegmentBytes, plain_name};
use crate::writer::{JournalWriter, Resumption, WriterOptions};
use scan::Scan;
pub use table::{Action, Finding, Row, Standing, TABLE, decide};

/// What recovery found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The run's id.
    pub run: String,
    /// The epoch that was interrupted.
    pub epoch: u32,
    /// The last sequence number that is left.
    pub last_seq: Seq,
    /// The last input's time.
    pub last_ts: Ts,
    /// The end of what is left.
    pub position: Position,
    /// What was known to be durable before.
    pub durable_through: Seq,
    /// Whether it ends with `run.ended`.
    pub ended: bool,
    /// What was found first.
    pub finding: Finding,
    /// Where.
    pub damage: Option<Damage>,
    /// What was done.
    pub action: Action,
    /// The files that keep what was cut, and their sizes in bytes.
    pub kept: Vec<(PathBuf, u64)>,
}

/// How far the clock may be behind the journal's last event when a run is resumed, in milliseconds.
pub const CLOCK_BEHIND_MAX_MS: u64 = 500;

impl Recovered {
    /// How long it takes until the clock has reached the last input's time: the next epoch must not begin
    /// before. In nanoseconds, 0 when it has.
    #[must_use]
    pub fn wait_ns(&self, now: Ts) -> u64 {
        self.last_ts.since(now)
    }
}

/// Recovers a journal that nobody writes. `now` is the wall clock. A whole journal stays as it is.
///
/// # Errors
/// When it is being written, what was durable is damaged, or nothing whole is left.
pub fn recover(dir: &Path, now: Ts) -> Result<Recovered, JournalError> {
    let _lock = Lock::take(dir)?;
    recover_locked(dir, now).map(|(recovered, _)| recovered)
}

impl JournalWriter {
    /// Recovers a journal and opens its next segment, for the next epoch's `run.started`. The run may have ended,
    /// and may be sealed.
    ///
    /// The next epoch must not begin before the journal's last event: the caller waits for
    /// [`Recovered::wait_ns`] first.
    ///
    /// # Errors
    /// As [`recover`]; when the clock is behind the journal by more than [`CLOCK_BEHIND_MAX_MS`]; when the segment
    /// cannot be made.
    pub fn resume(dir: &Path, options: WriterOptions, now: Ts) -> Result<(Self, Recovered), JournalError> {
        let lock = Lock::take(dir)?;
        let (recovered, scan) = recover_locked(dir, now)?;
        let behind_ms = recovered.wait_ns(now) / 1_000_000;
        if behind_ms > CLOCK_BEHIND_MAX_MS {
            return Err(JournalError::ClockBehind { path: dir.to_owned(), behind_ms });
        }
        if recovered.ended {
            // A manifest that tells of the end tells that nothing follows.
            Manifest::new(scan.run.clone(), false, true, scan.segments.clone()).write(dir, true)?;
        }
        let hash = hash_segments(dir)?;
        let from = Resumption { order: scan.whole, hash, run: scan.run, closed: scan.segments };
        Ok((Self::begin(dir, options, lock, from)?, recovered))
    }
}

fn recover_locked(dir: &Path, now: Ts) -> Result<(Recovered, Scan), JournalError> {
    let mut scan = scan::scan(dir)?;
    let (finding, standing) = (scan.finding(), scan.standing());
    let row = decide(finding, standing);
    let mut kept = Vec::new();
    match row.action {
        Action::Keep => {}
        Action::RemoveEmpty => kept = set_later_aside(dir, &scan)?,
        Action::Cut => kept = cut(dir, &mut scan, now)?,
        Action::CutSilently => kept = cut_silently(dir, &scan)?,
        Action::Refuse => return Err(refusal(dir, &scan, row)),
    }
    remove_twins(dir, &scan)?;
    let (lines, bytes) = scan.segments.last().map_or((0, 0), |last| (last.lines, last.bytes));
    let recovered = Recovered {
        run: scan.run.clone(),
        epoch: scan.epoch,
        last_seq: scan.whole.seq,
        last_ts: scan.whole.ts,
        position: Position::new(scan.segments.len() as u32, lines, bytes, &scan.whole),
        durable_through: scan.durable,
        ended: scan.whole.ended,
        finding,
        damage: scan.damage.clone(),
        action: row.action,
        kept,
    };
    settle(dir, &mut scan)?;
    Ok((recovered, scan))
}

fn refusal(dir: &Path, scan: &Scan, row: Row) -> JournalError {
    let nowhere = || Damage {
        kind: DamageKind::Empty,
        file: dir.join(plain_name(scan.segments.len().max(1) as u32)),
        offset: scan.segments.last().map_or(0, |s| s.bytes),
        line: scan.segments.last().map_or(1, |s| s.lines + 1),
        after: scan.whole.seq,
        reason: format!("events up to seq {} were durable, and it ends here", scan.durable),
    };
    let damage = scan.damage.clone().unwrap_or_else(nowhere);
    let reason = format!("{} (durable through seq {})", row.why, scan.durable);
    JournalError::Unrecoverable { damage, reason }
}

/// Cuts, and says so in the journal.
fn cut(dir: &Path, scan: &mut Scan, now: Ts) -> Result<Vec<(PathBuf, u64)>, JournalError> {
    let mut kept = set_later_aside(dir, scan)?;
    let last = last_file(dir, scan)?;
    let from = last_bytes(scan);
    if last.file_bytes > from && !last.sealed {
        kept.push(copy_aside(dir, &last, from)?);
    }
    let reason = scan.damage.as_ref().map_or_else(String::new, |d| d.reason.clone());
    let mut w = Writer::new();
    let mut lines = 0;
    for (file, bytes) in &kept {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let record = Record::from(JournalCut { bytes: *bytes, kept: name, reason: reason.clone() });
        let start = w.as_bytes().len();
        line::encode_record(&mut w, scan.whole.seq, now, &record);
        scan.whole.crc = line::end_line(w.buffer(), start, scan.whole.crc);
        lines += 1;
    }
    if last.sealed {
        // Nothing can be appended to a packed file: the record opens the next segment.
        let number = last.number + 1;
        let mut file = files::create_new(&dir.join(plain_name(number)))?;
        write_end(&mut file, &dir.join(plain_name(number)), 0, w.as_bytes())?;
        scan.segments.push(SegmentSummary::begin(number, scan.whole.seq, scan.whole.crc));
    } else {
        let mut file = open_to_write(&last.path)?;
        write_end(&mut file, &last.path, from, w.as_bytes())?;
    }
    if let Some(summary) = scan.segments.last_mut() {
        summary.lines += lines;
        summary.bytes += w.as_bytes().len() as u64;
        summary.end_at(scan.whole.seq, scan.whole.crc);
    }
    files::sync_dir(dir)?;
    Ok(kept)
}

/// Cuts what stands behind the end of a run and is no whole epoch's beginning.
fn cut_silently(dir: &Path, scan: &Scan) -> Result<Vec<(PathBuf, u64)>, JournalError> {
    let mut kept = set_later_aside(dir, scan)?;
    let last = last_file(dir, scan)?;
    let from = last_bytes(scan);
    if last.file_bytes > from && !last.sealed {
        kept.push(copy_aside(dir, &last, from)?);
        write_end(&mut open_to_write(&last.path)?, &last.path, from, b"")?;
    }
    Ok(kept)
}

/// Renames the segments behind the whole batches, the last one first, so that no gap ever opens; those
/// without a byte are removed.
fn set_later_aside(dir: &Path, scan: &Scan) -> Result<Vec<(PathBuf, u64)>, JournalError> {
    let whole = scan.segments.len() as u32;
    let mut kept = Vec::new();
    for segment in scan.listing.segments.iter().rev().filter(|s| s.number > whole) {
        if segment.file_bytes == 0 {
            fs::remove_file(&segment.path).map_err(|e| JournalError::io("remove", &segment.path, e))?;
            continue;
        }
        let aside = free_name(dir, segment.number, 0);
        fs::rename(&segment.path, &aside).map_err(|e| JournalError::io("rename", &segment.path, e))?;
        kept.push((aside, segment.file_bytes));
    }
    files::sync_dir(dir)?;
    Ok(kept)
}

/// Copies a segment's end into a file of its own, durably.
fn copy_aside(dir: &Path, segment: &Segment, from: u64) -> Result<(PathBuf, u64), JournalError> {
    let aside = free_name(dir, segment.number, from);
    let fail = |e| JournalError::io("copy the tail to", &aside, e);
    let mut out = files::create_new(&aside)?;
    let mut tail = File::open(&segment.path).map_err(fail)?;
    tail.seek(SeekFrom::Start(from)).map_err(fail)?;
    let bytes = std::io::copy(&mut tail, &mut out).map_err(fail)?;
    out.sync_all().map_err(fail)?;
    files::sync_dir(dir)?;
    Ok((aside, bytes))
}

/// `cut-000001-4711.bin`, or the next name that is free: what was cut is never overwritten.
fn free_name(dir: &Path, number: u32, offset: u64) -> PathBuf {
    let first = dir.join(format!("cut-{number:06}-{offset}.bin"));
    let others = (2..).map(|n: u32| dir.join(format!("cut-{number:06}-{offset}.{n}.bin")));
    std::iter::once(first.clone()).chain(others).find(|path| !path.exists()).unwrap_or(first)
}

fn open_to_write(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new().write(true).open(path).map_err(|e| JournalError::io("open", path, e))
}

/// Writes the bytes at the offset and ends the file behind them, durably.
fn write_end(file: &mut File, path: &Path, offset: u64, bytes: &[u8]) -> Result<(), JournalError> {
    let mut write = || -> std::io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)?;
        file.set_len(offset + bytes.len() as u64)?;
        file.sync_all()
    };
    write().map_err(|e| JournalError::io("cut", path, e))
}

fn last_bytes(scan: &Scan) -> u64 {
    scan.segments.last().map_or(0, |s| s.bytes)
}

/// The last segment that has a part in the whole batches.
fn last_file(dir: &Path, scan: &Scan) -> Result<Segment, JournalError> {
    let number = scan.segments.len() as u32;
    scan.listing.segments.iter().find(|s| s.number == number).cloned().ok_or_else(|| {
        let reason = "its segments changed during recovery".to_owned();
        JournalError::NotAJournal { path: dir.to_owned(), reason }
    })
}

/// Removes sealed forms whose plain form is there: sealing was interrupted, and makes them again.
fn remove_twins(dir: &Path, scan: &Scan) -> Result<(), JournalError> {
    for twin in &scan.listing.twins {
        fs::remove_file(&twin.path).map_err(|e| JournalError::io("remove", &twin.path, e))?;
    }
    if scan.listing.twins.is_empty() { Ok(()) } else { files::sync_dir(dir) }
}

/// Makes what is left durable, and the manifest fit it.
fn settle(dir: &Path, scan: &mut Scan) -> Result<(), JournalError> {
    let files = crate::segment::list_whole(dir)?;
    for file in files.iter().filter(|s| !s.sealed) {
        let synced = File::open(&file.path).and_then(|f| f.sync_all());
        synced.map_err(|e| JournalError::io("sync", &file.path, e))?;
    }
    if let Some(Ok(old)) = Manifest::read(dir)? {
        for ((summary, old), file) in scan.segments.iter_mut().zip(old.segments).zip(&files) {
            summary.sealed = old.sealed.filter(|_| file.sealed);
        }
    }
    Manifest::new(scan.run.clone(), scan.whole.ended, true, scan.segments.clone()).write(dir, true)
}

/// BLAKE3 of all uncompressed bytes, to go on with.
fn hash_segments(dir: &Path) -> Result<blake3::Hasher, JournalError> {
    let mut hash = blake3::Hasher::new();
    let mut piece = vec![0; 128 << 10];
    for segment in crate::segment::list_whole(dir)? {
        let mut bytes = SegmentBytes::open(&segment)?;
        loop {
            match bytes.read(&mut piece).map_err(|e| JournalError::io("read", &segment.path, e))? {
                0 => break,
                n => hash.update(&piece[..n]),
            };
        }
    }
    Ok(hash)
}

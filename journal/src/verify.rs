//! Is the journal what was written? Chain, order, form and content of every line, and the manifest.
//!
//! A run that ended cannot lose a byte unnoticed: the chain and `run.ended` hold its lines together, and
//! nothing may follow the outcomes of `run.ended`. Whole batches cut off its end, `run.ended` among them,
//! leave a journal that reads as one that goes on; that is found by the manifest, which was written when the
//! run ended. With the manifest gone too, such a journal is reported as what it then is: open.

use std::path::Path;

use reprise_model::Seq;

use crate::error::{Damage, DamageKind, JournalError};
use crate::lock::Lock;
use crate::manifest::{MANIFEST_FILE, Manifest, SegmentSummary};
use crate::segment::{self, Listing, Segment};
use crate::survey::{Stat, survey};

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every byte is as it was written. `ended` in it tells whether the run is over or open.
    Clean(Box<Stat>),
    /// The run is being written at this moment; up to its unfinished end every byte is as it was written.
    BeingWritten {
        /// The last sequence number that could be read.
        last_seq: Seq,
    },
    /// The bytes are not what was written.
    Corrupt(Damage),
    /// It is not known: nothing is there, it cannot be read, or a later version wrote it.
    CouldNotJudge {
        /// Why, and what to do.
        reason: String,
    },
}

impl Verdict {
    /// 0 clean, 1 corrupt, 2 could not judge.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Clean(_) | Self::BeingWritten { .. } => 0,
            Self::Corrupt(_) => 1,
            Self::CouldNotJudge { .. } => 2,
        }
    }
}

/// Verifies a run's folder, or a single segment.
#[must_use]
pub fn verify_journal(path: &Path) -> Verdict {
    match judge(path, false) {
        Ok(verdict) => verdict,
        Err(JournalError::Corrupt(damage)) => Verdict::Corrupt(damage),
        Err(error) => Verdict::CouldNotJudge { reason: error.to_string() },
    }
}

/// As [`verify_journal`], with the errors apart; `ours` tells that the lock is held by the caller.
pub(crate) fn judge(path: &Path, ours: bool) -> Result<Verdict, JournalError> {
    let listing = segment::list(path)?;
    let manifest = read_manifest(path)?;
    check_listing(path, &listing, manifest.as_ref())?;
    let stat = match survey(listing.segments.clone()) {
        Ok(stat) => stat,
        Err(JournalError::Corrupt(damage)) if !ours && is_unfinished(path, &listing, &damage) => {
            return Ok(Verdict::BeingWritten { last_seq: damage.after });
        }
        Err(error) => return Err(error),
    };
    for twin in &listing.twins {
        check_twin(&listing.segments, twin)?;
    }
    if let Some(manifest) = manifest {
        compare(path, &manifest, &stat, &listing.segments)?;
    }
    if let Some(unknown) = stat.unknowns.first() {
        let more = stat.unknowns.len() - 1;
        let reason = format!("{unknown} ({more} more); use the engine that wrote it, or a newer one");
        return Ok(Verdict::CouldNotJudge { reason });
    }
    Ok(Verdict::Clean(Box::new(stat)))
}

/// A writer that is at work may have handed over a part of its last batch.
fn is_unfinished(dir: &Path, listing: &Listing, damage: &Damage) -> bool {
    let at_the_end = matches!(damage.kind, DamageKind::HalfLine | DamageKind::OpenBatch | DamageKind::Empty);
    at_the_end && listing.segments.last().is_some_and(|s| s.path == damage.file) && Lock::is_held(dir)
}

fn read_manifest(dir: &Path) -> Result<Option<Manifest>, JournalError> {
    match Manifest::read(dir)? {
        None => Ok(None),
        Some(Ok(manifest)) => Ok(Some(manifest)),
        Some(Err(reason)) => Err(wrong_manifest(dir, Seq(0), reason)),
    }
}

/// The row of segments is whole, and as long as the manifest says at least.
fn check_listing(dir: &Path, listing: &Listing, manifest: Option<&Manifest>) -> Result<(), JournalError> {
    if let Some(gap) = listing.gap {
        return Err(JournalError::Corrupt(segment::missing_segment(dir, gap)));
    }
    let there = listing.segments.len();
    let known = manifest.map_or(0, |m| m.segments.len());
    if there < known {
        return Err(JournalError::Corrupt(segment::missing_segment(dir, there as u32 + 1)));
    }
    if there == 0 {
        let reason = format!("it has no segment such as {}", segment::plain_name(1));
        return Err(JournalError::NotAJournal { path: dir.to_owned(), reason });
    }
    Ok(())
}

/// A segment's sealed form beside its plain one: what a crash in sealing leaves.
fn check_twin(segments: &[Segment], twin: &Segment) -> Result<(), JournalError> {
    let Some(plain) = segments.iter().find(|s| s.number == twin.number) else { return Ok(()) };
    let (_, plain_hash) = crate::hash::hash_file(&plain.path)?;
    match crate::seal::hash_unpacked(twin) {
        Ok((_, hash)) if hash == plain_hash => Ok(()),
        Err(JournalError::Io { .. }) | Ok(_) => {
            let reason = "it does not unpack to the plain segment beside it; remove it".to_owned();
            Err(at_start(&twin.path, DamageKind::Sealed, Seq(0), reason))
        }
        Err(error) => Err(error),
    }
}

/// The manifest against what is there. One of an open run may be older than the segments.
fn compare(dir: &Path, manifest: &Manifest, stat: &Stat, files: &[Segment]) -> Result<(), JournalError> {
    for ((told, found), file) in manifest.segments.iter().zip(&stat.segments).zip(files) {
        compare_segment(dir, told, found, file)?;
    }
    let last = files.last().map_or(dir, |f| f.path.as_path());
    if manifest.ended && !stat.ended {
        let reason = "the manifest says that the run ended, and run.ended is not there".to_owned();
        return Err(at_start(last, DamageKind::Manifest, stat.last_seq, reason));
    }
    if manifest.ended && stat.segments.len() > manifest.segments.len() {
        let reason = "the run had ended before this segment".to_owned();
        return Err(at_start(last, DamageKind::AfterEnd, stat.last_seq, reason));
    }
    if manifest.run != stat.run {
        let reason = format!("it is of run '{}', and the segments are of '{}'", manifest.run, stat.run);
        return Err(wrong_manifest(dir, stat.last_seq, reason));
    }
    Ok(())
}

fn compare_segment(
    dir: &Path,
    told: &SegmentSummary,
    found: &SegmentSummary,
    file: &Segment,
) -> Result<(), JournalError> {
    let after = Seq(found.last_seq);
    if found.bytes < told.bytes && found.last_seq < told.last_seq {
        return Err(JournalError::Corrupt(Damage {
            kind: DamageKind::Manifest,
            file: file.path.clone(),
            offset: found.bytes,
            line: found.lines + 1,
            after,
            reason: format!("the manifest says that it goes on to seq {}", told.last_seq),
        }));
    }
    let plain_part = |s: &SegmentSummary| SegmentSummary { sealed: None, ..s.clone() };
    if plain_part(told) != plain_part(found) {
        let reason = format!("it says {told:?} of segment {}, and the segment is {found:?}", told.number);
        return Err(wrong_manifest(dir, after, reason));
    }
    match (&told.sealed, &found.sealed) {
        (Some(told), Some(found)) if told != found => {
            let reason = "it is not the file that was sealed: its digest is another".to_owned();
            Err(at_start(&file.path, DamageKind::Sealed, after, reason))
        }
        _ => Ok(()),
    }
}

#[cold]
fn at_start(file: &Path, kind: DamageKind, after: Seq, reason: String) -> JournalError {
    JournalError::Corrupt(Damage { kind, file: file.to_owned(), offset: 0, line: 1, after, reason })
}

#[cold]
fn wrong_manifest(dir: &Path, after: Seq, reason: String) -> JournalError {
    let reason =
        format!("{reason}; if the segments are right, remove it: sealing and recovery make it again");
    at_start(&dir.join(MANIFEST_FILE), DamageKind::Manifest, after, reason)
}

//! What can go wrong with a journal: each error says what happened, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use reprise_model::Seq;

/// Why a journal could not be read, written, recovered or sealed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is nothing at the path.
    #[error("there is no journal at {}: the folder does not exist; check the path", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something is there, but no journal.
    #[error("{} holds no journal: {reason}", path.display())]
    NotAJournal {
        /// Where it was looked for.
        path: PathBuf,
        /// What is missing, and what would be there.
        reason: String,
    },
    /// A new journal was to be made where something is already.
    #[error("{} is not empty; name a new folder, or remove this one first", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The disk, or the quota on it, is full.
    #[error("cannot {action} {}: the disk is full ({source}); make room and start again", path.display())]
    DiskFull {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The bytes are not what was written.
    #[error("{0}; see 'reprise journal verify'")]
    Corrupt(Damage),
    /// Recovery found damage that it must not repair by cutting.
    #[error("{damage}; {reason}")]
    Unrecoverable {
        /// What was found.
        damage: Damage,
        /// Why it is not cut off, and what to do.
        reason: String,
    },
    /// Another process writes the journal.
    #[error("{} is being written by another process; wait for it to end, or stop it", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Verification could not tell whether the journal is whole.
    #[error("{} cannot be judged: {reason}", path.display())]
    NotJudged {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer engine wrote the journal.
    #[error(
        "{} has schema version {found}, and this engine reads {known}; use the engine that wrote it, or a newer one",
        file.display()
    )]
    Unsupported {
        /// The segment.
        file: PathBuf,
        /// The version in its `run.started`.
        found: String,
        /// The version this engine reads.
        known: String,
    },
    /// The clock is behind the journal: time never runs back in it.
    #[error(
        "the clock is {behind_ms} ms behind the last event in {}; set the clock right, or wait as long",
        path.display()
    )]
    ClockBehind {
        /// The folder.
        path: PathBuf,
        /// By how much, in milliseconds.
        behind_ms: u64,
    },
    /// A place that was noted is not in the journal.
    #[error("{} has no batch that ends at byte {offset} of segment {segment} with seq {seq}", path.display())]
    NoSuchPlace {
        /// The folder.
        path: PathBuf,
        /// The segment.
        segment: u32,
        /// The offset in its uncompressed bytes.
        offset: u64,
        /// The last sequence number before it.
        seq: Seq,
    },
    /// An earlier write or sync failed; nothing is ever written after that.
    #[error("the journal in {} takes no more events, because an earlier write failed: {reason}", path.display())]
    Poisoned {
        /// The folder.
        path: PathBuf,
        /// The first failure.
        reason: String,
    },
    /// The writer was asked for a line that would make the journal wrong.
    #[error("refused to write event {seq} to {}: {reason}", path.display())]
    OutOfTurn {
        /// The folder.
        path: PathBuf,
        /// The event's number.
        seq: Seq,
        /// Which rule it breaks.
        reason: String,
    },
}

reprise_model::words! {
    /// In what way bytes are not what was written.
    pub enum DamageKind {
        /// A segment is missing between others, or the manifest names one that is not there.
        MissingSegment = "missing_segment",
        /// There is no line at all.
        Empty = "empty",
        /// The last line has no newline.
        HalfLine = "half_line",
        /// The last input's outcomes are not all there.
        OpenBatch = "open_batch",
        /// The bytes are no line of a journal.
        NotALine = "not_a_line",
        /// The crc is not that of the line and the ones before it.
        Chain = "chain",
        /// The crc is right, and the line breaks the order of numbers, batches or time.
        Order = "order",
        /// The crc is right, and the event does not read, or is not in its one form.
        Event = "event",
        /// A sealed segment does not unpack, or is not the one that was sealed.
        Sealed = "sealed",
        /// Something follows the end of the run.
        AfterEnd = "after_end",
        /// `run.ended` tells another content.
        Content = "content",
        /// The manifest does not belong to the segments.
        Manifest = "manifest",
    }
}

/// A place in a journal whose bytes are not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// In what way.
    pub kind: DamageKind,
    /// The segment, or the manifest.
    pub file: PathBuf,
    /// Byte offset in the segment's uncompressed bytes at which the first bad line begins.
    pub offset: u64,
    /// The number of that line in its segment, from 1.
    pub line: u64,
    /// The last sequence number before the damage, 0 when there is none.
    pub after: Seq,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} is damaged at byte {} (line {}, after seq {}): {}",
            self.file.display(),
            self.offset,
            self.line,
            self.after,
            self.reason
        )
    }
}

impl JournalError {
    /// The error of an operation on a file.
    #[cold]
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { action, path, source }
            }
            _ => Self::Io { action, path, source },
        }
    }

    /// The error with the last sequence number before its damage filled in.
    #[cold]
    pub(crate) fn after(self, seq: Seq) -> Self {
        match self {
            Self::Corrupt(damage) => Self::Corrupt(Damage { after: seq, ..damage }),
            other => other,
        }
    }

    /// The damage that the error reports, if it reports one.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Corrupt(damage) | Self::Unrecoverable { damage, .. } => Some(damage),
            _ => None,
        }
    }
}

//! What ends a live run other than being told to.

use std::path::PathBuf;

use reprise_assembly::ConfigError;
use reprise_journal::JournalError;
use reprise_model::Seq;

/// Why a run cannot begin, go on, or end.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The configuration does not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core refused to go on.
    #[error(
        "the engine halted at seq {seq}: {reason}; the input is kept in {}, everything before it in the journal",
        .poison.display()
    )]
    Halted {
        /// The input's number.
        seq: Seq,
        /// Why.
        reason: String,
        /// The file that keeps the input.
        poison: PathBuf,
    },
    /// The run that is to go on was made by something else.
    #[error("{} cannot be taken up again: {reason}", .run.display())]
    NotResumable {
        /// The run.
        run: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// Recorded outcomes are not what this engine decides.
    #[error(
        "{} cannot be taken up again: at seq {seq} this engine decides otherwise than the journal says ({found}); \
        start a new run, or resume with the version that wrote it", .run.display()
    )]
    Differs {
        /// The run.
        run: PathBuf,
        /// Where.
        seq: Seq,
        /// What differs.
        found: String,
    },
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

//! Why a replay could not be done.

use std::path::PathBuf;

use reprise_assembly::ConfigError;
use reprise_core::Halt;
use reprise_journal::JournalError;
use reprise_model::{MoneyError, Seq};

/// A replay that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The configuration does not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The engine halted.
    #[error("the engine halted at seq {seq} of {}: {halt}", run.display())]
    Halted {
        /// The run whose input it was.
        run: PathBuf,
        /// The input's number there.
        seq: Seq,
        /// Why.
        halt: Halt,
    },
    /// The journal does not begin with `run.started`.
    #[error("{} does not begin with run.started", run.display())]
    NoStart {
        /// The run.
        run: PathBuf,
    },
    /// The run whose inputs were replayed is not where the journal says, or is another.
    #[error("the inputs of {} cannot be read: {reason}; name their folder with --source", run.display())]
    NoSource {
        /// The run that names the source.
        run: PathBuf,
        /// Why.
        reason: String,
    },
    /// A number of the report left its range.
    #[error("a figure of the report left the range of exact numbers: {0}")]
    Money(#[from] MoneyError),
}

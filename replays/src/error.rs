//! Why a replay could not be done.

use std::path::{Path, PathBuf};

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
    /// The run holds what was decided, and none of the inputs that led to it.
    #[error(
        "{} holds outcomes and no inputs, because it is a backtest; replay the run whose inputs it used: {source_run}",
        run.display()
    )]
    NoInputs {
        /// The run.
        run: PathBuf,
        /// The run whose inputs it used, as it names it.
        source_run: String,
    },
    /// The run whose inputs were replayed is not where the journal says, or is another.
    #[error("the inputs of {} cannot be read: {reason}; name their folder with --source", run.display())]
    NoSource {
        /// The run that names the source.
        run: PathBuf,
        /// Why.
        reason: String,
    },
    /// A backtest stopped before its source ended.
    #[error("{failure}; {}", left_in(out, *through))]
    CutShort {
        /// The run that was being written.
        out: PathBuf,
        /// The last number that it holds; `None` when that is not known.
        through: Option<Seq>,
        /// Why it stopped.
        failure: Box<ReplayError>,
    },
    /// A number of the report left its range.
    #[error("a figure of the report left the range of exact numbers: {0}")]
    Money(#[from] MoneyError),
}

/// What a backtest that stopped has left.
fn left_in(out: &Path, through: Option<Seq>) -> String {
    let out = out.display();
    match through {
        Some(seq) => format!("{out} holds the decisions up to seq {seq} and no run.ended"),
        None => format!("what is in {out} is not whole; remove it"),
    }
}

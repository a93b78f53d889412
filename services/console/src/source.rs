//! Where the console looks: a run that goes, or one that is over.

use std::sync::Arc;

use reprise_model::event::OperatorCommand;
use reprise_model::{InstrumentId, OrderId, Seq};
use reprise_risk::RiskSettings;
use reprise_runtime::Subscription;

use crate::chronicle::Chronicle;
use crate::shown::Snapshot;

/// Why nothing was shown, or done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The engine has ended, or did not answer in time.
    #[error("the engine does not answer; it has ended, or is busy beyond measure")]
    Silent,
    /// A command was handed over and its number did not come in time.
    #[error(
        "the engine has not answered in time and may still do it; the journal and /status say whether it has"
    )]
    Unanswered,
    /// There is nothing to command.
    #[error("nothing in this run can be changed: it is over, or records the market alone")]
    ReadOnly,
    /// The limit cannot be what it was said to be.
    #[error("{0}")]
    Limit(String),
    /// There is no such instrument.
    #[error("{0} is not an instrument of this run")]
    Instrument(InstrumentId),
    /// There is no such order, or it is done.
    #[error("{0} is not an open order of this run")]
    Order(OrderId),
}

/// A run that can be looked at. Every call may take a moment: it is made from a thread that may wait.
pub trait Source: Send + Sync {
    /// Everything that is shown of now.
    ///
    /// # Errors
    /// When the engine does not answer.
    fn snapshot(&self) -> Result<Arc<Snapshot>, SourceError>;

    /// What is remembered of the way here.
    fn chronicle(&self) -> &Chronicle;

    /// True when nothing can be commanded.
    fn is_read_only(&self) -> bool;

    /// The limits that hold.
    ///
    /// # Errors
    /// When the engine does not answer.
    fn limits(&self) -> Result<RiskSettings, SourceError>;

    /// True when an order is open.
    ///
    /// # Errors
    /// When the engine does not answer.
    fn is_open(&self, order: OrderId) -> Result<bool, SourceError>;

    /// Gives a command and waits for its number in the journal.
    ///
    /// # Errors
    /// When there is nothing to command, or the engine does not answer.
    fn command(&self, command: OperatorCommand) -> Result<Seq, SourceError>;

    /// Everything that is published from now on, the market included.
    ///
    /// # Errors
    /// When nothing more will be published, or the engine does not answer.
    fn subscribe(&self) -> Result<Subscription, SourceError>;
}

//! A run that is over: what stepping its journal through a core has shown.

use std::sync::Arc;

use reprise_model::event::OperatorCommand;
use reprise_model::{OrderId, Seq};
use reprise_risk::RiskSettings;
use reprise_runtime::Subscription;

use crate::chronicle::Chronicle;
use crate::shown::{Phase, Snapshot};
use crate::source::{Source, SourceError};

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    snapshot: Arc<Snapshot>,
    chronicle: Chronicle,
}

impl Finished {
    /// A run as its last event left it.
    #[must_use]
    pub fn new(mut snapshot: Snapshot, chronicle: Chronicle) -> Self {
        snapshot.status.phase = Phase::Finished;
        chronicle.complete(&mut snapshot.status);
        Self { snapshot: Arc::new(snapshot), chronicle }
    }
}

impl Source for Finished {
    fn snapshot(&self) -> Result<Arc<Snapshot>, SourceError> {
        Ok(Arc::clone(&self.snapshot))
    }

    fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn limits(&self) -> Result<RiskSettings, SourceError> {
        Err(SourceError::ReadOnly)
    }

    fn is_open(&self, _: OrderId) -> Result<bool, SourceError> {
        Err(SourceError::ReadOnly)
    }

    fn command(&self, _: OperatorCommand) -> Result<Seq, SourceError> {
        Err(SourceError::ReadOnly)
    }

    fn subscribe(&self) -> Result<Subscription, SourceError> {
        Err(SourceError::ReadOnly)
    }
}

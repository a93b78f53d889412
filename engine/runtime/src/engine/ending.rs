//! How a run ends: no new orders, what is open canceled or kept, what is under way settled, the journal closed.

use reprise_assembly::OnShutdown;
use reprise_model::event::{Command, OperatorCommand};
use reprise_model::{Input, OrderStatus};

use super::{Engine, Phase, Summary};
use crate::error::RuntimeError;

/// Who gives the commands that ending a run takes.
pub(crate) const ENGINE: &str = "engine";

impl Engine {
    /// Begins to end the run; a second wish changes nothing.
    pub(super) fn begin_to_end(&mut self, reason: String) -> Result<(), RuntimeError> {
        if self.phase != Phase::Running {
            return Ok(());
        }
        tracing::info!(%reason, "the run ends: no new orders");
        let until = self.clock.now().plus_ns(self.settings.drain_ms.saturating_mul(1_000_000));
        let paused = self.core.as_ref().is_some_and(|core| !core.state().is_paused());
        self.phase = Phase::Draining { until, paused };
        if paused {
            self.take_in(None, command(Command::Pause, &reason))?;
        }
        if self.core.is_some() && self.settings.on_shutdown == OnShutdown::Cancel {
            self.take_in(None, command(Command::CancelAll, &reason))?;
        }
        self.reason = reason;
        Ok(())
    }

    /// True when the run is to end and nothing is under way any more, or the time for it is over.
    pub(super) fn is_drained(&self) -> bool {
        let Phase::Draining { until, .. } = self.phase else { return false };
        let Some(core) = &self.core else { return true };
        let is_under_way = |status| {
            matches!(
                status,
                OrderStatus::Submitted | OrderStatus::PendingCancel | OrderStatus::PendingReplace
            )
        };
        let unsettled = core.state().orders.open().filter(|order| is_under_way(order.status)).count();
        if unsettled > 0 && self.clock.now() >= until {
            tracing::warn!(unsettled, "the time to settle is over; what is under way stays in the journal");
            return true;
        }
        unsettled == 0
    }

    /// Ends the journal with what still waits, and tells how it went.
    pub(super) fn end(mut self) -> Result<Summary, RuntimeError> {
        // What waits now, and not what a feed that has not heard yet goes on sending.
        for _ in 0..self.arrivals.len() {
            let Ok(arrival) = self.arrivals.try_recv() else { break };
            self.take_arrival(arrival)?;
        }
        if matches!(self.phase, Phase::Draining { paused: true, .. }) {
            // Only the end of the run paused them: whoever takes the run up again finds them as they were.
            self.take_in(None, command(Command::Resume, "the run has settled"))?;
        }
        if let Some(done) = self.syncer.wait() {
            self.note_synced(done)?;
        }
        let inputs = self.core.as_ref().map_or(self.shown.inputs, |core| core.state().inputs());
        let ended = self.writer.run_ended(&self.reason, inputs);
        self.take_in(None, Input::RunEnded(Box::new(ended)))?;
        self.set_gauges();
        let seq = self.writer.last_seq();
        let counts = self.intake.counts();
        let summary = Summary {
            reason: self.reason,
            seq,
            inputs: self.shown.inputs,
            outcomes: self.shown.outcomes,
            orders: self.shown.orders,
            fills: self.shown.fills,
            denied: self.shown.denied,
            offered: counts.offered(),
            conflated: counts.conflated(),
            digest: self.core.as_ref().map(reprise_core::Core::decision_digest),
            latencies: self.latencies,
        };
        self.writer.finish()?;
        self.publisher.release(None, |_| {});
        Ok(summary)
    }

    /// The run cannot go on: what was committed before is made as durable as it can be, and published.
    #[cold]
    pub(super) fn give_up(mut self, error: RuntimeError) -> RuntimeError {
        tracing::error!(%error, "the engine halts");
        if let Some(done) = self.syncer.wait() {
            // Its failure is the journal's, which is told already or by what follows.
            let _ = self.note_synced(done);
        }
        let syncs = self.syncs();
        if self.writer.finish().is_ok() || !syncs {
            self.publisher.release(None, |_| {});
        }
        error
    }
}

fn command(command: Command, reason: &str) -> Input {
    Input::OperatorCommand(Box::new(OperatorCommand::new(command, ENGINE, reason)))
}

/// True for the pause with which a run begins to end.
pub(crate) fn is_own_pause(input: &Input) -> Option<bool> {
    let Input::OperatorCommand(command) = input else { return None };
    match command.command {
        Command::Pause => Some(command.by == ENGINE),
        Command::Resume => Some(false),
        _ => None,
    }
}

/// The command with which a run goes on that was cut short while it ended.
pub(crate) fn resume_command() -> Input {
    command(Command::Resume, "the run goes on; only its end had paused the strategies")
}

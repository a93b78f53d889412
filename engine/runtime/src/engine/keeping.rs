//! Keeping what was committed: syncs, publication behind them, snapshots.

use std::time::{Duration, Instant};

use reprise_journal::Commit;

use super::{Engine, Phase};
use crate::error::RuntimeError;
use crate::syncer::Done;

impl Engine {
    #[inline]
    pub(super) fn note_commit(&mut self, commit: Commit, taken: Instant) {
        if commit == Commit::SyncDue {
            self.sync_due = true;
            self.due_since.get_or_insert(taken);
        }
        if self.sync_at.is_none() {
            self.sync_at = Some(taken + Duration::from_millis(self.settings.sync_ms));
        }
    }

    /// Syncs what is due, in one sync for all that waits, and publishes what is durable enough.
    pub(super) fn keep_durable(&mut self) -> Result<(), RuntimeError> {
        if let Some(done) = self.syncer.try_done() {
            self.note_synced(done)?;
        }
        let is_time = self.sync_due || self.sync_at.is_some_and(|at| at <= Instant::now());
        if is_time && !self.syncer.is_busy() {
            (self.sync_due, self.sync_at) = (false, None);
            if let Some(pending) = self.writer.start_sync()? {
                self.syncer.run(pending);
            }
        }
        self.publish();
        Ok(())
    }

    pub(super) fn note_synced(&mut self, (done, took): Done) -> Result<(), RuntimeError> {
        self.writer.finish_sync(done, self.clock.now())?;
        self.latencies.sync.record(took);
        if let Some(since) = self.due_since.take() {
            self.latencies.durable.record(since.elapsed());
        }
        if self.sync_due {
            // What came while the disk worked waits from about now on.
            self.due_since = Some(Instant::now());
        }
        Ok(())
    }

    pub(super) fn publish(&mut self) {
        let durable = self.syncs().then(|| self.writer.durable_through());
        let (clock, send) = (&self.clock, &mut self.latencies.send);
        self.publisher.release(durable, |taken_up| send.record_ns(clock.now().since(taken_up)));
    }

    /// Takes a snapshot from time to time. None while the run ends: what follows the last one must tell that the
    /// pause of the strategies is the engine's own.
    pub(super) fn keep_snapshots(&mut self) -> Result<(), RuntimeError> {
        let (Some(keeper), Some(core)) = (&mut self.snapshots, &self.core) else { return Ok(()) };
        if self.phase == Phase::Running && keeper.is_due() {
            // A place that the file does not have yet would be lost with the process, and the snapshot with it.
            self.writer.flush()?;
            keeper.take(core, self.writer.position());
        }
        Ok(())
    }
}

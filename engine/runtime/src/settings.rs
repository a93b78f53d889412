//! How a run runs: the part of the configuration that decides nothing about trading.

use reprise_assembly::{Config, Durability, OnShutdown, Wait};
use reprise_journal::{DurabilityMode, WriterOptions};
use reprise_model::event::RunMode;

/// How a run runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSettings {
    /// What the run does: records, or trades on paper.
    pub mode: RunMode,
    /// What the loop does while nothing comes.
    pub wait: Wait,
    /// Market events that may wait before quotes and books are merged.
    pub queue: usize,
    /// Market events that are taken before the loop looks at anything else.
    pub batch: usize,
    /// When the journal is synced.
    pub durability: DurabilityMode,
    /// Market events are on disk after so long at most, in milliseconds.
    pub sync_ms: u64,
    /// A segment is closed when it has so many bytes.
    pub segment_bytes: u64,
    /// A snapshot is kept so often, in seconds; 0 for none.
    pub snapshot_s: u64,
    /// What becomes of open orders at the end.
    pub on_shutdown: OnShutdown,
    /// How long what is under way may take to settle then, in milliseconds.
    pub drain_ms: u64,
}

impl RunSettings {
    /// The settings of a configuration for a mode.
    #[must_use]
    pub fn of(config: &Config, mode: RunMode) -> Self {
        let runtime = &config.runtime;
        let durability = match (config.journal.durability, mode) {
            (Some(Durability::Orders), _) | (None, RunMode::Live) => DurabilityMode::Orders,
            (Some(Durability::All), _) => DurabilityMode::All,
            (Some(Durability::None), _) | (None, _) => DurabilityMode::None,
        };
        Self {
            mode,
            wait: runtime.wait,
            queue: runtime.queue,
            batch: runtime.batch,
            durability,
            sync_ms: config.journal.sync_ms,
            segment_bytes: config.journal.segment_mib.saturating_mul(1 << 20),
            snapshot_s: runtime.snapshot_s,
            on_shutdown: runtime.on_shutdown,
            drain_ms: runtime.drain_ms,
        }
    }

    pub(crate) fn writer_options(&self) -> WriterOptions {
        WriterOptions { durability: self.durability, segment_bytes: self.segment_bytes }
    }
}

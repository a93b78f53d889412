//! What a configuration says about how a run runs, as against what it decides.

use serde::{Deserialize, Serialize};

/// What the loop does while nothing comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Sleeps until something comes: microseconds later, and a core is free meanwhile.
    #[default]
    Park,
    /// Asks again and again: no wake-up to wait for, and one core always busy.
    Spin,
}

/// What becomes of open orders when a run is told to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnShutdown {
    /// They are canceled; resting reduce-only protection stays.
    #[default]
    Cancel,
    /// They stay; a run that is taken up again finds them.
    Keep,
}

/// When a live run's journal is synced to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A batch with an order, risk or control event before it is published; market events within `sync_ms`.
    Orders,
    /// Every batch before it is published.
    All,
    /// Never: what the system has not written is lost with it.
    None,
}

/// The live loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// What the loop does while nothing comes.
    pub wait: Wait,
    /// Market events that may wait before quotes and books are merged.
    pub queue: usize,
    /// Market events that are taken before the loop looks at anything else.
    pub batch: usize,
    /// A snapshot of the state is kept so often, in seconds, so that a restart is quick; 0 for none.
    pub snapshot_s: u64,
    /// What becomes of open orders when the run is told to end.
    pub on_shutdown: OnShutdown,
    /// How long what is under way may take to settle then, in milliseconds.
    pub drain_ms: u64,
    /// Whether the frames that feeds receive are kept beside the journal as they come.
    pub capture: bool,
    /// How often the run says on stderr how it stands, in seconds; 0 for never.
    pub status_s: u64,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            wait: Wait::Park,
            queue: 65_536,
            batch: 256,
            snapshot_s: 60,
            on_shutdown: OnShutdown::Cancel,
            drain_ms: 5_000,
            capture: false,
            status_s: 10,
        }
    }
}

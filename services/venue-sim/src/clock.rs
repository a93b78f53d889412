//! The simulator's time: the wall clock at its start, and from then on a clock that never jumps.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reprise_model::Ts;

/// The one clock of the simulator. What a venue says the time is may be off by a fault; see
/// [`crate::Shared::stamp`].
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    began_at: Ts,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began: Instant::now(), began_at: Ts(whole_ns(since_epoch)) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.began_at.plus_ns(whole_ns(self.began.elapsed()))
    }

    /// Since the simulator was ready.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// When the clock began.
    #[must_use]
    pub fn began_at(&self) -> Ts {
        self.began_at
    }

    /// The moment as the runtime's timers count it.
    #[must_use]
    pub fn instant(&self, ts: Ts) -> Instant {
        self.began + Duration::from_nanos(ts.since(self.began_at))
    }
}

fn whole_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

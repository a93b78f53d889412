//! The engine's clock: wall time when the epoch began, and monotonic time since.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use reprise_model::Ts;

/// Wall clock at the start of the epoch plus monotonic time since: it never runs back and never jumps, whatever is
/// done to the machine's clock meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: Ts,
    began: Instant,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { wall: wall_clock(), began: Instant::now() }
    }

    /// The time, in nanoseconds since 1970-01-01 UTC.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Ts {
        self.wall.plus_ns(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// The machine's wall clock; 0 when it stands before 1970.
#[must_use]
pub fn wall_clock() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

//! A feed's counts, to be read while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::session::Counts;

/// What a feed counted since its start; any thread may read it.
#[derive(Debug, Default)]
pub struct Counters {
    frames: AtomicU64,
    bytes: AtomicU64,
    events: AtomicU64,
    gaps: AtomicU64,
    reconnects: AtomicU64,
    duplicates: AtomicU64,
    malformed: AtomicU64,
    unknown: AtomicU64,
    refusals: AtomicU64,
}

impl Counters {
    /// The counts of now. Each is right by itself; together they may be from moments apart.
    #[must_use]
    pub fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            frames: read(&self.frames),
            bytes: read(&self.bytes),
            events: read(&self.events),
            gaps: read(&self.gaps),
            reconnects: read(&self.reconnects),
            duplicates: read(&self.duplicates),
            malformed: read(&self.malformed),
            unknown: read(&self.unknown),
            refusals: read(&self.refusals),
        }
    }

    pub(crate) fn write(&self, counts: Counts) {
        let Counts { frames, bytes, events, gaps, reconnects, duplicates, malformed, unknown, refusals } =
            counts;
        for (counter, value) in [
            (&self.frames, frames),
            (&self.bytes, bytes),
            (&self.events, events),
            (&self.gaps, gaps),
            (&self.reconnects, reconnects),
            (&self.duplicates, duplicates),
            (&self.malformed, malformed),
            (&self.unknown, unknown),
            (&self.refusals, refusals),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
    }
}

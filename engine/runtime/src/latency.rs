//! How long each stage of an event takes, in histograms.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time that is told apart, in nanoseconds: a minute.
const LONGEST_NS: u64 = 60_000_000_000;
/// Significant digits of a recorded time.
const DIGITS: u8 = 2;

/// One stage's times, in nanoseconds.
#[derive(Debug, Clone)]
pub struct Stage(Histogram<u64>);

impl Stage {
    fn new() -> Self {
        #[expect(clippy::expect_used, reason = "constant bounds that are valid")]
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("bounds are valid");
        Self(histogram)
    }

    /// Takes a time in; one beyond a minute counts as a minute.
    #[inline]
    pub(crate) fn record_ns(&mut self, ns: u64) {
        self.0.saturating_record(ns.max(1));
    }

    #[inline]
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_ns(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time below which this fraction of them lies, in nanoseconds.
    #[must_use]
    pub fn quantile_ns(&self, fraction: f64) -> u64 {
        self.0.value_at_quantile(fraction)
    }

    /// The longest, in nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> u64 {
        self.0.max()
    }
}

/// The stages of an event on its way through the engine.
#[derive(Debug, Clone)]
pub struct Latencies {
    /// From the bytes being received to the engine taking the event up.
    pub queue: Stage,
    /// One step of the core.
    pub decide: Stage,
    /// Encoding and chaining the batch's lines.
    pub append: Stage,
    /// From an event that must be durable being taken up to its batch being on disk.
    pub durable: Stage,
    /// One sync of the journal.
    pub sync: Stage,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            queue: Stage::new(),
            decide: Stage::new(),
            append: Stage::new(),
            durable: Stage::new(),
            sync: Stage::new(),
        }
    }
}

impl Latencies {
    /// Every stage with its name, in the order of an event's way.
    #[must_use]
    pub fn stages(&self) -> [(&'static str, &Stage); 5] {
        [
            ("queue", &self.queue),
            ("decide", &self.decide),
            ("append", &self.append),
            ("durable", &self.durable),
            ("sync", &self.sync),
        ]
    }
}

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

    /// How many times lie within each of these bounds, which ascend, and what all times add up to; both to the
    /// digits with which times are recorded.
    #[must_use]
    pub fn buckets(&self, bounds_ns: &[u64]) -> Buckets {
        let mut buckets = Buckets { within: vec![0; bounds_ns.len()], sum_ns: 0 };
        for recorded in self.0.iter_recorded() {
            let (time, count) = (recorded.value_iterated_to(), recorded.count_since_last_iteration());
            let first = bounds_ns.partition_point(|&bound| bound < time);
            buckets.within[first..].iter_mut().for_each(|within| *within += count);
            let middle = self.0.median_equivalent(time);
            buckets.sum_ns = buckets.sum_ns.saturating_add(middle.saturating_mul(count));
        }
        buckets
    }
}

/// One stage's times in buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Times within each bound; those within one are within the next.
    pub within: Vec<u64>,
    /// All times added up, in nanoseconds.
    pub sum_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when times are counted in a bucket they do not lie in, or the sum is far from theirs.
    #[test]
    fn times_in_buckets() {
        let mut stage = Stage::new();
        assert_eq!(stage.buckets(&[1, 10]), Buckets { within: vec![0, 0], sum_ns: 0 });
        for (ns, times) in [(10, 3), (11, 2), (1_000, 4), (90_000_000_000, 1)] {
            (0..times).for_each(|_| stage.record_ns(ns));
        }
        let buckets = stage.buckets(&[9, 10, 100, 1_010, 50_000_000_000]);
        assert_eq!(buckets.within, [0, 3, 5, 9, 9]);
        let exact = 10 * 3 + 11 * 2 + 1_000 * 4 + 60_000_000_000_u64;
        assert!(buckets.sum_ns.abs_diff(exact) < exact / 50, "{} against {exact}", buckets.sum_ns);
        assert_eq!(stage.count(), 10);
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
    /// From the event that caused an order, or a change of one, being taken up to that being let out.
    pub send: Stage,
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
            send: Stage::new(),
            sync: Stage::new(),
        }
    }
}

impl Latencies {
    /// Every stage with its name, in the order of an event's way.
    #[must_use]
    pub fn stages(&self) -> [(&'static str, &Stage); 6] {
        [
            ("queue", &self.queue),
            ("decide", &self.decide),
            ("append", &self.append),
            ("durable", &self.durable),
            ("send", &self.send),
            ("sync", &self.sync),
        ]
    }
}

//! How long to wait before the next attempt: it doubles, and half of it is drawn, so that many processes do not come
//! back at the same moment (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: equal jitter).

use std::time::Duration;

/// A wait that the other side asks for is kept up to this.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// Waits between attempts.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, failures: 0, state: seed }
    }

    /// The wait after one more failure; never shorter than what the other side asks for.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest.max(self.first));
        self.failures = self.failures.saturating_add(1).min(31);
        let half = whole / 2;
        let drawn = half.mul_f64((self.draw() >> 11) as f64 / (1_u64 << 53) as f64);
        (half + drawn).max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when waits do not double, pass their bound, come out alike, or ignore what the other side asks for.
    #[test]
    fn waits_double_and_keep_what_is_asked() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut drawn = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let mut backoff = Backoff::new(first, longest, seed);
            for whole in [100, 200, 400, 800, 1_000, 1_000, 1_000].map(Duration::from_millis) {
                let wait = backoff.next(None);
                assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
                drawn.insert(wait);
            }
            backoff.reset();
            assert!(backoff.next(None) <= first);
            assert_eq!(backoff.next(Some(Duration::from_secs(7))), Duration::from_secs(7));
            assert_eq!(backoff.next(Some(Duration::from_secs(90_000))), LONGEST_ASKED);
        }
        assert!(drawn.len() > 200, "{} different waits", drawn.len());
    }
}

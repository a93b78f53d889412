//! How long to wait before trying again: exponential with full jitter, so that many clients do not come back at
//! the same moment (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

const FIRST_NS: u64 = 1_000_000_000;
const LONGEST_NS: u64 = 60_000_000_000;

/// Waits between attempts; drawn from a seed, so that the same session waits the same.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    failures: u32,
    state: u64,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, state: seed }
    }

    /// Nanoseconds to wait after one more failure: evenly drawn up to 1 s, 2 s, 4 s … 60 s.
    pub(crate) fn next_ns(&mut self) -> u64 {
        let bound = FIRST_NS.checked_shl(self.failures.min(6)).map_or(LONGEST_NS, |ns| ns.min(LONGEST_NS));
        self.failures = self.failures.saturating_add(1);
        self.draw() % (bound + 1)
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

    /// Breaks when waits stop growing, pass a minute, all come out alike, or do not start over after a reset.
    #[test]
    fn waits_double_up_to_a_minute_and_are_spread() {
        let bounds = [1u64, 2, 4, 8, 16, 32, 60, 60, 60].map(|s| s * 1_000_000_000);
        let mut longest = [0; 9];
        let mut shortest = [u64::MAX; 9];
        for seed in 0..500 {
            let mut backoff = Backoff::new(seed);
            for (at, bound) in bounds.iter().enumerate() {
                let wait = backoff.next_ns();
                assert!(wait <= *bound, "wait {at} is {wait}");
                longest[at] = longest[at].max(wait);
                shortest[at] = shortest[at].min(wait);
            }
            backoff.reset();
            assert!(backoff.next_ns() <= FIRST_NS);
        }
        for at in 0..9 {
            assert!(
                longest[at] > bounds[at] / 10 * 9 && shortest[at] < bounds[at] / 10,
                "wait {at} is not spread"
            );
        }
        let waits = |seed| {
            let mut backoff = Backoff::new(seed);
            [(); 4].map(|()| backoff.next_ns())
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }
}

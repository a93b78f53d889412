//! The window in which rows that were written out of order are put in order by receive time.

use std::collections::VecDeque;

use reprise_model::Ts;

/// How far behind the latest row a row may arrive and still be put in order.
pub const WINDOW_NS: u64 = 5_000_000_000;

/// A stable reorder window: what comes out never runs back, and equal times keep their order.
#[derive(Debug)]
pub struct Reorder<T> {
    window_ns: u64,
    /// In order of time; equal times in order of arrival.
    held: VecDeque<(Ts, T)>,
    latest: Ts,
    released: Ts,
}

/// An item came too late: later ones have been let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLate {
    /// How far it is behind the latest item.
    pub behind_ns: u64,
}

impl<T> Reorder<T> {
    /// A window of so many nanoseconds.
    #[must_use]
    pub fn new(window_ns: u64) -> Self {
        Self { window_ns, held: VecDeque::new(), latest: Ts(0), released: Ts(0) }
    }

    /// Takes the next item as it arrives.
    ///
    /// # Errors
    /// When later items have been let go already.
    pub fn push(&mut self, ts: Ts, item: T) -> Result<(), TooLate> {
        if ts < self.released {
            return Err(TooLate { behind_ns: self.latest.since(ts) });
        }
        if self.held.back().is_none_or(|(last, _)| *last <= ts) {
            self.held.push_back((ts, item));
        } else {
            let at = self.held.partition_point(|(held, _)| *held <= ts);
            self.held.insert(at, (ts, item));
        }
        self.latest = self.latest.max(ts);
        Ok(())
    }

    /// The next item that nothing within the window can come before; with `ended` there is nothing to wait for.
    pub fn pop(&mut self, ended: bool) -> Option<(Ts, T)> {
        let ready = self.held.front().is_some_and(|(ts, _)| ended || self.latest.since(*ts) > self.window_ns);
        let (ts, item) = if ready { self.held.pop_front()? } else { return None };
        self.released = ts;
        Some((ts, item))
    }

    /// How many items are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// True when nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(window_ns: u64, times: &[u64]) -> (Vec<(u64, usize)>, Vec<usize>, usize) {
        let mut window = Reorder::new(window_ns);
        let (mut out, mut late, mut most) = (Vec::new(), Vec::new(), 0);
        for (n, &ts) in times.iter().enumerate() {
            if window.push(Ts(ts), n).is_err() {
                late.push(n);
            }
            most = most.max(window.len());
            while let Some((ts, n)) = window.pop(false) {
                out.push((ts.0, n));
            }
        }
        while let Some((ts, n)) = window.pop(true) {
            out.push((ts.0, n));
        }
        assert!(window.is_empty());
        (out, late, most)
    }

    /// Breaks when ties lose their order, or a row is refused that could still be placed.
    #[test]
    fn rows_are_placed_or_refused() {
        let rows: [(&[u64], &[usize], &[usize]); 5] = [
            (&[5, 5, 4, 5, 4], &[2, 4, 0, 1, 3], &[]),
            (&[10, 20, 9], &[2, 0, 1], &[]),
            // 10 is let go when 21 comes, not before: 9 can no longer be placed, 10 can.
            (&[10, 21, 9, 10, 12], &[0, 3, 4, 1], &[2]),
            (&[100, 50, 100], &[1, 0, 2], &[]),
            (&[], &[], &[]),
        ];
        for (times, order, late) in rows {
            let (out, refused, _) = run(10, times);
            assert_eq!(out.iter().map(|(_, n)| *n).collect::<Vec<_>>(), order, "{times:?}");
            assert_eq!(refused, late, "{times:?}");
        }
    }

    proptest! {
        /// Breaks when the window is anything else than a stable sort for rows that are late by less than it.
        #[test]
        fn it_is_a_stable_sort(steps in prop::collection::vec((0u64..40, 0u64..=100), 0..400)) {
            let mut latest = 1_000;
            let times: Vec<u64> = steps.iter().map(|(step, late)| {
                latest += step;
                latest - late
            }).collect();
            let (out, late, most) = run(100, &times);
            let mut twin: Vec<(u64, usize)> = times.iter().copied().zip(0..).collect();
            twin.sort_by_key(|(ts, _)| *ts);
            prop_assert_eq!(out, twin);
            prop_assert!(late.is_empty());
            let widest = times.iter().map(|t| times.iter().filter(|o| o.abs_diff(*t) <= 140).count()).max();
            prop_assert!(most <= widest.unwrap_or(0));
        }

        /// Breaks when what comes out runs back, or a row is lost without a word, however late rows come.
        #[test]
        fn nothing_runs_back_and_nothing_is_lost(times in prop::collection::vec(0u64..1_000, 0..300)) {
            let (out, late, _) = run(100, &times);
            prop_assert!(out.windows(2).all(|w| w[0].0 <= w[1].0));
            let mut all: Vec<usize> = out.iter().map(|(_, n)| *n).chain(late).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..times.len()).collect::<Vec<_>>());
        }
    }
}

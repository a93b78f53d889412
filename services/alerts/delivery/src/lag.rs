//! How long events wait for the disk, from two numbers that are read from time to time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LagNews {
    /// Events wait longer than they should.
    Behind(Duration),
    /// They no longer do.
    CaughtUp,
}

/// Watches how far the durable number is behind the last one.
#[derive(Debug)]
pub(crate) struct LagWatch {
    limit: Duration,
    /// Numbers that were not durable when they were seen, with when that was.
    waiting: VecDeque<(Instant, u64)>,
    is_behind: bool,
}

impl LagWatch {
    /// A watch with a limit; one of zero says nothing.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, waiting: VecDeque::new(), is_behind: false }
    }

    /// The numbers as they are now. Where nothing is synced, `durable` is 0 and nothing waits.
    pub(crate) fn look(&mut self, now: Instant, seq: u64, durable: u64) -> Option<LagNews> {
        if self.limit.is_zero() || durable == 0 {
            return None;
        }
        while self.waiting.front().is_some_and(|(_, waiting)| *waiting <= durable) {
            self.waiting.pop_front();
        }
        if seq > durable && self.waiting.back().is_none_or(|(_, last)| *last < seq) {
            self.waiting.push_back((now, seq));
        }
        let lag = self.waiting.front().map_or(Duration::ZERO, |(since, _)| now - *since);
        if !self.is_behind && lag >= self.limit {
            self.is_behind = true;
            return Some(LagNews::Behind(lag));
        }
        // Half of it, so that a lag that trembles about the limit is told once.
        if self.is_behind && lag <= self.limit / 2 {
            self.is_behind = false;
            return Some(LagNews::CaughtUp);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a disk that stands still goes unnoticed, or is told of again and again.
    #[test]
    fn a_lag_is_told_once_each_way() {
        let began = Instant::now();
        let mut watch = LagWatch::new(Duration::from_secs(10));
        let mut off = LagWatch::new(Duration::ZERO);
        let mut told = Vec::new();
        for second in 0..60_u64 {
            let now = began + Duration::from_secs(second);
            // The disk stands still from 5 s to 30 s, then catches up.
            let durable = if (5..30).contains(&second) { 50 } else { second * 10 + 1 };
            told.extend(watch.look(now, second * 10 + 5, durable).map(|news| (second, news)));
            assert_eq!(off.look(now, second * 10 + 5, durable), None);
            assert_eq!(watch.look(now, second * 10 + 5, 0), None, "where nothing is synced nothing lags");
        }
        assert_eq!(told, [(15, LagNews::Behind(Duration::from_secs(10))), (30, LagNews::CaughtUp)]);
    }
}

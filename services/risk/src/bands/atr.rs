//! Average true range.
//!
//! Wilder, *New Concepts in Technical Trading Systems*, 1978, p. 21–23: the true range of a bar is the largest
//! of high − low, |high − previous close| and |low − previous close|; the first average is the mean of `n` of
//! them, and then ATR ← (ATR × (n − 1) + TR) / n. The first bar has no previous close and counts high − low.
//! The band is the last close ± width × ATR, as in his volatility system (p. 23–26).

use serde::{Deserialize, Serialize};

/// The prices of a bar that its true range depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

/// Wilder's average true range.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Atr {
    window: f64,
    seen: f64,
    average: f64,
    close: Option<f64>,
}

impl Atr {
    pub(super) fn new(window: u32) -> Self {
        Self { window: f64::from(window), seen: 0.0, average: 0.0, close: None }
    }

    /// Takes a closed bar in.
    #[inline]
    pub(super) fn add(&mut self, bar: Range) {
        // high − low, stretched to the previous close, is the largest of the three.
        let (high, low) =
            self.close.map_or((bar.high, bar.low), |close| (bar.high.max(close), bar.low.min(close)));
        let range = high - low;
        self.close = Some(bar.close);
        if self.seen < self.window {
            // Until the window is full, `average` is the sum.
            self.seen += 1.0;
            self.average += range;
            if self.seen >= self.window {
                self.average /= self.window;
            }
        } else {
            self.average = (self.average * (self.window - 1.0) + range) / self.window;
        }
    }

    /// Last close and average true range, `None` until `window` bars closed.
    #[inline]
    pub(super) fn close_and_range(&self) -> Option<(f64, f64)> {
        self.close.filter(|_| self.seen >= self.window).map(|close| (close, self.average))
    }
}

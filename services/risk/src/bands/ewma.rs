//! Exponentially weighted mean and variance.
//!
//! With λ the weight that the past keeps (J.P. Morgan/Reuters, *RiskMetrics Technical Document*, 4th ed. 1996,
//! section 5.2, p. 78–82, whose daily λ is 0.94):
//!
//! ```text
//! d = x − mean,  mean ← mean + (1 − λ) d,  variance ← λ (variance + (1 − λ) d²)
//! ```
//!
//! RiskMetrics weights squared returns about zero; here the deviation is that of the price about its own
//! weighted mean, so that bounds are prices. The recursion gives exactly the weighted variance
//! Σ w (x − mean)² with w = (1 − λ) λ^age and λ^age for the first sample (Finch, *Incremental calculation of
//! weighted mean and variance*, University of Cambridge 2009, section 9).

use serde::{Deserialize, Serialize};

/// Exponentially weighted mean and variance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ewma {
    decay: f64,
    weight: f64,
    mean: f64,
    variance: f64,
    /// Samples until it counts as warm: the span whose newest weight is 1 − λ.
    missing: u32,
    started: bool,
}

impl Ewma {
    pub(super) fn new(decay: f64) -> Self {
        let weight = 1.0 - decay;
        let span = (2.0 / weight - 1.0).ceil();
        // The cast saturates; a decay next to 1 stays cold for 4 billion samples.
        Self { decay, weight, mean: 0.0, variance: 0.0, missing: (span as u32).max(2), started: false }
    }

    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        self.missing = self.missing.saturating_sub(1);
        if !self.started {
            (self.started, self.mean) = (true, x);
            return;
        }
        let delta = x - self.mean;
        self.mean += self.weight * delta;
        self.variance = self.decay * (self.variance + self.weight * delta * delta);
    }

    /// Mean and deviation, `None` until (1 + λ) / (1 − λ) samples were seen.
    #[inline]
    pub(super) fn mean_and_deviation(&self) -> Option<(f64, f64)> {
        (self.missing == 0).then(|| (self.mean, self.variance.sqrt()))
    }
}

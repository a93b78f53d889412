//! Mean and sample standard deviation of the last samples.
//!
//! The band is mean ± width × deviation (Bollinger, *Bollinger on Bollinger Bands*, 2001, ch. 7; he divides by
//! n, this by n − 1, the unbiased sample variance).
//!
//! Nothing is ever subtracted from a running sum, so a large sample that has left the window leaves no error
//! behind. The window is two halves: the older half holds, for each of its samples, the moments of all samples
//! from that one to its end; the newer half holds the moments of its samples so far. Leaving the window steps
//! to the next prepared moments, and when the older half is used up the newer one takes its place. Samples are
//! added by Welford's update (Technometrics 4, 1962, p. 419–420) and halves are joined by the pairwise formula
//! of Chan, Golub and LeVeque (Updating formulae, Stanford STAN-CS-79-773, 1979, eq. 2.1). Each sample costs a
//! bounded number of operations on average; the preparation of a half costs as many as the window is long.

use serde::{Deserialize, Serialize};

/// Mean, and sum of squared differences from it, of so many samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes a sample in; `share` is 1 / count with it.
    #[inline]
    fn add(&mut self, x: f64, share: f64) {
        self.count += 1.0;
        let delta = x - self.mean;
        self.mean += delta * share;
        self.squares += delta * (x - self.mean);
    }
}

/// Mean and deviation of a window that slides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Samples", into = "Samples")]
pub(super) struct Deviation {
    window: usize,
    /// 1 / count, by count: a division costs more than all the rest.
    shares: Vec<f64>,
    /// Moments from each sample of the older half to its end; the last is the oldest sample's.
    older: Vec<Moments>,
    newer: Vec<f64>,
    newer_moments: Moments,
}

/// A window as it is saved.
#[derive(Serialize, Deserialize)]
struct Samples {
    window: u32,
    older: Vec<Moments>,
    newer: Vec<f64>,
    newer_moments: Moments,
}

impl From<Samples> for Deviation {
    fn from(samples: Samples) -> Self {
        let Samples { window, older, newer, newer_moments } = samples;
        Self { older, newer, newer_moments, ..Self::new(window) }
    }
}

impl From<Deviation> for Samples {
    fn from(deviation: Deviation) -> Self {
        let Deviation { window, older, newer, newer_moments, .. } = deviation;
        // It was made from 32 bits.
        Self { window: u32::try_from(window).unwrap_or(u32::MAX), older, newer, newer_moments }
    }
}

impl Deviation {
    pub(super) fn new(window: u32) -> Self {
        let samples = window as usize;
        Self {
            window: samples,
            shares: (0..=window).map(|count| 1.0 / f64::from(count.max(1))).collect(),
            older: Vec::with_capacity(samples),
            newer: Vec::with_capacity(samples),
            newer_moments: Moments::default(),
        }
    }

    /// Takes a sample in, and the oldest out once the window is full.
    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        if self.older.len() + self.newer.len() == self.window {
            if self.older.is_empty() {
                self.prepare();
            }
            self.older.pop();
        }
        self.newer.push(x);
        self.newer_moments.add(x, self.shares[self.newer.len()]);
    }

    /// The newer half becomes the older one.
    #[cold]
    fn prepare(&mut self) {
        let mut moments = Moments::default();
        for (&x, &share) in self.newer.iter().rev().zip(&self.shares[1..]) {
            moments.add(x, share);
            self.older.push(moments);
        }
        self.newer.clear();
        self.newer_moments = Moments::default();
    }

    /// Mean and sample standard deviation, `None` until the window is full.
    #[inline]
    pub(super) fn mean_and_deviation(&self) -> Option<(f64, f64)> {
        if self.older.len() + self.newer.len() < self.window {
            return None;
        }
        // The newer half holds a sample from the first on.
        let (newer, older) = (self.newer_moments, self.older.last().copied().unwrap_or_default());
        let delta = newer.mean - older.mean;
        let share = newer.count * self.shares[self.window];
        let mean = older.mean + delta * share;
        let squares = older.squares + newer.squares + delta * delta * older.count * share;
        Some((mean, (squares * self.shares[self.window - 1]).sqrt()))
    }
}

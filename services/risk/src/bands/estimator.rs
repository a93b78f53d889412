//! One band: samples or bars cut from what the market shows, and the estimator that they feed.

use reprise_model::{Price, Ts};
use serde::{Deserialize, Serialize};

use super::atr::{Atr, Range};
use super::deviation::Deviation;
use super::ewma::Ewma;
use crate::settings::{BandKind, BandSettings};

const NS_A_MS: u64 = 1_000_000;

/// A band as floating-point bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) lower: f64,
    pub(super) middle: f64,
    pub(super) upper: f64,
}

/// Cuts prices into intervals of event time. An interval closes when the first price of a later one comes;
/// intervals without a price give nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cutter {
    interval_ns: u64,
    /// First moment after the interval at hand.
    ends: u64,
    bar: Option<Cut>,
}

/// An interval's prices so far; they become floats when it closes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Cut {
    high: Price,
    low: Price,
    close: Price,
}

impl Cutter {
    fn new(interval_ms: u64) -> Self {
        Self { interval_ns: interval_ms.saturating_mul(NS_A_MS), ends: 0, bar: None }
    }

    /// Takes a price in; gives the bar that closed before it, or at once without an interval.
    #[inline]
    fn add(&mut self, ts: Ts, price: Price) -> Option<Range> {
        if self.interval_ns == 0 {
            let close = price.to_f64();
            return Some(Range { high: close, low: close, close });
        }
        if ts.0 < self.ends {
            if let Some(cut) = &mut self.bar {
                *cut = Cut { high: cut.high.max(price), low: cut.low.min(price), close: price };
            }
            return None;
        }
        self.ends = (ts.0 / self.interval_ns).saturating_add(1).saturating_mul(self.interval_ns);
        let cut = self.bar.replace(Cut { high: price, low: price, close: price })?;
        Some(Range { high: cut.high.to_f64(), low: cut.low.to_f64(), close: cut.close.to_f64() })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Kind {
    Deviation(Deviation),
    Ewma(Ewma),
    Atr(Atr),
    /// Settings that cannot be estimated: the band never warms up, so a collar on it denies.
    Never,
}

/// One band of one instrument.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Estimator {
    cutter: Cutter,
    kind: Kind,
    width: f64,
}

impl Estimator {
    pub(super) fn new(settings: &BandSettings) -> Self {
        let kind = match settings.kind {
            _ if settings.problem().is_some() => Kind::Never,
            BandKind::Stddev => Kind::Deviation(Deviation::new(settings.window)),
            BandKind::Ewma => Kind::Ewma(Ewma::new(settings.decay())),
            BandKind::Atr => Kind::Atr(Atr::new(settings.window)),
        };
        Self { cutter: Cutter::new(settings.interval_ms), kind, width: settings.width }
    }

    /// Takes a price in; true when it closed a sample, so that the band may have moved.
    #[inline]
    pub(super) fn add_price(&mut self, ts: Ts, price: Price) -> bool {
        let Some(bar) = self.cutter.add(ts, price) else { return false };
        self.add_bar(bar);
        true
    }

    /// Takes a closed bar in.
    #[inline]
    pub(super) fn add_bar(&mut self, bar: Range) {
        match &mut self.kind {
            Kind::Deviation(deviation) => deviation.add(bar.close),
            Kind::Ewma(ewma) => ewma.add(bar.close),
            Kind::Atr(atr) => atr.add(bar),
            Kind::Never => {}
        }
    }

    /// The band, `None` until it is warm.
    #[inline]
    pub(super) fn bounds(&self) -> Option<Bounds> {
        let (middle, spread) = match &self.kind {
            Kind::Deviation(deviation) => deviation.mean_and_deviation()?,
            Kind::Ewma(ewma) => ewma.mean_and_deviation()?,
            Kind::Atr(atr) => atr.close_and_range()?,
            Kind::Never => return None,
        };
        let half = self.width * spread;
        let lower = middle - half;
        // Prices end at zero; the comparison also keeps NaN and −0 out.
        Some(Bounds { lower: if lower > 0.0 { lower } else { 0.0 }, middle, upper: middle + half })
    }
}

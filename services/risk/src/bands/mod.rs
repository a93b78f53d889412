//! Volatility bands: a service that follows every quote and shows each instrument's bands on the board.
//!
//! A sample is the mid of the last two-sided, uncrossed quote of a sampling interval. For instruments that have
//! nothing but imported bars each bar is a sample, whatever its interval: its close, or its range.
//!
//! Standard deviation, exponentially weighted deviation and average true range are documented in their modules.
//! Estimates are `f64` with + − × ÷ √ alone, the same bits on any machine; bounds become exact prices by
//! rounding into the band: the lower one up to the instrument's price rule, the upper one down.

mod atr;
mod deviation;
mod estimator;
mod ewma;
#[cfg(test)]
mod tests;

use reprise_core::{Bands, Context, InstrumentIx, Market, RestoreError, Saved, Service};
use reprise_model::event::{Input, Outcome, RiskBands};
use reprise_model::{Code, Instrument, MoneyError, Price, QuoteSource, Ts};
use serde::{Deserialize, Serialize};

use self::atr::Range;
use self::estimator::{Bounds, Estimator};
use crate::settings::{BandSettings, Combine, RiskSettings};

/// The bands of one instrument.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Followed {
    estimators: Vec<Estimator>,
    /// When its bands were last stated.
    stated_at: Option<Ts>,
}

/// Follows quotes and bars and shows volatility bands. Assembly puts it before the strategies.
#[derive(Debug)]
pub struct BandsService {
    settings: Vec<BandSettings>,
    combine: Combine,
    /// By instrument.
    followed: Vec<Option<Followed>>,
}

impl BandsService {
    /// A service for the bands of these settings. A band that cannot be estimated never warms up;
    /// [`RiskSettings::validate`] names it.
    #[must_use]
    pub fn new(settings: &RiskSettings) -> Self {
        Self { settings: settings.bands.clone(), combine: settings.combine, followed: Vec::new() }
    }

    /// The instrument's estimators; made when it is first seen.
    #[inline]
    fn estimators(&mut self, ix: InstrumentIx, market: &Market) -> &mut [Estimator] {
        let at = ix.at();
        if self.followed.len() <= at {
            self.followed.resize_with(at + 1, || None);
        }
        let settings = &self.settings;
        let followed = self.followed[at].get_or_insert_with(|| Followed {
            estimators: settings
                .iter()
                .filter(|band| band.applies_to(&market.definition.instrument))
                .map(Estimator::new)
                .collect(),
            stated_at: None,
        });
        &mut followed.estimators
    }

    /// Shows the instrument's bands after they may have moved.
    fn show(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        let combine = self.combine;
        let market = cx.state().markets.get(ix);
        let bounds = combined(self.estimators(ix, market), combine);
        let bands = bounds.and_then(|bounds| exact(&bounds, &market.definition).ok().flatten());
        cx.set_bands(ix, bands);
    }

    /// States the bands that denied an order, at most once an interval.
    fn state_bands(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        let interval_ns = cx.state().settings().line_interval_ns;
        let Some(followed) = self.followed.get_mut(ix.at()).and_then(Option::as_mut) else { return };
        let Some(bands) = cx.view().board.bands(ix) else { return };
        let now = cx.now();
        if followed.stated_at.is_some_and(|at| now.since(at) < interval_ns) {
            return;
        }
        followed.stated_at = Some(now);
        let instrument = cx.state().markets.get(ix).definition.instrument;
        cx.emit(RiskBands { instrument, lower: bands.lower, middle: bands.middle, upper: bands.upper });
    }
}

impl Service for BandsService {
    fn name(&self) -> &str {
        "bands"
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if self.settings.is_empty() {
            return;
        }
        let Some(tick) = cx.tick() else { return };
        let (now, market) = (cx.now(), cx.state().markets.get(tick.ix));
        let mut has_moved = false;
        match input {
            Input::Bar(bar) if market.definition.quote_source == QuoteSource::Bars => {
                let (high, low) = (bar.high.to_f64(), bar.low.to_f64());
                for estimator in self.estimators(tick.ix, market) {
                    estimator.add_bar(Range { high, low, close: bar.close.to_f64() });
                    has_moved = true;
                }
            }
            _ if tick.is_quote => {
                let Some(mid) = market.mid() else { return };
                for estimator in self.estimators(tick.ix, market) {
                    has_moved |= estimator.add_price(now, mid);
                }
            }
            _ => {}
        }
        if has_moved {
            self.show(tick.ix, cx);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        let Outcome::OrderDenied(denied) = outcome else { return };
        if denied.refusal.code != Code::BandCollar {
            return;
        }
        let state = cx.state();
        let place =
            state.orders.get(denied.order).and_then(|order| state.markets.find(&order.terms.instrument));
        if let Some(ix) = place {
            self.state_bands(ix, cx);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&self.followed)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        self.followed = saved.read()?;
        Ok(())
    }
}

/// Several bands as one; the middle is the mean of the middles. `None` until all are warm, and while the
/// tightest bounds exclude each other.
fn combined(estimators: &[Estimator], combine: Combine) -> Option<Bounds> {
    let (first, rest) = estimators.split_first()?;
    let mut all = first.bounds()?;
    for estimator in rest {
        let next = estimator.bounds()?;
        let (lower, upper) = match combine {
            Combine::Widest => (all.lower.min(next.lower), all.upper.max(next.upper)),
            Combine::Tightest => (all.lower.max(next.lower), all.upper.min(next.upper)),
        };
        all = Bounds { lower, middle: all.middle + next.middle, upper };
    }
    all.middle /= estimators.len() as f64;
    (all.lower <= all.upper).then_some(all)
}

/// Bounds as prices on the instrument's rule, rounded into the band; the middle to the nearest tick. `None`
/// when the band is so narrow that it holds no such price.
fn exact(bounds: &Bounds, definition: &Instrument) -> Result<Option<Bands>, MoneyError> {
    let tick = definition.tick;
    let ticks_a_unit = 1.0 / tick.to_f64();
    let mut lower = nearest(bounds.lower, tick, ticks_a_unit)?;
    if lower.to_f64() < bounds.lower {
        lower = lower.checked_add(tick)?;
    }
    let mut upper = nearest(bounds.upper, tick, ticks_a_unit)?;
    if upper.to_f64() > bounds.upper {
        upper = upper.checked_sub(tick)?;
    }
    if definition.significant_digits.is_some() {
        (lower, upper) = (definition.price_at_or_above(lower)?, definition.price_at_or_below(upper));
    }
    let middle = nearest(bounds.middle, tick, ticks_a_unit)?;
    Ok((lower <= upper).then_some(Bands { lower, middle, upper }))
}

/// The multiple of the tick next to a bound.
///
/// By a product of floats, which is off by no more than their own precision, because an exact division at every
/// quote would cost more than the estimate. Half-way between two multiples it may take either.
fn nearest(bound: f64, tick: Price, ticks_a_unit: f64) -> Result<Price, MoneyError> {
    /// Up to here a float holds every whole number.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let count = bound * ticks_a_unit + 0.5;
    if (0.0..WHOLE).contains(&count) {
        tick.checked_mul_int(count as i64)
    } else {
        // No tick, too many of them, or no number at all.
        Price::from_f64_rounded(bound, 12).map(|price| price.nearest_to(tick))
    }
}

//! `mean-reversion`: buys what fell out of its risk band, sells what rose out of it, and closes at the middle.
//!
//! It trades on the bands that risk computes for the instrument (`risk.bands` in the configuration); an
//! instrument without bands, or with bands that are not warm yet, is not traded.
//!
//! - When the mid falls below the lower band it buys one unit at market; when the mid rises above the upper band
//!   it sells one unit. One crossing is one unit: the next one needs a return into the band first.
//! - A long is closed at market when the mid is back at the middle band or above it, a short when it is back at
//!   the middle or below. An exit comes before an entry.
//! - The position stays within `max_units` units either way, and never goes short with `short = false`.
//! - Nothing new is asked for while an own order in the instrument is on its way.

use reprise_core::{Bands, InstrumentIx, RestoreError, Saved};
use reprise_model::event::Bar;
use reprise_model::{Cash, OrderId, Price, Qty, QuoteSource, Rate, Side};
use serde::{Deserialize, Serialize};

use crate::builtin::size::{UnitSize, check_max_units};
use crate::context::StrategyContext;
use crate::intent::OrderIntent;
use crate::params::{ParamError, text};
use crate::per_instrument::PerInstrument;
use crate::strategy::{BarOrigin, OrderUpdate, OwnFill, Strategy};

crate::params! {
    /// Parameters of `mean-reversion`.
    pub struct MeanReversionParams {
        /// One unit in base units, exactly as it stands.
        pub qty: Option<Qty> = None,
        /// What one unit is worth in quote units when `qty` is not set, in whole lots.
        pub notional: Cash = text("100"),
        /// The most units held either way, at least 1.
        pub max_units: u32 = 3,
        /// Sell what is not owned when the price is above the upper band.
        pub short: bool = true,
    }
}

/// Where a price lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Zone {
    Below,
    #[default]
    Inside,
    Above,
}

impl Zone {
    fn of(price: Price, bands: Bands) -> Self {
        if price < bands.lower {
            Self::Below
        } else if price > bands.upper {
            Self::Above
        } else {
            Self::Inside
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Watch {
    zone: Zone,
    working: Option<OrderId>,
}

/// The strategy.
#[derive(Debug)]
pub struct MeanReversion {
    unit: UnitSize,
    max_units: Rate,
    short: bool,
    watches: PerInstrument<Watch>,
}

impl MeanReversion {
    pub(crate) const ABOUT: &'static str = "Buys below the lower risk band, sells above the upper one, closes at \
                                            the middle. Needs risk bands in the configuration.";

    /// An instance.
    ///
    /// # Errors
    /// When a size or a count is not positive.
    pub fn new(params: MeanReversionParams) -> Result<Self, ParamError> {
        Ok(Self {
            unit: UnitSize::new(params.qty, params.notional)?,
            max_units: check_max_units(params.max_units)?,
            short: params.short,
            watches: PerInstrument::default(),
        })
    }

    fn look(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let (Some(mid), Some(bands)) = (cx.mid(ix), cx.bands(ix)) else { return };
        let watch = self.watches.of(ix);
        let zone = Zone::of(mid, bands);
        let has_crossed = std::mem::replace(&mut watch.zone, zone) != zone;
        if watch.working.is_some() {
            return;
        }
        let held = cx.floor_qty(ix, cx.position(ix).qty);
        let is_back =
            (held.is_positive() && mid >= bands.middle) || (held.is_negative() && mid <= bands.middle);
        let order = if is_back {
            let side = if held.is_positive() { Side::Sell } else { Side::Buy };
            Some((side, held.abs(), format!("mid {mid} is back at the middle {}", bands.middle)))
        } else if has_crossed {
            self.entry(ix, zone, held, cx).map(|(side, qty)| {
                let band = if side == Side::Buy { bands.lower } else { bands.upper };
                (side, qty, format!("mid {mid} is beyond the band {band}"))
            })
        } else {
            None
        };
        if let Some((side, qty, note)) = order {
            self.watches.of(ix).working = Some(cx.submit(OrderIntent::market(ix, side, qty).note(note)));
        }
    }

    /// The order that a crossing asks for, `None` when the position has no room for another unit.
    fn entry(
        &self,
        ix: InstrumentIx,
        zone: Zone,
        held: Qty,
        cx: &StrategyContext<'_>,
    ) -> Option<(Side, Qty)> {
        let side = match zone {
            Zone::Below => Side::Buy,
            Zone::Above if self.short => Side::Sell,
            Zone::Above | Zone::Inside => return None,
        };
        let unit = self.unit.qty(ix, side, cx);
        let most = unit.checked_mul_rate(self.max_units).ok()?;
        let after = held.checked_add(side.signed(unit)).ok()?;
        (after.abs() <= most).then_some((side, unit))
    }

    fn forget(&mut self, ix: InstrumentIx, order: OrderId) {
        let watch = self.watches.of(ix);
        if watch.working == Some(order) {
            watch.working = None;
        }
    }
}

impl Strategy for MeanReversion {
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.look(ix, cx);
    }

    fn on_bar(&mut self, ix: InstrumentIx, _bar: &Bar, _origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        if cx.instrument(ix).quote_source == QuoteSource::Bars {
            self.look(ix, cx);
        }
    }

    fn on_order(&mut self, update: &OrderUpdate<'_>, _cx: &mut StrategyContext<'_>) {
        if update.is_over() {
            self.forget(update.ix, update.order.id);
        }
    }

    fn on_fill(&mut self, fill: &OwnFill<'_>, _cx: &mut StrategyContext<'_>) {
        if fill.is_last {
            self.forget(fill.ix, fill.order.id);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&self.watches)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        self.watches = saved.read()?;
        Ok(())
    }
}

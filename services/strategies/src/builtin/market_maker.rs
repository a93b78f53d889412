//! `market-maker`: rests one bid and one ask inside the risk bands and leans them against its inventory.
//!
//! With `half` = `width` × half the distance between the bands, at least one tick, and `load` = position ÷
//! (`max_units` units), between −1 and 1, it quotes around
//!
//! ```text
//! center = mid − skew × half × load,    bid = center − half,    ask = center + half
//! ```
//!
//! rounded down for the bid and up for the ask, kept within the bands, and kept a tick off the other side's best
//! price. Leaning the center by inventory follows the reservation price of Avellaneda and Stoikov,
//! "High-frequency trading in a limit order book" (2008), with the band's width in the place of volatility.
//!
//! - Orders are post-only. One that is filled, refused or canceled is quoted anew; after a refusal its side waits
//!   `retry_ms`.
//! - A working order is replaced when its target has moved by `requote_ticks` ticks or more, unless the market has
//!   come to its price: then it is left to fill.
//! - The side that would take the position beyond `max_units` units is not quoted; with `short = false` neither is
//!   an ask that would sell what is not owned.
//! - Both sides are canceled when the bands are missing, when the mid lies outside them, or when there is no
//!   two-sided quote.

use reprise_core::{Bands, InstrumentIx, Market, Order, RestoreError, Saved};
use reprise_model::event::Bar;
use reprise_model::{Cash, OrderId, OrderStatus, Price, Qty, QuoteSource, Rate, RequestOf, Side, Ts};
use serde::{Deserialize, Serialize};

use crate::builtin::size::{UnitSize, check_max_units};
use crate::context::StrategyContext;
use crate::intent::OrderIntent;
use crate::params::{ParamError, text};
use crate::per_instrument::PerInstrument;
use crate::strategy::{BarOrigin, OrderChange, OrderUpdate, Strategy};

crate::params! {
    /// Parameters of `market-maker`.
    pub struct MarketMakerParams {
        /// The size of each quote in base units, exactly as it stands.
        pub qty: Option<Qty> = None,
        /// What each quote is worth in quote units when `qty` is not set, in whole lots.
        pub notional: Cash = text("100"),
        /// The most quotes' worth held either way, at least 1.
        pub max_units: u32 = 4,
        /// How far from the mid to quote, as a fraction of half the distance between the bands; above 0, at most 1.
        pub width: Rate = text("0.5"),
        /// How far a full inventory moves both quotes, as a fraction of that distance; 0 to 1.
        pub skew: Rate = text("0.5"),
        /// Replace a quote when its target has moved by this many ticks, at least 1.
        pub requote_ticks: u32 = 5,
        /// How long a side waits after a refusal, in milliseconds.
        pub retry_ms: u64 = 1_000,
        /// Offer what is not owned.
        pub short: bool = true,
    }
}

/// One side's quote.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Slot {
    order: Option<OrderId>,
    quiet_until: Ts,
}

impl Default for Slot {
    fn default() -> Self {
        Self { order: None, quiet_until: Ts(0) }
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Desk {
    bid: Slot,
    ask: Slot,
}

impl Desk {
    fn slot(&mut self, side: Side) -> &mut Slot {
        match side {
            Side::Buy => &mut self.bid,
            Side::Sell => &mut self.ask,
        }
    }
}

/// What a side should show.
#[derive(Debug, Clone, Copy)]
struct Target {
    price: Price,
    qty: Qty,
}

/// The strategy.
#[derive(Debug)]
pub struct MarketMaker {
    unit: UnitSize,
    max_units: Rate,
    /// Half of the parameter: from the distance between the bands to the distance from the mid.
    half_width: Rate,
    skew: Rate,
    requote_ticks: Rate,
    retry_ns: u64,
    short: bool,
    desks: PerInstrument<Desk>,
}

impl MarketMaker {
    pub(crate) const ABOUT: &'static str = "Rests a post-only bid and ask inside the risk bands, leaning against \
                                            its inventory. Needs risk bands in the configuration.";

    /// An instance.
    ///
    /// # Errors
    /// When a parameter is out of the range that its meaning gives.
    pub fn new(params: MarketMakerParams) -> Result<Self, ParamError> {
        let is_fraction = |rate: Rate| !rate.is_negative() && rate <= Rate::ONE;
        if !is_fraction(params.width) || params.width.is_zero() {
            return Err(ParamError::value("width", params.width, "a decimal number above 0 and at most 1"));
        }
        if !is_fraction(params.skew) {
            return Err(ParamError::value("skew", params.skew, "a decimal number from 0 to 1"));
        }
        let requote_ticks = i64::from(params.requote_ticks);
        let requote_ticks = Rate::from_int(requote_ticks).ok().filter(|ticks| ticks.is_positive());
        Ok(Self {
            unit: UnitSize::new(params.qty, params.notional)?,
            max_units: check_max_units(params.max_units)?,
            half_width: params.width.checked_mul(text("0.5")).unwrap_or(params.width),
            skew: params.skew,
            requote_ticks: requote_ticks.ok_or_else(|| {
                ParamError::value("requote_ticks", params.requote_ticks, "a whole number of at least 1")
            })?,
            retry_ns: params.retry_ms.saturating_mul(1_000_000),
            short: params.short,
            desks: PerInstrument::default(),
        })
    }

    fn quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let (bid, ask) = self.targets(ix, cx).unwrap_or((None, None));
        self.show(ix, Side::Buy, bid, cx);
        self.show(ix, Side::Sell, ask, cx);
    }

    /// What both sides should show; `None` when nothing should be shown at all.
    fn targets(
        &self,
        ix: InstrumentIx,
        cx: &StrategyContext<'_>,
    ) -> Option<(Option<Target>, Option<Target>)> {
        let (bands, mid) = (cx.bands(ix)?, cx.mid(ix)?);
        if mid < bands.lower || mid > bands.upper {
            return None;
        }
        let held = cx.position(ix).qty;
        let (buy_qty, sell_qty) = (self.unit.qty(ix, Side::Buy, cx), self.unit.qty(ix, Side::Sell, cx));
        let most = buy_qty.checked_mul_rate(self.max_units).ok().filter(|most| most.is_positive())?;
        let half = Price::distance(bands.upper, bands.lower).checked_mul_rate(self.half_width).ok()?;
        let half = half.max(cx.instrument(ix).tick);
        let center = self.center(mid, half, held, most)?;

        let bid = bid_price(ix, center.checked_sub(half).unwrap_or(Price::ZERO), bands, cx);
        let ask = ask_price(ix, center.checked_add(half).ok()?, bands, cx);
        let ask = ask.filter(|ask| bid.is_none_or(|bid| bid < *ask));
        let may_buy = held.checked_add(buy_qty).is_ok_and(|after| after <= most);
        let least = if self.short { most.neg() } else { Qty::ZERO };
        let may_sell = held.checked_sub(sell_qty).is_ok_and(|after| after >= least);
        Some((
            bid.filter(|_| may_buy).map(|price| Target { price, qty: buy_qty }),
            ask.filter(|_| may_sell).map(|price| Target { price, qty: sell_qty }),
        ))
    }

    /// The mid, moved against the inventory. Exact, so that no noise of a float costs a tick.
    fn center(&self, mid: Price, half: Price, held: Qty, most: Qty) -> Option<Price> {
        let worth = |qty: Qty| Cash::notional(Price::ONE, qty).ok();
        let load = worth(held.abs())?.ratio(worth(most)?).ok()?.min(Rate::ONE);
        let lean = half.checked_mul_rate(self.skew.checked_mul(load).ok()?).ok()?;
        if held.is_negative() { mid.checked_add(lean).ok() } else { mid.checked_sub(lean).ok() }
    }

    /// Brings a side's order to its target.
    fn show(&mut self, ix: InstrumentIx, side: Side, target: Option<Target>, cx: &mut StrategyContext<'_>) {
        let requote_ticks = self.requote_ticks;
        let slot = self.desks.of(ix).slot(side);
        let working = slot.order.and_then(|id| cx.order(id)).filter(|order| !order.status.is_terminal());
        match (working, target) {
            (None, None) => {}
            (None, Some(target)) => {
                if cx.now() >= slot.quiet_until {
                    let intent = OrderIntent::limit(ix, side, target.qty, target.price).post_only();
                    slot.order = Some(cx.submit(intent));
                }
            }
            (Some(order), None) => {
                if order.status != OrderStatus::PendingCancel {
                    cx.cancel(order.id);
                }
            }
            (Some(order), Some(target)) => {
                let is_settled = matches!(order.status, OrderStatus::Accepted | OrderStatus::PartiallyFilled);
                let threshold = cx.instrument(ix).tick.checked_mul_rate(requote_ticks);
                if is_settled
                    && !is_reached(order, cx.market(ix))
                    && has_moved(order, target.price, threshold.unwrap_or(Price::MAX))
                {
                    cx.replace_price(order.id, target.price);
                }
            }
        }
    }

    fn wait(&mut self, ix: InstrumentIx, side: Side, now: Ts) {
        self.desks.of(ix).slot(side).quiet_until = now.plus_ns(self.retry_ns);
    }
}

/// True when the market has come to the order's price: it is about to be filled, and is left to it.
fn is_reached(order: &Order, market: &Market) -> bool {
    let best = market.opposite(order.terms.side).map(|level| level.price);
    order.terms.price.zip(best).is_some_and(|(limit, best)| order.terms.side.allows(limit, best))
}

fn has_moved(order: &Order, target: Price, threshold: Price) -> bool {
    order.terms.price.is_none_or(|price| Price::distance(price, target) >= threshold)
}

/// The bid's price: within the bands and below the best ask.
fn bid_price(ix: InstrumentIx, wanted: Price, bands: Bands, cx: &StrategyContext<'_>) -> Option<Price> {
    let instrument = cx.instrument(ix);
    let mut price = instrument.price_at_or_below(wanted);
    if price < bands.lower {
        price = instrument.price_at_or_above(bands.lower).ok()?;
    }
    if let Some(best_ask) = cx.ask(ix) {
        let below = best_ask.price.checked_sub(instrument.tick).ok()?;
        price = price.min(instrument.price_at_or_below(below));
    }
    (price >= bands.lower && price.is_positive()).then_some(price)
}

/// The ask's price: within the bands and above the best bid.
fn ask_price(ix: InstrumentIx, wanted: Price, bands: Bands, cx: &StrategyContext<'_>) -> Option<Price> {
    let instrument = cx.instrument(ix);
    let mut price = instrument.price_at_or_above(wanted).ok()?;
    if price > bands.upper {
        price = instrument.price_at_or_below(bands.upper);
    }
    if let Some(best_bid) = cx.bid(ix) {
        let above = best_bid.price.checked_add(instrument.tick).ok()?;
        price = price.max(instrument.price_at_or_above(above).ok()?);
    }
    (price <= bands.upper).then_some(price)
}

impl Strategy for MarketMaker {
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.quote(ix, cx);
    }

    fn on_bar(&mut self, ix: InstrumentIx, _bar: &Bar, _origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        if cx.instrument(ix).quote_source == QuoteSource::Bars {
            self.quote(ix, cx);
        }
    }

    fn on_order(&mut self, update: &OrderUpdate<'_>, cx: &mut StrategyContext<'_>) {
        let (OrderChange::Denied { request, .. } | OrderChange::Rejected { request, .. }) = update.change
        else {
            return;
        };
        // A replacement that came too late, because the order was filled meanwhile, is no refusal.
        if request != RequestOf::New && update.is_over() {
            return;
        }
        self.wait(update.ix, update.order.terms.side, cx.now());
        // Where a quote cannot be replaced it is withdrawn, and quoted anew.
        if request == RequestOf::Replace {
            cx.cancel(update.order.id);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&self.desks)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        self.desks = saved.read()?;
        Ok(())
    }
}

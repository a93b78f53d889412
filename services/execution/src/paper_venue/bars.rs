//! Orders in an instrument of which only bars are known.
//!
//! A bar tells what happened between its open and its close, not in which order, so every doubt is decided
//! against the order. An order takes part in the bars that open at or after its arrival; a bar that was open or
//! closed when it came never fills it. Within a bar market orders come first, at the open and half a spread
//! against them. Then stops that the bar's range reaches, at the stop or, past it, at the open, and half a
//! spread. Then limits, only when the price traded through them, at the limit or, better, at the open: so of a
//! stop and a target in one bar the stop is hit. A stop-limit that is triggered within a bar trades from the
//! next bar on, unless the bar opened beyond its stop. Size is not bounded.

use reprise_core::{Context, InstrumentIx};
use reprise_model::event::{Bar, CancelReason};
use reprise_model::{Instrument, Liquidity, Price, Rate, Side, TimeInForce, Ts};

use super::PaperVenue;
use super::desk::bounded;
use super::shown::Execution;
use super::triggers::reaches;
use super::working::Working;

/// What becomes of an order in a part of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing.
    Stays,
    /// It trades.
    Trades(Price, Liquidity),
    /// It is canceled.
    Ends(CancelReason),
    /// Its stop is reached and its limit stands from the time on.
    Triggered(Ts),
}

/// What a part of a bar does with an order.
type Part = fn(&Working, &Bar, &Costs, Ts) -> Outcome;

/// The parts of a bar, in the order in which they are played.
const PARTS: [Part; 3] = [at_open, by_stop, by_limit];

/// What trading at the open costs.
struct Costs {
    /// What a buyer pays at a reference price.
    half_spread: Rate,
    definition: Instrument,
}

impl Costs {
    /// A price and half a spread against an order of this side, on the instrument's price rule.
    fn against(&self, side: Side, price: Price) -> Price {
        let Ok(half) = price.checked_mul_rate(self.half_spread) else { return price };
        if half.is_zero() {
            return price;
        }
        let worse = match side {
            Side::Buy => price.checked_add(half).and_then(|p| self.definition.price_at_or_above(p)),
            Side::Sell => price.checked_sub(half).map(|p| self.definition.price_at_or_below(p)),
        };
        worse.ok().filter(|price| price.is_positive()).unwrap_or(price)
    }
}

impl PaperVenue {
    /// A bar closed.
    pub(super) fn on_bar(&mut self, ix: InstrumentIx, bar: &Bar, cx: &mut Context<'_>) {
        if self.desks[ix.at()].on_bars.is_empty() {
            return;
        }
        let opened = Ts(cx.now().since(Ts(bar.interval_ns)));
        let costs = Costs {
            half_spread: self.settings.bar_half_spread,
            definition: cx.state().markets.get(ix).definition.clone(),
        };
        for part in PARTS {
            self.play(ix, part, opened, bar, &costs, cx);
        }
        for order in &mut self.desks[ix.at()].on_bars {
            order.is_fresh &= order.since > opened;
        }
    }

    fn play(
        &mut self,
        ix: InstrumentIx,
        part: Part,
        opened: Ts,
        bar: &Bar,
        costs: &Costs,
        cx: &mut Context<'_>,
    ) {
        let desk = &mut self.desks[ix.at()];
        for at in 0..desk.on_bars.len() {
            let order = &desk.on_bars[at];
            let (id, group) = (order.id, order.group);
            if order.is_over || order.since > opened || desk.must_wait(group, id) {
                continue;
            }
            let outcome = part(order, bar, costs, cx.now());
            let bound = self.wire.bound(order, cx);
            let order = &mut desk.on_bars[at];
            match outcome {
                Outcome::Stays => {}
                Outcome::Ends(reason) => self.wire.canceled(order, reason, cx),
                Outcome::Triggered(from) => (order.stop, order.since) = (None, from),
                Outcome::Trades(price, liquidity) => {
                    let qty = bounded(order.leaves(), bound);
                    if qty.is_positive() {
                        self.wire.execute(order, Execution { qty, price }, liquidity, cx);
                        desk.note_executed(group, id);
                    }
                    let order = &mut desk.on_bars[at];
                    if !order.is_over {
                        self.wire.canceled(order, CancelReason::ReduceOnly, cx);
                    }
                }
            }
        }
    }
}

/// Market orders at the open, and limits that must trade at the open or not at all.
fn at_open(order: &Working, bar: &Bar, costs: &Costs, _now: Ts) -> Outcome {
    if order.stop.is_some() || !order.is_fresh {
        return Outcome::Stays;
    }
    let price = costs.against(order.side, bar.open);
    let Some(limit) = order.limit else {
        return Outcome::Trades(price, Liquidity::Taker);
    };
    if order.post_only && order.side.allows(limit, bar.open) {
        return Outcome::Ends(CancelReason::Venue);
    }
    match order.time_in_force {
        TimeInForce::Gtc | TimeInForce::Gtd => Outcome::Stays,
        TimeInForce::Ioc | TimeInForce::Fok if order.side.allows(limit, price) => {
            Outcome::Trades(price, Liquidity::Taker)
        }
        TimeInForce::Ioc => Outcome::Ends(CancelReason::Immediate),
        TimeInForce::Fok => Outcome::Ends(CancelReason::FillOrKill),
    }
}

/// Stops that the bar's range reaches.
fn by_stop(order: &Working, bar: &Bar, costs: &Costs, now: Ts) -> Outcome {
    let Some(stop) = order.stop else { return Outcome::Stays };
    let (extreme, worse) = match order.side {
        Side::Buy => (bar.high, bar.open.max(stop)),
        Side::Sell => (bar.low, bar.open.min(stop)),
    };
    if !reaches(order.side, stop, extreme) {
        return Outcome::Stays;
    }
    if order.limit.is_none() {
        return Outcome::Trades(costs.against(order.side, worse), Liquidity::Taker);
    }
    // Opened beyond the stop, the limit stands for the whole bar.
    Outcome::Triggered(if reaches(order.side, stop, bar.open) { order.since } else { now })
}

/// Limits that the price traded through.
fn by_limit(order: &Working, bar: &Bar, _costs: &Costs, _now: Ts) -> Outcome {
    let (None, Some(limit)) = (order.stop, order.limit) else { return Outcome::Stays };
    let (is_through, price) = match order.side {
        Side::Buy => (bar.low < limit, bar.open.min(limit)),
        Side::Sell => (bar.high > limit, bar.open.max(limit)),
    };
    if !is_through {
        return Outcome::Stays;
    }
    let takes = order.is_fresh && order.side.allows(limit, bar.open) && !order.post_only;
    Outcome::Trades(price, if takes { Liquidity::Taker } else { Liquidity::Maker })
}

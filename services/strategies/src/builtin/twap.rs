//! `twap`: works a large order in equal slices at equal intervals, so that it trades near the time-weighted average
//! price.
//!
//! In each of its instruments it begins with the first price, sends the first slice at once, and the others at
//! equal intervals such that `slices` of them divide `duration_ms`.
//!
//! - Slices are equal, in whole lots; what does not divide goes into the last. There are fewer slices when one
//!   would be less than a lot, or worth less than the minimum notional at the first price.
//! - Slices are market orders, or with `limit_offset` immediate-or-cancel limit orders that pay at most that
//!   fraction more than the best price on the other side (or receive at most that much less).
//! - What a slice did not execute is caught up with the next one; what the last one leaves is left undone.

use reprise_core::{InstrumentIx, RestoreError, Saved};
use reprise_model::event::Bar;
use reprise_model::{Cash, Price, Qty, Rate, Side, Ts};
use serde::{Deserialize, Serialize};

use crate::context::StrategyContext;
use crate::intent::OrderIntent;
use crate::params::{ParamError, text};
use crate::per_instrument::PerInstrument;
use crate::strategy::{BarOrigin, OwnFill, Strategy};

/// The most slices an order can be cut into.
const MOST_SLICES: u32 = 10_000;

crate::params! {
    /// Parameters of `twap`.
    pub struct TwapParams {
        /// Buy or sell.
        pub side: Side = Side::Buy,
        /// How much to trade in each instrument, in base units, exactly as it stands.
        pub total_qty: Option<Qty> = None,
        /// What to trade is worth in quote units when `total_qty` is not set, in whole lots.
        pub total_notional: Cash = text("1000"),
        /// How long the whole order takes, in milliseconds.
        pub duration_ms: u64 = 600_000,
        /// Into how many slices it is cut, 1 to 10000.
        pub slices: u32 = 10,
        /// Pay at most this fraction above the best ask (or receive this much below the best bid); not set: market.
        pub limit_offset: Option<Rate> = None,
    }
}

/// The order in one instrument.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Plan {
    ix: InstrumentIx,
    began: Ts,
    total: Qty,
    slice: Qty,
    count: u32,
    sent: u32,
    executed: Qty,
}

impl Plan {
    /// What should have been sent when so many slices were sent.
    fn scheduled(&self, sent: u32) -> Option<Qty> {
        if sent >= self.count {
            return Some(self.total);
        }
        self.slice.checked_mul_rate(Rate::from_int(i64::from(sent)).ok()?).ok()
    }

    /// When a slice is due, counted from 0.
    fn due(&self, slice: u32, duration_ns: u64) -> Ts {
        let after = u128::from(duration_ns) * u128::from(slice) / u128::from(self.count);
        self.began.plus_ns(u64::try_from(after).unwrap_or(u64::MAX))
    }
}

/// The strategy.
#[derive(Debug)]
pub struct Twap {
    params: TwapParams,
    duration_ns: u64,
    plans: Vec<Plan>,
    has_begun: PerInstrument<bool>,
}

impl Twap {
    pub(crate) const ABOUT: &'static str =
        "Executes one order in equal slices at equal intervals, at market or within a price limit.";

    /// An instance.
    ///
    /// # Errors
    /// When a parameter is out of the range that its meaning gives.
    pub fn new(params: TwapParams) -> Result<Self, ParamError> {
        let above_zero = "a decimal number above 0";
        if let Some(qty) = params.total_qty.filter(|qty| !qty.is_positive()) {
            return Err(ParamError::value("total_qty", qty, above_zero));
        }
        if !params.total_notional.is_positive() {
            return Err(ParamError::value("total_notional", params.total_notional, above_zero));
        }
        if params.slices == 0 || params.slices > MOST_SLICES {
            return Err(ParamError::value("slices", params.slices, "a whole number from 1 to 10000"));
        }
        if let Some(offset) = params.limit_offset.filter(|o| o.is_negative() || *o >= Rate::ONE) {
            return Err(ParamError::value("limit_offset", offset, "a decimal number from 0 to below 1"));
        }
        let duration_ns = params.duration_ms.saturating_mul(1_000_000);
        Ok(Self { params, duration_ns, plans: Vec::new(), has_begun: PerInstrument::default() })
    }

    #[cold]
    fn begin(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let side = self.params.side;
        let least = cx.tradable_qty(ix, side, Cash::ZERO);
        if least.is_zero() {
            return;
        }
        let total = match self.params.total_qty {
            Some(qty) => qty,
            None => cx.tradable_qty(ix, side, self.params.total_notional),
        };
        let lot = cx.instrument(ix).lot;
        let cut = |count: u32| slice_of(total, count, lot).filter(|slice| *slice >= least);
        let (count, slice) = (1..=self.params.slices)
            .rev()
            .find_map(|count| cut(count).map(|slice| (count, slice)))
            .unwrap_or((1, total));
        *self.has_begun.of(ix) = true;
        self.plans.push(Plan { ix, began: cx.now(), total, slice, count, sent: 0, executed: Qty::ZERO });
        self.send(self.plans.len() - 1, cx);
    }

    /// Sends the next slice of a plan and asks to be woken for the one after.
    fn send(&mut self, at: usize, cx: &mut StrategyContext<'_>) {
        let Some(plan) = self.plans.get_mut(at) else { return };
        plan.sent += 1;
        let plan = *plan;
        let qty = behind(&plan, cx).filter(|qty| qty.is_positive());
        if let Some(intent) = qty.and_then(|qty| self.order(plan.ix, qty, cx)) {
            cx.submit(intent.note(format!("slice {} of {}", plan.sent, plan.count)));
        }
        if plan.sent < plan.count {
            cx.wake_at(plan.due(plan.sent, self.duration_ns), at as u64);
        }
    }

    /// The order of a slice; `None` when it must keep within a bound that nothing prices.
    fn order(&self, ix: InstrumentIx, qty: Qty, cx: &StrategyContext<'_>) -> Option<OrderIntent> {
        let side = self.params.side;
        match self.params.limit_offset {
            Some(offset) => Some(OrderIntent::limit(ix, side, qty, bound(ix, side, offset, cx)?).ioc()),
            None => Some(OrderIntent::market(ix, side, qty)),
        }
    }
}

/// What the schedule asks for beyond what was executed and what is still open.
fn behind(plan: &Plan, cx: &StrategyContext<'_>) -> Option<Qty> {
    let mut qty = plan.scheduled(plan.sent)?.checked_sub(plan.executed).ok()?;
    for order in cx.open_orders_in(plan.ix) {
        qty = qty.checked_sub(order.leaves_qty()).ok()?;
    }
    Some(qty)
}

/// The most whole lots of which `count` make no more than the total.
fn slice_of(total: Qty, count: u32, lot: Qty) -> Option<Qty> {
    // The largest q with count × q <= total: what `total` buys at a price of `count`.
    let total = Cash::notional(Price::ONE, total).ok()?;
    Qty::bought_with(total, Price::from_int(i64::from(count)).ok()?, lot).ok()
}

/// The worst price that a slice takes.
fn bound(ix: InstrumentIx, side: Side, offset: Rate, cx: &StrategyContext<'_>) -> Option<Price> {
    let price = cx.reference_price(ix, side)?;
    let allowance = price.checked_mul_rate(offset).ok()?;
    let worst = match side {
        Side::Buy => price.checked_add(allowance).ok()?,
        Side::Sell => price.checked_sub(allowance).ok()?,
    };
    cx.round_price(ix, side, worst)
}

impl Strategy for Twap {
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        if !*self.has_begun.of(ix) {
            self.begin(ix, cx);
        }
    }

    fn on_bar(&mut self, ix: InstrumentIx, _bar: &Bar, _origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        if !*self.has_begun.of(ix) {
            self.begin(ix, cx);
        }
    }

    fn on_timer(&mut self, key: u64, cx: &mut StrategyContext<'_>) {
        if let Ok(at) = usize::try_from(key) {
            self.send(at, cx);
        }
    }

    fn on_fill(&mut self, fill: &OwnFill<'_>, _cx: &mut StrategyContext<'_>) {
        if let Some(plan) = self.plans.iter_mut().find(|plan| plan.ix == fill.ix) {
            plan.executed = plan.executed.checked_add(fill.fill.qty).unwrap_or(plan.executed);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&(&self.plans, &self.has_begun))
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        (self.plans, self.has_begun) = saved.read()?;
        Ok(())
    }
}

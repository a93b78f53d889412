//! The kill switch: where it stands, what it cancels, what it flattens, until nothing is left.
//!
//! It is latched: it only ever gets tighter until an operator releases it and says why; a release without a
//! reason is ignored, and so is a new day. No profit, loss or conversion is computed here, so nothing that
//! cannot be priced can keep it from working.
//!
//! When it trips, every order that was open then is canceled; reduce-only orders stay, as protection, unless
//! `all` was asked for or positions are flattened (a flattened position needs no protection, and what protects
//! it would hold what must be sold). Flattening sends market orders for what each strategy owns less what its
//! open orders could already close, so it can never turn a position, down to what is below a lot or the minimum
//! notional. Cancels that the venue refused and positions that are left are tried again whenever an order
//! ended, and by a timer: after 1 s of event time, then 2, 4, … 64 s while nothing moves.

use reprise_core::{Context, InstrumentIx, Order, State};
use reprise_model::event::{CancelReason, OperatorCommand, RiskState, TimerOwner, TradingState, TrippedBy};
use reprise_model::{
    Cash, InstrumentId, NewOrder, OrderId, OrderOrigin, OrderType, Qty, Refusal, Side, StrategyId,
    TimeInForce,
};
use serde::{Deserialize, Serialize};

use crate::case::left_to_flatten;

/// The service's name, by which its timer finds it.
pub(crate) const NAME: &str = "risk";
/// The key of the timer that tries again.
pub(crate) const RETRY_TIMER: u64 = 1;
const NS_A_SECOND: u64 = 1_000_000_000;
/// After so many doublings the wait stays as it is.
const MOST_DOUBLINGS: u32 = 6;

/// Open orders that are to be canceled.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sweep {
    /// Those that were requested before the order of this number.
    below_n: u32,
    /// Only this order.
    order: Option<OrderId>,
    /// Only in this instrument.
    instrument: Option<InstrumentId>,
    /// Reduce-only orders too.
    protection: bool,
    reason: CancelReason,
}

impl Sweep {
    fn takes(&self, order: &Order) -> bool {
        order.id.n < self.below_n
            && order.terms.origin != OrderOrigin::KillSwitch
            && (self.protection || !order.terms.reduce_only)
            && self.order.is_none_or(|id| id == order.id)
            && self.instrument.is_none_or(|id| id == order.terms.instrument)
    }
}

/// The kill switch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kill {
    /// The tightest that was decided since the last release, also while its line waits in the queue.
    latched: TradingState,
    sweeps: Vec<Sweep>,
    /// The next trip cancels protection too.
    with_protection: bool,
    flatten: bool,
    /// Something moved that flattening waited for.
    flatten_due: bool,
    tries: u32,
    is_timer_wanted: bool,
    is_timer_armed: bool,
    intents: u32,
}

impl Default for Kill {
    fn default() -> Self {
        Self {
            latched: TradingState::Active,
            sweeps: Vec::new(),
            with_protection: false,
            flatten: false,
            flatten_due: false,
            tries: 0,
            is_timer_wanted: false,
            is_timer_armed: false,
            intents: 0,
        }
    }
}

impl Kill {
    /// Where the switch stands, a trip whose line still waits included.
    pub(crate) fn trading(&self, state: &State) -> TradingState {
        self.latched.max(state.trading())
    }

    /// The first input came. A switch that was tripped before a restart goes on with what it had begun: it
    /// cancels what is open. Whether it was to flatten is not known any more; an operator asks again.
    pub(crate) fn begin(&mut self, cx: &mut Context<'_>) {
        if self.trading(cx.state()) != TradingState::Active {
            self.sweep_all(cx);
        }
    }

    /// A rule trips the switch; does nothing when it is as tight already.
    pub(crate) fn trip(&mut self, to: TradingState, rule: &Refusal, flatten: bool, cx: &mut Context<'_>) {
        if to <= self.trading(cx.state()) {
            return;
        }
        self.latched = to;
        let reason = rule.code.meaning().trim().to_owned();
        let rule = Some(rule.clone());
        cx.emit(RiskState { state: to, by: TrippedBy::Rule, rule, reason, flatten });
    }

    /// An operator tightens the switch. Asked for again, it cancels and flattens again.
    pub(crate) fn tighten(&mut self, to: TradingState, command: &OperatorCommand, cx: &mut Context<'_>) {
        self.with_protection |= command.all;
        let now = self.trading(cx.state());
        if to < now {
            return;
        }
        if to == now && (self.flatten || !command.flatten) {
            self.sweep_all(cx);
            return;
        }
        self.latched = to;
        cx.emit(RiskState {
            state: to,
            by: TrippedBy::Operator,
            rule: None,
            reason: command.reason.clone(),
            flatten: command.flatten,
        });
    }

    /// An operator releases the switch, with a reason.
    pub(crate) fn release(&mut self, command: &OperatorCommand, cx: &mut Context<'_>) {
        if command.reason.trim().is_empty() || self.trading(cx.state()) == TradingState::Active {
            return;
        }
        cx.emit(RiskState {
            state: TradingState::Active,
            by: TrippedBy::Operator,
            rule: None,
            reason: command.reason.clone(),
            flatten: false,
        });
    }

    /// An operator cancels what is open, in all or in part.
    pub(crate) fn cancel_all(&mut self, command: &OperatorCommand, cx: &mut Context<'_>) {
        self.sweeps.push(Sweep {
            below_n: cx.state().orders.next_n(),
            order: command.order,
            instrument: command.instrument,
            // Who names an order means it, protection or not.
            protection: command.all || command.flatten || command.order.is_some(),
            reason: CancelReason::Operator,
        });
        self.work(cx);
    }

    /// The switch moved.
    pub(crate) fn on_state(&mut self, line: &RiskState, cx: &mut Context<'_>) {
        self.latched = line.state;
        if line.state == TradingState::Active {
            self.sweeps.retain(|sweep| sweep.reason != CancelReason::KillSwitch);
            (self.flatten, self.flatten_due, self.with_protection) = (false, false, false);
            return;
        }
        self.flatten |= line.flatten;
        self.sweep_all(cx);
    }

    fn sweep_all(&mut self, cx: &mut Context<'_>) {
        let protection = std::mem::take(&mut self.with_protection) || self.flatten;
        self.sweeps.push(Sweep {
            below_n: cx.state().orders.next_n(),
            order: None,
            instrument: None,
            protection,
            reason: CancelReason::KillSwitch,
        });
        self.tries = 0;
        self.work(cx);
    }

    /// An order ended without having been filled whole: what was waited for may have come.
    pub(crate) fn on_ended(&mut self, order: OrderId, state: &State) {
        // The end of the switch's own orders waits for the timer, or one that finds nothing would be answered
        // by the next without end.
        if self.flatten && !is_own(order, state) {
            (self.flatten_due, self.tries) = (true, 0);
        }
    }

    /// An order was filled.
    pub(crate) fn on_filled(&mut self, order: OrderId, state: &State) {
        if self.flatten {
            self.flatten_due |= !is_own(order, state);
            self.tries = 0;
        }
    }

    /// Everything was decided: flatten what has become possible, and see to it that what is left is tried
    /// again.
    pub(crate) fn at_rest(&mut self, cx: &mut Context<'_>) {
        if std::mem::take(&mut self.flatten_due) && self.flatten {
            self.work(cx);
        }
        if !self.is_timer_wanted || cx.is_anything_waiting() {
            return;
        }
        if let Ok(owner) = TimerOwner::new(NAME) {
            let wait_ns = NS_A_SECOND << self.tries.min(MOST_DOUBLINGS);
            cx.arm_timer(owner, RETRY_TIMER, cx.now().plus_ns(wait_ns));
            (self.is_timer_wanted, self.is_timer_armed) = (false, true);
        }
    }

    /// The timer fired.
    pub(crate) fn on_timer(&mut self, cx: &mut Context<'_>) {
        self.is_timer_armed = false;
        self.tries = self.tries.saturating_add(1);
        self.work(cx);
    }

    /// Cancels and flattens what there is, and wants the timer while anything is left.
    fn work(&mut self, cx: &mut Context<'_>) {
        let mut is_anything_left = self.cancel(cx);
        if self.flatten {
            is_anything_left |= self.flatten_positions(cx);
        }
        if is_anything_left && !self.is_timer_armed {
            self.is_timer_wanted = true;
            cx.call_at_rest();
        }
    }

    /// Asks for the cancel of all that is to go; true while any of it is open.
    fn cancel(&mut self, cx: &mut Context<'_>) -> bool {
        let mut cancels = Vec::new();
        self.sweeps.retain(|sweep| {
            let before = cancels.len();
            let taken = cx.state().orders.open().filter(|order| sweep.takes(order));
            cancels.extend(taken.map(|order| (order.id, sweep.reason)));
            cancels.len() > before
        });
        for &(order, reason) in &cancels {
            cx.cancel(order, reason);
        }
        !cancels.is_empty()
    }

    /// Sends market orders for what is owned; true while anything is left that can be sold or bought back.
    fn flatten_positions(&mut self, cx: &mut Context<'_>) -> bool {
        let state = cx.state();
        let mut orders = Vec::new();
        let mut is_anything_left = false;
        for (key, position) in state.positions.iter() {
            if position.qty.is_zero() || is_dust(state, key.ix, position.qty) {
                continue;
            }
            is_anything_left = true;
            match left_to_flatten(state, key.ix, key.strategy, position.qty) {
                Ok(qty) if qty.is_positive() && !is_dust(state, key.ix, qty) => {
                    orders.push((key.ix, key.strategy, position.qty, qty));
                }
                _ => {}
            }
        }
        for (ix, strategy, position, qty) in orders {
            let instrument = cx.state().markets.get(ix).definition.instrument;
            let side = if position.is_negative() { Side::Buy } else { Side::Sell };
            self.intents += 1;
            cx.request(flattening(strategy, instrument, side, qty, self.intents));
        }
        is_anything_left
    }
}

/// True for an order of the switch itself.
fn is_own(order: OrderId, state: &State) -> bool {
    state.orders.get(order).is_some_and(|order| order.terms.origin == OrderOrigin::KillSwitch)
}

/// Less than a lot, or worth less than the venue takes.
fn is_dust(state: &State, ix: InstrumentIx, qty: Qty) -> bool {
    let market = state.markets.get(ix);
    let qty = qty.abs().floor_to(market.definition.lot);
    let worth = market.valuation().and_then(|price| Cash::notional(price, qty).ok());
    qty.is_zero() || worth.is_some_and(|worth| worth < market.definition.min_notional)
}

fn flattening(strategy: StrategyId, instrument: InstrumentId, side: Side, qty: Qty, intent: u32) -> NewOrder {
    NewOrder {
        strategy,
        instrument,
        side,
        order_type: OrderType::Market,
        time_in_force: TimeInForce::Ioc,
        qty,
        price: None,
        stop_price: None,
        expire_ts: None,
        post_only: false,
        reduce_only: true,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::KillSwitch,
        intent,
        note: None,
    }
}

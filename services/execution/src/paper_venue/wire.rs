//! The wire between the engine and the venue: requests and answers take their time, in order for each order.
//!
//! Without latency nothing is armed and everything is stated at once, in the cascade that asked for it.

use std::collections::BTreeMap;

use reprise_core::{Context, InstrumentIx};
use reprise_model::event::{
    CancelReason, Fill, NewTerms, OrderAccepted, OrderCanceled, OrderExpired, OrderFilled,
    OrderPartiallyFilled, OrderRejected, OrderReplaced, TimerOwner,
};
use reprise_model::{
    Cash, FeeAsset, Instrument, Label, Liquidity, MoneyError, NewOrder, OrderId, Price, Qty, Rate, Refusal,
    RequestOf, Side, TimerId, Ts,
};
use serde::{Deserialize, Serialize};

use super::latency::{Latency, Purpose, order_key};
use super::settings::PaperSettings;
use super::shown::Execution;
use super::working::Working;
use crate::amounts::{change_of_position, plus};

/// The name by which the venue's timers find it.
pub(super) const NAME: &str = "paper";

/// What reaches the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    New(OrderId),
    Cancel(OrderId, CancelReason),
    Replace(OrderId, NewTerms),
}

impl Request {
    fn order(self) -> OrderId {
        match self {
            Self::New(order) | Self::Cancel(order, _) | Self::Replace(order, _) => order,
        }
    }
}

/// What the venue says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    Accepted(OrderAccepted),
    Filled(Box<Fill>),
    Canceled(OrderCanceled),
    Replaced(OrderReplaced),
    Rejected(Box<OrderRejected>),
    Expired(OrderExpired),
}

/// What a timer of the venue is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Due {
    /// A request arrives.
    Arrives(Request),
    /// An answer arrives.
    Answer(Answer),
    /// An order expires.
    Expires(OrderId, InstrumentIx),
}

/// Requests under way of one order.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Sent {
    count: u32,
    until: Ts,
}

/// How long things are under way and what fills cost, and what is under way.
#[derive(Debug)]
pub(super) struct Wire {
    entry: Latency,
    response: Latency,
    seed: u64,
    maker_fee: Option<Rate>,
    taker_fee: Option<Rate>,
    owner: TimerOwner,
    pub(super) way: UnderWay,
}

/// What is under way.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct UnderWay {
    due: BTreeMap<TimerId, Due>,
    sent: BTreeMap<OrderId, Sent>,
    /// What executions that the core has not been told of do to the net position, by instrument.
    untold: Vec<Qty>,
    /// True once an order ended.
    has_ended: bool,
}

impl Wire {
    pub(super) fn new(settings: &PaperSettings) -> Self {
        Self {
            entry: settings.entry_latency,
            response: settings.response_latency,
            seed: settings.seed,
            maker_fee: settings.maker_fee,
            taker_fee: settings.taker_fee,
            owner: owner(),
            way: UnderWay::default(),
        }
    }

    /// The key of all draws of an order; 0 while nothing is drawn.
    pub(super) fn draw_key(&self, terms: &NewOrder) -> u64 {
        if self.entry.is_none() && self.response.is_none() { 0 } else { order_key(self.seed, terms) }
    }

    /// Puts a request on its way; returns it when it arrives at once.
    pub(super) fn send(&mut self, request: Request, cx: &mut Context<'_>) -> Option<Request> {
        if self.entry.is_none() {
            return Some(request);
        }
        let order = request.order();
        let key = cx.state().orders.get(order).map_or(0, |known| self.draw_key(&known.terms));
        let now = cx.now();
        let sent = self.way.sent.entry(order).or_default();
        let delay_ns = self.entry.draw_ns(key, Purpose::Entry, sent.count);
        // Requests about one order do not overtake each other.
        sent.until = now.plus_ns(delay_ns).max(sent.until);
        sent.count += 1;
        let arrives = sent.until;
        if arrives <= now {
            return Some(request);
        }
        self.arm(order, Due::Arrives(request), arrives, cx);
        None
    }

    /// Ends an order when its time is over.
    pub(super) fn expire_at(&mut self, order: &Working, expires: Ts, cx: &mut Context<'_>) {
        self.arm(order.id, Due::Expires(order.id, order.ix), expires, cx);
    }

    /// Arms a timer; its key names the order for those who read the journal.
    fn arm(&mut self, order: OrderId, due: Due, at: Ts, cx: &mut Context<'_>) {
        let timer = cx.arm_timer(self.owner, u64::from(order.n), at);
        self.way.due.insert(timer, due);
    }

    /// What a timer that fired was for; `None` for one that was armed before a restart.
    pub(super) fn fired(&mut self, timer: TimerId) -> Option<Due> {
        self.way.due.remove(&timer)
    }

    /// An order is over, and the core knows.
    pub(super) fn forget(&mut self, order: OrderId) {
        if !self.way.sent.is_empty() {
            self.way.sent.remove(&order);
        }
    }

    /// True once after an order ended.
    pub(super) fn take_ended(&mut self) -> bool {
        std::mem::take(&mut self.way.has_ended)
    }

    /// What executions that the core has not been told of do to the net position.
    pub(super) fn untold(&self, ix: InstrumentIx) -> Qty {
        self.way.untold.get(ix.at()).copied().unwrap_or(Qty::ZERO)
    }

    /// The core was told of an execution.
    pub(super) fn told(&mut self, ix: InstrumentIx, change: Qty) {
        self.add_untold(ix, change.neg());
    }

    fn add_untold(&mut self, ix: InstrumentIx, change: Qty) {
        if self.way.untold.len() <= ix.at() {
            self.way.untold.resize(ix.at() + 1, Qty::ZERO);
        }
        let untold = &mut self.way.untold[ix.at()];
        *untold = untold.checked_add(change).unwrap_or(*untold);
    }

    /// The net position as the venue counts it.
    pub(super) fn net(&self, ix: InstrumentIx, cx: &Context<'_>) -> Qty {
        let known = cx.state().positions.net(ix);
        known.checked_add(self.untold(ix)).unwrap_or(known)
    }

    /// How much an order of this side can trade before it grows or turns the net position.
    pub(super) fn reducible(&self, ix: InstrumentIx, side: Side, cx: &Context<'_>) -> Qty {
        let net = self.net(ix, cx);
        match side {
            Side::Buy if net.is_negative() => net.neg(),
            Side::Sell if net.is_positive() => net,
            _ => Qty::ZERO,
        }
    }

    /// The most that a reduce-only order may trade now, in whole lots; `None` for any other order.
    pub(super) fn bound(&self, order: &Working, cx: &Context<'_>) -> Option<Qty> {
        order.reduce_only.then(|| {
            let lot = cx.state().markets.get(order.ix).definition.lot;
            self.reducible(order.ix, order.side, cx).floor_to(lot)
        })
    }

    /// The venue takes the order.
    pub(super) fn accepted(&mut self, order: &mut Working, cx: &mut Context<'_>) {
        let accepted = OrderAccepted { order: order.id, venue_order_id: None, adopted: None };
        self.answer(order, Answer::Accepted(accepted), cx);
    }

    /// The venue refuses a request; a refused order is over.
    pub(super) fn rejected(
        &mut self,
        order: &mut Working,
        request: RequestOf,
        refusal: Refusal,
        cx: &mut Context<'_>,
    ) {
        order.is_over |= request == RequestOf::New;
        let rejected = OrderRejected { order: order.id, request, refusal, reason: None };
        self.answer(order, Answer::Rejected(Box::new(rejected)), cx);
    }

    /// The venue cancels what is left of the order.
    pub(super) fn canceled(&mut self, order: &mut Working, reason: CancelReason, cx: &mut Context<'_>) {
        order.is_over = true;
        let canceled = OrderCanceled { order: order.id, reason, leaves_qty: order.leaves() };
        self.answer(order, Answer::Canceled(canceled), cx);
    }

    /// The order's time ran out.
    pub(super) fn expired(&mut self, order: &mut Working, cx: &mut Context<'_>) {
        order.is_over = true;
        let expired = OrderExpired { order: order.id, leaves_qty: order.leaves() };
        self.answer(order, Answer::Expired(expired), cx);
    }

    /// The order has new terms.
    pub(super) fn replaced(&mut self, order: &mut Working, terms: NewTerms, cx: &mut Context<'_>) {
        self.answer(order, Answer::Replaced(OrderReplaced { order: order.id, terms }), cx);
    }

    /// The venue executes a part of the order. One whose value is beyond what can be counted ends the order.
    pub(super) fn execute(
        &mut self,
        order: &mut Working,
        execution: Execution,
        liquidity: Liquidity,
        cx: &mut Context<'_>,
    ) {
        let definition = &cx.state().markets.get(order.ix).definition;
        let (base, quote) = (definition.base, definition.quote);
        let rate = match liquidity {
            Liquidity::Maker => self.maker_fee.unwrap_or(definition.maker_fee),
            Liquidity::Taker => self.taker_fee.unwrap_or(definition.taker_fee),
        };
        let fee_asset = match definition.fee_asset {
            FeeAsset::BaseOnBuy if order.side == Side::Buy => base,
            _ => quote,
        };
        let Ok(fee) = fee(definition, order.side, execution, rate) else {
            self.canceled(order, CancelReason::Venue, cx);
            return;
        };
        order.cum = plus(order.cum, execution.qty);
        order.executions += 1;
        order.is_over = order.leaves().is_zero();
        let fill = Fill {
            order: order.id,
            exec_id: exec_id(order.id.n, order.executions),
            qty: execution.qty,
            price: execution.price,
            fee,
            fee_asset,
            liquidity,
            cum_qty: order.cum,
            leaves_qty: order.leaves(),
        };
        self.add_untold(order.ix, change_of_position(order.side, &fill, base, quote));
        self.way.has_ended |= order.is_over;
        if self.response.is_none() {
            state_fill(fill, cx);
        } else {
            self.answer(order, Answer::Filled(Box::new(fill)), cx);
        }
    }

    /// Executes a resting order; what a reduce-only order may not trade of it is canceled. True when it traded.
    pub(super) fn execute_resting(
        &mut self,
        order: &mut Working,
        execution: Execution,
        bound: Option<Qty>,
        cx: &mut Context<'_>,
    ) -> bool {
        let executions = order.executions;
        if execution.qty.is_positive() {
            self.execute(order, execution, Liquidity::Maker, cx);
        }
        if !order.is_over && bound.is_some_and(|bound| execution.qty >= bound) {
            self.canceled(order, CancelReason::ReduceOnly, cx);
        }
        order.executions > executions
    }

    fn answer(&mut self, order: &mut Working, answer: Answer, cx: &mut Context<'_>) {
        self.way.has_ended |= order.is_over;
        if self.response.is_none() {
            state(answer, cx);
            return;
        }
        let now = cx.now();
        let delay_ns = self.response.draw_ns(order.draw_key, Purpose::Response, order.answers);
        order.answers += 1;
        order.answered_until = now.plus_ns(delay_ns).max(order.answered_until);
        if order.answered_until <= now {
            state(answer, cx);
        } else {
            self.arm(order.id, Due::Answer(answer), order.answered_until, cx);
        }
    }
}

/// What a fill costs: the rate on its value in quote, or on its quantity where the venue takes base on buys.
fn fee(definition: &Instrument, side: Side, execution: Execution, rate: Rate) -> Result<Cash, MoneyError> {
    let price = match definition.fee_asset {
        FeeAsset::BaseOnBuy if side == Side::Buy => Price::ONE,
        _ => execution.price,
    };
    // The value must be countable too, or the account could not follow.
    Cash::notional(execution.price, execution.qty)?;
    Cash::notional(price, execution.qty)?.checked_mul_rate(rate)
}

/// States what the venue said.
pub(super) fn state(answer: Answer, cx: &mut Context<'_>) {
    match answer {
        Answer::Accepted(accepted) => cx.emit(accepted),
        Answer::Filled(fill) => state_fill(*fill, cx),
        Answer::Canceled(canceled) => cx.emit(canceled),
        Answer::Replaced(replaced) => cx.emit(replaced),
        Answer::Rejected(rejected) => cx.emit(*rejected),
        Answer::Expired(expired) => cx.emit(expired),
    }
}

fn state_fill(fill: Fill, cx: &mut Context<'_>) {
    if fill.leaves_qty.is_zero() {
        cx.emit(OrderFilled { fill });
    } else {
        cx.emit(OrderPartiallyFilled { fill });
    }
}

fn owner() -> TimerOwner {
    #[expect(clippy::expect_used, reason = "a constant that is a valid name")]
    TimerOwner::new(NAME).expect("the venue's name is a valid timer owner")
}

/// `P<order>-<execution>`, unique in the run.
fn exec_id(n: u32, execution: u32) -> Label<39> {
    let mut text = [0; 22];
    let mut at = text.len();
    for (number, before) in [(execution, b'-'), (n, b'P')] {
        let mut rest = number;
        loop {
            at -= 1;
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        at -= 1;
        text[at] = before;
    }
    #[expect(clippy::expect_used, reason = "two numbers, a letter and a dash are always a label")]
    Label::from_bytes(&text[at..]).expect("at most 22 plain characters")
}

//! The paper venue: fills orders by what the market showed, with the delays, fees and refusals of a real one.
//!
//! It is one service of the core, the same in a backtest and with live data. It keeps its own truth about
//! orders (`Working`), because what the engine knows may lag behind: the state changes only when an answer
//! has arrived.
//!
//! Rules, in short. A market order walks the quote and the book beyond it; what is not filled is canceled.
//! Size once taken stays taken until its level changes. A limit order takes what it can and rests behind
//! everything displayed at its price; trades at its price work through that queue, a trade through its price
//! fills it whole, and an opposite quote that reaches its price fills it from the size displayed there, all at
//! its limit. A stop becomes a market or limit order when its trigger is reached. Reduce-only orders are
//! refused when they would grow or turn the account's net position, and are trimmed to it when they trade;
//! what the trimming leaves is canceled. What happens on bars, the module of that
//! name says.

mod bars;
mod checks;
mod desk;
mod latency;
mod liquidation;
mod matching;
mod queue;
mod settings;
mod shown;
mod triggers;
mod wire;
mod working;

use reprise_core::{Context, InstrumentIx, RestoreError, Saved, Service};
use reprise_model::event::{CancelReason, Fill, TimerFired};
use reprise_model::{Code, Input, OrderId, OrderStatus, Outcome, Refusal, RequestOf};

pub use latency::Latency;
pub use settings::{Depth, PaperSettings, QueueModel, TriggerBy};

use crate::amounts::change_of_position;
use desk::Desk;
use shown::Execution;
use wire::{Due, NAME, Request, Wire};
use working::Working;

/// The paper venue.
#[derive(Debug)]
pub struct PaperVenue {
    settings: PaperSettings,
    wire: Wire,
    desks: Vec<Desk>,
    /// A buffer that is used again.
    executions: Vec<Execution>,
    has_begun: bool,
}

impl PaperVenue {
    /// A venue without orders.
    #[must_use]
    pub fn new(settings: PaperSettings) -> Self {
        Self {
            wire: Wire::new(&settings),
            settings,
            desks: Vec::new(),
            executions: Vec::new(),
            has_begun: false,
        }
    }

    fn desk(&mut self, ix: InstrumentIx) -> &mut Desk {
        if self.desks.len() <= ix.at() {
            self.desks.resize_with(ix.at() + 1, Desk::default);
        }
        &mut self.desks[ix.at()]
    }

    /// Takes over the orders that the state holds as open: after a restart the venue's book is rebuilt from
    /// them, each at the end of its queue. What was under way arrives now.
    fn begin(&mut self, cx: &mut Context<'_>) {
        self.has_begun = true;
        let state = cx.state();
        let margined: Vec<InstrumentIx> = state
            .markets
            .iter()
            .filter(|(ix, market)| market.definition.is_perpetual() && !state.positions.net(*ix).is_zero())
            .map(|(ix, _)| ix)
            .collect();
        let orders: Vec<(OrderStatus, Working)> = state
            .orders
            .open()
            .filter(|order| order.status.is_at_venue())
            .filter_map(|order| {
                let ix = state.markets.find(&order.terms.instrument)?;
                let draw_key = self.wire.draw_key(&order.terms);
                Some((order.status, Working::recovered(order, ix, draw_key, state.now())))
            })
            .collect();
        for ix in margined {
            self.desk(ix).is_margined = true;
        }
        for (status, mut order) in orders {
            match status {
                OrderStatus::Submitted => self.arrive(order.id, cx),
                OrderStatus::PendingCancel => self.wire.canceled(&mut order, CancelReason::Venue, cx),
                OrderStatus::PendingReplace => {
                    self.wire.rejected(&mut order, RequestOf::Replace, Refusal::new(Code::NotOpen), cx);
                    self.place(order, cx);
                }
                _ => self.place(order, cx),
            }
        }
    }

    fn carry_out(&mut self, request: Option<Request>, cx: &mut Context<'_>) {
        match request {
            Some(Request::New(order)) => self.arrive(order, cx),
            Some(Request::Cancel(order, reason)) => self.cancel(order, reason, cx),
            Some(Request::Replace(order, terms)) => self.replace(order, &terms, cx),
            None => {}
        }
    }

    fn on_timer(&mut self, fired: &TimerFired, cx: &mut Context<'_>) {
        match self.wire.fired(fired.timer) {
            Some(Due::Arrives(request)) => self.carry_out(Some(request), cx),
            Some(Due::Answer(answer)) => wire::state(answer, cx),
            Some(Due::Expires(order, ix)) => self.expire(order, ix, cx),
            None => {}
        }
    }

    /// The core was told of an execution.
    fn on_fill(&mut self, fill: &Fill, cx: &mut Context<'_>) {
        let state = cx.state();
        let Some(order) = state.orders.get(fill.order) else { return };
        let Some(ix) = state.markets.find(&order.terms.instrument) else { return };
        let definition = &state.markets.get(ix).definition;
        let change = change_of_position(order.terms.side, fill, definition.base, definition.quote);
        let is_perpetual = definition.is_perpetual();
        self.wire.told(ix, change);
        if is_perpetual {
            let is_open = !cx.state().positions.net(ix).is_zero();
            self.desk(ix).is_margined = is_open;
            self.check_margin(ix, cx);
        }
    }

    /// The instrument of an order that the state knows.
    fn place_of(order: OrderId, cx: &Context<'_>) -> Option<InstrumentIx> {
        let order = cx.state().orders.get(order)?;
        cx.state().markets.find(&order.terms.instrument)
    }
}

impl Service for PaperVenue {
    fn name(&self) -> &str {
        NAME
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.has_begun {
            self.begin(cx);
        }
        let Some(tick) = cx.tick() else { return };
        if self.desks.get(tick.ix.at()).is_none_or(Desk::is_idle) {
            return;
        }
        self.on_market(tick.ix, input, cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderSubmitted(e) => {
                let request = self.wire.send(Request::New(e.order), cx);
                self.carry_out(request, cx);
            }
            Outcome::OrderCancelSubmitted(e) => {
                let request = self.wire.send(Request::Cancel(e.order, e.reason), cx);
                self.carry_out(request, cx);
            }
            Outcome::OrderReplaceSubmitted(e) => {
                let request = self.wire.send(Request::Replace(e.order, e.terms), cx);
                self.carry_out(request, cx);
            }
            Outcome::TimerFired(e) if e.owner.as_str() == NAME => self.on_timer(e, cx),
            Outcome::OrderPartiallyFilled(e) => self.on_fill(&e.fill, cx),
            Outcome::OrderFilled(e) => {
                self.wire.forget(e.fill.order);
                self.on_fill(&e.fill, cx);
            }
            Outcome::OrderCanceled(e) => self.wire.forget(e.order),
            Outcome::OrderExpired(e) => self.wire.forget(e.order),
            Outcome::OrderRejected(e) if e.request == RequestOf::New => {
                self.wire.forget(e.order);
            }
            _ => {}
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&(&self.wire.way, &self.desks, self.has_begun))
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        (self.wire.way, self.desks, self.has_begun) = saved.read()?;
        Ok(())
    }
}

//! What happens to orders when they arrive, when their terms change, and when the market moves.

use reprise_core::{Context, InstrumentIx};
use reprise_model::event::{CancelReason, NewTerms, Trade};
use reprise_model::{
    Code, Input, Liquidity, OrderId, OrderType, Price, Qty, Refusal, RequestOf, Side, TimeInForce,
};

use super::desk::{Book, bounded};
use super::queue::QueueRules;
use super::shown::Execution;
use super::working::Working;
use super::{PaperVenue, checks, triggers};
use crate::amounts::{less, plus};

impl PaperVenue {
    /// An order reaches the venue.
    pub(super) fn arrive(&mut self, id: OrderId, cx: &mut Context<'_>) {
        let state = cx.state();
        let Some(order) = state.orders.get_open(id) else { return };
        let Some(ix) = state.markets.find(&order.terms.instrument) else { return };
        let market = state.markets.get(ix);
        let mut working =
            Working::arrived(id, ix, &order.terms, self.wire.draw_key(&order.terms), state.now());
        let mut verdict = checks::admit(&order.terms, market, state.now());
        if verdict.is_ok() && working.reduce_only && self.wire.reducible(ix, working.side, cx).is_zero() {
            verdict = Err(Refusal::measured(Code::ReduceOnly, self.wire.net(ix, cx), working.side));
        }
        if verdict.is_ok() && !checks::trades_on_bars(market) && working.stop.is_none() {
            let opposite = market.opposite(working.side);
            verdict = match (order.terms.order_type, opposite) {
                (OrderType::Market, None) => Err(Refusal::new(Code::NoLiquidity)),
                (_, Some(top)) if crosses_post_only(&working, top.price) => {
                    Err(Refusal::measured(Code::PostOnly, limit_text(&working), top.price))
                }
                _ => Ok(()),
            };
        }
        self.enter(ix, cx);
        match verdict {
            Err(refusal) => self.wire.rejected(&mut working, RequestOf::New, refusal, cx),
            Ok(()) => {
                self.wire.accepted(&mut working, cx);
                self.place(working, cx);
            }
        }
    }

    /// What was executed at an earlier moment is settled by now.
    fn enter(&mut self, ix: InstrumentIx, cx: &Context<'_>) {
        let moment = (cx.state().inputs(), cx.now());
        self.desk(ix).enter(moment);
    }

    /// Puts an order that the venue has taken where it belongs, and executes what can be at once.
    ///
    /// When another member of its group was executed at this very moment the order trades nothing yet: the
    /// engine is about to end or shrink it. One that cannot wait is canceled.
    pub(super) fn place(&mut self, mut order: Working, cx: &mut Context<'_>) {
        let must_wait = self.desk(order.ix).must_wait(order.group, order.id);
        let market = cx.state().markets.get(order.ix);
        if checks::trades_on_bars(market) {
            self.keep(order, Book::OnBars, cx);
        } else if order.stop.is_some_and(|stop| {
            must_wait
                || triggers::watched(market, order.side, self.settings.trigger_by)
                    .is_none_or(|price| !triggers::reaches(order.side, stop, price))
        }) {
            self.keep(order, Book::Stops, cx);
        } else if must_wait && order.can_rest() {
            let book = Book::of(order.side);
            self.keep(order, book, cx);
        } else if must_wait {
            self.wire.canceled(&mut order, CancelReason::Group, cx);
        } else {
            self.activate(order, cx);
        }
    }

    /// Puts an order into one of its desk's lists.
    fn keep(&mut self, mut order: Working, book: Book, cx: &mut Context<'_>) {
        if let Some(expires) = order.expires.filter(|_| !order.has_expiry_timer) {
            order.has_expiry_timer = true;
            self.wire.expire_at(&order, expires, cx);
        }
        let model = self.settings.queue_model;
        let market = cx.state().markets.get(order.ix);
        let desk = self.desk(order.ix);
        match book {
            Book::Bids | Book::Asks => desk.rest(order, market, model),
            Book::Stops | Book::OnBars => desk.list(book).push(order),
        }
    }

    /// Executes what can be executed at once and lets the rest rest, or cancels it.
    fn activate(&mut self, mut order: Working, cx: &mut Context<'_>) {
        order.stop = None;
        let depth = self.settings.depth;
        let bound = self.wire.bound(&order, cx);
        let wanted = bounded(order.leaves(), bound);
        let ix = order.ix;
        self.desk(ix);
        let desk = &mut self.desks[ix.at()];
        let market = cx.state().markets.get(ix);
        if market.opposite(order.side).is_some_and(|top| crosses_post_only(&order, top.price)) {
            self.wire.canceled(&mut order, CancelReason::Venue, cx);
            return;
        }
        if order.time_in_force == TimeInForce::Fok {
            let available = desk.taken.available(market, depth, order.side, order.limit, order.leaves());
            if available.min(wanted) < order.leaves() {
                self.wire.canceled(&mut order, CancelReason::FillOrKill, cx);
                return;
            }
        }
        desk.taken.walk(market, depth, order.side, order.limit, wanted, &mut self.executions);
        let mut executed = Qty::ZERO;
        for &execution in &self.executions {
            if order.is_over {
                return;
            }
            executed = plus(executed, execution.qty);
            self.wire.execute(&mut order, execution, Liquidity::Taker, cx);
            desk.note_executed(order.group, order.id);
        }
        if order.is_over {
            return;
        }
        if bound.is_some_and(|bound| executed >= bound) {
            self.wire.canceled(&mut order, CancelReason::ReduceOnly, cx);
        } else if order.can_rest() {
            let book = Book::of(order.side);
            self.keep(order, book, cx);
        } else {
            self.wire.canceled(&mut order, CancelReason::Immediate, cx);
        }
    }

    /// A cancel reaches the venue. An order that is over stays as it ended; its end is known or on its way.
    pub(super) fn cancel(&mut self, id: OrderId, reason: CancelReason, cx: &mut Context<'_>) {
        let Some(mut order) = self.take_out(id, cx) else { return };
        self.wire.canceled(&mut order, reason, cx);
    }

    /// New terms reach the venue. A new price or a larger quantity costs the order its place in the queue.
    pub(super) fn replace(&mut self, id: OrderId, terms: &NewTerms, cx: &mut Context<'_>) {
        let Some(ix) = Self::place_of(id, cx) else { return };
        self.desk(ix);
        let desk = &mut self.desks[ix.at()];
        let Some((book, at)) = desk.find(id) else { return };
        let order = &mut desk.list(book)[at];
        let market = cx.state().markets.get(ix);
        let mut verdict = checks::admit_terms(order, terms, market);
        if verdict.is_ok() && matches!(book, Book::Bids | Book::Asks) {
            let mut after = order.clone();
            after.take_terms(terms, cx.now());
            if let Some(top) = market.opposite(order.side).filter(|top| crosses_post_only(&after, top.price))
            {
                verdict = Err(Refusal::measured(Code::PostOnly, limit_text(&after), top.price));
            }
        }
        if let Err(refusal) = verdict {
            self.wire.rejected(order, RequestOf::Replace, refusal, cx);
            return;
        }
        let loses_place = order.take_terms(terms, cx.now());
        self.wire.replaced(order, *terms, cx);
        if loses_place {
            let order = desk.list(book).remove(at);
            self.enter(ix, cx);
            self.place(order, cx);
        }
    }

    /// An order's time is over.
    pub(super) fn expire(&mut self, id: OrderId, ix: InstrumentIx, cx: &mut Context<'_>) {
        let desk = self.desk(ix);
        let Some((book, at)) = desk.find(id) else { return };
        let mut order = desk.list(book).remove(at);
        self.wire.expired(&mut order, cx);
    }

    fn take_out(&mut self, id: OrderId, cx: &Context<'_>) -> Option<Working> {
        let ix = Self::place_of(id, cx)?;
        let desk = self.desk(ix);
        let (book, at) = desk.find(id)?;
        Some(desk.list(book).remove(at))
    }

    /// The market moved in an instrument that has orders, or something of whose book is taken.
    pub(super) fn on_market(&mut self, ix: InstrumentIx, input: &Input, cx: &mut Context<'_>) {
        self.enter(ix, cx);
        match input {
            Input::Quote(_) | Input::Book(_) => self.on_levels(ix, input, cx),
            Input::Trade(trade) if !trade.historical => self.on_trade(ix, trade, cx),
            Input::Bar(bar) => self.on_bar(ix, bar, cx),
            _ => {}
        }
        self.trigger_stops(ix, cx);
        if self.wire.take_ended() {
            self.desks[ix.at()].sweep();
        }
        // A perpetual is valued at its mark once it has one; then nothing else moves its margin.
        if self.desks[ix.at()].is_margined
            && (matches!(input, Input::Mark(_)) || cx.state().markets.get(ix).mark.is_none())
        {
            self.check_margin(ix, cx);
        }
    }

    fn queue_rules(&self, ix: InstrumentIx, cx: &Context<'_>) -> QueueRules {
        QueueRules {
            model: self.settings.queue_model,
            window_ns: self.settings.late_trade_window_ns(),
            lot: cx.state().markets.get(ix).definition.lot,
        }
    }

    /// The quote or the book changed.
    fn on_levels(&mut self, ix: InstrumentIx, input: &Input, cx: &mut Context<'_>) {
        let rules = self.queue_rules(ix, cx);
        let desk = &mut self.desks[ix.at()];
        let (market, now) = (cx.state().markets.get(ix), cx.now());
        desk.taken.refresh(market);
        desk.look(market, input, &rules, now);
        for side in [Side::Buy, Side::Sell] {
            self.meet_opposite(ix, side, cx);
        }
    }

    /// Executes the resting orders of a side whose price the opposite quote has reached, at their limit.
    fn meet_opposite(&mut self, ix: InstrumentIx, side: Side, cx: &mut Context<'_>) {
        let desk = &mut self.desks[ix.at()];
        for at in 0..desk.list(Book::of(side)).len() {
            let order = &desk.list(Book::of(side))[at];
            let (id, group, leaves) = (order.id, order.group, order.leaves());
            let bound = self.wire.bound(order, cx);
            let market = cx.state().markets.get(ix);
            let Some(top) = market.opposite(side) else { return };
            let Some(limit) = order.limit.filter(|&limit| side.allows(limit, top.price)) else { return };
            if desk.must_wait(group, id) {
                continue;
            }
            let wanted = bounded(leaves, bound);
            let depth = self.settings.depth;
            desk.taken.walk(market, depth, side, Some(limit), wanted, &mut self.executions);
            let qty = self.executions.iter().fold(Qty::ZERO, |sum, execution| plus(sum, execution.qty));
            let order = &mut desk.list(Book::of(side))[at];
            if self.wire.execute_resting(order, Execution { qty, price: limit }, bound, cx) {
                desk.note_executed(group, id);
            }
        }
    }

    /// Others traded.
    fn on_trade(&mut self, ix: InstrumentIx, trade: &Trade, cx: &mut Context<'_>) {
        // The aggressor's counterpart is who rested.
        let sides = match trade.side {
            Some(Side::Buy) => [Some(Side::Sell), None],
            Some(Side::Sell) => [Some(Side::Buy), None],
            None => [Some(Side::Buy), Some(Side::Sell)],
        };
        for side in sides.into_iter().flatten() {
            self.meet_trade(ix, side, trade, cx);
        }
    }

    /// Executes the resting orders of a side that a trade reached or passed, at their limit.
    fn meet_trade(&mut self, ix: InstrumentIx, side: Side, trade: &Trade, cx: &mut Context<'_>) {
        let rules = self.queue_rules(ix, cx);
        let now = cx.now();
        let desk = &mut self.desks[ix.at()];
        // What our own orders at the price have had of the trade is not there for those behind them.
        let mut own = Qty::ZERO;
        for at in 0..desk.list(Book::of(side)).len() {
            let order = &mut desk.list(Book::of(side))[at];
            let Some(limit) = order.limit.filter(|&limit| side.allows(limit, trade.price)) else { return };
            let (id, group) = (order.id, order.group);
            let reach = if limit == trade.price {
                order.queue.trade(less(trade.qty, own), &rules, now)
            } else {
                order.leaves()
            };
            if desk.must_wait(group, id) {
                continue;
            }
            let order = &mut desk.list(Book::of(side))[at];
            let bound = self.wire.bound(order, cx);
            let qty = bounded(reach.min(order.leaves()), bound);
            if limit == trade.price {
                own = plus(own, qty);
            }
            if self.wire.execute_resting(order, Execution { qty, price: limit }, bound, cx) {
                desk.note_executed(group, id);
            }
        }
    }

    /// Turns the stops whose trigger is reached into market and limit orders, first come first.
    fn trigger_stops(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        let mut at = 0;
        while let Some(order) = self.desks[ix.at()].stops.get(at) {
            let market = cx.state().markets.get(ix);
            let is_reached = order.stop.is_some_and(|stop| {
                triggers::watched(market, order.side, self.settings.trigger_by)
                    .is_some_and(|price| triggers::reaches(order.side, stop, price))
            });
            if is_reached && !self.desks[ix.at()].must_wait(order.group, order.id) {
                let order = self.desks[ix.at()].stops.remove(at);
                self.activate(order, cx);
            } else {
                at += 1;
            }
        }
    }
}

/// True for a post-only order that would take liquidity at a price.
fn crosses_post_only(order: &Working, opposite: Price) -> bool {
    order.post_only && order.limit.is_some_and(|limit| order.side.allows(limit, opposite))
}

fn limit_text(order: &Working) -> String {
    order.limit.map_or_else(String::new, |limit| limit.to_string())
}

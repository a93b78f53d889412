//! What a strategy is handed with each callback: what is known, read-only, and what it can want.

use reprise_core::{
    Bands, InstrumentIx, LastTrade, Market, Order, OrderBook, Position, RestoreError, Saved, View,
};
use reprise_model::event::{Level, NewTerms, TimerOwner, TradingState};
use reprise_model::{
    Asset, Cash, GroupRole, Instrument, InstrumentId, NewOrder, OrderGroup, OrderId, OrderOrigin, Price, Qty,
    QuoteSource, Side, StrategyId, Ts,
};

use crate::intent::{OrderIntent, Size, Wish, Wishes};

/// An instance's place in the engine: who it is, what it trades, what it asked for.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) id: StrategyId,
    pub(crate) owner: TimerOwner,
    /// The instruments it joined, in order of definition.
    pub(crate) joined: Vec<InstrumentIx>,
    /// Orders asked for so far, by instrument.
    intents: Vec<u32>,
    /// Orders asked for that the bus has not taken up yet.
    pub(crate) undecided: Vec<OrderId>,
}

impl Seat {
    pub(crate) fn new(id: StrategyId, owner: TimerOwner) -> Self {
        Self { id, owner, joined: Vec::new(), intents: Vec::new(), undecided: Vec::new() }
    }

    /// Everything but who it is.
    pub(crate) fn save(&self) -> Option<Saved> {
        Saved::of(&(&self.joined, &self.intents, &self.undecided))
    }

    pub(crate) fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        (self.joined, self.intents, self.undecided) = saved.read()?;
        Ok(())
    }

    /// The number of the next order in an instrument: 1 for the first.
    fn next_intent(&mut self, ix: InstrumentIx) -> u32 {
        if self.intents.len() <= ix.at() {
            self.intents.resize(ix.at() + 1, 0);
        }
        self.intents[ix.at()] += 1;
        self.intents[ix.at()]
    }
}

/// What is known now, and the intents.
///
/// Reading shows the state as it was when the callback began; intents of this callback are decided after it
/// returns, in the order in which they were made.
#[derive(Debug)]
pub struct StrategyContext<'a> {
    pub(crate) view: View<'a>,
    pub(crate) seat: &'a mut Seat,
    pub(crate) wishes: &'a mut Wishes,
}

/// What is known.
impl<'a> StrategyContext<'a> {
    /// The time of the event at hand; there is no other clock.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Ts {
        self.view.now()
    }

    /// This instance's id.
    #[must_use]
    pub fn id(&self) -> StrategyId {
        self.seat.id
    }

    /// The instruments that are this instance's, in order of definition.
    #[must_use]
    pub fn instruments(&self) -> &[InstrumentIx] {
        &self.seat.joined
    }

    /// An instrument's place by its id, also of one that is not this instance's; `None` when it is not defined.
    #[must_use]
    pub fn find(&self, id: &InstrumentId) -> Option<InstrumentIx> {
        self.view.state.markets.find(id)
    }

    /// All that is known of an instrument's market.
    #[must_use]
    #[inline]
    pub fn market(&self, ix: InstrumentIx) -> &'a Market {
        self.view.state.markets.get(ix)
    }

    /// An instrument's definition.
    #[must_use]
    #[inline]
    pub fn instrument(&self, ix: InstrumentIx) -> &'a Instrument {
        &self.market(ix).definition
    }

    /// The best bid.
    #[must_use]
    #[inline]
    pub fn bid(&self, ix: InstrumentIx) -> Option<Level> {
        self.market(ix).bid
    }

    /// The best ask.
    #[must_use]
    #[inline]
    pub fn ask(&self, ix: InstrumentIx) -> Option<Level> {
        self.market(ix).ask
    }

    /// The middle of the quote as it stands, `None` when a side is empty or it is crossed; for an instrument
    /// that is known by bars alone, the last close.
    #[must_use]
    #[inline]
    pub fn mid(&self, ix: InstrumentIx) -> Option<Price> {
        let market = self.market(ix);
        match market.definition.quote_source {
            QuoteSource::Bars => market.last_close,
            QuoteSource::Quotes | QuoteSource::Book => market.mid(),
        }
    }

    /// The order book, empty without one.
    #[must_use]
    pub fn book(&self, ix: InstrumentIx) -> &'a OrderBook {
        &self.market(ix).book
    }

    /// The last trade of others.
    #[must_use]
    pub fn last_trade(&self, ix: InstrumentIx) -> Option<LastTrade> {
        self.market(ix).last_trade
    }

    /// A perpetual's mark price.
    #[must_use]
    pub fn mark(&self, ix: InstrumentIx) -> Option<Price> {
        self.market(ix).mark
    }

    /// The risk bands, `None` until they are warm, or without bands in the configuration.
    #[must_use]
    #[inline]
    pub fn bands(&self, ix: InstrumentIx) -> Option<Bands> {
        self.view.board.bands(ix)
    }

    /// This instance's own position.
    #[must_use]
    pub fn position(&self, ix: InstrumentIx) -> Position {
        self.view.state.positions.get(ix, self.seat.id)
    }

    /// The account's net quantity, over all strategies, in base units.
    #[must_use]
    pub fn net_qty(&self, ix: InstrumentIx) -> Qty {
        self.view.state.positions.net(ix)
    }

    /// An own order, while it is open or was not long ago.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&'a Order> {
        self.view.state.orders.get(id).filter(|order| order.terms.strategy == self.seat.id)
    }

    /// The own open orders in an instrument, in the order in which they were asked for.
    pub fn open_orders_in(&self, ix: InstrumentIx) -> impl Iterator<Item = &'a Order> + use<'a> {
        let id = self.seat.id;
        self.view.state.orders.open_in(ix).filter(move |order| order.terms.strategy == id)
    }

    /// All own open orders, in the order in which they were asked for.
    pub fn open_orders(&self) -> impl Iterator<Item = &'a Order> + use<'a> {
        let id = self.seat.id;
        self.view.state.orders.open().filter(move |order| order.terms.strategy == id)
    }

    /// What new orders can use of an asset: the balance less what open orders hold.
    #[must_use]
    pub fn free(&self, asset: Asset) -> Cash {
        self.view.state.account.balance(asset).free().unwrap_or(Cash::ZERO)
    }

    /// What the kill switch lets through.
    #[must_use]
    pub fn trading(&self) -> TradingState {
        self.view.state.trading()
    }

    /// True while an operator has paused the strategies: callbacks go on, and risk denies new orders.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.view.state.is_paused()
    }
}

/// Prices and sizes that follow the instrument's rules.
impl StrategyContext<'_> {
    /// The price a limit order of this side takes: down to the rule for a buy, up for a sell, so that rounding
    /// never makes it dearer. `None` when no such price is above zero.
    #[must_use]
    pub fn round_price(&self, ix: InstrumentIx, side: Side, price: Price) -> Option<Price> {
        let instrument = self.instrument(ix);
        let rounded = match side {
            Side::Buy => instrument.price_at_or_below(price),
            Side::Sell => instrument.price_at_or_above(price).ok()?,
        };
        rounded.is_positive().then_some(rounded)
    }

    /// As [`Self::round_price`], from an estimate. `None` for what is no price.
    #[must_use]
    pub fn limit_price(&self, ix: InstrumentIx, side: Side, estimate: f64) -> Option<Price> {
        let tick = self.instrument(ix).tick;
        let on_tick = match side {
            Side::Buy => Price::from_f64_floor(estimate, tick),
            Side::Sell => Price::from_f64_ceil(estimate, tick),
        };
        self.round_price(ix, side, on_tick.ok()?)
    }

    /// The most whole lots in a quantity, towards zero.
    #[must_use]
    pub fn floor_qty(&self, ix: InstrumentIx, qty: Qty) -> Qty {
        qty.floor_to(self.instrument(ix).lot)
    }

    /// What a market order of this side would trade at: the best price on the other side, else the last that
    /// is known.
    #[must_use]
    pub fn reference_price(&self, ix: InstrumentIx, side: Side) -> Option<Price> {
        let market = self.market(ix);
        let other_side = market.opposite(side).map(|level| level.price);
        other_side.or(market.last_mid).or(market.last_close).or(market.last_trade.map(|trade| trade.price))
    }

    /// A quantity worth about `notional` in quote units that the instrument lets one trade: whole lots, at least
    /// one, and at least the minimum notional. 0 when nothing prices it yet, which risk denies with a number.
    #[must_use]
    pub fn tradable_qty(&self, ix: InstrumentIx, side: Side, notional: Cash) -> Qty {
        let Some(price) = self.reference_price(ix, side) else { return Qty::ZERO };
        let instrument = self.instrument(ix);
        let wanted = notional.max(instrument.min_notional);
        let Ok(mut qty) = Qty::bought_with(wanted, price, instrument.lot) else { return Qty::ZERO };
        let is_enough = |qty: Qty| {
            qty.is_positive()
                && Cash::notional(price, qty).is_ok_and(|worth| worth >= instrument.min_notional)
        };
        // Whole lots fall short of a minimum by less than one lot.
        if !is_enough(qty) {
            qty = qty.checked_add(instrument.lot).unwrap_or(Qty::ZERO);
        }
        qty
    }

    /// A size in base units. A size in quote units that nothing prices becomes 0, which risk denies with a number.
    #[must_use]
    pub fn base_qty(&self, intent: &OrderIntent) -> Qty {
        let amount = match intent.size {
            Size::Base(qty) => return qty,
            Size::Quote(amount) => amount,
        };
        let price =
            intent.price.or(intent.stop_price).or_else(|| self.reference_price(intent.ix, intent.side));
        let lot = self.instrument(intent.ix).lot;
        price.and_then(|price| Qty::bought_with(amount, price, lot).ok()).unwrap_or(Qty::ZERO)
    }
}

/// What a strategy can want.
impl StrategyContext<'_> {
    /// Buys at market.
    pub fn buy(&mut self, ix: InstrumentIx, size: impl Into<Size>) -> OrderId {
        self.submit(OrderIntent::market(ix, Side::Buy, size))
    }

    /// Sells at market.
    pub fn sell(&mut self, ix: InstrumentIx, size: impl Into<Size>) -> OrderId {
        self.submit(OrderIntent::market(ix, Side::Sell, size))
    }

    /// Trades at a limit price or better, good till canceled.
    pub fn limit(&mut self, ix: InstrumentIx, side: Side, size: impl Into<Size>, price: Price) -> OrderId {
        self.submit(OrderIntent::limit(ix, side, size, price))
    }

    /// Trades at market once a price is reached.
    pub fn stop(
        &mut self,
        ix: InstrumentIx,
        side: Side,
        size: impl Into<Size>,
        stop_price: Price,
    ) -> OrderId {
        self.submit(OrderIntent::stop(ix, side, size, stop_price))
    }

    /// Asks for any order. Its id is known at once; whether it goes is for risk to decide.
    pub fn submit(&mut self, intent: OrderIntent) -> OrderId {
        self.request(intent, None)
    }

    /// An entry with both exits: once the entry is filled, the engine places the limit and the stop, and ends one
    /// when the other is filled.
    pub fn bracket(&mut self, entry: OrderIntent, take_profit: Price, stop_loss: Price) -> OrderId {
        self.submit(entry.take_profit(take_profit).stop_loss(stop_loss))
    }

    /// Two orders of which the fill of one cancels the other.
    pub fn oco(&mut self, one: OrderIntent, other: OrderIntent) -> (OrderId, OrderId) {
        let group = Some(OrderGroup { id: self.wishes.upcoming().n, role: GroupRole::Oco });
        (self.request(one, group), self.request(other, group))
    }

    fn request(&mut self, intent: OrderIntent, group: Option<OrderGroup>) -> OrderId {
        let qty = self.base_qty(&intent);
        let terms = NewOrder {
            strategy: self.seat.id,
            instrument: self.instrument(intent.ix).instrument,
            side: intent.side,
            order_type: intent.order_type,
            time_in_force: intent.time_in_force,
            qty,
            price: intent.price,
            stop_price: intent.stop_price,
            expire_ts: intent.expire_ts,
            post_only: intent.post_only,
            reduce_only: intent.reduce_only,
            group,
            take_profit: intent.take_profit,
            stop_loss: intent.stop_loss,
            origin: OrderOrigin::Strategy,
            intent: self.seat.next_intent(intent.ix),
            note: intent.note,
        };
        self.wishes.order(terms)
    }

    /// Asks for new terms of an own open order; what is left out stays as it is. Risk judges them as it judges an
    /// order. Does nothing for an order of somebody else.
    pub fn replace(&mut self, order: OrderId, terms: NewTerms) {
        self.wishes.list.push(Wish::Replace { order, terms });
    }

    /// Asks for another limit price of an own open order.
    pub fn replace_price(&mut self, order: OrderId, price: Price) {
        self.replace(order, NewTerms { qty: None, price: Some(price), stop_price: None });
    }

    /// Cancels an own order. Always allowed; does nothing for one that is over, or that is somebody else's.
    pub fn cancel(&mut self, order: OrderId) {
        self.wishes.list.push(Wish::Cancel { order });
    }

    /// Cancels every own open order.
    pub fn cancel_all(&mut self) {
        self.wishes.list.push(Wish::CancelAll { ix: None });
    }

    /// Cancels every own open order in an instrument.
    pub fn cancel_all_in(&mut self, ix: InstrumentIx) {
        self.wishes.list.push(Wish::CancelAll { ix: Some(ix) });
    }

    /// Asks to be woken at a moment, with a key of the strategy's own; at the next event when that is past.
    pub fn wake_at(&mut self, at: Ts, key: u64) {
        self.wishes.list.push(Wish::Wake { at, key });
    }

    /// Asks to be woken after some nanoseconds, with a key of the strategy's own.
    pub fn wake_after(&mut self, ns: u64, key: u64) {
        self.wake_at(self.now().plus_ns(ns), key);
    }
}

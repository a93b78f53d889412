//! What a strategy can want: orders, cancels, replacements and wake-ups. Nothing here is a fact.

use reprise_core::InstrumentIx;
use reprise_model::event::NewTerms;
use reprise_model::{Cash, NewOrder, OrderId, OrderType, Price, Qty, Side, TimeInForce, Ts};

/// How much to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In base units, as it stands.
    Base(Qty),
    /// In quote units: the most whole lots that so much buys or sells for, at the order's limit or stop price,
    /// else at the best price on the other side.
    Quote(Cash),
}

impl From<Qty> for Size {
    fn from(qty: Qty) -> Self {
        Self::Base(qty)
    }
}

impl From<Cash> for Size {
    fn from(amount: Cash) -> Self {
        Self::Quote(amount)
    }
}

/// An order that a strategy wants; risk decides whether it goes.
///
/// ```
/// use reprise_strategies::{InstrumentIx, OrderIntent, Price, Qty, Side};
///
/// fn rest_at(ix: InstrumentIx, qty: Qty, price: Price) -> OrderIntent {
///     OrderIntent::limit(ix, Side::Buy, qty, price).post_only().note("support")
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderIntent {
    /// What to trade.
    pub ix: InstrumentIx,
    /// Which way.
    pub side: Side,
    /// How much.
    pub size: Size,
    /// How it finds its price.
    pub order_type: OrderType,
    /// How long it stays in force.
    pub time_in_force: TimeInForce,
    /// The limit price.
    pub price: Option<Price>,
    /// The trigger of a stop.
    pub stop_price: Option<Price>,
    /// When a good-till-date order expires.
    pub expire_ts: Option<Ts>,
    /// Refuse rather than take liquidity.
    pub post_only: bool,
    /// Refuse rather than grow or turn the position.
    pub reduce_only: bool,
    /// Once filled, the engine places this limit exit beside the stop.
    pub take_profit: Option<Price>,
    /// Once filled, the engine places this stop exit beside the limit.
    pub stop_loss: Option<Price>,
    /// The signal, in the strategy's words; the journal keeps it.
    pub note: Option<String>,
}

impl OrderIntent {
    fn new(ix: InstrumentIx, side: Side, size: Size, order_type: OrderType) -> Self {
        Self {
            ix,
            side,
            size,
            order_type,
            time_in_force: TimeInForce::Gtc,
            price: None,
            stop_price: None,
            expire_ts: None,
            post_only: false,
            reduce_only: false,
            take_profit: None,
            stop_loss: None,
            note: None,
        }
    }

    /// At what the market offers, at once; what is not filled is canceled.
    #[must_use]
    pub fn market(ix: InstrumentIx, side: Side, size: impl Into<Size>) -> Self {
        Self { time_in_force: TimeInForce::Ioc, ..Self::new(ix, side, size.into(), OrderType::Market) }
    }

    /// At the limit price or better, good till canceled.
    #[must_use]
    pub fn limit(ix: InstrumentIx, side: Side, size: impl Into<Size>, price: Price) -> Self {
        Self { price: Some(price), ..Self::new(ix, side, size.into(), OrderType::Limit) }
    }

    /// A market order once the stop price is reached.
    #[must_use]
    pub fn stop(ix: InstrumentIx, side: Side, size: impl Into<Size>, stop_price: Price) -> Self {
        Self { stop_price: Some(stop_price), ..Self::new(ix, side, size.into(), OrderType::Stop) }
    }

    /// A limit order once the stop price is reached.
    #[must_use]
    pub fn stop_limit(
        ix: InstrumentIx,
        side: Side,
        size: impl Into<Size>,
        stop_price: Price,
        price: Price,
    ) -> Self {
        let intent = Self::new(ix, side, size.into(), OrderType::StopLimit);
        Self { stop_price: Some(stop_price), price: Some(price), ..intent }
    }

    /// Immediate or cancel.
    #[must_use]
    pub fn ioc(self) -> Self {
        Self { time_in_force: TimeInForce::Ioc, ..self }
    }

    /// Fill or kill: all at once or nothing.
    #[must_use]
    pub fn fok(self) -> Self {
        Self { time_in_force: TimeInForce::Fok, ..self }
    }

    /// Good till a moment.
    #[must_use]
    pub fn good_till(self, ts: Ts) -> Self {
        Self { time_in_force: TimeInForce::Gtd, expire_ts: Some(ts), ..self }
    }

    /// Refuse rather than take liquidity.
    #[must_use]
    pub fn post_only(self) -> Self {
        Self { post_only: true, ..self }
    }

    /// Refuse rather than grow or turn the position.
    #[must_use]
    pub fn reduce_only(self) -> Self {
        Self { reduce_only: true, ..self }
    }

    /// Once filled, take the profit here.
    #[must_use]
    pub fn take_profit(self, price: Price) -> Self {
        Self { take_profit: Some(price), ..self }
    }

    /// Once filled, stop the loss here.
    #[must_use]
    pub fn stop_loss(self, price: Price) -> Self {
        Self { stop_loss: Some(price), ..self }
    }

    /// The signal, in the strategy's words.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }
}

/// An intent on its way to the bus.
#[derive(Debug)]
pub(crate) enum Wish {
    Order { id: OrderId, terms: Box<NewOrder> },
    Replace { order: OrderId, terms: NewTerms },
    Cancel { order: OrderId },
    CancelAll { ix: Option<InstrumentIx> },
    Wake { at: Ts, key: u64 },
}

/// What a strategy wanted during one callback, in order; the buffer is used again.
#[derive(Debug)]
pub(crate) struct Wishes {
    pub(crate) list: Vec<Wish>,
    next: OrderId,
}

impl Wishes {
    pub(crate) fn new() -> Self {
        Self { list: Vec::new(), next: OrderId { epoch: 0, n: 0 } }
    }

    /// Begins a callback; `next` is the id that the next order will get.
    #[inline]
    pub(crate) fn begin(&mut self, next: OrderId) {
        self.next = next;
    }

    pub(crate) fn upcoming(&self) -> OrderId {
        self.next
    }

    pub(crate) fn order(&mut self, terms: NewOrder) -> OrderId {
        let id = self.next;
        self.next.n += 1;
        self.list.push(Wish::Order { id, terms: Box::new(terms) });
        id
    }
}

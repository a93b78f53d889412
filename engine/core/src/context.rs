//! What a service sees and what it can propose.

use std::collections::VecDeque;

use reprise_model::event::{
    AccountChanged, AlertRaised, CancelReason, NewTerms, OrderAccepted, OrderCanceled, OrderExpired,
    OrderFilled, OrderPartiallyFilled, OrderRejected, OrderReplaced, OrderUnknown, PositionChanged,
    RiskBands, RiskBreach, RiskState, TimerOwner,
};
use reprise_model::{MoneyError, NewOrder, OrderId, Outcome, Seq, TimerId, Ts};

use crate::board::{Bands, Board};
use crate::market::{InstrumentIx, Tick};
use crate::state::State;

/// Read-only: the state, the board, and what the input at hand did to the market view.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The state as it is now.
    pub state: &'a State,
    /// The estimates as they are now.
    pub board: &'a Board,
    /// What the input at hand is about; `None` for one about no instrument, and while a timer fires.
    pub tick: Option<Tick>,
}

impl View<'_> {
    /// The time of the event at hand.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Ts {
        self.state.now()
    }
}

/// Something a service may state as a fact. Orders that leave are not among them: they need the gate.
#[derive(Debug)]
pub struct Statement(pub(crate) Outcome);

macro_rules! statements {
    ($($ty:ident),*) => { $(
        impl From<$ty> for Statement {
            fn from(event: $ty) -> Self {
                Self(Outcome::from(event))
            }
        }
    )* };
}
statements!(
    OrderAccepted,
    OrderPartiallyFilled,
    OrderFilled,
    OrderCanceled,
    OrderReplaced,
    OrderRejected,
    OrderExpired,
    OrderUnknown,
    RiskBands,
    RiskState,
    RiskBreach,
    PositionChanged,
    AccountChanged
);

impl From<AlertRaised> for Statement {
    fn from(event: AlertRaised) -> Self {
        Self(Box::new(event).into())
    }
}

/// What waits in the queue until the bus decides it.
#[derive(Debug)]
pub(crate) enum Proposed {
    Order { id: OrderId, terms: Box<NewOrder> },
    Adopted { id: OrderId, terms: Box<NewOrder> },
    Replace { order: OrderId, terms: NewTerms },
    Cancel { order: OrderId, reason: CancelReason },
    Timer { id: TimerId, owner: TimerOwner, key: u64, due: Ts },
    Statement(Outcome),
    Halt(MoneyError),
}

/// Proposals in the order in which they were made, each with the event that caused it.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<(Seq, Proposed)>,
    orders: u32,
    timers: u64,
    rest_wanted: bool,
}

impl Queue {
    pub(crate) fn pop(&mut self) -> Option<(Seq, Proposed)> {
        let next = self.waiting.pop_front()?;
        match next.1 {
            Proposed::Order { .. } | Proposed::Adopted { .. } => self.orders -= 1,
            Proposed::Timer { .. } => self.timers -= 1,
            _ => {}
        }
        Some(next)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn want_rest(&mut self) {
        self.rest_wanted = true;
    }

    /// True once after a service asked to be called at rest.
    pub(crate) fn take_rest_wanted(&mut self) -> bool {
        std::mem::take(&mut self.rest_wanted)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a service is handed with each event.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) state: &'a State,
    pub(crate) board: &'a mut Board,
    pub(crate) queue: &'a mut Queue,
    pub(crate) cause: Seq,
    pub(crate) tick: Option<Tick>,
}

impl Context<'_> {
    /// The state as it is now.
    #[must_use]
    #[inline]
    pub fn state(&self) -> &State {
        self.state
    }

    /// Everything that can be read.
    #[must_use]
    #[inline]
    pub fn view(&self) -> View<'_> {
        View { state: self.state, board: self.board, tick: self.tick }
    }

    /// The time of the event at hand.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Ts {
        self.state.now()
    }

    /// What the input at hand is about; `None` for one about no instrument, and while a timer fires.
    #[must_use]
    #[inline]
    pub fn tick(&self) -> Option<Tick> {
        self.tick
    }

    /// Sequence number of the event at hand.
    #[must_use]
    pub fn cause(&self) -> Seq {
        self.cause
    }

    /// Asks for an order. Risk judges it as soon as its turn comes; its id is known at once.
    pub fn request(&mut self, terms: NewOrder) -> OrderId {
        let id = self.next_order_id();
        self.propose(Proposed::Order { id, terms: Box::new(terms) });
        id
    }

    /// States that the venue works an order that nobody here asked for (a liquidation, an order by the
    /// account's owner). It becomes known as `order.accepted` with its terms, and its fills are accounted.
    pub fn adopt(&mut self, terms: NewOrder) -> OrderId {
        let id = self.next_order_id();
        self.propose(Proposed::Adopted { id, terms: Box::new(terms) });
        id
    }

    /// The id that the next order asked for here gets, so that an order can name the group it opens.
    #[must_use]
    #[inline]
    pub fn upcoming_order(&self) -> OrderId {
        let n = self.state.orders.next_n() + self.queue.orders;
        OrderId { epoch: self.state.settings().epoch, n }
    }

    fn next_order_id(&mut self) -> OrderId {
        let id = self.upcoming_order();
        self.queue.orders += 1;
        id
    }

    /// Asks for new terms of an open order; risk judges them as it judges an order.
    pub fn replace(&mut self, order: OrderId, terms: NewTerms) {
        self.propose(Proposed::Replace { order, terms });
    }

    /// Cancels an order. Always allowed; does nothing to an order that is over or whose cancel is on its way.
    pub fn cancel(&mut self, order: OrderId, reason: CancelReason) {
        self.propose(Proposed::Cancel { order, reason });
    }

    /// Arms a timer: `owner` is woken at `due`, or at the next event when that is past.
    pub fn arm_timer(&mut self, owner: TimerOwner, key: u64, due: Ts) -> TimerId {
        let id = TimerId(self.state.timers.next_id().0 + self.queue.timers);
        self.queue.timers += 1;
        self.propose(Proposed::Timer { id, owner, key, due });
        id
    }

    /// Asks for [`crate::Service::at_rest`] after this event, even if it leads to nothing else.
    pub fn call_at_rest(&mut self) {
        self.queue.want_rest();
    }

    /// True while something that was proposed has not been decided.
    #[must_use]
    pub fn is_anything_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// States a fact.
    pub fn emit(&mut self, statement: impl Into<Statement>) {
        self.propose(Proposed::Statement(statement.into().0));
    }

    /// An amount that must be right left its range: the engine halts rather than go on without it.
    pub fn halt(&mut self, error: MoneyError) {
        self.propose(Proposed::Halt(error));
    }

    /// Shows an instrument's bands to the services that come later.
    #[inline]
    pub fn set_bands(&mut self, ix: InstrumentIx, bands: Option<Bands>) {
        self.board.set_bands(ix, bands);
    }

    fn propose(&mut self, proposed: Proposed) {
        self.queue.waiting.push_back((self.cause, proposed));
    }
}

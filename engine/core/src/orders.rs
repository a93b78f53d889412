//! Orders: what was asked for, where each stands, and how much the open ones could still do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{Fill, Hold, NewTerms};
use reprise_model::life::{self, ImpossibleStep, OrderStep};
use reprise_model::{Cash, MoneyError, NewOrder, OrderId, OrderStatus, Qty, Side, Ts};
use serde::{Deserialize, Serialize};

use crate::market::InstrumentIx;

/// How many orders that are over stay in the state, so that a fill that comes late still finds its order.
const TERMINAL_ORDERS_KEPT: usize = 128;

/// How many denied orders stay. They never left, so no fill can come for them, and they must not push out those
/// that did; they stay for the services that are told of the denial.
const DENIED_ORDERS_KEPT: usize = 16;

reprise_model::object! {
    /// An order and where it stands.
    pub struct Order {
        /// Its id.
        pub id: OrderId,
        /// Its terms as they are now.
        pub terms: NewOrder,
        /// Where it stands.
        pub status: OrderStatus,
        /// Executed so far, in base units.
        pub cum_qty: Qty,
        /// What was paid or received for that, in quote units, never negative.
        pub cum_notional: Cash,
        /// What it takes out of the free balance while all of `hold_qty` is open.
        pub hold: Hold,
        /// The open quantity that `hold` covers.
        pub hold_qty: Qty,
        /// Terms that are on their way to the venue.
        pub pending: Option<NewTerms>,
        /// What it takes out of the free balance under those terms.
        pub pending_hold: Option<Hold>,
        /// When it was requested.
        pub requested_at: Ts,
    }
}

impl Order {
    /// Still open under the terms as they are, in base units; never negative.
    #[must_use]
    pub fn leaves_qty(&self) -> Qty {
        self.terms.qty.checked_sub(self.cum_qty).unwrap_or(Qty::ZERO).max(Qty::ZERO)
    }

    /// The most that could still be filled, under the terms as they are or as they are about to be.
    #[must_use]
    pub fn worst_leaves_qty(&self) -> Qty {
        let wanted = self.pending.and_then(|p| p.qty).unwrap_or(self.terms.qty).max(self.terms.qty);
        wanted.checked_sub(self.cum_qty).unwrap_or(Qty::ZERO).max(Qty::ZERO)
    }

    /// What the order still takes out of the free balance, under the dearer of the terms it may have.
    ///
    /// # Errors
    /// When the amount leaves the range of exact numbers.
    pub fn held(&self) -> Result<Cash, MoneyError> {
        if self.status.is_terminal() || self.hold_qty.is_zero() {
            return Ok(Cash::ZERO);
        }
        let now = self.hold.amount.prorate(self.leaves_qty().min(self.hold_qty), self.hold_qty)?;
        Ok(self.pending_hold.map_or(now, |hold| hold.amount.max(now)))
    }

    /// Takes new terms that the venue has taken.
    pub(crate) fn take_terms(&mut self, new: &NewTerms) {
        self.terms = self.terms_with(new);
        if let Some(hold) = self.pending_hold.take() {
            (self.hold, self.hold_qty) = (hold, self.leaves_qty());
        }
        self.pending = None;
    }

    /// The order's terms with others laid over them.
    #[must_use]
    pub fn terms_with(&self, new: &NewTerms) -> NewOrder {
        let mut terms = self.terms.clone();
        terms.qty = new.qty.unwrap_or(terms.qty);
        terms.price = new.price.or(terms.price);
        terms.stop_price = new.stop_price.or(terms.stop_price);
        terms
    }
}

/// How much the open orders of an instrument could still do; reduce-only orders are not in the quantities,
/// because they cannot grow a position. An order that risk is judging is open, so it is counted already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTotals {
    /// Open quantity of buys, in base units.
    pub buy_qty: Qty,
    /// Open quantity of sells, in base units.
    pub sell_qty: Qty,
    /// Open orders, reduce-only ones included.
    pub count: u32,
    /// Of them, those that are reduce-only.
    pub reduce_only_count: u32,
}

impl OpenTotals {
    /// Open quantity of a side.
    #[must_use]
    pub fn qty(&self, side: Side) -> Qty {
        match side {
            Side::Buy => self.buy_qty,
            Side::Sell => self.sell_qty,
        }
    }

    fn moved(mut self, before: Counted, after: Counted) -> Result<Self, MoneyError> {
        self.count = self.count + after.count - before.count;
        self.reduce_only_count = self.reduce_only_count + after.reduce_only_count - before.reduce_only_count;
        for (counted, sign) in [(before, Qty::neg as fn(Qty) -> Qty), (after, |qty| qty)] {
            let total = match counted.side {
                Side::Buy => &mut self.buy_qty,
                Side::Sell => &mut self.sell_qty,
            };
            *total = total.checked_add(sign(counted.qty))?;
        }
        Ok(self)
    }
}

/// What one order adds to the totals of its instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    count: u32,
    reduce_only_count: u32,
    side: Side,
    qty: Qty,
}

impl Counted {
    const NOTHING: Self = Self { count: 0, reduce_only_count: 0, side: Side::Buy, qty: Qty::ZERO };

    fn of(order: &Order) -> Self {
        if order.status.is_terminal() {
            return Self::NOTHING;
        }
        let qty = if order.terms.reduce_only { Qty::ZERO } else { order.worst_leaves_qty() };
        let reduce_only_count = u32::from(order.terms.reduce_only);
        Self { count: 1, reduce_only_count, side: order.terms.side, qty }
    }
}

/// All open orders, and the last of those that are over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Boxed, because the tree moves its values about as orders come and go.
    orders: BTreeMap<u32, Box<Order>>,
    places: BTreeMap<u32, InstrumentIx>,
    open: Vec<BTreeSet<u32>>,
    over: VecDeque<u32>,
    denied: VecDeque<u32>,
    totals: Vec<OpenTotals>,
    open_count: u32,
    last_n: u32,
}

impl Orders {
    /// The number the next order gets.
    #[must_use]
    pub fn next_n(&self) -> u32 {
        self.last_n + 1
    }

    /// An order, while it is open or was not long ago.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id.n).map(Box::as_ref)
    }

    /// An open order.
    #[must_use]
    pub fn get_open(&self, id: OrderId) -> Option<&Order> {
        self.get(id).filter(|order| !order.status.is_terminal())
    }

    /// Every open order, in the order of their numbers.
    pub fn open(&self) -> impl Iterator<Item = &Order> {
        self.orders.values().map(Box::as_ref).filter(|order| !order.status.is_terminal())
    }

    /// The open orders of an instrument, in the order of their numbers.
    pub fn open_in(&self, ix: InstrumentIx) -> impl Iterator<Item = &Order> {
        self.open.get(ix.at()).into_iter().flatten().filter_map(|n| self.orders.get(n).map(Box::as_ref))
    }

    /// How much the open orders of an instrument could still do.
    #[must_use]
    pub fn totals(&self, ix: InstrumentIx) -> OpenTotals {
        self.totals.get(ix.at()).copied().unwrap_or_default()
    }

    /// Open orders in all instruments.
    #[must_use]
    pub fn open_count(&self) -> u32 {
        self.open_count
    }

    /// Takes a new order in. Where it trades is `None` when that is not known; then, and when its quantity is
    /// beyond what can be counted, it stands nowhere and can only be refused: see [`Self::is_placed`].
    pub(crate) fn insert(&mut self, ix: Option<InstrumentIx>, order: Order) -> Result<(), OrderError> {
        let n = order.id.n;
        if n <= self.last_n {
            return Err(OrderError::Repeated(order.id));
        }
        self.last_n = n;
        if let Some(ix) = ix {
            if self.open.len() <= ix.at() {
                self.open.resize_with(ix.at() + 1, BTreeSet::new);
                self.totals.resize(ix.at() + 1, OpenTotals::default());
            }
            if self.count(ix, Counted::NOTHING, Counted::of(&order)).is_ok() {
                self.open[ix.at()].insert(n);
                self.places.insert(n, ix);
            }
        }
        self.orders.insert(n, Box::new(order));
        Ok(())
    }

    /// True when the order counts among those of its instrument.
    pub(crate) fn is_placed(&self, id: OrderId) -> bool {
        self.places.contains_key(&id.n)
    }

    /// True when the order with these terms could still be counted.
    pub(crate) fn can_count(&self, order: &Order, terms: &NewTerms) -> bool {
        let asked = Order { pending: Some(*terms), ..order.clone() };
        self.places
            .get(&order.id.n)
            .is_some_and(|ix| self.totals[ix.at()].moved(Counted::of(order), Counted::of(&asked)).is_ok())
    }

    /// Changes an order, and everything that is counted from it.
    pub(crate) fn change(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut Order) -> Result<(), OrderError>,
    ) -> Result<(), OrderError> {
        let order = self.orders.get_mut(&id.n).ok_or(OrderError::NotFound(id))?;
        let before = Counted::of(order);
        let was_open = !order.status.is_terminal();
        change(order)?;
        let after = Counted::of(order);
        let (is_open, is_denied) = (!order.status.is_terminal(), order.status == OrderStatus::Denied);
        if let Some(&ix) = self.places.get(&id.n) {
            self.count(ix, before, after)?;
            if !is_open {
                self.open[ix.at()].remove(&id.n);
            }
        }
        if was_open && !is_open {
            self.retire(id.n, is_denied);
        }
        Ok(())
    }

    /// Keeps an order that is over for a while, and drops the oldest of its sort.
    fn retire(&mut self, n: u32, is_denied: bool) {
        let (over, kept) = if is_denied {
            (&mut self.denied, DENIED_ORDERS_KEPT)
        } else {
            (&mut self.over, TERMINAL_ORDERS_KEPT)
        };
        over.push_back(n);
        if over.len() > kept
            && let Some(oldest) = over.pop_front()
        {
            self.orders.remove(&oldest);
            self.places.remove(&oldest);
        }
    }

    fn count(&mut self, ix: InstrumentIx, before: Counted, after: Counted) -> Result<(), MoneyError> {
        if before == after {
            return Ok(());
        }
        let totals = &mut self.totals[ix.at()];
        *totals = totals.moved(before, after)?;
        self.open_count = self.open_count + after.count - before.count;
        Ok(())
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.open();
        w.key("\"last_n\":");
        self.last_n.write(w);
        w.key("\"orders\":");
        w.raw(b"[");
        for (at, order) in self.orders.values().enumerate() {
            if at > 0 {
                w.raw(b",");
            }
            order.write(w);
        }
        w.raw(b"]");
        for (key, numbers) in [("\"over\":", &self.over), ("\"denied\":", &self.denied)] {
            w.key(key);
            numbers.iter().copied().collect::<Vec<u32>>().write(w);
        }
        w.close();
    }
}

/// Why an outcome cannot be applied to an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// No such order.
    #[error("order {0} is not known, or was over too long ago")]
    NotFound(OrderId),
    /// A new order has the number of an earlier one.
    #[error("order {0} is new and its number is not: each order has the number after the last")]
    Repeated(OrderId),
    /// It cannot leave: its instrument is not defined, or its quantity is beyond what can be counted.
    #[error(
        "order {0} cannot be submitted: its instrument is not defined, or its quantity is too large to count"
    )]
    NotPlaced(OrderId),
    /// It leaves with other terms than those that were requested and judged.
    #[error("order {0} is submitted with other terms than it was requested with")]
    OtherTerms(OrderId),
    /// A fill of nothing, or of less.
    #[error("order {id}: a fill of {qty} executes nothing")]
    EmptyFill {
        /// Which order.
        id: OrderId,
        /// What the fill says was executed.
        qty: Qty,
    },
    /// The step cannot happen to it.
    #[error("order {id}: {source}")]
    Impossible {
        /// Which order.
        id: OrderId,
        /// The step.
        source: ImpossibleStep,
    },
    /// A fill says that more or less was executed than the order's own count.
    #[error("order {id}: a fill says {said} was executed in all, the order counts {counted}")]
    Miscounted {
        /// Which order.
        id: OrderId,
        /// What the fill says.
        said: Qty,
        /// What the order counts.
        counted: Qty,
    },
    /// A number left its range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Moves an order one step on.
pub(crate) fn advance(order: &mut Order, step: OrderStep) -> Result<(), OrderError> {
    let filled = order.cum_qty.is_positive();
    order.status = life::next(order.status, filled, step)
        .map_err(|source| OrderError::Impossible { id: order.id, source })?;
    Ok(())
}

/// Counts an execution.
pub(crate) fn count_fill(order: &mut Order, fill: &Fill) -> Result<(), OrderError> {
    if !fill.qty.is_positive() {
        return Err(OrderError::EmptyFill { id: order.id, qty: fill.qty });
    }
    let counted = order.cum_qty.checked_add(fill.qty)?;
    if counted != fill.cum_qty {
        return Err(OrderError::Miscounted { id: order.id, said: fill.cum_qty, counted });
    }
    order.cum_notional = order.cum_notional.checked_add(Cash::notional(fill.price, fill.qty)?)?;
    order.cum_qty = counted;
    Ok(())
}

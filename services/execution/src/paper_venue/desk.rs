//! The venue's side of one instrument: its orders, and what they have taken.

use reprise_core::Market;
use reprise_model::event::BookAction;
use reprise_model::{Input, OrderId, Price, Qty, Side, Ts};
use serde::{Deserialize, Serialize};

use super::queue::{Queue, QueueRules};
use super::settings::QueueModel;
use super::shown::{Taken, displayed, is_better};
use super::working::Working;
use reprise_model::GroupKey;

/// The orders of one instrument.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Desk {
    /// Resting buys, best price first, then first come.
    pub(super) bids: Vec<Working>,
    /// Resting sells, best price first, then first come.
    pub(super) asks: Vec<Working>,
    /// Stops that have not been triggered, first come.
    pub(super) stops: Vec<Working>,
    /// Orders in an instrument that has only bars, first come.
    pub(super) on_bars: Vec<Working>,
    /// What our own orders took from what is displayed.
    pub(super) taken: Taken,
    /// Groups of which a member was executed at the moment at hand, with that member.
    ///
    /// Their other members wait: the engine ends or shrinks them before the next event.
    executed_groups: Vec<(GroupKey, OrderId)>,
    moment: Moment,
    /// The best bid and ask when the resting orders last looked at their queues.
    tops: [Option<Price>; 2],
    /// True while a margined position is open.
    pub(super) is_margined: bool,
}

/// One event and all it leads to: how many inputs there were, and the time.
pub(super) type Moment = (u64, Ts);

/// Which of a desk's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Book {
    Bids,
    Asks,
    Stops,
    OnBars,
}

impl Book {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Bids, Self::Asks, Self::Stops, Self::OnBars];

    /// Where orders of a side rest.
    pub(super) fn of(side: Side) -> Self {
        match side {
            Side::Buy => Self::Bids,
            Side::Sell => Self::Asks,
        }
    }
}

impl Desk {
    /// True when no event of the market can matter.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.has_no_orders() && self.taken.is_empty() && !self.is_margined
    }

    /// True without any order.
    #[inline]
    pub(super) fn has_no_orders(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty() && self.stops.is_empty() && self.on_bars.is_empty()
    }

    pub(super) fn list(&mut self, book: Book) -> &mut Vec<Working> {
        match book {
            Book::Bids => &mut self.bids,
            Book::Asks => &mut self.asks,
            Book::Stops => &mut self.stops,
            Book::OnBars => &mut self.on_bars,
        }
    }

    /// Where an order is.
    pub(super) fn find(&mut self, id: OrderId) -> Option<(Book, usize)> {
        Book::ALL
            .into_iter()
            .find_map(|book| self.list(book).iter().position(|order| order.id == id).map(|at| (book, at)))
    }

    /// Puts a limit order where it belongs by price and time, behind everything displayed at its price.
    pub(super) fn rest(&mut self, mut order: Working, market: &Market, model: QueueModel) {
        let side = order.side;
        order.queue = Queue::join(order.limit.and_then(|limit| displayed(market, side, limit)), model);
        self.swap_top(side, market.same(side).map(|top| top.price));
        let list = self.list(Book::of(side));
        let at = list.partition_point(|other| match side {
            Side::Buy => other.limit >= order.limit,
            Side::Sell => other.limit <= order.limit,
        });
        list.insert(at, order);
    }

    /// Lets the resting orders see what is displayed at their prices now: those that the event can have changed.
    pub(super) fn look(&mut self, market: &Market, input: &Input, rules: &QueueRules, now: Ts) {
        for side in [Side::Buy, Side::Sell] {
            let top = market.same(side).map(|top| top.price);
            let before = self.swap_top(side, top);
            let list = self.list(Book::of(side));
            let mut see = |order: &mut Working| {
                let shown = order.limit.and_then(|limit| displayed(market, side, limit));
                order.queue.see(shown, rules, now);
            };
            // Up to the worse of the two best prices everything may have changed, beyond it only the book.
            let edge = match (before, top) {
                (Some(a), Some(b)) => Some(if is_better(side, a, b) { b } else { a }),
                _ => None,
            };
            let is_beyond = |order: &Working| {
                order.limit.zip(edge).is_some_and(|(limit, edge)| is_better(side, edge, limit))
            };
            list.iter_mut().take_while(|order| !is_beyond(order)).for_each(&mut see);
            let Input::Book(book) = input else { continue };
            if book.action == BookAction::Snapshot {
                list.iter_mut().for_each(&mut see);
                continue;
            }
            let levels = match side {
                Side::Buy => &book.bids,
                Side::Sell => &book.asks,
            };
            for level in levels {
                let from = list.partition_point(|order| {
                    order.limit.is_some_and(|limit| is_better(side, limit, level.price))
                });
                let at_level = |order: &&mut Working| order.limit == Some(level.price);
                list[from..].iter_mut().take_while(at_level).for_each(&mut see);
            }
            list.iter_mut().filter(|order| order.queue.is_out_of_reach()).for_each(&mut see);
        }
    }

    fn swap_top(&mut self, side: Side, top: Option<Price>) -> Option<Price> {
        let at = match side {
            Side::Buy => 0,
            Side::Sell => 1,
        };
        std::mem::replace(&mut self.tops[at], top)
    }

    /// Takes out the orders that are over.
    pub(super) fn sweep(&mut self) {
        for book in Book::ALL {
            let list = self.list(book);
            if list.iter().any(|order| order.is_over) {
                list.retain(|order| !order.is_over);
            }
        }
    }

    /// An event is at hand; what was noted of an earlier one is forgotten.
    pub(super) fn enter(&mut self, moment: Moment) {
        if self.moment != moment {
            self.moment = moment;
            self.executed_groups.clear();
        }
    }

    /// Notes that an order was executed at the moment at hand.
    pub(super) fn note_executed(&mut self, key: Option<GroupKey>, id: OrderId) {
        if let Some(key) = key {
            self.executed_groups.push((key, id));
        }
    }

    /// True when another member of the order's group was executed at the moment at hand.
    pub(super) fn must_wait(&self, key: Option<GroupKey>, id: OrderId) -> bool {
        key.is_some_and(|key| self.executed_groups.iter().any(|&(k, member)| k == key && member != id))
    }
}

/// The least of what is open and what may be executed.
pub(super) fn bounded(leaves: Qty, bound: Option<Qty>) -> Qty {
    bound.map_or(leaves, |bound| leaves.min(bound))
}

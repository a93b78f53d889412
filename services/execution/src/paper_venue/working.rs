//! An order as the venue knows it. The core's own view of it may lag behind: answers take time.

use reprise_core::{InstrumentIx, Order};
use reprise_model::event::NewTerms;
use reprise_model::{NewOrder, OrderId, OrderType, Price, Qty, Side, TimeInForce, Ts};
use serde::{Deserialize, Serialize};

use super::queue::Queue;
use crate::amounts::less;
use reprise_model::GroupKey;

/// An order at the venue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Working {
    pub(super) id: OrderId,
    pub(super) ix: InstrumentIx,
    pub(super) side: Side,
    pub(super) time_in_force: TimeInForce,
    /// Ordered in all.
    pub(super) qty: Qty,
    /// Executed so far.
    pub(super) cum: Qty,
    /// The limit; `None` for an order at market.
    pub(super) limit: Option<Price>,
    /// The trigger of a stop that has not been triggered.
    pub(super) stop: Option<Price>,
    pub(super) expires: Option<Ts>,
    pub(super) post_only: bool,
    pub(super) reduce_only: bool,
    pub(super) group: Option<GroupKey>,
    /// Its place in the queue while it rests.
    pub(super) queue: Queue,
    /// Since when it takes part in bars.
    pub(super) since: Ts,
    /// True while it has not taken part in any bar.
    pub(super) is_fresh: bool,
    /// True once nothing more can happen to it.
    pub(super) is_over: bool,
    /// True once a timer ends it.
    pub(super) has_expiry_timer: bool,
    /// Its executions so far.
    pub(super) executions: u32,
    /// The key of its draws.
    pub(super) draw_key: u64,
    /// The venue's answers about it so far.
    pub(super) answers: u32,
    /// When the last of them arrives: answers about one order never overtake each other.
    pub(super) answered_until: Ts,
}

impl Working {
    /// An order that has just arrived.
    pub(super) fn arrived(id: OrderId, ix: InstrumentIx, terms: &NewOrder, draw_key: u64, now: Ts) -> Self {
        let is_limit = matches!(terms.order_type, OrderType::Limit | OrderType::StopLimit);
        let is_stop = matches!(terms.order_type, OrderType::Stop | OrderType::StopLimit);
        Self {
            id,
            ix,
            side: terms.side,
            time_in_force: terms.time_in_force,
            qty: terms.qty,
            cum: Qty::ZERO,
            limit: terms.price.filter(|_| is_limit),
            stop: terms.stop_price.filter(|_| is_stop),
            expires: terms.expire_ts.filter(|_| terms.time_in_force == TimeInForce::Gtd),
            post_only: terms.post_only,
            reduce_only: terms.reduce_only,
            group: GroupKey::of(id, terms),
            queue: Queue::default(),
            since: now,
            is_fresh: true,
            is_over: false,
            has_expiry_timer: false,
            executions: 0,
            draw_key,
            answers: 0,
            answered_until: Ts(0),
        }
    }

    /// An order that the state holds as open and that this venue has not seen arrive.
    pub(super) fn recovered(order: &Order, ix: InstrumentIx, draw_key: u64, now: Ts) -> Self {
        let mut working = Self::arrived(order.id, ix, &order.terms, draw_key, now);
        working.cum = order.cum_qty;
        working
    }

    /// Still open.
    pub(super) fn leaves(&self) -> Qty {
        less(self.qty, self.cum)
    }

    /// True for a limit order that stays until it is filled, canceled or expires.
    pub(super) fn can_rest(&self) -> bool {
        self.limit.is_some() && matches!(self.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd)
    }

    /// Takes new terms. Returns true when that costs the order its place in the queue.
    pub(super) fn take_terms(&mut self, new: &NewTerms, now: Ts) -> bool {
        let before = (self.limit, self.stop, self.qty);
        self.qty = new.qty.unwrap_or(self.qty);
        if self.limit.is_some() {
            self.limit = new.price.or(self.limit);
        }
        if self.stop.is_some() {
            self.stop = new.stop_price.or(self.stop);
        }
        let loses_place = (self.limit, self.stop) != (before.0, before.1) || self.qty > before.2;
        if loses_place {
            (self.since, self.is_fresh) = (now, true);
        }
        loses_place
    }
}

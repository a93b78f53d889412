//! Where a resting order stands in the queue at its price.
//!
//! An order joins behind everything displayed at its price. Trades at the price take from the front. A size
//! decrease moves it up by the named model. A trade and the size decrease that it caused reach us as two
//! events in either order; within a window they count once: the second only adds what the first left out.

use std::collections::VecDeque;

use reprise_model::{Qty, Ts};
use serde::{Deserialize, Serialize};

use super::settings::QueueModel;
use crate::amounts::{less, plus, share};

/// What the rules of the queue are.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueRules {
    /// How a shrinking level moves an order up.
    pub(super) model: QueueModel,
    /// How long a trade and its size decrease may lie apart.
    pub(super) window_ns: u64,
    /// Places are rounded so that they stay multiples of this.
    pub(super) lot: Qty,
}

/// A size decrease that no trade has explained yet.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Shrink {
    ts: Ts,
    /// How much less was displayed.
    volume: Qty,
    /// By how much that moved the order up.
    moved: Qty,
}

/// An order's place in the queue at its price.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Queue {
    /// What stands in front; `None` while the price has not been seen.
    ahead: Option<Qty>,
    /// What was last seen displayed at the price.
    seen: Option<Qty>,
    /// True while the source does not reach the price.
    is_out_of_reach: bool,
    shrinks: VecDeque<Shrink>,
    /// Trades that no size decrease has followed yet.
    trades: VecDeque<(Ts, Qty)>,
}

impl Queue {
    /// An order joins; `shown` is what is displayed at its price, `None` where the data does not reach.
    pub(super) fn join(shown: Option<Qty>, model: QueueModel) -> Self {
        let ahead = match (shown, model) {
            (None, QueueModel::Optimistic) => Some(Qty::ZERO),
            _ => shown,
        };
        Self { ahead, seen: shown, is_out_of_reach: shown.is_none(), ..Self::default() }
    }

    /// True while the source does not reach the price.
    pub(super) fn is_out_of_reach(&self) -> bool {
        self.is_out_of_reach
    }

    /// The size displayed at the price is `shown` now, `None` out of the source's reach.
    pub(super) fn see(&mut self, shown: Option<Qty>, rules: &QueueRules, now: Ts) {
        self.is_out_of_reach = shown.is_none();
        let Some(shown) = shown.filter(|_| shown != self.seen) else {
            return;
        };
        let before = self.seen.replace(shown);
        let Some(ahead) = self.ahead else {
            self.ahead = Some(shown);
            return;
        };
        let Some(before) = before.filter(|&before| shown < before) else {
            return;
        };
        self.forget(rules.window_ns, now);
        let shrunk = less(before, shown);
        let unexplained = less(shrunk, self.take_trades(shrunk));
        let by_model = match rules.model {
            QueueModel::Pessimistic => Qty::ZERO,
            QueueModel::Proportional => share(unexplained, ahead.min(before), before).floor_to(rules.lot),
            QueueModel::Optimistic => unexplained,
        };
        // Nobody can be ahead who is not displayed.
        let left = less(ahead, by_model).min(shown);
        self.ahead = Some(left);
        if unexplained.is_positive() {
            self.shrinks.push_back(Shrink { ts: now, volume: unexplained, moved: less(ahead, left) });
        }
    }

    /// Others traded `volume` at the price. Returns how much of it reaches the order.
    pub(super) fn trade(&mut self, volume: Qty, rules: &QueueRules, now: Ts) -> Qty {
        let Some(ahead) = self.ahead else {
            return Qty::ZERO;
        };
        self.forget(rules.window_ns, now);
        let (explained, moved) = self.take_shrinks(volume);
        let unexplained = less(volume, explained);
        if unexplained.is_positive() {
            self.trades.push_back((now, unexplained));
        }
        let arrives = less(volume, moved);
        self.ahead = Some(less(ahead, arrives));
        less(arrives, ahead)
    }

    /// Matches a trade with earlier size decreases: the volume that they explain, and by how much they have
    /// moved the order up for it already.
    fn take_shrinks(&mut self, volume: Qty) -> (Qty, Qty) {
        let (mut explained, mut moved) = (Qty::ZERO, Qty::ZERO);
        while let Some(first) = self.shrinks.front_mut() {
            let part = first.volume.min(less(volume, explained));
            if part.is_zero() {
                break;
            }
            let moved_part = first.moved.min(part);
            (explained, moved) = (plus(explained, part), plus(moved, moved_part));
            (first.volume, first.moved) = (less(first.volume, part), less(first.moved, moved_part));
            if first.volume.is_positive() {
                break;
            }
            self.shrinks.pop_front();
        }
        (explained, moved)
    }

    /// Matches a size decrease with earlier trades; returns the part that they explain.
    fn take_trades(&mut self, shrunk: Qty) -> Qty {
        let mut explained = Qty::ZERO;
        while let Some((_, volume)) = self.trades.front_mut() {
            let part = (*volume).min(less(shrunk, explained));
            if part.is_zero() {
                break;
            }
            explained = plus(explained, part);
            *volume = less(*volume, part);
            if volume.is_positive() {
                break;
            }
            self.trades.pop_front();
        }
        explained
    }

    fn forget(&mut self, window_ns: u64, now: Ts) {
        while self.shrinks.front().is_some_and(|shrink| now.since(shrink.ts) > window_ns) {
            self.shrinks.pop_front();
        }
        while self.trades.front().is_some_and(|(ts, _)| now.since(*ts) > window_ns) {
            self.trades.pop_front();
        }
    }
}

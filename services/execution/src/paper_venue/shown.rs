//! What a market shows: the quote, and beyond it the book; and what of it our own orders have taken.

use std::collections::BTreeMap;

use reprise_core::Market;
use reprise_model::event::Level;
use reprise_model::{Price, Qty, Side};
use serde::{Deserialize, Serialize};

use super::settings::Depth;
use crate::amounts::{less, plus};

/// What is displayed at a price on a side, `None` where the source does not reach: beyond the quote and the
/// book's deepest level there may be anything.
pub(super) fn displayed(market: &Market, side: Side, price: Price) -> Option<Qty> {
    let Some(top) = market.same(side) else {
        return Some(Qty::ZERO);
    };
    if price == top.price {
        return Some(top.qty);
    }
    if is_better(side, price, top.price) {
        return Some(Qty::ZERO);
    }
    let deepest = market.book.deepest(side)?;
    if is_better(side, price, deepest.price) {
        return Some(market.book.qty_at(side, price));
    }
    (price == deepest.price).then_some(deepest.qty)
}

/// True when a resting order of this side at `price` stands before one at `other`.
pub(super) fn is_better(side: Side, price: Price, other: Price) -> bool {
    match side {
        Side::Buy => price > other,
        Side::Sell => price < other,
    }
}

/// An execution at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Execution {
    pub(super) qty: Qty,
    pub(super) price: Price,
}

/// What our own orders took from a level that has not changed since.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct TakenLevel {
    displayed: Qty,
    taken: Qty,
}

/// What our own orders have taken: size once taken stays taken until its level changes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Taken {
    bids: BTreeMap<Price, TakenLevel>,
    asks: BTreeMap<Price, TakenLevel>,
}

impl Taken {
    /// True when nothing is taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    fn levels(&self, side: Side) -> &BTreeMap<Price, TakenLevel> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Forgets what was taken from levels that have changed.
    pub(super) fn refresh(&mut self, market: &Market) {
        for (side, levels) in [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.asks)] {
            levels.retain(|&price, level| displayed(market, side, price) == Some(level.displayed));
        }
    }

    /// What can still be had of a level.
    fn left(&self, side: Side, level: Level) -> Qty {
        self.levels(side).get(&level.price).map_or(level.qty, |taken| less(level.qty, taken.taken))
    }

    fn take(&mut self, side: Side, level: Level, qty: Qty) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let entry =
            levels.entry(level.price).or_insert(TakenLevel { displayed: level.qty, taken: Qty::ZERO });
        entry.taken = plus(entry.taken, qty);
    }

    /// Takes up to `wanted` for an order of `side` from the best level on, no worse than `limit`; what it took
    /// stands in `executions` then.
    pub(super) fn walk(
        &mut self,
        market: &Market,
        depth: Depth,
        side: Side,
        limit: Option<Price>,
        wanted: Qty,
        executions: &mut Vec<Execution>,
    ) {
        executions.clear();
        let Some(top) = market.opposite(side).filter(|top| allowed(side, limit, top.price)) else {
            return;
        };
        if depth == Depth::Unlimited {
            if wanted.is_positive() {
                executions.push(Execution { qty: wanted, price: top.price });
            }
            return;
        }
        let mut open = self.walk_level(top, side, wanted, executions);
        if open.is_zero() || market.book.is_empty() {
            return;
        }
        for level in deeper(market, side, top) {
            if open.is_zero() || !allowed(side, limit, level.price) {
                break;
            }
            open = self.walk_level(level, side, open, executions);
        }
    }

    fn walk_level(&mut self, level: Level, side: Side, wanted: Qty, executions: &mut Vec<Execution>) -> Qty {
        let qty = self.left(side.opposite(), level).min(wanted);
        if qty.is_positive() {
            self.take(side.opposite(), level, qty);
            executions.push(Execution { qty, price: level.price });
        }
        less(wanted, qty)
    }

    /// How much an order of `side` could have at no worse than `limit`, counted no further than `wanted`.
    pub(super) fn available(
        &self,
        market: &Market,
        depth: Depth,
        side: Side,
        limit: Option<Price>,
        wanted: Qty,
    ) -> Qty {
        let Some(top) = market.opposite(side).filter(|top| allowed(side, limit, top.price)) else {
            return Qty::ZERO;
        };
        if depth == Depth::Unlimited {
            return wanted;
        }
        let mut sum = self.left(side.opposite(), top);
        for level in deeper(market, side, top) {
            if sum >= wanted || !allowed(side, limit, level.price) {
                break;
            }
            sum = plus(sum, self.left(side.opposite(), level));
        }
        sum.min(wanted)
    }
}

/// The book's levels beyond the quote that an order of `side` would trade with.
fn deeper(market: &Market, side: Side, top: Level) -> impl Iterator<Item = Level> {
    market
        .book
        .levels(side.opposite())
        .filter(move |level| is_better(side.opposite(), top.price, level.price))
}

fn allowed(side: Side, limit: Option<Price>, price: Price) -> bool {
    limit.is_none_or(|limit| side.allows(limit, price))
}

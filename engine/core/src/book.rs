//! An order book by price, with a hash that follows every change of a level.

use std::collections::BTreeMap;

use reprise_model::event::{Book, BookAction, Level};
use reprise_model::{Price, Qty, Side};
use serde::{Deserialize, Serialize};

/// The displayed levels of one instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Levels", into = "Levels")]
pub struct OrderBook {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    hash: LevelHash,
    lost: bool,
}

/// A book as it is saved: its hash follows from its levels.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    bids: Vec<Level>,
    asks: Vec<Level>,
    lost: bool,
}

impl From<OrderBook> for Levels {
    fn from(book: OrderBook) -> Self {
        let levels = |side| book.levels(side).collect();
        Self { bids: levels(Side::Buy), asks: levels(Side::Sell), lost: book.lost }
    }
}

impl From<Levels> for OrderBook {
    fn from(levels: Levels) -> Self {
        let mut book = Self { lost: levels.lost, ..Self::default() };
        for (side, levels) in [(Side::Buy, levels.bids), (Side::Sell, levels.asks)] {
            for level in levels {
                book.set(side, level);
            }
        }
        book
    }
}

impl OrderBook {
    /// Applies a snapshot or an update; a level of quantity 0 is removed.
    ///
    /// A lost book takes no update before its next snapshot: the levels that were missed would stay wrong.
    pub fn apply(&mut self, event: &Book) {
        if event.action == BookAction::Snapshot {
            *self = Self::default();
        } else if self.lost {
            return;
        }
        for level in &event.bids {
            self.set(Side::Buy, *level);
        }
        for level in &event.asks {
            self.set(Side::Sell, *level);
        }
    }

    fn set(&mut self, side: Side, level: Level) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let before = if level.qty.is_positive() {
            levels.insert(level.price, level.qty)
        } else {
            levels.remove(&level.price)
        };
        if let Some(qty) = before {
            self.hash.remove(side, Level { price: level.price, qty });
        }
        if level.qty.is_positive() {
            self.hash.add(side, level);
        }
    }

    /// Updates were missed: what is left is not the book, so nothing is.
    pub(crate) fn lose(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// True after a gap, until a snapshot comes.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The highest bid.
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.last_key_value().map(|(&price, &qty)| Level { price, qty })
    }

    /// The lowest ask.
    #[must_use]
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.first_key_value().map(|(&price, &qty)| Level { price, qty })
    }

    /// What is displayed on a side at a price; 0 where there is no level.
    #[must_use]
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        match side {
            Side::Buy => self.bids.get(&price),
            Side::Sell => self.asks.get(&price),
        }
        .copied()
        .unwrap_or(Qty::ZERO)
    }

    /// The levels of a side from the best on.
    pub fn levels(&self, side: Side) -> Box<dyn Iterator<Item = Level> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(&price, &qty)| Level { price, qty })),
            Side::Sell => Box::new(self.asks.iter().map(|(&price, &qty)| Level { price, qty })),
        }
    }

    /// The level of a side that is farthest from the other side: how far the book reaches.
    #[must_use]
    pub fn deepest(&self, side: Side) -> Option<Level> {
        let level = match side {
            Side::Buy => self.bids.first_key_value(),
            Side::Sell => self.asks.last_key_value(),
        };
        level.map(|(&price, &qty)| Level { price, qty })
    }

    /// True without any level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    /// Levels on both sides.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// A hash of all levels that does not depend on how the book came to them.
    #[must_use]
    pub fn hash(&self) -> u128 {
        self.hash.0
    }
}

/// The sum of one hash a level, so that a level comes and goes without touching the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct LevelHash(u128);

impl LevelHash {
    fn add(&mut self, side: Side, level: Level) {
        self.0 = self.0.wrapping_add(hash_level(side, level));
    }

    fn remove(&mut self, side: Side, level: Level) {
        self.0 = self.0.wrapping_sub(hash_level(side, level));
    }
}

fn hash_level(side: Side, level: Level) -> u128 {
    let (price, qty) = (level.price.to_bits(), level.qty.to_bits());
    let side = match side {
        Side::Buy => 1,
        Side::Sell => 2,
    };
    let lane = |seed: u64| {
        let words = [side, price as u64, (price >> 64) as u64, qty as u64, (qty >> 64) as u64];
        words.iter().fold(seed, |h, word| mix(h ^ word))
    };
    u128::from(lane(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(lane(0xd1b5_4a32_d192_ed03))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every input bit reaches every output bit.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

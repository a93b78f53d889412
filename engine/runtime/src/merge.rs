//! Several events of one book as one that leads to the same book.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use reprise_model::event::{Book, BookAction, Level};
use reprise_model::{Price, Qty};

/// A book event that later ones are merged into. Quantities are absolute, so the last word on a level holds; a
/// snapshot makes everything before it void.
#[derive(Debug)]
pub(crate) struct BookMerge {
    last: Book,
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
}

impl BookMerge {
    pub fn of(book: Book) -> Self {
        let mut merge = Self { last: book, bids: BTreeMap::new(), asks: BTreeMap::new() };
        merge.take_levels();
        merge
    }

    /// Takes a later event in; gives what the one before it said it stands for.
    pub fn add(&mut self, book: Book) -> u32 {
        let stood_for = self.last.conflated.map_or(0, NonZeroU32::get);
        let action = self.last.action;
        self.last = book;
        if self.last.action == BookAction::Snapshot {
            self.bids.clear();
            self.asks.clear();
        } else {
            self.last.action = action;
        }
        self.take_levels();
        stood_for
    }

    fn take_levels(&mut self) {
        let sides = [(&mut self.last.bids, &mut self.bids), (&mut self.last.asks, &mut self.asks)];
        for (levels, held) in sides {
            held.extend(levels.drain(..).map(|level| (level.price, level.qty)));
        }
    }

    /// The event that leads where all of them lead, levels best first.
    pub fn into_book(mut self) -> Book {
        // A level that a snapshot shows and an update removed is not there at all.
        let is_shown = |qty: &Qty| self.last.action == BookAction::Update || qty.is_positive();
        let level = |(price, qty)| Level { price, qty };
        self.last.bids = self.bids.into_iter().rev().filter(|(_, qty)| is_shown(qty)).map(level).collect();
        self.last.asks = self.asks.into_iter().filter(|(_, qty)| is_shown(qty)).map(level).collect();
        self.last
    }
}

//! The order book against a naive twin: a list of levels that is searched from end to end.

use proptest::prelude::*;
use reprise_core::OrderBook;
use reprise_model::event::{Book, BookAction, Level};
use reprise_model::{Price, Qty, Side};

use crate::support::{SPOT, id};

/// One level of a change: side, price and quantity in small whole numbers; quantity 0 removes.
type Change = (bool, i64, i64);

fn event(action: BookAction, changes: &[Change]) -> Book {
    let of = |bid: bool| {
        changes
            .iter()
            .filter(|(is_bid, ..)| *is_bid == bid)
            .map(|&(_, price, qty)| Level {
                price: Price::from_int(price).expect("small"),
                qty: Qty::from_int(qty).expect("small"),
            })
            .collect()
    };
    Book { instrument: id(SPOT), action, bids: of(true), asks: of(false), venue_ts: None, conflated: None }
}

/// The twin: every level once, in no order.
#[derive(Default)]
struct Twin(Vec<Change>);

impl Twin {
    fn apply(&mut self, action: BookAction, changes: &[Change]) {
        if action == BookAction::Snapshot {
            self.0.clear();
        }
        for &(is_bid, price, qty) in changes {
            self.0.retain(|&(bid, at, _)| (bid, at) != (is_bid, price));
            if qty > 0 {
                self.0.push((is_bid, price, qty));
            }
        }
    }

    /// From the best on.
    fn levels(&self, side: Side) -> Vec<(i64, i64)> {
        let is_bid = side == Side::Buy;
        let mut levels: Vec<(i64, i64)> =
            self.0.iter().filter(|l| l.0 == is_bid).map(|&(_, price, qty)| (price, qty)).collect();
        levels.sort_by_key(|&(price, _)| if is_bid { -price } else { price });
        levels
    }
}

fn whole(level: Level) -> (i64, i64) {
    let int = |text: String| text.parse().expect("a whole number");
    (int(level.price.to_string()), int(level.qty.to_string()))
}

fn assert_twins(book: &OrderBook, twin: &Twin) {
    for (side, best) in [(Side::Buy, book.best_bid()), (Side::Sell, book.best_ask())] {
        let levels = twin.levels(side);
        assert_eq!(book.levels(side).map(whole).collect::<Vec<_>>(), levels, "{side}");
        assert_eq!(best.map(whole), levels.first().copied(), "best {side}");
        for price in 0..12 {
            let there = levels.iter().find(|l| l.0 == price).map_or(0, |l| l.1);
            let shown = book.qty_at(side, Price::from_int(price).expect("small"));
            assert_eq!(shown, Qty::from_int(there).expect("small"), "{side} at {price}");
        }
    }
    assert_eq!(book.depth(), twin.0.len());
    assert_eq!(book.is_empty(), twin.0.is_empty());
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec((any::<bool>(), 1_i64..12, 0_i64..4), 0..8)
}

proptest! {
    /// Breaks when the book shows another level, size or best price than its events say; or when its hash tells
    /// how it was reached instead of what it is, so that a replay from a snapshot has another digest.
    #[test]
    fn the_book_is_its_twin(events in proptest::collection::vec((0_u8..6, changes()), 1..25)) {
        let (mut book, mut twin) = (OrderBook::default(), Twin::default());
        let mut hashes = std::collections::BTreeMap::new();
        for (kind, changes) in events {
            let action = if kind == 0 { BookAction::Snapshot } else { BookAction::Update };
            book.apply(&event(action, &changes));
            twin.apply(action, &changes);
            assert_twins(&book, &twin);

            let mut rebuilt = OrderBook::default();
            rebuilt.apply(&event(BookAction::Snapshot, &twin.0));
            prop_assert_eq!(&rebuilt, &book);
            prop_assert_eq!(rebuilt.hash(), book.hash());

            let mut levels = twin.0.clone();
            levels.sort_unstable();
            let known = hashes.entry(book.hash()).or_insert_with(|| levels.clone());
            prop_assert_eq!(&*known, &levels, "one hash for two books");
        }
    }
}

/// Breaks when a hash overlooks the side, the price or the size of a level, or an empty book has one.
#[test]
fn hashes_tell_books_apart() {
    let one = |change: Change| {
        let mut book = OrderBook::default();
        book.apply(&event(BookAction::Update, &[change]));
        book.hash()
    };
    let hashes =
        [one((true, 5, 1)), one((false, 5, 1)), one((true, 6, 1)), one((true, 5, 2)), one((true, 1, 5))];
    let distinct: std::collections::BTreeSet<u128> = hashes.into_iter().collect();
    assert_eq!(distinct.len(), hashes.len());
    assert_eq!(OrderBook::default().hash(), 0);
    assert_eq!(one((true, 5, 0)), 0, "a level of nothing is none");
}

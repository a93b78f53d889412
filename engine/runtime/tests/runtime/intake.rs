//! What passes an intake under load.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use proptest::prelude::*;
use reprise_core::OrderBook;
use reprise_model::event::{Book, BookAction, FeedState, Level, Quote};
use reprise_model::{Input, InstrumentId, Ts};
use reprise_runtime::intake;

use crate::support::{feed, quote, trade};

const NAMES: [&str; 3] = ["BTC-USD.TEST", "ETH-USD.TEST", "SOL-USD.TEST"];

/// One thing that happens to an intake.
#[derive(Debug, Clone)]
enum Happens {
    Quote(usize, u64),
    Update(usize, bool, u64, u64),
    Snapshot(usize, u64),
    Trade(usize),
    Down(usize),
    /// The engine takes so many.
    Taken(usize),
    Flush,
}

fn happens() -> impl Strategy<Value = Happens> {
    let name = 0..NAMES.len();
    prop_oneof![
        6 => (name.clone(), 9_000..9_100_u64).prop_map(|(at, cents)| Happens::Quote(at, cents)),
        6 => (name.clone(), any::<bool>(), 0..6_u64, 0..4_u64)
            .prop_map(|(at, is_bid, level, qty)| Happens::Update(at, is_bid, level, qty)),
        1 => (name.clone(), 1..4_u64).prop_map(|(at, qty)| Happens::Snapshot(at, qty)),
        1 => name.clone().prop_map(Happens::Trade),
        1 => name.prop_map(Happens::Down),
        4 => (1..4_usize).prop_map(Happens::Taken),
        2 => Just(Happens::Flush),
    ]
}

fn level(price: u64, qty: u64) -> Level {
    Level { price: price.to_string().parse().unwrap(), qty: qty.to_string().parse().unwrap() }
}

fn book(at: usize, action: BookAction, bids: Vec<Level>, asks: Vec<Level>) -> Input {
    Input::Book(Book {
        instrument: NAMES[at].parse().unwrap(),
        action,
        bids,
        asks,
        venue_ts: None,
        conflated: None,
    })
}

fn input_of(what: &Happens, n: u64) -> Option<Input> {
    Some(match *what {
        Happens::Quote(at, cents) => quote(NAMES[at], cents).into(),
        Happens::Update(at, true, step, qty) => {
            book(at, BookAction::Update, vec![level(90 - step, qty)], vec![])
        }
        Happens::Update(at, false, step, qty) => {
            book(at, BookAction::Update, vec![], vec![level(91 + step, qty)])
        }
        Happens::Snapshot(at, qty) => {
            book(at, BookAction::Snapshot, vec![level(90, qty)], vec![level(91, qty)])
        }
        Happens::Trade(at) => trade(NAMES[at], 10_000, n).into(),
        Happens::Down(at) => feed(NAMES[at], FeedState::Down).into(),
        Happens::Taken(_) | Happens::Flush => return None,
    })
}

fn merged(conflated: Option<NonZeroU32>) -> u64 {
    conflated.map_or(0, |n| u64::from(n.get()))
}

/// What a consumer knows after a stream of events.
#[derive(Debug, Default, PartialEq)]
struct Known {
    quotes: BTreeMap<InstrumentId, Quote>,
    books: BTreeMap<InstrumentId, OrderBook>,
    /// Everything that is never merged, in order.
    others: Vec<Input>,
    /// How many events it stands for.
    count: u64,
}

impl Known {
    fn see(&mut self, input: &Input) {
        self.count += 1;
        match input {
            Input::Quote(quote) => {
                self.count += merged(quote.conflated);
                self.quotes.insert(quote.instrument, Quote { conflated: None, ..*quote });
            }
            Input::Book(book) => {
                self.count += merged(book.conflated);
                self.books.entry(book.instrument).or_default().apply(book);
            }
            other => self.others.push(other.clone()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Breaks when merging under load loses or reorders what must not be, leads to another quote or book than the
    /// whole stream does, or counts wrongly.
    #[test]
    fn merging_leads_to_the_same_market(script in prop::collection::vec(happens(), 1..200), capacity in 1..6_usize) {
        let (mut intake, arrivals) = intake(capacity);
        let (mut whole, mut seen) = (Known::default(), Known::default());
        for (n, what) in script.iter().enumerate() {
            match what {
                Happens::Taken(count) => {
                    arrivals.try_iter().take(*count).for_each(|arrival| seen.see(&arrival.input));
                }
                Happens::Flush => intake.flush().unwrap(),
                _ => {}
            }
            let Some(input) = input_of(what, n as u64) else { continue };
            whole.see(&input);
            if !matches!(input, Input::Quote(_) | Input::Book(_)) {
                // It would wait for room, and behind what is held back.
                while intake.is_waiting() || arrivals.is_full() {
                    arrivals.try_iter().for_each(|arrival| seen.see(&arrival.input));
                    intake.flush().unwrap();
                }
            }
            intake.take(Ts(n as u64), input).unwrap();
        }
        while intake.is_waiting() || !arrivals.is_empty() {
            arrivals.try_iter().for_each(|arrival| seen.see(&arrival.input));
            intake.flush().unwrap();
        }
        let counts = intake.counts();
        prop_assert_eq!(counts.offered(), counts.passed() + counts.conflated());
        prop_assert_eq!(counts.offered(), whole.count);
        prop_assert_eq!(&seen.others, &whole.others);
        prop_assert_eq!(seen, whole);
    }
}

/// Breaks when quotes are merged although there is room, or a feed is made to wait by a quote.
#[test]
fn a_full_queue_merges_and_an_empty_one_does_not() {
    let (mut intake, arrivals) = intake(2);
    for cents in 9_000..9_010 {
        intake.take(Ts(cents), quote(NAMES[0], cents).into()).unwrap();
    }
    let counts = intake.counts();
    assert_eq!((counts.offered(), counts.passed(), counts.conflated()), (10, 2, 7));
    assert_eq!(arrivals.try_iter().count(), 2);
    intake.flush().unwrap();
    let last = arrivals.try_recv().unwrap();
    assert_eq!(last.received, Ts(9_002), "it counts as received when the first of them was");
    let Input::Quote(last) = last.input else { panic!("a quote") };
    assert_eq!(merged(last.conflated), 7);
    assert_eq!(Quote { conflated: None, ..last }, quote(NAMES[0], 9_009));
    drop(arrivals);
    assert!(
        intake.take(Ts(0), quote(NAMES[0], 9_000).into()).is_err(),
        "the feed hears that the engine is gone"
    );
}

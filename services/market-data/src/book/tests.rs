//! Tests of books and their assembly.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn level(price: i64, qty: i64) -> Level {
    Level { price: Price::from_int(price).unwrap(), qty: Qty::from_int(qty).unwrap() }
}

fn snapshot(last: u64) -> BookSnapshot {
    BookSnapshot { last, bids: vec![level(9, 1)], asks: vec![level(11, 1)], venue_ts: None }
}

fn delta(first: u64, last: u64) -> BookDelta {
    BookDelta { first, last, previous: None, bids: vec![level(8, 1)], asks: vec![], venue_ts: None }
}

fn futures(previous: u64, first: u64, last: u64) -> BookDelta {
    BookDelta { previous: Some(previous), ..delta(first, last) }
}

enum Message {
    S(u64),
    D(u64, u64),
    F(u64, u64, u64),
}

fn shown(messages: &[Message]) -> (String, BookCounts) {
    let mut assembly = BookAssembly::new();
    let mut out = Vec::new();
    for message in messages {
        match *message {
            Message::S(last) => assembly.on_snapshot(snapshot(last), &mut out),
            Message::D(first, last) => assembly.on_delta(delta(first, last), &mut out),
            Message::F(previous, first, last) => assembly.on_delta(futures(previous, first, last), &mut out),
        }
    }
    let steps: Vec<String> = out
        .iter()
        .map(|step| match step {
            BookStep::Healed => "healed".to_owned(),
            BookStep::Snapshot(s) => format!("S{}", s.last),
            BookStep::Update(d) => format!("{}-{}", d.first, d.last),
            BookStep::Gap { after, found } => format!("gap {after}>{found}"),
        })
        .collect();
    (steps.join(" "), assembly.counts())
}

/// Breaks when a book is built from messages that do not follow one another, or a sound one is given up.
#[test]
fn messages_follow_the_venues_rules() {
    use Message::{D, F, S};
    let rows: [(&[Message], &str); 16] = [
        (&[S(10), D(11, 12), D(13, 13)], "S10 11-12 13-13"),
        (&[S(10), D(9, 12), D(13, 14)], "S10 9-12 13-14"),
        (&[D(5, 8), D(9, 10), D(11, 12), S(10), D(13, 14)], "S10 11-12 13-14"),
        (&[D(5, 8), D(9, 12), S(10), D(13, 14)], "S10 9-12 13-14"),
        (&[D(9, 12), D(13, 14)], ""),
        (&[S(10), D(8, 10), D(11, 11)], "S10 11-11"),
        (&[S(10), D(12, 13), D(14, 15)], "S10 gap 10>12"),
        (
            &[S(10), D(11, 12), D(14, 15), D(16, 16), S(15), D(17, 17)],
            "S10 11-12 gap 12>14 healed S15 16-16 17-17",
        ),
        (&[S(10), D(11, 12), D(12, 15)], "S10 11-12 gap 12>12"),
        (&[S(10), D(11, 12), D(11, 12), D(13, 13)], "S10 11-12 13-13"),
        // A snapshot older than the updates that wait: the next one is needed.
        (&[D(20, 21), S(10), D(22, 23), S(21)], "gap 10>20 healed S21 22-23"),
        (&[S(10), D(11, 12), S(11), D(13, 13)], "S10 11-12 13-13"),
        (&[S(10), D(11, 12), S(14), D(13, 15)], "S10 11-12 S14 13-15"),
        (&[F(3, 5, 8), F(8, 11, 14), S(12), F(14, 20, 22)], "S12 11-14 20-22"),
        (&[S(10), F(10, 15, 18), F(18, 25, 25), F(24, 26, 27)], "S10 15-18 25-25 gap 25>26"),
        (&[S(u64::MAX), D(0, u64::MAX), D(1, 2), D(u64::MAX, u64::MAX)], "S18446744073709551615"),
    ];
    for (n, (messages, expected)) in rows.into_iter().enumerate() {
        assert_eq!(shown(messages).0, expected, "row {n}");
    }
}

/// Breaks when messages that were not used go uncounted, or those that wait pile up.
#[test]
fn unused_messages_are_counted_and_bounded() {
    let many: Vec<Message> = (0..MAX_WAITING as u64 + 5).map(|n| Message::D(n, n)).collect();
    let (steps, counts) = shown(&many);
    assert_eq!((steps.as_str(), counts.unused), ("", MAX_WAITING as u64 + 5));
    let (_, counts) =
        shown(&[Message::S(5), Message::D(1, 2), Message::S(4), Message::D(9, 9), Message::D(12, 12)]);
    assert_eq!((counts.old, counts.stale_snapshots, counts.gaps, counts.unused), (1, 1, 1, 2));
}

type Twin = (BTreeMap<i64, i64>, BTreeMap<i64, i64>);

fn twin_update(side: &mut BTreeMap<i64, i64>, levels: &[(i64, i64)]) {
    for &(price, qty) in levels {
        if qty == 0 {
            side.remove(&price)
        } else {
            side.insert(price, qty)
        };
    }
}

fn as_levels(levels: &[(i64, i64)]) -> Vec<Level> {
    levels.iter().map(|&(price, qty)| level(price, qty)).collect()
}

fn check_against(book: &L2Book, twin: &Twin) -> Result<(), TestCaseError> {
    let bids: Vec<(i64, i64)> = twin.0.iter().rev().map(|(p, q)| (*p, *q)).collect();
    let asks: Vec<(i64, i64)> = twin.1.iter().map(|(p, q)| (*p, *q)).collect();
    prop_assert_eq!(book.bids().copied().collect::<Vec<_>>(), as_levels(&bids));
    prop_assert_eq!(book.asks().copied().collect::<Vec<_>>(), as_levels(&asks));
    prop_assert_eq!(book.best_bid(), as_levels(&bids).first().copied());
    prop_assert_eq!(book.best_ask(), as_levels(&asks).first().copied());
    for price in 1..30 {
        let at = Price::from_int(price).unwrap();
        let expected = twin.0.get(&price).copied().unwrap_or(0);
        prop_assert_eq!(book.qty_at(Side::Buy, at), Qty::from_int(expected).unwrap());
        let expected = twin.1.get(&price).copied().unwrap_or(0);
        prop_assert_eq!(book.qty_at(Side::Sell, at), Qty::from_int(expected).unwrap());
    }
    Ok(())
}

fn levels() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((1i64..30, 0i64..4), 0..12)
}

proptest! {
    /// Breaks when the assembled book differs from one kept naively from the same whole stream: wherever the
    /// snapshot is cut out of the stream, and whichever messages are lost, a book that is not void is right.
    #[test]
    fn assembled_books_agree_with_a_naive_twin(
        messages in prop::collection::vec((levels(), levels(), 1u64..4), 1..40),
        snapshots in prop::collection::vec((0usize..40, 0usize..6), 1..4),
        lost in prop::collection::vec(0usize..40, 0..3),
    ) {
        let mut states: Vec<Twin> = vec![Twin::default()];
        let mut ends = vec![100u64];
        let mut deltas = Vec::new();
        for (bids, asks, width) in &messages {
            let mut next = states.last().unwrap().clone();
            twin_update(&mut next.0, bids);
            twin_update(&mut next.1, asks);
            let first = ends.last().unwrap() + 1;
            let last = ends.last().unwrap() + width;
            deltas.push(BookDelta {
                first, last, previous: None, bids: as_levels(bids), asks: as_levels(asks), venue_ts: None,
            });
            states.push(next);
            ends.push(last);
        }
        let mut assembly = BookAssembly::new();
        let mut out = Vec::new();
        for (n, delta) in deltas.iter().enumerate() {
            for (_, behind) in snapshots.iter().filter(|(at, _)| *at == n) {
                // A snapshot arrives some messages after the state it holds.
                let at = n.saturating_sub(*behind);
                let (bids, asks) = &states[at];
                let pairs = |side: &BTreeMap<i64, i64>| side.iter().map(|(p, q)| level(*p, *q)).collect::<Vec<_>>();
                assembly.on_snapshot(
                    BookSnapshot { last: ends[at], bids: pairs(bids), asks: pairs(asks), venue_ts: None },
                    &mut out,
                );
            }
            if !lost.contains(&n) {
                assembly.on_delta(delta.clone(), &mut out);
            }
            if let (Some(book), Some(last)) = (assembly.book(), assembly.last_update()) {
                let at = ends.iter().position(|end| *end == last);
                prop_assert!(at.is_some(), "the book ends at {last}, where no message ends");
                check_against(book, &states[at.unwrap_or(0)])?;
                if lost.is_empty() {
                    prop_assert_eq!(last, delta.last, "no message was lost and the book lags");
                }
            }
        }
        // Following what was told leads to the same book.
        let mut followed = L2Book::default();
        let mut void = true;
        for step in &out {
            match step {
                BookStep::Healed => {}
                BookStep::Gap { .. } => void = true,
                BookStep::Snapshot(s) => { followed.replace(&s.bids, &s.asks); void = false; }
                BookStep::Update(d) => { prop_assert!(!void); followed.update(&d.bids, &d.asks); }
            }
        }
        if let Some(book) = assembly.book() {
            prop_assert_eq!(&followed, book);
        }
    }
}

//! The market view: what each input shows, and what it must not.

use reprise_core::{Market, Markets};
use reprise_model::event::{Bar, Book, BookAction, FeedState, FeedStatus, Mark, Quote, Trade};
use reprise_model::{Input, Label, QuoteSource, Ts};

use crate::support::{
    Bench, MIDNIGHT, PERPETUAL, SECOND, SPOT, id, instrument, level, price, qty, quiet, quote,
};

fn trade(historical: bool, venue_ts: u64) -> Input {
    Input::Trade(Trade {
        instrument: id(SPOT),
        price: price("7"),
        qty: qty("1"),
        side: None,
        trade_id: None,
        historical,
        venue_ts: Some(Ts(venue_ts)),
    })
}

fn book(action: BookAction, bid: &str, ask: &str) -> Input {
    let side = |text: &str| {
        text.split_whitespace()
            .map(|l| l.split_once('x'))
            .map(|l| l.expect("PRICExQTY"))
            .map(|(p, q)| level(p, q))
            .collect()
    };
    Input::Book(Book {
        instrument: id(SPOT),
        action,
        bids: side(bid),
        asks: side(ask),
        venue_ts: None,
        conflated: None,
    })
}

fn feed(instrument: Option<&str>, state: FeedState) -> Input {
    let venue = Label::new("VENUE").expect("a short name");
    Input::FeedStatus(FeedStatus {
        venue,
        instrument: instrument.map(id),
        state,
        reason: None,
        conflated: None,
    })
}

fn sides(bid: Option<&str>, ask: Option<&str>) -> Input {
    let shown = |text: Option<&str>| text.and_then(|t| t.split_once('x')).map(|(p, q)| level(p, q));
    Input::Quote(Quote {
        instrument: id(SPOT),
        bid: shown(bid),
        ask: shown(ask),
        venue_ts: None,
        conflated: None,
    })
}

/// One line that tells what the market view holds.
fn told(market: &Market) -> String {
    let of = |p: Option<reprise_model::Price>| p.map_or("-".to_owned(), |p| p.to_string());
    format!(
        "bid {} ask {} mid {} last {} trade {} value {}",
        of(market.bid.map(|l| l.price)),
        of(market.ask.map(|l| l.price)),
        of(market.mid()),
        of(market.last_mid),
        of(market.last_trade.map(|t| t.price)),
        of(market.valuation()),
    )
}

fn spot(markets: &Markets) -> &Market {
    markets.by_id(&id(SPOT)).expect("it is defined")
}

/// Breaks when a one-sided, empty or crossed quote gives a mid, or erases the last good one.
#[test]
fn quotes_and_what_they_show() {
    let rows: [(&str, Vec<Input>, &str); 6] = [
        ("two-sided", vec![quote(SPOT, "99", "101")], "bid 99 ask 101 mid 100 last 100 trade - value 100"),
        ("locked", vec![quote(SPOT, "100", "100")], "bid 100 ask 100 mid 100 last 100 trade - value 100"),
        (
            "crossed after good",
            vec![quote(SPOT, "99", "101"), quote(SPOT, "102", "101")],
            "bid 102 ask 101 mid - last 100 trade - value 100",
        ),
        (
            "one side gone",
            vec![quote(SPOT, "99", "101"), sides(Some("98x1"), None)],
            "bid 98 ask - mid - last 100 trade - value 100",
        ),
        (
            "nothing displayed",
            vec![sides(Some("98x0"), Some("0x5"))],
            "bid - ask - mid - last - trade - value -",
        ),
        (
            "a trade is no quote",
            vec![quote(SPOT, "99", "101"), trade(false, MIDNIGHT)],
            "bid 99 ask 101 mid 100 last 100 trade 7 value 100",
        ),
    ];
    for (name, inputs, expected) in rows {
        let mut bench = Bench::of(vec![]);
        for input in inputs {
            bench.step(MIDNIGHT, input).expect("a step");
        }
        assert_eq!(told(spot(&bench.core.state().markets)), expected, "{name}");
    }
}

/// Breaks when a trade from before the subscription passes for one of now: as the last price, or as proof that
/// the venue's clock is minutes behind ours, which would deny every order.
#[test]
fn historical_trades_tell_nothing_of_now() {
    let mut bench = Bench::of(vec![]);
    bench.step(MIDNIGHT, trade(false, MIDNIGHT - 5)).expect("a step");
    bench.step(MIDNIGHT + 1, trade(true, MIDNIGHT - 3600 * SECOND)).expect("a step");
    let market = spot(&bench.core.state().markets);
    assert_eq!((market.skew_ns, market.last_trade.map(|t| t.ts)), (Some(5), Some(Ts(MIDNIGHT))));
    bench.step(MIDNIGHT + 2, trade(false, MIDNIGHT + 10)).expect("a step");
    assert_eq!(spot(&bench.core.state().markets).skew_ns, Some(-8), "a venue ahead of us");
}

/// Breaks when updates that follow a gap build a book that never was; the venue sends a snapshot first.
#[test]
fn lost_books_wait_for_a_snapshot() {
    use BookAction::{Snapshot, Update};
    let rows: [(&str, Vec<Input>, usize, bool); 5] = [
        ("updates alone", vec![book(Update, "9x1", "11x1")], 2, false),
        ("a gap", vec![book(Snapshot, "9x1", "11x1"), feed(None, FeedState::Gap)], 0, true),
        ("a gap, then an update", vec![feed(Some(SPOT), FeedState::Gap), book(Update, "9x1", "")], 0, true),
        (
            "a gap, then a snapshot and an update",
            vec![feed(None, FeedState::Gap), book(Snapshot, "9x1 8x1", ""), book(Update, "8x0", "11x2")],
            2,
            false,
        ),
        (
            "another's gap",
            vec![book(Snapshot, "9x1", "11x1"), feed(Some(PERPETUAL), FeedState::Gap)],
            2,
            false,
        ),
    ];
    for (name, inputs, depth, lost) in rows {
        let mut bench = Bench::of(vec![]);
        for input in inputs {
            bench.step(MIDNIGHT, input).expect("a step");
        }
        let market = spot(&bench.core.state().markets);
        assert_eq!((market.book.depth(), market.book.is_lost()), (depth, lost), "{name}");
    }
}

/// Breaks when an instrument whose source sends no quotes has none, or has one more than its top changed.
#[test]
fn books_can_be_the_quote() {
    use BookAction::{Snapshot, Update};
    let mut definition = instrument(SPOT);
    definition.quote_source = QuoteSource::Book;
    let steps = [
        (book(Snapshot, "99x1 98x1", "101x1"), true, "100"),
        (book(Update, "98x3", ""), false, "100"),
        (book(Update, "99x2", ""), true, "100"),
        (book(Update, "", "101x0 103x1"), true, "101"),
        (book(Update, "99x0 98x0", ""), true, "101"),
        (quote(SPOT, "49", "51"), true, "50"),
    ];
    let mut state = reprise_core::State::new(quiet().into(), &[definition]).expect("a state");
    for (n, (input, is_quote, mid)) in steps.into_iter().enumerate() {
        let at = MIDNIGHT + n as u64;
        let tick = state.observe(reprise_model::Seq(n as u64 + 1), Ts(at), &input).expect("small");
        assert_eq!(tick.map(|t| t.is_quote), Some(is_quote), "step {n}");
        assert_eq!(spot(&state.markets).last_mid, Some(price(mid)), "step {n}");
    }
}

/// Breaks when a perpetual is valued by its own book while a mark is known, or spot by a mark; and when bars
/// do not value an instrument that has nothing else.
#[test]
fn valuations() {
    let mark = |instrument: &str| {
        Input::Mark(Mark {
            instrument: id(instrument),
            mark: Some(price("70")),
            oracle: None,
            venue_ts: None,
        })
    };
    let bar = |instrument: &str| {
        Input::Bar(Bar {
            instrument: id(instrument),
            interval_ns: SECOND,
            open: price("60"),
            high: price("60"),
            low: price("60"),
            close: price("60"),
            volume: qty("1"),
        })
    };
    let rows = [
        (SPOT, QuoteSource::Quotes, vec![quote(SPOT, "99", "101"), mark(SPOT), bar(SPOT)], Some("100")),
        (PERPETUAL, QuoteSource::Quotes, vec![quote(PERPETUAL, "99", "101")], Some("100")),
        (PERPETUAL, QuoteSource::Quotes, vec![quote(PERPETUAL, "99", "101"), mark(PERPETUAL)], Some("70")),
        (SPOT, QuoteSource::Bars, vec![bar(SPOT)], Some("60")),
        (SPOT, QuoteSource::Quotes, vec![bar(SPOT)], None),
    ];
    for (name, quote_source, inputs, expected) in rows {
        let mut definition = instrument(name);
        definition.quote_source = quote_source;
        let mut state = reprise_core::State::new(quiet().into(), &[definition]).expect("a state");
        for input in &inputs {
            state.observe(reprise_model::Seq(1), Ts(MIDNIGHT), input).expect("small");
        }
        let value = state.markets.by_id(&id(name)).and_then(Market::valuation);
        assert_eq!(value, expected.map(price), "{name} {inputs:?}");
    }
}

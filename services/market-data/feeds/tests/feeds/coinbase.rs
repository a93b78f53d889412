//! What Coinbase's frames become.

use reprise_feeds::{CoinbaseChannels, CoinbaseSettings, FeedSettings, QuoteOrigin, SequenceScope, Timing};

use crate::support::{Bench, coinbase, envelope, heartbeat, l2, listing, market_trades, products};

const ALL: CoinbaseChannels = CoinbaseChannels { quotes: true, trades: true, books: true };
const QUOTES: CoinbaseChannels = CoinbaseChannels { quotes: true, trades: false, books: false };

fn settings(channels: CoinbaseChannels) -> CoinbaseSettings {
    CoinbaseSettings { channels, ..coinbase(&["BTC-USD"]) }
}

/// Frames in, lines out, on a connection that was just made.
fn check(name: &str, settings: &CoinbaseSettings, rows: &[(String, &[&str])]) {
    let symbols: Vec<&str> = settings.products.iter().map(String::as_str).collect();
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings.clone()), products(&symbols));
    for (at, (frame, expected)) in rows.iter().enumerate() {
        assert_eq!(bench.frame(frame), *expected, "{name}, row {at}: {frame}");
    }
}

fn snapshot(n: u64) -> String {
    l2(n, "snapshot", "BTC-USD", "100x1 99x2", "101x3 102x4")
}

const SNAPSHOT: &[&str] =
    &["snapshot BTC-USD 100x1 99x2 | 101x3 102x4", "quote BTC-USD 100x1 101x3", "live BTC-USD"];

/// Breaks when the venue's own examples of its channels are not understood.
#[test]
fn documented_messages_are_understood() {
    let level2 = r#"{"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"},{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.3","new_quantity":"0.02"},{"side":"offer","event_time":"1970-01-01T00:00:00Z","price_level":"21921.74","new_quantity":"0.5"}]}]}"#;
    let trades = r#"{"channel":"market_trades","client_id":"","timestamp":"2023-02-09T20:19:35.39625135Z","sequence_num":1,"events":[{"type":"snapshot","trades":[{"trade_id":"000000000","product_id":"BTC-USD","price":"1260.01","size":"0.3","side":"BUY","time":"2019-08-14T20:42:27.265Z"}]}]}"#;
    let heartbeats = r#"{"channel":"heartbeats","client_id":"","timestamp":"2023-06-23T20:31:26.122969572Z","sequence_num":2,"events":[{"current_time":"2023-06-23 20:31:56.121961769 +0000 UTC m=+91717.525857105","heartbeat_counter":3049}]}"#;
    let subscriptions = r#"{"channel":"subscriptions","client_id":"","timestamp":"2023-06-23T20:31:26.1Z","sequence_num":3,"events":[{"subscriptions":{"level2":["BTC-USD"]}}]}"#;
    check(
        "documentation",
        &settings(ALL),
        &[
            (
                level2.to_owned(),
                &[
                    "snapshot BTC-USD 21921.73x0.06317902 21921.3x0.02 | 21921.74x0.5",
                    "quote BTC-USD 21921.73x0.06317902 21921.74x0.5",
                    "live BTC-USD",
                ],
            ),
            (trades.to_owned(), &["trade BTC-USD sell 1260.01x0.3 #000000000 old"]),
            (heartbeats.to_owned(), &[]),
            (subscriptions.to_owned(), &[]),
        ],
    );
    let ticker = r#"{"channel":"ticker","client_id":"","timestamp":"2023-02-09T20:30:37.167359596Z","sequence_num":0,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"21932.98","volume_24_h":"16038.28770938","low_24_h":"21835.29","high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98","best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}]}]}"#;
    let by_ticker = CoinbaseSettings { quotes_from: QuoteOrigin::Ticker, ..settings(QUOTES) };
    check(
        "ticker",
        &by_ticker,
        &[(ticker.to_owned(), &["quote BTC-USD 21931.98x8000.21 21933.98x8038.07770938", "live BTC-USD"])],
    );
}

/// Breaks when an update changes the wrong level, or a quote is missing or said too often.
#[test]
fn books_and_quotes_follow_updates() {
    let rows: &[(String, &[&str])] = &[
        (l2(0, "update", "BTC-USD", "98x1", ""), &[]),
        (snapshot(1), SNAPSHOT),
        (l2(2, "update", "BTC-USD", "99x0", ""), &["update BTC-USD 99x0 | "]),
        (
            l2(3, "update", "BTC-USD", "100x0 98x7", "101x5"),
            &["update BTC-USD 100x0 98x7 | 101x5", "quote BTC-USD 98x7 101x5"],
        ),
        (l2(4, "update", "BTC-USD", "98x0", ""), &["update BTC-USD 98x0 | ", "quote BTC-USD - 101x5"]),
        (l2(5, "update", "BTC-USD", "", ""), &[]),
        (l2(6, "update", "ETH-USD", "1x1", ""), &[]),
    ];
    check("books and quotes", &settings(ALL), rows);
    let quotes: Vec<(String, Vec<&str>)> = rows
        .iter()
        .map(|(frame, lines)| {
            let of_book = |line: &&str| line.starts_with("snapshot") || line.starts_with("update");
            (frame.clone(), lines.iter().copied().filter(|line| !of_book(line)).collect())
        })
        .collect();
    let quotes: Vec<(String, &[&str])> =
        quotes.iter().map(|(frame, lines)| (frame.clone(), lines.as_slice())).collect();
    check("quotes alone", &settings(QUOTES), &quotes);
}

/// Breaks when a lost message goes unnoticed, a book is used across the hole, or the snapshot that closes it is not
/// asked for.
#[test]
fn a_hole_in_the_numbers_voids_the_book() {
    check(
        "hole",
        &settings(ALL),
        &[
            (snapshot(10), SNAPSHOT),
            (
                l2(11, "update", "BTC-USD", "100x2", ""),
                &["update BTC-USD 100x2 | ", "quote BTC-USD 100x2 101x3"],
            ),
            // The one that shows the hole is of no use either.
            (
                l2(13, "update", "BTC-USD", "100x3", ""),
                &["gap BTC-USD: message 13 came after 11", "send unsubscribe level2 BTC-USD"],
            ),
            // What comes late is passed over.
            (l2(12, "update", "BTC-USD", "100x4", ""), &[]),
            (l2(14, "update", "BTC-USD", "100x5", ""), &[]),
            // A second hole while it is being asked for says nothing new.
            (l2(16, "update", "BTC-USD", "100x6", ""), &[]),
            (snapshot(17), SNAPSHOT),
            (
                l2(18, "update", "BTC-USD", "100x0", ""),
                &["update BTC-USD 100x0 | ", "quote BTC-USD 99x2 101x3"],
            ),
        ],
    );
}

/// Breaks when what is asked for after a loss is not everything that was lost, or leaves faster than the venue takes it.
#[test]
fn what_was_lost_is_asked_for_in_time() {
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings(ALL)), products(&["BTC-USD"]));
    bench.frame(&snapshot(0));
    let asked = bench.frame(&heartbeat(2));
    assert_eq!(asked, ["gap BTC-USD: message 2 came after 0", "send unsubscribe level2 BTC-USD"]);
    assert_eq!(bench.wait(100), [""; 0]);
    assert_eq!(
        bench.wait(500),
        [
            "send unsubscribe market_trades BTC-USD",
            "send subscribe level2 BTC-USD",
            "send subscribe market_trades BTC-USD"
        ]
    );
    assert_eq!(bench.frame(&snapshot(3)).last().unwrap(), "live BTC-USD");
    let counts = bench.session.counts();
    assert_eq!((counts.gaps, counts.duplicates, counts.reconnects), (1, 0, 0));
}

/// Breaks when the scope of the numbers is not what the settings say.
#[test]
fn numbers_count_where_the_settings_say() {
    let scope = |sequence| CoinbaseSettings { sequence, ..settings(ALL) };
    let lost = ["gap BTC-USD: message 9 came after 1", "send unsubscribe level2 BTC-USD"];
    let kept = ["update BTC-USD 100x2 | ", "quote BTC-USD 100x2 101x3"];
    for (sequence, last_of_channel, expected) in [
        (SequenceScope::Connection, 8, &kept[..]),
        (SequenceScope::Connection, 1, &lost[..]),
        (SequenceScope::Channel, 8, &lost[..]),
        (SequenceScope::Off, 1, &kept[..]),
    ] {
        let mut bench = Bench::connected(&FeedSettings::Coinbase(scope(sequence)), products(&["BTC-USD"]));
        bench.frame(&snapshot(1));
        for n in 2..=last_of_channel {
            bench.frame(&heartbeat(n));
        }
        let found = bench.frame(&l2(9, "update", "BTC-USD", "100x2", ""));
        assert_eq!(found, expected, "{sequence:?} behind {last_of_channel}");
    }
}

/// Breaks when trades have the wrong side, the wrong order, come twice, or old ones pass for new ones.
#[test]
fn trades_are_news_once() {
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings(ALL)), products(&["BTC-USD"]));
    let first = market_trades(
        0,
        "snapshot",
        "BTC-USD",
        &[(9, "SELL", "100x1", 1_500), (10, "BUY", "101x2", 1_500), (8, "BUY", "99x3", 900)],
    );
    assert_eq!(
        bench.frame(&first),
        [
            "trade BTC-USD sell 99x3 #8 old",
            "trade BTC-USD buy 100x1 #9 old",
            "trade BTC-USD sell 101x2 #10 old"
        ]
    );
    let update = market_trades(
        1,
        "update",
        "BTC-USD",
        &[(12, "SELL", "100x1", 2_100), (11, "SELL", "100x1", 2_050), (10, "BUY", "101x2", 1_500)],
    );
    assert_eq!(bench.frame(&update), ["trade BTC-USD buy 100x1 #11", "trade BTC-USD buy 100x1 #12"]);
    assert_eq!(bench.session.counts().duplicates, 1);
    // Behind a new connection the snapshot repeats, and holds one that was missed.
    bench.closed(None, "gone");
    bench.wait(1_100);
    bench.tell(reprise_feeds::Told::Connected);
    let again = market_trades(
        0,
        "snapshot",
        "BTC-USD",
        &[(13, "SELL", "100x1", 2_200), (12, "SELL", "100x1", 2_100)],
    );
    assert_eq!(bench.frame(&again), ["trade BTC-USD buy 100x1 #13 old"]);
}

/// Breaks when a crossed book stands.
#[test]
fn a_crossed_book_is_a_gap() {
    for (bids, asks, why) in [
        ("101x1", "", "bid 101, ask 101"),
        ("", "99.5x1", "bid 100, ask 99.5"),
        ("102x1 103x0", "", "bid 102, ask 101"),
    ] {
        check(
            "crossed",
            &CoinbaseSettings { sequence: SequenceScope::Off, ..settings(ALL) },
            &[
                (snapshot(0), SNAPSHOT),
                (
                    l2(1, "update", "BTC-USD", bids, asks),
                    &[&format!("gap BTC-USD: its book is crossed: {why}"), "send unsubscribe level2 BTC-USD"],
                ),
                (l2(2, "update", "BTC-USD", "98x1", ""), &[]),
                (snapshot(3), SNAPSHOT),
            ],
        );
    }
}

/// Breaks when a frame that cannot be read is taken for nothing, or for more than it can be.
#[test]
fn unreadable_frames_are_losses_where_a_book_may_be_lost() {
    let gap = |why: &str| {
        vec![
            format!("gap BTC-USD: a frame could not be read: {why}"),
            "send unsubscribe level2 BTC-USD".to_owned(),
        ]
    };
    let event = |channel: &str, event: &str| envelope(channel, 1, event);
    let update = |field: &str| {
        event("l2_data", &format!(r#"{{"type":"update","product_id":"BTC-USD","updates":[{{{field}}}]}}"#))
    };
    let rows: Vec<(String, Vec<String>, u64, u64)> = vec![
        (
            "{\"channel\":\"l2_data\",\"eve".to_owned(),
            gap("not the JSON that was expected: EOF while parsing a string at line 1 column 25"),
            1,
            0,
        ),
        (
            update(r#""side":"bid","price_level":"x","new_quantity":"1""#),
            gap("a level's price: \"x\" is not a decimal number (write it like 1250 or -0.5)"),
            1,
            0,
        ),
        (
            update(r#""side":"bid","price_level":"0","new_quantity":"1""#),
            gap("a level's price is '0', and must be above 0"),
            1,
            0,
        ),
        (
            update(r#""side":"middle","price_level":"1","new_quantity":"1""#),
            gap("side is 'middle', and must be bid or offer"),
            1,
            0,
        ),
        (
            event("l2_data", r#"{"type":"surprise","product_id":"BTC-USD","updates":[]}"#),
            gap("type is 'surprise', and must be snapshot or update"),
            1,
            0,
        ),
        // Another product's book.
        (event("l2_data", r#"{"type":"surprise","product_id":"ETH-USD","updates":[]}"#), vec![], 1, 0),
        // Trades are no base for anything.
        (event("market_trades", r#"{"type":"update","trades":[{"trade_id":"1"}]}"#), vec![], 1, 0),
        (market_trades(1, "update", "BTC-USD", &[(1, "UP", "1x1", 0)]), vec![], 1, 0),
        // What is not known is passed over.
        (event("futures_balance_summary", "{}"), vec![], 0, 1),
        (
            event("ticker", r#"{"type":"update","tickers":[{"product_id":"BTC-USD","price":"1"}]}"#),
            vec![],
            0,
            1,
        ),
        ("{}".to_owned(), vec![], 0, 1),
        (heartbeat(1).replace("\"events\"", "\"new_field\":{\"a\":[1]},\"events\""), vec![], 0, 0),
    ];
    for (frame, expected, malformed, unknown) in rows {
        let mut bench = Bench::connected(&FeedSettings::Coinbase(settings(ALL)), products(&["BTC-USD"]));
        bench.frame(&snapshot(0));
        assert_eq!(bench.frame(&frame), expected, "{frame}");
        let counts = bench.session.counts();
        assert_eq!((counts.malformed, counts.unknown), (malformed, unknown), "{frame}");
        // Numbers go on where the frame had one, and begin anew where it could not be read.
        let next = bench.frame(&snapshot(if frame == "{}" { 1 } else { 2 }));
        assert!(!next.iter().any(|line| line.starts_with("gap")), "{frame}: {next:?}");
    }
}

/// Breaks when an error frame ends anything but itself.
#[test]
fn refusals_are_counted() {
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings(ALL)), products(&["BTC-USD"]));
    let refusal = r#"{"type":"error","message":"failure to subscribe"}"#;
    assert_eq!(bench.frame(refusal), [""; 0]);
    assert_eq!(bench.session.counts().refusals, 1);
    assert_eq!(bench.frame(&snapshot(5)), SNAPSHOT);
}

/// Breaks when a product that shares another's book is not heard under that one's name, or asked for twice.
#[test]
fn products_that_share_a_book_are_heard_together() {
    let both =
        CoinbaseSettings { products: vec!["BTC-USD".to_owned(), "BTC-USDC".to_owned()], ..settings(ALL) };
    let mut bench = Bench::new(&FeedSettings::Coinbase(both));
    bench.tell(reprise_feeds::Told::Started { seed: 1 });
    bench.tell(reprise_feeds::Told::Defined(vec![
        listing("BTC-USD", "BTC-USD", "BTC-USD.COINBASE"),
        listing("BTC-USDC", "BTC-USD", "BTC-USDC.COINBASE"),
    ]));
    bench.tell(reprise_feeds::Told::Connected);
    assert_eq!(bench.wait(1_000), ["send subscribe level2 BTC-USD", "send subscribe market_trades BTC-USD"]);
    assert_eq!(
        bench.frame(&l2(0, "snapshot", "BTC-USD", "1x1", "2x2")),
        [
            "snapshot BTC-USD 1x1 | 2x2",
            "quote BTC-USD 1x1 2x2",
            "snapshot BTC-USDC 1x1 | 2x2",
            "quote BTC-USDC 1x1 2x2",
            "live BTC-USD",
            "live BTC-USDC",
        ]
    );
    assert_eq!(
        bench.frame(&market_trades(1, "update", "BTC-USD", &[(5, "BUY", "1x1", 2_000)])),
        ["trade BTC-USD sell 1x1 #5", "trade BTC-USDC sell 1x1 #5"]
    );
}

/// Breaks when a quote that stands looks old to whoever asks for its age, or is said with every message.
#[test]
fn a_quote_that_stands_is_said_again() {
    let timing = Timing { requote_ms: 1_000, ..Timing::default() };
    let settings = CoinbaseSettings { timing, ..settings(QUOTES) };
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings), products(&["BTC-USD"]));
    bench.frame(&snapshot(0));
    let deep = |n| l2(n, "update", "BTC-USD", "50x1", "");
    for (n, wait_ms, expected) in [(1, 999, 0), (2, 1, 1), (3, 500, 0), (4, 600, 1), (5, 0, 0)] {
        bench.wait(wait_ms);
        let said = bench.frame(&deep(n));
        assert_eq!(said, vec!["quote BTC-USD 100x1 101x3"; expected], "message {n}");
    }
}

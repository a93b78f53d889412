//! What Hyperliquid's frames become, and that the importer makes the same of them.

use std::io::Write;

use reprise_feeds::{FeedSettings, HyperliquidChannels, HyperliquidSettings, Told};
use reprise_market_data::import::{Format, Import, ImportPlan};
use reprise_model::Input;

use crate::support::{Bench, bbo, coins, event, hl_trades, hyperliquid, l2_book, listing};

fn bench(settings: HyperliquidSettings) -> Bench {
    let symbols: Vec<&str> = settings.coins.iter().map(String::as_str).collect();
    let listings = coins(&symbols);
    Bench::connected(&FeedSettings::Hyperliquid(settings), listings)
}

fn quotes_alone() -> HyperliquidSettings {
    let channels = HyperliquidChannels { quotes: true, trades: false, books: false, marks: false };
    HyperliquidSettings { channels, ..hyperliquid(&["BTC"]) }
}

/// Breaks when the venue's messages are asked for otherwise than it documents.
#[test]
fn subscriptions_are_as_documented() {
    let settings = HyperliquidSettings { fast_books: Some(true), ..hyperliquid(&["BTC", "@107"]) };
    let mut bench = Bench::new(&FeedSettings::Hyperliquid(settings));
    bench.tell(Told::Started { seed: 1 });
    bench.tell(Told::Defined(vec![
        listing("BTC", "BTC", "BTC-PERP.HYPERLIQUID"),
        listing("@107", "@107", "@107.HYPERLIQUID"),
    ]));
    let mut actions = Vec::new();
    bench.session.tell(bench.now, Told::Connected, &mut actions);
    let sent: Vec<String> = actions
        .into_iter()
        .filter_map(|action| match action {
            reprise_feeds::Action::Send(text) => Some(text),
            _ => None,
        })
        .collect();
    let subscribe = |rest: &str| format!(r#"{{"method":"subscribe","subscription":{{{rest}}}}}"#);
    let expected: Vec<serde_json::Value> = [
        r#""coin":"BTC","type":"bbo""#,
        r#""coin":"BTC","fast":true,"type":"l2Book""#,
        r#""coin":"BTC","type":"trades""#,
        r#""coin":"BTC","type":"activeAssetCtx""#,
        r#""coin":"@107","type":"bbo""#,
        r#""coin":"@107","fast":true,"type":"l2Book""#,
        r#""coin":"@107","type":"trades""#,
        r#""coin":"@107","type":"activeAssetCtx""#,
    ]
    .iter()
    .map(|rest| serde_json::from_str(&subscribe(rest)).unwrap())
    .collect();
    let sent: Vec<serde_json::Value> = sent.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(sent, expected);
}

/// Breaks when books, quotes, trades and marks are misread.
#[test]
fn messages_become_events() {
    let mut bench = bench(hyperliquid(&["BTC"]));
    let ctx = r#"{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"dayNtlVlm":"1","funding":"0.0000125","markPx":"105050.5","oraclePx":"105049.0","openInterest":"1"}}}"#;
    for (frame, expected) in [
        (
            r#"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}}"#.to_owned(),
            vec![],
        ),
        (bbo("BTC", 2_000, "100x1", "101x2"), vec!["quote BTC-PERP 100x1 101x2"]),
        (
            l2_book("BTC", 2_000, "100x1 99x5", "101x2"),
            vec!["snapshot BTC-PERP 100x1 99x5 | 101x2", "live BTC-PERP"],
        ),
        (bbo("BTC", 2_100, "100.5x1", "-"), vec!["quote BTC-PERP 100.5x1 -"]),
        // A newer book says what the quote is now; an older one does not.
        (
            l2_book("BTC", 2_200, "100.5x1", "102x9"),
            vec!["snapshot BTC-PERP 100.5x1 | 102x9", "quote BTC-PERP 100.5x1 102x9"],
        ),
        (bbo("BTC", 2_300, "100x3", "102x9"), vec!["quote BTC-PERP 100x3 102x9"]),
        (l2_book("BTC", 2_250, "100.5x2", "102x9"), vec!["snapshot BTC-PERP 100.5x2 | 102x9"]),
        // What comes late is passed over; the venue begins with the same book twice.
        (l2_book("BTC", 2_240, "100.5x3", "102x9"), vec![]),
        (l2_book("BTC", 2_250, "100.5x2", "102x9"), vec!["snapshot BTC-PERP 100.5x2 | 102x9"]),
        (bbo("BTC", 2_299, "100x4", "102x9"), vec![]),
        (ctx.to_owned(), vec!["mark BTC-PERP 105050.5 105049"]),
        (
            hl_trades("BTC", &[(1, "B", "101x1", 999), (2, "A", "100x2", 2_350)]),
            vec!["trade BTC-PERP buy 101x1 #1 old", "trade BTC-PERP sell 100x2 #2"],
        ),
        (hl_trades("BTC", &[(2, "A", "100x2", 2_350), (3, "A", "100x2", 2_360)]), vec!["trade BTC-PERP sell 100x2 #3"]),
        (l2_book("BTC", 2_400, "", ""), vec!["snapshot BTC-PERP  | ", "quote BTC-PERP - -"]),
        (l2_book("ETH", 2_400, "1x1", "2x1"), vec![]),
        (r#"{"channel":"pong"}"#.to_owned(), vec![]),
        (r#"{"channel":"error","data":"Already subscribed"}"#.to_owned(), vec![]),
        (r#"{"channel":"allMids","data":{"mids":{}}}"#.to_owned(), vec![]),
    ] {
        assert_eq!(bench.frame(&frame), expected, "{frame}");
    }
    let counts = bench.session.counts();
    assert_eq!((counts.duplicates, counts.refusals, counts.unknown, counts.malformed), (3, 1, 2, 0));
}

/// Breaks when a frame that cannot be read is taken for nothing where a book or a quote may be lost with it.
#[test]
fn losses_are_told_and_healed() {
    let heal = ["snapshot BTC-PERP 100x1 | 101x1", "quote BTC-PERP 100x1 101x1", "live BTC-PERP"];
    for (frame, gap) in [
        ("{\"channel\":\"l2Bo".to_owned(), true),
        (l2_book("BTC", 2_100, "100x1", "100x1"), true),
        (l2_book("BTC", 2_100, "100x1", "?x1"), true),
        (bbo("BTC", 2_100, "100x1", "99x1"), true),
        (bbo("BTC", 2_100, "100x-1", "99x1"), true),
        (bbo("ETH", 2_100, "100x-1", "99x1"), false),
        (r#"{"channel":"l2Book","data":{"time":1}}"#.to_owned(), true),
        (hl_trades("BTC", &[(1, "C", "1x1", 1)]), false),
    ] {
        let mut bench = bench(hyperliquid(&["BTC"]));
        bench.frame(&l2_book("BTC", 2_000, "100x1", "101x1"));
        let said = bench.frame(&frame);
        assert_eq!(
            said.first().is_some_and(|line| line.starts_with("gap BTC-PERP: ")),
            gap,
            "{frame}: {said:?}"
        );
        let asked: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("send ")).collect();
        let expected = [
            "unsubscribe bbo BTC",
            "unsubscribe l2Book BTC",
            "unsubscribe trades BTC",
            "unsubscribe activeAssetCtx BTC",
            "subscribe bbo BTC",
            "subscribe l2Book BTC",
            "subscribe trades BTC",
            "subscribe activeAssetCtx BTC",
        ];
        assert_eq!(asked, if gap { &expected[..] } else { &[] }, "{frame}");
        if gap {
            assert_eq!(bench.frame(&l2_book("BTC", 2_200, "100x1", "101x1")), heal, "{frame}");
        }
    }
}

/// Breaks when a venue whose clock was set back is not heard again, or what comes late is heard.
#[test]
fn a_clock_that_was_set_back_is_followed() {
    let mut bench = bench(hyperliquid(&["BTC"]));
    let book = |ms| l2_book("BTC", ms, "100x1", "101x1");
    bench.frame(&book(9_000));
    assert_eq!(bench.frame(&book(8_000)), [""; 0]);
    bench.frame("{");
    assert_eq!(bench.frame(&book(8_000)), [""; 0], "a loss does not make late books new");
    assert_eq!(bench.frame(&book(9_100)).last().unwrap(), "live BTC-PERP");
    let mut said = Vec::new();
    for second in 0..40 {
        said.extend(bench.frame(&book(second)));
        said.extend(bench.wait(1_000));
    }
    said.retain(|line| line != "send ping");
    assert_eq!(said[0], "stale BTC-PERP: nothing came about it for 30000 ms");
    assert!(said.contains(&"live BTC-PERP".to_owned()), "{said:?}");
    bench.frame(&book(99_000));
    bench.closed(None, "gone");
    bench.wait(60_001);
    bench.tell(Told::Connected);
    assert_eq!(bench.frame(&book(50_000)).last().unwrap(), "live BTC-PERP");
}

/// Breaks when a question in vain makes everything that comes late new, not only the first that comes.
#[test]
fn a_question_in_vain_forgives_once() {
    let mut bench = bench(hyperliquid(&["BTC"]));
    bench.frame(&l2_book("BTC", 9_000, "100x1", "101x1"));
    bench.frame("{");
    for _ in 0..12 {
        bench.frame(r#"{"channel":"pong"}"#);
        bench.wait(1_000);
    }
    assert_eq!(bench.frame(&bbo("BTC", 8_000, "100x2", "101x2")), ["quote BTC-PERP 100x2 101x2"]);
    assert_eq!(bench.frame(&bbo("BTC", 7_900, "100x3", "101x3")), [""; 0]);
    assert_eq!(
        bench.frame(&l2_book("BTC", 7_800, "100x4", "101x4")),
        ["snapshot BTC-PERP 100x4 | 101x4", "live BTC-PERP"]
    );
    assert_eq!(bench.frame(&l2_book("BTC", 7_700, "100x5", "101x5")), [""; 0]);
}

/// Breaks when quotes need books to be live, or the quote of a silent market looks old while the connection lives.
#[test]
fn quotes_alone_are_enough() {
    let mut bench = bench(quotes_alone());
    assert_eq!(
        bench.frame(&bbo("BTC", 2_000, "100x1", "101x2")),
        ["quote BTC-PERP 100x1 101x2", "live BTC-PERP"]
    );
    bench.wait(1_000);
    assert_eq!(bench.frame(&bbo("BTC", 3_000, "100x1", "101x2")), ["quote BTC-PERP 100x1 101x2"]);
}

/// Breaks when a recording of frames and the live feed that received them disagree about what they say.
#[test]
fn the_importer_makes_the_same_of_it() {
    let mut live = bench(hyperliquid(&["BTC", "ETH"]));
    let frames = [
        (l2_book("BTC", 2_000, "100x1 99x5", "101x2"), 1),
        (bbo("BTC", 2_010, "100x1", "101x2"), 2),
        (bbo("ETH", 2_020, "10x1", "-"), 2),
        (hl_trades("BTC", &[(1, "B", "101x1", 500), (2, "A", "100x2", 999), (3, "B", "101x0.5", 2_020)]), 30),
        (hl_trades("BTC", &[(3, "B", "101x0.5", 2_020), (4, "A", "100x1.25", 2_040)]), 10),
        (
            r#"{"channel":"activeAssetCtx","data":{"coin":"ETH","ctx":{"markPx":"10.55","oraclePx":"10.5"}}}"#.to_owned(),
            0,
        ),
        (l2_book("ETH", 2_050, "10x1", "11x4 12x5"), 9),
        (bbo("BTC", 2_060, "100x2", "101x2"), 5),
        (hl_trades("BTC", &[(5, "B", "101x1", 9_000), (6, "B", "101x1", 3_000)]), 7_000),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.txt");
    let mut file = std::fs::File::create(&path).unwrap();
    live.events.clear();
    for (frame, wait_ms) in frames {
        writeln!(file, "{} {frame}", live.now.0).unwrap();
        live.frame(&frame);
        live.wait(wait_ms);
    }
    let plan = ImportPlan { format: Format::Recorder, files: vec![path], ..ImportPlan::default() };
    let import = Import::scan(plan, |_| {}).unwrap();
    let mut events = import.events();
    let mut imported = Vec::new();
    while let Some((ts, input)) = events.next_event().unwrap() {
        if input.kind() != "instrument.defined" {
            imported.push((ts, input));
        }
    }
    assert_eq!(imported.len(), 12);
    // The live feed says more: how it stands, and quotes that books tell.
    let mut heard = live.events.iter().filter(|(_, input)| !matches!(input, Input::FeedStatus(_)));
    for wanted in &imported {
        let found = heard.any(|event| event == wanted);
        assert!(found, "not heard live, or in another order: {}", event(&wanted.1));
    }
}

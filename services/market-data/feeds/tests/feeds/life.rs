//! The life of a session: definitions, connections, silence and stalls.

use reprise_feeds::{
    CoinbaseChannels, CoinbaseSettings, FeedSettings, HyperliquidChannels, HyperliquidSettings,
    SettingsError, Timing, Told,
};

use crate::support::{
    Bench, MS, bbo, coinbase, coins, heartbeat, hyperliquid, l2, l2_book, listing, products,
};

const QUOTES: CoinbaseChannels = CoinbaseChannels { quotes: true, trades: false, books: false };

fn quotes(symbols: &[&str]) -> FeedSettings {
    FeedSettings::Coinbase(CoinbaseSettings { channels: QUOTES, ..coinbase(symbols) })
}

fn undefined(why: &str) -> Told<'static> {
    Told::Undefined { why: why.to_owned() }
}

fn snapshot(n: u64, product: &str) -> String {
    l2(n, "snapshot", product, "100x1", "101x1")
}

/// Breaks when events come before their definitions, when the first state is missing, or when the venue is greeted
/// late: it drops who has not subscribed within five seconds.
#[test]
fn a_feed_begins_down_and_defines_before_it_connects() {
    let mut bench = Bench::new(&quotes(&["BTC-USD", "ETH-USD"]));
    assert_eq!(bench.tell(Told::Started { seed: 3 }), ["down *: starting", "define"]);
    assert_eq!(bench.wait(60_000), [""; 0]);
    assert_eq!(
        bench.tell(Told::Defined(products(&["BTC-USD", "ETH-USD"]))),
        [
            "defined BTC-USD quotes",
            "defined ETH-USD quotes",
            "down BTC-USD: starting",
            "down ETH-USD: starting",
            "connect"
        ]
    );
    assert_eq!(bench.tell(Told::Connected), ["send subscribe heartbeats"]);
    assert_eq!(bench.wait(300), ["send subscribe level2 BTC-USD,ETH-USD"]);
    assert_eq!(bench.frame(&snapshot(0, "ETH-USD")), ["quote ETH-USD 100x1 101x1", "live ETH-USD"]);
    assert_eq!(bench.frame(&snapshot(1, "BTC-USD")), ["quote BTC-USD 100x1 101x1", "live BTC-USD"]);
}

/// Breaks when a feed without its definitions connects, spins, or gives up.
#[test]
fn definitions_are_asked_for_until_they_come() {
    let mut bench = Bench::new(&quotes(&["BTC-USD"]));
    bench.tell(Told::Started { seed: 3 });
    for _ in 0..20 {
        assert_eq!(bench.tell(undefined("no network")), [""; 0]);
        assert_eq!(bench.wait(60_001), ["define"]);
    }
    // None of them is as bad as no answer.
    assert_eq!(bench.tell(Told::Defined(vec![listing("ETH-USD", "ETH-USD", "ETH-USD.COINBASE")])), [""; 0]);
    assert_eq!(bench.wait(60_001), ["define"]);
    let found = bench.tell(Told::Defined(products(&["BTC-USD"])));
    assert_eq!(found.last().unwrap(), "connect");
}

/// Breaks when what is followed depends on what is not listed, or a definition that changed is not told.
#[test]
fn definitions_come_anew_with_a_later_connection() {
    let mut bench = Bench::new(&quotes(&["BTC-USD", "NEW-USD"]));
    bench.tell(Told::Started { seed: 3 });
    bench.tell(Told::Defined(products(&["BTC-USD"])));
    bench.tell(Told::Connected);
    bench.wait(1_000);
    let reconnect = |bench: &mut Bench| {
        bench.closed(None, "gone");
        bench.wait(60_001)
    };
    assert_eq!(reconnect(&mut bench), ["connect"]);
    bench.wait(600_000);
    assert_eq!(reconnect(&mut bench), ["connect", "define"]);
    bench.tell(Told::Connected);
    bench.wait(1_000);
    let mut listings = products(&["BTC-USD", "NEW-USD"]);
    assert_eq!(
        bench.tell(Told::Defined(listings.clone())),
        ["defined NEW-USD quotes", "down NEW-USD: ", "send subscribe level2 NEW-USD"]
    );
    listings[0].definition.tick = reprise_model::Price::ONE;
    assert_eq!(bench.tell(Told::Defined(listings.clone())), ["defined BTC-USD quotes"]);
    assert_eq!(bench.tell(Told::Defined(listings)), [""; 0]);
}

/// Breaks when the engine takes quotes from where the feed sends none.
#[test]
fn definitions_say_where_quotes_come_from() {
    for (quotes, books, expected) in [(true, true, "quotes"), (true, false, "quotes"), (false, true, "book")]
    {
        let channels = CoinbaseChannels { quotes, trades: true, books };
        let settings = CoinbaseSettings { channels, ..coinbase(&["BTC-USD"]) };
        let mut bench = Bench::new(&FeedSettings::Coinbase(settings));
        bench.tell(Told::Started { seed: 3 });
        let said = bench.tell(Told::Defined(products(&["BTC-USD"])));
        assert_eq!(said[0], format!("defined BTC-USD {expected}"));
    }
}

/// Breaks when a lost connection is not told, told twice, or not made again; or when a rotation by the venue waits.
#[test]
fn connections_are_made_again() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD", "ETH-USD"]), products(&["BTC-USD", "ETH-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    // Two instruments, one of which was never live: one event says it of the venue.
    assert_eq!(bench.closed(None, "the line was cut"), ["down *: the line was cut"]);
    assert_eq!(bench.frame(&snapshot(1, "BTC-USD")), [""; 0], "a frame of a connection that is gone");
    assert_eq!(bench.wait(1_000), ["connect"]);
    assert_eq!(bench.closed(None, "refused"), [""; 0]);
    assert_eq!(bench.wait(2_000), ["connect"]);
    bench.tell(Told::Connected);
    assert_eq!(bench.wait(1_000).len(), 1);
    // Numbers begin anew with a connection.
    assert_eq!(bench.frame(&snapshot(0, "BTC-USD")), ["quote BTC-USD 100x1 101x1", "live BTC-USD"]);
    bench.wait(4_000);
    bench.frame(&heartbeat(1));
    bench.wait(4_500);
    bench.frame(&heartbeat(2));
    bench.wait(1_000);
    assert_eq!(bench.closed(Some(1000), "Expired"), ["down *: Expired"]);
    assert_eq!(bench.wait(0), ["connect"]);
    // Whoever ends each connection at once is not called at once each time.
    bench.tell(Told::Connected);
    bench.closed(Some(1000), "Expired");
    assert_eq!(bench.wait(0), [""; 0]);
    assert_eq!(bench.session.counts().reconnects, 3);
}

/// Breaks when waits between attempts do not grow to a minute, or do not start over after a minute of good data.
#[test]
fn waits_grow_and_start_over() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD"]), products(&["BTC-USD"]));
    let wait_s = |bench: &mut Bench| {
        bench.closed(None, "gone");
        let wait = bench.session.wake_at().since(bench.now);
        assert_eq!(bench.wait(60_001)[0], "connect");
        wait / (1_000 * MS)
    };
    let longest = (0..30).map(|_| wait_s(&mut bench)).max().unwrap();
    assert!((30..60).contains(&longest), "{longest}");
    bench.tell(Told::Connected);
    bench.wait(1_000);
    bench.frame(&snapshot(0, "BTC-USD"));
    for n in 1..=59 {
        bench.wait(1_000);
        bench.frame(&heartbeat(n));
    }
    let mut twin = 0;
    for _ in 0..3 {
        twin = twin.max(wait_s(&mut bench));
    }
    assert!(twin >= 3, "59 s are not enough: {twin}");
    bench.tell(Told::Connected);
    bench.wait(1_000);
    bench.frame(&snapshot(0, "BTC-USD"));
    for n in 1..=60 {
        bench.wait(1_000);
        bench.frame(&heartbeat(n));
    }
    assert_eq!(wait_s(&mut bench), 0);
}

/// Breaks when a socket that is open and silent passes for live, or is kept for ever.
#[test]
fn silence_is_told_and_ended() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD"]), products(&["BTC-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    assert_eq!(bench.wait(4_999), [""; 0]);
    assert_eq!(bench.wait(1), ["stale *: nothing came for 5000 ms"]);
    assert_eq!(bench.wait(5_000), [""; 0]);
    // It was only slow.
    assert_eq!(bench.frame(&heartbeat(1)), ["live BTC-USD"]);
    assert_eq!(bench.wait(5_000), ["stale *: nothing came for 5000 ms"]);
    assert_eq!(
        bench.wait(10_000),
        ["disconnect: nothing came for 15000 ms", "down *: nothing came for 15000 ms"]
    );
    assert_eq!(bench.wait(1_000), ["connect"]);
}

/// Breaks when an instrument that says nothing while others flow passes for live.
#[test]
fn a_stalled_instrument_is_told() {
    let timing = Timing { stale_after_ms: 3_000, ..Timing::default() };
    let settings = CoinbaseSettings { channels: QUOTES, timing, ..coinbase(&["BTC-USD", "ETH-USD"]) };
    let mut bench = Bench::connected(&FeedSettings::Coinbase(settings), products(&["BTC-USD", "ETH-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    bench.frame(&snapshot(1, "ETH-USD"));
    let mut said = Vec::new();
    for n in 2..6 {
        said.extend(bench.wait(1_000));
        said.extend(bench.frame(&l2(n, "update", "BTC-USD", &format!("100x{n}"), "")));
    }
    assert_eq!(
        said,
        [
            "quote BTC-USD 100x2 101x1",
            "quote BTC-USD 100x3 101x1",
            "stale ETH-USD: nothing came about it for 3000 ms",
            "quote BTC-USD 100x4 101x1",
            "quote BTC-USD 100x5 101x1"
        ]
    );
    assert_eq!(
        bench.frame(&l2(6, "update", "ETH-USD", "100x7", "")),
        ["quote ETH-USD 100x7 101x1", "live ETH-USD"]
    );
}

/// Breaks when a loss that hits all instruments is told one by one, or when one is told again before it was whole.
#[test]
fn losses_of_all_are_told_of_the_venue() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD", "ETH-USD"]), products(&["BTC-USD", "ETH-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    bench.frame(&snapshot(1, "ETH-USD"));
    assert_eq!(
        bench.frame(&heartbeat(5)),
        ["gap *: message 5 came after 1", "send unsubscribe level2 BTC-USD,ETH-USD"]
    );
    assert_eq!(bench.wait(200), ["send subscribe level2 BTC-USD,ETH-USD"]);
    assert_eq!(bench.frame(&snapshot(6, "BTC-USD")), ["quote BTC-USD 100x1 101x1", "live BTC-USD"]);
    bench.wait(200);
    assert_eq!(
        bench.frame(&heartbeat(8)),
        ["gap BTC-USD: message 8 came after 6", "send unsubscribe level2 BTC-USD"]
    );
    assert_eq!(bench.closed(None, "gone"), ["down *: gone"]);
}

/// Breaks when a subscription that is never answered is not asked for again, or floods the venue, or takes the
/// instruments that are answered down with it.
#[test]
fn unanswered_subscriptions_are_asked_for_again() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD", "ETH-USD"]), products(&["BTC-USD", "ETH-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    let mut asked = 0;
    for n in 1..=300 {
        let said =
            [bench.wait(1_000), bench.frame(&l2(n, "update", "BTC-USD", &format!("100x{n}"), ""))].concat();
        assert!(!said.iter().any(|line| line.starts_with("disconnect")), "{n}: {said:?}");
        asked += said.iter().filter(|line| *line == "send subscribe level2 ETH-USD").count();
    }
    assert!((5..10).contains(&asked), "{asked}");
    let mut bench = Bench::connected(&quotes(&["BTC-USD", "ETH-USD"]), products(&["BTC-USD", "ETH-USD"]));
    let mut said = Vec::new();
    for n in 1..=35 {
        said.extend(bench.wait(1_000));
        said.extend(bench.frame(&heartbeat(n)));
    }
    assert!(said.contains(&"disconnect: no subscription was answered".to_owned()), "{said:?}");
}

/// Breaks when Hyperliquid drops the connection because it heard nothing of us, or when a dead line is not probed.
#[test]
fn pings_keep_the_connection() {
    let channels = HyperliquidChannels { trades: false, marks: false, books: false, quotes: true };
    let settings = HyperliquidSettings { channels, ..hyperliquid(&["BTC"]) };
    let mut bench = Bench::connected(&FeedSettings::Hyperliquid(settings), coins(&["BTC"]));
    let mut pings = Vec::new();
    for second in 2..100 {
        bench.frame(&bbo("BTC", second * 1_000, "100x1", "101x1"));
        let said = bench.wait(1_000);
        if said.contains(&"send ping".to_owned()) {
            pings.push(second);
        }
    }
    assert_eq!(pings.len(), 3, "{pings:?}");
    assert_eq!(bench.wait(6_499), [""; 0]);
    assert_eq!(bench.wait(1), ["send ping"]);
    assert_eq!(bench.wait(7_500), ["stale *: nothing came for 15000 ms"]);
    assert_eq!(bench.frame(r#"{"channel":"pong"}"#), ["live BTC-PERP"]);
}

/// Breaks when Hyperliquid's many small messages leave all at once, or an instrument whose turn has not come counts
/// as unanswered.
#[test]
fn many_coins_are_asked_for_at_a_pace() {
    let names: Vec<String> = (0..100).map(|n| format!("C{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = Bench::new(&FeedSettings::Hyperliquid(hyperliquid(&names)));
    bench.tell(Told::Started { seed: 3 });
    bench.tell(Told::Defined(coins(&names)));
    let at_once = bench.tell(Told::Connected).len();
    assert_eq!(at_once, 100);
    let mut sent = at_once;
    for second in 1..=20 {
        bench.frame(&l2_book("C0", second * 1_000, "100x1", "101x1"));
        let said = bench.wait(1_000);
        let now = said.iter().filter(|line| line.starts_with("send subscribe")).count();
        assert!(now <= 17, "{now} in a second");
        assert!(!said.iter().any(|line| line.contains("unsubscribe")), "{said:?}");
        sent += now;
    }
    assert_eq!(sent, 400);
}

/// Breaks when a feed that was stopped says or does anything more.
#[test]
fn a_stopped_feed_is_down() {
    let mut bench = Bench::connected(&quotes(&["BTC-USD"]), products(&["BTC-USD"]));
    bench.frame(&snapshot(0, "BTC-USD"));
    assert_eq!(bench.tell(Told::Stopped), ["down *: the feed was stopped"]);
    assert_eq!(bench.frame(&snapshot(1, "BTC-USD")), [""; 0]);
    assert_eq!(bench.tell(Told::Defined(products(&["BTC-USD"]))), [""; 0]);
    assert_eq!(bench.closed(None, "gone"), [""; 0]);
    assert_eq!(bench.wait(10_000_000), [""; 0]);
}

/// Breaks when settings that cannot work are taken, or a key that is not known is.
#[test]
fn settings_are_checked() {
    let message = |settings: FeedSettings| settings.check().map_err(|fault| fault.to_string());
    let twice = coinbase(&["BTC-USD", "BTC-USD"]);
    let late =
        CoinbaseSettings { timing: Timing { drop_ms: 4_999, ..Timing::default() }, ..coinbase(&["BTC-USD"]) };
    let nothing = CoinbaseChannels { quotes: false, trades: false, books: false };
    for (settings, expected) in [
        (FeedSettings::Coinbase(coinbase(&["BTC-USD", "ETH-USD"])), None),
        (
            FeedSettings::Coinbase(coinbase(&[])),
            Some("the feed of COINBASE names no products; name one at least"),
        ),
        (FeedSettings::Coinbase(twice), Some("the feed of COINBASE names BTC-USD twice")),
        (FeedSettings::Coinbase(coinbase(&["BTC USD"])), Some("'BTC USD', which can be no instrument")),
        (
            FeedSettings::Coinbase(late),
            Some("drop_ms of the feed of COINBASE is 4999, and must be no less than"),
        ),
        (
            FeedSettings::Coinbase(CoinbaseSettings { channels: nothing, ..coinbase(&["BTC-USD"]) }),
            Some("the feed of COINBASE names no channel"),
        ),
        (FeedSettings::Hyperliquid(hyperliquid(&["BTC", "@107", "PURR/USDC"])), None),
        (
            FeedSettings::Hyperliquid(HyperliquidSettings { ping_every_ms: 60_000, ..hyperliquid(&["BTC"]) }),
            Some("ping_every_ms of the feed of HYPERLIQUID is 60000"),
        ),
    ] {
        let found = message(settings);
        match expected {
            None => assert_eq!(found, Ok(())),
            Some(expected) => assert!(found.clone().unwrap_err().contains(expected), "{found:?}"),
        }
    }
    let unknown = serde_json::from_str::<CoinbaseSettings>(r#"{"product":["BTC-USD"]}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `product`"));
    let read: CoinbaseSettings =
        serde_json::from_str(r#"{"products":["BTC-USD"],"timing":{"drop_ms":20000}}"#).unwrap();
    let timing = Timing { drop_ms: 20_000, ..Timing::default() };
    assert_eq!(read, CoinbaseSettings { timing, ..coinbase(&["BTC-USD"]) });
    assert_eq!(SettingsError::NoFrames.to_string().matches("coinbase-advanced").count(), 1);
}

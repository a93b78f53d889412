//! Feeds at work against a venue on loopback.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reprise_feeds::{
    CaptureSettings, Clock, Closed, CoinbaseSettings, Feed, FeedError, FeedHandle, FeedSettings,
    HyperliquidSettings, Outlet, SettingsError, Timing, replay_capture,
};
use reprise_model::{Input, Ts};

use crate::server::{Act, Answer, DEADLINE, Venue};
use crate::support::{
    bbo, coinbase, envelope, event, heartbeat, hl_trades, hyperliquid, l2, l2_book, market_trades,
};

const PRODUCTS: &str = r#"{"products":[{"product_id":"BTC-USD","product_type":"SPOT","base_currency_id":"BTC","quote_currency_id":"USD","price_increment":"0.01","quote_increment":"0.01","base_increment":"0.00000001","quote_min_size":"1","alias":"","alias_to":[]}],"num_products":1}"#;
const META: &str = r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]}"#;

/// Hands events to the test.
struct Pipe(Sender<(Ts, Input)>);

impl Outlet for Pipe {
    fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed> {
        self.0.send((received, input)).map_err(|_| Closed)
    }

    fn flush(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        false
    }
}

fn clock() -> Clock {
    Arc::new(|| Ts(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64))
}

/// A feed whose events the test looks at.
struct Listened {
    handle: FeedHandle,
    events: Receiver<(Ts, Input)>,
    seen: Vec<(Ts, Input)>,
}

impl Listened {
    fn new(settings: FeedSettings, capture: Option<CaptureSettings>) -> Self {
        let (sender, events) = channel();
        let handle = Feed::spawn(settings, Box::new(Pipe(sender)), capture, clock()).unwrap();
        Self { handle, events, seen: Vec::new() }
    }

    /// The next events are these; reasons of states are not looked at where none is given.
    fn expect(&mut self, expected: &[&str]) {
        for line in expected {
            let next = self.events.recv_timeout(DEADLINE);
            let (ts, input) = next.map_err(|_| format!("no '{line}' comes")).unwrap();
            let found = event(&input);
            let same = found == *line || found.split(": ").next() == Some(line);
            assert!(same, "'{found}' instead of '{line}'");
            self.seen.push((ts, input));
        }
    }

    /// Ends the feed, which says so unless it was down, and gives everything that it said.
    fn end(mut self) -> Vec<(Ts, Input)> {
        self.handle.stop();
        let was_down = self.seen.last().is_some_and(|(_, input)| event(input).starts_with("down"));
        if !was_down {
            self.expect(&["down *: the feed was stopped"]);
        }
        self.handle.join().unwrap();
        assert!(self.events.try_recv().is_err(), "nothing comes behind the end");
        self.seen
    }
}

fn coinbase_at(venue: &Venue) -> CoinbaseSettings {
    CoinbaseSettings {
        rest_url: format!("{}/api/v3/brokerage", venue.rest_url),
        ws_url: venue.ws_url.clone(),
        ..coinbase(&["BTC-USD"])
    }
}

fn snapshot(n: u64) -> String {
    l2(n, "snapshot", "BTC-USD", "100x1", "101x2")
}

const BEGIN: [&str; 3] = ["down *: starting", "defined BTC-USD quotes", "down BTC-USD: starting"];
const LIVE: [&str; 3] = ["snapshot BTC-USD 100x1 | 101x2", "quote BTC-USD 100x1 101x2", "live BTC-USD"];

fn subscriptions() -> Vec<Act> {
    vec![
        Act::Expect("heartbeats"),
        Act::Expect(r#""channel":"level2","product_ids":["BTC-USD"],"type":"subscribe""#),
        Act::Expect(r#""channel":"market_trades""#),
    ]
}

/// Breaks when a feed does not get its definitions in spite of errors, does not subscribe, loses events, does not come
/// back after any kind of end, or what it captured tells another story than it told.
#[test]
fn coinbase_from_start_to_stop() {
    let first = [
        subscriptions(),
        vec![
            Act::Send(heartbeat(0)),
            Act::Send(snapshot(1)),
            Act::Ping,
            Act::SendBytes(market_trades(2, "update", "BTC-USD", &[(7, "BUY", "100x1", 500)]).into_bytes()),
            Act::Close(1001, "going away"),
        ],
    ];
    let second = [
        subscriptions(),
        vec![
            Act::Send(snapshot(0)),
            Act::Send(heartbeat(2)),
            Act::Expect(r#""type":"unsubscribe""#),
            Act::Expect(r#""type":"unsubscribe""#),
            Act::Expect(r#""channel":"level2","product_ids":["BTC-USD"],"type":"subscribe""#),
            Act::Send(snapshot(3)),
            Act::Cut,
        ],
    ];
    let third = [subscriptions(), vec![Act::Send(snapshot(0)), Act::Wait]];
    let answers = vec![Answer::Status(500), Answer::Json("{".to_owned()), Answer::Json(PRODUCTS.to_owned())];
    let venue = Venue::start(answers, vec![first.concat(), second.concat(), third.concat()]);
    let folder = tempfile::tempdir().unwrap();
    let settings = FeedSettings::Coinbase(coinbase_at(&venue));
    let capture = CaptureSettings { folder: folder.path().to_owned(), rotate_bytes: 1_500 };
    let mut feed = Listened::new(settings.clone(), Some(capture));
    feed.expect(&BEGIN);
    feed.expect(&LIVE);
    feed.expect(&[
        "trade BTC-USD sell 100x1 #7 old",
        "down *: the venue ended the connection: 1001 going away",
    ]);
    feed.expect(&LIVE);
    feed.expect(&["gap BTC-USD: message 2 came after 0"]);
    feed.expect(&LIVE);
    feed.expect(&["down *"]);
    feed.expect(&LIVE);
    let counters = feed.handle.counters();
    let seen = feed.end();
    venue.check();
    let counts = counters.read();
    assert_eq!((counts.frames, counts.gaps, counts.reconnects), (7, 1, 2));
    assert_eq!(counts.events, seen.len() as u64);
    assert!(seen.windows(2).all(|two| two[0].0 <= two[1].0), "times never go back");
    let (sender, again) = channel();
    let replayed = replay_capture(folder.path(), &settings, &mut Pipe(sender)).unwrap();
    assert_eq!(replayed.events, counts.events);
    assert_eq!(again.try_iter().collect::<Vec<_>>(), seen);
}

/// Breaks when Hyperliquid's feed does not subscribe or ping, or waits after the venue rotated the connection.
#[test]
fn hyperliquid_from_start_to_stop() {
    let subscribe = ["bbo", "l2Book", "trades", "activeAssetCtx"].map(|channel| match channel {
        "bbo" => Act::Expect(r#""method":"subscribe","subscription":{"coin":"BTC","type":"bbo"}"#),
        other => Act::Expect(other),
    });
    let script = [
        subscribe.to_vec(),
        vec![
            Act::Send(bbo("BTC", 0, "100x1", "101x2")),
            Act::Send(l2_book("BTC", 1, "100x1", "101x2")),
            Act::Send(hl_trades("BTC", &[(1, "A", "100x1", 0)])),
            Act::Expect(r#"{"method":"ping"}"#),
            Act::Send(r#"{"channel":"pong"}"#.to_owned()),
            Act::Cut,
        ],
    ];
    let again = [subscribe.to_vec(), vec![Act::Send(l2_book("BTC", 2, "100x1", "101x2")), Act::Wait]];
    let venue = Venue::start(vec![Answer::Json(META.to_owned())], vec![script.concat(), again.concat()]);
    let settings = HyperliquidSettings {
        rest_url: venue.rest_url.clone(),
        ws_url: venue.ws_url.clone(),
        ping_every_ms: 1_000,
        ..hyperliquid(&["BTC"])
    };
    let mut feed = Listened::new(FeedSettings::Hyperliquid(settings), None);
    feed.expect(&[
        "down *: starting",
        "defined BTC-PERP quotes",
        "down BTC-PERP: starting",
        "quote BTC-PERP 100x1 101x2",
        "snapshot BTC-PERP 100x1 | 101x2",
        "live BTC-PERP",
        "trade BTC-PERP sell 100x1 #1 old",
        "down *",
        "snapshot BTC-PERP 100x1 | 101x2",
        "quote BTC-PERP 100x1 101x2",
        "live BTC-PERP",
    ]);
    feed.end();
    venue.check();
}

/// Breaks when the way through the official crate understands less than our own, or loses what it cannot read.
#[test]
fn the_official_way_tells_the_same() {
    let script = [
        subscriptions(),
        vec![
            // Its own reading refuses three of these: the string in the heartbeat, the unknown channel, the error.
            Act::Send(heartbeat(0)),
            Act::Send(snapshot(1)),
            Act::Send(envelope("something_new", 2, r#"{"a":[1,2]}"#)),
            Act::Send(r#"{"type":"error","message":"no such thing"}"#.to_owned()),
            Act::Send(market_trades(3, "update", "BTC-USD", &[(7, "BUY", "100x1", 500)])),
            Act::Send(l2(4, "update", "BTC-USD", "100x3", "")),
            Act::Send(heartbeat(6)),
            Act::Expect(r#""type":"unsubscribe""#),
            Act::Expect(r#""type":"unsubscribe""#),
            Act::Expect(r#""type":"subscribe","product_ids":["BTC-USD"],"channel":"level2""#),
            Act::Send(snapshot(7)),
            Act::Close(1000, "Expired"),
        ],
    ];
    let mut script = script.concat();
    for act in &mut script {
        // The crate writes the same in another order.
        if let Act::Expect(text) = act
            && text.starts_with(r#""channel":"level2""#)
        {
            *text = r#""channel":"level2""#;
        }
    }
    let again = vec![Act::Expect("heartbeats"), Act::Wait];
    let venue = Venue::start(vec![Answer::Json(PRODUCTS.to_owned())], vec![script, again]);
    let settings = CoinbaseSettings { official_sdk: true, ..coinbase_at(&venue) };
    let mut feed = Listened::new(FeedSettings::Coinbase(settings), None);
    feed.expect(&BEGIN);
    feed.expect(&LIVE);
    feed.expect(&[
        "trade BTC-USD sell 100x1 #7 old",
        "update BTC-USD 100x3 | ",
        "quote BTC-USD 100x3 101x2",
        "gap BTC-USD: message 6 came after 4",
    ]);
    feed.expect(&LIVE);
    feed.expect(&["down *"]);
    let counts = feed.handle.counters().read();
    assert_eq!((counts.refusals, counts.unknown, counts.malformed, counts.gaps), (1, 1, 0, 1));
    feed.end();
    venue.check();
}

/// Breaks when frames that the official crate hides are promised to be kept.
#[test]
fn the_official_way_keeps_no_frames() {
    let settings = CoinbaseSettings { official_sdk: true, ..coinbase(&["BTC-USD"]) };
    let (sender, _events) = channel();
    let folder = tempfile::tempdir().unwrap();
    let capture = Some(CaptureSettings::in_folder(folder.path()));
    let refused = Feed::spawn(FeedSettings::Coinbase(settings), Box::new(Pipe(sender)), capture, clock());
    assert!(matches!(refused, Err(FeedError::Settings(SettingsError::NoFrames))));
}

/// Breaks when a feed without a network ends, spins, or cannot be stopped.
#[test]
fn without_a_network_a_feed_waits() {
    // A port that was free a moment ago: nobody answers there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = CoinbaseSettings {
        rest_url: format!("http://{closed}"),
        ws_url: format!("ws://{closed}"),
        ..coinbase(&["BTC-USD"])
    };
    let reads = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (counted, real) = (Arc::clone(&reads), clock());
    let counting: Clock = Arc::new(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        real()
    });
    let (sender, events) = channel();
    let settings = FeedSettings::Coinbase(settings);
    let handle = Feed::spawn(settings, Box::new(Pipe(sender)), None, counting).unwrap();
    let first = events.recv_timeout(DEADLINE).unwrap();
    assert_eq!(event(&first.1), "down *: starting");
    assert!(events.recv_timeout(Duration::from_millis(1_500)).is_err());
    let reads = reads.load(std::sync::atomic::Ordering::Relaxed);
    assert!(reads < 200, "the clock was read {reads} times");
    let begun = Instant::now();
    handle.stop();
    handle.join().unwrap();
    assert!(begun.elapsed() < DEADLINE);
}

/// Breaks when a feed goes on although nobody takes its events.
#[test]
fn a_feed_ends_with_its_outlet() {
    let venue = Venue::start(
        vec![Answer::Json(PRODUCTS.to_owned())],
        vec![[subscriptions(), vec![Act::Send(snapshot(0)), Act::Wait]].concat()],
    );
    let mut feed = Listened::new(FeedSettings::Coinbase(coinbase_at(&venue)), None);
    feed.expect(&BEGIN);
    drop(feed.events);
    feed.handle.join().unwrap();
}

/// Breaks when a connection that is never answered is waited for for ever.
#[test]
fn connecting_takes_so_long_and_no_longer() {
    // It listens and never accepts.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let venue = Venue::start(vec![Answer::Json(PRODUCTS.to_owned())], vec![]);
    let settings = CoinbaseSettings {
        ws_url: format!("ws://{}", silent.local_addr().unwrap()),
        timing: Timing { connect_ms: 50, ..Timing::default() },
        ..coinbase_at(&venue)
    };
    let mut feed = Listened::new(FeedSettings::Coinbase(settings), None);
    feed.expect(&BEGIN);
    let begun = Instant::now();
    while feed.handle.counters().read().reconnects < 2 {
        assert!(begun.elapsed() < DEADLINE, "it waits for ever");
        std::thread::sleep(Duration::from_millis(10));
    }
    feed.end();
}

/// Merges, as an engine's intake does under load, and hands on when it is asked to.
struct Merging {
    waiting: Option<(Ts, Input)>,
    sender: Sender<(Ts, Input)>,
}

impl Outlet for Merging {
    fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed> {
        match input {
            Input::Quote(_) => self.waiting = Some((received, input)),
            input => self.sender.send((received, input)).map_err(|_| Closed)?,
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Closed> {
        // Whoever is asked at once after a quote is still busy.
        let is_due = |(received, _): &(Ts, Input)| clock()().since(*received) > 5_000_000;
        match self.waiting.take_if(|event| is_due(event)) {
            Some(event) => self.sender.send(event).map_err(|_| Closed),
            None => Ok(()),
        }
    }

    fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }
}

/// Breaks when what an outlet keeps waiting is left there while nothing else happens.
#[test]
fn what_waits_is_handed_on() {
    let venue = Venue::start(
        vec![Answer::Json(PRODUCTS.to_owned())],
        vec![[subscriptions(), vec![Act::Send(snapshot(0)), Act::Wait]].concat()],
    );
    let (sender, events) = channel();
    let outlet = Box::new(Merging { waiting: None, sender });
    let handle = Feed::spawn(FeedSettings::Coinbase(coinbase_at(&venue)), outlet, None, clock()).unwrap();
    let quote = loop {
        let (received, input) = events.recv_timeout(DEADLINE).unwrap();
        if matches!(input, Input::Quote(_)) {
            break clock()().since(received);
        }
    };
    assert!(quote < 3_000_000_000, "the quote waited for {quote} ns");
    handle.stop();
    handle.join().unwrap();
}

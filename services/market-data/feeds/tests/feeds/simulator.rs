//! Feeds against the simulated venues, with every fault that a stream can have.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reprise_feeds::{
    CaptureSettings, Closed, CoinbaseSettings, Feed, FeedHandle, FeedSettings, HyperliquidSettings, Outlet,
    Timing, replay_capture,
};
use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{FeedState, Level, Quote, RunMode, RunStarted, Trade};
use reprise_model::{Input, InstrumentId, QuoteSource, RunTag, SCHEMA_VERSION, Side, Ts};
use reprise_venue_sim::{Running, Settings};

use crate::consumer::Consumer;
use crate::server::DEADLINE;
use crate::support::{MS, coinbase, hyperliquid, listing};

const BTC: &str = "BTCUSDT.BINANCE";
/// Behind the faults the market rests, so that its last state can be compared.
const BUSY_MS: u64 = 4_000;

const FAULTS: &str = r#"
[[fault]]
kind = "drop"
after = 25
count = 2

[[fault]]
kind = "duplicate"
after = 45
count = 3

[[fault]]
kind = "reorder"
after = 65
count = 2

[[fault]]
kind = "gap"
after = 85

[[fault]]
kind = "malformed"
after = 105

[[fault]]
kind = "unknown_channel"
after = 125

[[fault]]
kind = "unknown_body"
after = 145

[[fault]]
kind = "disconnect"
after = 165

[[fault]]
kind = "silent"
at = "2600ms"
for = "700ms"
"#;

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

fn level(price: u64, size: u64) -> Option<Level> {
    Some(Level { price: price.to_string().parse().unwrap(), qty: size.to_string().parse().unwrap() })
}

/// A market that ticks every ten milliseconds, trades every fifty, and then rests.
fn record(dir: &Path) {
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    let mut definition = listing("BTC-USDT", "BTC-USDT", BTC).definition;
    definition.quote_source = QuoteSource::Quotes;
    let started = RunStarted {
        run: "recording".to_owned(),
        tag: RunTag(0),
        epoch: 0,
        mode: RunMode::Record,
        schema: SCHEMA_VERSION.to_string(),
        engine: "test".to_owned(),
        config: RawJson::new(&serde_json::json!({})),
        instruments: vec![definition],
        source: None,
        copied_inputs: false,
    };
    let mut append = |ms: u64, input: &Input| {
        let seq = writer.last_seq().next();
        writer.append_input(seq, Ts(1_763_675_000_000_000_000 + ms * MS), input, 0).unwrap();
        writer.commit_batch().unwrap();
    };
    append(0, &Input::from(Box::new(started)));
    let instrument: InstrumentId = BTC.parse().unwrap();
    for n in 0..BUSY_MS / 10 {
        let (bid, ask) = (level(97_000 - n % 3, 3 + n % 7), level(97_010 + n % 5, 2 + n % 4));
        let quote = Quote { instrument, bid, ask, venue_ts: None, conflated: None };
        append(10 * n, &quote.into());
        if n % 5 == 0 {
            let Level { price, qty } = level(97_000, 1).unwrap();
            let side = Some(Side::Sell);
            let trade =
                Trade { instrument, price, qty, side, trade_id: None, historical: false, venue_ts: None };
            append(10 * n, &trade.into());
        }
    }
    writer.finish().unwrap();
}

fn simulator(folder: &Path) -> Running {
    let (run, faults) = (folder.join("run"), folder.join("faults.toml"));
    record(&run);
    std::fs::write(&faults, FAULTS).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let maps = vec!["BTCUSDT.BINANCE=BTC-USD".parse().unwrap()];
    let settings = Settings {
        coinbase: Some(any),
        hyperliquid: Some(any),
        faults: Some(faults),
        maps,
        ..Settings::new(run)
    };
    reprise_venue_sim::start(settings).unwrap()
}

const TIMING: Timing = Timing {
    connect_ms: 2_000,
    silence_ms: 400,
    drop_ms: 5_000,
    stale_after_ms: 30_000,
    answer_ms: 500,
    requote_ms: 1_000,
};

struct Run {
    handle: FeedHandle,
    events: Receiver<(Ts, Input)>,
    seen: Vec<(Ts, Input)>,
    consumer: Consumer,
    states: Vec<FeedState>,
}

impl Run {
    fn start(settings: FeedSettings, capture: &Path) -> Self {
        let (sender, events) = channel();
        let now = Arc::new(|| Ts(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64));
        let capture = CaptureSettings::in_folder(capture);
        let handle = Feed::spawn(settings, Box::new(Pipe(sender)), Some(capture), now).unwrap();
        Self { handle, events, seen: Vec::new(), consumer: Consumer::default(), states: Vec::new() }
    }

    /// Takes what comes in this time.
    fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let Ok(event) = self.events.recv_timeout(left) else { continue };
            self.consumer.take(&event.1);
            if let Input::FeedStatus(status) = &event.1 {
                self.states.push(status.state);
            }
            self.seen.push(event);
        }
    }

    /// Listens until the market rests and everything is whole, and gives the best bid and ask.
    fn at_rest(&mut self, id: &str, last: (Option<Level>, Option<Level>)) {
        self.listen(Duration::from_millis(BUSY_MS + 500));
        let end = Instant::now() + DEADLINE;
        let id = id.parse().unwrap();
        while Instant::now() < end {
            let held = &self.consumer.held[&id];
            let top = (held.book.best_bid(), held.book.best_ask());
            if held.feed == Some(FeedState::Live) && held.quote == last && top == last {
                return;
            }
            self.listen(Duration::from_millis(50));
        }
        let held = &self.consumer.held[&id];
        assert_eq!(
            (held.feed, held.quote),
            (Some(FeedState::Live), last),
            "{:?}",
            self.handle.counters().read()
        );
        assert_eq!((held.book.best_bid(), held.book.best_ask()), last);
    }

    /// Ends the feed; what was captured gives the same events again.
    fn end(mut self, settings: &FeedSettings, capture: &Path) {
        self.handle.stop();
        self.handle.join().unwrap();
        self.seen.extend(self.events.try_iter());
        let (sender, again) = channel();
        replay_capture(capture, settings, &mut Pipe(sender)).unwrap();
        assert_eq!(again.try_iter().collect::<Vec<_>>(), self.seen);
    }
}

/// Where the recording ends.
fn last_quote() -> (Option<Level>, Option<Level>) {
    let n = BUSY_MS / 10 - 1;
    (level(97_000 - n % 3, 3 + n % 7), level(97_010 + n % 5, 2 + n % 4))
}

/// Breaks when a fault of Coinbase's stream leaves the feed with a wrong book, or in a state that it never leaves.
#[test]
fn coinbase_survives_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let sim = simulator(folder.path());
    let address = sim.coinbase.unwrap();
    let settings = FeedSettings::Coinbase(CoinbaseSettings {
        rest_url: format!("http://{address}"),
        ws_url: format!("ws://{address}/ws"),
        timing: TIMING,
        ..coinbase(&["BTC-USD"])
    });
    let capture = folder.path().join("raw");
    let mut run = Run::start(settings.clone(), &capture);
    run.at_rest("BTC-USD.COINBASE", last_quote());
    let counts = run.handle.counters().read();
    assert!(counts.gaps > 0 && counts.duplicates > 0 && counts.reconnects > 0, "{counts:?}");
    for state in [FeedState::Gap, FeedState::Down] {
        assert!(run.states.contains(&state), "never {state:?}: {:?}", run.states);
    }
    assert!(!run.consumer.trades.is_empty());
    run.end(&settings, &capture);
    assert!(sim.faults_struck().len() >= 8, "{:?}", sim.faults_struck());
}

/// Breaks when a fault of Hyperliquid's stream leaves the feed with a wrong quote, or in a state that it never leaves.
#[test]
fn hyperliquid_survives_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let sim = simulator(folder.path());
    let address = sim.hyperliquid.unwrap();
    let settings = FeedSettings::Hyperliquid(HyperliquidSettings {
        rest_url: format!("http://{address}"),
        ws_url: format!("ws://{address}/ws"),
        timing: TIMING,
        ..hyperliquid(&["BTC"])
    });
    let capture = folder.path().join("raw");
    let mut run = Run::start(settings.clone(), &capture);
    run.at_rest("BTC-PERP.HYPERLIQUID", last_quote());
    let counts = run.handle.counters().read();
    assert!(counts.reconnects > 0 && counts.malformed > 0, "{counts:?}");
    for state in [FeedState::Gap, FeedState::Down] {
        assert!(run.states.contains(&state), "never {state:?}: {:?}", run.states);
    }
    assert!(!run.consumer.trades.is_empty());
    run.end(&settings, &capture);
    assert!(sim.faults_struck().len() >= 8, "{:?}", sim.faults_struck());
}

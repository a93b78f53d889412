//! Live runs against the simulated venues: processes on loopback, as a user would start them.

use std::time::{Duration, Instant};

use reprise_feeds::{
    Closed, CoinbaseChannels, CoinbaseSettings, FeedSettings, HyperliquidSettings, Outlet, replay_capture,
};
use reprise_journal::JournalReader;
use reprise_model::{Input, Ts};
use serde_json::Value;

use crate::kit::Place;
use crate::running::{BUSY, Live, Venues, get, log_of, logs_of};

/// No order may leave for an instrument whose feed is not live.
fn check_feeds(place: &Place, run: &str) -> usize {
    let mut states = std::collections::BTreeMap::<String, Value>::new();
    let mut orders = 0;
    for event in place.events(run, "--kind feed.status --kind order.submitted --kind run.started") {
        let (kind, data) = (event["kind"].as_str().unwrap(), &event["data"]);
        match kind {
            "feed.status" if data["instrument"].is_null() => {
                let venue = format!(".{}", data["venue"].as_str().unwrap());
                for (name, state) in &mut states {
                    if str::ends_with(name, &venue) {
                        *state = data["state"].clone();
                    }
                }
            }
            "feed.status" => {
                states.insert(data["instrument"].as_str().unwrap().to_owned(), data["state"].clone());
            }
            "order.submitted" => {
                orders += 1;
                let instrument = data["instrument"].as_str().unwrap();
                assert_eq!(states.get(instrument), Some(&Value::from("live")), "{event}");
            }
            _ => {}
        }
    }
    orders
}

/// Metrics are where the log says they are, and tell of both feeds and of the fills that the run has told of.
fn check_metrics(place: &Place) {
    let logs = logs_of(place);
    let url =
        logs.iter().find_map(|line| line["url"].as_str().filter(|_| line["message"] == "metrics are served"));
    let address = url.unwrap().trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    let answer = get(&address, "/metrics");
    let value = |series: &str| {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(series))
            .unwrap_or_else(|| panic!("{series}: {answer}"));
        line.trim().parse::<f64>().unwrap()
    };
    for venue in ["COINBASE", "HYPERLIQUID"] {
        assert!(value(&format!("reprise_feed_frames_total{{venue=\"{venue}\"}}")) > 10.0, "{venue}");
    }
    assert!(value("reprise_events_total{class=\"outcome\",kind=\"order.filled\"}") >= 1.0);
    assert!(value("reprise_feed_state{instrument=\"BTC-USD.COINBASE\",state=\"live\"}") > 0.5);
}

/// Each line is one object, and what is about an order says which, and where it stands in the journal.
fn check_logs(place: &Place) {
    let (text, logs) = (log_of(place), logs_of(place));
    assert!(logs.len() > 20 && logs.len() + 5 > text.lines().count(), "{text}");
    let about_orders =
        logs.iter().filter(|line| line["message"].as_str().is_some_and(|m| m.starts_with("order ")));
    let mut checked = 0;
    for line in about_orders {
        assert!(
            line["seq"].as_u64() > Some(0) && line["order"].as_str().is_some_and(|id| id.contains('-')),
            "{line}"
        );
        checked += 1;
    }
    assert!(checked >= 10, "{text}");
}

/// Breaks when a paper run against both venues does not trade, ends badly, cannot be proved, or decides otherwise
/// when its journal is backtested; or when its metrics or its logs do not say what they are about.
#[test]
fn a_paper_run_end_to_end() {
    let place = Place::new();
    place.write("busy.toml", BUSY);
    let venues = Venues::start(&place, "");
    let settings = "--set runtime.capture=true --set metrics.listen=127.0.0.1:0 --log json";
    let mut run = Live::start(&place, &venues, &format!("run --mode paper -c busy.toml {settings} -o run"));
    run.until(&place, |status| status["fills"].as_u64() >= Some(10));
    check_metrics(&place);
    run.signal("INT");
    let (code, ended) = run.end();
    assert_eq!(code, Some(0), "{}", log_of(&place));
    let ended = ended.unwrap();
    assert_eq!(ended["reason"], "SIGINT");
    check_logs(&place);

    assert_eq!(place.json("journal verify run --json")["verdict"], "clean");
    let verdict = place.json("verify run --json");
    assert_eq!((&verdict["identical"], &verdict["digest"]), (&true.into(), &ended["digest"]), "{verdict}");
    let report = place.json("backtest run -c busy.toml --json -o again");
    assert_eq!(report["digest"], ended["digest"], "its journal decides the same");
    let market_only = place.json("backtest run -c busy.toml --market-only --json -o market");
    assert!(market_only["events"].as_u64() < report["events"].as_u64());
    assert!(check_feeds(&place, "run") >= 10);
    check_frames(&place, "run");
    for instrument in ["BTC-USD.COINBASE", "ETH-USD.COINBASE", "BTC-PERP.HYPERLIQUID", "SOL-PERP.HYPERLIQUID"]
    {
        let stat = place.done("journal cat run --kind market.quote").out;
        assert!(stat.contains(&format!("\"{instrument}\"")), "no quote of {instrument}");
    }
}

/// Keeps what a feed says.
#[derive(Default)]
struct Kept(Vec<Input>);

impl Outlet for Kept {
    fn take(&mut self, _: Ts, input: Input) -> Result<(), Closed> {
        self.0.push(input);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        false
    }
}

/// The captured frames of a run, fed through the parsers again, give the market events that its journal holds. The
/// feed may have heard more than the engine took before it ended.
fn check_frames(place: &Place, run: &str) {
    let products = ["BTC-USD", "ETH-USD"].map(str::to_owned).to_vec();
    let channels = CoinbaseChannels { quotes: true, trades: true, books: true };
    let coinbase = CoinbaseSettings { products, channels, ..CoinbaseSettings::default() };
    let coins = ["BTC", "SOL"].map(str::to_owned).to_vec();
    let hyperliquid = HyperliquidSettings { coins, ..HyperliquidSettings::default() };
    for feed in [FeedSettings::Coinbase(coinbase), FeedSettings::Hyperliquid(hyperliquid)] {
        let mut kept = Kept::default();
        let frames =
            place.path(run).join("frames").join(format!("{}-000001.frames", feed.venue().to_lowercase()));
        replay_capture(&frames, &feed, &mut kept).unwrap();
        let again = kept.0.into_iter().filter(|input| input.kind().starts_with("market."));
        let mut reader = JournalReader::open(&place.path(run)).unwrap();
        let journaled = std::iter::from_fn(|| reader.next_input().unwrap()).map(|(_, _, input)| input);
        let of_venue = |input: &Input| {
            input.kind().starts_with("market.")
                && input.instrument().is_some_and(|id| id.venue() == feed.venue())
        };
        let mut count = 0;
        for (journaled, again) in journaled.filter(of_venue).zip(again) {
            assert_eq!(journaled, again);
            count += 1;
        }
        assert!(count > 100, "{}: {count} events", feed.venue());
    }
}

/// Every fault the simulated venues know, in some ten seconds, then peace.
const FAULTS: &str = r#"
fault = [
    { kind = "rate_limit", count = 1 },
    { kind = "lost_reply", venue = "hyperliquid", count = 1 },
    { kind = "malformed", path = "/products", count = 1 },
    { kind = "unknown_body", path = "/info", count = 1 },
    { kind = "drop", after = 300, count = 2 },
    { kind = "duplicate", after = 500, count = 20 },
    { kind = "reorder", after = 700, count = 3 },
    { kind = "gap", after = 900, count = 2 },
    { kind = "delay", after = 1000, count = 5, delay_ms = 40 },
    { kind = "unknown_channel", after = 1100, count = 3 },
    { kind = "unknown_body", after = 1200, count = 3 },
    { kind = "malformed", after = 1300, count = 2 },
    { kind = "clock_skew", at = "2s", for = "2s", by_ms = 90000 },
    { kind = "stall", instrument = "BTC-USD", venue = "coinbase", at = "3s", for = "3s" },
    { kind = "stall", instrument = "SOL", venue = "hyperliquid", at = "4s", for = "3s" },
    { kind = "disconnect", at = "7s", count = 1 },
    { kind = "silent", venue = "coinbase", at = "9s", for = "4s" },
    { kind = "silent", venue = "hyperliquid", at = "10s", for = "4s" },
]
"#;

/// Breaks when a feed does not come through a fault, an order leaves on data that is not whole, an event is lost or
/// told twice, or the journal of such a run cannot be proved.
#[test]
fn every_fault_is_survived() {
    let place = Place::new();
    place.write("busy.toml", BUSY);
    let faults = place.write("faults.toml", FAULTS);
    let venues = Venues::start(&place, &format!("--faults {}", faults.display()));
    let quick = "--set venues.coinbase.silence_ms=1000 --set venues.coinbase.drop_ms=2500 \
                 --set venues.coinbase.stale_after_ms=1500 --set venues.hyperliquid.silence_ms=1000 \
                 --set venues.hyperliquid.drop_ms=2500 --set venues.hyperliquid.stale_after_ms=1500";
    let run =
        Live::start(&place, &venues, &format!("run --mode paper -c busy.toml -o run --duration 25s {quick}"));
    let (code, ended) = run.end();
    assert_eq!(code, Some(0), "{}", log_of(&place));
    let ended = ended.unwrap();

    assert_eq!(place.json("journal verify run --json")["verdict"], "clean");
    assert_eq!(place.json("verify run --json")["digest"], ended["digest"]);
    assert!(check_feeds(&place, "run") > 0, "it trades between the faults");

    let statuses = place.events("run", "--kind feed.status");
    let seen = |state: &str| statuses.iter().any(|event| event["data"]["state"] == state);
    assert!(["down", "live", "gap", "stale"].iter().all(|state| seen(state)), "{statuses:?}");
    for instrument in ["BTC-USD.COINBASE", "ETH-USD.COINBASE", "BTC-PERP.HYPERLIQUID", "SOL-PERP.HYPERLIQUID"]
    {
        let last = statuses.iter().rfind(|event| event["data"]["instrument"] == instrument).unwrap();
        assert_eq!(last["data"]["state"], "live", "{instrument} comes back: {last}\n{}", log_of(&place));
        let trades = place.events("run", "--kind market.trade");
        let ids: Vec<&str> = trades
            .iter()
            .filter(|event| event["data"]["instrument"] == instrument)
            .map(|event| event["data"]["trade_id"].as_str().unwrap())
            .collect();
        let once: std::collections::BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "a trade of {instrument} is told twice");
    }
    let market = place.events("run", "--kind market. --kind instrument.defined --kind feed.status");
    let of_feeds = |event: &&Value| event["data"]["reason"] != "nothing came yet";
    let merged: u64 = market.iter().filter_map(|event| event["data"]["conflated"].as_u64()).sum();
    let told = market.iter().filter(of_feeds).count() as u64;
    assert_eq!(ended["offered"].as_u64(), Some(told + merged), "what feeds offered is journaled or counted");
}

/// Breaks when a run that was killed loses what it had called durable, or cannot be taken up again and proved.
#[test]
fn a_killed_run_is_taken_up_again() {
    let place = Place::new();
    place.write("busy.toml", BUSY);
    let venues = Venues::start(&place, "");
    let settings = "--set journal.durability=orders --set runtime.snapshot_s=1";
    let mut durable = 0;
    for (epoch, start) in ["-c busy.toml -o run", "--resume run", "--resume run"].into_iter().enumerate() {
        let mut run = Live::start(&place, &venues, &format!("run --mode paper {start} {settings}"));
        let before = durable;
        let status = run
            .until(&place, |s| s["durable"].as_u64() > Some(before + 200) && s["orders"].as_u64() > Some(0));
        durable = status["durable"].as_u64().unwrap();
        if epoch < 2 {
            run.signal("KILL");
            assert_eq!(run.end().0, None, "a signal ended it");
            let last = place.json("journal stat run --json")["last_seq"].as_u64().unwrap();
            assert!(last >= durable, "{last} is left, {durable} was durable");
        } else {
            run.signal("TERM");
            assert_eq!(run.end().0, Some(0), "{}", log_of(&place));
        }
    }
    assert!(log_of(&place).contains("from the snapshot"), "{}", log_of(&place));
    let verdict = place.json("verify run --json");
    assert_eq!(verdict["identical"], true, "{verdict}");
    assert_eq!(place.json("journal stat run --json")["epochs"], 3);
    assert!(check_feeds(&place, "run") > 3);
}

/// Breaks when the engine ends, spins or stays silent without a network, or a recording without trading does not
/// backtest.
#[test]
fn recording_and_waiting() {
    let place = Place::new();
    place.write("busy.toml", BUSY);
    let nowhere = "--set venues.coinbase.rest_url=http://127.0.0.1:9 --set venues.coinbase.ws_url=ws://127.0.0.1:9/ws \
                   --set venues.hyperliquid.rest_url=http://127.0.0.1:9 --set venues.hyperliquid.ws_url=ws://127.0.0.1:9/ws";
    let began = Instant::now();
    let said =
        place.reprise(&format!("run --mode paper -c busy.toml -o nothing --duration 2500ms {nowhere}"));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(began.elapsed() >= Duration::from_millis(2_400), "it waits");
    assert!(said.err.contains("no market data comes"), "{}", said.err);
    assert_eq!(place.json("verify nothing --json")["identical"], true);

    let venues = Venues::start(&place, "");
    let run = Live::start(&place, &venues, "record -c busy.toml -o recording --duration 4s");
    let (code, ended) = run.end();
    assert_eq!(code, Some(0), "{}", log_of(&place));
    assert!(ended.unwrap()["inputs"].as_u64() > Some(500), "{}", log_of(&place));
    assert_eq!(place.json("verify recording --json")["identical"], true);
    let report = place.json("backtest recording -c busy.toml --json -o backtest");
    assert!(report["events"].as_u64() > Some(500));
    assert_eq!(place.json("verify backtest --json")["identical"], true);
}

/// Breaks when a wrong command line of a live run is not refused with words that help.
#[test]
fn wrong_commands() {
    let place = Place::new();
    place.write("none.toml", "[account]\nreporting_asset = \"USD\"\n");
    place.write("url.toml", "[venues.coinbase]\nproducts = [\"BTC-USD\"]\nws_url = \"http://example\"\n");
    place.write("conf/secrets.env", "COINBASE_API_KEY=x\n");
    place.done("demo -o demo");
    let rows: [(&str, i32, &str); 8] = [
        ("run --mode real -o x", 2, "paper"),
        ("run --mode paper -o x --duration 5", 2, "60s"),
        ("run --mode paper -o x --resume y", 2, "--resume"),
        ("run --mode paper --resume demo", 1, "backtest"),
        ("run --mode paper --resume nosuch", 1, "nosuch"),
        ("venue-sim demo", 1, "--coinbase"),
        ("venue-sim nosuch --coinbase 127.0.0.1:0", 1, "nosuch"),
        ("venue-sim demo --coinbase 127.0.0.1:0 --balance USD", 2, "ASSET=AMOUNT"),
    ];
    let secrets = place.path("conf/secrets.env");
    let said = place.reprise("run --mode paper -c none.toml -o x");
    assert!(said.err.contains("chmod 600") && said.code == 1, "{said:?}");
    std::fs::remove_file(secrets).unwrap();
    for (command, code, words) in rows {
        let said = place.reprise(command);
        assert_eq!(said.code, code, "{command}: {said:?}");
        assert!(said.err.contains(words), "{command}: {said:?}");
    }
    let said = place.reprise("run --mode paper -c none.toml -o x");
    assert!(said.code == 1 && said.err.contains("venues.coinbase.products"), "{said:?}");
    let said = place.reprise("run --mode paper -c url.toml -o x");
    assert!(said.code == 4 && said.err.contains("ws_url") && said.err.contains("wss://"), "{said:?}");
}

//! What watching costs the engine: the same load, watched by nobody and by everybody (metrics that are looked at and
//! scraped twice a second, spans for a collector that does not answer), in turn.
//! `cargo bench -p reprise-metrics --bench watched -- 200000 5 3`: market events a second, seconds, rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as expected")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_metrics::{Settings, serve};
use reprise_model::event::{FeedState, FeedStatus, InstrumentDefined, Level, Quote, RunMode};
use reprise_model::{FeeAsset, Input, Instrument, InstrumentClass, Label, QuoteSource};
use reprise_runtime::{Engine, Intake, Summary, wall_clock};

const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000000"
[journal]
durability = "orders"
[risk]
max_daily_loss = "100000"
[[strategy]]
kind = "ema-cross"
fast = 200
slow = 800
notional = "1000"
"#;

const NAMES: [&str; 4] = ["BTC-USD.TEST", "ETH-USD.TEST", "SOL-USD.TEST", "XRP-USD.TEST"];

fn config() -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("watched.toml"), CONFIG).unwrap();
    interpret(&layers, &Registry::builtin()).unwrap()
}

fn open(intake: &mut Intake, name: &str) {
    let instrument = name.parse().unwrap();
    let definition = Instrument {
        instrument,
        class: InstrumentClass::Spot,
        base: name[..3].parse().unwrap(),
        quote: "USD".parse().unwrap(),
        tick: "0.01".parse().unwrap(),
        significant_digits: None,
        lot: "0.0001".parse().unwrap(),
        min_notional: "1".parse().unwrap(),
        maker_fee: "0.0001".parse().unwrap(),
        taker_fee: "0.0002".parse().unwrap(),
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    };
    intake.take(wall_clock(), Input::InstrumentDefined(Box::new(InstrumentDefined { definition }))).unwrap();
    let live = FeedStatus {
        venue: Label::new("TEST").unwrap(),
        instrument: Some(instrument),
        state: FeedState::Live,
        reason: None,
        conflated: None,
    };
    intake.take(wall_clock(), Input::FeedStatus(live)).unwrap();
}

/// A wave of prices, the same at every run.
fn quote(n: u64) -> Input {
    let (name, phase) = (NAMES[(n % 4) as usize], n / 4 % 20_000);
    let cents = 100_000 + phase.min(20_000 - phase) + n * 7919 % 5;
    let cent: reprise_model::Price = "0.01".parse().unwrap();
    let level = |cents: u64| {
        let price = cent.checked_mul_int(cents as i64).unwrap();
        Some(Level { price, qty: "3".parse().unwrap() })
    };
    let instrument = name.parse().unwrap();
    Input::Quote(Quote {
        instrument,
        bid: level(cents - 1),
        ask: level(cents + 1),
        venue_ts: None,
        conflated: None,
    })
}

fn send(intake: &mut Intake, a_second: u64, seconds: u64) {
    NAMES.iter().for_each(|name| open(intake, name));
    let (began, total, mut sent) = (Instant::now(), a_second * seconds, 0);
    while sent < total {
        let due = (began.elapsed().as_secs_f64() * a_second as f64) as u64;
        while sent < due.min(total) {
            intake.take(wall_clock(), quote(sent)).unwrap();
            sent += 1;
        }
        intake.flush().unwrap();
        std::thread::sleep(Duration::from_micros(500));
    }
    while intake.is_waiting() {
        intake.flush().unwrap();
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn scrape(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A run, watched or not; how it went, and the longest look.
fn run(is_watched: bool, a_second: u64, seconds: u64) -> (Summary, f64) {
    let dir = tempfile::tempdir().unwrap();
    let mut engine =
        Engine::create(&dir.path().join("run"), &config(), &Registry::builtin(), RunMode::Paper).unwrap();
    let settings = Settings {
        listen: is_watched.then(|| "127.0.0.1:0".parse().unwrap()),
        otlp_url: is_watched.then(|| "http://127.0.0.1:9".to_owned()),
        ..Settings::of("run")
    };
    let watching = serve(&mut engine, Vec::new(), None, &settings).unwrap();
    let (mut intake, controller) = (engine.intake(), engine.controller());
    let feed = std::thread::spawn(move || {
        send(&mut intake, a_second, seconds);
        controller.stop("the load is over");
    });
    let address = watching.address();
    let scraper = std::thread::spawn(move || {
        let mut longest = 0.0_f64;
        while let Some(Ok(text)) = address.map(scrape) {
            let look = text.lines().find_map(|line| line.strip_prefix("reprise_look_duration_seconds "));
            longest = longest.max(look.and_then(|value| value.parse().ok()).unwrap_or(0.0));
            std::thread::sleep(Duration::from_millis(500));
        }
        longest
    });
    let summary = engine.run().unwrap();
    feed.join().unwrap();
    watching.finish();
    (summary, scraper.join().unwrap())
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (a_second, seconds, rounds) = (number(0, 200_000), number(1, 5), number(2, 3));
    for round in 0..rounds * 2 {
        let is_watched = round % 2 == 1;
        let (summary, look) = run(is_watched, a_second, seconds);
        let us = |ns: u64| ns as f64 / 1_000.0;
        print!(
            "{:>9}: {} orders, {} merged;",
            if is_watched { "watched" } else { "unwatched" },
            summary.orders,
            summary.conflated
        );
        for (name, stage) in summary.latencies.stages().into_iter().take(2) {
            let at = |fraction| us(stage.quantile_ns(fraction));
            print!(" {name} p50 {:.1} p99 {:.1} p99.9 {:.1} µs;", at(0.5), at(0.99), at(0.999));
        }
        if is_watched {
            print!(" longest look {:.1} µs", look * 1e6);
        }
        println!();
    }
}

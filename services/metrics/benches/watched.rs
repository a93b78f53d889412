//! What watching costs the engine: the same load, watched by nobody and by everybody (metrics that are looked at and
//! scraped twice a second, spans for a collector that does not answer), in turn.
//! `cargo bench -p reprise-metrics --bench watched -- 200000 5 3`: market events a second, seconds, rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as expected")]

#[path = "../../../engine/runtime/testing/market.rs"]
#[expect(dead_code, reason = "nobody trades in these markets but the engine")]
mod market;
#[path = "../../../engine/runtime/testing/steady.rs"]
mod steady;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_metrics::{Settings, serve};
use reprise_model::event::{Quote, RunMode};
use reprise_runtime::{Engine, Intake, Summary};

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

/// A wave of prices, the same at every run.
fn quote(n: u64) -> Quote {
    let (name, phase) = (NAMES[(n % 4) as usize], n / 4 % 20_000);
    market::quote(name, 100_000 + phase.min(20_000 - phase) + n * 7919 % 5)
}

fn send(intake: &mut Intake, a_second: u64, seconds: u64) {
    NAMES.iter().for_each(|name| market::open(intake, name));
    let mut numbers = 0..;
    steady::send(intake, a_second, seconds, || quote(numbers.next().unwrap()).into());
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

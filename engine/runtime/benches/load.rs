//! The live loop under a steady load: so many market events a second for so long, journaled with durability
//! `orders`, while strategies trade. `cargo bench -p reprise-runtime --bench load -- 200000 60`
//!
//! It reports; what must hold (every event journaled or counted as merged, nothing but quotes and books merged, the
//! journal whole, the decisions the same when replayed) it also checks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark stops at the first thing that is not as expected"
)]

#[path = "../testing/market.rs"]
mod market;
#[path = "../testing/steady.rs"]
mod steady;
#[path = "../testing/walk.rs"]
mod walk;

use std::path::Path;
use std::time::{Duration, Instant};

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_journal::JournalReader;
use reprise_model::Input;
use reprise_model::event::RunMode;
use reprise_replays::{Verdict, VerifyOptions, verify};
use reprise_runtime::{Engine, Intake, Summary};

const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000000"
[paper]
depth = "book"
entry_latency = 1_000_000
response_latency = 1_000_000
[journal]
durability = "orders"
[risk]
max_open_orders = 50
max_daily_loss = "100000"
max_data_age_ms = 2000
[risk.limits]
max_order_notional = "5000"
max_position_notional = "20000"
price_collar = "0.05"
[[risk.bands]]
kind = "ewma"
lambda = 0.94
width = 3.0
interval_ms = 1000
[[strategy]]
kind = "ema-cross"
fast = 2000
slow = 8000
notional = "1000"
"#;

const NAMES: [&str; 4] = ["BTC-USD.TEST", "ETH-USD.TEST", "SOL-USD.TEST", "XRP-USD.TEST"];

fn send(intake: &mut Intake, a_second: u64, seconds: u64) -> Duration {
    NAMES.iter().for_each(|name| market::open(intake, name));
    let mut walk = walk::Walk::new(NAMES, [9_700_000, 210_000, 14_000, 2_400], 0);
    let began = Instant::now();
    steady::send(intake, a_second, seconds, || walk.next());
    began.elapsed()
}

fn config() -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("load.toml"), CONFIG).unwrap();
    interpret(&layers, &Registry::builtin()).unwrap()
}

fn check(run: &Path, sent: u64, summary: &Summary) {
    let mut reader = JournalReader::open(run).unwrap();
    let (mut quotes, mut merged, mut trades) = (0_u64, 0_u64, 0_u64);
    while let Some((_, _, input)) = reader.next_input().unwrap() {
        match input {
            Input::Quote(quote) => {
                quotes += 1;
                merged += quote.conflated.map_or(0, |n| u64::from(n.get()));
            }
            Input::Trade(_) => trades += 1,
            _ => {}
        }
    }
    assert!(reader.ended());
    assert_eq!(trades, sent / 10, "every trade is journaled");
    assert_eq!(quotes + merged, sent - trades, "every quote is journaled or counted as merged");
    assert_eq!(merged, summary.conflated);
    let verdict = verify(run, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    let Verdict::Identical { digest, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(Some(digest), summary.digest);
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (a_second, seconds) =
        (numbers.first().copied().unwrap_or(200_000), numbers.get(1).copied().unwrap_or(5));
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let engine = Engine::create(&run, &config(), &Registry::builtin(), RunMode::Paper).unwrap();
    let (mut intake, controller) = (engine.intake(), engine.controller());
    let feed = std::thread::spawn(move || {
        let took = send(&mut intake, a_second, seconds);
        controller.stop("the load is over");
        took
    });
    let summary = engine.run().unwrap();
    let (sent, took) = (a_second * seconds, feed.join().unwrap());
    check(&run, sent, &summary);
    println!(
        "{sent} events in {:.1} s, {:.0}/s; {} merged; {} orders, {} fills; journal whole, decisions verified",
        took.as_secs_f64(),
        sent as f64 / took.as_secs_f64(),
        summary.conflated,
        summary.orders,
        summary.fills
    );
    for (name, stage) in summary.latencies.stages() {
        let us = |ns: u64| ns as f64 / 1_000.0;
        println!(
            "{name:>8}: {:>9} times, p50 {:>9.1} µs, p99 {:>9.1} µs, max {:>10.1} µs",
            stage.count(),
            us(stage.quantile_ns(0.5)),
            us(stage.quantile_ns(0.99)),
            us(stage.max_ns())
        );
    }
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = memory.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{peak}");
    }
}

//! Replay speed: `backtest` with `ema-cross` from a JSON Lines journal of seeded quotes, chain verified, bands
//! and every limit on, outcomes written; beside it, what reading and decoding alone cost in the same run.
//!
//! ```text
//! cargo bench -p reprise-replays --bench replay              # 1 M quotes
//! cargo bench -p reprise-replays --bench replay -- 10000000  # the budget's 10 M
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first failure"
)]

use std::path::Path;
use std::time::Instant;

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_journal::{DurabilityMode, JournalReader, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{Level, Quote, RunMode, RunStarted};
use reprise_model::{
    Cash, FeeAsset, Input, Instrument, InstrumentClass, Price, Qty, QuoteSource, Rate, RunTag,
    SCHEMA_VERSION, Seq, Ts,
};
use reprise_replays::{Backtest, BacktestOptions, VerifyOptions, verify};

const START: u64 = 1_742_944_020_000_000_000;

fn main() {
    let count = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000_u64);
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    write_quotes(&source, count);
    let registry = Registry::builtin();

    let began = Instant::now();
    let mut reader = JournalReader::open(&source).unwrap();
    let mut inputs: u64 = 0;
    while reader.next_input().unwrap().is_some() {
        inputs += 1;
    }
    report("read, chain verified, decode", inputs, began);

    let rows = [
        ("backtest, no bands, no limits", 1, config(&[])),
        ("backtest, all checks on", 1, config(CHECKS)),
        ("backtest, all checks on, read ahead", 2, config(CHECKS)),
        (
            "backtest, many orders (EMA 5/10)",
            1,
            config(&[CHECKS, &["strategy.fast=5", "strategy.slow=10"]].concat()),
        ),
    ];
    for (at, (name, threads, config)) in rows.iter().enumerate() {
        let out = dir.path().join(format!("run-{at}"));
        let began = Instant::now();
        let options = BacktestOptions { threads: *threads, ..BacktestOptions::default() };
        let done = Backtest::new(&source, config, &registry, options).run(&out, &mut |_| {}).unwrap();
        report(name, done.events, began);
        println!(
            "    {} orders, {} fills, denials {:?}, digest {}",
            done.orders,
            done.fills,
            done.denials,
            &done.digest[..16]
        );
    }
    let began = Instant::now();
    verify(&dir.path().join("run-1"), &registry, &VerifyOptions::default(), &mut |_| {}).unwrap();
    report("verify", count, began);
    println!("peak memory {} kB", peak_memory_kb());
}

fn report(name: &str, events: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{name:42} {:>8.2} s {:>12.0} events/s", seconds, events as f64 / seconds);
}

/// Every check, each so wide that an ordinary order passes.
const CHECKS: &[&str] = &[
    "risk.limits.max_order_qty=1000",
    "risk.limits.max_order_notional=100000000",
    "risk.limits.max_position_qty=100000",
    "risk.limits.price_collar=0.5",
    "risk.limits.max_open_orders=1000",
    "risk.max_gross_exposure=1000000000000",
    "risk.max_net_exposure=1000000000000",
    "risk.max_open_orders=1000",
    "risk.max_daily_loss=1000000000",
    "risk.max_drawdown=1000000000",
    "risk.max_consecutive_rejects=1000",
    "risk.order_rate=100000",
    "risk.self_trade=true",
    "risk.max_data_age_ms=60000",
    "risk.max_clock_skew_ms=60000",
];

fn config(settings: &[&str]) -> Config {
    let mut layers = Layers::default();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf/backtest.toml");
    layers.add_file(&file).unwrap();
    if settings.is_empty() {
        layers.add_setting("risk.bands=[]").unwrap();
    }
    for setting in ["strategy.fast=500", "strategy.slow=1000", "strategy.qty=0.01"].iter().chain(settings) {
        layers.add_setting(setting).unwrap();
    }
    interpret(&layers, &Registry::builtin()).unwrap()
}

/// A random walk of one tick a step from a fixed seed (xorshift64*, Vigna 2016), 0.1 to 20 ms apart.
fn write_quotes(dir: &Path, count: u64) {
    let options = WriterOptions { durability: DurabilityMode::None, segment_bytes: 1 << 30 };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    let instrument = instrument();
    let started = RunStarted {
        run: "source".to_owned(),
        tag: RunTag(1),
        epoch: 0,
        mode: RunMode::Record,
        schema: SCHEMA_VERSION.to_string(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        config: RawJson::new(&serde_json::json!({})),
        instruments: vec![instrument.clone()],
        source: None,
        copied_inputs: false,
    };
    writer.append_input(Seq(1), Ts(START), &Input::RunStarted(Box::new(started)), 0).unwrap();
    writer.commit_batch().unwrap();
    let (mut random, mut cents, mut ts, mut seq) = (0x9e37_79b9_7f4a_7c15_u64, 8_700_000_u64, START, Seq(1));
    let price = |cents: u64| Price::parse(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap();
    let qty = |n: u64| Qty::parse(&format!("{}.{:05}", n % 7, n % 99_991)).unwrap();
    for _ in 0..count {
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        let draw = random.wrapping_mul(0x2545_f491_4f6c_dd1d);
        cents = if draw & 1 == 0 { cents + 1 } else { cents - 1 };
        ts += 100_000 + draw % 19_900_000;
        seq = seq.next();
        let quote = Quote {
            instrument: instrument.instrument,
            bid: Some(Level { price: price(cents), qty: qty((draw >> 8) | 1) }),
            ask: Some(Level { price: price(cents + 1), qty: qty((draw >> 24) | 1) }),
            venue_ts: Some(Ts(ts - 1_000_000)),
            conflated: None,
        };
        writer.append_input(seq, Ts(ts), &Input::Quote(quote), 0).unwrap();
        writer.commit_batch().unwrap();
    }
    let ended = writer.run_ended("generated", count);
    writer.append_input(seq.next(), Ts(ts), &Input::RunEnded(Box::new(ended)), 0).unwrap();
    writer.commit_batch().unwrap();
    writer.finish().unwrap();
}

fn instrument() -> Instrument {
    Instrument {
        instrument: "BTCUSDT.BINANCE".parse().unwrap(),
        class: InstrumentClass::Spot,
        base: "BTC".parse().unwrap(),
        quote: "USDT".parse().unwrap(),
        tick: Price::parse("0.01").unwrap(),
        significant_digits: None,
        lot: Qty::parse("0.00001").unwrap(),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

/// The most memory this process ever held (Linux; 0 elsewhere).
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}

//! The memory of a replay does not grow with the journal.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::event::{Level, Quote, RunMode};
use reprise_model::{Input, Seq};
use reprise_replays::{Backtest, BacktestOptions, Verdict, VerifyOptions, verify};

use crate::cases::config_of;
use crate::scripted::registry;
use crate::tape::{START, cents, of, spot, started};

/// Names the journal to the process that replays it.
const SOURCE: &str = "REPRISE_TEST_MEMORY_SOURCE";

fn record(dir: &Path, quotes: u64) {
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    let begun = started(RunMode::Record, vec![spot("BTC-USD.SIM")]);
    writer.append_input(Seq(1), START, &Input::from(Box::new(begun)), 0).unwrap();
    writer.commit_batch().unwrap();
    for n in 0..quotes {
        let bid = 10_000 + (n * 37) % 400 + (n / 50) % 300;
        let side = |price: u64| Some(Level { price: of(&cents(price)), qty: of("5") });
        let quote = Quote {
            instrument: of("BTC-USD.SIM"),
            bid: side(bid),
            ask: side(bid + 2),
            venue_ts: None,
            conflated: None,
        };
        writer.append_input(Seq(n + 2), START.plus_ns(n * 1_000_000), &Input::from(quote), 0).unwrap();
        writer.commit_batch().unwrap();
    }
    writer.finish().unwrap();
}

/// The highest use of memory of this process so far, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What the other process does: it backtests and verifies, with bands, limits and many orders.
#[test]
fn replays_in_a_process_of_its_own() {
    let Ok(source) = std::env::var(SOURCE) else { return };
    let config = config_of(
        r#"
        [account]
        reporting_asset = "USD"
        default_quote_balance = "1000000000"
        allow_short = true
        [risk]
        max_gross_exposure = "1000000000"
        duplicate_window_ms = 5
        [risk.limits]
        max_position_qty = "1000000"
        [[risk.bands]]
        kind = "stddev"
        window = 100
        interval_ms = 0
        [[strategy]]
        kind = "ema-cross"
        fast = 5
        slow = 10
        qty = "1"
        "#,
    );
    let (source, out) = (Path::new(&source), Path::new(&source).with_extension("out"));
    let report = Backtest::new(source, &config, &registry(), BacktestOptions::default())
        .run(&out, &mut |_| {})
        .unwrap();
    let verdict = verify(&out, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    assert!(matches!(verdict, Verdict::Identical { .. }), "{verdict:?}");
    println!("peak {} orders {}", peak_kb(), report.orders);
}

fn measured(source: &Path) -> (u64, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::replays_in_a_process_of_its_own", "--nocapture"])
        .env(SOURCE, source)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let said = text.lines().find_map(|line| line.split_once("peak ")).unwrap().1;
    let (peak, orders) = said.split_once(" orders ").unwrap();
    (peak.parse().unwrap(), orders.parse().unwrap())
}

/// Breaks when a replay keeps something of every event or every order.
#[test]
fn memory_does_not_grow_with_the_journal() {
    let scratch = tempfile::tempdir().unwrap();
    let (short, long) = (scratch.path().join("short"), scratch.path().join("long"));
    record(&short, 30_000);
    record(&long, 300_000);
    let ((small, few), (large, many)) = (measured(&short), measured(&long));
    assert!(many > few * 5 && few > 100, "{few} and {many} orders");
    assert!(large < small + 4_096, "30,000 events took {small} kB, 300,000 took {large} kB");
    assert!(large < 64 * 1_024, "{large} kB");
}

//! The real recordings, where they are: each is imported, traded by each built-in strategy, and proved.

use std::path::{Path, PathBuf};

use crate::kit::{Place, exact, root};

/// Format and file.
const RECORDINGS: &[(&str, &str)] = &[
    ("item-jsonl", "binance/binance_spot_l1_trades_20250325.json.zst"),
    ("recorder", "binance/btcusdt_20240808.gz"),
    ("recorder", "hyperliquid/btcusd_20250126.gz"),
    ("lean", "coinbase/minute/btcusd_20180404_quote.zip"),
    ("lean", "coinbase/minute/btcusd_20180404_trade.zip"),
    ("lean", "coinbase/minute/btcusd_20180405_quote.zip"),
    ("lean", "coinbase/minute/btcusd_20180405_trade.zip"),
    ("lean", "coinbase/minute/ethusd_20180404_quote.zip"),
    ("lean", "coinbase/minute/ethusd_20180404_trade.zip"),
    ("lean", "coinbase/second/btcusd_20161007_trade.zip"),
];

const STRATEGIES: [&str; 4] = ["ema-cross", "market-maker", "mean-reversion", "twap"];

/// The folder of recordings: `REPRISE_SHARED`, or `shared` beside the workspace.
fn recordings() -> Option<PathBuf> {
    let shared = std::env::var_os("REPRISE_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let market = shared.join("data/market");
    market.is_dir().then_some(market)
}

fn prove(market: &Path, format: &str, file: &str) {
    let place = Place::new();
    let about = |strategy: &str| format!("{file}, {strategy}");
    let path = market.join(file);
    let import = place.json(&format!("import --format {format} {} -o source --json", path.display()));
    assert!(import["events"].as_u64() > Some(100), "{file}: {import}");
    assert_eq!(import["bad_rows"], 0, "{file}: {import}");
    for strategy in STRATEGIES {
        // Short averages, since the shortest recording has no more than a hundred quotes.
        let options = match (strategy, file.contains("trade.zip")) {
            ("ema-cross", true) => "--set strategy.fast=3 --set strategy.slow=8 --set strategy.source=bar",
            ("ema-cross", false) => "--set strategy.fast=3 --set strategy.slow=8",
            _ => "",
        };
        let run = format!("backtest source --strategy {strategy} {options} -o {strategy} --json");
        let report = place.json(&run);
        assert_eq!(report["events"], import["events"], "{}", about(strategy));
        let of = |key: &str| exact(&report[key]);
        let parts = of("realized_pnl") + of("unrealized_pnl") - of("fees") + of("funding");
        assert_eq!(of("equity_end"), of("equity_start") + parts, "{}", about(strategy));
        assert!(
            report["fills"].as_u64() > Some(0) || !crosses(strategy, file),
            "{}: {report}",
            about(strategy)
        );
        let verdict = place.json(&format!("verify {strategy} --json"));
        assert_eq!(verdict["identical"], true, "{}: {verdict}", about(strategy));
        assert_eq!(verdict["digest"], report["digest"], "{}", about(strategy));
        let verdict = place.json(&format!("journal verify {strategy} --json"));
        assert_eq!(verdict["verdict"], "clean", "{}", about(strategy));
    }
    // The frictions of the demo deny some orders here and there; the proof holds all the same.
    let demo = root().join("conf/demo.toml");
    place.done(&format!("backtest source -c {} --strategy mean-reversion -o demo --json", demo.display()));
    assert_eq!(place.json("verify demo --json")["identical"], true, "{file}, conf/demo.toml");
}

/// Whether the averages cross at all: at Hyperliquid the price stood still for 20 seconds and then only fell.
fn crosses(strategy: &str, file: &str) -> bool {
    strategy == "ema-cross" && !file.starts_with("hyperliquid")
}

/// Breaks when a real recording no longer imports, a strategy cannot trade it, or a run of it cannot be proved.
#[test]
fn real_recordings_are_traded_and_proved() {
    let Some(market) = recordings() else {
        println!("skipped: no recordings; name the folder that holds data/market in REPRISE_SHARED");
        return;
    };
    std::thread::scope(|scope| {
        for first in 0..2 {
            let market = &market;
            scope.spawn(move || {
                for (format, file) in RECORDINGS.iter().skip(first).step_by(2) {
                    prove(market, format, file);
                }
            });
        }
    });
}

/// Breaks when a new recording lies there and is not tried.
#[test]
fn every_recording_is_tried() {
    let Some(market) = recordings() else {
        println!("skipped: no recordings; name the folder that holds data/market in REPRISE_SHARED");
        return;
    };
    let mut folders = vec![market.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&market).unwrap().to_str().unwrap();
            assert!(RECORDINGS.iter().any(|(_, file)| *file == name), "{name} is not tried");
        }
    }
}

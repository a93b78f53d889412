//! The strategy, from a recording to a proof: import, backtest, verify, with the binary of this crate.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A recording of one instrument: the price climbs and falls in waves, 100 ms apart.
fn recording() -> String {
    let mut csv = "ts_ns,instrument,bid,bid_size,ask,ask_size\n".to_owned();
    for n in 0..2_000_u64 {
        let ts_ns = 1_700_000_000_000_000_000 + n * 100_000_000;
        // Up for 100 quotes, down for 100 quotes, in cents.
        let cents = 10_000 + 5 * (n % 200).min(200 - n % 200);
        let price = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let (bid, ask) = (price(cents), price(cents + 1));
        writeln!(csv, "{ts_ns},BTC-USD.SIM,{bid},0.500,{ask},0.500").expect("a String takes every line");
    }
    csv
}

/// Runs this crate's binary and reads the JSON that it prints.
fn reprise(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_{{name}}"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("--json prints JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the folder's name is UTF-8")
}

#[test]
fn breakout_trades_and_its_decisions_can_be_proved() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("backtest");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let (csv, source) = (folder.join("quotes.csv"), folder.join("source"));
    std::fs::write(&csv, recording()).expect("the recording can be written");
    reprise(&["import", "--format", "csv", text(&csv), "-o", text(&source), "--json"]);

    let backtest = |name: &str| {
        let run = folder.join(name);
        let report =
            reprise(&["backtest", text(&source), "-c", "conf/backtest.toml", "-o", text(&run), "--json"]);
        (run, report)
    };
    let (run, report) = backtest("run");
    // Ten waves: an entry and an exit in each.
    assert_eq!(report["orders"], 20, "{report}");
    assert_eq!(report["fills"], 20, "{report}");

    // The same recording gives the same decisions, and the journal proves them.
    let (_, again) = backtest("again");
    assert_eq!(report["digest"], again["digest"]);
    let verdict = reprise(&["verify", text(&run), "--json"]);
    assert_eq!(verdict["identical"], true, "{verdict}");
}

//! What scripts rely on: names and types of what `import` and `backtest` print, and that the figures add up.

use serde_json::Value;

use crate::kit::{Place, exact};
use crate::market::{as_csv, random_quotes};
use crate::segments::{lines_of, write_lines};

/// A recording and its run, imported.
pub fn imported(seed: u64, count: usize) -> Place {
    let place = Place::new();
    place.write("quotes.csv", as_csv(&random_quotes(seed, count), seed));
    place.done("import --format csv quotes.csv -o source");
    place
}

/// Fees, latency, funds that run out and limits that deny.
pub const FRICTIONS: &str = r#"
[account]
reporting_asset = "USD"
balances = { USD = "3000" }

[paper]
entry_latency = 20_000_000
response_latency = { kind = "uniform", min_ns = 1_000_000, max_ns = 90_000_000 }
taker_fee = "0.0007"
maker_fee = "-0.0001"
queue_model = "proportional"

[risk]
max_open_orders = 9
order_rate = 3
order_rate_window_ms = 500
self_trade = true
max_daily_loss = "400"

[risk.limits]
max_position_notional = "900"
price_collar = "0.02"

[[risk.bands]]
kind = "ewma"
lambda = 0.9
width = 2.0
interval_ms = 200

[[strategy]]
id = "trend"
kind = "ema-cross"
fast = 5
slow = 15
notional = "500"

[[strategy]]
id = "maker"
kind = "market-maker"
notional = "150"

[[strategy]]
id = "slow"
kind = "twap"
instruments = ["ETH-USD.SIM"]
total_qty = 0.4
duration_ms = 20_000
slices = 40

[[strategy]]
id = "reversion"
kind = "mean-reversion"
notional = "200"
"#;

/// Breaks when a field of the backtest's report is renamed, leaves, or is a number where money is text.
#[test]
fn the_report_has_what_scripts_read() {
    let place = imported(21, 1_500);
    place.write("frictions.toml", FRICTIONS);
    let report = place.json("backtest source -c frictions.toml -o run --json");
    for key in ["events", "orders", "fills"] {
        assert!(report[key].is_u64(), "{key}: {}", report[key]);
    }
    for key in ["fees", "realized_pnl", "unrealized_pnl", "funding", "equity_start", "equity_end"] {
        exact(&report[key]);
    }
    for key in ["elapsed_s", "events_per_s"] {
        assert!(report[key].is_f64(), "{key}: {}", report[key]);
    }
    let digest = report["digest"].as_str().unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    assert_eq!(report["events"], 1_500);
    let denials = report["denials"].as_object().unwrap();
    assert!(!denials.is_empty(), "the limits deny nothing: {report}");
    for (code, count) in denials {
        assert!(code.parse::<u16>().is_ok() && count.is_u64(), "{code}: {count}");
    }
    // What was printed is what lies beside the journal.
    assert_eq!(serde_json::from_slice::<Value>(&place.read("run/report.json")).unwrap(), report);
}

/// Breaks when a count of the report is not the count of the lines it is about.
#[test]
fn the_report_counts_the_journal() {
    let place = imported(22, 1_500);
    place.write("frictions.toml", FRICTIONS);
    let report = place.json("backtest source -c frictions.toml -o run --json");
    let count = |kinds: &str| place.events("run", kinds).len();
    assert_eq!(report["orders"], count("--kind order.submitted"));
    assert_eq!(report["fills"], count("--kind order.filled --kind order.partially_filled"));
    let denied = place.events("run", "--kind order.denied");
    for (code, told) in report["denials"].as_object().unwrap() {
        let found = denied.iter().filter(|line| line["data"]["code"].as_u64() == code.parse().ok()).count();
        assert_eq!(*told, found, "code {code}");
    }
    let fees: i128 = place
        .events("run", "--kind order.filled --kind order.partially_filled")
        .iter()
        .map(|fill| exact(&fill["data"]["fee"]))
        .sum();
    assert!(fees != 0, "no fee was paid");
    assert_eq!(exact(&report["fees"]), fees);
}

/// Breaks when the figures do not add up to the last digit, in all or by instrument.
#[test]
fn equity_is_the_sum_of_its_parts() {
    let rows = [
        (31, "-c frictions.toml"),
        (32, "-c frictions.toml --strategy maker"),
        (33, "-c frictions.toml --strategy market-maker --set account.allow_short=true"),
        (34, "--strategy mean-reversion --set risk.bands.0.interval_ms=50"),
        (35, "--strategy ema-cross --set strategy.qty=0.37 --set paper.taker_fee=0.00033"),
        (36, "--strategy twap --set strategy.duration_ms=10000 --set paper.depth=book"),
    ];
    for (seed, options) in rows {
        let place = imported(seed, 1_200);
        place.write("frictions.toml", FRICTIONS);
        let report = place.json(&format!("backtest source {options} -o run --json"));
        let of = |key: &str| exact(&report[key]);
        let parts = of("realized_pnl") + of("unrealized_pnl") - of("fees") + of("funding");
        assert!(report["fills"].as_u64() > Some(0), "{options}: {report}");
        assert_eq!(of("equity_end"), of("equity_start") + parts, "{options}: {report}");
        // Every instrument is quoted in the reporting asset, so that theirs are the sums too.
        for key in ["realized_pnl", "unrealized_pnl", "fees", "funding"] {
            let by = |list: &str| {
                report[list].as_array().unwrap().iter().map(|one| exact(&one[key])).sum::<i128>()
            };
            assert_eq!(of(key), by("instruments"), "{options}: {key} by instrument");
            assert_eq!(of(key), by("positions"), "{options}: {key} by strategy");
        }
    }
}

/// Breaks when `import` stops taking a flag, or loses what it says of the recording.
#[test]
fn import_says_what_it_took() {
    let place = Place::new();
    place
        .write("a.csv", "ts_ns,instrument,bid,bid_size,ask,ask_size\n2000000000000000000,btcusd,1.5,1,2,1\n");
    place.write(
        "b.csv",
        "instrument,ts_ns,bid,bid_size,ask,ask_size,last,last_size,side\n\
         btcusd,2000000000000000000,1,1,2,1,1.75,0.3,buy\nbtcusd,2000000000000000001,3,1,2,1,,,\n",
    );
    let bad = place.reprise("import --format csv a.csv b.csv -o none --json");
    assert_eq!((bad.code, bad.out.as_str()), (1, ""), "{bad:?}");
    assert!(bad.err.contains("b.csv, line 3"), "{}", bad.err);
    assert!(!place.path("none").exists(), "a failed import leaves a folder");
    let report = place.json(
        "import --format csv --venue SIM --instrument BTC-USD.SIM --skip-bad a.csv b.csv -o run --json",
    );
    let expected = [
        ("rows", Value::from(3)),
        ("events", Value::from(3)),
        ("bad_rows", Value::from(1)),
        ("instruments", Value::from(vec!["BTC-USD.SIM"])),
        ("first_ts", Value::from(2_000_000_000_000_000_000_u64)),
        ("last_ts", Value::from(2_000_000_000_000_000_000_u64)),
    ];
    for (key, value) in expected {
        assert_eq!(report[key], value, "{key}: {report}");
    }
    let bids: Vec<_> =
        place.events("run", "--kind market.quote").iter().map(|quote| quote["data"]["bid"].clone()).collect();
    assert_eq!(bids, ["1.5", "1"], "of equal times, the file named first comes first");
    assert_eq!(place.json("journal verify run --json")["verdict"], "clean");
    assert_eq!(place.json("verify run --json")["identical"], true);
}

/// Breaks when `--market-only` keeps what is not market data, when a backtest without it leaves a recorded command
/// out, or when the choice does not survive into `verify`.
#[test]
fn market_data_alone() {
    let place = imported(41, 800);
    let options = "--strategy ema-cross --set strategy.fast=3 --set strategy.slow=7";
    let plain = place.json(&format!("backtest source {options} -o plain --json"));
    // The same recording with an operator who kills the engine halfway.
    let mut lines = lines_of(&place, "source");
    let half = lines.len() / 2;
    let mut kill = lines[half].clone();
    kill.kind = "operator.command".to_owned();
    let command = r#"{"command":"kill","by":"me","reason":"enough"}"#;
    kill.data = serde_json::value::RawValue::from_string(command.to_owned()).unwrap();
    lines.insert(half, kill);
    for line in &mut lines[half + 1..] {
        line.seq += 1;
    }
    place.copy("source", "killed");
    write_lines(&place, "killed", &lines);

    let all = place.json(&format!("backtest killed {options} -o all --json"));
    let market = place.json(&format!("backtest killed {options} --market-only -o market --json"));
    assert_eq!(
        (&plain["events"], &all["events"], &market["events"]),
        (&800.into(), &801.into(), &800.into())
    );
    assert_eq!(
        (all["trading_state"].as_str(), market["trading_state"].as_str()),
        (Some("halted"), Some("active"))
    );
    assert!(all["orders"].as_u64() < market["orders"].as_u64(), "the kill stops nothing: {all}");
    assert_eq!(market["orders"], plain["orders"]);
    assert_eq!(market["equity_end"], plain["equity_end"]);
    for (run, said) in [("market", Value::from(true)), ("all", Value::Null)] {
        assert_eq!(place.json(&format!("verify {run} --json"))["identical"], true, "{run}");
        let started = &place.events(run, "--kind run.started")[0];
        assert_eq!(started["data"]["source"]["market_only"], said, "{run}");
    }
}

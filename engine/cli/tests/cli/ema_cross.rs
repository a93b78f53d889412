//! `ema-cross` against a reference that shares no line with the engine: the fixed contract, bit by bit.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kit::{Place, exact};
use crate::market::{INSTRUMENTS, Row, as_csv, random_quotes};

/// A crossing of two exponential averages, as the contract words it.
pub struct Cross {
    fast: u32,
    slow: u32,
    averages: Option<(f64, f64)>,
    was_above: bool,
    seen: u32,
}

impl Cross {
    pub fn new(fast: u32, slow: u32) -> Self {
        Self { fast, slow, averages: None, was_above: false, seen: 0 }
    }

    /// Takes a price; `buy` or `sell` when it makes the averages cross.
    pub fn take(&mut self, price: f64) -> Option<&'static str> {
        let (mut fast, mut slow) = self.averages.unwrap_or((price, price));
        if self.averages.is_some() {
            fast += (2.0 / (f64::from(self.fast) + 1.0)) * (price - fast);
            slow += (2.0 / (f64::from(self.slow) + 1.0)) * (price - slow);
        }
        self.averages = Some((fast, slow));
        self.seen += 1;
        let is_above = fast > slow;
        let has_changed = is_above != self.was_above;
        self.was_above = is_above;
        let is_warm = self.seen > self.fast.max(self.slow);
        (has_changed && is_warm).then_some(if is_above { "buy" } else { "sell" })
    }
}

/// An order and its fill: when, in what, which way, at what price.
type Trade = (u64, String, String, String);

/// What the reference trades: each order fills whole at the quote that causes it.
fn expected_trades(rows: &[Row], fast: u32, slow: u32) -> Vec<Trade> {
    let mut crosses: BTreeMap<&str, Cross> = BTreeMap::new();
    let mut trades = Vec::new();
    for row in rows {
        let price = |text: &str| text.parse::<f64>().unwrap();
        let mid = (price(&row.bid) + price(&row.ask)) / 2.0;
        let cross = crosses.entry(row.instrument).or_insert_with(|| Cross::new(fast, slow));
        if let Some(side) = cross.take(mid) {
            let at = if side == "buy" { &row.ask } else { &row.bid };
            trades.push((row.ts, row.instrument.to_owned(), side.to_owned(), plain(at)));
        }
    }
    trades
}

/// A decimal in the one form.
fn plain(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// What a run traded: each order joined with its one fill.
pub fn recorded_trades(place: &Place, run: &str, qty: &str) -> Vec<Trade> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fills: BTreeMap<String, Value> = place
        .events(run, "--kind order.filled")
        .into_iter()
        .map(|fill| (text(&fill["data"]["order"]), fill))
        .collect();
    let submitted = place.events(run, "--kind order.submitted");
    assert_eq!(fills.len(), submitted.len(), "each order fills, and once");
    assert_eq!(place.events(run, "--kind order.partially_filled").len(), 0, "each order fills whole");
    let trade = |order: &Value| {
        let fill = &fills[order["data"]["order"].as_str().unwrap()];
        assert_eq!(fill["data"]["qty"], qty);
        assert_eq!(order["data"]["qty"], qty);
        assert_eq!(order["data"]["order_type"], "market");
        let data = &order["data"];
        (
            fill["ts"].as_u64().unwrap(),
            text(&data["instrument"]),
            text(&data["side"]),
            text(&fill["data"]["price"]),
        )
    };
    submitted.iter().map(trade).collect()
}

/// Equity in units of 1e-12: what was paid and received, and what is held at the last mid.
fn expected_equity(rows: &[Row], trades: &[Trade], qty: i128) -> i128 {
    let units = |text: &str| exact(&Value::String(plain(text)));
    let mut equity = 0;
    let mut held: BTreeMap<&str, i128> = BTreeMap::new();
    for (_, instrument, side, price) in trades {
        let signed = if side == "buy" { qty } else { -qty };
        *held.entry(instrument).or_default() += signed;
        equity -= signed * units(price);
    }
    for (instrument, qty) in held {
        let last = rows.iter().rfind(|row| row.instrument == instrument).unwrap();
        equity += qty * (units(&last.bid) + units(&last.ask)) / 2;
    }
    assert_eq!(equity % 1_000_000_000_000, 0, "the rows' decimals leave nothing to round");
    equity / 1_000_000_000_000
}

/// Breaks when `ema-cross` departs from the contract by one bit of one average, one order, one price or one cent.
#[test]
fn ema_cross_is_what_the_contract_says() {
    // The seed is the first column: a row can be run again by itself.
    let table = [
        (1_u64, 3_000_usize, 12_u32, 26_u32, "0.01"),
        (2, 3_000, 5, 20, "0.25"),
        (3, 1_500, 1, 3, "1"),
        (4, 1_500, 30, 10, "0.004"),
        (5, 2_000, 7, 7, "3"),
        (6, 300, 400, 2, "1"),
    ];
    for (seed, count, fast, slow, qty) in table {
        let place = Place::new();
        let rows = random_quotes(seed, count);
        place.write("quotes.csv", as_csv(&rows, seed));
        place.done("import --format csv quotes.csv -o source");
        let report = place.json(&format!(
            "backtest source --strategy ema-cross --set strategy.fast={fast} --set strategy.slow={slow} \
             --set strategy.qty={qty} -o run --json"
        ));
        let expected = expected_trades(&rows, fast, slow);
        let about = format!("seed {seed}, {fast}/{slow}");
        assert_eq!(recorded_trades(&place, "run", qty), expected, "{about}");
        assert_eq!(
            expected.is_empty(),
            fast == slow || fast.max(slow) as usize * 3 > count,
            "{about} trades"
        );
        assert_eq!(report["events"], count, "{about}");
        assert_eq!(report["orders"], expected.len(), "{about}");
        assert_eq!(report["fills"], expected.len(), "{about}");
        assert_eq!(report["denials"], json!({}), "{about}");
        let gained = exact(&report["equity_end"]) - exact(&report["equity_start"]);
        let units = exact(&Value::String(plain(qty)));
        assert_eq!(gained, expected_equity(&rows, &expected, units), "{about}");
    }
    assert_eq!(INSTRUMENTS.len(), 3, "several instruments run side by side");
}

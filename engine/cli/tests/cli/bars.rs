//! Lean bars: `ema-cross` on closes, and on the one quote that a quote bar is.

use std::io::Write;

use crate::ema_cross::{Cross, recorded_trades};
use crate::kit::Place;
use crate::market::Chance;

const QTY: &str = "0.5";
const MINUTE_NS: u64 = 60_000_000_000;
/// 2018-04-04, 00:00 UTC.
const MIDNIGHT_NS: u64 = 1_522_800_000_000_000_000;

/// A bar in cents: open, high, low, close of the bid, and the spread.
struct Bar {
    minute: u64,
    prices: [u64; 4],
    spread: u64,
}

fn text(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn plain(cents: u64) -> String {
    let text = text(cents);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A random walk with gaps between close and open, and minutes without a bar.
fn random_bars(seed: u64, count: usize) -> Vec<Bar> {
    let mut chance = Chance::new(seed);
    let (mut cents, mut minute) = (700_000_u64, 0);
    let mut walk = |chance: &mut Chance| {
        cents = cents + chance.below(2_001) - 1_000;
        cents
    };
    let bar = |_| {
        minute += 1 + u64::from(chance.below(10) == 0);
        let (open, close) = (walk(&mut chance), walk(&mut chance));
        let high = open.max(close) + chance.below(300);
        let low = open.min(close) - chance.below(300);
        Bar { minute, prices: [open, high, low, close], spread: chance.below(50) }
    };
    (0..count).map(bar).collect()
}

fn write_zip(place: &Place, path: &str, entry: &str, csv: &str) {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(entry, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    place.write(path, zip.finish().unwrap().into_inner());
}

fn begin_ms(bar: &Bar) -> u64 {
    bar.minute * 60_000
}

/// When the bar closed, which is when it is known.
fn closed_at(bar: &Bar) -> u64 {
    MIDNIGHT_NS + (bar.minute + 1) * MINUTE_NS
}

/// Breaks when `strategy.source = "bar"` reads anything but closes, or an order on bars fills anywhere but at the
/// next open.
#[test]
fn closes_of_trade_bars() {
    let place = Place::new();
    let bars = random_bars(11, 900);
    let row = |bar: &Bar| format!("{},{},1.5\n", begin_ms(bar), bar.prices.map(text).join(","));
    let csv: String = bars.iter().map(row).collect();
    write_zip(&place, "minute/btcusd_20180404_trade.zip", "20180404_btcusd_minute_trade.csv", &csv);
    let import = place.json("import --format lean minute/btcusd_20180404_trade.zip -o source --json");
    let instrument = import["instruments"][0].as_str().unwrap().to_owned();
    place.done(
        "backtest source --strategy ema-cross --set strategy.source=bar --set strategy.fast=3 \
         --set strategy.slow=8 --set strategy.qty=0.5 -o run",
    );
    let mut cross = Cross::new(3, 8);
    let mut expected = Vec::new();
    for (at, bar) in bars.iter().enumerate() {
        let side = cross.take(text(bar.prices[3]).parse().unwrap());
        if let (Some(side), Some(next)) = (side, bars.get(at + 1)) {
            expected.push((closed_at(next), instrument.clone(), side.to_owned(), plain(next.prices[0])));
        }
    }
    let trades = recorded_trades(&place, "run", QTY);
    assert!(expected.len() > 20, "{} crossings", expected.len());
    assert_eq!(trades, expected);
    assert_eq!(place.json("verify run --json")["identical"], true);
}

/// Breaks when a quote bar is more or less than one quote at its close.
#[test]
fn closes_of_quote_bars() {
    let place = Place::new();
    let bars = random_bars(12, 900);
    let row = |bar: &Bar| {
        let ask = bar.prices.map(|cents| text(cents + bar.spread));
        format!("{},{},2.5,{},3\n", begin_ms(bar), bar.prices.map(text).join(","), ask.join(","))
    };
    let csv: String = bars.iter().map(row).collect();
    write_zip(&place, "minute/ethusd_20180404_quote.zip", "20180404_ethusd_minute_quote.csv", &csv);
    let import = place.json("import --format lean minute/ethusd_20180404_quote.zip -o source --json");
    let instrument = import["instruments"][0].as_str().unwrap().to_owned();
    assert_eq!(import["events"], bars.len());
    place.done(
        "backtest source --strategy ema-cross --set strategy.fast=4 --set strategy.slow=9 \
         --set strategy.qty=0.5 -o run",
    );
    let mut cross = Cross::new(4, 9);
    let mut expected = Vec::new();
    for bar in &bars {
        let (bid, ask) = (bar.prices[3], bar.prices[3] + bar.spread);
        let price = |cents| text(cents).parse::<f64>().unwrap();
        if let Some(side) = cross.take((price(bid) + price(ask)) / 2.0) {
            let at = if side == "buy" { ask } else { bid };
            expected.push((closed_at(bar), instrument.clone(), side.to_owned(), plain(at)));
        }
    }
    assert!(expected.len() > 20, "{} crossings", expected.len());
    assert_eq!(recorded_trades(&place, "run", QTY), expected);
}

//! The real recordings: how many events they hold, that they are in order, that books agree with quotes.
//! Skipped where the recordings are not there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use reprise_market_data::book::{BookAssembly, BookDelta, BookSnapshot};
use reprise_market_data::import::{Format, ImportPlan};
use reprise_model::event::Level;
use reprise_model::{Input, QuoteSource};

use crate::common::{Imported, import, recordings};

fn run(format: Format, files: Vec<PathBuf>) -> Imported {
    let plan = ImportPlan { format, files, ..ImportPlan::default() };
    let found = import(plan).unwrap();
    let mut last = 0;
    for (ts, input) in &found.events {
        assert!(ts.0 >= last, "time runs back at {ts}: {input:?}");
        last = ts.0;
        if let Input::Quote(quote) = input
            && let (Some(bid), Some(ask)) = (quote.bid, quote.ask)
        {
            assert!(bid.price <= ask.price, "{quote:?}");
        }
    }
    for instrument in &found.instruments {
        check_rules(&found, instrument);
    }
    found
}

/// Every price and size that occurs follows the definition that was inferred from them.
fn check_rules(found: &Imported, instrument: &reprise_model::Instrument) {
    let check = |level: &Level| {
        assert_eq!(instrument.check_price(level.price), Ok(()), "{level:?}");
        assert!(level.qty.is_zero() || instrument.allows_qty(level.qty), "{level:?}");
    };
    for (_, input) in &found.events {
        if input.instrument() != Some(&instrument.instrument) {
            continue;
        }
        match input {
            Input::Quote(quote) => quote.bid.iter().chain(&quote.ask).for_each(check),
            Input::Book(book) => book.bids.iter().chain(&book.asks).for_each(check),
            Input::Trade(trade) => check(&Level { price: trade.price, qty: trade.qty }),
            _ => {}
        }
    }
}

fn counts(found: &Imported) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for (_, input) in &found.events {
        let what = match input {
            Input::Trade(trade) if trade.historical => "historical trade".to_owned(),
            Input::Book(book) => format!("{:?}", book.action).to_lowercase(),
            other => other.kind().to_owned(),
        };
        *counts.entry(what).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn expect(found: &Imported, expected: &[(&str, usize)]) {
    let expected: Vec<(String, usize)> = expected.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect();
    assert_eq!(counts(found), expected);
    assert_eq!(found.report.bad_rows, 0, "{:?}", found.report);
}

/// Breaks when rows that arrive late are lost, or instruments are mixed up.
#[test]
fn the_item_recording_imports_whole() {
    let Some(folder) = recordings() else { return };
    let found = run(Format::ItemJsonl, vec![folder.join("binance/binance_spot_l1_trades_20250325.json.zst")]);
    expect(&found, &[("market.quote", 38_968), ("market.trade", 11_032)]);
    assert_eq!(found.report.rows, 50_000);
    let rules: Vec<String> =
        found.instruments.iter().map(|i| format!("{} {} {}", i.instrument, i.tick, i.lot)).collect();
    assert_eq!(
        rules,
        ["BTCUSDT.BINANCE 0.01 0.00001", "ETHUSDT.BINANCE 0.01 0.0001", "SOLUSDT.BINANCE 0.01 0.001"]
    );
    assert_eq!(found.report.warnings.len(), 3);
}

/// Breaks when Binance's messages are lost or doubled, or a gap is seen where there is none.
#[test]
fn the_binance_recording_imports_whole() {
    let Some(folder) = recordings() else { return };
    let found = run(Format::Recorder, vec![folder.join("binance/btcusdt_20240808.gz")]);
    // Two of the 3,451 updates end before the snapshot and are in it already.
    expect(&found, &[("market.quote", 28_040), ("market.trade", 9_757), ("snapshot", 1), ("update", 3_449)]);
    assert_eq!(found.report.rows, 41_249);
    assert_eq!(found.report.warnings.len(), 1, "{:?}", found.report.warnings);
    assert_eq!(found.instruments[0].quote_source, QuoteSource::Quotes);
}

/// Breaks when a book is lost, or the thirty trades from before the subscription pass for news.
#[test]
fn the_hyperliquid_recording_imports_whole() {
    let Some(folder) = recordings() else { return };
    let found = run(Format::Recorder, vec![folder.join("hyperliquid/btcusd_20250126.gz")]);
    expect(&found, &[("historical trade", 30), ("market.trade", 34), ("snapshot", 46)]);
    let [one] = found.instruments.as_slice() else { panic!("{:?}", found.instruments) };
    assert_eq!((one.instrument.as_str(), one.quote_source), ("BTC-PERP.HYPERLIQUID", QuoteSource::Book));
}

/// Breaks when a Lean file's rows are lost, or one of two instruments and two days is mixed up with another.
#[test]
fn the_lean_recordings_import_whole() {
    let Some(folder) = recordings() else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("coinbase/minute"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let found = run(Format::Lean, files.clone());
    let lines: u64 = files.iter().map(|file| text_lines(file)).sum();
    assert_eq!(found.report.rows, lines);
    expect(&found, &[("market.bar", 3_456), ("market.quote", 4_311)]);
    let names: Vec<&str> = found.instruments.iter().map(|i| i.instrument.as_str()).collect();
    assert_eq!(names, ["BTC-USD.COINBASE", "ETH-USD.COINBASE"]);
    let seconds = run(Format::Lean, vec![folder.join("coinbase/second/btcusd_20161007_trade.zip")]);
    expect(&seconds, &[("market.bar", 4_063)]);
    assert_eq!(seconds.instruments[0].quote_source, QuoteSource::Bars);
    // The first row begins 4 s after midnight of 2016-10-07 and lasts one.
    assert_eq!(seconds.events[0].0.0, 1_475_798_405_000_000_000);
}

fn text_lines(zip: &Path) -> u64 {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip).unwrap()).unwrap();
    let entry = archive.by_index(0).unwrap();
    BufReader::new(entry).lines().count() as u64
}

/// Breaks when the assembled book is not the venue's: its top must be the best bid and ask that the venue
/// sent on another stream for the same update.
#[test]
fn the_binance_book_agrees_with_its_quotes() {
    let Some(folder) = recordings() else { return };
    let file = std::fs::File::open(folder.join("binance/btcusdt_20240808.gz")).unwrap();
    let mut book = BookAssembly::new();
    let mut tops = BTreeMap::new();
    let mut steps = Vec::new();
    let mut quotes = Vec::new();
    for line in BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines() {
        let line = line.unwrap();
        let message: serde_json::Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
        let content = message.get("data").unwrap_or(&message);
        if content["e"] == "depthUpdate" {
            book.on_delta(read_delta(content), &mut steps);
        } else if let Some(last) = content["lastUpdateId"].as_u64() {
            let (bids, asks) = (read_levels(&content["bids"]), read_levels(&content["asks"]));
            book.on_snapshot(BookSnapshot { last, bids, asks, venue_ts: None }, &mut steps);
        } else if content["B"].is_string() {
            let bid = read_level(&content["b"], &content["B"]);
            let ask = read_level(&content["a"], &content["A"]);
            quotes.push((content["u"].as_u64().unwrap(), bid, ask));
        }
        if let (Some(held), Some(last)) = (book.book(), book.last_update()) {
            tops.insert(last, (held.best_bid().unwrap(), held.best_ask().unwrap()));
        }
    }
    let counts = book.counts();
    assert_eq!((counts.gaps, counts.crossed, counts.unused), (0, 0, 0), "{counts:?}");
    let mut compared = 0;
    for (update, bid, ask) in quotes {
        if let Some(top) = tops.get(&update) {
            assert_eq!(*top, (bid, ask), "at update {update}");
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared} updates occur in both streams");
}

fn read_delta(message: &serde_json::Value) -> BookDelta {
    BookDelta {
        first: message["U"].as_u64().unwrap(),
        last: message["u"].as_u64().unwrap(),
        previous: None,
        bids: read_levels(&message["b"]),
        asks: read_levels(&message["a"]),
        venue_ts: None,
    }
}

fn read_levels(levels: &serde_json::Value) -> Vec<Level> {
    levels.as_array().unwrap().iter().map(|level| read_level(&level[0], &level[1])).collect()
}

fn read_level(price: &serde_json::Value, qty: &serde_json::Value) -> Level {
    Level { price: price.as_str().unwrap().parse().unwrap(), qty: qty.as_str().unwrap().parse().unwrap() }
}

//! Recordings of a few lines, written as journals.

use std::path::Path;

use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{Book, BookAction, Level, Quote, RunMode, RunStarted, Trade};
use reprise_model::{
    Cash, FeeAsset, Input, Instrument, InstrumentClass, QuoteSource, Rate, RunTag, SCHEMA_VERSION, Seq, Side,
    Ts,
};
use serde_json::json;

/// When recordings begin.
pub const START: Ts = Ts(1_763_675_000_000_000_000);
pub const MS: u64 = 1_000_000;

pub fn of<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A spot instrument with two decimals in its prices and five in its sizes.
pub fn instrument(id: &str, base: &str, quote: &str) -> Instrument {
    Instrument {
        instrument: of(id),
        class: InstrumentClass::Spot,
        base: of(base),
        quote: of(quote),
        tick: of("0.01"),
        significant_digits: None,
        lot: of("0.00001"),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

pub fn btc() -> Instrument {
    instrument("BTCUSDT.BINANCE", "BTC", "USDT")
}

/// `97000x2`
pub fn level(text: &str) -> Level {
    let (price, qty) = text.split_once('x').unwrap();
    Level { price: of(price), qty: of(qty) }
}

fn levels(text: &str) -> Vec<Level> {
    text.split_whitespace().map(level).collect()
}

pub fn quote(id: &str, bid: &str, ask: &str) -> Input {
    let side = |text: &str| (!text.is_empty()).then(|| level(text));
    Quote { instrument: of(id), bid: side(bid), ask: side(ask), venue_ts: None, conflated: None }.into()
}

pub fn trade(id: &str, at: &str, side: Side) -> Input {
    let Level { price, qty } = level(at);
    let (instrument, side) = (of(id), Some(side));
    Trade { instrument, price, qty, side, trade_id: None, historical: false, venue_ts: None }.into()
}

pub fn book(id: &str, action: BookAction, bids: &str, asks: &str) -> Input {
    let (bids, asks) = (levels(bids), levels(asks));
    Book { instrument: of(id), action, bids, asks, venue_ts: None, conflated: None }.into()
}

/// 97000 to 97010, and nothing ever moves.
pub fn still() -> Vec<(u64, Input)> {
    let id = "BTCUSDT.BINANCE";
    vec![(0, quote(id, "97000x2", "97010x2")), (1, trade(id, "97000x0.5", Side::Sell))]
}

/// A market that ticks every ten milliseconds for a second, with a trade every fifty.
pub fn busy() -> Vec<(u64, Input)> {
    let id = "BTCUSDT.BINANCE";
    let mut events = still();
    for n in 0..100 {
        let (bid, ask) = (format!("97000x{}", 3 + n % 7), format!("970{}x2", 10 + n % 5));
        events.push((2 + 10 * n, quote(id, &bid, &ask)));
        if n % 5 == 0 {
            events.push((2 + 10 * n, trade(id, "97000x0.001", Side::Sell)));
        }
    }
    events
}

/// Writes a recording of these instruments.
pub fn record(dir: &Path, instruments: Vec<Instrument>, events: &[(u64, Input)]) {
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    let started = RunStarted {
        run: "recording".to_owned(),
        tag: RunTag(0),
        epoch: 0,
        mode: RunMode::Record,
        schema: SCHEMA_VERSION.to_string(),
        engine: "test".to_owned(),
        config: RawJson::new(&json!({})),
        instruments,
        source: None,
        copied_inputs: false,
    };
    let mut append = |ms: u64, input: &Input| {
        let seq: Seq = writer.last_seq().next();
        writer.append_input(seq, START.plus_ns(ms * MS), input, 0).unwrap();
        writer.commit_batch().unwrap();
    };
    append(0, &Input::from(Box::new(started)));
    events.iter().for_each(|(ms, input)| append(*ms, input));
    writer.finish().unwrap();
}

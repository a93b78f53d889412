//! What a channel tells first: the state of a product when it was subscribed to.

use reprise_model::{Side, Ts};
use serde_json::{Value, json};

use super::super::market::{candle_body, trade_body};
use super::frames;
use crate::house::{House, LevelChange, MarketEvent, MarketNews};

/// Trades in a snapshot.
const TRADES: usize = 50;
/// Candles in a snapshot, five minutes each.
const CANDLES: usize = 100;
const CANDLE_NS: u64 = 300_000_000_000;

/// The whole book, or the best bid and ask where the recording has none.
pub(super) fn levels(house: &House, listing: usize, product: &str, now: Ts) -> String {
    let side = |side| {
        let level = move |level| LevelChange { side, level };
        house.levels(listing, side, usize::MAX).into_iter().map(level)
    };
    let all: Vec<LevelChange> = side(Side::Buy).chain(side(Side::Sell)).collect();
    frames::levels("snapshot", product, now, &all)
}

/// The last trades, the newest first.
pub(super) fn trades(house: &House, listing: usize, product: &str) -> String {
    let trades = house.tape(listing).trades().rev().take(TRADES);
    frames::listed("snapshot", "trades", trades.map(|trade| trade_body(product, trade)).collect())
}

/// The ticker after the last trade; `None` before the first.
pub(super) fn ticker(house: &House, listing: usize) -> Option<String> {
    let tape = house.tape(listing);
    let (trade, day) = (tape.last()?, tape.day()?);
    let market = house.market(listing)?;
    let news = MarketNews {
        number: 0,
        ts: trade.ts,
        listing,
        name: house.listings()[listing].name.as_str().into(),
        event: MarketEvent::Trade(*trade),
        bid: market.bid,
        ask: market.ask,
        top_changed: false,
        changes: Vec::new(),
        day: Some(day),
    };
    Some(frames::tickers("snapshot", &[frames::ticker(&news, trade, &day)]))
}

/// The last candles, the newest first: a snapshot, or as an update the one that is open.
pub(super) fn candles(house: &House, listing: usize, product: &str, most: usize) -> String {
    let kind = if most == 1 { "update" } else { "snapshot" };
    let candles = house.tape(listing).candles(CANDLE_NS);
    let newest = candles.iter().rev().take(most.min(CANDLES));
    let body = |candle| {
        let mut body: Value = candle_body(candle);
        body["product_id"] = product.into();
        body
    };
    frames::listed(kind, "candles", newest.map(body).collect())
}

/// What is listed, and that it trades.
pub(super) fn status(house: &House, listing: usize) -> String {
    let found = &house.listings()[listing];
    let definition = &found.definition;
    let product = json!({
        "product_type": "SPOT",
        "id": found.name,
        "base_currency": definition.base.as_str(),
        "quote_currency": definition.quote.as_str(),
        "base_increment": definition.lot.to_string(),
        "quote_increment": definition.tick.to_string(),
        "display_name": found.name.replace('-', "/"),
        "status": "online",
        "status_message": "",
        "min_market_funds": definition.min_notional.to_string(),
    });
    frames::listed("snapshot", "products", vec![product])
}

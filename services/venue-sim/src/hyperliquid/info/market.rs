//! Markets: what is listed, books, trades, bars, marks.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use reprise_model::event::Level;
use reprise_model::{Cash, Price, Qty, Side};
use reprise_venues::hyperliquid::COLLATERAL;
use serde_json::{Value, json};

use super::super::Counter;
use super::super::show::{number, side};
use crate::house::usual_rate;
use crate::tape::{Candle, TapeTrade};

/// Levels of a book, a side.
const LEVELS: usize = 20;
/// Trades that are repeated.
const TRADES: usize = 30;
/// Bars of an answer.
const BARS: usize = 5_000;
const MINUTE_NS: u64 = 60_000_000_000;

/// The perpetuals.
pub(super) fn meta(counter: &Counter<'_>, is_own: bool) -> Value {
    let listings = if is_own { counter.house.listings() } else { &[] };
    let leverage = |listing: &crate::mapping::Listing| {
        listing.definition.max_leverage.map_or(1, |most| most.to_f64() as u32)
    };
    let universe = listings.iter().map(|listing| {
        let most = leverage(listing);
        json!({
            "name": listing.name,
            "szDecimals": listing.size_decimals(),
            "maxLeverage": most,
            "marginTableId": most,
        })
    });
    let universe: Vec<Value> = universe.collect();
    let tables: BTreeMap<u32, Value> = listings
        .iter()
        .map(leverage)
        .map(|most| {
            let tier = json!({"lowerBound": "0.0", "maxLeverage": most});
            (most, json!([most, {"description": "", "marginTiers": [tier]}]))
        })
        .collect();
    let tables: Vec<Value> = tables.into_values().collect();
    json!({"universe": universe, "marginTables": tables, "collateralToken": 0})
}

/// The perpetuals, and what the venue reckons with for each.
pub(super) fn meta_and_contexts(counter: &Counter<'_>, is_own: bool) -> Value {
    let places = if is_own { 0..counter.house.listings().len() } else { 0..0 };
    let contexts: Vec<Value> = places.map(|listing| asset_context(counter, listing)).collect();
    json!([meta(counter, is_own), contexts])
}

/// What the venue reckons with for a perpetual.
pub(in super::super) fn asset_context(counter: &Counter<'_>, listing: usize) -> Value {
    let market = counter.house.market(listing);
    let price = |of: Option<Price>| of.map(number);
    let day = counter.house.tape(listing).day();
    let mark = market.and_then(|market| market.mark.or(market.last_mid));
    let worth = day.and_then(|day| Cash::notional(day.last, day.volume).ok()).unwrap_or_default();
    json!({
        "funding": number(usual_rate()),
        "openInterest": "0.0",
        "prevDayPx": number(day.map(|day| day.open).or(mark).unwrap_or(Price::ZERO)),
        "dayNtlVlm": number(worth),
        "dayBaseVlm": number(day.map_or(Qty::ZERO, |day| day.volume)),
        "premium": "0.0",
        "oraclePx": number(market.and_then(|market| market.oracle).or(mark).unwrap_or(Price::ZERO)),
        "markPx": number(mark.unwrap_or(Price::ZERO)),
        "midPx": price(market.and_then(|market| market.mid())),
        "impactPxs": market.and_then(|market| Some([number(market.bid?.price), number(market.ask?.price)])),
    })
}

/// There are no spot pairs; the tokens are what accounts start with.
pub(super) fn spot_meta(counter: &Counter<'_>) -> Value {
    let tokens: Vec<Value> =
        tokens(counter).into_iter().zip(0..).map(|(name, index)| token(&name, index)).collect();
    json!({"universe": [], "tokens": tokens})
}

/// USDC, and what else accounts start with.
pub(super) fn tokens(counter: &Counter<'_>) -> Vec<String> {
    let started = counter.shared.settings().balances.keys().map(|asset| asset.as_str().to_owned());
    let others = started.filter(|asset| asset != COLLATERAL && asset != "USD");
    std::iter::once(COLLATERAL.to_owned()).chain(others).collect()
}

fn token(name: &str, index: u32) -> Value {
    json!({
        "name": name,
        "szDecimals": 8,
        "weiDecimals": 8,
        "index": index,
        "tokenId": format!("0x{index:032x}"),
        "isCanonical": true,
        "evmContract": null,
        "fullName": null,
    })
}

/// The mid of every coin that has had one.
pub(in super::super) fn mids(counter: &Counter<'_>) -> Value {
    let mids = counter.house.listings().iter().enumerate().filter_map(|(place, listing)| {
        let market = counter.house.market(place)?;
        let mid = market.mid().or(market.last_mid)?;
        Some((listing.name.clone(), number(mid).into()))
    });
    Value::Object(mids.collect())
}

/// A coin's book, merged to so many significant digits where that is asked for; nothing for an unknown coin.
pub(in super::super) fn book(
    counter: &Counter<'_>,
    coin: &str,
    digits: Option<u32>,
    mantissa: Option<u32>,
) -> Value {
    let Some(listing) = counter.house.find(coin) else { return Value::Null };
    let shown = |side| {
        // Merging needs more levels than are shown.
        let most = if digits.is_some() { usize::MAX } else { LEVELS };
        let levels = counter.house.levels(listing, side, most);
        let merged = digits.map_or_else(
            || levels.iter().map(|level| (*level, 1)).collect(),
            |digits| merge(side, &levels, digits, mantissa.unwrap_or(1)),
        );
        let level = |(level, orders): &(Level, u64)| json!({"px": number(level.price), "sz": number(level.qty), "n": orders});
        merged.iter().take(LEVELS).map(level).collect::<Vec<Value>>()
    };
    json!({"coin": coin, "time": counter.now_ms(), "levels": [shown(Side::Buy), shown(Side::Sell)]})
}

/// Levels that fall together when prices are cut to significant digits, bids down and asks up. A mantissa of 2 or
/// 5 makes the last digit a multiple of it.
fn merge(side: Side, levels: &[Level], digits: u32, mantissa: u32) -> Vec<(Level, u64)> {
    let mut merged: Vec<(Level, u64)> = Vec::new();
    for level in levels {
        let cut = level.price.floor_significant(digits);
        // One in the last of the digits that are kept.
        let step = unit(cut, digits).checked_mul_int(i64::from(mantissa.max(1))).unwrap_or(Price::ONE);
        let price = match side {
            Side::Buy => level.price.floor_to(step),
            Side::Sell => level.price.ceil_to(step).unwrap_or(level.price),
        };
        match merged.last_mut() {
            Some((last, orders)) if last.price == price => {
                last.qty = last.qty.checked_add(level.qty).unwrap_or(last.qty);
                *orders += 1;
            }
            _ => merged.push((Level { price, qty: level.qty }, 1)),
        }
    }
    merged
}

/// One in the last of a price's first `digits` digits: 10 for 97010 and four.
fn unit(price: Price, digits: u32) -> Price {
    let text = price.to_string();
    let (whole, _) = text.split_once('.').unwrap_or((&text, ""));
    let places = if whole == "0" {
        let zeros = text.trim_start_matches("0.").bytes().take_while(|b| *b == b'0').count();
        -i64::try_from(zeros).unwrap_or_default()
    } else {
        i64::try_from(whole.len()).unwrap_or_default()
    };
    Price::parse(&format!("1e{}", places - i64::from(digits))).unwrap_or(Price::ONE)
}

/// A coin's last trades, the newest first.
pub(super) fn recent_trades(counter: &Counter<'_>, coin: &str) -> Value {
    let Some(listing) = counter.house.find(coin) else { return Value::Null };
    let trades = counter.house.tape(listing).trades().rev().take(TRADES);
    trades.map(|one| trade(counter.pen().ms(one.ts), coin, one)).collect()
}

/// A trade that happened at a time of the venue's clock.
pub(in super::super) fn trade(ms: u64, coin: &str, trade: &TapeTrade) -> Value {
    json!({
        "coin": coin,
        "side": side(trade.aggressor),
        "px": number(trade.price),
        "sz": number(trade.qty),
        "time": ms,
        "hash": format!("0x{:064x}", trade.number),
        "tid": trade.number,
        "users": [format!("0x{:040x}", trade.number % 97 + 1), format!("0x{:040x}", trade.number % 89 + 101)],
    })
}

/// The length of an interval that the venue knows.
pub(in super::super) fn interval_ns(interval: &str) -> Option<u64> {
    let minutes = match interval {
        "1m" => 1,
        "3m" => 3,
        "5m" => 5,
        "15m" => 15,
        "30m" => 30,
        "1h" => 60,
        "2h" => 120,
        "4h" => 240,
        "8h" => 480,
        "12h" => 720,
        "1d" => 1_440,
        "3d" => 4_320,
        "1w" => 10_080,
        "1M" => 43_200,
        _ => return None,
    };
    Some(minutes * MINUTE_NS)
}

/// Bars that began within times, Unix milliseconds; nothing for an interval that the venue does not have.
pub(super) fn candles(
    counter: &Counter<'_>,
    coin: &str,
    interval: &str,
    times: &RangeInclusive<u64>,
) -> Option<Value> {
    let length = interval_ns(interval)?;
    let Some(listing) = counter.house.find(coin) else { return Some(json!([])) };
    let bars = counter.house.tape(listing).candles(length);
    let wanted = bars.iter().filter(|bar| times.contains(&(bar.start.0 / 1_000_000)));
    let shown: Vec<Value> = wanted.map(|bar| candle(coin, interval, length, bar)).collect();
    let first = shown.len().saturating_sub(BARS);
    Some(shown[first..].into())
}

/// A bar.
pub(in super::super) fn candle(coin: &str, interval: &str, length_ns: u64, bar: &Candle) -> Value {
    let start = bar.start.0 / 1_000_000;
    json!({
        "t": start,
        "T": start + length_ns / 1_000_000 - 1,
        "s": coin,
        "i": interval,
        "o": number(bar.open),
        "c": number(bar.close),
        "h": number(bar.high),
        "l": number(bar.low),
        "v": number(bar.volume),
        "n": bar.trades,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when merged levels are not those the venue shows: prices cut to the digits asked for, away from the
    /// middle, and no size lost.
    #[test]
    fn levels_merge_by_digits() {
        let level =
            |price: &str, qty: &str| Level { price: price.parse().unwrap(), qty: qty.parse().unwrap() };
        let bids = [level("97012", "1"), level("97010", "2"), level("96999.5", "4"), level("96990", "8")];
        let asks = [level("97013", "1"), level("97020", "2"), level("97020.5", "4"), level("97101", "8")];
        let rows: [(Side, &[Level], u32, u32, &str); 7] = [
            (Side::Buy, &bids, 5, 1, "97012:1 97010:2 96999:4 96990:8"),
            (Side::Buy, &bids, 4, 1, "97010:3 96990:12"),
            (Side::Buy, &bids, 3, 1, "97000:3 96900:12"),
            (Side::Buy, &bids, 5, 5, "97010:3 96995:4 96990:8"),
            (Side::Sell, &asks, 4, 1, "97020:3 97030:4 97110:8"),
            (Side::Sell, &asks, 2, 1, "98000:15"),
            (Side::Sell, &asks, 5, 2, "97014:1 97020:2 97022:4 97102:8"),
        ];
        for (side, levels, digits, mantissa, expected) in rows {
            let merged = merge(side, levels, digits, mantissa);
            let text: Vec<String> =
                merged.iter().map(|(level, _)| format!("{}:{}", level.price, level.qty)).collect();
            assert_eq!(text.join(" "), expected, "{side:?} {digits} {mantissa}");
        }
        for (price, digits, expected) in
            [("0.012345", 3, "0.0001"), ("0.5", 2, "0.01"), ("97012", 5, "1"), ("1.5", 5, "0.0001")]
        {
            assert_eq!(unit(price.parse().unwrap(), digits).to_string(), expected);
        }
    }
}

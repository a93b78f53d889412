//! The texts of the messages. Those that come with every market event are written by hand, the others as JSON
//! values.

use std::fmt::Write;

use reprise_model::Side;
use reprise_model::Ts;
use reprise_venues::coinbase::time;
use serde_json::{Value, json};

use crate::house::{LevelChange, MarketNews};
use crate::tape::{Day, TapeTrade};

/// A message around its events, which are a JSON array.
pub(super) fn envelope(channel: &str, now: Ts, number: u64, events: &str) -> String {
    let now = time::format(now);
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"{now}","sequence_num":{number},"events":{events}}}"#
    )
}

/// A message that says that something is wrong.
pub(super) fn error(message: &str) -> String {
    json!({"type": "error", "message": message}).to_string()
}

/// One ticker.
pub(super) fn ticker(news: &MarketNews, trade: &TapeTrade, day: &Day) -> String {
    let side = |level: Option<reprise_model::event::Level>| {
        level.map_or_else(
            || (String::new(), String::new()),
            |level| (level.price.to_string(), level.qty.to_string()),
        )
    };
    let ((bid, bid_qty), (ask, ask_qty)) = (side(news.bid), side(news.ask));
    let (high, low, volume, change) = (day.high, day.low, day.volume, day.change_percent());
    format!(
        r#"{{"type":"ticker","product_id":"{}","price":"{}","volume_24_h":"{volume}","low_24_h":"{low}","high_24_h":"{high}","low_52_w":"{low}","high_52_w":"{high}","price_percent_chg_24_h":"{change}","best_bid":"{bid}","best_bid_quantity":"{bid_qty}","best_ask":"{ask}","best_ask_quantity":"{ask_qty}"}}"#,
        news.name, trade.price
    )
}

/// The events of a ticker message.
pub(super) fn tickers(kind: &str, tickers: &[String]) -> String {
    format!(r#"[{{"type":"{kind}","tickers":[{}]}}]"#, tickers.join(","))
}

/// The events of a message about a book.
pub(super) fn levels(kind: &str, product: &str, at: Ts, changes: &[LevelChange]) -> String {
    let at = time::format(at);
    let mut text = format!(r#"[{{"type":"{kind}","product_id":"{product}","updates":["#);
    for (n, LevelChange { side, level }) in changes.iter().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        let side = match side {
            Side::Buy => "bid",
            Side::Sell => "offer",
        };
        let (price, qty) = (level.price, level.qty);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            r#"{comma}{{"side":"{side}","event_time":"{at}","price_level":"{price}","new_quantity":"{qty}"}}"#
        );
    }
    text.push_str("]}]");
    text
}

/// The events of a heartbeat, with the time as Go prints it.
pub(super) fn heartbeat(now: Ts, since_start_ns: u64, counter: u64) -> String {
    let text = time::format(now);
    let (date, clock) = text.trim_end_matches('Z').split_once('T').unwrap_or_default();
    let (seconds, nanoseconds) = (since_start_ns / 1_000_000_000, since_start_ns % 1_000_000_000);
    format!(
        r#"[{{"current_time":"{date} {clock} +0000 UTC m=+{seconds}.{nanoseconds:09}","heartbeat_counter":{counter}}}]"#
    )
}

/// The events of a message with one list.
pub(super) fn listed(kind: &str, list: &str, values: Vec<Value>) -> String {
    let mut event = json!({"type": kind});
    event[list] = Value::Array(values);
    Value::Array(vec![event]).to_string()
}

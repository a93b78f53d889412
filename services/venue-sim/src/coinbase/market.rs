//! Market data over REST, for those who sign and for everybody.

use axum::Json;
use axum::extract::{Path, Query, State};
use reprise_model::event::Level;
use reprise_model::{Side, Ts};
use reprise_venues::coinbase::time as times;
use serde_json::{Value, json};

use super::auth::Signer;
use super::history::side_word;
use super::respond::{Answer, Fault, Page, Params};
use super::{Api, VENUE};
use crate::house::House;
use crate::tape::TapeTrade;

type Asked = Query<Vec<(String, String)>>;

/// Intervals of candles by the venue's names, in nanoseconds.
const GRANULARITIES: [(&str, u64); 8] = [
    ("ONE_MINUTE", 60),
    ("FIVE_MINUTE", 300),
    ("FIFTEEN_MINUTE", 900),
    ("THIRTY_MINUTE", 1_800),
    ("ONE_HOUR", 3_600),
    ("TWO_HOUR", 7_200),
    ("SIX_HOUR", 21_600),
    ("ONE_DAY", 86_400),
];

/// `GET /time`, for everybody.
pub(super) async fn time(State(api): State<Api>) -> Json<Value> {
    let now = api.shared.venue_now(VENUE);
    let (seconds, millis) = (now.0 / 1_000_000_000, now.0 / 1_000_000);
    Json(json!({
        "iso": times::format(Ts(millis * 1_000_000)),
        "epochSeconds": seconds.to_string(),
        "epochMillis": millis.to_string(),
    }))
}

pub(super) async fn products(State(api): State<Api>, _: Signer, Query(params): Asked) -> Answer {
    list_products(api, Params(params)).await
}

pub(super) async fn public_products(State(api): State<Api>, Query(params): Asked) -> Answer {
    list_products(api, Params(params)).await
}

pub(super) async fn product(State(api): State<Api>, _: Signer, Path(id): Path<String>) -> Answer {
    one_product(api, id).await
}

pub(super) async fn public_product(State(api): State<Api>, Path(id): Path<String>) -> Answer {
    one_product(api, id).await
}

pub(super) async fn candles(
    State(api): State<Api>,
    _: Signer,
    Path(id): Path<String>,
    Query(params): Asked,
) -> Answer {
    list_candles(api, id, Params(params)).await
}

pub(super) async fn public_candles(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(params): Asked,
) -> Answer {
    list_candles(api, id, Params(params)).await
}

pub(super) async fn trades(
    State(api): State<Api>,
    _: Signer,
    Path(id): Path<String>,
    Query(params): Asked,
) -> Answer {
    list_trades(api, id, Params(params)).await
}

pub(super) async fn public_trades(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(params): Asked,
) -> Answer {
    list_trades(api, id, Params(params)).await
}

pub(super) async fn book(State(api): State<Api>, _: Signer, Query(params): Asked) -> Answer {
    show_book(api, Params(params)).await
}

pub(super) async fn public_book(State(api): State<Api>, Query(params): Asked) -> Answer {
    show_book(api, Params(params)).await
}

/// Asks the house about a product.
async fn about<R: Send + 'static>(
    api: &Api,
    product: String,
    question: impl FnOnce(&House, usize, Ts) -> R + Send + 'static,
) -> Result<R, Fault> {
    let wanted = product.clone();
    let found = api
        .shared
        .ask(VENUE, move |house, now| house.find(&wanted).map(|listing| question(house, listing, now)));
    found.await?.ok_or_else(|| Fault::not_found(format!("'{product}' is no product")))
}

async fn list_products(api: Api, params: Params) -> Answer {
    let page = Page::of(&params, 1_000, 1_000)?;
    let wanted = params.all("product_ids");
    let is_spot =
        params.one("product_type").is_none_or(|kind| kind == "SPOT" || kind == "UNKNOWN_PRODUCT_TYPE");
    let all = api.shared.ask(VENUE, move |house, _| {
        let is_wanted = |name: &String| is_spot && (wanted.is_empty() || wanted.contains(name));
        let listings = house.listings().iter().enumerate();
        listings
            .filter(|(_, listing)| is_wanted(&listing.name))
            .map(|(at, _)| product_body(house, at))
            .collect::<Vec<Value>>()
    });
    let all = all.await?;
    let num_products = all.len();
    let (products, cursor) = page.cut(all.into_iter());
    let pagination =
        json!({"prev_cursor": "", "next_cursor": cursor, "has_next": !cursor.is_empty(), "has_prev": false});
    Ok(Json(json!({"products": products, "num_products": num_products, "pagination": pagination})))
}

async fn one_product(api: Api, id: String) -> Answer {
    Ok(Json(about(&api, id, |house, listing, _| product_body(house, listing)).await?))
}

fn product_body(house: &House, listing: usize) -> Value {
    let found = &house.listings()[listing];
    let definition = &found.definition;
    let (base, quote) = (definition.base.as_str(), definition.quote.as_str());
    let market = house.market(listing);
    let last = market.and_then(|m| m.last_trade.map(|t| t.price).or(m.last_mid)).unwrap_or_default();
    let mid = market.and_then(|market| market.last_mid).unwrap_or_default();
    let day = house.tape(listing).day();
    let increment = if definition.tick.is_zero() { "0.01".to_owned() } else { definition.tick.to_string() };
    json!({
        "product_id": found.name,
        "price": last.to_string(),
        "price_percentage_change_24h": day.map(|d| d.change_percent()).unwrap_or_default().to_string(),
        "volume_24h": day.map(|day| day.volume).unwrap_or_default().to_string(),
        "volume_percentage_change_24h": "0",
        "base_increment": definition.lot.to_string(),
        "quote_increment": increment,
        "quote_min_size": definition.min_notional.to_string(),
        "quote_max_size": "150000000",
        "base_min_size": definition.lot.to_string(),
        "base_max_size": "100000",
        "base_name": base,
        "quote_name": quote,
        "watched": false,
        "is_disabled": false,
        "new": false,
        "status": "online",
        "cancel_only": false,
        "limit_only": false,
        "post_only": false,
        "trading_disabled": false,
        "auction_mode": false,
        "product_type": "SPOT",
        "quote_currency_id": quote,
        "base_currency_id": base,
        "fcm_trading_session_details": null,
        "mid_market_price": mid.to_string(),
        "alias": "",
        "alias_to": [],
        "base_display_symbol": base,
        "quote_display_symbol": quote,
        "view_only": false,
        "price_increment": increment,
        "display_name": found.name,
        "product_venue": "CBE",
    })
}

/// A page of a product's candles, the newest first; at most 350.
async fn list_candles(api: Api, id: String, params: Params) -> Answer {
    let granularity = params.one("granularity").unwrap_or("ONE_MINUTE").to_owned();
    let Some((_, seconds)) = GRANULARITIES.into_iter().find(|(name, _)| *name == granularity) else {
        return Err(Fault::bad_request(format!("'{granularity}' is no granularity")));
    };
    let (start, end) = (params.whole("start", 0)?, params.whole("end", u64::MAX)?);
    let most = params.whole("limit", 350)?.min(350) as usize;
    let candles =
        about(&api, id, move |house, listing, _| house.tape(listing).candles(seconds * 1_000_000_000));
    let candles: Vec<Value> = candles
        .await?
        .iter()
        .rev()
        .filter(|candle| (start..=end).contains(&(candle.start.0 / 1_000_000_000)))
        .take(most)
        .map(candle_body)
        .collect();
    Ok(Json(json!({"candles": candles})))
}

pub(super) fn candle_body(candle: &crate::tape::Candle) -> Value {
    json!({
        "start": (candle.start.0 / 1_000_000_000).to_string(),
        "low": candle.low.to_string(),
        "high": candle.high.to_string(),
        "open": candle.open.to_string(),
        "close": candle.close.to_string(),
        "volume": candle.volume.to_string(),
    })
}

/// A product's last trades, the newest first, and its best bid and ask.
async fn list_trades(api: Api, id: String, params: Params) -> Answer {
    let most = params.whole("limit", 100)?.min(1_000) as usize;
    let start = params.whole("start", 0)?;
    let end = params.whole("end", u64::MAX)?;
    let name = id.clone();
    let body = about(&api, id, move |house, listing, _| {
        let in_range = |trade: &&TapeTrade| (start..=end).contains(&(trade.ts.0 / 1_000_000_000));
        let trades = house.tape(listing).trades().rev().filter(in_range).take(most);
        let trades: Vec<Value> = trades.map(|trade| trade_body(&name, trade)).collect();
        let best = |side| {
            let level = house.levels(listing, side, 1).into_iter().next();
            level.map_or_else(String::new, |level| level.price.to_string())
        };
        json!({"trades": trades, "best_bid": best(Side::Buy), "best_ask": best(Side::Sell)})
    });
    Ok(Json(body.await?))
}

/// A trade, with its maker's side.
pub(super) fn trade_body(product: &str, trade: &TapeTrade) -> Value {
    json!({
        "trade_id": trade.number.to_string(),
        "product_id": product,
        "price": trade.price.to_string(),
        "size": trade.qty.to_string(),
        "time": times::format(trade.ts),
        "side": side_word(trade.aggressor.opposite()),
        "exchange": "coinbase",
    })
}

async fn show_book(api: Api, params: Params) -> Answer {
    let Some(id) = params.one("product_id").map(str::to_owned) else {
        return Err(Fault::bad_request("'product_id' is missing"));
    };
    let most = params.whole("limit", u64::MAX)? as usize;
    let name = id.clone();
    let book = about(&api, id, move |house, listing, now| book_body(house, listing, &name, most, now));
    Ok(Json(json!({"pricebook": book.await?})))
}

fn book_body(house: &House, listing: usize, name: &str, most: usize, now: Ts) -> Value {
    let levels = |side| -> Vec<Value> {
        let body = |level: Level| json!({"price": level.price.to_string(), "size": level.qty.to_string()});
        house.levels(listing, side, most).into_iter().map(body).collect()
    };
    json!({
        "product_id": name,
        "bids": levels(Side::Buy),
        "asks": levels(Side::Sell),
        "time": times::format(now),
    })
}

/// `GET /best_bid_ask`
pub(super) async fn best_bid_ask(State(api): State<Api>, _: Signer, Query(params): Asked) -> Answer {
    let wanted = Params(params).all("product_ids");
    let books = api.shared.ask(VENUE, move |house, now| {
        let listings = house.listings().iter().enumerate();
        listings
            .filter(|(_, listing)| wanted.is_empty() || wanted.contains(&listing.name))
            .map(|(at, listing)| book_body(house, at, &listing.name, 1, now))
            .collect::<Vec<Value>>()
    });
    Ok(Json(json!({"pricebooks": books.await?})))
}

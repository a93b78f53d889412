//! Coinbase Advanced Trade.

pub mod auth;
mod definition;
mod rest;
pub mod time;
pub mod wire;

pub use rest::PublicRest;

use reprise_model::{IdError, InstrumentId};

/// The venue's part of an instrument's id.
pub const VENUE: &str = "COINBASE";
/// Where its REST endpoints are.
pub const REST_URL: &str = "https://api.coinbase.com";
/// What every REST path begins with.
pub const REST_PREFIX: &str = "/api/v3/brokerage";
/// Its socket for market data.
pub const MARKET_WS_URL: &str = "wss://advanced-trade-ws.coinbase.com";
/// Its socket for a user's own orders.
pub const USER_WS_URL: &str = "wss://advanced-trade-ws-user.coinbase.com";

/// The id of a product: `BTC-USD` is `BTC-USD.COINBASE`.
///
/// # Errors
/// When the name is too long or holds characters that no name has.
pub fn instrument_id(product_id: &str) -> Result<InstrumentId, IdError> {
    format!("{product_id}.{VENUE}").parse()
}

/// The product behind an id, `None` for another venue's.
#[must_use]
pub fn product_id(instrument: &InstrumentId) -> Option<&str> {
    (instrument.venue() == VENUE).then(|| instrument.symbol())
}

//! Coinbase Advanced Trade's protocol: REST under `/api/v3/brokerage`, market data at `/ws`, the user's own
//! orders at `/ws-user`.
//!
//! Names of fields, channels and refusals follow the venue's published API reference; what is not known of the
//! venue's behaviour is done in the plainest way.

mod accounts;
mod auth;
mod history;
mod market;
mod orders;
mod refusals;
mod respond;
mod socket;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use reprise_venues::coinbase::REST_PREFIX;
use reprise_venues::coinbase::auth::PublicKey;

use crate::error::SimError;
use crate::settings::{CoinbaseKey, Venue};
use crate::shared::Shared;

/// The venue that this module speaks for.
const VENUE: Venue = Venue::Coinbase;

/// What every handler holds.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    shared: Shared,
    keys: Arc<Keys>,
}

/// The public keys by which tokens are checked, by the API key's name.
pub(crate) type Keys = BTreeMap<String, PublicKey>;

/// Reads the public keys.
///
/// # Errors
/// When a file does not read or holds no public key.
pub(crate) fn read_keys(keys: &[CoinbaseKey]) -> Result<Keys, SimError> {
    keys.iter().map(read_key).collect()
}

fn read_key(key: &CoinbaseKey) -> Result<(String, PublicKey), SimError> {
    let unusable = |reason: String| SimError::CoinbaseKey {
        name: key.name.clone(),
        path: key.public_pem.clone(),
        reason,
    };
    let text = std::fs::read_to_string(&key.public_pem).map_err(|error| unusable(error.to_string()))?;
    let public = PublicKey::from_pem(&text).map_err(|error| unusable(error.to_string()))?;
    Ok((key.name.clone(), public))
}

/// Everything that is served at Coinbase's address.
pub(crate) fn router(shared: Shared, keys: Keys) -> Router {
    let at = |path: &str| format!("{REST_PREFIX}{path}");
    Router::new()
        .route(&at("/time"), get(market::time))
        .route(&at("/products"), get(market::products))
        .route(&at("/products/{product_id}"), get(market::product))
        .route(&at("/products/{product_id}/candles"), get(market::candles))
        .route(&at("/products/{product_id}/ticker"), get(market::trades))
        .route(&at("/product_book"), get(market::book))
        .route(&at("/best_bid_ask"), get(market::best_bid_ask))
        .route(&at("/market/products"), get(market::public_products))
        .route(&at("/market/products/{product_id}"), get(market::public_product))
        .route(&at("/market/products/{product_id}/candles"), get(market::public_candles))
        .route(&at("/market/products/{product_id}/ticker"), get(market::public_trades))
        .route(&at("/market/product_book"), get(market::public_book))
        .route(&at("/orders"), post(orders::create))
        .route(&at("/orders/preview"), post(orders::preview))
        .route(&at("/orders/edit"), post(orders::edit))
        .route(&at("/orders/edit_preview"), post(orders::edit_preview))
        .route(&at("/orders/batch_cancel"), post(orders::cancel))
        .route(&at("/orders/historical/batch"), get(history::orders))
        .route(&at("/orders/historical/fills"), get(history::fills))
        .route(&at("/orders/historical/{order_id}"), get(history::order))
        .route(&at("/accounts"), get(accounts::list))
        .route(&at("/accounts/{account_uuid}"), get(accounts::one))
        .route(&at("/key_permissions"), get(accounts::permissions))
        .route(&at("/transaction_summary"), get(accounts::fees))
        .route(&at("/portfolios"), get(accounts::portfolios))
        .route("/", get(socket::market))
        .route("/ws", get(socket::market))
        .route("/ws-user", get(socket::user))
        .fallback(respond::no_such_path)
        .with_state(Api { shared, keys: Arc::new(keys) })
}

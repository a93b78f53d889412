//! Hyperliquid's protocol: `/info`, `/exchange` and the WebSocket `/ws`.

use axum::Router;

use crate::shared::Shared;

/// Everything that is served at Hyperliquid's address.
pub fn router(shared: Shared) -> Router {
    Router::new().with_state::<()>(()).layer(axum::Extension(shared))
}

//! Coinbase Advanced Trade's protocol: REST under `/api/v3/brokerage`, market data at `/ws`, the user's own
//! orders at `/ws-user`.

use axum::Router;

use crate::shared::Shared;

/// Everything that is served at Coinbase's address.
pub fn router(shared: Shared) -> Router {
    Router::new().with_state::<()>(()).layer(axum::Extension(shared))
}

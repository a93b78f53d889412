//! The sockets: market data at `/ws`, a user's own orders at `/ws-user`.
//!
//! A client subscribes within five seconds or is dropped, one channel a message. Each message carries the
//! connection's own sequence number. A connection on which nothing was sent for a while is closed, which
//! `heartbeats` prevents.

mod frames;
mod session;
mod snapshot;
mod subscriptions;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use super::{Api, VENUE};
use crate::net::upgrade;
use session::Session;

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Market data; the user's channel too, as at the venue.
    Market,
    /// A user's own orders, and nothing of the market.
    User,
}

/// `GET /ws`
pub(super) async fn market(State(api): State<Api>, request: Request) -> Response<Body> {
    open(api, request, Purpose::Market)
}

/// `GET /ws-user`
pub(super) async fn user(State(api): State<Api>, request: Request) -> Response<Body> {
    open(api, request, Purpose::User)
}

fn open(api: Api, request: Request, purpose: Purpose) -> Response<Body> {
    let shared = api.shared.clone();
    upgrade(request, shared, VENUE, move |socket| Session::new(api, socket, purpose).run())
}

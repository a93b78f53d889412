//! Hyperliquid's protocol: `/info`, `/exchange` and the WebSocket `/ws`.
//!
//! What is answered follows hyperliquid.gitbook.io and what the official Python SDK reads. Every wallet that
//! signs something is an account with the starting balances, and a vault is an account that any wallet may act
//! for; there are perpetuals and no spot pairs. Refusals are in the venue's own words where those are known; those
//! of a nonce that is too low or too far, of an action that expired, of an unknown asset and of a cloid in use are
//! ours, as their wording at the venue was not seen.

mod clerk;
mod desk;
mod exchange;
mod info;
mod kind;
mod show;
mod socket;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use reprise_model::Ts;
use reprise_model::event::PositionChanged;
use reprise_venues::hyperliquid;
use reprise_venues::hyperliquid::sign;

use crate::exchange::AccountIx;
use crate::house::House;
use crate::net;
use crate::settings::{Network, Venue};
use crate::shared::{Closed, Shared};
use desk::{Desk, Payment};
use show::Pen;

/// Everything that is served at Hyperliquid's address. To be called on the simulator's runtime.
pub fn router(shared: Shared) -> Router {
    let front = Front { shared, desk: Arc::default() };
    tokio::spawn(clerk::work(front.clone()));
    Router::new()
        .route("/info", post(answer_info))
        .route("/exchange", post(answer_exchange))
        .route("/ws", get(open_socket))
        .with_state(front)
}

/// What every request and every session holds.
#[derive(Debug, Clone)]
struct Front {
    shared: Shared,
    desk: Arc<Mutex<Desk>>,
}

impl Front {
    /// Asks the house and the desk something at one moment.
    async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Counter<'_>) -> R + Send + 'static,
    ) -> Result<R, Closed> {
        let front = self.clone();
        let ask = move |house: &mut House, now| {
            let mut desk = front.desk.lock().unwrap_or_else(PoisonError::into_inner);
            question(&mut Counter { house, desk: &mut desk, shared: &front.shared, now })
        };
        self.shared.ask(Venue::Hyperliquid, ask).await
    }

    /// Writes with what the desk knows now.
    fn write<R>(&self, write: impl FnOnce(Pen<'_>) -> R) -> R {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        write(Pen { shared: &self.shared, desk: &desk })
    }

    fn network(&self) -> sign::Network {
        match self.shared.settings().network {
            Network::Mainnet => sign::Network::Mainnet,
            Network::Testnet => sign::Network::Testnet,
        }
    }
}

/// All that an answer needs, for as long as the question takes.
struct Counter<'a> {
    house: &'a mut House,
    desk: &'a mut Desk,
    shared: &'a Shared,
    now: Ts,
}

impl Counter<'_> {
    fn pen(&self) -> Pen<'_> {
        Pen { shared: self.shared, desk: self.desk }
    }

    /// The payment of funding behind a position that changed.
    fn payment(&mut self, account: AccountIx, ts: Ts, line: &PositionChanged) -> Payment {
        let listing = hyperliquid::coin(&line.instrument).and_then(|coin| self.house.find(coin));
        let market = listing.and_then(|listing| self.house.market(listing));
        let oracle = market.and_then(|market| market.oracle.or(market.mark));
        self.desk.payment(account, ts, line, oracle)
    }

    /// The venue's time, Unix milliseconds.
    fn now_ms(&self) -> u64 {
        self.pen().ms(self.now)
    }
}

/// Why a request has no answer of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unanswered {
    /// Not what the protocol knows.
    #[error("Failed to deserialize the JSON body into the target type")]
    Unreadable,
    /// The simulator is ending.
    #[error(transparent)]
    Closed(#[from] Closed),
}

impl Unanswered {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Closed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

async fn answer_info(State(front): State<Front>, body: String) -> Response<Body> {
    respond(info::answer(&front, &body).await)
}

async fn answer_exchange(State(front): State<Front>, body: String) -> Response<Body> {
    respond(exchange::answer(&front, &body).await)
}

async fn open_socket(State(front): State<Front>, request: Request) -> Response<Body> {
    let shared = front.shared.clone();
    net::upgrade(request, shared, Venue::Hyperliquid, move |socket| socket::session(front, socket))
}

fn respond(answer: Result<serde_json::Value, Unanswered>) -> Response<Body> {
    let (status, kind, body) = match answer {
        Ok(answer) => (StatusCode::OK, "application/json", answer.to_string()),
        Err(unanswered) => (unanswered.status(), "text/plain; charset=utf-8", unanswered.to_string()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

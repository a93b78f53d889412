//! Accepting connections and answering requests, with the faults that strike them.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::error::SimError;
use crate::faults::{Request as FaultRequest, RequestFate};
use crate::settings::Venue;
use crate::shared::Shared;

/// The most that an answer may hold when a fault rewrites it.
const MOST_BYTES: usize = 16 << 20;

/// An address that is listened on.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Listens; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken or not allowed.
    pub async fn bind(address: SocketAddr, tls: Option<TlsAcceptor>) -> Result<Self, SimError> {
        let tcp = TcpListener::bind(address).await.map_err(|source| SimError::Listen { address, source })?;
        Ok(Self { tcp, tls })
    }

    /// The address with its real port.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, SimError> {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        self.tcp.local_addr().map_err(|source| SimError::Listen { address: unknown, source })
    }
}

/// Serves connections until the task is dropped.
pub async fn serve(listener: Listener, venue: Venue, router: Router, shared: Shared) {
    loop {
        let (tcp, peer) = match listener.tcp.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others may be closed in a moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        tracing::debug!(%venue, %peer, "connected");
        let (router, shared, tls) = (router.clone(), shared.clone(), listener.tls.clone());
        tokio::spawn(async move { welcome(tcp, tls, venue, router, shared).await });
    }
}

async fn welcome(tcp: TcpStream, tls: Option<TlsAcceptor>, venue: Venue, router: Router, shared: Shared) {
    // Small frames must not wait for each other.
    let _ = tcp.set_nodelay(true);
    match tls {
        None => converse(tcp, venue, router, shared).await,
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(stream) => converse(stream, venue, router, shared).await,
            Err(error) => tracing::debug!(%error, %venue, "the TLS handshake failed"),
        },
    }
}

async fn converse<S>(stream: S, venue: Venue, router: Router, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, venue, router.clone(), shared.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, %venue, "a connection ended");
    }
}

/// The connection is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault")]
struct Cut;

async fn answer(
    request: Request<Incoming>,
    venue: Venue,
    router: Router,
    shared: Shared,
) -> Result<Response<Body>, Cut> {
    let fate = shared.request_fate(venue, &FaultRequest { path: request.uri().path() });
    let carry_out = async move {
        let answered: Result<_, Infallible> = TowerToHyperService::new(router).call(request).await;
        match answered {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };
    match fate {
        RequestFate::Answer => Ok(carry_out.await),
        RequestFate::Delay(delay) => {
            let response = carry_out.await;
            tokio::time::sleep(delay).await;
            Ok(response)
        }
        RequestFate::RateLimit => Ok(too_many(venue)),
        RequestFate::ErrorAfter => {
            carry_out.await;
            let body = "upstream connect error or disconnect/reset before headers";
            Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", body))
        }
        RequestFate::LostReply => {
            carry_out.await;
            Err(Cut)
        }
        RequestFate::Cut => Err(Cut),
        RequestFate::Broken => Ok(halved(carry_out.await).await),
        RequestFate::Unknown => {
            let status = carry_out.await.status();
            Ok(plain(status, "application/json", r#"{"surprise":{"kind":"unheard_of","parts":[1,2,3]}}"#))
        }
    }
}

/// 429 in the venue's words.
fn too_many(venue: Venue) -> Response<Body> {
    let body = match venue {
        Venue::Coinbase => {
            r#"{"errors":[{"id":"rate_limit_exceeded","message":"You have exceeded your request rate of 30 requests per second."}]}"#
        }
        Venue::Hyperliquid => "null",
    };
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "application/json", body);
    if venue == Venue::Coinbase {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        headers.insert("x-ratelimit-limit", HeaderValue::from_static("30"));
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        headers.insert("x-ratelimit-reset", HeaderValue::from_static("1"));
    }
    response
}

/// An answer whose body ends in the middle, with a length that says it is whole.
async fn halved(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let half: Bytes = whole.slice(..whole.len() / 2);
    Response::from_parts(parts, Body::from(half))
}

fn plain(status: StatusCode, content_type: &'static str, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

//! WebSockets: upgrading a request, and a socket whose frames go through the faults.
//!
//! A session is one loop that selects between [`Socket::receive`], its news and its timers, pushes frames with
//! [`Socket::push`] and sends them with [`Socket::flush`]. Only `flush` waits for the network, so nothing is
//! lost when another branch of the select is taken.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::faults::{Frame, FrameFate};
use crate::settings::Venue;
use crate::shared::Shared;

/// A client that does not read for this long is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The connection is gone: the client closed it, or a fault cut it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is gone")]
pub struct Lost;

/// What comes from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// Nothing came, but a delayed frame is due: call [`Socket::flush`].
    Due,
    /// The client has gone.
    Gone,
}

/// Answers a request that asks for a WebSocket and runs a session on it.
///
/// A request that is no such request is answered with 400.
pub fn upgrade<S, F>(mut request: Request, shared: Shared, venue: Venue, session: S) -> Response<Body>
where
    S: FnOnce(Socket) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let asks = |name: header::HeaderName, word: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains(word))
    };
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accept = key.and_then(|key| HeaderValue::from_str(&key).ok());
    let (true, Some(accept)) = (asks(header::UPGRADE, "websocket"), accept) else {
        let mut response = Response::new(Body::from("this path speaks WebSocket"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => session(Socket::new(upgraded, shared, venue).await).await,
            Err(error) => tracing::debug!(%error, %venue, "an upgrade failed"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// A server's side of a WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    shared: Shared,
    venue: Venue,
    /// Frames on their way, each with the moment before which it does not go.
    waiting: VecDeque<(Option<Instant>, Message)>,
    /// Frames that let the next one pass first.
    held: Vec<Message>,
    /// The number of the next frame.
    number: u64,
    is_cut: bool,
}

impl Socket {
    async fn new(upgraded: Upgraded, shared: Shared, venue: Venue) -> Self {
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        Self { stream, shared, venue, waiting: VecDeque::new(), held: Vec::new(), number: 0, is_cut: false }
    }

    /// Puts a frame on its way. `text` is handed the frame's number: 0, 1, 2, … on this connection.
    pub fn push(&mut self, frame: Frame<'_>, text: impl FnOnce(u64) -> String) {
        let fate = self.shared.frame_fate(self.venue, &frame);
        let has_numbers = self.venue == Venue::Coinbase;
        match fate {
            FrameFate::AfterUnknown => {
                let stranger = self.take_number();
                self.send(unheard_of(self.venue, stranger), None);
            }
            FrameFate::Skip => drop(self.take_number()),
            _ => {}
        }
        let text = text(self.take_number());
        match fate {
            FrameFate::Skip if !has_numbers => {}
            FrameFate::Send | FrameFate::Skip | FrameFate::AfterUnknown => self.send(text, None),
            FrameFate::Delay(delay) => self.send(text, Some(delay)),
            FrameFate::Lose => {}
            FrameFate::Twice => {
                self.send(text.clone(), None);
                self.send(text, None);
            }
            FrameFate::AfterNext => self.held.push(Message::text(text)),
            FrameFate::Cut => self.is_cut = true,
            FrameFate::Broken => self.send(half(&text), None),
            FrameFate::Unknown => {
                self.send(r#"{"surprise":{"kind":"unheard_of","parts":[1,2,3]}}"#.to_owned(), None);
            }
        }
    }

    /// Puts a frame on its way that takes no number and that no fault strikes: an error frame.
    pub fn push_unnumbered(&mut self, text: String) {
        self.send(text, None);
    }

    fn take_number(&mut self) -> u64 {
        let number = self.number;
        self.number += 1;
        number
    }

    fn send(&mut self, text: String, delay: Option<Duration>) {
        self.queue(Message::text(text), delay);
    }

    fn queue(&mut self, message: Message, delay: Option<Duration>) {
        let after = self.waiting.back().and_then(|(due, _)| *due);
        let due = delay.map(|delay| Instant::now() + delay);
        // What is behind a frame that waits comes after it.
        self.waiting.push_back((due.max(after), message));
        for message in std::mem::take(&mut self.held) {
            self.waiting.push_back((due.max(after), message));
        }
    }

    /// Sends what is on its way and due.
    ///
    /// # Errors
    /// When the connection is gone, was cut by a fault, or the client has not read for ten seconds.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        let sent = timeout(WRITE_TIMEOUT, async {
            let now = Instant::now();
            while let Some((due, _)) = self.waiting.front() {
                if due.is_some_and(|due| due > now) {
                    break;
                }
                let Some((_, message)) = self.waiting.pop_front() else { break };
                self.stream.feed(message).await.map_err(|_| Lost)?;
            }
            self.stream.flush().await.map_err(|_| Lost)
        });
        let sent = sent.await.map_err(|_| Lost)?;
        if self.is_cut { Err(Lost) } else { sent }
    }

    /// Waits for what comes from the client. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> Incoming {
        let due = self.waiting.front().map(|(due, _)| due.unwrap_or_else(Instant::now));
        loop {
            let message = tokio::select! {
                message = self.stream.next() => message,
                () = at(due) => return Incoming::Due,
            };
            match message {
                Some(Ok(Message::Text(text))) => return Incoming::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => {
                    return Incoming::Text(String::from_utf8_lossy(&bytes).into_owned());
                }
                // Pongs are made by the protocol itself and go with the next flush.
                Some(Ok(Message::Ping(_))) => return Incoming::Due,
                Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) => {
                    // The protocol has made the answer; it must go before the connection does.
                    let _ = timeout(Duration::from_secs(1), self.stream.flush()).await;
                    return Incoming::Gone;
                }
                Some(Err(_)) | None => return Incoming::Gone,
            }
        }
    }

    /// Closes the connection in order, with a code and a reason.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        let _ = timeout(Duration::from_secs(1), self.stream.close(Some(frame))).await;
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// A frame of a channel that nobody knows.
fn unheard_of(venue: Venue, number: u64) -> String {
    match venue {
        Venue::Coinbase => format!(
            r#"{{"channel":"unheard_of","client_id":"","timestamp":"2025-01-01T00:00:00Z","sequence_num":{number},"events":[]}}"#
        ),
        Venue::Hyperliquid => r#"{"channel":"unheardOf","data":{}}"#.to_owned(),
    }
}

/// The first half of a text.
fn half(text: &str) -> String {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    text[..middle].to_owned()
}

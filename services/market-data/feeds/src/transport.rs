//! The socket itself: connect, hear, say, close. It reads nothing of what passes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Whole books have megabytes in a frame.
const LARGEST_FRAME: usize = 64 << 20;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(200);

/// A way to connect to a venue.
pub(crate) trait Wire {
    type Line: Line;

    /// Connects, however long it takes.
    async fn connect(&self) -> Result<Self::Line, String>;
}

/// A connection.
pub(crate) trait Line {
    /// The next thing that happens. Nothing is lost when it is dropped before.
    async fn hear(&mut self) -> Heard;

    /// Sends a text frame.
    async fn say(&mut self, text: String) -> Result<(), String>;

    /// Ends the connection in good order, if that is possible at once.
    async fn close(self);
}

/// What a connection says.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(Utf8Bytes),
    Closed { code: Option<u16>, why: String },
}

/// A WebSocket of our own.
#[derive(Debug)]
pub(crate) struct Socket {
    pub url: String,
}

impl Wire for Socket {
    type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

    async fn connect(&self) -> Result<Self::Line, String> {
        let config = WebSocketConfig::default()
            .max_frame_size(Some(LARGEST_FRAME))
            .max_message_size(Some(LARGEST_FRAME));
        let no_delay = true;
        match connect_async_with_config(&self.url, Some(config), no_delay).await {
            Ok((line, _)) => Ok(line),
            Err(fault) => Err(format!("{} cannot be reached: {fault}", self.url)),
        }
    }
}

impl Line for WebSocketStream<MaybeTlsStream<TcpStream>> {
    async fn hear(&mut self) -> Heard {
        loop {
            match self.next().await {
                Some(Ok(Message::Text(text))) => return Heard::Frame(text),
                // Venues send text; what this is, the session finds out.
                Some(Ok(Message::Binary(bytes))) => {
                    return Heard::Frame(String::from_utf8_lossy(&bytes).into_owned().into());
                }
                // Pings are answered by the library as it reads on.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => return closed(frame),
                Some(Err(Error::ConnectionClosed)) | None => {
                    return Heard::Closed { code: None, why: "the venue ended the connection".to_owned() };
                }
                Some(Err(fault)) => {
                    return Heard::Closed { code: None, why: format!("the connection broke: {fault}") };
                }
            }
        }
    }

    async fn say(&mut self, text: String) -> Result<(), String> {
        self.send(Message::text(text)).await.map_err(|fault| format!("the connection broke: {fault}"))
    }

    async fn close(mut self) {
        let farewell = async { WebSocketStream::close(&mut self, None).await };
        // Whoever does not answer is left.
        let _ = timeout(FAREWELL, farewell).await;
    }
}

fn closed(frame: Option<CloseFrame>) -> Heard {
    match frame {
        None => Heard::Closed { code: None, why: "the venue ended the connection".to_owned() },
        Some(frame) => {
            let code = u16::from(frame.code);
            let why = format!("the venue ended the connection: {code} {}", frame.reason);
            Heard::Closed { code: Some(code), why: why.trim_end().to_owned() }
        }
    }
}

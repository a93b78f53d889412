//! Coinbase's market data through the crate `coinbase-advanced`, for those who want it that way.
//!
//! Its typed messages are written as JSON again and read by the same session as raw frames. What differs: receive
//! times are taken after its parsing; its ticker has no best bid and ask, so quotes come from `level2`; raw frames
//! cannot be captured; a close code cannot be told from other ends; a frame that it cannot read is taken from
//! its error text, where it quotes the frame.

use std::pin::Pin;

use coinbase_advanced::ws::{Channel, Message, WebSocketClient};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;

use crate::transport::{Heard, Line, Wire};

/// What stands before a frame that the crate could not read, in its error's text.
const QUOTED: (&str, &str) = ("Failed to parse message", " Raw: ");

/// Coinbase's socket by the official way.
#[derive(Debug)]
pub(crate) struct Official {
    pub url: String,
}

/// A connection of the crate's.
pub(crate) struct OfficialLine {
    client: WebSocketClient,
    messages: Pin<Box<dyn Stream<Item = coinbase_advanced::Result<Message>>>>,
}

impl Wire for Official {
    type Line = OfficialLine;

    async fn connect(&self) -> Result<OfficialLine, String> {
        // It reconnects at once and for ever if it is let; when to try again is the session's to say.
        let client = WebSocketClient::builder().public_url(&self.url).auto_reconnect(false).build();
        let fault = |fault| format!("{} cannot be reached: {fault}", self.url);
        let client = client.map_err(fault)?;
        let messages = client.connect().await.map_err(fault)?;
        Ok(OfficialLine { client, messages: Box::pin(messages) })
    }
}

impl Line for OfficialLine {
    async fn hear(&mut self) -> Heard {
        match self.messages.next().await {
            Some(Ok(message)) => match serde_json::to_string(&message) {
                Ok(text) => Heard::Frame(text.into()),
                Err(fault) => {
                    Heard::Closed { code: None, why: format!("a message cannot be written: {fault}") }
                }
            },
            Some(Err(fault)) => {
                let text = fault.to_string();
                match quoted_frame(&text) {
                    Some(frame) => Heard::Frame(frame.to_owned().into()),
                    None => Heard::Closed { code: None, why: text },
                }
            }
            None => Heard::Closed { code: None, why: "the venue ended the connection".to_owned() },
        }
    }

    async fn say(&mut self, text: String) -> Result<(), String> {
        let request: Request =
            serde_json::from_str(&text).map_err(|fault| format!("'{text}' cannot be said: {fault}"))?;
        let channels = [request.channel().ok_or_else(|| format!("'{text}' cannot be said"))?];
        let said = match request.kind.as_str() {
            "subscribe" => self.client.subscribe(&channels).await,
            _ => self.client.unsubscribe(&channels).await,
        };
        said.map_err(|fault| fault.to_string())
    }

    async fn close(self) {
        // The crate has no farewell; dropping it ends the connection.
    }
}

/// The frame that the crate could not read.
fn quoted_frame(error: &str) -> Option<&str> {
    let (_, said) = error.split_once(QUOTED.0)?;
    said.split_once(QUOTED.1).map(|(_, frame)| frame)
}

/// What the session asks for, as it writes it.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "type")]
    kind: String,
    channel: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

impl Request {
    fn channel(&self) -> Option<Channel> {
        let product_ids = self.product_ids.clone();
        Some(match self.channel.as_str() {
            "heartbeats" => Channel::Heartbeats,
            "level2" => Channel::Level2 { product_ids },
            "market_trades" => Channel::MarketTrades { product_ids },
            "ticker" => Channel::Ticker { product_ids },
            _ => return None,
        })
    }
}

//! One connection: its subscriptions, its numbers, its timers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::{Side, Ts};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::super::history::{held, user_order};
use super::super::market::{candle_body, trade_body};
use super::super::{Api, VENUE};
use super::subscriptions::{Channel, Message, Subscriptions, Wish};
use super::{Purpose, frames};
use crate::exchange::AccountIx;
use crate::faults::Frame;
use crate::house::{AccountNews, LevelChange, MarketEvent, MarketNews};
use crate::net::{Incoming, Lost, Socket};

/// A client that has not subscribed by then is dropped.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(5);
/// A connection on which nothing was sent for so long is closed.
const IDLE_FOR: Duration = Duration::from_secs(75);
/// Trades are told in batches of so long.
const TRADES_EVERY: Duration = Duration::from_millis(250);
/// `ticker_batch` tells every so many seconds.
const TICKERS_EVERY_S: u64 = 5;
/// `status` tells every so many seconds.
const STATUS_EVERY_S: u64 = 10;
/// Trades in a snapshot.
const TRADES_IN_SNAPSHOT: usize = 50;
/// Orders in one message of a snapshot.
const ORDERS_IN_SNAPSHOT: usize = 50;
/// Candles in a snapshot, five minutes each.
const CANDLES_IN_SNAPSHOT: usize = 100;
const CANDLE_NS: u64 = 300_000_000_000;
/// News that are looked at before what they led to is sent.
const NEWS_A_TURN: usize = 512;

/// One connection.
pub(super) struct Session {
    api: Api,
    socket: Socket,
    purpose: Purpose,
    subscriptions: Subscriptions,
    market: Option<Receiver<Arc<MarketNews>>>,
    accounts: Option<Receiver<Arc<AccountNews>>>,
    /// Whose orders are told, once a token said who it is.
    account: Option<AccountIx>,
    /// What the last snapshot of each product's book held, and of the user's orders.
    seen: BTreeMap<String, u64>,
    /// Trades that wait for the end of their batch, by product.
    trades: BTreeMap<String, Vec<Value>>,
    /// The last ticker of each product since the last batch.
    tickers: BTreeMap<String, String>,
    seconds: u64,
    heartbeats: u64,
    opened: Instant,
    last_sent: Instant,
}

/// Why a session ends.
enum End {
    Lost,
    Late,
    Idle,
    TooSlow,
}

impl From<Lost> for End {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

impl Session {
    pub(super) fn new(api: Api, socket: Socket, purpose: Purpose) -> Self {
        let now = Instant::now();
        Self {
            api,
            socket,
            purpose,
            subscriptions: Subscriptions::default(),
            market: None,
            accounts: None,
            account: None,
            seen: BTreeMap::new(),
            trades: BTreeMap::new(),
            tickers: BTreeMap::new(),
            seconds: 0,
            heartbeats: 0,
            opened: now,
            last_sent: now,
        }
    }

    pub(super) async fn run(mut self) {
        let mut seconds = every(Duration::from_secs(1));
        let mut batches = every(TRADES_EVERY);
        let end = loop {
            if let Err(end) = self.turn(&mut seconds, &mut batches).await {
                break end;
            }
        };
        match end {
            End::Lost => {}
            End::Late => self.socket.close(1008, "no subscription within 5 seconds").await,
            End::Idle => self.socket.close(1001, "idle").await,
            End::TooSlow => self.socket.close(1013, "the client reads too slowly").await,
        }
    }

    async fn turn(&mut self, seconds: &mut Interval, batches: &mut Interval) -> Result<(), End> {
        let has_trades = !self.trades.is_empty();
        tokio::select! {
            incoming = self.socket.receive() => match incoming {
                Incoming::Text(text) => self.hear(&text).await?,
                Incoming::Due => {}
                Incoming::Gone => return Err(End::Lost),
            },
            news = next(&mut self.market) => self.market_news(news)?,
            news = next(&mut self.accounts) => self.account_news(news)?,
            _ = seconds.tick() => self.second().await?,
            _ = batches.tick(), if has_trades => self.tell_trades(),
        }
        self.socket.flush().await?;
        Ok(())
    }

    fn now(&self) -> Ts {
        self.api.shared.venue_now(VENUE)
    }

    fn tell(&mut self, channel: &str, product: Option<&str>, events: &str) {
        let now = self.now();
        self.last_sent = Instant::now();
        let frame = Frame { channel, instrument: product };
        self.socket.push(frame, |number| frames::envelope(channel, now, number, events));
    }

    fn complain(&mut self, message: &str) {
        tracing::debug!(message, "a client is told of an error");
        self.last_sent = Instant::now();
        self.socket.push_unnumbered(Frame { channel: "error", instrument: None }, frames::error(message));
    }

    /// A message of the client.
    async fn hear(&mut self, text: &str) -> Result<(), End> {
        let wish = match Message::read(text).and_then(|message| self.admit(&message)) {
            Ok(wish) => wish,
            Err(message) => {
                self.complain(&message);
                return Ok(());
            }
        };
        if wish.subscribes {
            self.subscribe(wish).await?;
        } else {
            self.subscriptions.remove(wish.channel, &wish.products);
            if !self.subscriptions.wants_market() {
                self.market = None;
            }
            if !self.subscriptions.has(Channel::User) {
                self.accounts = None;
            }
        }
        let body = json!([{"subscriptions": self.subscriptions.body()}]).to_string();
        self.tell("subscriptions", None, &body);
        Ok(())
    }

    /// Checks the token, where there must be one and where there is one all the same.
    fn admit(&mut self, message: &Message) -> Result<(Wish, Option<String>), String> {
        let wish = message.wish(self.purpose)?;
        let token = message.jwt.as_deref().filter(|token| !token.is_empty());
        let signer = match token {
            None if wish.channel.needs_token() && wish.subscribes => {
                return Err("authentication failure".to_owned());
            }
            None => None,
            Some(token) => Some(self.api.signer(token, None).map_err(|reason| {
                tracing::warn!(reason, "a subscription is not authorised");
                "authentication failure".to_owned()
            })?),
        };
        Ok((wish, signer.map(|signer| signer.0)))
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// The next news of a stream that may not be listened to.
async fn next<T: Clone>(news: &mut Option<Receiver<T>>) -> Result<T, RecvError> {
    match news {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}

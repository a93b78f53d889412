//! `/ws`: subscriptions, what they say, and questions over the socket.
//!
//! Books, mids, marks and bars are told of at a cadence, when they changed; quotes, trades and everything about
//! accounts at once. A client that says nothing for a minute is cut off.

mod account;
mod market;
mod post;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reprise_venues::hyperliquid::wire::{Request, Subscription};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Front;
use crate::exchange::AccountIx;
use crate::faults::Frame;
use crate::house::{AccountNews, MarketNews};
use crate::net::{Incoming, Socket};
use crate::settings::Venue;
use crate::shared::Closed;

/// A client that is silent for so long is cut off.
const SILENCE: Duration = Duration::from_secs(60);
/// How often it is looked at whether something is to be told at its cadence.
const TICK: Duration = Duration::from_millis(100);
/// The most subscriptions of a connection.
const MOST_SUBSCRIPTIONS: usize = 1_000;

/// What is remembered of a subscription.
#[derive(Debug, Clone, Copy)]
struct Followed {
    /// Whose, of an account's.
    account: Option<AccountIx>,
    /// Market news up to this number were in the snapshot.
    seen: u64,
    /// Something changed that is to be told at the cadence.
    is_due: bool,
    /// When it was last told.
    told: Instant,
}

/// A connection.
struct Session {
    front: Front,
    socket: Socket,
    followed: BTreeMap<Subscription, Followed>,
    market: Option<Receiver<Arc<MarketNews>>>,
    accounts: Option<Receiver<Arc<AccountNews>>>,
}

/// Why a session ends.
enum End {
    /// The client has gone, is too slow, or the simulator is ending.
    Gone,
    /// The client was silent for too long.
    Silent,
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}

/// Speaks with a client until one of the two ends it.
pub(super) async fn session(front: Front, socket: Socket) {
    let mut session = Session { front, socket, followed: BTreeMap::new(), market: None, accounts: None };
    if let Err(End::Silent) = session.converse().await {
        tracing::debug!("a silent client is cut off");
        session.socket.close(1000, "Inactive").await;
    }
}

/// News, once there is something to hear.
async fn next<T: Clone>(news: &mut Option<Receiver<T>>) -> Result<T, RecvError> {
    match news {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}

/// The news that have come by now, the first one included.
fn burst<T: Clone>(first: T, news: &mut Option<Receiver<T>>) -> Result<Vec<T>, End> {
    let mut burst = vec![first];
    while let Some(receiver) = news.as_mut() {
        match receiver.try_recv() {
            Ok(one) => burst.push(one),
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Closed | TryRecvError::Lagged(_)) => return Err(End::Gone),
        }
    }
    Ok(burst)
}

impl Session {
    async fn converse(&mut self) -> Result<(), End> {
        let mut heard = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                incoming = self.socket.receive() => match incoming {
                    Incoming::Text(text) => {
                        heard = Instant::now();
                        self.hear(&text).await?;
                    }
                    Incoming::Due => {}
                    Incoming::Gone => return Err(End::Gone),
                },
                news = next(&mut self.market) => {
                    let burst = burst(news.map_err(|_| End::Gone)?, &mut self.market)?;
                    self.tell_market(&burst);
                }
                news = next(&mut self.accounts) => {
                    let burst = burst(news.map_err(|_| End::Gone)?, &mut self.accounts)?;
                    self.tell_accounts(&burst).await?;
                }
                _ = ticks.tick() => {
                    if heard.elapsed() >= SILENCE {
                        return Err(End::Silent);
                    }
                    self.tell_due().await?;
                }
            }
            self.socket.flush().await.map_err(|_| End::Gone)?;
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), End> {
        match serde_json::from_str::<Request>(text) {
            Ok(Request::Ping) => self.push("pong", None, &json!({"channel": "pong"})),
            Ok(Request::Subscribe { subscription }) => self.subscribe(subscription, text).await?,
            Ok(Request::Unsubscribe { subscription }) => self.unsubscribe(&subscription, text),
            Ok(Request::Post { id, request }) => {
                let data = post::answer(&self.front, id, request).await?;
                self.say("post", None, data);
            }
            Err(_) => self.refuse(&format!("Error parsing JSON into valid websocket request: {text}")),
        }
        Ok(())
    }

    async fn subscribe(&mut self, subscription: Subscription, text: &str) -> Result<(), End> {
        if self.followed.contains_key(&subscription) {
            self.refuse(&format!("Already subscribed: {text}"));
            return Ok(());
        }
        if self.followed.len() >= MOST_SUBSCRIPTIONS {
            self.refuse("Cannot track more than 1000 total subscriptions.");
            return Ok(());
        }
        // News are heard from before the snapshot on, so that nothing falls between the two.
        if account::user(&subscription).is_some() {
            self.accounts.get_or_insert_with(|| self.front.shared.account_news(Venue::Hyperliquid));
        } else {
            self.market.get_or_insert_with(|| self.front.shared.market_news(Venue::Hyperliquid));
        }
        let wanted = subscription.clone();
        let opening = self.front.ask(move |counter| market::opening(counter, &wanted)).await?;
        let Some(opening) = opening else {
            self.refuse(&format!("Invalid subscription {text}"));
            return Ok(());
        };
        let response = json!({"method": "subscribe", "subscription": subscription});
        self.say("subscriptionResponse", None, response);
        for (channel, data) in opening.messages {
            self.say(channel, market::coin(&subscription), data);
        }
        let followed =
            Followed { account: opening.account, seen: opening.seen, is_due: false, told: Instant::now() };
        self.followed.insert(subscription, followed);
        Ok(())
    }

    fn unsubscribe(&mut self, subscription: &Subscription, text: &str) {
        if self.followed.remove(subscription).is_none() {
            self.refuse(&format!("Already unsubscribed: {text}"));
            return;
        }
        // Nobody makes news for those who do not listen.
        if !self.followed.keys().any(|one| account::user(one).is_none()) {
            self.market = None;
        }
        if !self.followed.keys().any(|one| account::user(one).is_some()) {
            self.accounts = None;
        }
        self.say(
            "subscriptionResponse",
            None,
            json!({"method": "unsubscribe", "subscription": subscription}),
        );
    }

    fn refuse(&mut self, words: &str) {
        self.say("error", None, words.into());
    }

    /// Puts a message of a channel on its way.
    fn say(&mut self, channel: &str, coin: Option<&str>, data: Value) {
        self.push(channel, coin, &json!({"channel": channel, "data": data}));
    }

    fn push(&mut self, channel: &str, coin: Option<&str>, message: &Value) {
        self.socket.push(Frame { channel, instrument: coin }, |_| message.to_string());
    }
}

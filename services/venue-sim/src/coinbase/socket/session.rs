//! One connection: its subscriptions, its numbers, its timers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::Ts;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::super::history::user_order;
use super::super::market::trade_body;
use super::super::{Api, VENUE};
use super::subscriptions::{Channel, Message, Subscriptions, Wish};
use super::{Purpose, frames, snapshot};
use crate::exchange::AccountIx;
use crate::faults::Frame;
use crate::house::{AccountNews, MarketEvent, MarketNews};
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
/// Orders in one message of a snapshot.
const ORDERS_IN_SNAPSHOT: usize = 50;
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
    /// Up to which news the last snapshot of each channel and product goes.
    seen: BTreeMap<Channel, BTreeMap<String, u64>>,
    /// Up to which news of accounts the last snapshot of orders goes.
    orders_seen: u64,
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
            orders_seen: 0,
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
        self.socket.push_unnumbered(frames::error(message));
    }

    /// A message of the client.
    async fn hear(&mut self, text: &str) -> Result<(), End> {
        let (wish, signer) = match Message::read(text).and_then(|message| self.admit(&message)) {
            Ok(admitted) => admitted,
            Err(message) => {
                self.complain(&message);
                return Ok(());
            }
        };
        if wish.subscribes {
            self.subscribe(wish, signer).await?;
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

impl Session {
    async fn subscribe(&mut self, wish: Wish, signer: Option<String>) -> Result<(), End> {
        let Wish { channel, mut products, .. } = wish;
        // Listening begins before the snapshot is taken, so that nothing falls between the two.
        match channel {
            Channel::User => {
                self.accounts.get_or_insert_with(|| self.api.shared.account_news(VENUE));
            }
            Channel::Ticker | Channel::TickerBatch | Channel::Level2 | Channel::MarketTrades => {
                self.market.get_or_insert_with(|| self.api.shared.market_news(VENUE));
            }
            _ => {}
        }
        let listed = self.api.shared.ask(VENUE, |house, _| {
            house.listings().iter().map(|listing| listing.name.clone()).collect::<Vec<String>>()
        });
        let listed = listed.await.map_err(|_| End::Lost)?;
        if let Some(stranger) = products.iter().find(|product| !listed.contains(product)) {
            let message = format!("'{stranger}' is no product");
            self.complain(&message);
            return Ok(());
        }
        if products.is_empty() {
            products = listed;
        }
        if let Some(name) = signer.filter(|_| channel == Channel::User) {
            self.tell_open_orders(name).await?;
        }
        let added = self.subscriptions.add(channel, products);
        for product in added {
            self.tell_snapshot(channel, product).await?;
        }
        Ok(())
    }

    /// Tells what a channel's snapshot of a product holds.
    async fn tell_snapshot(&mut self, channel: Channel, product: String) -> Result<(), End> {
        let wanted = product.clone();
        let snapshot = self.api.shared.ask(VENUE, move |house, now| {
            let listing = house.find(&wanted)?;
            let events = match channel {
                Channel::Level2 => Some(snapshot::levels(house, listing, &wanted, now)),
                Channel::MarketTrades => Some(snapshot::trades(house, listing, &wanted)),
                Channel::Ticker | Channel::TickerBatch => snapshot::ticker(house, listing),
                Channel::Candles => Some(snapshot::candles(house, listing, &wanted, usize::MAX)),
                Channel::Status => Some(snapshot::status(house, listing)),
                Channel::Heartbeats | Channel::User | Channel::FuturesBalance => None,
            };
            Some((house.news_number(), events))
        });
        let Some((number, events)) = snapshot.await.map_err(|_| End::Lost)? else { return Ok(()) };
        if let Some(events) = events {
            self.tell(channel.on_messages(), Some(&product), &events);
        }
        self.seen.entry(channel).or_default().insert(product, number);
        Ok(())
    }

    /// Tells the user's open orders.
    async fn tell_open_orders(&mut self, name: String) -> Result<(), End> {
        let snapshot = self.api.shared.ask(VENUE, move |house, _| {
            let account = house.account(&name);
            let open = house.ledger(account).orders().filter(|order| order.is_open());
            let orders: Vec<Value> =
                open.map(|order| user_order(order, house.held(account, order))).collect();
            (account, house.account_news_number(), orders)
        });
        let (account, number, mut orders) = snapshot.await.map_err(|_| End::Lost)?;
        (self.account, self.orders_seen) = (Some(account), number);
        loop {
            let rest = orders.split_off(orders.len().min(ORDERS_IN_SNAPSHOT));
            self.tell("user", None, &frames::listed("snapshot", "orders", orders));
            if rest.is_empty() {
                return Ok(());
            }
            orders = rest;
        }
    }

    fn market_news(&mut self, news: Result<Arc<MarketNews>, RecvError>) -> Result<(), End> {
        let mut news = match news {
            Ok(news) => news,
            Err(RecvError::Lagged(_)) => return Err(End::TooSlow),
            Err(RecvError::Closed) => return Err(End::Lost),
        };
        for _ in 0..NEWS_A_TURN {
            self.tell_market(&news);
            let more = self.market.as_mut().map(Receiver::try_recv);
            news = match more {
                Some(Ok(more)) => more,
                Some(Err(TryRecvError::Lagged(_))) => return Err(End::TooSlow),
                Some(Err(TryRecvError::Closed)) => return Err(End::Lost),
                Some(Err(TryRecvError::Empty)) | None => break,
            };
        }
        Ok(())
    }

    /// True when a channel's messages about the news are wanted and its snapshot did not hold them.
    fn wants(&self, channel: Channel, news: &MarketNews) -> bool {
        self.subscriptions.wants(channel, &news.name)
            && self
                .seen
                .get(&channel)
                .and_then(|seen| seen.get(&*news.name))
                .is_none_or(|&seen| news.number > seen)
    }

    fn tell_market(&mut self, news: &MarketNews) {
        if !news.changes.is_empty() && self.wants(Channel::Level2, news) {
            let at = self.api.shared.stamp(VENUE, news.ts);
            let events = frames::levels("update", &news.name, at, &news.changes);
            self.tell("l2_data", Some(&news.name), &events);
        }
        let (MarketEvent::Trade(trade), Some(day)) = (&news.event, &news.day) else { return };
        if self.wants(Channel::Ticker, news) {
            let ticker = frames::ticker(news, trade, day);
            self.tell("ticker", Some(&news.name), &frames::tickers("update", &[ticker]));
        }
        if self.wants(Channel::TickerBatch, news) {
            self.tickers.insert(news.name.to_string(), frames::ticker(news, trade, day));
        }
        if self.wants(Channel::MarketTrades, news) {
            let body = trade_body(&news.name, trade);
            self.trades.entry(news.name.to_string()).or_default().push(body);
        }
    }

    /// Tells the batches of trades, the newest first.
    fn tell_trades(&mut self) {
        for (product, mut trades) in std::mem::take(&mut self.trades) {
            trades.reverse();
            let events = frames::listed("update", "trades", trades);
            self.tell("market_trades", Some(&product), &events);
        }
    }

    fn account_news(&mut self, news: Result<Arc<AccountNews>, RecvError>) -> Result<(), End> {
        match news {
            Ok(news) => self.tell_account(&news),
            Err(RecvError::Lagged(_)) => return Err(End::TooSlow),
            Err(RecvError::Closed) => return Err(End::Lost),
        }
        Ok(())
    }

    fn tell_account(&mut self, news: &AccountNews) {
        let Some(order) = news.order.as_ref().filter(|_| self.account == Some(news.account)) else { return };
        let product = order.terms.instrument.symbol();
        // A refused order was never there, and what is only asked for is not told.
        let is_told = news.number > self.orders_seen && !order.is_refused();
        if is_told && self.subscriptions.wants(Channel::User, product) {
            let body = user_order(order, news.held);
            self.tell("user", Some(product), &frames::listed("update", "orders", vec![body]));
        }
    }

    /// A second has passed.
    async fn second(&mut self) -> Result<(), End> {
        self.seconds += 1;
        if self.subscriptions.is_empty() && self.opened.elapsed() >= SUBSCRIBE_WITHIN {
            return Err(End::Late);
        }
        if self.last_sent.elapsed() >= IDLE_FOR {
            return Err(End::Idle);
        }
        if self.subscriptions.has(Channel::Heartbeats) {
            let since_start_ns = u64::try_from(self.api.shared.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let events = frames::heartbeat(self.now(), since_start_ns, self.heartbeats);
            self.heartbeats += 1;
            self.tell("heartbeats", None, &events);
        }
        if self.seconds.is_multiple_of(TICKERS_EVERY_S) && !self.tickers.is_empty() {
            for (product, ticker) in std::mem::take(&mut self.tickers) {
                self.tell("ticker_batch", Some(&product), &frames::tickers("update", &[ticker]));
            }
        }
        if self.seconds.is_multiple_of(STATUS_EVERY_S) {
            self.tell_again(Channel::Status).await?;
        }
        self.tell_again(Channel::Candles).await
    }

    /// Tells a channel's state as it is now, of all its products.
    async fn tell_again(&mut self, channel: Channel) -> Result<(), End> {
        let products: Vec<String> = self.subscriptions.products(channel).cloned().collect();
        for product in products {
            let wanted = product.clone();
            let told = self.api.shared.ask(VENUE, move |house, _| {
                let listing = house.find(&wanted)?;
                match channel {
                    Channel::Candles => Some(snapshot::candles(house, listing, &wanted, 1)),
                    _ => Some(snapshot::status(house, listing)),
                }
            });
            if let Some(events) = told.await.map_err(|_| End::Lost)? {
                self.tell(channel.on_messages(), Some(&product), &events);
            }
        }
        Ok(())
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

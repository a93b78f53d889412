//! The messages of the sockets: one envelope for all channels, and each channel's events.

use std::borrow::Cow;

use reprise_model::{Cash, Price, Qty, Rate};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::orders::{OrderSide, OrderState};
use crate::lenient;

/// Whether a channel is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// From now on.
    Subscribe,
    /// No more.
    Unsubscribe,
}

/// What a client sends: one channel a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Whether the channel is wanted.
    #[serde(rename = "type")]
    pub kind: RequestKind,
    /// The channel: `heartbeats`, `level2`, `market_trades`, `ticker`, `ticker_batch`, `candles`, `status`, `user`.
    #[serde(borrow)]
    pub channel: Cow<'a, str>,
    /// For which products.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub product_ids: Vec<Cow<'a, str>>,
    /// The token; needed for `user`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<Cow<'a, str>>,
}

/// What the venue sends. `events` is read by channel: [`Heartbeat`], [`TickerEvent`] (`ticker`,
/// `ticker_batch`), [`BookEvent`] (`l2_data`), [`MarketTradesEvent`], [`CandlesEvent`], [`StatusEvent`],
/// [`UserEvent`], [`SubscriptionsEvent`]. A channel that is not known is to be passed over.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The channel; none in an error.
    #[serde(borrow, default)]
    pub channel: Cow<'a, str>,
    /// When it was sent.
    #[serde(borrow, default)]
    pub timestamp: Cow<'a, str>,
    /// Rises by one with every message of the connection; none in an error.
    pub sequence_num: Option<u64>,
    /// The channel's events.
    #[serde(borrow)]
    pub events: Option<&'a RawValue>,
    /// `error` where the venue refuses something.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Why.
    #[serde(borrow, default)]
    pub message: Cow<'a, str>,
}

impl<'a> Envelope<'a> {
    /// What the venue refuses, if this is a refusal.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        (self.kind == "error").then_some(&*self.message)
    }

    /// The events as those of the channel.
    ///
    /// # Errors
    /// When they are not.
    pub fn events<E: Deserialize<'a>>(&self) -> Result<Vec<E>, serde_json::Error> {
        self.events.map_or(Ok(Vec::new()), |events| serde_json::from_str(events.get()))
    }
}

/// Whether an event is the whole or what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The whole.
    Snapshot,
    /// What changed.
    Update,
}

/// One event a second.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Heartbeat<'a> {
    /// The venue's time, as Go prints it.
    #[serde(borrow, default)]
    pub current_time: Cow<'a, str>,
    /// Counts the beats.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub heartbeat_counter: u64,
}

/// Tickers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TickerEvent<'a> {
    /// Snapshot or update.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// One a product.
    #[serde(borrow)]
    pub tickers: Vec<Ticker<'a>>,
}

/// The best bid and ask, and the last price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticker<'a> {
    /// Of which product.
    #[serde(borrow)]
    pub product_id: Cow<'a, str>,
    /// The last price.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub price: Option<Price>,
    /// The best bid; none where nobody bids.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub best_bid: Option<Price>,
    /// Displayed at it.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub best_bid_quantity: Option<Qty>,
    /// The best ask.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub best_ask: Option<Price>,
    /// Displayed at it.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub best_ask_quantity: Option<Qty>,
    /// Base units traded in 24 hours.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub volume_24_h: Option<Qty>,
    /// Change of the price in 24 hours, in percent.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub price_percent_chg_24_h: Option<Rate>,
}

/// Levels of one product's book.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BookEvent<'a> {
    /// The whole book or what changed.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// Of which product.
    #[serde(borrow)]
    pub product_id: Cow<'a, str>,
    /// The levels.
    #[serde(borrow)]
    pub updates: Vec<BookUpdate<'a>>,
}

/// A side of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookSide {
    /// Buyers.
    Bid,
    /// Sellers.
    #[serde(alias = "ask")]
    Offer,
}

/// A level as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BookUpdate<'a> {
    /// Of which side.
    pub side: BookSide,
    /// When it changed.
    #[serde(borrow, default)]
    pub event_time: Cow<'a, str>,
    /// The price.
    pub price_level: Price,
    /// All that is displayed at it now; 0 when nothing is.
    pub new_quantity: Qty,
}

/// Trades.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MarketTradesEvent<'a> {
    /// Old ones, or new ones.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The trades.
    #[serde(borrow)]
    pub trades: Vec<MarketTrade<'a>>,
}

/// One trade.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MarketTrade<'a> {
    /// The venue's id.
    #[serde(borrow)]
    pub trade_id: Cow<'a, str>,
    /// Of which product.
    #[serde(borrow)]
    pub product_id: Cow<'a, str>,
    /// At which price.
    pub price: Price,
    /// How much, in base.
    pub size: Qty,
    /// The *maker's* side: the aggressor's is the other one.
    pub side: OrderSide,
    /// When.
    #[serde(borrow, default)]
    pub time: Cow<'a, str>,
}

/// Bars of five minutes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CandlesEvent<'a> {
    /// Old ones, or the one that changed.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The bars.
    #[serde(borrow)]
    pub candles: Vec<Candle<'a>>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Candle<'a> {
    /// Its start, Unix seconds.
    #[serde(deserialize_with = "lenient::whole")]
    pub start: u64,
    /// Of which product.
    #[serde(borrow, default)]
    pub product_id: Cow<'a, str>,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base units traded.
    pub volume: Qty,
}

/// Products as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusEvent<'a> {
    /// All, or those that changed.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The products.
    #[serde(borrow)]
    pub products: Vec<ProductStatus<'a>>,
}

/// How one product stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProductStatus<'a> {
    /// Its name.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// `online`, or why not.
    #[serde(borrow, default)]
    pub status: Cow<'a, str>,
    /// In words.
    #[serde(borrow, default)]
    pub status_message: Cow<'a, str>,
}

/// What is subscribed now: products by channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SubscriptionsEvent {
    /// Products (or, for `user`, users) by channel.
    pub subscriptions: std::collections::BTreeMap<String, Vec<String>>,
}

/// The account's own orders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserEvent {
    /// Open orders, or one that changed.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The orders.
    #[serde(default)]
    pub orders: Vec<UserOrder>,
}

/// An order as it stands; all amounts are sums since it was placed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserOrder {
    /// The venue's id.
    pub order_id: String,
    /// The caller's id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub client_order_id: String,
    /// What is traded.
    pub product_id: String,
    /// Which way.
    pub order_side: OrderSide,
    /// `Limit`, `Market`, `Stop Limit` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_type: String,
    /// Where it stands.
    pub status: OrderState,
    /// Executed in all, in base.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub cumulative_quantity: Option<Qty>,
    /// Still open, in base.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub leaves_quantity: Option<Qty>,
    /// Average price of what was executed.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub avg_price: Option<Price>,
    /// Executed in all, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub filled_value: Option<Cash>,
    /// Fees in all, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub total_fees: Option<Cash>,
    /// In how many executions.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub number_of_fills: Option<u64>,
    /// The limit.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub limit_price: Option<Price>,
    /// The trigger.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub stop_price: Option<Price>,
    /// What it takes out of the free balance.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub outstanding_hold_amount: Option<Cash>,
    /// `GOOD_UNTIL_CANCELLED` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time_in_force: String,
    /// Refuse rather than take.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub post_only: bool,
    /// Why it was canceled.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cancel_reason: String,
    /// Why it was refused.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reject_reason: String,
    /// When it was placed.
    #[serde(default, deserialize_with = "lenient::text")]
    pub creation_time: String,
}

//! What a client asks of a socket, and what it is subscribed to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::Purpose;

/// A channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    Heartbeats,
    Ticker,
    TickerBatch,
    Level2,
    MarketTrades,
    Candles,
    Status,
    User,
    FuturesBalance,
}

impl Channel {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Heartbeats, "heartbeats"),
        (Self::Ticker, "ticker"),
        (Self::TickerBatch, "ticker_batch"),
        (Self::Level2, "level2"),
        (Self::MarketTrades, "market_trades"),
        (Self::Candles, "candles"),
        (Self::Status, "status"),
        (Self::User, "user"),
        (Self::FuturesBalance, "futures_balance_summary"),
    ];

    /// The name by which a client subscribes.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(channel, _)| *channel == self).map_or("", |(_, name)| name)
    }

    /// The name that its messages carry.
    pub(super) fn on_messages(self) -> &'static str {
        if self == Self::Level2 { "l2_data" } else { self.name() }
    }

    pub(super) fn needs_token(self) -> bool {
        matches!(self, Self::User | Self::FuturesBalance)
    }

    /// True for channels that are about products.
    fn has_products(self) -> bool {
        !matches!(self, Self::Heartbeats | Self::FuturesBalance)
    }

    fn is_served_at(self, purpose: Purpose) -> bool {
        purpose == Purpose::Market || matches!(self, Self::Heartbeats | Self::User | Self::FuturesBalance)
    }
}

/// A message of a client.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Message {
    #[serde(rename = "type")]
    kind: String,
    channel: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    pub(super) jwt: Option<String>,
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) subscribes: bool,
    pub(super) channel: Channel,
    pub(super) products: Vec<String>,
}

impl Message {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("message is not understood: {error}"))
    }

    /// What it asks for, at a socket for some purpose.
    pub(super) fn wish(&self, purpose: Purpose) -> Result<Wish, String> {
        let subscribes = match self.kind.as_str() {
            "subscribe" => true,
            "unsubscribe" => false,
            other => return Err(format!("unknown type '{other}': subscribe or unsubscribe")),
        };
        let Some(name) = self.channel.as_deref() else {
            return Err("a message names one 'channel'".to_owned());
        };
        let found = Channel::ALL.into_iter().find(|(_, known)| *known == name).map(|(channel, _)| channel);
        match found {
            None => Err(format!("channel '{name}' is not known")),
            Some(channel) if !channel.is_served_at(purpose) => {
                Err(format!("channel '{name}' is not served at this address"))
            }
            Some(channel) => Ok(Wish { subscribes, channel, products: self.product_ids.clone() }),
        }
    }
}

/// What a connection is subscribed to.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(BTreeMap<Channel, BTreeSet<String>>);

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, channel: Channel) -> bool {
        self.0.contains_key(&channel)
    }

    /// True when a channel's messages about a product are wanted.
    pub(super) fn wants(&self, channel: Channel, product: &str) -> bool {
        self.0.get(&channel).is_some_and(|products| products.contains(product))
    }

    /// True when anything of the market is wanted as it happens.
    pub(super) fn wants_market(&self) -> bool {
        [Channel::Ticker, Channel::TickerBatch, Channel::Level2, Channel::MarketTrades]
            .into_iter()
            .any(|channel| self.has(channel))
    }

    pub(super) fn products(&self, channel: Channel) -> impl Iterator<Item = &String> {
        self.0.get(&channel).into_iter().flatten()
    }

    /// Subscribes; returns the products that are new to the channel.
    pub(super) fn add(&mut self, channel: Channel, products: Vec<String>) -> Vec<String> {
        let known = self.0.entry(channel).or_default();
        if !channel.has_products() {
            known.insert(channel.name().to_owned());
            return Vec::new();
        }
        products.into_iter().filter(|product| known.insert(product.clone())).collect()
    }

    /// Unsubscribes, from all products of the channel when none is named.
    pub(super) fn remove(&mut self, channel: Channel, products: &[String]) {
        let Some(known) = self.0.get_mut(&channel) else { return };
        if products.is_empty() || !channel.has_products() {
            known.clear();
        }
        known.retain(|product| !products.contains(product));
        if known.is_empty() {
            self.0.remove(&channel);
        }
    }

    /// All of it, as the `subscriptions` message tells it.
    pub(super) fn body(&self) -> serde_json::Value {
        let told: BTreeMap<&str, &BTreeSet<String>> =
            self.0.iter().map(|(channel, products)| (channel.name(), products)).collect();
        json!(told)
    }
}

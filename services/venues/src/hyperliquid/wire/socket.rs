//! The socket: what is asked, and the envelope of what comes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::hyperliquid::sign::Address;

/// What can be subscribed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Subscription {
    /// Whole books.
    L2Book {
        /// Of which coin.
        coin: String,
        /// Levels merged to so many significant digits, 2 to 5.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n_sig_figs: Option<u32>,
        /// With five digits: steps of 1, 2 or 5 in the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mantissa: Option<u32>,
        /// More often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fast: Option<bool>,
    },
    /// Best bid and ask.
    Bbo {
        /// Of which coin.
        coin: String,
    },
    /// Trades of all.
    Trades {
        /// Of which coin.
        coin: String,
    },
    /// The mid of every coin.
    AllMids {
        /// Of which exchange; left out, the venue's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dex: Option<String>,
    },
    /// Bars.
    Candle {
        /// Of which coin.
        coin: String,
        /// How long.
        interval: String,
    },
    /// Mark, oracle, funding.
    ActiveAssetCtx {
        /// Of which coin.
        coin: String,
    },
    /// An account's orders as they change.
    OrderUpdates {
        /// Whose.
        user: Address,
    },
    /// An account's fills, funding, liquidations; comes as the channel `user`.
    UserEvents {
        /// Whose.
        user: Address,
    },
    /// An account's fills.
    UserFills {
        /// Whose.
        user: Address,
        /// Fills of one order at one time as one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aggregate_by_time: Option<bool>,
    },
    /// An account's funding.
    UserFundings {
        /// Whose.
        user: Address,
    },
}

/// What a client sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase")]
pub enum Request {
    /// From now on.
    Subscribe {
        /// What.
        subscription: Subscription,
    },
    /// No more.
    Unsubscribe {
        /// What.
        subscription: Subscription,
    },
    /// Keeps the connection open.
    Ping,
    /// What would otherwise be a POST.
    Post {
        /// Comes back in the answer.
        id: u64,
        /// What is asked.
        request: PostRequest,
    },
}

/// What is asked over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "camelCase")]
pub enum PostRequest {
    /// What `/info` answers.
    Info(serde_json::Value),
    /// What `/exchange` takes. The payload's action must keep the order of its keys.
    Action(crate::hyperliquid::sign::Value),
}

/// What the venue sends; `data` is read by channel: [`super::L2Book`], [`super::Bbo`], a list of
/// [`super::Trade`], [`super::Candle`], [`super::ActiveAssetContext`], a list of [`super::OrderUpdate`],
/// [`super::UserFills`], [`super::UserFundings`]; `error` carries text, `pong` nothing. A channel that is not
/// known is to be passed over.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The channel.
    #[serde(borrow)]
    pub channel: Cow<'a, str>,
    /// Its content.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// The content as that of the channel.
    ///
    /// # Errors
    /// When it is not.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.map_or("null", RawValue::get))
    }
}

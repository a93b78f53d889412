//! Markets: what is listed, books, trades, bars, marks.

use std::borrow::Cow;

use reprise_model::{Cash, Price, Qty, Rate, Side};
use serde::{Deserialize, Serialize};

use crate::lenient;

/// Answer of `meta`: the perpetuals; an asset's number is its place.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Meta {
    /// The perpetuals.
    pub universe: Vec<PerpetualAsset>,
}

/// A perpetual.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PerpetualAsset {
    /// Its name, such as `BTC`.
    pub name: String,
    /// Decimals of sizes.
    #[serde(rename = "szDecimals")]
    pub size_decimals: u32,
    /// The highest leverage.
    #[serde(default)]
    pub max_leverage: u32,
    /// Not traded any more.
    #[serde(default)]
    pub is_delisted: bool,
    /// Positions have margin of their own.
    #[serde(default)]
    pub only_isolated: bool,
}

/// Answer of `spotMeta`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SpotMeta {
    /// The pairs.
    pub universe: Vec<SpotPair>,
    /// What the pairs are made of.
    pub tokens: Vec<SpotToken>,
}

/// A spot pair; its asset number is 10000 and its index.
#[derive(Debug, Clone, Deserialize)]
pub struct SpotPair {
    /// Its name: `PURR/USDC`, or `@` and its index.
    pub name: String,
    /// Indices of base and quote in the list of tokens.
    pub tokens: (u32, u32),
    /// Its index.
    pub index: u32,
}

/// A token of the spot market.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpotToken {
    /// Its name.
    pub name: String,
    /// Decimals of sizes.
    #[serde(rename = "szDecimals")]
    pub size_decimals: u32,
    /// Its index.
    pub index: u32,
    /// Its id.
    #[serde(default)]
    pub token_id: String,
}

/// What the venue reckons with for a perpetual.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetContext {
    /// The rate of the running hour.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub funding: Option<Rate>,
    /// Base units in positions.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub open_interest: Option<Qty>,
    /// By which it margins and liquidates.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub mark_px: Option<Price>,
    /// On which it pays funding.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub oracle_px: Option<Price>,
    /// The middle of the book.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub mid_px: Option<Price>,
    /// A day ago.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub prev_day_px: Option<Price>,
    /// Traded in a day, in USDC.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub day_ntl_vlm: Option<Cash>,
}

/// Message of `activeAssetCtx`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActiveAssetContext<'a> {
    /// Of which coin.
    #[serde(borrow)]
    pub coin: Cow<'a, str>,
    /// What the venue reckons with.
    pub ctx: AssetContext,
}

/// A side as the venue writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SideLetter {
    /// Buy.
    B,
    /// Sell.
    A,
}

impl From<SideLetter> for Side {
    fn from(letter: SideLetter) -> Self {
        match letter {
            SideLetter::B => Self::Buy,
            SideLetter::A => Self::Sell,
        }
    }
}

impl From<Side> for SideLetter {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::B,
            Side::Sell => Self::A,
        }
    }
}

/// A price and what is displayed at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLevel {
    /// The price.
    pub px: Price,
    /// The size.
    pub sz: Qty,
    /// In how many orders.
    #[serde(default)]
    pub n: u64,
}

/// The displayed orders of a coin, all of them: there are no changes, only whole books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct L2Book {
    /// Of which coin.
    pub coin: String,
    /// When, Unix milliseconds.
    pub time: u64,
    /// Buyers and sellers, best first, at most 20 each; a side may be empty.
    pub levels: (Vec<BookLevel>, Vec<BookLevel>),
}

/// The best bid and ask of a coin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bbo<'a> {
    /// Of which coin.
    #[serde(borrow)]
    pub coin: Cow<'a, str>,
    /// When, Unix milliseconds.
    pub time: u64,
    /// Bid and ask; a side may be empty.
    pub bbo: (Option<BookLevel>, Option<BookLevel>),
}

/// A trade of others. The first message of a subscription repeats up to 30 old ones without saying so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade<'a> {
    /// Of which coin.
    #[serde(borrow)]
    pub coin: Cow<'a, str>,
    /// The aggressor's side.
    pub side: SideLetter,
    /// At which price.
    pub px: Price,
    /// How much.
    pub sz: Qty,
    /// When, Unix milliseconds.
    pub time: u64,
    /// The venue's id.
    pub tid: u64,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Candle<'a> {
    /// Its start, Unix milliseconds.
    #[serde(rename = "t")]
    pub start: u64,
    /// Its end, Unix milliseconds.
    #[serde(rename = "T")]
    pub end: u64,
    /// Of which coin.
    #[serde(borrow, rename = "s")]
    pub coin: Cow<'a, str>,
    /// Its length: `1m`, `1h`, `1d` and so on.
    #[serde(borrow, rename = "i")]
    pub interval: Cow<'a, str>,
    /// First price.
    #[serde(rename = "o")]
    pub open: Price,
    /// Highest price.
    #[serde(rename = "h")]
    pub high: Price,
    /// Lowest price.
    #[serde(rename = "l")]
    pub low: Price,
    /// Last price.
    #[serde(rename = "c")]
    pub close: Price,
    /// Base units traded.
    #[serde(rename = "v")]
    pub volume: Qty,
    /// Number of trades.
    #[serde(rename = "n", default)]
    pub trades: u64,
}

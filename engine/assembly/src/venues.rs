//! What a configuration says about the venues: where they are, and what of them is wanted. Keys are no part of it.

use reprise_model::Rate;
use serde::{Deserialize, Serialize};

/// The venues.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VenuesConfig {
    /// Coinbase Advanced Trade.
    pub coinbase: CoinbaseConfig,
    /// Hyperliquid.
    pub hyperliquid: HyperliquidConfig,
}

/// Where Coinbase's sequence numbers count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceScope {
    /// Over all channels of a connection.
    #[default]
    Connection,
    /// For each channel by itself.
    Channel,
    /// They are not looked at.
    Off,
}

/// What Coinbase's quotes are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotesFrom {
    /// The top of the book: every change of it, at the cost of receiving the whole book.
    #[default]
    Level2,
    /// The ticker: little to receive, and old between matches.
    Ticker,
}

/// Coinbase Advanced Trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoinbaseConfig {
    /// REST, with `/api/v3/brokerage`.
    pub rest_url: String,
    /// The WebSocket of market data.
    pub ws_url: String,
    /// The WebSocket of the account.
    pub ws_user_url: String,
    /// The products to follow, such as BTC-USD; the venue is not asked when there is none.
    pub products: Vec<String>,
    /// Whether trades are wanted beside quotes.
    pub trades: bool,
    /// Whether order books are wanted.
    pub books: bool,
    /// Whether market data comes through the crate `coinbase-advanced`; USE_OFFICIAL_SDK=true says the same.
    pub official_sdk: bool,
    /// What quotes are made of.
    pub quotes_from: QuotesFrom,
    /// An instrument counts as stale when nothing came about it for so long while its connection lives, in
    /// milliseconds. What trades rarely needs more.
    pub stale_after_ms: u64,
    /// Every instrument counts as stale when nothing at all came for so long, in milliseconds.
    pub silence_ms: u64,
    /// The connection is given up when nothing at all came for so long, in milliseconds.
    pub drop_ms: u64,
    /// Fee of a fill that gave liquidity, as a fraction of its notional: the venue's lists do not tell it, and it
    /// falls with what the account trades.
    pub maker_fee: Rate,
    /// Fee of a fill that took liquidity, as a fraction of its notional.
    pub taker_fee: Rate,
    /// Where sequence numbers count.
    pub sequence: SequenceScope,
}

impl Default for CoinbaseConfig {
    fn default() -> Self {
        Self {
            rest_url: "https://api.coinbase.com/api/v3/brokerage".to_owned(),
            ws_url: "wss://advanced-trade-ws.coinbase.com".to_owned(),
            ws_user_url: "wss://advanced-trade-ws-user.coinbase.com".to_owned(),
            products: Vec::new(),
            trades: true,
            books: true,
            official_sdk: false,
            quotes_from: QuotesFrom::Level2,
            stale_after_ms: 30_000,
            silence_ms: 5_000,
            drop_ms: 15_000,
            maker_fee: per_100_000(600),
            taker_fee: per_100_000(1_200),
            sequence: SequenceScope::Connection,
        }
    }
}

/// Which of Hyperliquid's networks signatures are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// The network of real money.
    #[default]
    Mainnet,
    /// The network for trying.
    Testnet,
}

/// Hyperliquid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HyperliquidConfig {
    /// REST, without `/info`.
    pub rest_url: String,
    /// The WebSocket.
    pub ws_url: String,
    /// Which network signatures are for.
    pub network: Network,
    /// The coins to follow by the venue's names: BTC is a perpetual, @107 or PURR/USDC a spot pair. The venue is not
    /// asked when there is none.
    pub coins: Vec<String>,
    /// Whether trades are wanted beside quotes.
    pub trades: bool,
    /// Whether order books are wanted.
    pub books: bool,
    /// Whether mark and oracle prices are wanted.
    pub marks: bool,
    /// An instrument counts as stale when nothing came about it for so long while its connection lives, in
    /// milliseconds. What trades rarely needs more.
    pub stale_after_ms: u64,
    /// Every instrument counts as stale when nothing at all came for so long, in milliseconds.
    pub silence_ms: u64,
    /// The connection is given up when nothing at all came for so long, in milliseconds.
    pub drop_ms: u64,
    /// Fee of a fill that gave liquidity, as a fraction of its notional: the venue's lists do not tell it, and it
    /// falls with what the account trades.
    pub maker_fee: Rate,
    /// Fee of a fill that took liquidity, as a fraction of its notional.
    pub taker_fee: Rate,
    /// The same for spot pairs.
    pub spot_maker_fee: Rate,
    /// The same for spot pairs.
    pub spot_taker_fee: Rate,
}

impl Default for HyperliquidConfig {
    fn default() -> Self {
        Self {
            rest_url: "https://api.hyperliquid.xyz".to_owned(),
            ws_url: "wss://api.hyperliquid.xyz/ws".to_owned(),
            network: Network::Mainnet,
            coins: Vec::new(),
            trades: true,
            books: true,
            marks: true,
            stale_after_ms: 30_000,
            silence_ms: 15_000,
            drop_ms: 30_000,
            maker_fee: per_100_000(15),
            taker_fee: per_100_000(45),
            spot_maker_fee: per_100_000(40),
            spot_taker_fee: per_100_000(70),
        }
    }
}

/// So many hundred-thousandths: a tenth of a basis point each.
fn per_100_000(parts: u32) -> Rate {
    #[expect(clippy::expect_used, reason = "a few digits are always a rate")]
    format!("0.{parts:05}").parse().expect("a decimal below one is a rate")
}

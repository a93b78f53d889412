//! What a feed must know: where the venue is, what to listen to, how long silence may last.
//!
//! Times are in milliseconds, as the keys say. Every value has a default, and a key that is not known is an error.

use serde::{Deserialize, Serialize};

/// What Coinbase's feed listens to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoinbaseSettings {
    /// Where definitions come from; `https://host[:port]`, without a path.
    pub rest_url: String,
    /// Where market data comes from; `wss://host[:port]`.
    pub ws_url: String,
    /// The products, by the venue's names, such as `BTC-USD`. One of them is the instrument `BTC-USD.COINBASE`.
    pub products: Vec<String>,
    /// Which events are wanted.
    pub channels: CoinbaseChannels,
    /// What quotes are made of.
    pub quotes_from: QuoteOrigin,
    /// Over which messages the venue counts `sequence_num`.
    pub sequence: SequenceScope,
    /// How long things may take.
    pub timing: Timing,
    /// Listen through the crate `coinbase-advanced` instead of our own session. Quotes then come from `level2`
    /// whatever [`Self::quotes_from`] says, because its ticker leaves the best bid and ask out; frames cannot be
    /// captured, because it hides them; receive times are taken after its parsing.
    pub official_sdk: bool,
}

impl Default for CoinbaseSettings {
    fn default() -> Self {
        Self {
            rest_url: "https://api.coinbase.com".to_owned(),
            ws_url: "wss://advanced-trade-ws.coinbase.com".to_owned(),
            products: Vec::new(),
            channels: CoinbaseChannels::default(),
            quotes_from: QuoteOrigin::Level2,
            sequence: SequenceScope::Connection,
            timing: Timing::default(),
            official_sdk: false,
        }
    }
}

/// Which events of Coinbase's are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoinbaseChannels {
    /// `market.quote`: the best bid and ask.
    pub quotes: bool,
    /// `market.trade`: everybody's trades.
    pub trades: bool,
    /// `market.book`: every level. A snapshot of a busy product has tens of thousands of levels.
    pub books: bool,
}

impl Default for CoinbaseChannels {
    fn default() -> Self {
        Self { quotes: true, trades: true, books: false }
    }
}

/// What Coinbase's quotes are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteOrigin {
    /// The top of `level2`: every change of the best bid and ask, some 20 times a second. The truest there is, at
    /// the cost of receiving the whole book.
    Level2,
    /// `ticker`: the best bid and ask at each match. Little to receive, but between matches the quote is old: what
    /// was quoted or cancelled since the last match does not show.
    Ticker,
}

/// Over which messages Coinbase counts `sequence_num`. Its documentation says the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceScope {
    /// All messages of a connection.
    Connection,
    /// The messages of one channel of a connection.
    Channel,
    /// The number is not looked at. Losses then show only when they cross the book.
    Off,
}

/// What Hyperliquid's feed listens to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HyperliquidSettings {
    /// Where definitions come from; `https://host[:port]`, without a path.
    pub rest_url: String,
    /// Where market data comes from; `wss://host[:port]/ws`.
    pub ws_url: String,
    /// The coins, by the venue's names: `BTC` is a perpetual, `@107` or `PURR/USDC` a spot pair.
    pub coins: Vec<String>,
    /// Which events are wanted.
    pub channels: HyperliquidChannels,
    /// Ask for the books that the venue calls fast. Nothing is said about it when left out.
    pub fast_books: Option<bool>,
    /// How long things may take.
    pub timing: Timing,
    /// How often `{"method":"ping"}` is sent, in milliseconds. The venue drops who is silent for 60 s.
    pub ping_every_ms: u64,
}

impl Default for HyperliquidSettings {
    fn default() -> Self {
        Self {
            rest_url: "https://api.hyperliquid.xyz".to_owned(),
            ws_url: "wss://api.hyperliquid.xyz/ws".to_owned(),
            coins: Vec::new(),
            channels: HyperliquidChannels::default(),
            fast_books: None,
            timing: Timing { silence_ms: 15_000, drop_ms: 30_000, ..Timing::default() },
            ping_every_ms: 30_000,
        }
    }
}

/// Which events of Hyperliquid's are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HyperliquidChannels {
    /// `market.quote`, from `bbo`.
    pub quotes: bool,
    /// `market.trade`, from `trades`.
    pub trades: bool,
    /// `market.book`, from `l2Book`: 20 levels a side, whole each time.
    pub books: bool,
    /// `market.mark`, from `activeAssetCtx`.
    pub marks: bool,
}

impl Default for HyperliquidChannels {
    fn default() -> Self {
        Self { quotes: true, trades: true, books: true, marks: true }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Connecting, in milliseconds, TLS and the handshake included.
    pub connect_ms: u64,
    /// The connection counts as stale when nothing at all came for so long, in milliseconds. Coinbase sends a
    /// heartbeat each second.
    pub silence_ms: u64,
    /// The connection is given up when nothing at all came for so long, in milliseconds.
    pub drop_ms: u64,
    /// An instrument counts as stale when nothing came about it for so long, in milliseconds, while its connection
    /// lives. What trades rarely needs more.
    pub stale_after_ms: u64,
    /// A subscription is asked for again when its first answer did not come for so long, in milliseconds.
    pub answer_ms: u64,
    /// An unchanged quote is said again at most once in so long, in milliseconds, when something else about the
    /// instrument shows that it still stands. 0 says it each time.
    pub requote_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            silence_ms: 5_000,
            drop_ms: 15_000,
            stale_after_ms: 30_000,
            answer_ms: 10_000,
            requote_ms: 1_000,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Nothing to listen to.
    #[error("the feed of {venue} names no {what}; name one at least, or leave the venue out")]
    Nothing {
        /// The venue.
        venue: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// The same thing twice.
    #[error("the feed of {venue} names {symbol} twice; name it once")]
    Twice {
        /// The venue.
        venue: &'static str,
        /// What is named twice.
        symbol: String,
    },
    /// A name that can be no instrument's.
    #[error("the feed of {venue} names '{symbol}', which can be no instrument: {reason}")]
    Symbol {
        /// The venue.
        venue: &'static str,
        /// The name.
        symbol: String,
        /// Why not.
        reason: String,
    },
    /// A time that cannot be kept.
    #[error("{key} of the feed of {venue} is {value}, and must be {rule}")]
    Time {
        /// The venue.
        venue: &'static str,
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What it must be.
        rule: &'static str,
    },
    /// Frames cannot be captured through somebody else's client.
    #[error(
        "the crate coinbase-advanced hides the raw frames and their receive times, so they cannot be captured; \
         switch capture off, or the official SDK"
    )]
    NoFrames,
}

impl CoinbaseSettings {
    /// What quotes are made of, the official SDK's limits considered.
    pub(crate) fn quotes_from(&self) -> QuoteOrigin {
        if self.official_sdk { QuoteOrigin::Level2 } else { self.quotes_from }
    }

    /// Looks for what cannot work.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let CoinbaseChannels { quotes, trades, books } = self.channels;
        check("COINBASE", &self.products, "products", quotes || trades || books)?;
        self.timing.check("COINBASE")
    }
}

impl HyperliquidSettings {
    /// Looks for what cannot work.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let HyperliquidChannels { quotes, trades, books, marks } = self.channels;
        check("HYPERLIQUID", &self.coins, "coins", quotes || trades || books || marks)?;
        let ping = self.ping_every_ms;
        if !(1_000..=50_000).contains(&ping) {
            return Err(SettingsError::Time {
                venue: "HYPERLIQUID",
                key: "ping_every_ms",
                value: ping,
                rule: "from 1000 to 50000, because the venue drops who is silent for 60 s",
            });
        }
        self.timing.check("HYPERLIQUID")
    }
}

fn check(
    venue: &'static str,
    symbols: &[String],
    what: &'static str,
    any_channel: bool,
) -> Result<(), SettingsError> {
    if symbols.is_empty() {
        return Err(SettingsError::Nothing { venue, what });
    }
    if !any_channel {
        return Err(SettingsError::Nothing { venue, what: "channel" });
    }
    for (at, symbol) in symbols.iter().enumerate() {
        if symbols[..at].contains(symbol) {
            return Err(SettingsError::Twice { venue, symbol: symbol.clone() });
        }
        if let Err(fault) = format!("{symbol}.{venue}").parse::<reprise_model::InstrumentId>() {
            return Err(SettingsError::Symbol { venue, symbol: symbol.clone(), reason: fault.to_string() });
        }
    }
    Ok(())
}

impl Timing {
    fn check(&self, venue: &'static str) -> Result<(), SettingsError> {
        let at_least = |key, value, least, rule| match value < least {
            true => Err(SettingsError::Time { venue, key, value, rule }),
            false => Ok(()),
        };
        at_least("connect_ms", self.connect_ms, 1, "1 at least")?;
        at_least("silence_ms", self.silence_ms, 1, "1 at least")?;
        at_least("drop_ms", self.drop_ms, self.silence_ms, "no less than silence_ms")?;
        at_least("stale_after_ms", self.stale_after_ms, 1, "1 at least")?;
        at_least("answer_ms", self.answer_ms, 1, "1 at least")
    }
}

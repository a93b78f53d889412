//! What a feed must know: where the venue is, what to listen to, how long silence may last.
//!
//! Times are in milliseconds, as the keys say. Every value has a default, and a key that is not known is an error.

use std::path::PathBuf;

use reprise_model::Rate;
use reprise_venues::{coinbase, hyperliquid};
use serde::{Deserialize, Serialize};

/// What Coinbase's feed listens to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoinbaseSettings {
    /// Where definitions come from; `https://host[:port]`, with or without `/api/v3/brokerage`.
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
    /// Fee of a fill that gave liquidity, as a fraction of its notional, for the definitions: the venue's lists do not
    /// tell it, and it falls with what the account trades.
    pub maker_fee: Rate,
    /// Fee of a fill that took liquidity, as a fraction of its notional.
    pub taker_fee: Rate,
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
            maker_fee: per_100_000(600),
            taker_fee: per_100_000(1_200),
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
        Self { quotes: true, trades: true, books: true }
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
    /// Fee of a perpetual's fill that gave liquidity, as a fraction of its notional, for the definitions: the venue's
    /// lists do not tell it, and it falls with what the account trades.
    pub maker_fee: Rate,
    /// Fee of a perpetual's fill that took liquidity, as a fraction of its notional.
    pub taker_fee: Rate,
    /// As [`Self::maker_fee`], for spot pairs.
    pub spot_maker_fee: Rate,
    /// As [`Self::taker_fee`], for spot pairs.
    pub spot_taker_fee: Rate,
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
            maker_fee: per_100_000(15),
            taker_fee: per_100_000(45),
            spot_maker_fee: per_100_000(40),
            spot_taker_fee: per_100_000(70),
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
    /// The connection is given up when nothing at all came for so long, in milliseconds. A frame counts when it is
    /// whole, so on a slow line the largest book must fit in here.
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

/// So many hundred-thousandths: a tenth of a basis point each.
fn per_100_000(parts: u32) -> Rate {
    format!("{parts}e-5").parse().unwrap_or(Rate::ZERO)
}

/// Whose market data, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedSettings {
    /// Coinbase's.
    Coinbase(CoinbaseSettings),
    /// Hyperliquid's.
    Hyperliquid(HyperliquidSettings),
}

impl FeedSettings {
    pub(crate) fn timing(&self) -> &Timing {
        match self {
            Self::Coinbase(settings) => &settings.timing,
            Self::Hyperliquid(settings) => &settings.timing,
        }
    }

    /// The venue in instrument names.
    #[must_use]
    pub fn venue(&self) -> &'static str {
        match self {
            Self::Coinbase(_) => coinbase::VENUE,
            Self::Hyperliquid(_) => hyperliquid::VENUE,
        }
    }

    /// Looks for what cannot work.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        match self {
            Self::Coinbase(settings) => settings.check(),
            Self::Hyperliquid(settings) => settings.check(),
        }
    }
}

/// Where raw frames are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureSettings {
    /// The folder, made when it is missing; usually that of the journal.
    pub folder: PathBuf,
    /// A file that has grown to so many bytes is followed by another.
    pub rotate_bytes: u64,
}

impl CaptureSettings {
    /// Files of 256 MiB in a folder.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), rotate_bytes: 256 << 20 }
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
        check(coinbase::VENUE, &self.products, "products", quotes || trades || books)?;
        self.timing.check(coinbase::VENUE)
    }
}

impl HyperliquidSettings {
    /// Looks for what cannot work.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let HyperliquidChannels { quotes, trades, books, marks } = self.channels;
        check(hyperliquid::VENUE, &self.coins, "coins", quotes || trades || books || marks)?;
        let ping = self.ping_every_ms;
        if !(1_000..=50_000).contains(&ping) {
            return Err(SettingsError::Time {
                venue: hyperliquid::VENUE,
                key: "ping_every_ms",
                value: ping,
                rule: "from 1000 to 50000, because the venue drops who is silent for 60 s",
            });
        }
        self.timing.check(hyperliquid::VENUE)
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

//! What the simulator is told when it starts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use reprise_model::{Asset, Cash, InstrumentId};

/// A venue whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Venue {
    /// Coinbase Advanced Trade: spot.
    Coinbase,
    /// Hyperliquid: perpetuals.
    Hyperliquid,
}

impl Venue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Coinbase, Self::Hyperliquid];

    /// Its place in a table of venues.
    #[must_use]
    pub const fn at(self) -> usize {
        match self {
            Self::Coinbase => 0,
            Self::Hyperliquid => 1,
        }
    }

    /// Its name in a script of faults.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coinbase => "coinbase",
            Self::Hyperliquid => "hyperliquid",
        }
    }
}

impl std::fmt::Display for Venue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which network of Hyperliquid is imitated; it decides the source that signatures must name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// Source `a`.
    #[default]
    Mainnet,
    /// Source `b`.
    Testnet,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mainnet" => Ok(Self::Mainnet),
            "testnet" => Ok(Self::Testnet),
            _ => Err(format!("'{text}' is no network; write mainnet or testnet")),
        }
    }
}

/// How many times as fast as it was recorded the recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// As fast as it was recorded.
    pub const REAL: Self = Self(1.0);

    /// The factor.
    #[must_use]
    pub const fn factor(self) -> f64 {
        self.0
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::REAL
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && (0.001..=1_000_000.0).contains(&factor) => Ok(Self(factor)),
            _ => Err(format!("'{text}' is no speed; write a factor from 0.001 to 1000000, such as 10")),
        }
    }
}

/// `BTCUSDT.BINANCE=BTC-USD`: under which name an instrument of the recording is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRule {
    /// The recording's instrument.
    pub from: InstrumentId,
    /// Coinbase's product, `BTC-USD`; at Hyperliquid its base is the coin.
    pub to: String,
}

impl FromStr for MapRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no mapping; write INSTRUMENT=PRODUCT, such as BTCUSDT.BINANCE=BTC-USD");
        let (from, to) = text.split_once('=').ok_or_else(wrong)?;
        let is_product =
            to.split_once('-').is_some_and(|(base, quote)| !base.is_empty() && !quote.is_empty());
        if !is_product {
            return Err(wrong());
        }
        Ok(Self { from: from.parse().map_err(|error| format!("{error}"))?, to: to.to_owned() })
    }
}

/// `NAME=FILE`: the public key by which an API key's signatures are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinbaseKey {
    /// The API key's name, `organizations/…/apiKeys/…`.
    pub name: String,
    /// A PEM file with its public key.
    pub public_pem: PathBuf,
}

impl FromStr for CoinbaseKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                Ok(Self { name: name.to_owned(), public_pem: path.into() })
            }
            _ => Err(format!("'{text}' is no key; write NAME=FILE with the PEM file of its public key")),
        }
    }
}

/// A listener that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Where it listens.
    pub address: SocketAddr,
    /// A PEM file with the certificate chain.
    pub cert: PathBuf,
    /// A PEM file with the private key.
    pub key: PathBuf,
}

/// Everything the simulator can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The recording: a run's folder or one of its segments.
    pub run: PathBuf,
    /// Where Coinbase is served; port 0 takes a free one.
    pub coinbase: Option<SocketAddr>,
    /// Where Coinbase is served over TLS.
    pub coinbase_tls: Option<TlsSettings>,
    /// Where Hyperliquid is served.
    pub hyperliquid: Option<SocketAddr>,
    /// Which network of Hyperliquid is imitated.
    pub network: Network,
    /// How fast the recording is played.
    pub speed: Speed,
    /// Whether the recording begins again at its end.
    pub looped: bool,
    /// A script of faults.
    pub faults: Option<PathBuf>,
    /// What every account starts with.
    pub balances: BTreeMap<Asset, Cash>,
    /// API keys whose signatures are checked.
    pub coinbase_keys: Vec<CoinbaseKey>,
    /// Names for the recording's instruments.
    pub maps: Vec<MapRule>,
}

impl Settings {
    /// A recording at its own speed, once, with no venue yet and the usual balances.
    #[must_use]
    pub fn new(run: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            coinbase: None,
            coinbase_tls: None,
            hyperliquid: None,
            network: Network::Mainnet,
            speed: Speed::REAL,
            looped: false,
            faults: None,
            balances: Self::usual_balances(),
            coinbase_keys: Vec::new(),
            maps: Vec::new(),
        }
    }

    /// 100,000 USD and USDC, 10 BTC, 100 ETH.
    #[must_use]
    pub fn usual_balances() -> BTreeMap<Asset, Cash> {
        [("USD", 100_000), ("USDC", 100_000), ("BTC", 10), ("ETH", 100)]
            .into_iter()
            .filter_map(|(asset, amount)| Some((asset.parse().ok()?, Cash::from_int(amount).ok()?)))
            .collect()
    }
}

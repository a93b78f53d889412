//! The feeds of a live run: from the configuration to threads that bring market events in.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use reprise_assembly::{CoinbaseConfig, Config, HyperliquidConfig, QuotesFrom, SequenceScope};
use reprise_feeds::{
    CaptureSettings, Clock, Closed, CoinbaseChannels, CoinbaseSettings, Feed, FeedHandle, FeedSettings,
    HyperliquidChannels, HyperliquidSettings, Outlet, QuoteOrigin, Timing,
};
use reprise_model::{Input, Ts};
use reprise_runtime::{Engine, Intake};

/// The folder beside the journal for frames as they came.
const FRAMES: &str = "frames";

/// Starts a feed for every venue of which something is wanted.
pub fn start(engine: &Engine, dir: &Path, config: &Config) -> Result<Vec<FeedHandle>> {
    let clock = engine.clock();
    let now: Clock = Arc::new(move || clock.now());
    let capture = config.runtime.capture.then(|| CaptureSettings::in_folder(dir.join(FRAMES)));
    let start = |settings: FeedSettings| {
        let venue = settings.venue();
        Feed::spawn(settings, Box::new(IntoEngine(engine.intake())), capture.clone(), Arc::clone(&now))
            .with_context(|| format!("the feed of {venue} cannot be started"))
    };
    settings_of(config).into_iter().map(start).collect()
}

/// The settings of every feed that is wanted.
pub fn settings_of(config: &Config) -> Vec<FeedSettings> {
    let mut wanted = Vec::new();
    if !config.venues.coinbase.products.is_empty() {
        wanted.push(FeedSettings::Coinbase(coinbase(&config.venues.coinbase)));
    }
    if !config.venues.hyperliquid.coins.is_empty() {
        wanted.push(FeedSettings::Hyperliquid(hyperliquid(&config.venues.hyperliquid)));
    }
    wanted
}

fn coinbase(config: &CoinbaseConfig) -> CoinbaseSettings {
    CoinbaseSettings {
        rest_url: config.rest_url.clone(),
        ws_url: config.ws_url.clone(),
        products: config.products.clone(),
        channels: CoinbaseChannels { quotes: true, trades: config.trades, books: config.books },
        quotes_from: match config.quotes_from {
            QuotesFrom::Level2 => QuoteOrigin::Level2,
            QuotesFrom::Ticker => QuoteOrigin::Ticker,
        },
        sequence: match config.sequence {
            SequenceScope::Connection => reprise_feeds::SequenceScope::Connection,
            SequenceScope::Channel => reprise_feeds::SequenceScope::Channel,
            SequenceScope::Off => reprise_feeds::SequenceScope::Off,
        },
        timing: timing(config.silence_ms, config.drop_ms, config.stale_after_ms),
        maker_fee: config.maker_fee,
        taker_fee: config.taker_fee,
        official_sdk: config.official_sdk,
    }
}

fn hyperliquid(config: &HyperliquidConfig) -> HyperliquidSettings {
    HyperliquidSettings {
        rest_url: config.rest_url.clone(),
        ws_url: config.ws_url.clone(),
        coins: config.coins.clone(),
        channels: HyperliquidChannels {
            quotes: true,
            trades: config.trades,
            books: config.books,
            marks: config.marks,
        },
        timing: timing(config.silence_ms, config.drop_ms, config.stale_after_ms),
        maker_fee: config.maker_fee,
        taker_fee: config.taker_fee,
        spot_maker_fee: config.spot_maker_fee,
        spot_taker_fee: config.spot_taker_fee,
        ..HyperliquidSettings::default()
    }
}

fn timing(silence_ms: u64, drop_ms: u64, stale_after_ms: u64) -> Timing {
    Timing { silence_ms, drop_ms, stale_after_ms, ..Timing::default() }
}

/// The engine's intake, as a feed sees it.
struct IntoEngine(Intake);

impl Outlet for IntoEngine {
    fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed> {
        self.0.take(received, input).map_err(|reprise_runtime::Closed| Closed)
    }

    fn flush(&mut self) -> Result<(), Closed> {
        self.0.flush().map_err(|reprise_runtime::Closed| Closed)
    }

    fn is_waiting(&self) -> bool {
        self.0.is_waiting()
    }
}

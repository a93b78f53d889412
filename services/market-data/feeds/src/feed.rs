//! Starting a feed on a thread of its own, and what its owner holds of it.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use reprise_model::Ts;
use tokio::sync::Notify;

use crate::capture::{Capture, CaptureError};
use crate::counters::Counters;
use crate::official::Official;
use crate::outlet::Outlet;
use crate::settings::{CaptureSettings, CoinbaseSettings, FeedSettings, HyperliquidSettings, SettingsError};
use crate::transport::Socket;
use crate::worker::Worker;

/// Tells the time: Unix nanoseconds of a clock that the caller trusts.
pub type Clock = Arc<dyn Fn() -> Ts + Send + Sync>;

/// Why a feed does not run.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its capture.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The system gives it no thread or no sockets.
    #[error("the feed of {venue} cannot be started: {source}")]
    Start {
        /// The venue.
        venue: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// It broke.
    #[error("the feed of {venue} ended by a fault of its own; its log says more")]
    Broken {
        /// The venue.
        venue: &'static str,
    },
}

/// Live market data of one venue.
#[derive(Debug)]
pub struct Feed;

impl Feed {
    /// Starts a feed on a thread of its own. It ends when it is stopped or its outlet is closed, and for no other
    /// reason: without a network it says so and waits.
    ///
    /// # Errors
    /// When the settings cannot be used, or no file or thread can be had.
    pub fn spawn(
        settings: FeedSettings,
        outlet: Box<dyn Outlet>,
        capture: Option<CaptureSettings>,
        now: Clock,
    ) -> Result<FeedHandle, FeedError> {
        settings.check()?;
        // Without one provider of cryptography chosen the first connection would panic; whoever chose before, wins.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let venue = settings.venue();
        let is_official = matches!(&settings, FeedSettings::Coinbase(coinbase) if coinbase.official_sdk);
        if is_official && capture.is_some() {
            return Err(SettingsError::NoFrames.into());
        }
        let capture = capture.map(|capture| Capture::open(capture, venue)).transpose()?;
        let start = |source| FeedError::Start { venue, source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let (stop, counters) = (Arc::new(Notify::new()), Arc::new(Counters::default()));
        let worker = Worker::new(settings.clone(), outlet, capture, now, Arc::clone(&counters));
        let stopped = Arc::clone(&stop);
        let run = move || match settings {
            FeedSettings::Coinbase(coinbase) if coinbase.official_sdk => {
                runtime.block_on(worker.run(Official { url: coinbase.ws_url }, &stopped));
            }
            FeedSettings::Coinbase(CoinbaseSettings { ws_url: url, .. })
            | FeedSettings::Hyperliquid(HyperliquidSettings { ws_url: url, .. }) => {
                runtime.block_on(worker.run(Socket { url }, &stopped));
            }
        };
        let name = format!("feed-{}", venue.to_lowercase());
        let thread = thread::Builder::new().name(name).spawn(run).map_err(start)?;
        Ok(FeedHandle { venue, stop, thread: Some(thread), counters })
    }
}

/// A feed that runs. Dropping it stops the feed without waiting for its end.
#[derive(Debug)]
pub struct FeedHandle {
    venue: &'static str,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl FeedHandle {
    /// The venue in instrument names.
    #[must_use]
    pub fn venue(&self) -> &'static str {
        self.venue
    }

    /// Asks the feed to end: it says that it is down and closes its connection. Returns at once.
    pub fn stop(&self) {
        self.stop.notify_one();
    }

    /// Waits for the feed's end.
    ///
    /// # Errors
    /// When it broke.
    pub fn join(mut self) -> Result<(), FeedError> {
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        ended.map_err(|_| FeedError::Broken { venue: self.venue })
    }

    /// What the feed counted.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }
}

impl Drop for FeedHandle {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

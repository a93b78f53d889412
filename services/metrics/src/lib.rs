//! A run watched from outside: metrics for Prometheus, traces of orders for an OpenTelemetry collector.
//!
//! [`serve`] begins both beside an engine. They see what the journal has (a subscription), numbers that the engine
//! and its feeds keep anyway, and a look at the state once a second. Whatever becomes of them, the engine does not
//! wait: a subscriber that does not keep up loses events, which are counted, and the numbers of the market are never
//! subscribed to. Every metric there is stands in [`TABLE`].

mod channels;
mod collector;
mod error;
mod feeds;
mod happened;
mod http;
mod look;
mod process;
mod sheet;
mod table;
mod traces;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reprise_runtime::{Engine, Interest};

pub use channels::{ChannelCounts, ChannelSource};
pub use error::MetricsError;
pub use feeds::{FeedCounts, FeedSource};
pub use table::{Row, TABLE, Type};

use collector::Collector;
use http::Server;
use sheet::Sheet;
use traces::Exporter;

/// Events that may wait for each of the two.
const WAITING: usize = 65_536;

/// How a run is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The run's name.
    pub run: String,
    /// Where metrics are served; nowhere when not set.
    pub listen: Option<SocketAddr>,
    /// The collector that spans are sent to; none when not set.
    pub otlp_url: Option<String>,
    /// How often the engine is looked at.
    pub every: Duration,
}

impl Settings {
    /// A run that is looked at once a second, and watched by nobody yet.
    #[must_use]
    pub fn of(run: &str) -> Self {
        Self { run: run.to_owned(), listen: None, otlp_url: None, every: Duration::from_secs(1) }
    }
}

/// What watches a run. It ends when the engine has ended.
#[derive(Debug)]
pub struct Running {
    address: Option<SocketAddr>,
    threads: Vec<JoinHandle<()>>,
    server: Option<Server>,
}

impl Running {
    /// Where metrics are served.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The engine has ended: waits until what it left is shown and sent, at most some seconds.
    pub fn finish(self) {
        for thread in self.threads {
            // Whoever watches and broke changes nothing about the run.
            let _ = thread.join();
        }
        drop(self.server);
    }
}

/// Begins to watch an engine, its feeds and, where alerts are told, their channels.
///
/// # Errors
/// When the address cannot be listened on, or a thread cannot be made.
pub fn serve(
    engine: &mut Engine,
    feeds: Vec<FeedSource>,
    channels: Option<ChannelSource>,
    settings: &Settings,
) -> Result<Running, MetricsError> {
    let mut running = Running { address: None, threads: Vec::new(), server: None };
    let mut spans = None;
    if let Some(otlp_url) = &settings.otlp_url {
        let events = engine.subscribe(Interest::Decisions, WAITING);
        let exporter = Exporter::new(otlp_url, &settings.run, events)?;
        spans = Some(exporter.counts());
        running.threads.push(spawn("traces", move || exporter.run())?);
        tracing::info!(url = traces::endpoint(otlp_url), "spans of orders are sent");
    }
    let Some(listen) = settings.listen else { return Ok(running) };
    let (listener, address) = http::listen(listen)?;
    let sheet = Arc::new(Sheet::new()?);
    let collector = Collector {
        run: settings.run.clone(),
        every: settings.every,
        controller: engine.controller(),
        gauges: engine.gauges(),
        intake: engine.intake().counts(),
        events: engine.subscribe(Interest::Decisions, WAITING),
        feeds,
        channels,
        spans,
        sheet: Arc::clone(&sheet),
        stages: None,
    };
    running.threads.push(spawn("metrics", move || collector.run())?);
    running.server = Some(http::serve(listener, sheet)?);
    running.address = Some(address);
    tracing::info!(url = format!("http://{address}/metrics"), "metrics are served");
    Ok(running)
}

fn spawn(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, MetricsError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|source| MetricsError::Thread { what: name, source })
}

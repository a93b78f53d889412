//! Metrics and traces of a live run: from the configuration to what watches the engine and its feeds.

use std::path::Path;

use anyhow::Result;
use reprise_alert_delivery::DeliveryCounts;
use reprise_assembly::Config;
use reprise_feeds::FeedHandle;
use reprise_metrics::{ChannelCounts, ChannelSource, FeedCounts, FeedSource, Running, Settings, serve};
use reprise_runtime::Engine;

/// Begins to watch, as far as it is configured.
pub fn start(
    engine: &mut Engine,
    feeds: &[FeedHandle],
    delivery: Option<DeliveryCounts>,
    dir: &Path,
    config: &Config,
) -> Result<Running> {
    let run = std::path::absolute(dir)?;
    let run = run.file_name().unwrap_or(dir.as_os_str()).to_string_lossy();
    let settings = Settings {
        listen: config.metrics.listen,
        otlp_url: config.traces.otlp_url.clone(),
        ..Settings::of(&run)
    };
    Ok(serve(engine, feeds.iter().map(source).collect(), delivery.map(channels), &settings)?)
}

fn channels(delivery: DeliveryCounts) -> ChannelSource {
    ChannelSource::new(move || {
        let counts = delivery.read().into_iter();
        let shown = counts.map(|counts| ChannelCounts {
            channel: counts.channel.to_string(),
            delivered: counts.delivered,
            given_up: counts.given_up,
            failed_attempts: counts.failed_attempts,
            waiting: counts.waiting,
        });
        shown.collect()
    })
}

fn source(feed: &FeedHandle) -> FeedSource {
    let counters = feed.counters();
    FeedSource::new(feed.venue(), move || {
        let counts = counters.read();
        FeedCounts {
            frames: counts.frames,
            bytes: counts.bytes,
            events: counts.events,
            gaps: counts.gaps,
            reconnects: counts.reconnects,
            duplicates: counts.duplicates,
            malformed: counts.malformed,
            unknown: counts.unknown,
            refusals: counts.refusals,
        }
    })
}

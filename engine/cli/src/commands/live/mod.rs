//! A live run on its way: feeds, signals, what is told meanwhile, and its end.

mod alerts;
mod console;
mod feeds;
mod metrics;
mod status;
#[cfg(target_os = "linux")]
mod supervised;

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use reprise_alert_delivery::Delivery;
use reprise_assembly::Config;
use reprise_runtime::{Controller, Engine, Summary};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::LiveArgs;
use crate::exit;

pub use alerts::channels_of;
pub use feeds::settings_of;
pub use status::print_summary;

/// Runs an engine to its end, with its feeds.
pub fn run(mut engine: Engine, dir: &Path, config: &Config, live: &LiveArgs) -> Result<Summary> {
    // Two providers of cryptography would make the first connection fail; there is one, and it is chosen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    obey_signals(engine.controller())?;
    if let Some(duration) = live.duration {
        end_after(duration, engine.controller())?;
    }
    let status = status::tell(&mut engine, config.runtime.status_s, live.json)?;
    let alerts = alerts::start(&mut engine, dir, config)?;
    let told = alerts.as_ref().map(Delivery::counts);
    let console = console::start(&mut engine, dir, config)?;
    let feeds = feeds::start(&engine, dir, config)?;
    let metrics = metrics::start(&mut engine, &feeds, told, dir, config)?;
    #[cfg(target_os = "linux")]
    let supervised = supervised::Supervised::start(engine.controller())?;
    let ended = engine.run();
    #[cfg(target_os = "linux")]
    if let Some(supervised) = supervised {
        supervised.finish();
    }
    for feed in &feeds {
        feed.stop();
    }
    for feed in feeds {
        let venue = feed.venue();
        if let Err(error) = feed.join() {
            tracing::warn!(venue, %error, "the feed ended badly");
        }
    }
    status.finish();
    metrics.finish();
    if let Some(alerts) = alerts {
        let halted = ended.as_ref().err().map(ToString::to_string);
        alerts.finish(halted.as_deref());
    }
    if let Some(console) = console {
        console.finish();
    }
    let summary = ended?;
    if live.json {
        status::print_summary_json(&summary)?;
    }
    Ok(summary)
}

/// The first SIGINT or SIGTERM ends the run in order; the second ends the process where it stands.
fn obey_signals(controller: Controller) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be listened to")?;
    let listen = move || {
        for (at, signal) in signals.forever().enumerate() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if at > 0 || !controller.stop(name) {
                // The journal recovers from any place; whoever asks twice does not want to wait.
                std::process::exit(i32::from(exit::ERROR));
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).context("no thread for signals")?;
    Ok(())
}

fn end_after(duration: Duration, controller: Controller) -> Result<()> {
    let wait = move || {
        thread::sleep(duration);
        controller.stop("its time is over");
    };
    thread::Builder::new()
        .name("duration".to_owned())
        .spawn(wait)
        .context("no thread for the run's duration")?;
    Ok(())
}

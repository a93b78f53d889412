//! Logs: on stderr, for people or as JSON lines. REPRISE_LOG says how much, such as `debug` or `reprise_feeds=debug`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// The variable that says how much is logged.
const VARIABLE: &str = "REPRISE_LOG";

/// Begins to log. Called once, by commands that run for long.
pub fn begin(format: LogFormat) {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::INFO.into())
        .with_env_var(VARIABLE)
        .from_env_lossy();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever calls twice logs as at first.
    let _ = match format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

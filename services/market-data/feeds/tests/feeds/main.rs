//! Feeds from the outside: their sessions as tables and properties, their shells against loopback servers.
#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod coinbase;
mod consumer;
mod hyperliquid;
mod life;
mod properties;
mod recordings;
mod server;
mod shell;
mod simulator;
mod support;

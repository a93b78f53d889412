//! The simulator as clients meet it: over loopback sockets, against recordings of a few lines.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod coinbase;
mod exchange;
mod faults;
mod hyperliquid;
mod recording;

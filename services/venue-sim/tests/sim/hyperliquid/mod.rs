//! Hyperliquid's protocol as a client meets it.

mod exchange;
mod info;
mod socket;
mod support;

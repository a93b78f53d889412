//! The control API and the console, over a live engine with synthetic markets.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod alerts;
mod browser;
mod commands;
mod devtools;
mod document;
mod finished;
mod fuzz;
mod guarded;
mod kit;
mod listening;
mod secrets;

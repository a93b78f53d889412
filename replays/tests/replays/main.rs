//! Backtest and verification against golden journals, forgeries, naive bookkeeping and chance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first failure")]

mod cases;
mod coverage;
mod epochs;
mod forging;
mod golden;
mod halting;
mod journals;
mod memory;
mod random;
mod saving;
mod scripted;
mod tape;
mod twin;
mod verdicts;

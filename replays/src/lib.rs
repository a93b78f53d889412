//! What a journal proves: backtests, verification, reports.
//!
//! Everything here replays inputs through the core that [`reprise_assembly::assemble`] puts together, the same
//! one that trades. This room knows no gateway, so a replay cannot reach a venue.

mod backtest;
mod difference;
mod error;
mod inputs;
mod recorded;
mod report;
mod tally;
mod verify;

pub use backtest::{Backtest, BacktestOptions};
pub use difference::Difference;
pub use error::ReplayError;
pub use inputs::{Inputs, Selection};
pub use report::{BalanceReport, BandsReport, InstrumentReport, PositionReport, Report};
pub use tally::{InstrumentTally, Tally};
pub use verify::{Verdict, VerifyOptions, verify};

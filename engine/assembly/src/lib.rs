//! Configuration, in two stages (what was said, what it means), and the one way to put a core together.
//!
//! Live, paper, backtest, verification and simulation all call [`assemble`]; what differs between them is where
//! inputs come from and where outcomes go, never what decides.

mod amendments;
mod assemble;
mod check;
mod config;
mod error;
mod layers;
mod meaning;
mod places;

pub use amendments::Amendments;
pub use assemble::assemble;
pub use config::{AccountConfig, Config, EngineConfig, InstrumentConfig, JournalConfig, StrategyConfig};
pub use error::ConfigError;
pub use layers::{ENVIRONMENT_PREFIX, Layers, Origin};
pub use meaning::{decide_alike, from_recorded, interpret, nearest, shown, table_of, to_recorded};
pub use reprise_strategies::Registry;

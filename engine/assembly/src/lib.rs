//! Configuration, in two stages (what was said, what it means), and the one way to put a core together.
//!
//! Live, paper, backtest, verification and simulation all call [`assemble`]; what differs between them is where
//! inputs come from and where outcomes go, never what decides.

mod alerts;
mod amendments;
mod assemble;
mod check;
mod config;
mod control;
mod error;
mod layers;
mod meaning;
mod places;
mod running;
mod venues;
mod watching;

pub use alerts::{
    AlertDeliveryConfig, AlertsConfig, LoopbackUrl, ProcessAlertsConfig, SlackConfig, TeamsConfig,
};
pub use amendments::Amendments;
pub use assemble::assemble;
pub use config::{AccountConfig, Config, EngineConfig, InstrumentConfig, JournalConfig, StrategyConfig};
pub use control::{CONTROL_LISTEN, ControlConfig};
pub use error::ConfigError;
pub use layers::{ENVIRONMENT_PREFIX, Layers, Origin};
pub use meaning::{from_recorded, interpret, nearest, shown, table_of, to_recorded, to_toml};
pub use reprise_alerts::{RuleKind, RuleSettings};
pub use reprise_strategies::Registry;
pub use running::{Durability, OnShutdown, RuntimeConfig, Wait};
pub use venues::{CoinbaseConfig, HyperliquidConfig, Network, QuotesFrom, SequenceScope, VenuesConfig};
pub use watching::{MetricsConfig, TracesConfig};

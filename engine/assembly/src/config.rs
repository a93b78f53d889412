//! What a configuration means: typed, with every default written out.

use std::collections::BTreeMap;

use reprise_execution::{OrderManagerSettings, PaperSettings};
use reprise_model::{Asset, Cash, Instrument, InstrumentId, Price, Qty, Rate, StrategyId};
use reprise_risk::RiskSettings;
use serde::{Deserialize, Serialize};

use crate::alerts::AlertsConfig;
use crate::control::ControlConfig;
use crate::running::{Durability, RuntimeConfig};
use crate::venues::VenuesConfig;
use crate::watching::{MetricsConfig, TracesConfig};

/// The whole effective configuration; what `run.started` records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account and how it is valued.
    pub account: AccountConfig,
    /// The core.
    pub engine: EngineConfig,
    /// The journal that the run writes.
    pub journal: JournalConfig,
    /// The order manager.
    pub orders: OrderManagerSettings,
    /// The paper venue.
    pub paper: PaperSettings,
    /// Bands, limits, kill switch.
    pub risk: RiskSettings,
    /// Instruments whose definitions are to be amended.
    pub instruments: BTreeMap<InstrumentId, InstrumentConfig>,
    /// The live loop.
    pub runtime: RuntimeConfig,
    /// The control API and the console.
    pub control: ControlConfig,
    /// The venues.
    pub venues: VenuesConfig,
    /// Metrics for Prometheus.
    pub metrics: MetricsConfig,
    /// Traces of orders.
    pub traces: TracesConfig,
    /// Alerts.
    pub alerts: AlertsConfig,
    /// The strategies that run side by side.
    pub strategy: Vec<StrategyConfig>,
}

impl Config {
    /// The part of it that decides: without where the venues are, how the journal and the loop work, who watches
    /// and commands, and where alerts are told.
    #[must_use]
    pub fn deciding(&self) -> Self {
        let (journal, runtime, control, venues, metrics, traces) = Default::default();
        Self {
            journal,
            runtime,
            control,
            venues,
            metrics,
            traces,
            alerts: self.alerts.deciding(),
            ..self.clone()
        }
    }

    /// True when every decision is the same under both.
    #[must_use]
    pub fn decides_as(&self, other: &Self) -> bool {
        self.deciding() == other.deciding()
    }
}

/// The account and how it is valued.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// The asset in which equity and profit are reported; the first instrument's quote asset when not set.
    pub reporting_asset: Option<Asset>,
    /// Balances at the start, by asset, in units of the asset.
    pub balances: BTreeMap<Asset, Cash>,
    /// The balance of every quote asset that has none of its own in `balances`.
    pub default_quote_balance: Option<Cash>,
    /// Whether more of a spot asset may be sold than is owned.
    pub allow_short: bool,
    /// Fixed rates of exchange into the reporting asset, by asset.
    pub pegs: BTreeMap<Asset, Rate>,
    /// Instruments whose price converts an asset into the reporting asset, by asset.
    pub conversions: BTreeMap<Asset, InstrumentId>,
}

/// The core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// A checkpoint is written after every so many inputs; 0 for none but the last.
    pub checkpoint_every: u64,
    /// The most outcomes one input may lead to before the engine halts.
    pub cascade_limit: usize,
    /// Bands and account values are journaled at most once in this interval of event time, in milliseconds.
    pub line_interval_ms: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { checkpoint_every: 10_000, cascade_limit: 100_000, line_interval_ms: 1_000 }
    }
}

/// The journal that the run writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// A segment is closed when it has grown to so many mebibytes.
    pub segment_mib: u64,
    /// When a live run's journal is synced; `orders` for live trading and `none` on paper when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durability: Option<Durability>,
    /// Market events are on disk after so long at most, in milliseconds.
    pub sync_ms: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self { segment_mib: 1024, durability: None, sync_ms: 5 }
    }
}

/// Amendments of an instrument's definition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstrumentConfig {
    /// Prices are multiples of this, in quote units.
    pub tick: Option<Price>,
    /// A price that is not an integer has at most this many significant digits.
    pub significant_digits: Option<u32>,
    /// Quantities are multiples of this, in base units.
    pub lot: Option<Qty>,
    /// The least value of an order, in quote units.
    pub min_notional: Option<Cash>,
    /// Fee of a fill that gave liquidity, as a fraction of its notional.
    pub maker_fee: Option<Rate>,
    /// Fee of a fill that took liquidity, as a fraction of its notional.
    pub taker_fee: Option<Rate>,
    /// Perpetuals: the highest leverage.
    pub max_leverage: Option<Rate>,
    /// Perpetuals: the fraction of notional below which the venue liquidates.
    pub maintenance_margin: Option<Rate>,
}

impl InstrumentConfig {
    /// Amends a definition.
    pub fn amend(&self, instrument: &mut Instrument) {
        instrument.tick = self.tick.unwrap_or(instrument.tick);
        instrument.lot = self.lot.unwrap_or(instrument.lot);
        instrument.min_notional = self.min_notional.unwrap_or(instrument.min_notional);
        instrument.maker_fee = self.maker_fee.unwrap_or(instrument.maker_fee);
        instrument.taker_fee = self.taker_fee.unwrap_or(instrument.taker_fee);
        instrument.significant_digits = self.significant_digits.or(instrument.significant_digits);
        instrument.max_leverage = self.max_leverage.or(instrument.max_leverage);
        instrument.maintenance_margin = self.maintenance_margin.or(instrument.maintenance_margin);
    }
}

/// One strategy instance: `[[strategy]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyConfig {
    /// The instance's name; its kind when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<StrategyId>,
    /// What it is: `ema-cross`, `mean-reversion`, `market-maker`, `twap`, or a registered one.
    pub kind: String,
    /// What it trades; everything when empty.
    #[serde(default)]
    pub instruments: Vec<InstrumentId>,
    /// Its parameters.
    #[serde(flatten)]
    pub params: serde_json::Map<String, serde_json::Value>,
}

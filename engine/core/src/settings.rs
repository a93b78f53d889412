//! What the core must know before the first event.

use std::collections::BTreeMap;

use reprise_model::{Asset, Cash, InstrumentId, Rate};

/// Settings of the core itself; services bring their own.
#[derive(Debug, Clone)]
pub struct CoreSettings {
    /// The epoch in order ids: 0 offline.
    pub epoch: u32,
    /// A checkpoint is written after every so many inputs; 0 for none but the last.
    pub checkpoint_every: u64,
    /// The most outcomes one event may lead to before the engine halts: an input, or the timers of one moment
    /// (so a gap in the recording may fire any number of timers, each moment within the bound).
    pub cascade_limit: usize,
    /// Account values are journaled at most once in this interval of event time, in nanoseconds.
    pub line_interval_ns: u64,
    /// When the trading day begins, nanoseconds after midnight UTC.
    pub day_reset_ns: u64,
    /// The account.
    pub account: AccountSettings,
}

impl Default for CoreSettings {
    fn default() -> Self {
        Self {
            epoch: 0,
            checkpoint_every: 10_000,
            cascade_limit: 100_000,
            line_interval_ns: 1_000_000_000,
            day_reset_ns: 0,
            account: AccountSettings::default(),
        }
    }
}

/// What the account starts with and how it is valued.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// The asset in which equity and profit are reported; the first instrument's quote asset when not set.
    pub reporting: Option<Asset>,
    /// Balances at the start, by asset.
    pub balances: BTreeMap<Asset, Cash>,
    /// The balance of every quote asset that has none of its own in `balances`.
    pub default_quote_balance: Option<Cash>,
    /// Fixed rates of exchange into the reporting asset, by asset.
    pub pegs: BTreeMap<Asset, Rate>,
    /// Instruments whose mid converts their base asset into the reporting asset.
    pub conversions: BTreeMap<Asset, InstrumentId>,
}

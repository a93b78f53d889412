//! Risk: volatility bands, limits, and the kill switch. Pure: no clock, no I/O, no chance.
//!
//! [`BandsService`] follows quotes and shows bands on the board; it stands before the strategies, which may read
//! them. [`RiskService`] is the gate behind them: it judges every order, watches every event, and holds the kill
//! switch. [`RiskSettings`] is what both are told; everything in it is off until it is set.
//!
//! # How an order is judged
//!
//! One table of checks in a fixed order; the first that fails refuses, with its number, what it measured and
//! what it allows. [`RiskService::explain`] runs the same table to its end and tells every number. What a check
//! needs and does not find (a price, a rate of exchange, warm bands, a venue's clock) refuses; so does a number
//! beyond the range of exact numbers. Without any setting an order still needs proper terms, the instrument's
//! price rule, lot and minimum value, a market that is not crossed or one-sided, a feed that is not known to be
//! down, and funds; a reduce-only order needs something to reduce.
//!
//! *At their worst.* A position is measured as if everything that is open on the order's side were filled:
//! orders on their way, orders whose cancel or replacement is on its way (at the larger of both quantities),
//! orders whose fate is unknown, and reduce-only orders too, because they may fill first and leave the whole of
//! the others to turn the position. Of the reduce-only exits of a pair only the larger counts.
//!
//! *Exits are never trapped.* An order is an exit when it runs against the account's net position and against
//! the asking strategy's own, and is not larger than either less what is open on its side already: then no order
//! of fills can turn a position by it. Exits pass the checks of market data, feed, bands, size, exposure, traffic,
//! losses, lists and pauses; they are held to `stale_exit_collar` around the last good mark, on their worse side.
//! What remains is what no venue would take: terms, rules, funds, trading with oneself, and a halt. Cancels
//! never come here, and an order that only gets smaller is exempt as exits are.
//!
//! *Reduce-only* is true to the strategy's own position: the order and the strategy's other reduce-only orders on
//! its side, a pair counted once, are not larger than it.
//!
//! *Losses.* Equity is opening balances + realised + unrealised − fees + funding in the reporting asset, marked
//! at the mid (perpetuals at their mark). A limit is reached when the loss is as large as the limit.
//!
//! # The kill switch
//!
//! Active, reduce-only, halted; tripped by a watched limit (`on_loss`) or an operator, and released by an
//! operator with a reason alone. See the module `kill` for what it cancels, flattens and repeats. Releasing it
//! while a watched limit is still reached lets it trip again at the next tick of what is owned.
//!
//! # Formulas and their sources
//!
//! Bollinger's bands, RiskMetrics' exponential weights and Wilder's average true range are given with their
//! sources in the modules `bands::deviation`, `bands::ewma` and `bands::atr`; holds and margins in
//! `checks::funds`.

mod bands;
mod case;
mod checks;
mod finding;
mod kill;
mod pace;
mod quiet;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod usage;
mod watch;

pub use bands::BandsService;
pub use reprise_model::TimeOfDay;
pub use service::{CheckReport, RiskService};
pub use settings::{
    BandKind, BandSettings, CollarSides, Combine, Limits, OnLoss, RiskSettings, SettingsError,
};
pub use usage::LimitUsage;

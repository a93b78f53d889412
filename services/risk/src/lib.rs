//! Risk: volatility bands, limits, and the kill switch. Pure.

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
mod time_of_day;
mod watch;

pub use bands::BandsService;
pub use service::{CheckReport, RiskService};
pub use settings::{
    BandKind, BandSettings, CollarSides, Combine, Limits, OnLoss, RiskSettings, SettingsError,
};
pub use time_of_day::TimeOfDay;

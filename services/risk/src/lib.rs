//! Risk: volatility bands, limits, and the kill switch. Pure.

mod bands;
mod case;
mod checks;
mod finding;
mod kill;
mod pace;
mod service;
mod settings;
mod watch;

pub use bands::BandsService;
pub use service::{CheckReport, RiskService};
pub use settings::{
    BandKind, BandSettings, CollarSides, Combine, Limits, OnLoss, RiskSettings, SettingsError,
};

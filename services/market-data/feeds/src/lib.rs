//! Live market data: sessions with the venues, one module a venue.

mod dialect;
mod outlet;
mod session;
mod settings;

pub use outlet::{Closed, Outlet};
pub use session::{Action, Counts, Listing, Session, Told};
pub use settings::{
    CoinbaseChannels, CoinbaseSettings, HyperliquidChannels, HyperliquidSettings, QuoteOrigin, SequenceScope,
    SettingsError, Timing,
};

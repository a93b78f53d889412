//! The strategies that come with Reprise. Each trades on any instrument with its defaults.

mod ema_cross;
mod market_maker;
mod mean_reversion;
mod size;
mod twap;

pub use ema_cross::{EmaCross, EmaCrossParams, PriceSource};
pub use market_maker::{MarketMaker, MarketMakerParams};
pub use mean_reversion::{MeanReversion, MeanReversionParams};
pub use twap::{Twap, TwapParams};

use crate::registry::Registry;

/// Adds all of them.
pub(crate) fn register(registry: &mut Registry) {
    registry.insert("ema-cross", EmaCross::ABOUT, EmaCross::new);
    registry.insert("mean-reversion", MeanReversion::ABOUT, MeanReversion::new);
    registry.insert("market-maker", MarketMaker::ABOUT, MarketMaker::new);
    registry.insert("twap", Twap::ABOUT, Twap::new);
}

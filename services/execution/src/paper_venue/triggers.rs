//! When a stop is triggered.

use reprise_core::Market;
use reprise_model::{Price, Side};

use super::settings::TriggerBy;

/// The price that triggers stops of a side, `None` while there is none.
pub(super) fn watched(market: &Market, side: Side, by: TriggerBy) -> Option<Price> {
    let quote = || market.opposite(side).map(|top| top.price);
    let last = || market.last_trade.map(|trade| trade.price).or_else(quote);
    match by {
        TriggerBy::Last => last(),
        TriggerBy::Quote => quote(),
        TriggerBy::Mark => market.mark.or_else(last),
    }
}

/// True when a price has reached a stop: a buy's from below, a sell's from above.
pub(super) fn reaches(side: Side, stop: Price, price: Price) -> bool {
    match side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}

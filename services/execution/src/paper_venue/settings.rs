//! The paper venue's settings: the section `[paper]`.

use reprise_model::Rate;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::latency::Latency;

/// How much can be had at the prices that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// What is displayed, and no more until it changes.
    #[default]
    Book,
    /// Any size at the best price: a study without market impact.
    Unlimited,
}

/// How a resting order moves up when the size displayed at its price shrinks without a trade that explains it.
///
/// All models agree on the rest: an order joins behind everything displayed at its price, trades at the price
/// take from the front, and nobody can be ahead of it who is not displayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueModel {
    /// Whoever leaves stood behind: the order only moves up when the queue itself gets shorter than its place.
    #[default]
    Pessimistic,
    /// Who leaves is spread evenly over the queue: the order moves up by its share, rounded down to the lot.
    Proportional,
    /// Whoever leaves stood in front. A price that is not displayed when the order joins counts as empty.
    Optimistic,
}

/// Which price triggers a stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerBy {
    /// The last trade; without any trade so far, as [`Self::Quote`].
    #[default]
    Last,
    /// The price at which the stop would trade: the ask for a buy, the bid for a sell.
    Quote,
    /// The mark price; without one, as [`Self::Last`].
    Mark,
}

/// How the paper venue behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaperSettings {
    /// `"book"`: fills are bounded by what is displayed; `"unlimited"`: whole at the best price.
    pub depth: Depth,
    /// How long a request takes to the venue: nanoseconds, or a table with a `kind` (see [`Latency`]).
    pub entry_latency: Latency,
    /// How long an answer takes back: nanoseconds, or a table with a `kind`.
    pub response_latency: Latency,
    /// Seed of every random draw.
    pub seed: u64,
    /// Fee of fills that gave liquidity, a fraction of notional; each instrument's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker_fee: Option<Rate>,
    /// Fee of fills that took liquidity, a fraction of notional; each instrument's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taker_fee: Option<Rate>,
    /// `"pessimistic"`, `"proportional"` or `"optimistic"`: how a shrinking level moves a resting order up.
    pub queue_model: QueueModel,
    /// A trade and the decrease of displayed size that it caused count once when they come within this time,
    /// in milliseconds, whichever comes first.
    pub late_trade_window_ms: u64,
    /// Half the spread assumed for market orders on bars, a fraction of the open.
    #[serde(deserialize_with = "fraction")]
    pub bar_half_spread: Rate,
    /// `"last"`, `"quote"` or `"mark"`: which price triggers stops.
    pub trigger_by: TriggerBy,
}

impl Default for PaperSettings {
    fn default() -> Self {
        Self {
            depth: Depth::Book,
            entry_latency: Latency::NONE,
            response_latency: Latency::NONE,
            seed: 1,
            maker_fee: None,
            taker_fee: None,
            queue_model: QueueModel::Pessimistic,
            late_trade_window_ms: 1_000,
            bar_half_spread: Rate::ZERO,
            trigger_by: TriggerBy::Last,
        }
    }
}

impl PaperSettings {
    /// The late-trade window in nanoseconds.
    pub(crate) fn late_trade_window_ns(&self) -> u64 {
        self.late_trade_window_ms.saturating_mul(1_000_000)
    }
}

/// A fraction from 0 to below 1.
fn fraction<'de, D: Deserializer<'de>>(d: D) -> Result<Rate, D::Error> {
    let rate = Rate::deserialize(d)?;
    if rate.is_negative() || rate >= Rate::ONE {
        return Err(de::Error::custom(format!("{rate} is not a fraction; write a number from 0 to below 1")));
    }
    Ok(rate)
}

//! What a venue of perpetuals shows and a spot recording lacks: mark prices, and funding at each full hour.
//!
//! A perpetual without recorded marks is marked at its mid, once a second at most, and that is its oracle
//! price too. Each full hour funding is paid at Hyperliquid's base rate of 0.01 % for eight hours.

use std::collections::BTreeMap;

use reprise_core::Market;
use reprise_model::event::{Funding, Mark};
use reprise_model::{Input, Rate, Ts};

const MARK_EVERY_NS: u64 = 1_000_000_000;
/// One hour.
const FUNDING_EVERY_NS: u64 = 3_600_000_000_000;

/// The hourly rate of funding where none was recorded: 0.01 % ÷ 8.
#[must_use]
pub(crate) fn usual_rate() -> Rate {
    Rate::parse("0.0000125").unwrap_or_default()
}

#[derive(Debug, Default)]
struct Told {
    marked_at: Option<Ts>,
    hour: Option<u64>,
    has_marks: bool,
    has_funding: bool,
}

/// When each listing was last marked and paid.
#[derive(Debug, Default)]
pub(super) struct Derived {
    told: BTreeMap<usize, Told>,
}

impl Derived {
    /// What follows an event of the recording.
    pub(super) fn after(&mut self, now: Ts, listing: usize, market: &Market, input: &Input) -> Vec<Input> {
        if !market.definition.is_perpetual() {
            return Vec::new();
        }
        let told = self.told.entry(listing).or_default();
        told.has_marks |= matches!(input, Input::Mark(_));
        told.has_funding |= matches!(input, Input::Funding(_));
        let instrument = market.definition.instrument;
        let mut follows = Vec::new();
        let is_due = told.marked_at.is_none_or(|at| now.since(at) >= MARK_EVERY_NS);
        if !told.has_marks
            && is_due
            && let Some(mid) = market.last_mid
        {
            told.marked_at = Some(now);
            let price = market.definition.price_at_or_below(mid);
            let price = if price.is_positive() { price } else { mid };
            follows.push(Mark { instrument, mark: Some(price), oracle: Some(price), venue_ts: None }.into());
        }
        let hour = now.0 / FUNDING_EVERY_NS;
        if !told.has_funding && told.hour.is_some_and(|before| before < hour) {
            let oracle = market.oracle.or(market.mark);
            follows.push(Funding { instrument, rate: usual_rate(), oracle, venue_ts: None }.into());
        }
        told.hour = Some(hour);
        follows
    }
}

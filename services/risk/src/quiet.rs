//! How far prices may move before a watched loss has to be measured again.
//!
//! Equity is the sum over instruments of position × price and of what does not move with prices. After a
//! measurement at equity E, with the highest watched floor at F, no limit can be reached while each of the k
//! owned instruments moves against its position by no more than (E − F) / k / |position|. So between
//! measurements a tick is a comparison of two prices. Zones are drawn anew at every measurement, and a
//! measurement follows whatever else moves equity or its floors: fills, account lines, conversions, limits.

use reprise_core::{InstrumentIx, State};
use reprise_model::{Cash, MoneyError, Price, Qty, Rate};
use serde::{Deserialize, Serialize};

/// Prices within which an instrument cannot lead to a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Zone {
    lowest: Price,
    highest: Price,
}

/// The zones of all owned instruments; nothing is quiet where none is drawn.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct QuietZones {
    by_instrument: Vec<Option<Zone>>,
}

impl QuietZones {
    /// True while the instrument's price cannot have led to a breach.
    #[inline]
    pub(crate) fn holds(&self, ix: InstrumentIx, price: Option<Price>) -> bool {
        match (self.by_instrument.get(ix.at()), price) {
            (Some(Some(zone)), Some(price)) => zone.lowest <= price && price <= zone.highest,
            _ => false,
        }
    }

    /// Forgets all zones.
    pub(crate) fn clear(&mut self) {
        self.by_instrument.clear();
    }

    /// Draws the zones for an equity and the highest floor below it.
    pub(crate) fn draw(&mut self, state: &State, equity: Cash, floor: Cash) {
        self.clear();
        // What cannot be computed is not quiet, and is measured at each tick.
        if self.try_draw(state, equity, floor).is_err() {
            self.clear();
        }
    }

    fn try_draw(&mut self, state: &State, equity: Cash, floor: Cash) -> Result<(), MoneyError> {
        let room = equity.checked_sub(floor)?;
        let owned = state.markets.iter().filter(|(ix, _)| !state.positions.net(*ix).is_zero()).count();
        let Ok(owned) = i64::try_from(owned) else { return Ok(()) };
        if owned == 0 || !room.is_positive() {
            return Ok(());
        }
        // A hundredth stays as a margin for the rounding of the quotients.
        let share = room.checked_mul_rate(Rate::parse("0.99")?)?.prorate(Qty::ONE, Qty::from_int(owned)?)?;
        self.by_instrument.resize(state.markets.len(), None);
        for (ix, market) in state.markets.iter() {
            let net = state.positions.net(ix);
            // Other assets move with their conversion too, which is measured each time.
            if net.is_zero() || market.definition.quote != state.account.reporting() {
                continue;
            }
            let Some(price) = market.valuation() else { continue };
            let distance = share.per_unit(net.abs())?;
            let lowest = price.checked_sub(distance).unwrap_or(Price::ZERO);
            let highest = price.checked_add(distance)?;
            self.by_instrument[ix.at()] = Some(if net.is_positive() {
                Zone { lowest, highest: Price::MAX }
            } else {
                Zone { lowest: Price::ZERO, highest }
            });
        }
        Ok(())
    }
}

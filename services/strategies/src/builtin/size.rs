//! How much a built-in strategy trades at a time.

use reprise_core::InstrumentIx;
use reprise_model::{Cash, Qty, Rate, Side};

use crate::context::StrategyContext;
use crate::params::ParamError;

/// The parameters `qty` and `notional` together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UnitSize {
    /// So many base units, as they stand.
    Qty(Qty),
    /// Worth so many quote units.
    Notional(Cash),
}

impl UnitSize {
    pub(crate) fn new(qty: Option<Qty>, notional: Cash) -> Result<Self, ParamError> {
        match qty {
            Some(qty) if qty.is_positive() => Ok(Self::Qty(qty)),
            Some(qty) => Err(ParamError::value("qty", qty, "a decimal number above 0")),
            None if notional.is_positive() => Ok(Self::Notional(notional)),
            None => Err(ParamError::value("notional", notional, "a decimal number above 0")),
        }
    }

    /// In base units, as an order of this side would trade now.
    pub(crate) fn qty(self, ix: InstrumentIx, side: Side, cx: &StrategyContext<'_>) -> Qty {
        match self {
            Self::Qty(qty) => qty,
            Self::Notional(notional) => cx.tradable_qty(ix, side, notional),
        }
    }
}

/// The parameter `max_units` as a factor.
pub(crate) fn check_max_units(max_units: u32) -> Result<Rate, ParamError> {
    let factor = Rate::from_int(i64::from(max_units)).ok().filter(|factor| factor.is_positive());
    factor.ok_or_else(|| ParamError::value("max_units", max_units, "a whole number of at least 1"))
}

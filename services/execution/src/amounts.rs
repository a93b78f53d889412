//! Small sums of quantities that cannot fail: both stop at the ends of their range.

use reprise_model::event::Fill;
use reprise_model::{Asset, Cash, Price, Qty, Side};

/// `a - b`, and 0 where that would be negative.
pub(crate) fn less(a: Qty, b: Qty) -> Qty {
    a.checked_sub(b).unwrap_or(Qty::ZERO).max(Qty::ZERO)
}

/// `a + b`, and the largest quantity where that would be larger.
pub(crate) fn plus(a: Qty, b: Qty) -> Qty {
    a.checked_add(b).unwrap_or(Qty::MAX)
}

/// `whole * part / total`, rounded towards zero; 0 of nothing.
pub(crate) fn share(whole: Qty, part: Qty, total: Qty) -> Qty {
    Cash::notional(Price::ONE, whole).and_then(|whole| whole.prorate(part, total)).map_or(Qty::ZERO, to_qty)
}

/// An amount of base as a quantity; 0 for a negative one.
pub(crate) fn to_qty(amount: Cash) -> Qty {
    Qty::bought_with(amount, Price::ONE, Qty::ZERO).unwrap_or(Qty::ZERO)
}

/// What a fill does to the position: its quantity, less a fee that was taken in base.
pub(crate) fn change_of_position(side: Side, fill: &Fill, base: Asset, quote: Asset) -> Qty {
    let signed = side.signed(fill.qty);
    if fill.fee_asset != base || base == quote {
        return signed;
    }
    let fee = to_qty(fill.fee.abs());
    let fee = if fill.fee.is_negative() { fee.neg() } else { fee };
    signed.checked_sub(fee).unwrap_or(signed)
}

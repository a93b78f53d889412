//! How large the order is, and how large the position could become.

use reprise_model::{Cash, Price, Qty, Side};

use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};

/// The venue's minimum, by the order's own price.
pub(super) fn min_notional(case: &Case<'_>) -> Checked {
    let limit = case.market.definition.min_notional;
    if !limit.is_positive() {
        return NOT_ASKED;
    }
    let notional = Cash::notional(case.own_price()?, case.terms.qty)?;
    found(notional >= limit, notional, limit)
}

/// An exit is as large as the position at most, and is not cut down further.
pub(super) fn max_order_qty(case: &Case<'_>) -> Checked {
    match case.known.limits.max_order_qty {
        Some(limit) if !case.is_exempt => at_most(case.qty, limit),
        _ => NOT_ASKED,
    }
}

/// As [`max_order_qty`], in quote units.
pub(super) fn max_order_notional(case: &Case<'_>) -> Checked {
    match case.known.limits.max_order_notional {
        Some(limit) if !case.is_exempt => at_most(Cash::notional(case.value_price()?, case.qty)?, limit),
        _ => NOT_ASKED,
    }
}

/// The position in the order's direction once this and every other open order on its side was filled; below 0
/// when it would still be on the other side.
fn position_at_worst(case: &Case<'_>) -> Result<Qty, Unjudged> {
    let net = case.terms.side.signed(case.net);
    Ok(net.checked_add(case.open_at_worst()?)?.checked_add(case.qty)?)
}

/// The worst position is within its limit in the order's direction.
pub(super) fn max_position_qty(case: &Case<'_>) -> Checked {
    match case.known.limits.max_position_qty {
        Some(limit) if !case.is_exempt => at_most(position_at_worst(case)?, limit),
        _ => NOT_ASKED,
    }
}

/// As [`max_position_qty`], in quote units at the valuation price.
pub(super) fn max_position_notional(case: &Case<'_>) -> Checked {
    match case.known.limits.max_position_notional {
        Some(limit) if !case.is_exempt => {
            at_most(Cash::notional(case.valuation()?, position_at_worst(case)?)?, limit)
        }
        _ => NOT_ASKED,
    }
}

/// What a perpetual's order could add to the position in the worst case: what is left of it after the other
/// side of the position was closed.
pub(super) fn grows_by(case: &Case<'_>) -> Result<Qty, Unjudged> {
    let to_close = match case.terms.side {
        Side::Buy => case.net.neg(),
        Side::Sell => case.net,
    };
    if case.is_exit || case.terms.reduce_only {
        return Ok(Qty::ZERO);
    }
    let room = to_close.checked_sub(case.open.all)?.max(Qty::ZERO);
    Ok(case.qty.checked_sub(room)?.max(Qty::ZERO))
}

/// A quantity's value at a price.
pub(super) fn value(price: Price, qty: Qty) -> Result<Cash, Unjudged> {
    Ok(Cash::notional(price, qty)?)
}

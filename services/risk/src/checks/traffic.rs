//! How many orders, how fast, and against whom.

use reprise_model::{OrderType, Price, Rate, Side};

use super::market::walk;
use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};
use crate::pace::Sameness;

/// Open orders of the account with this one; a replacement adds none.
pub(super) fn max_open_orders(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.settings.max_open_orders else { return NOT_ASKED };
    if case.is_exempt || case.replaces.is_some() {
        return NOT_ASKED;
    }
    let others = case.state.orders.open_count() - u32::from(case.state.orders.get_open(case.id).is_some());
    at_most(u64::from(others) + 1, u64::from(limit))
}

/// Open orders of the instrument with this one.
pub(super) fn max_open_orders_in_instrument(case: &Case<'_>) -> Checked {
    match case.known.limits.max_open_orders {
        Some(limit) if !case.is_exempt && case.replaces.is_none() => {
            at_most(u64::from(case.totals.count) + 1, u64::from(limit))
        }
        _ => NOT_ASKED,
    }
}

/// Orders in the rate's window with this one.
pub(super) fn order_rate(case: &Case<'_>) -> Checked {
    within_window(case, case.known.settings.order_rate, case.known.settings.order_rate_window_ms)
}

/// Orders in the burst's window with this one.
pub(super) fn order_burst(case: &Case<'_>) -> Checked {
    within_window(case, case.known.settings.order_burst, case.known.settings.order_burst_window_ms)
}

fn within_window(case: &Case<'_>, limit: Option<u32>, window_ms: u64) -> Checked {
    let Some(limit) = limit.filter(|_| !case.is_exempt) else { return NOT_ASKED };
    at_most(case.known.pace.count(case.state.now(), window_ms, limit) + 1, u64::from(limit))
}

/// The same order did not leave a moment ago.
pub(super) fn duplicate(case: &Case<'_>) -> Checked {
    let window_ms = case.known.settings.duplicate_window_ms;
    if window_ms == 0 || case.is_exempt || case.replaces.is_some() {
        return NOT_ASKED;
    }
    let sameness = Sameness::of(case.ix, case.terms);
    match case.known.pace.since_same(case.state.now(), &sameness, window_ms) {
        Some(since_ms) => found(false, since_ms, window_ms),
        None => found(true, "not sent before", window_ms),
    }
}

/// No own order rests where this one would trade. Triggers are left out: nobody knows what rests when they
/// fire. The kill switch is exempt, since it cancels what rests.
pub(super) fn self_trade(case: &Case<'_>) -> Checked {
    let (side, id) = (case.terms.side, case.id);
    if !case.known.settings.self_trade || case.is_flattening() || case.totals.count == 0 {
        return NOT_ASKED;
    }
    let Some(reach) = reach(case)? else { return NOT_ASKED };
    let resting = case
        .state
        .orders
        .open_in(case.ix)
        .filter(|order| order.id != id && order.terms.side != side)
        .filter_map(|order| {
            // Under the terms as they are or are about to be, whichever is nearer.
            let price = order.terms.price?;
            let next = order.pending.and_then(|terms| terms.price).unwrap_or(price);
            Some(if side == Side::Buy { price.min(next) } else { price.max(next) })
        });
    let nearest = match side {
        Side::Buy => resting.min(),
        Side::Sell => resting.max(),
    };
    match nearest {
        Some(own) => found(!side.allows(reach, own), reach, own),
        None => NOT_ASKED,
    }
}

/// The worst price at which the order may trade now; `None` when it waits for a trigger.
fn reach(case: &Case<'_>) -> Result<Option<Price>, Unjudged> {
    match case.terms.order_type {
        OrderType::Limit => Ok(case.terms.price),
        OrderType::Stop | OrderType::StopLimit => Ok(None),
        OrderType::Market => {
            let walk = walk(case)?;
            if let Some(last) = walk.last.filter(|_| walk.qty >= case.qty) {
                return Ok(Some(last));
            }
            let slippage = case.known.settings.market_slippage;
            let factor = match case.terms.side {
                Side::Buy => Rate::ONE.checked_add(slippage)?,
                Side::Sell => Rate::ONE.checked_sub(slippage)?,
            };
            Ok(Some(case.touch()?.checked_mul_rate(factor)?))
        }
    }
}

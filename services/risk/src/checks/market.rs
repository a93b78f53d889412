//! What the market shows: is there a price, is it fresh, is the order's price near it.

use reprise_core::Bands;
use reprise_model::event::{FeedState, Level};
use reprise_model::{Cash, Code, OrderType, Price, Qty, Rate, Side};

use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};
use crate::settings::CollarSides;

const NS_A_MS: u64 = 1_000_000;

/// There is a two-sided quote that is not crossed, or a bar where there is nothing else.
pub(super) fn has_price(case: &Case<'_>) -> Checked {
    if case.is_exempt {
        return NOT_ASKED;
    }
    match (case.mid, case.market.bid, case.market.ask) {
        (Some(mid), ..) => found(true, mid, "a price"),
        (None, Some(_), Some(_)) => found(false, "a crossed quote", "a quote of two sides"),
        (None, ..) => found(false, "no quote of two sides", "a quote of two sides"),
    }
}

/// The feed is live; recordings that do not say pass.
pub(super) fn feed_is_live(case: &Case<'_>) -> Checked {
    match case.market.feed {
        Some(state) if !case.is_exempt => found(state == FeedState::Live, state.as_str(), "live"),
        _ => NOT_ASKED,
    }
}

/// The last price is not too old.
pub(super) fn is_fresh(case: &Case<'_>) -> Checked {
    let Some(limit_ms) = case.known.settings.max_data_age_ms.filter(|_| !case.is_exempt) else {
        return NOT_ASKED;
    };
    let at = case.market.priced_at.ok_or(Unjudged::Missing(Code::NoMarketData))?;
    let age_ns = case.state.now().since(at);
    found(age_ns <= limit_ms.saturating_mul(NS_A_MS), age_ns.div_ceil(NS_A_MS), limit_ms)
}

/// The venue's clock and ours agree.
pub(super) fn clocks_agree(case: &Case<'_>) -> Checked {
    let Some(limit_ms) = case.known.settings.max_clock_skew_ms.filter(|_| !case.is_exempt) else {
        return NOT_ASKED;
    };
    let skew_ns = case.market.skew_ns.ok_or(Unjudged::Missing(Code::ClockSkew))?.unsigned_abs();
    found(skew_ns <= limit_ms.saturating_mul(NS_A_MS), skew_ns.div_ceil(NS_A_MS), limit_ms)
}

/// The bands that the collar needs are warm.
pub(super) fn bands_are_ready(case: &Case<'_>) -> Checked {
    if case.is_exempt || !case.known.limits.band_collar.unwrap_or(false) {
        return NOT_ASKED;
    }
    let word = if case.bands.is_some() { "ready" } else { "not ready" };
    found(case.bands.is_some(), word, "ready")
}

/// A fresh rate converts the quote asset, when a limit in the reporting asset needs it.
pub(super) fn converts(case: &Case<'_>) -> Checked {
    let settings = case.known.settings;
    let needed = settings.max_gross_exposure.is_some()
        || settings.max_net_exposure.is_some()
        || settings.max_leverage.is_some()
        || settings.max_daily_loss.is_some()
        || settings.max_drawdown.is_some()
        || settings.max_drawdown_fraction.is_some();
    if !needed || case.is_exempt {
        return NOT_ASKED;
    }
    let age_ns = case
        .state
        .conversion_age_ns(case.market.definition.quote)
        .ok_or(Unjudged::Missing(Code::NoConversion))?;
    match settings.max_conversion_age_ms.or(settings.max_data_age_ms) {
        Some(limit_ms) => {
            found(age_ns <= limit_ms.saturating_mul(NS_A_MS), age_ns.div_ceil(NS_A_MS), limit_ms)
        }
        None => found(true, "convertible", "convertible"),
    }
}

/// The prices that collars measure: the limit, the trigger, for a market order the price it would meet.
fn collared(case: &Case<'_>) -> Result<[Option<Price>; 2], Unjudged> {
    let (terms, first) = (case.terms, case.own_price()?);
    let second = if terms.order_type == OrderType::StopLimit { terms.stop_price } else { None };
    Ok([Some(first), second])
}

/// The first price outside the bounds, with the bound; else the first price and the bound that is worse for it.
fn between(prices: [Option<Price>; 2], bounds: (Price, Price), sides: CollarSides, side: Side) -> Checked {
    let (lower, upper) = bounds;
    let (minds_lower, minds_upper) = match (sides, side) {
        (CollarSides::Both, _) => (true, true),
        (CollarSides::Worse, Side::Buy) => (false, true),
        (CollarSides::Worse, Side::Sell) => (true, false),
    };
    for price in prices.into_iter().flatten() {
        if minds_lower && price < lower {
            return found(false, price, lower);
        }
        if minds_upper && price > upper {
            return found(false, price, upper);
        }
    }
    let worse = if side == Side::Buy { upper } else { lower };
    match prices[0] {
        Some(price) => found(true, price, worse),
        None => NOT_ASKED,
    }
}

fn around(middle: Price, fraction: Rate) -> Result<(Price, Price), Unjudged> {
    let distance = middle.checked_mul_rate(fraction)?;
    Ok((middle.checked_sub(distance).unwrap_or(Price::ZERO), middle.checked_add(distance)?))
}

/// The fixed collar around the mid. An exit is held to the wider bound around the last good mark in its place,
/// on its worse side only, and its trigger not at all: a stop far away protects.
pub(super) fn within_collar(case: &Case<'_>) -> Checked {
    let limits = case.known.limits;
    if case.is_exempt && !case.is_exit {
        return NOT_ASKED;
    }
    if case.is_exit {
        let Some(fraction) = case.known.settings.stale_exit_collar else { return NOT_ASKED };
        if case.terms.order_type == OrderType::Stop || case.is_flattening() {
            return NOT_ASKED;
        }
        let price = [Some(case.own_price()?), None];
        return between(price, around(case.reference()?, fraction)?, CollarSides::Worse, case.terms.side);
    }
    let Some(fraction) = limits.price_collar else { return NOT_ASKED };
    let sides = limits.collar_sides.unwrap_or(CollarSides::Both);
    between(collared(case)?, around(case.reference()?, fraction)?, sides, case.terms.side)
}

/// The volatility bands as a collar.
pub(super) fn within_bands(case: &Case<'_>) -> Checked {
    let limits = case.known.limits;
    if case.is_exempt || !limits.band_collar.unwrap_or(false) {
        return NOT_ASKED;
    }
    let Bands { lower, upper, .. } = case.bands.ok_or(Unjudged::Missing(Code::BandsNotReady))?;
    let sides = limits.collar_sides.unwrap_or(CollarSides::Both);
    between(collared(case)?, (lower, upper), sides, case.terms.side)
}

/// What an order would find in the market now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Base units found within the order's limit.
    pub(super) qty: Qty,
    /// What they cost or bring, in quote units.
    pub(super) notional: Cash,
    /// The last price that is reached.
    pub(super) last: Option<Price>,
}

/// Walks the best quote and then the deeper levels of the book, as far as the order's limit and quantity go.
pub(super) fn walk(case: &Case<'_>) -> Result<Walk, Unjudged> {
    let (side, limit) = (case.terms.side, case.terms.price);
    let mut walk = Walk { qty: Qty::ZERO, notional: Cash::ZERO, last: None };
    let mut left = case.qty;
    let top = case.market.opposite(side);
    let mut take = |level: Level| -> Result<bool, Unjudged> {
        if left.is_zero() || limit.is_some_and(|limit| !side.allows(limit, level.price)) {
            return Ok(false);
        }
        let qty = left.min(level.qty);
        left = left.checked_sub(qty)?;
        walk.qty = walk.qty.checked_add(qty)?;
        walk.notional = walk.notional.checked_add(Cash::notional(level.price, qty)?)?;
        walk.last = Some(level.price);
        Ok(!left.is_zero())
    };
    let mut goes_on = match top {
        Some(level) => take(level)?,
        None => true,
    };
    if goes_on && !case.market.book.is_empty() {
        for level in case.market.book.levels(side.opposite()) {
            let is_deeper =
                top.is_none_or(|top| side.allows(level.price, top.price) && level.price != top.price);
            if goes_on && is_deeper {
                goes_on = take(level)?;
            }
            if !goes_on {
                break;
            }
        }
    }
    Ok(walk)
}

/// What a taking order is expected to pay above the mid, or to get below it. A market order that finds too
/// little is refused; what a limit order does not find now, it waits for at its limit.
pub(super) fn slippage(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.limits.max_slippage else { return NOT_ASKED };
    if case.is_exempt || !case.takes() {
        return NOT_ASKED;
    }
    let walk = walk(case)?;
    if walk.qty < case.qty && case.terms.order_type == OrderType::Market {
        return found(false, walk.qty, case.qty);
    }
    let fair = Cash::notional(case.reference()?, walk.qty)?;
    if fair.is_zero() {
        return NOT_ASKED;
    }
    let worse = match case.terms.side {
        Side::Buy => walk.notional.checked_sub(fair)?,
        Side::Sell => fair.checked_sub(walk.notional)?,
    };
    at_most(worse.ratio(fair)?, limit)
}

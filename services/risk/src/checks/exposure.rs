//! What all positions together are worth, with every open order at its worst.

use reprise_core::{InstrumentIx, Market};
use reprise_model::{Cash, Code, Price, Qty, Side};

use crate::case::{Case, open_at_worst};
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};

/// Exposure in the reporting asset after everything that is open went the worst way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exposure {
    /// Longs and shorts added up, each instrument at the worse of its two sides.
    gross: Cash,
    /// Longs less shorts, after all buys.
    highest: Cash,
    /// Longs less shorts, after all sales.
    lowest: Cash,
}

fn exposure(case: &Case<'_>) -> Result<Exposure, Unjudged> {
    case.exposure.get(|| {
        let mut all = Exposure { gross: Cash::ZERO, highest: Cash::ZERO, lowest: Cash::ZERO };
        for (ix, market) in case.state.markets.iter() {
            let (highest, lowest) = reach(case, ix)?;
            if highest.is_zero() && lowest.is_zero() {
                continue;
            }
            let price = market.valuation().ok_or(Unjudged::Missing(Code::NoMarketData))?;
            let highest = value(case, market, price, highest)?;
            let lowest = value(case, market, price, lowest)?;
            all.gross = all.gross.checked_add(highest.abs().max(lowest.abs()))?;
            all.highest = all.highest.checked_add(highest)?;
            all.lowest = all.lowest.checked_add(lowest)?;
        }
        Ok(all)
    })
}

/// A quantity's value in the reporting asset.
fn value(case: &Case<'_>, market: &Market, price: Price, qty: Qty) -> Result<Cash, Unjudged> {
    let value = case.state.to_reporting(market.definition.quote, Cash::notional(price, qty)?)?;
    value.ok_or(Unjudged::Missing(Code::NoConversion))
}

/// The highest and the lowest position in an instrument that its open orders, with this one, could lead to.
fn reach(case: &Case<'_>, ix: InstrumentIx) -> Result<(Qty, Qty), Unjudged> {
    let (state, net) = (case.state, case.state.positions.net(ix));
    if ix != case.ix {
        let totals = state.orders.totals(ix);
        let highest = net.checked_add(open_at_worst(state, ix, Side::Buy, &totals, None)?)?;
        return Ok((highest, net.checked_sub(open_at_worst(state, ix, Side::Sell, &totals, None)?)?));
    }
    let same = case.open_at_worst()?.checked_add(case.qty)?;
    let side = case.terms.side;
    let other = open_at_worst(state, ix, side.opposite(), &case.totals, Some(case.id))?;
    let (buys, sales) = if side == Side::Buy { (same, other) } else { (other, same) };
    Ok((net.checked_add(buys)?, net.checked_sub(sales)?))
}

/// Longs and shorts added up.
pub(super) fn gross(case: &Case<'_>) -> Checked {
    match case.known.settings.max_gross_exposure {
        Some(limit) if !case.is_exempt => at_most(exposure(case)?.gross, limit),
        _ => NOT_ASKED,
    }
}

/// Longs less shorts, in the direction in which the order moves it.
pub(super) fn net(case: &Case<'_>) -> Checked {
    match (case.known.settings.max_net_exposure, case.terms.side) {
        (Some(limit), Side::Buy) if !case.is_exempt => at_most(exposure(case)?.highest, limit),
        (Some(limit), Side::Sell) if !case.is_exempt => at_most(exposure(case)?.lowest.neg(), limit),
        _ => NOT_ASKED,
    }
}

/// Gross exposure over equity.
pub(super) fn leverage(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.settings.max_leverage.filter(|_| !case.is_exempt) else { return NOT_ASKED };
    let gross = exposure(case)?.gross;
    let equity = case.equity()?;
    if !equity.is_positive() {
        return found(false, equity, "equity above 0");
    }
    // Compared as amounts, so that no rounding of the ratio decides.
    found(gross <= equity.checked_mul_rate(limit)?, gross.ratio(equity)?, limit)
}

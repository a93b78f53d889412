//! What all positions together are worth, with every open order at its worst.

use reprise_core::{InstrumentIx, State};
use reprise_model::{Cash, Code, OrderId, Qty, Side};

use crate::case::{Case, open_at_worst};
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};

/// Exposure in the reporting asset after everything that is open went the worst way.
#[derive(Debug, Clone, Copy)]
struct Exposure {
    /// Longs and shorts added up, each instrument at the worse of its two sides.
    gross: Cash,
    /// Longs less shorts, after all buys.
    highest: Cash,
    /// Longs less shorts, after all sales.
    lowest: Cash,
}

fn exposure(case: &Case<'_>) -> Result<Exposure, Unjudged> {
    let mut all = Exposure { gross: Cash::ZERO, highest: Cash::ZERO, lowest: Cash::ZERO };
    for (ix, market) in case.state.markets.iter() {
        let (mut highest, mut lowest) = reach(case.state, ix, case.id)?;
        if ix == case.ix {
            match case.terms.side {
                Side::Buy => highest = highest.checked_add(case.qty)?,
                Side::Sell => lowest = lowest.checked_sub(case.qty)?,
            }
        }
        if highest.is_zero() && lowest.is_zero() {
            continue;
        }
        let price = market.valuation().ok_or(Unjudged::Missing(Code::NoMarketData))?;
        let quote = market.definition.quote;
        let value = |qty: Qty| -> Result<Cash, Unjudged> {
            let value = case.state.to_reporting(quote, Cash::notional(price, qty)?)?;
            value.ok_or(Unjudged::Missing(Code::NoConversion))
        };
        let (highest, lowest) = (value(highest)?, value(lowest)?);
        all.gross = all.gross.checked_add(highest.abs().max(lowest.abs()))?;
        all.highest = all.highest.checked_add(highest)?;
        all.lowest = all.lowest.checked_add(lowest)?;
    }
    Ok(all)
}

/// The highest and the lowest position in an instrument that its open orders could lead to.
fn reach(state: &State, ix: InstrumentIx, without: OrderId) -> Result<(Qty, Qty), Unjudged> {
    let net = state.positions.net(ix);
    if state.orders.totals(ix).count == 0 {
        return Ok((net, net));
    }
    let highest = net.checked_add(open_at_worst(state, ix, Side::Buy, without)?)?;
    let lowest = net.checked_sub(open_at_worst(state, ix, Side::Sell, without)?)?;
    Ok((highest, lowest))
}

/// Longs and shorts added up.
pub(super) fn gross(case: &Case<'_>) -> Checked {
    match case.known.settings.max_gross_exposure {
        Some(limit) if !case.is_exit => at_most(exposure(case)?.gross, limit),
        _ => NOT_ASKED,
    }
}

/// Longs less shorts, in the direction in which the order moves it.
pub(super) fn net(case: &Case<'_>) -> Checked {
    match (case.known.settings.max_net_exposure, case.terms.side) {
        (Some(limit), Side::Buy) if !case.is_exit => at_most(exposure(case)?.highest, limit),
        (Some(limit), Side::Sell) if !case.is_exit => at_most(exposure(case)?.lowest.neg(), limit),
        _ => NOT_ASKED,
    }
}

/// Gross exposure over equity.
pub(super) fn leverage(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.settings.max_leverage.filter(|_| !case.is_exit) else { return NOT_ASKED };
    let gross = exposure(case)?.gross;
    let equity = case.state.equity()?.ok_or(Unjudged::Missing(Code::NoConversion))?;
    if !equity.is_positive() {
        return found(false, equity, "equity above 0");
    }
    // Compared as amounts, so that no rounding of the ratio decides.
    found(gross <= equity.checked_mul_rate(limit)?, gross.ratio(equity)?, limit)
}

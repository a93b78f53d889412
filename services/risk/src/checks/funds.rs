//! What the order takes out of the free balance, and whether that is there.
//!
//! | order | asset | amount |
//! | --- | --- | --- |
//! | spot buy | quote | quantity × limit (without one: market × (1 + `market_slippage`)) × (1 + fee, if in quote) |
//! | spot sale | base | quantity; with `allow_short` no more than what is owned and free |
//! | perpetual | quote | what the order could add to the position × price × (1 / leverage + fee) |
//!
//! Members of a group hold once: a later member holds only what it needs above what the others hold.
//! A perpetual's free margin is cash + unrealised profit − Σ |position| × mark / leverage − holds, over all
//! perpetuals of the same quote asset; a spot buy has the same less unrealised profit, but not less unrealised
//! loss.

use reprise_core::State;
use reprise_model::event::Hold;
use reprise_model::{Asset, Cash, Code, FeeAsset, Instrument, MoneyError, Price, Qty, Rate, Side};

use super::size::{grows_by, value};
use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most};
use crate::settings::RiskSettings;

/// What the order takes out of the free balance while it is open.
pub(crate) fn hold(case: &Case<'_>) -> Result<Hold, Unjudged> {
    case.hold.get(|| compute_hold(case))
}

fn compute_hold(case: &Case<'_>) -> Result<Hold, Unjudged> {
    let definition = &case.market.definition;
    match (definition.is_perpetual(), case.terms.side) {
        (false, Side::Buy) => {
            let cost = value(case.bound_price()?, case.qty)?;
            let cost = match definition.fee_asset {
                FeeAsset::Quote => with_fee(cost, definition)?,
                FeeAsset::BaseOnBuy => cost,
            };
            less_group(case, definition.quote, cost)
        }
        (false, Side::Sell) => {
            let asset = definition.base;
            let needed = less_group(case, asset, value(Price::ONE, case.qty)?)?;
            if !case.known.settings.allow_short {
                return Ok(needed);
            }
            let owned = free(case, asset)?.max(Cash::ZERO);
            Ok(Hold { asset, amount: needed.amount.min(owned) })
        }
        (true, _) => {
            let grows_by = grows_by(case)?;
            if grows_by.is_zero() {
                return Ok(case.no_hold());
            }
            let notional = value(case.bound_price()?, grows_by)?;
            let margin = margin(notional, leverage(case.known.settings, definition))?;
            let fee = with_fee(notional, definition)?.checked_sub(notional)?;
            less_group(case, definition.quote, margin.checked_add(fee)?)
        }
    }
}

fn less_group(case: &Case<'_>, asset: Asset, needed: Cash) -> Result<Hold, Unjudged> {
    let held = case.held_by_group(asset)?;
    Ok(Hold { asset, amount: needed.checked_sub(held)?.max(Cash::ZERO) })
}

/// With the dearer of the fees; a rebate is not counted on.
fn with_fee(cost: Cash, definition: &Instrument) -> Result<Cash, MoneyError> {
    let fee = definition.taker_fee.max(definition.maker_fee).max(Rate::ZERO);
    cost.checked_add(cost.checked_mul_rate(fee)?)
}

/// What new orders can use of an asset, what the replaced order holds included.
fn free(case: &Case<'_>, asset: Asset) -> Result<Cash, MoneyError> {
    case.state.account.balance(asset).free()?.checked_add(case.released(asset)?)
}

/// The leverage at which an instrument's initial margin is computed.
pub(crate) fn leverage(settings: &RiskSettings, definition: &Instrument) -> Rate {
    let own = settings.instruments.get(&definition.instrument).and_then(|limits| limits.leverage);
    let chosen = own.or(settings.limits.leverage).or(definition.max_leverage).unwrap_or(Rate::ONE);
    let highest = definition.max_leverage.unwrap_or(chosen);
    chosen.min(highest)
}

/// `notional / leverage`, rounded half-even once; a leverage of zero lets nothing through.
fn margin(notional: Cash, leverage: Rate) -> Result<Cash, Unjudged> {
    Ok(notional.prorate(Qty::ONE, Qty::ONE.checked_mul_rate(leverage)?)?)
}

/// Margin in use and unrealised profit of all perpetuals settled in an asset.
fn perpetuals(
    state: &State,
    settings: &RiskSettings,
    asset: Asset,
) -> Result<Option<(Cash, Cash)>, Unjudged> {
    let (mut used, mut unrealized, mut any) = (Cash::ZERO, Cash::ZERO, false);
    for (key, position) in state.positions.iter() {
        let market = state.markets.get(key.ix);
        if market.definition.is_perpetual()
            && market.definition.quote == asset
            && !(position.qty.is_zero() && position.cost.is_zero())
        {
            let price = market.valuation().ok_or(Unjudged::Missing(Code::NoMarketData))?;
            unrealized = unrealized.checked_add(position.unrealized(price)?)?;
            any = true;
        }
    }
    if !any {
        return Ok(None);
    }
    for (ix, market) in state.markets.iter() {
        let net = state.positions.net(ix);
        if market.definition.is_perpetual() && market.definition.quote == asset && !net.is_zero() {
            let price = market.valuation().ok_or(Unjudged::Missing(Code::NoMarketData))?;
            let notional = Cash::notional(price, net.abs())?;
            used = used.checked_add(margin(notional, leverage(settings, &market.definition))?)?;
        }
    }
    Ok(Some((used, unrealized)))
}

/// A spot sale is covered by what is owned.
pub(super) fn spot_short(case: &Case<'_>) -> Checked {
    let definition = &case.market.definition;
    if definition.is_perpetual() || case.terms.side == Side::Buy || case.known.settings.allow_short {
        return NOT_ASKED;
    }
    at_most(hold(case)?.amount, free(case, definition.base)?)
}

/// A perpetual's order is covered by the free margin.
pub(super) fn initial_margin(case: &Case<'_>) -> Checked {
    let definition = &case.market.definition;
    if !definition.is_perpetual() {
        return NOT_ASKED;
    }
    let needed = hold(case)?.amount;
    if needed.is_zero() {
        return NOT_ASKED;
    }
    let mut margin = free(case, definition.quote)?;
    if let Some((used, unrealized)) = perpetuals(case.state, case.known.settings, definition.quote)? {
        margin = margin.checked_add(unrealized)?.checked_sub(used)?;
    }
    at_most(needed, margin)
}

/// A spot buy is covered by the free balance.
pub(super) fn funds(case: &Case<'_>) -> Checked {
    let definition = &case.market.definition;
    if definition.is_perpetual() || case.terms.side == Side::Sell {
        return NOT_ASKED;
    }
    let mut usable = free(case, definition.quote)?;
    if let Some((used, unrealized)) = perpetuals(case.state, case.known.settings, definition.quote)? {
        usable = usable.checked_add(unrealized.min(Cash::ZERO))?.checked_sub(used)?;
    }
    at_most(hold(case)?.amount, usable)
}

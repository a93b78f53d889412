//! What the order says of itself, and whether anything may go at all.

use reprise_model::event::TradingState;
use reprise_model::{NewOrder, OrderOrigin, OrderType, Price, PriceRuleBreach, Qty, Side, TimeInForce};

use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, at_most, found};

/// While halted, only the kill switch's own orders go, and they too must reduce.
pub(super) fn not_halted(case: &Case<'_>) -> Checked {
    let halted = case.known.trading == TradingState::Halted;
    let passes = !halted || (case.is_flattening() && case.is_exit);
    found(passes, case.known.trading.as_str(), "not halted, or flattening")
}

/// In reduce-only, only what provably reduces exposure goes.
pub(super) fn reduces_in_reduce_only(case: &Case<'_>) -> Checked {
    let passes = case.known.trading != TradingState::ReduceOnly || case.is_exempt;
    found(passes, case.known.trading.as_str(), "active, or an order that reduces exposure")
}

/// While the strategies are paused, they may still reduce.
pub(super) fn not_paused(case: &Case<'_>) -> Checked {
    if case.terms.origin != OrderOrigin::Strategy || case.is_exempt {
        return NOT_ASKED;
    }
    let word = if case.state.is_paused() { "paused" } else { "running" };
    found(!case.state.is_paused(), word, "running")
}

/// The allow list; positions in what is no longer on it can be left.
pub(super) fn allowed(case: &Case<'_>) -> Checked {
    let list = &case.known.settings.allow_list;
    if list.is_empty() || case.is_exempt {
        return NOT_ASKED;
    }
    found(list.contains(&case.terms.instrument), case.terms.instrument, "on the allow list")
}

/// Terms that contradict each other or miss something.
pub(super) fn well_formed(case: &Case<'_>) -> Checked {
    let terms = case.terms;
    if !terms.qty.is_positive() {
        return found(false, terms.qty, "a quantity above 0");
    }
    if let Some(order) = case.replaces
        && !case.qty.is_positive()
    {
        // All of it, or more, was filled already.
        return found(false, terms.qty, order.cum_qty);
    }
    if let Some((measured, limit)) = wrong_prices(terms).or_else(|| wrong_life(terms)) {
        return found(false, measured, limit);
    }
    if let Some(expire_ts) = terms.expire_ts
        && expire_ts <= case.state.now()
    {
        return found(false, expire_ts, case.state.now());
    }
    bracket(case)
}

/// Which prices each type of order has.
fn wrong_prices(terms: &NewOrder) -> Option<(&'static str, &'static str)> {
    match (terms.order_type, terms.price, terms.stop_price) {
        (OrderType::Market, None, None)
        | (OrderType::Limit, Some(_), None)
        | (OrderType::Stop, None, Some(_))
        | (OrderType::StopLimit, Some(_), Some(_)) => None,
        (OrderType::Market, ..) => Some(("a market order with a price", "no price")),
        (OrderType::Limit, None, _) => Some(("a limit order without a price", "a price")),
        (OrderType::Limit, Some(_), Some(_)) => Some(("a limit order with a stop price", "no stop price")),
        (OrderType::Stop, _, None) => Some(("a stop order without a stop price", "a stop price")),
        (OrderType::Stop, Some(_), Some(_)) => Some(("a stop order with a limit price", "no limit price")),
        (OrderType::StopLimit, None, _) => Some(("a stop-limit order without a price", "a price")),
        (OrderType::StopLimit, Some(_), None) => {
            Some(("a stop-limit order without a stop price", "a stop price"))
        }
    }
}

/// How long an order lives and how it may trade.
fn wrong_life(terms: &NewOrder) -> Option<(&'static str, &'static str)> {
    let immediate = matches!(terms.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let is_limit = matches!(terms.order_type, OrderType::Limit | OrderType::StopLimit);
    match (terms.time_in_force, terms.expire_ts) {
        (TimeInForce::Gtd, None) => Some(("good till date without a date", "an expire_ts")),
        (TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok, Some(_)) => {
            Some(("an expire_ts on an order that is not good till date", "no expire_ts"))
        }
        _ if terms.time_in_force == TimeInForce::Gtd && terms.order_type == OrderType::Market => {
            Some(("a market order that is good till date", "immediate"))
        }
        _ if terms.post_only && !is_limit => Some(("post-only on an order without a limit", "a limit price")),
        _ if terms.post_only && immediate => Some(("post-only on an immediate order", "an order that rests")),
        _ => None,
    }
}

/// A bracket's exits lie on their sides of the entry.
fn bracket(case: &Case<'_>) -> Checked {
    let terms = case.terms;
    if terms.take_profit.is_none() && terms.stop_loss.is_none() {
        return found(true, "complete", "complete");
    }
    if terms.reduce_only {
        return found(false, "a bracket on a reduce-only order", "no bracket");
    }
    let entry = match case.own_price() {
        Ok(entry) => entry,
        Err(Unjudged::Missing(_)) => return NOT_ASKED, // refused as NoMarketData further down
        Err(error) => return Err(error),
    };
    let is_beyond = |price: Price, side: Side| match side {
        Side::Buy => price > entry,
        Side::Sell => price < entry,
    };
    if let Some(price) = terms.take_profit.filter(|&price| !is_beyond(price, terms.side)) {
        return found(false, price, entry);
    }
    if let Some(price) = terms.stop_loss.filter(|&price| !is_beyond(price, terms.side.opposite())) {
        return found(false, price, entry);
    }
    found(true, "complete", "complete")
}

/// Every price of the order follows the instrument's rule.
pub(super) fn price_rule(case: &Case<'_>) -> Checked {
    let terms = case.terms;
    let prices = [terms.price, terms.stop_price, terms.take_profit, terms.stop_loss];
    let definition = &case.market.definition;
    for price in prices.into_iter().flatten() {
        match definition.check_price(price) {
            Ok(()) => {}
            Err(PriceRuleBreach::TooManyDigits) => {
                let digits = u64::from(definition.significant_digits.unwrap_or(0));
                return found(false, u64::from(price.significant_digits()), digits);
            }
            Err(PriceRuleBreach::NotPositive | PriceRuleBreach::OffTick) => {
                return found(false, price, definition.tick);
            }
        }
    }
    match prices.into_iter().flatten().next() {
        Some(price) => found(true, price, definition.tick),
        None => NOT_ASKED,
    }
}

/// The quantity is a multiple of the lot.
pub(super) fn lot(case: &Case<'_>) -> Checked {
    let definition = &case.market.definition;
    found(definition.allows_qty(case.terms.qty), case.terms.qty, definition.lot)
}

/// A reduce-only order is no larger than what is left of the strategy's own position by its other reduce-only
/// orders.
pub(super) fn reduce_only(case: &Case<'_>) -> Checked {
    if !case.terms.reduce_only {
        return NOT_ASKED;
    }
    let signed = case.terms.side.signed(case.own);
    if !signed.is_negative() {
        return found(false, case.qty, Qty::ZERO);
    }
    at_most(case.qty, signed.abs().checked_sub(case.open.own_reducing)?)
}

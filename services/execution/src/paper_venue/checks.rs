//! What the venue refuses, for the reasons a real one has.

use reprise_core::Market;
use reprise_model::event::NewTerms;
use reprise_model::{
    Cash, Code, Instrument, NewOrder, OrderType, Price, PriceRuleBreach, QuoteSource, Refusal, TimeInForce,
    Ts,
};

use super::working::Working;

/// Whether the venue takes an order.
///
/// A reduce-only order is exempt from the minimum notional: exits are never trapped.
pub(super) fn admit(terms: &NewOrder, market: &Market, now: Ts) -> Result<(), Refusal> {
    let definition = &market.definition;
    let is_limit = matches!(terms.order_type, OrderType::Limit | OrderType::StopLimit);
    let is_stop = matches!(terms.order_type, OrderType::Stop | OrderType::StopLimit);
    if is_limit != terms.price.is_some() {
        return Err(Refusal::measured(Code::Malformed, price_text(terms.price), terms.order_type));
    }
    if is_stop != terms.stop_price.is_some() {
        return Err(Refusal::measured(Code::Malformed, price_text(terms.stop_price), terms.order_type));
    }
    if (terms.time_in_force == TimeInForce::Gtd) != terms.expire_ts.is_some() {
        return Err(Refusal::measured(Code::Malformed, terms.time_in_force, "gtd with expire_ts"));
    }
    let can_rest = is_limit && matches!(terms.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd);
    if terms.post_only && !can_rest {
        return Err(Refusal::measured(Code::Malformed, terms.time_in_force, "post_only limit that rests"));
    }
    if let Some(expires) = terms.expire_ts.filter(|&expires| expires <= now) {
        return Err(Refusal::measured(Code::AlreadyExpired, now, expires));
    }
    if !definition.allows_qty(terms.qty) {
        return Err(Refusal::measured(Code::Lot, terms.qty, definition.lot));
    }
    for price in [terms.price, terms.stop_price].into_iter().flatten() {
        check_price(definition, price)?;
    }
    let price = terms.price.or(terms.stop_price).or(market.opposite(terms.side).map(|top| top.price));
    check_notional(definition, price, terms.qty, terms.reduce_only)
}

/// Whether the venue takes new terms for an order. Whether they make a post-only order cross is seen later.
pub(super) fn admit_terms(order: &Working, new: &NewTerms, market: &Market) -> Result<(), Refusal> {
    let definition = &market.definition;
    let qty = new.qty.unwrap_or(order.qty);
    if !definition.allows_qty(qty) {
        return Err(Refusal::measured(Code::Lot, qty, definition.lot));
    }
    if qty <= order.cum {
        return Err(Refusal::measured(Code::Malformed, qty, order.cum));
    }
    if new.price.is_some() && order.limit.is_none() {
        return Err(Refusal::measured(Code::Malformed, price_text(new.price), "an order without a limit"));
    }
    if new.stop_price.is_some() && order.stop.is_none() {
        return Err(Refusal::measured(
            Code::Malformed,
            price_text(new.stop_price),
            "an order without a stop",
        ));
    }
    for price in [new.price, new.stop_price].into_iter().flatten() {
        check_price(definition, price)?;
    }
    let price = new.price.or(order.limit).or(new.stop_price).or(order.stop);
    check_notional(definition, price, qty, order.reduce_only)
}

fn check_price(definition: &Instrument, price: Price) -> Result<(), Refusal> {
    definition.check_price(price).map_err(|breach| match breach {
        PriceRuleBreach::NotPositive | PriceRuleBreach::OffTick => {
            Refusal::measured(Code::PriceRule, price, definition.tick)
        }
        PriceRuleBreach::TooManyDigits => {
            Refusal::measured(Code::PriceRule, price, definition.significant_digits.unwrap_or_default())
        }
    })
}

fn check_notional(
    definition: &Instrument,
    price: Option<Price>,
    qty: reprise_model::Qty,
    reduce_only: bool,
) -> Result<(), Refusal> {
    let Some(price) = price else { return Ok(()) };
    let Ok(notional) = Cash::notional(price, qty) else {
        return Err(Refusal::measured(Code::Overflow, qty, Cash::MAX));
    };
    if !reduce_only && notional < definition.min_notional {
        return Err(Refusal::measured(Code::MinNotional, notional, definition.min_notional));
    }
    Ok(())
}

fn price_text(price: Option<Price>) -> String {
    price.map_or_else(|| "no price".to_owned(), |price| price.to_string())
}

/// True when an instrument has no quotes to trade against, only bars.
pub(super) fn trades_on_bars(market: &Market) -> bool {
    market.definition.quote_source == QuoteSource::Bars
}

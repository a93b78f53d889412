//! From the venue's order configurations to the terms of an order.

use reprise_core::Market;
use reprise_model::event::Level;
use reprise_model::{
    Cash, Instrument, NewOrder, OrderOrigin, OrderType, Price, Qty, Rate, Side, TimeInForce, Ts,
};
use reprise_venues::coinbase::time;
use reprise_venues::coinbase::wire::{CreateOrder, Market as MarketSize, OrderConfiguration, StopDirection};

use super::refusals::Refused;
use crate::exchange::Exchange;

/// The terms of an order, for a market as it is displayed. A market order becomes an immediate one that is
/// bounded by the worst displayed price that it needs, so that it never costs more than was held for it.
pub(super) fn terms(order: &CreateOrder, market: &Market, displayed: &[Level]) -> Result<NewOrder, Refused> {
    let definition = &market.definition;
    let side = Side::from(order.side);
    if order.leverage.as_deref().is_some_and(|leverage| !leverage.is_empty() && leverage != "1") {
        return Err(Refused::unsupported("spot products have no leverage"));
    }
    if order.attached_order_configuration.is_some() {
        return Err(Refused::unsupported("attached orders are not simulated"));
    }
    let mut terms = plain(definition, side);
    match &order.order_configuration {
        OrderConfiguration::MarketMarketIoc(size) => market_terms(&mut terms, size, definition, displayed)?,
        OrderConfiguration::MarketMarketFok(size) => {
            market_terms(&mut terms, size, definition, displayed)?;
            terms.time_in_force = TimeInForce::Fok;
        }
        OrderConfiguration::SorLimitIoc(limit) => {
            limited(&mut terms, TimeInForce::Ioc, limit.base_size, limit.limit_price);
        }
        OrderConfiguration::LimitLimitFok(limit) => {
            limited(&mut terms, TimeInForce::Fok, limit.base_size, limit.limit_price);
        }
        OrderConfiguration::LimitLimitGtc(limit) => {
            limited(&mut terms, TimeInForce::Gtc, limit.base_size, limit.limit_price);
            terms.post_only = limit.post_only;
        }
        OrderConfiguration::LimitLimitGtd(limit) => {
            limited(&mut terms, TimeInForce::Gtd, limit.base_size, limit.limit_price);
            terms.post_only = limit.post_only;
            terms.expire_ts = Some(end_time(&limit.end_time)?);
        }
        OrderConfiguration::StopLimitStopLimitGtc(stop) => {
            limited(&mut terms, TimeInForce::Gtc, stop.base_size, stop.limit_price);
            stopped(&mut terms, stop.stop_price, stop.stop_direction, market)?;
        }
        OrderConfiguration::StopLimitStopLimitGtd(stop) => {
            limited(&mut terms, TimeInForce::Gtd, stop.base_size, stop.limit_price);
            stopped(&mut terms, stop.stop_price, stop.stop_direction, market)?;
            terms.expire_ts = Some(end_time(&stop.end_time)?);
        }
        OrderConfiguration::TriggerBracketGtc(_)
        | OrderConfiguration::TriggerBracketGtd(_)
        | OrderConfiguration::TwapLimitGtd(_)
        | OrderConfiguration::ScaledLimitGtc(_) => {
            return Err(Refused::unsupported("this order configuration is not simulated"));
        }
    }
    Ok(terms)
}

fn plain(definition: &Instrument, side: Side) -> NewOrder {
    NewOrder {
        strategy: Exchange::owner(),
        instrument: definition.instrument,
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        qty: Qty::ZERO,
        price: None,
        stop_price: None,
        expire_ts: None,
        post_only: false,
        reduce_only: false,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 0,
        note: None,
    }
}

fn limited(terms: &mut NewOrder, time_in_force: TimeInForce, qty: Qty, price: Price) {
    (terms.time_in_force, terms.qty, terms.price) = (time_in_force, qty, Some(price));
}

/// A stop must lie beyond the last trade, in the direction that it names.
fn stopped(
    terms: &mut NewOrder,
    stop: Price,
    direction: StopDirection,
    market: &Market,
) -> Result<(), Refused> {
    match (terms.side, direction) {
        (Side::Buy, StopDirection::Up) | (Side::Sell, StopDirection::Down) => {}
        (Side::Buy, StopDirection::Down) | (Side::Sell, StopDirection::Up) => {
            return Err(Refused::unsupported("only stops against the order's side are simulated"));
        }
    }
    let is_passed = market.last_trade.is_some_and(|last| match direction {
        StopDirection::Up => last.price >= stop,
        StopDirection::Down => last.price <= stop,
    });
    if is_passed {
        let preview = match direction {
            StopDirection::Up => "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE",
            StopDirection::Down => "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
        };
        return Err(Refused::new(
            "INVALID_REQUEST",
            preview,
            "the last trade has passed the stop price already",
        ));
    }
    (terms.order_type, terms.stop_price) = (OrderType::StopLimit, Some(stop));
    Ok(())
}

fn end_time(text: &str) -> Result<Ts, Refused> {
    time::parse(text).ok_or_else(|| {
        let message = format!("end_time is no RFC 3339 time: '{text}'");
        Refused::new("INVALID_REQUEST", "PREVIEW_INVALID_ORDER_CONFIG", message)
    })
}

fn market_terms(
    terms: &mut NewOrder,
    size: &MarketSize,
    definition: &Instrument,
    displayed: &[Level],
) -> Result<(), Refused> {
    let Some(best) = displayed.first() else {
        let message = "nothing is displayed on the other side";
        return Err(Refused::new("INVALID_NO_LIQUIDITY", "PREVIEW_INVALID_NO_LIQUIDITY", message));
    };
    let (qty, bound) = match (size.base_size, size.quote_size) {
        (Some(qty), None) => (qty, worst_for(qty, displayed).unwrap_or(best.price)),
        (None, Some(amount)) => {
            check_quote_size(amount, definition)?;
            bought_with(amount, definition, displayed).unwrap_or((Qty::ZERO, best.price))
        }
        _ => return Err(Refused::unsupported("a market order has one of base_size and quote_size")),
    };
    limited(terms, TimeInForce::Ioc, qty, bound);
    Ok(())
}

/// Quote sizes are whole cents at least, and worth an order.
fn check_quote_size(amount: Cash, definition: &Instrument) -> Result<(), Refused> {
    if amount.decimals() > definition.tick.decimals().max(2) {
        let message = format!("{amount} has more decimals than the quote asset");
        return Err(Refused::new("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_QUOTE_SIZE_PRECISION", message));
    }
    if !amount.is_positive() || amount < definition.min_notional {
        let message = format!("{amount} is below the least order of {}", definition.min_notional);
        return Err(Refused::new("INVALID_REQUEST", "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", message));
    }
    Ok(())
}

/// The worst price that a quantity needs of what is displayed.
fn worst_for(qty: Qty, displayed: &[Level]) -> Option<Price> {
    let mut open = qty;
    let mut worst = None;
    for level in displayed {
        worst = Some(level.price);
        open = open.checked_sub(level.qty).ok()?;
        if !open.is_positive() {
            break;
        }
    }
    worst
}

/// What an amount of quote, fees included, buys or must be sold for, and the worst price that takes.
fn bought_with(amount: Cash, definition: &Instrument, displayed: &[Level]) -> Option<(Qty, Price)> {
    let with_fee = Cash::ONE.checked_add(Cash::ONE.checked_mul_rate(definition.taker_fee).ok()?).ok()?;
    let share: Rate = Cash::ONE.ratio(with_fee).ok()?;
    let mut open = amount.checked_mul_rate(share).ok()?;
    let (mut qty, mut worst) = (Qty::ZERO, displayed.first()?.price);
    for level in displayed {
        worst = level.price;
        let value = Cash::notional(level.price, level.qty).ok()?;
        if value >= open {
            let rest = Qty::bought_with(open, level.price, definition.lot).ok()?;
            return Some((qty.checked_add(rest).ok()?, worst));
        }
        qty = qty.checked_add(level.qty).ok()?;
        open = open.checked_sub(value).ok()?;
    }
    // What is not displayed is asked for all the same, and canceled.
    let rest = Qty::bought_with(open, worst, definition.lot).ok()?;
    Some((qty.checked_add(rest).ok()?, worst))
}

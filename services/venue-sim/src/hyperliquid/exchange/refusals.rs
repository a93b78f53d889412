//! Why an order is refused, in the venue's words.
//!
//! Source: hyperliquid.gitbook.io, "Error responses"; the venue adds the asset's number.

use reprise_model::{Code, Price, Qty, Refusal, Side};
use reprise_venues::hyperliquid::action::{OrderKind, OrderWire};
use reprise_venues::hyperliquid::rules::{Market, allows_size};

use crate::house::House;
use crate::ledger::OrderRecord;

/// Something about an asset.
pub(super) fn about(words: &str, asset: u32) -> String {
    format!("{words} asset={asset}")
}

/// An order that is not there.
pub(super) fn missing(asset: u32) -> String {
    about("Order was never placed, already canceled, or filled.", asset)
}

/// Finds an asset and what is wrong with an order by itself, whatever the market and the account; the venue
/// refuses the whole batch for it.
pub(super) fn check_payload(house: &House, order: &OrderWire) -> Result<usize, String> {
    let asset = order.asset;
    let place = usize::try_from(asset).ok();
    let Some((place, listing)) = place.and_then(|place| Some((place, house.listings().get(place)?))) else {
        return Err(about("Invalid asset.", asset));
    };
    let size_decimals = listing.size_decimals();
    if order.size.is_zero() {
        return Err(about("Order has zero size.", asset));
    }
    if !allows_size(order.size, size_decimals) {
        return Err(about("Order has invalid size.", asset));
    }
    if !order.price.is_positive() {
        return Err(about("Order has invalid price.", asset));
    }
    let trigger = match order.kind {
        OrderKind::Trigger { trigger_px, .. } => Some(trigger_px),
        OrderKind::Limit { .. } => None,
    };
    let allowed = |price: Price| Market::Perpetual.allows_price(price, size_decimals);
    if !allowed(order.price) || !trigger.is_none_or(allowed) {
        return Err(about("Price must be divisible by tick size.", asset));
    }
    Ok(place)
}

/// Why an order that was entered is not there; nothing when it is.
pub(super) fn of_record(house: &House, listing: usize, record: &OrderRecord) -> Option<String> {
    let asset = u32::try_from(listing).unwrap_or(u32::MAX);
    if let Some(refusal) = record.refusal.as_ref().filter(|_| record.is_refused()) {
        return Some(about(&words(house, listing, refusal), asset));
    }
    let found_nothing = !record.is_open() && record.cum_qty == Qty::ZERO;
    found_nothing.then(|| about("Order could not immediately match against any resting orders.", asset))
}

fn words(house: &House, listing: usize, refusal: &Refusal) -> String {
    match refusal.code {
        Code::PriceRule => "Price must be divisible by tick size.".to_owned(),
        Code::Lot => "Order has invalid size.".to_owned(),
        Code::MinNotional => "Order must have minimum value of $10.".to_owned(),
        Code::InitialMargin | Code::InsufficientFunds => "Insufficient margin to place order.".to_owned(),
        Code::ReduceOnly => "Reduce only order would increase position.".to_owned(),
        Code::NoLiquidity => "No liquidity available for market order.".to_owned(),
        Code::PostOnly => {
            let best = |side| house.levels(listing, side, 1).first().map_or(Price::ZERO, |level| level.price);
            let (bid, ask) = (best(Side::Buy), best(Side::Sell));
            format!("Post only order would have immediately matched, bbo was {bid}@{ask}.")
        }
        code => code.meaning().trim().to_owned(),
    }
}

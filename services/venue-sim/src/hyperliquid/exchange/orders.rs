//! Orders: placing, canceling, modifying.

use std::sync::Arc;

use reprise_model::{
    GroupRole, NewOrder, OrderGroup, OrderOrigin, OrderType, Price, Rate, Side, TimeInForce,
};
use reprise_venues::hyperliquid::action::{Grouping, OrderKind, OrderRef, OrderWire, Tif, TpSl};
use serde_json::json;

use super::super::kind::{Kind, triggers_above};
use super::super::{Counter, show};
use super::refusals::{about, check_payload, missing, of_record};
use super::{Answer, statuses};
use crate::exchange::{AccountIx, Exchange};
use crate::ledger::OrderRecord;

/// Places the orders of an action.
pub(super) fn place(
    counter: &mut Counter<'_>,
    account: AccountIx,
    orders: &[OrderWire],
    grouping: Grouping,
) -> Answer {
    let error = |reason: &String| json!({"error": reason});
    // What is wrong with one of them by itself is the answer for all.
    if let Some(reason) = orders.iter().find_map(|order| check_payload(counter.house, order).err()) {
        return statuses("order", vec![error(&reason); orders.len()]);
    }
    let is_exit = |order: &OrderWire| matches!(order.kind, OrderKind::Trigger { .. });
    let answers = match (grouping, orders) {
        (Grouping::NormalTpsl, [entry, exits @ ..]) => {
            if exits.is_empty() || is_exit(entry) || !exits.iter().all(is_exit) {
                return super::refused("Unexpected number of trigger orders");
            }
            bracket(counter, account, entry, exits)
        }
        (Grouping::PositionTpsl, exits) => {
            if !exits.iter().all(is_exit) {
                return super::refused("Unexpected number of trigger orders");
            }
            place_exits(counter, account, exits, true)
        }
        _ => orders.iter().map(|order| place_alone(counter, account, order)).collect(),
    };
    statuses("order", answers)
}

fn place_alone(counter: &mut Counter<'_>, account: AccountIx, order: &OrderWire) -> Answer {
    match enter(counter, account, order, Kind::asked(order, false), None) {
        Ok(record) => outcome(&record),
        Err(reason) => json!({"error": reason}),
    }
}

/// An entry and the exits that follow once it is filled.
fn bracket(
    counter: &mut Counter<'_>,
    account: AccountIx,
    entry: &OrderWire,
    exits: &[OrderWire],
) -> Vec<Answer> {
    let record = match enter(counter, account, entry, Kind::asked(entry, false), None) {
        Ok(record) => record,
        Err(reason) => return vec![json!({"error": reason}); 1 + exits.len()],
    };
    let mut answers = vec![outcome(&record)];
    if record.is_open() {
        counter.desk.hold_exits(account, record.number, exits.to_vec());
        answers.extend(exits.iter().map(|_| json!("waitingForFill")));
    } else {
        answers.extend(place_exits(counter, account, exits, false));
    }
    answers
}

/// Places exits of which the fill of one ends the others.
pub(in super::super) fn place_exits(
    counter: &mut Counter<'_>,
    account: AccountIx,
    exits: &[OrderWire],
    is_position: bool,
) -> Vec<Answer> {
    let id = counter.house.exchange().upcoming_order(account).n;
    let group = (exits.len() > 1).then_some(OrderGroup { id, role: GroupRole::Oco });
    let each = exits.iter().map(|order| {
        let exit = OrderWire { reduce_only: true, ..*order };
        match enter(counter, account, &exit, Kind::asked(order, is_position), group) {
            Ok(record) if record.is_open() => json!("waitingForTrigger"),
            Ok(record) => outcome(&record),
            Err(reason) => json!({"error": reason}),
        }
    });
    each.collect()
}

/// Enters one order; in words, why it is not there.
fn enter(
    counter: &mut Counter<'_>,
    account: AccountIx,
    order: &OrderWire,
    kind: Kind,
    group: Option<OrderGroup>,
) -> Result<Arc<OrderRecord>, String> {
    let listing = check_payload(counter.house, order)?;
    check_market(counter, listing, order)?;
    let cloid = order.cloid.map(|cloid| cloid.to_string());
    let ledger = counter.house.ledger(account);
    let is_taken = |cloid: &String| ledger.by_client_id(cloid).is_some_and(|known| known.is_open());
    if cloid.as_ref().is_some_and(is_taken) {
        return Err(about("An open order has this cloid.", order.asset));
    }
    let instrument = counter.house.listings()[listing].definition.instrument;
    let terms = NewOrder { group, ..terms(order, instrument) };
    let now = counter.now;
    let record = counter.house.enter(account, now, terms, cloid, kind.tag());
    let record = record.ok_or_else(|| about("Invalid asset.", order.asset))?;
    of_record(counter.house, listing, &record).map_or(Ok(record), Err)
}

/// What the market has against an order: a price out of all proportion, a trigger on the wrong side.
fn check_market(counter: &Counter<'_>, listing: usize, order: &OrderWire) -> Result<(), String> {
    let Some(mark) = counter.house.market(listing).and_then(|market| market.mark.or(market.last_mid)) else {
        return Ok(());
    };
    let far = |factor: &str| Rate::parse(factor).and_then(|factor| mark.checked_mul_rate(factor));
    let bounds = (far("0.05"), far("1.95"));
    if let (Ok(least), Ok(most)) = bounds
        && !(least..=most).contains(&order.price)
    {
        return Err(about("Order price cannot be more than 95% away from the reference price", order.asset));
    }
    match order.kind {
        OrderKind::Trigger { trigger_px, tpsl, .. } => {
            let is_ahead =
                if triggers_above(tpsl, side_of(order)) { trigger_px > mark } else { trigger_px < mark };
            if is_ahead { Ok(()) } else { Err(about("Invalid TP/SL price.", order.asset)) }
        }
        OrderKind::Limit { .. } => Ok(()),
    }
}

fn side_of(order: &OrderWire) -> Side {
    if order.is_buy { Side::Buy } else { Side::Sell }
}

/// The order in the engine's words.
fn terms(order: &OrderWire, instrument: reprise_model::InstrumentId) -> NewOrder {
    let (order_type, price, stop_price): (_, _, Option<Price>) = match order.kind {
        OrderKind::Limit { .. } => (OrderType::Limit, Some(order.price), None),
        OrderKind::Trigger { tpsl: TpSl::Tp, trigger_px, .. } => (OrderType::Limit, Some(trigger_px), None),
        OrderKind::Trigger { is_market: true, trigger_px, .. } => (OrderType::Stop, None, Some(trigger_px)),
        OrderKind::Trigger { is_market: false, trigger_px, .. } => {
            (OrderType::StopLimit, Some(order.price), Some(trigger_px))
        }
    };
    let time_in_force = match order.kind {
        OrderKind::Limit { tif: Tif::Ioc | Tif::FrontendMarket } => TimeInForce::Ioc,
        OrderKind::Limit { .. } | OrderKind::Trigger { .. } => TimeInForce::Gtc,
    };
    NewOrder {
        strategy: Exchange::owner(),
        instrument,
        side: side_of(order),
        order_type,
        time_in_force,
        qty: order.size,
        price,
        stop_price,
        expire_ts: None,
        post_only: order.kind == OrderKind::Limit { tif: Tif::Alo },
        reduce_only: order.reduce_only,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 0,
        note: None,
    }
}

/// What became of an order so far, as the answer has it.
fn outcome(record: &OrderRecord) -> Answer {
    let mut told = match record.average_price() {
        Some(average) if !record.is_open() => {
            json!({"filled": {
                "totalSz": show::number(record.cum_qty),
                "avgPx": show::number(average),
                "oid": record.number,
            }})
        }
        _ => json!({"resting": {"oid": record.number}}),
    };
    if let (Some(cloid), Some(inside)) =
        (&record.client_id, told.as_object_mut().and_then(|told| told.values_mut().next()))
    {
        inside["cloid"] = cloid.as_str().into();
    }
    told
}

/// Cancels an order that was found, or not.
pub(super) fn cancel(
    counter: &mut Counter<'_>,
    account: AccountIx,
    asset: u32,
    order: Option<Arc<OrderRecord>>,
) -> Answer {
    let listing = usize::try_from(asset).ok().and_then(|place| counter.house.listings().get(place));
    let instrument = listing.map(|listing| listing.definition.instrument);
    let now = counter.now;
    match order.filter(|order| Some(order.terms.instrument) == instrument) {
        Some(order) if counter.house.cancel(account, now, &order) => json!("success"),
        _ => json!({"error": missing(asset)}),
    }
}

/// Puts an order in the place of another: the old one is canceled, the new one has a number of its own.
pub(super) fn modify(
    counter: &mut Counter<'_>,
    account: AccountIx,
    old: OrderRef,
    order: &OrderWire,
) -> Result<Answer, String> {
    check_payload(counter.house, order)?;
    let ledger = counter.house.ledger(account);
    let found = match old {
        OrderRef::Oid(oid) => ledger.by_number(oid),
        OrderRef::Cloid(cloid) => ledger.by_client_id(&cloid.to_string()),
    };
    let found = found.filter(|found| found.is_open()).cloned();
    let found = found.ok_or_else(|| "Cannot modify canceled or filled order".to_owned())?;
    let now = counter.now;
    counter.house.cancel(account, now, &found);
    let mut order = *order;
    order.cloid = order.cloid.or_else(|| found.client_id.as_ref()?.parse().ok());
    let kind = Kind::asked(&order, Kind::of(&found).is_position);
    enter(counter, account, &order, kind, found.terms.group)
        .map(|record| outcome(&record))
        .map_err(|reason| format!("Error placing new order during modify: {reason}"))
}

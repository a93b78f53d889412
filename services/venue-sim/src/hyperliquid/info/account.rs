//! Accounts: orders, fills, funding, fees, roles.

use std::ops::RangeInclusive;
use std::sync::Arc;

use reprise_model::{Cash, Rate};
use reprise_venues::hyperliquid;
use reprise_venues::hyperliquid::sign::Address;
use serde_json::{Value, json};

use super::super::Counter;
use super::super::show::number;
use crate::exchange::AccountIx;
use crate::ledger::{FillRecord, OrderRecord};

/// Fills and orders of an answer.
const MOST: usize = 2_000;

/// Open orders, the newest first.
pub(super) fn open_orders(counter: &Counter<'_>, account: AccountIx, is_long: bool) -> Value {
    let pen = counter.pen();
    let open = counter.house.ledger(account).orders().rev().filter(|order| order.is_open());
    open.map(|order| if is_long { pen.frontend_order(order) } else { pen.order(order) }).collect()
}

/// One order, by the venue's number or the client's id.
pub(super) fn order_status(counter: &Counter<'_>, account: AccountIx, id: &Value) -> Value {
    let ledger = counter.house.ledger(account);
    let found: Option<&Arc<OrderRecord>> = match id {
        Value::Number(oid) => oid.as_u64().and_then(|oid| ledger.by_number(oid)),
        Value::String(cloid) => ledger.by_client_id(&cloid.to_ascii_lowercase()),
        _ => None,
    };
    match found {
        Some(order) => json!({"status": "order", "order": counter.pen().order_and_status(order)}),
        None => json!({"status": "unknownOid"}),
    }
}

/// Orders and where they stand, the newest first.
pub(super) fn historical_orders(counter: &Counter<'_>, account: AccountIx) -> Value {
    let orders = counter.house.ledger(account).orders().rev().take(MOST);
    orders.map(|order| counter.pen().order_and_status(order)).collect()
}

fn fill(counter: &Counter<'_>, fill: &FillRecord) -> Value {
    let coin = counter.house.listings().get(fill.listing).map_or("", |listing| listing.name.as_str());
    counter.pen().fill(fill, coin)
}

/// Fills, the newest first.
pub(in super::super) fn fills(counter: &Counter<'_>, account: AccountIx) -> Value {
    counter.house.ledger(account).fills().rev().take(MOST).map(|one| fill(counter, one)).collect()
}

/// Fills within times, Unix milliseconds, the oldest first.
pub(super) fn fills_by_time(counter: &Counter<'_>, account: AccountIx, times: &RangeInclusive<u64>) -> Value {
    let fills = counter.house.ledger(account).fills().filter(|one| times.contains(&counter.pen().ms(one.ts)));
    fills.take(MOST).map(|one| fill(counter, one)).collect()
}

/// Funding within times, Unix milliseconds, the oldest first.
pub(super) fn funding(counter: &Counter<'_>, account: AccountIx, times: &RangeInclusive<u64>) -> Value {
    let pen = counter.pen();
    let payments =
        counter.desk.payments(account).iter().filter(|payment| times.contains(&pen.ms(payment.ts)));
    let shown = payments.map(|payment| {
        json!({
            "time": pen.ms(payment.ts),
            "hash": format!("0x{:064x}", 0),
            "delta": {
                "type": "funding",
                "coin": hyperliquid::coin(&payment.instrument),
                "usdc": number(payment.usdc),
                "szi": number(payment.position),
                "fundingRate": number(payment.rate),
                "nSamples": null,
            },
        })
    });
    shown.collect()
}

/// What every account pays.
pub(super) fn fees(counter: &Counter<'_>) -> Value {
    let first = counter.house.listings().first().map(|listing| &listing.definition);
    let taker = number(first.map_or(Rate::ZERO, |definition| definition.taker_fee));
    let maker = number(first.map_or(Rate::ZERO, |definition| definition.maker_fee));
    json!({
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": taker, "add": maker, "spotCross": taker, "spotAdd": maker,
            "tiers": {"vip": [], "mm": []}, "referralDiscount": "0.0", "stakingDiscountTiers": [],
        },
        "userCrossRate": taker,
        "userAddRate": maker,
        "userSpotCrossRate": taker,
        "userSpotAddRate": maker,
        "activeReferralDiscount": "0.0",
        "trial": null,
        "feeTrialReward": "0.0",
        "nextTrialAvailableTimestamp": null,
        "stakingLink": null,
        "activeStakingDiscount": null,
    })
}

/// What an address is.
pub(super) fn role(counter: &Counter<'_>, user: Address) -> Value {
    match counter.desk.agent(user) {
        Some(agent) => json!({"role": "agent", "data": {"user": agent.master}}),
        None => json!({"role": "user"}),
    }
}

/// How many requests an address has left: as many as it ever traded USDC, and ten thousand.
pub(super) fn rate_limit(counter: &Counter<'_>, account: AccountIx) -> Value {
    let ledger = counter.house.ledger(account);
    let each = ledger.fills().filter_map(|one| Cash::notional(one.fill.price, one.fill.qty).ok());
    let traded = Cash::sum(each).unwrap_or_default();
    let used = ledger.orders().count();
    json!({
        "cumVlm": number(traded),
        "nRequestsUsed": used,
        "nRequestsCap": 10_000 + traded.to_f64() as u64,
        "nRequestsSurplus": 0,
    })
}

/// The wallets that may trade for an address.
pub(super) fn agents(counter: &Counter<'_>, user: Address) -> Value {
    let forever = counter.now_ms() + 180 * 86_400_000;
    let agents = counter.desk.agents_of(user);
    agents.map(|agent| json!({"name": agent.name, "address": agent.address, "validUntil": forever})).collect()
}

/// The account's value over time, which is not kept.
pub(super) fn portfolio() -> Value {
    let empty = json!({"accountValueHistory": [], "pnlHistory": [], "vlm": "0.0"});
    ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"]
        .map(|period| json!([period, empty]))
        .to_vec()
        .into()
}

//! How the venue writes what it shows: numbers with a point, times in milliseconds, orders and fills.

use std::fmt::Display;

use reprise_model::event::CancelReason;
use reprise_model::{Code, Liquidity, OrderStatus, Price, Side, Ts};
use reprise_venues::hyperliquid;
use reprise_venues::hyperliquid::wire::SideLetter;
use serde_json::{Value, json};

use super::desk::{Desk, Payment};
use super::kind::Kind;
use crate::ledger::{FillRecord, OrderRecord};
use crate::settings::Venue;
use crate::shared::Shared;

/// A number as the venue writes it: never without a point.
pub(super) fn number(value: impl Display) -> String {
    let mut text = value.to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

/// A side as the venue writes it.
pub(super) fn side(side: Side) -> SideLetter {
    SideLetter::from(side)
}

/// Writes things with the venue's own times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen<'a> {
    pub(super) shared: &'a Shared,
    pub(super) desk: &'a Desk,
}

impl Pen<'_> {
    /// A moment by the venue's clock, Unix milliseconds.
    pub(super) fn ms(&self, ts: Ts) -> u64 {
        self.shared.stamp(Venue::Hyperliquid, ts).0 / 1_000_000
    }

    /// The fields that every listing of orders has.
    pub(super) fn order(&self, record: &OrderRecord) -> Value {
        let kind = Kind::of(record);
        let mut order = json!({
            "coin": coin(record),
            "side": side(record.terms.side),
            "limitPx": number(kind.limit_price(record)),
            "sz": number(if record.is_open() { record.leaves_qty() } else { reprise_model::Qty::ZERO }),
            "oid": record.number,
            "timestamp": self.ms(record.entered),
            "origSz": number(record.original_qty),
        });
        if let Some(cloid) = &record.client_id {
            order["cloid"] = cloid.as_str().into();
        }
        if record.terms.reduce_only {
            order["reduceOnly"] = true.into();
        }
        order
    }

    /// The fields of the longer listings.
    pub(super) fn frontend_order(&self, record: &OrderRecord) -> Value {
        let kind = Kind::of(record);
        let mut order = self.order(record);
        let trigger = kind.trigger_price(record);
        order["isTrigger"] = trigger.is_some().into();
        order["triggerPx"] = number(trigger.unwrap_or(Price::ZERO)).into();
        order["triggerCondition"] = kind.condition(record).into();
        order["isPositionTpsl"] = kind.is_position.into();
        order["reduceOnly"] = record.terms.reduce_only.into();
        order["orderType"] = kind.name().into();
        order["tif"] = kind.tif().into();
        order["cloid"] = record.client_id.clone().into();
        order["children"] = json!([]);
        order
    }

    /// An order and where it stands, as `orderStatus` and `historicalOrders` have it.
    pub(super) fn order_and_status(&self, record: &OrderRecord) -> Value {
        json!({
            "order": self.frontend_order(record),
            "status": self.status(record),
            "statusTimestamp": self.ms(record.updated),
        })
    }

    /// One entry of `orderUpdates`.
    pub(super) fn order_update(&self, record: &OrderRecord, status: &str, ts: Ts) -> Value {
        json!({"order": self.order(record), "status": status, "statusTimestamp": self.ms(ts)})
    }

    /// The venue's word for where an order stands.
    pub(super) fn status(&self, record: &OrderRecord) -> &'static str {
        match record.status {
            OrderStatus::Filled => "filled",
            OrderStatus::Canceled if self.desk.was_schedule_canceled(record.number) => "scheduledCancel",
            OrderStatus::Canceled => canceled(record),
            OrderStatus::Denied | OrderStatus::Rejected => {
                record.refusal.as_ref().map_or("rejected", |refusal| rejected(refusal.code))
            }
            OrderStatus::Expired => "canceled",
            _ if Kind::of(record).trigger_price(record).is_some() && record.is_live => "triggered",
            _ => "open",
        }
    }

    /// A fill, with the order's own coin.
    pub(super) fn fill(&self, fill: &FillRecord, coin: &str) -> Value {
        let mut shown = json!({
            "coin": coin,
            "px": number(fill.fill.price),
            "sz": number(fill.fill.qty),
            "side": side(fill.side),
            "time": self.ms(fill.ts),
            "startPosition": number(fill.position_before),
            "dir": direction(fill),
            "closedPnl": number(fill.realized),
            "hash": format!("0x{:064x}", fill.number),
            "oid": fill.order_number,
            "crossed": fill.fill.liquidity == Liquidity::Taker,
            "fee": number(fill.fill.fee),
            "tid": fill.number,
            "feeToken": fill.fill.fee_asset.as_str(),
        });
        if let Some(cloid) = &fill.client_id {
            shown["cloid"] = cloid.as_str().into();
        }
        shown
    }

    /// A payment of funding, as `userFundings` has it.
    pub(super) fn funding(&self, payment: &Payment) -> Value {
        json!({
            "time": self.ms(payment.ts),
            "coin": hyperliquid::coin(&payment.instrument),
            "usdc": number(payment.usdc),
            "szi": number(payment.position),
            "fundingRate": number(payment.rate),
            "nSamples": null,
        })
    }
}

/// The venue's name of what an order is for.
pub(super) fn coin(record: &OrderRecord) -> &str {
    hyperliquid::coin(&record.terms.instrument).unwrap_or_default()
}

fn canceled(record: &OrderRecord) -> &'static str {
    match record.cancel_reason {
        Some(CancelReason::Immediate) if record.cum_qty.is_zero() => "iocCancelRejected",
        Some(CancelReason::ReduceOnly) => "reduceOnlyCanceled",
        Some(CancelReason::Group) => "siblingFilledCanceled",
        Some(CancelReason::Liquidation) => "liquidatedCanceled",
        Some(CancelReason::Venue) => "marginCanceled",
        _ => "canceled",
    }
}

fn rejected(code: Code) -> &'static str {
    match code {
        Code::PriceRule => "tickRejected",
        Code::MinNotional => "minTradeNtlRejected",
        Code::InitialMargin | Code::InsufficientFunds => "perpMarginRejected",
        Code::ReduceOnly => "reduceOnlyRejected",
        Code::PostOnly => "badAloPxRejected",
        Code::NoLiquidity => "marketOrderNoLiquidityRejected",
        _ => "rejected",
    }
}

/// What a fill did to the position, in the venue's words.
fn direction(fill: &FillRecord) -> &'static str {
    let before = fill.position_before;
    let after = before.checked_add(fill.side.signed(fill.fill.qty)).unwrap_or(before);
    match fill.side {
        Side::Buy if before.is_negative() && after.is_positive() => "Short > Long",
        Side::Sell if before.is_positive() && after.is_negative() => "Long > Short",
        Side::Buy if before.is_negative() => "Close Short",
        Side::Sell if before.is_positive() => "Close Long",
        Side::Buy => "Open Long",
        Side::Sell => "Open Short",
    }
}

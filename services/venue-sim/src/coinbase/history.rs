//! Orders and fills as the venue tells of them: by REST one by one or in pages, and on the user's channel.

use axum::Json;
use axum::extract::{Path, Query, State};
use reprise_model::event::CancelReason;
use reprise_model::{Cash, Liquidity, OrderStatus, OrderType, Price, Qty, Side, TimeInForce};
use reprise_venues::coinbase::time;
use serde_json::{Value, json};

use super::auth::Signer;
use super::respond::{Answer, FILL, Fault, ORDER, PORTFOLIO, Page, Params, number_of, uuid};
use super::{Api, VENUE};
use crate::exchange::AccountIx;
use crate::house::House;
use crate::ledger::{FillRecord, OrderRecord};

/// `GET /orders/historical/{order_id}`
pub(super) async fn order(
    State(api): State<Api>,
    Signer(name): Signer,
    Path(order_id): Path<String>,
) -> Answer {
    let wanted = order_id.clone();
    let found = api.shared.ask(VENUE, move |house, _| {
        let account = house.account(&name);
        let record = house.ledger(account).by_number(number_of(ORDER, &wanted)?)?;
        Some(order_body(house, account, record))
    });
    match found.await? {
        Some(order) => Ok(Json(json!({"order": order}))),
        None => Err(Fault::not_found(format!("no order has the id '{order_id}'"))),
    }
}

/// Which orders a listing asks for.
struct OrderFilter {
    ids: Vec<String>,
    products: Vec<String>,
    statuses: Vec<String>,
    side: Option<String>,
    from: Option<reprise_model::Ts>,
    to: Option<reprise_model::Ts>,
}

impl OrderFilter {
    fn of(params: &Params) -> Result<Self, Fault> {
        let mut products = params.all("product_ids");
        products.extend(params.all("product_id"));
        Ok(Self {
            ids: params.all("order_ids"),
            products,
            statuses: params.all("order_status"),
            side: params.one("order_side").map(str::to_owned),
            from: params.time("start_date")?,
            to: params.time("end_date")?,
        })
    }

    fn takes(&self, record: &OrderRecord) -> bool {
        let among = |wanted: &[String], found: &str| wanted.is_empty() || wanted.iter().any(|w| w == found);
        among(&self.ids, &uuid(ORDER, record.number))
            && among(&self.products, record.terms.instrument.symbol())
            && among(&self.statuses, status(record))
            && self.side.as_deref().is_none_or(|side| side == side_word(record.terms.side))
            && self.from.is_none_or(|from| record.entered >= from)
            && self.to.is_none_or(|to| record.entered < to)
    }
}

/// `GET /orders/historical/batch`: the newest first.
pub(super) async fn orders(
    State(api): State<Api>,
    Signer(name): Signer,
    Query(params): Query<Vec<(String, String)>>,
) -> Answer {
    let params = Params(params);
    let (filter, page) = (OrderFilter::of(&params)?, Page::of(&params, 1_000, 1_000)?);
    let cut = api.shared.ask(VENUE, move |house, _| {
        let account = house.account(&name);
        let wanted = house.ledger(account).orders().rev().filter(|record| filter.takes(record));
        let (records, cursor) = page.cut(wanted);
        let orders: Vec<Value> =
            records.into_iter().map(|record| order_body(house, account, record)).collect();
        (orders, cursor)
    });
    let (orders, cursor) = cut.await?;
    Ok(Json(json!({"orders": orders, "sequence": "0", "has_next": !cursor.is_empty(), "cursor": cursor})))
}

/// `GET /orders/historical/fills`: the newest first.
pub(super) async fn fills(
    State(api): State<Api>,
    Signer(name): Signer,
    Query(params): Query<Vec<(String, String)>>,
) -> Answer {
    let params = Params(params);
    let page = Page::of(&params, 100, 3_000)?;
    let mut orders = params.all("order_ids");
    orders.extend(params.all("order_id"));
    let mut products = params.all("product_ids");
    products.extend(params.all("product_id"));
    let trades = params.all("trade_ids");
    let from = params.time("start_sequence_timestamp")?;
    let to = params.time("end_sequence_timestamp")?;
    let cut = api.shared.ask(VENUE, move |house, _| {
        let account = house.account(&name);
        let among = |wanted: &[String], found: &str| wanted.is_empty() || wanted.iter().any(|w| w == found);
        let wanted = house.ledger(account).fills().rev().filter(|fill| {
            among(&orders, &uuid(ORDER, fill.order_number))
                && among(&products, &house.listings()[fill.listing].name)
                && among(&trades, &fill.number.to_string())
                && from.is_none_or(|from| fill.ts >= from)
                && to.is_none_or(|to| fill.ts < to)
        });
        let (fills, cursor) = page.cut(wanted);
        let fills: Vec<Value> =
            fills.into_iter().map(|fill| fill_body(fill, &house.listings()[fill.listing].name)).collect();
        (fills, cursor)
    });
    let (fills, cursor) = cut.await?;
    Ok(Json(json!({"fills": fills, "cursor": cursor})))
}

fn fill_body(fill: &FillRecord, product: &str) -> Value {
    let liquidity = match fill.fill.liquidity {
        Liquidity::Maker => "MAKER",
        Liquidity::Taker => "TAKER",
    };
    json!({
        "entry_id": uuid(FILL, fill.number),
        "trade_id": fill.number.to_string(),
        "order_id": uuid(ORDER, fill.order_number),
        "trade_time": time::format(fill.ts),
        "trade_type": "FILL",
        "price": fill.fill.price.to_string(),
        "size": fill.fill.qty.to_string(),
        "commission": fill.fill.fee.to_string(),
        "product_id": product,
        "sequence_timestamp": time::format(fill.ts),
        "liquidity_indicator": liquidity,
        "size_in_quote": false,
        "user_id": uuid(PORTFOLIO, 0),
        "side": side_word(fill.side),
        "retail_portfolio_id": uuid(PORTFOLIO, 1),
    })
}

fn order_body(house: &House, account: AccountIx, record: &OrderRecord) -> Value {
    let words = Words::of(record);
    let configuration: Value = serde_json::from_str(&record.tag).unwrap_or(Value::Null);
    let is_in_quote = configuration.pointer("/market_market_ioc/quote_size").is_some();
    json!({
        "order_id": uuid(ORDER, record.number),
        "product_id": record.terms.instrument.symbol(),
        "user_id": uuid(PORTFOLIO, 0),
        "order_configuration": with_edits(configuration, record),
        "side": side_word(record.terms.side),
        "client_order_id": record.client_id.clone().unwrap_or_default(),
        "status": status(record),
        "time_in_force": words.time_in_force,
        "created_time": time::format(record.entered),
        "completion_percentage": words.completion,
        "filled_size": record.cum_qty.to_string(),
        "average_filled_price": words.average_price,
        "fee": "",
        "number_of_fills": record.fills.to_string(),
        "filled_value": record.cum_notional.to_string(),
        "pending_cancel": false,
        "size_in_quote": is_in_quote,
        "total_fees": record.fees.to_string(),
        "size_inclusive_of_fees": is_in_quote,
        "total_value_after_fees": words.after_fees,
        "trigger_status": words.trigger_status,
        "order_type": words.order_type,
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": record.status == OrderStatus::Filled,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": words.cancel_message,
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": house.held(account, record).to_string(),
        "is_liquidation": false,
        "last_fill_time": (record.fills > 0).then(|| time::format(record.updated)),
        "edit_history": [],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": uuid(PORTFOLIO, 1),
    })
}

/// An order as the user's channel tells of it.
pub(super) fn user_order(record: &OrderRecord, held: Cash) -> Value {
    let words = Words::of(record);
    let price = |price: Option<Price>| price.map_or_else(|| "0".to_owned(), |price| price.to_string());
    json!({
        "avg_price": words.average_price,
        "cancel_reason": words.cancel_message,
        "client_order_id": record.client_id.clone().unwrap_or_default(),
        "completion_percentage": words.completion,
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
        "cumulative_quantity": record.cum_qty.to_string(),
        "filled_value": record.cum_notional.to_string(),
        "leaves_quantity": record.leaves_qty().to_string(),
        "limit_price": price(record.terms.price),
        "number_of_fills": record.fills.to_string(),
        "order_id": uuid(ORDER, record.number),
        "order_side": side_word(record.terms.side),
        "order_type": words.order_type_on_socket,
        "outstanding_hold_amount": held.to_string(),
        "post_only": record.terms.post_only.to_string(),
        "product_id": record.terms.instrument.symbol(),
        "product_type": "SPOT",
        "reject_reason": "",
        "retail_portfolio_id": uuid(PORTFOLIO, 1),
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "status": status(record),
        "stop_price": record.terms.stop_price.map_or_else(String::new, |stop| stop.to_string()),
        "time_in_force": words.time_in_force,
        "total_fees": record.fees.to_string(),
        "total_value_after_fees": words.after_fees,
        "trigger_status": words.trigger_status,
        "creation_time": time::format(record.entered),
        "end_time": time::format(record.terms.expire_ts.unwrap_or_default()),
        "start_time": time::format(reprise_model::Ts(0)),
    })
}

/// The configuration with the price and size that an edit may have given it.
fn with_edits(mut configuration: Value, record: &OrderRecord) -> Value {
    if let Some(limit) = configuration.get_mut("limit_limit_gtc").and_then(Value::as_object_mut) {
        limit.insert("base_size".to_owned(), record.terms.qty.to_string().into());
        limit.insert("limit_price".to_owned(), record.terms.price.unwrap_or_default().to_string().into());
    }
    configuration
}

/// Texts about an order that both ways of telling of it share.
struct Words {
    time_in_force: &'static str,
    order_type: &'static str,
    order_type_on_socket: &'static str,
    trigger_status: &'static str,
    cancel_message: &'static str,
    completion: String,
    average_price: String,
    after_fees: String,
}

impl Words {
    fn of(record: &OrderRecord) -> Self {
        let is_market = record.tag.contains("market_market");
        let time_in_force = match record.terms.time_in_force {
            TimeInForce::Gtc => "GOOD_UNTIL_CANCELLED",
            TimeInForce::Gtd => "GOOD_UNTIL_DATE_TIME",
            TimeInForce::Ioc => "IMMEDIATE_OR_CANCEL",
            TimeInForce::Fok => "FILL_OR_KILL",
        };
        let (order_type, order_type_on_socket) = match record.terms.order_type {
            _ if is_market => ("MARKET", "Market"),
            OrderType::Stop | OrderType::StopLimit => ("STOP_LIMIT", "Stop Limit"),
            OrderType::Market | OrderType::Limit => ("LIMIT", "Limit"),
        };
        let trigger_status = match (record.terms.stop_price, record.is_live) {
            (None, _) => "INVALID_ORDER_TYPE",
            (Some(_), false) => "STOP_PENDING",
            (Some(_), true) => "STOP_TRIGGERED",
        };
        let cancel_message = match record.cancel_reason {
            None => "",
            Some(CancelReason::Strategy) => "User requested cancel",
            Some(CancelReason::Immediate) => "Immediate or cancel order was not filled in full",
            Some(CancelReason::FillOrKill) => "Fill or kill order could not be filled in full",
            Some(_) => "Cancelled by the venue",
        };
        Self {
            time_in_force,
            order_type,
            order_type_on_socket,
            trigger_status,
            cancel_message,
            completion: completion(record.cum_qty, record.terms.qty),
            average_price: record.average_price().unwrap_or_default().to_string(),
            after_fees: after_fees(record).to_string(),
        }
    }
}

/// Percent of the quantity that is filled.
fn completion(done: Qty, whole: Qty) -> String {
    let hundredfold = Cash::notional(Price::ONE, done).and_then(|done| done.checked_mul_int(100));
    hundredfold.and_then(|done| done.per_unit(whole)).unwrap_or_default().to_string()
}

/// What was paid with fees, or received without them.
fn after_fees(record: &OrderRecord) -> Cash {
    let value = record.cum_notional;
    let after = match record.terms.side {
        Side::Buy => value.checked_add(record.fees),
        Side::Sell => value.checked_sub(record.fees),
    };
    after.unwrap_or(value)
}

fn status(record: &OrderRecord) -> &'static str {
    match record.status {
        OrderStatus::Requested | OrderStatus::Submitted => "PENDING",
        OrderStatus::Accepted
        | OrderStatus::PartiallyFilled
        | OrderStatus::PendingCancel
        | OrderStatus::PendingReplace => "OPEN",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Canceled => "CANCELLED",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::Denied | OrderStatus::Rejected => "FAILED",
        OrderStatus::Unknown => "UNKNOWN_ORDER_STATUS",
    }
}

pub(super) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

//! Orders: create, preview, edit, cancel.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use reprise_model::event::NewTerms;
use reprise_model::{Cash, Code, Ts};
use reprise_venues::coinbase::wire::{CancelOrders, CreateOrder, EditOrder, OrderConfiguration};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth::Signer;
use super::refusals::Refused;
use super::respond::{Answer, Fault, ORDER, number_of, uuid};
use super::terms::terms;
use super::{Api, VENUE};
use crate::house::House;
use crate::ledger::OrderRecord;

/// The most orders that one request may cancel.
const CANCELS_AT_ONCE: usize = 100;

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::bad_request(format!("the body does not read: {error}")))
}

/// The order as it was written, and the parts that are judged apart from it: a configuration that does not
/// read is a refusal, not a bad request.
struct Written {
    configuration: Value,
    order: Result<CreateOrder, Refused>,
}

fn read_order(body: &Bytes) -> Result<Written, Fault> {
    let mut value: Value = read(body)?;
    let configuration = value.get("order_configuration").cloned().unwrap_or(Value::Null);
    for text in ["client_order_id", "product_id", "side"] {
        if !value.get(text).is_some_and(Value::is_string) {
            return Err(Fault::bad_request(format!("'{text}' is missing")));
        }
    }
    if configuration.is_null() {
        return Err(Fault::bad_request("'order_configuration' is missing"));
    }
    if value.get("client_order_id").and_then(Value::as_str) == Some("") {
        return Err(Fault::bad_request("'client_order_id' is empty"));
    }
    // Some clients write what they leave out as null or empty.
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    let order = serde_json::from_value(value)
        .map_err(|error| Refused::unsupported(format!("the order does not read: {error}")));
    Ok(Written { configuration, order })
}

/// `POST /orders`
pub(super) async fn create(State(api): State<Api>, Signer(name): Signer, body: Bytes) -> Answer {
    let Written { configuration, order } = read_order(&body)?;
    let order = match order {
        Ok(order) => order,
        Err(refused) => return Ok(Json(refused.body(&configuration))),
    };
    let answer = api.shared.ask(VENUE, move |house, now| place(house, now, &name, &order, &configuration));
    Ok(Json(answer.await?))
}

fn place(house: &mut House, now: Ts, name: &str, order: &CreateOrder, configuration: &Value) -> Value {
    let account = house.account(name);
    // An id that was used before names the order that it was used for.
    if let Some(known) = house.ledger(account).by_client_id(&order.client_order_id) {
        return placed(known, &order.product_id, configuration);
    }
    let prepared = house.find(&order.product_id).ok_or_else(|| Refused::unknown_product(&order.product_id));
    let terms = prepared.and_then(|listing| {
        let market = house.market(listing).ok_or_else(|| Refused::unknown_product(&order.product_id))?;
        let side = reprise_model::Side::from(order.side).opposite();
        terms(order, market, &house.levels(listing, side, usize::MAX))
    });
    let terms = match terms {
        Ok(terms) => terms,
        Err(refused) => return refused.body(configuration),
    };
    let client_id = Some(order.client_order_id.clone());
    match house.enter(account, now, terms, client_id, configuration.to_string()) {
        None => Refused::unknown_product(&order.product_id).body(configuration),
        Some(record) => match &record.refusal {
            Some(refusal) if record.is_refused() => Refused::of(refusal).body(configuration),
            _ => placed(&record, &order.product_id, configuration),
        },
    }
}

fn placed(record: &OrderRecord, product: &str, configuration: &Value) -> Value {
    let order_id = uuid(ORDER, record.number);
    json!({
        "success": true,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": order_id,
        "success_response": {
            "order_id": order_id,
            "product_id": product,
            "side": record.terms.side.as_str().to_ascii_uppercase(),
            "client_order_id": record.client_id,
        },
        "order_configuration": configuration,
    })
}

/// `POST /orders/preview`
pub(super) async fn preview(State(api): State<Api>, Signer(name): Signer, body: Bytes) -> Answer {
    // A preview has no id of the client's.
    let mut value: Value = read(&body)?;
    if let Some(object) = value.as_object_mut() {
        object.entry("client_order_id").or_insert_with(|| "preview".into());
    }
    let body = Bytes::from(value.to_string());
    let order = match read_order(&body)?.order {
        Ok(order) => order,
        Err(refused) => return Ok(Json(json!({"errs": [refused.preview], "warning": []}))),
    };
    let answer = api.shared.ask(VENUE, move |house, _| look_ahead(house, &name, &order));
    Ok(Json(answer.await?))
}

fn look_ahead(house: &mut House, name: &str, order: &CreateOrder) -> Value {
    let account = house.account(name);
    let Some(listing) = house.find(&order.product_id) else {
        return json!({"errs": ["PREVIEW_INVALID_PRODUCT_ID"], "warning": []});
    };
    let Some(market) = house.market(listing) else {
        return json!({"errs": ["PREVIEW_MISSING_PRODUCT_PRICE_BOOK"], "warning": []});
    };
    let side = reprise_model::Side::from(order.side);
    let terms = match terms(order, market, &house.levels(listing, side.opposite(), usize::MAX)) {
        Ok(terms) => terms,
        Err(refused) => return json!({"errs": [refused.preview], "warning": []}),
    };
    let definition = &market.definition;
    let price = terms.price.unwrap_or_default();
    let value = Cash::notional(price, terms.qty).unwrap_or_default();
    let fee = value.checked_mul_rate(definition.taker_fee).unwrap_or_default();
    let total = match side {
        reprise_model::Side::Buy => value.checked_add(fee).unwrap_or(value),
        reprise_model::Side::Sell => value.checked_sub(fee).unwrap_or(value),
    };
    let (asset, needed) = match side {
        reprise_model::Side::Buy => (definition.quote, total),
        reprise_model::Side::Sell => {
            (definition.base, Cash::notional(reprise_model::Price::ONE, terms.qty).unwrap_or_default())
        }
    };
    let mut errs: Vec<&str> = Vec::new();
    if needed > house.available(account, asset) {
        errs.push("PREVIEW_INSUFFICIENT_FUND");
    }
    if !definition.allows_qty(terms.qty) {
        errs.push("PREVIEW_INVALID_SIZE_PRECISION");
    }
    if definition.check_price(price).is_err() {
        errs.push("PREVIEW_INVALID_PRICE_PRECISION");
    }
    let price_of = |level: Option<reprise_model::event::Level>| {
        level.map_or_else(String::new, |level| level.price.to_string())
    };
    json!({
        "order_total": total.to_string(),
        "commission_total": fee.to_string(),
        "errs": errs,
        "warning": [],
        "quote_size": value.to_string(),
        "base_size": terms.qty.to_string(),
        "best_bid": price_of(market.bid),
        "best_ask": price_of(market.ask),
        "is_max": false,
        "slippage": "0",
        "preview_id": uuid(9, listing as u64),
    })
}

/// `POST /orders/edit`: a limit order that is good till canceled gets a new price and size, both given.
pub(super) async fn edit(State(api): State<Api>, Signer(name): Signer, body: Bytes) -> Answer {
    let edit: EditOrder = read(&body)?;
    let changed = api.shared.ask(VENUE, move |house, now| change(house, now, &name, &edit)).await?;
    Ok(Json(match changed {
        Ok(order_id) => json!({"success": true, "success_response": {"order_id": order_id}, "errors": []}),
        Err((reason, preview)) => json!({
            "success": false,
            "error_response": {"error_details": reason, "edit_order_failure_reason": reason},
            "errors": [{"edit_failure_reason": reason, "preview_failure_reason": preview}],
        }),
    }))
}

type EditRefused = (&'static str, &'static str);
const NO_PREVIEW: &str = "UNKNOWN_PREVIEW_FAILURE_REASON";

fn change(house: &mut House, now: Ts, name: &str, edit: &EditOrder) -> Result<String, EditRefused> {
    let account = house.account(name);
    let record = number_of(ORDER, &edit.order_id)
        .and_then(|number| house.ledger(account).by_number(number).cloned())
        .ok_or(("ORDER_NOT_FOUND", NO_PREVIEW))?;
    if !record.is_open() {
        return Err(("ONLY_OPEN_ORDERS_CAN_BE_EDITED", NO_PREVIEW));
    }
    let configuration: Option<OrderConfiguration> = serde_json::from_str(&record.tag).ok();
    if !matches!(configuration, Some(OrderConfiguration::LimitLimitGtc(_))) {
        return Err(("ONLY_LIMIT_ORDER_EDITS_SUPPORTED", NO_PREVIEW));
    }
    let price = edit.price.filter(|price| price.is_positive()).ok_or(("INVALID_EDITED_PRICE", NO_PREVIEW))?;
    let qty = edit.size.filter(|qty| qty.is_positive()).ok_or(("INVALID_EDITED_SIZE", NO_PREVIEW))?;
    if qty <= record.cum_qty {
        return Err(("CANNOT_EDIT_TO_BELOW_FILLED_SIZE", NO_PREVIEW));
    }
    let terms = NewTerms { qty: Some(qty), price: Some(price), stop_price: None };
    match house.replace(account, now, &record, terms) {
        Ok(()) => Ok(edit.order_id.clone()),
        Err(refusal) => {
            let refused = Refused::of(&refusal);
            let reason = match refusal.code {
                Code::PriceRule => "INVALID_EDITED_PRICE",
                Code::Lot | Code::MinNotional => "INVALID_EDITED_SIZE",
                _ => "COMMANDER_REJECTED_EDIT_ORDER",
            };
            Err((reason, refused.preview))
        }
    }
}

/// `POST /orders/edit_preview`
pub(super) async fn edit_preview(State(api): State<Api>, Signer(name): Signer, body: Bytes) -> Answer {
    let edit: EditOrder = read(&body)?;
    let found = api.shared.ask(VENUE, move |house, _| {
        let account = house.account(&name);
        number_of(ORDER, &edit.order_id)
            .and_then(|number| house.ledger(account).by_number(number).cloned())
            .filter(|record| record.is_open())
            .map(|record| (record, edit))
    });
    let Some((record, edit)) = found.await? else {
        return Ok(Json(json!({"errors": [{"edit_failure_reason": "ORDER_NOT_FOUND"}]})));
    };
    let price = edit.price.or(record.terms.price).unwrap_or_default();
    let qty = edit.size.unwrap_or(record.terms.qty);
    let total = Cash::notional(price, qty).unwrap_or_default();
    Ok(Json(json!({
        "errors": [],
        "slippage": "0",
        "order_total": total.to_string(),
        "commission_total": "0",
        "quote_size": total.to_string(),
        "base_size": qty.to_string(),
        "average_filled_price": record.average_price().unwrap_or_default().to_string(),
    })))
}

/// `POST /orders/batch_cancel`
pub(super) async fn cancel(State(api): State<Api>, Signer(name): Signer, body: Bytes) -> Answer {
    let CancelOrders { order_ids } = read(&body)?;
    if order_ids.is_empty() || order_ids.len() > CANCELS_AT_ONCE {
        let message = format!("a request cancels 1 to {CANCELS_AT_ONCE} orders, not {}", order_ids.len());
        return Err(Fault::bad_request(message));
    }
    let results = api.shared.ask(VENUE, move |house, now| {
        let account = house.account(&name);
        let cancel = |order_id: String| {
            let known = number_of(ORDER, &order_id)
                .and_then(|number| house.ledger(account).by_number(number).cloned());
            let failure_reason = match known {
                None => "UNKNOWN_CANCEL_ORDER",
                Some(record) if house.cancel(account, now, &record) => "UNKNOWN_CANCEL_FAILURE_REASON",
                Some(_) => "INVALID_CANCEL_REQUEST",
            };
            let success = failure_reason == "UNKNOWN_CANCEL_FAILURE_REASON";
            json!({"success": success, "failure_reason": failure_reason, "order_id": order_id})
        };
        order_ids.into_iter().map(cancel).collect::<Vec<Value>>()
    });
    Ok(Json(json!({"results": results.await?})))
}

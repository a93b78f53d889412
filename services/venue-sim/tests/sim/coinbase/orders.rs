//! Orders over REST: what is taken and refused, and what becomes of it.

use serde_json::{Value, json};

use super::support::{Venue, limit, order};
use crate::recording::{busy, still};

fn stop(side_up: bool, stop: &str, price: &str) -> Value {
    let direction = if side_up { "STOP_DIRECTION_STOP_UP" } else { "STOP_DIRECTION_STOP_DOWN" };
    json!({"stop_limit_stop_limit_gtc": {
        "base_size": "0.01", "limit_price": price, "stop_price": stop, "stop_direction": direction,
    }})
}

fn post_only(price: &str) -> Value {
    json!({"limit_limit_gtc": {"base_size": "0.01", "limit_price": price, "post_only": true}})
}

fn immediate(kind: &str, size: &str, price: &str) -> Value {
    json!({kind: {"base_size": size, "limit_price": price}})
}

fn until(end: &str) -> Value {
    json!({"limit_limit_gtd": {"base_size": "0.01", "limit_price": "90000", "end_time": end, "post_only": false}})
}

/// Breaks when an order is taken that the venue refuses, refused by another name, or ends otherwise.
#[tokio::test]
async fn orders_are_taken_or_refused() {
    let venue = Venue::of(&still());
    let client = venue.client("someone").await;
    let market = |size: Value| json!({"market_market_ioc": size});
    let rows = [
        ("BUY", limit("0.01", "90000"), "OPEN"),
        ("SELL", limit("0.01", "97000"), "FILLED"),
        ("BUY", post_only("97009.99"), "OPEN"),
        ("BUY", post_only("97010"), "INVALID_LIMIT_PRICE_POST_ONLY"),
        ("BUY", immediate("sor_limit_ioc", "0.01", "97010"), "FILLED"),
        ("BUY", immediate("sor_limit_ioc", "0.01", "97000"), "CANCELLED"),
        ("SELL", immediate("limit_limit_fok", "3", "97000"), "CANCELLED"),
        ("SELL", immediate("limit_limit_fok", "0.5", "97000"), "FILLED"),
        ("BUY", market(json!({"quote_size": "100"})), "FILLED"),
        ("BUY", market(json!({"base_size": "0.01"})), "FILLED"),
        ("SELL", market(json!({"base_size": "0.01"})), "FILLED"),
        ("BUY", market(json!({"quote_size": "0.5"})), "INVALID_REQUEST"),
        ("BUY", market(json!({"quote_size": "100.001"})), "INVALID_SIZE_PRECISION"),
        ("BUY", market(json!({"quote_size": "100", "base_size": "1"})), "UNSUPPORTED_ORDER_CONFIGURATION"),
        ("BUY", until("2125-01-01T00:00:00Z"), "OPEN"),
        ("BUY", until("2024-01-01T00:00:00Z"), "INVALID_REQUEST"),
        ("BUY", until("tomorrow"), "INVALID_REQUEST"),
        ("BUY", stop(true, "98000", "98100"), "OPEN"),
        ("SELL", stop(false, "96000", "95900"), "OPEN"),
        ("BUY", stop(true, "96000", "96100"), "INVALID_REQUEST"),
        ("SELL", stop(true, "98000", "98100"), "UNSUPPORTED_ORDER_CONFIGURATION"),
        ("BUY", limit("0.01", "97000.001"), "INVALID_PRICE_PRECISION"),
        ("BUY", limit("0.000000001", "97000"), "INVALID_SIZE_PRECISION"),
        ("BUY", limit("0.00001", "90000"), "INVALID_REQUEST"),
        ("BUY", limit("100", "90000"), "INSUFFICIENT_FUND"),
        ("SELL", limit("11", "98000"), "INSUFFICIENT_FUND"),
        ("BUY", json!({"scaled_limit_gtc": {}}), "UNSUPPORTED_ORDER_CONFIGURATION"),
        ("BUY", json!({"unheard_of": {}}), "UNSUPPORTED_ORDER_CONFIGURATION"),
    ];
    for (n, (side, configuration, expected)) in rows.into_iter().enumerate() {
        let (status, answer) =
            client.post("/orders", order(&format!("row-{n}"), side, configuration.clone())).await;
        assert_eq!(status, 200, "{answer}");
        let found = match answer["success"].as_bool() {
            Some(true) => client.order(answer["order_id"].as_str().unwrap()).await["status"].clone(),
            _ => answer["error_response"]["error"].clone(),
        };
        assert_eq!(found, expected, "{side} {configuration}: {answer}");
    }
    let mut stranger = order("row", "BUY", limit("1", "1"));
    stranger["product_id"] = "NONE-USD".into();
    let (_, answer) = client.post("/orders", stranger).await;
    assert_eq!(answer["error_response"]["error"], "UNKNOWN_PRODUCT_ID");
    let (status, _) = client.post("/orders", json!({"side": "BUY"})).await;
    assert_eq!(status, 400, "an order without its fields is no order");
}

/// Breaks when a request that is sent again does something again, or an order is another's.
#[tokio::test]
async fn an_id_names_one_order() {
    let venue = Venue::of(&still());
    let (client, other) = (venue.client("someone").await, venue.client("other").await);
    let first = client.place("mine", "BUY", limit("0.01", "90000")).await;
    let again = client.place("mine", "BUY", limit("0.01", "90000")).await;
    assert_eq!(first, again);
    let theirs = other.place("mine", "BUY", limit("0.01", "90000")).await;
    assert_ne!(first, theirs, "an id is its key's own");
    assert_eq!(client.balance("USD").await, ("99094.6".to_owned(), "905.4".to_owned()), "held once");
    assert_eq!(other.get(&format!("/orders/historical/{first}")).await.0, 404);
    let (_, answer) = other.post("/orders/batch_cancel", json!({"order_ids": [first]})).await;
    assert_eq!(answer["results"][0]["success"], false);
    assert_eq!(client.order(&first).await["status"], "OPEN");
}

/// Breaks when an edit or a cancel does something else than it says.
#[tokio::test]
async fn orders_are_edited_and_cancelled() {
    let venue = Venue::of(&still());
    let client = venue.client("someone").await;
    let id = client.place("mine", "BUY", limit("0.01", "90000")).await;
    let until = client.place("until", "BUY", until("2125-01-01T00:00:00Z")).await;
    let rows = [
        (json!({"order_id": id, "price": "91000", "size": "0.02"}), ""),
        (json!({"order_id": id, "price": "97010", "size": "0.02"}), ""),
        (json!({"order_id": id, "price": "91000", "size": "0.02"}), "ONLY_OPEN_ORDERS_CAN_BE_EDITED"),
        (json!({"order_id": until, "price": "91000", "size": "0.02"}), "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"),
        (json!({"order_id": "none", "price": "91000", "size": "0.02"}), "ORDER_NOT_FOUND"),
    ];
    for (edit, expected) in rows {
        let (_, answer) = client.post("/orders/edit", edit.clone()).await;
        let found = answer["errors"][0]["edit_failure_reason"].as_str().unwrap_or_default();
        assert_eq!(
            (found, answer["success"].as_bool()),
            (expected, Some(expected.is_empty())),
            "{edit}: {answer}"
        );
    }
    let edited = client.order(&id).await;
    assert_eq!((&edited["status"], &edited["filled_size"]), (&json!("FILLED"), &json!("0.02")), "it crossed");
    let half = client.place("half", "BUY", limit("0.01", "90000")).await;
    let missing = [
        (json!({"order_id": half, "price": "91000"}), "INVALID_EDITED_SIZE"),
        (json!({"order_id": half, "size": "0.02"}), "INVALID_EDITED_PRICE"),
        (json!({"order_id": half, "price": "91000.001", "size": "0.02"}), "INVALID_EDITED_PRICE"),
    ];
    for (edit, expected) in missing {
        let (_, answer) = client.post("/orders/edit", edit).await;
        assert_eq!(answer["errors"][0]["edit_failure_reason"], expected);
    }
    let (_, answer) = client.post("/orders/batch_cancel", json!({"order_ids": [half, id, "none"]})).await;
    let reasons = ["UNKNOWN_CANCEL_FAILURE_REASON", "INVALID_CANCEL_REQUEST", "UNKNOWN_CANCEL_ORDER"];
    for (n, reason) in reasons.iter().enumerate() {
        let result = &answer["results"][n];
        assert_eq!((&result["failure_reason"], &result["success"]), (&json!(reason), &json!(n == 0)));
    }
    let cancelled = client.order(&half).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["cancel_message"]),
        (&json!("CANCELLED"), &json!("User requested cancel"))
    );
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    assert_eq!(client.post("/orders/batch_cancel", json!({"order_ids": many})).await.0, 400);
}

/// Breaks when a preview tells another cost than the order has, or changes anything.
#[tokio::test]
async fn previews_tell_and_do_nothing() {
    let venue = Venue::of(&still());
    let client = venue.client("someone").await;
    let mut asked = order("ignored", "BUY", limit("0.1", "97010"));
    asked.as_object_mut().unwrap().remove("client_order_id");
    let (_, preview) = client.post("/orders/preview", asked).await;
    let found = ["order_total", "commission_total", "best_ask"].map(|key| preview[key].as_str().unwrap());
    assert_eq!(found, ["9759.206", "58.206", "97010"]);
    assert_eq!(preview["errs"], json!([]));
    let rows = [
        (limit("100", "97010"), "PREVIEW_INSUFFICIENT_FUND"),
        (limit("0.1", "97010.001"), "PREVIEW_INVALID_PRICE_PRECISION"),
        (json!({"scaled_limit_gtc": {}}), "PREVIEW_INVALID_ORDER_CONFIG"),
    ];
    for (configuration, expected) in rows {
        let (_, preview) = client.post("/orders/preview", order("x", "BUY", configuration)).await;
        assert!(preview["errs"].as_array().unwrap().contains(&json!(expected)), "{preview}");
    }
    assert_eq!(client.balance("USD").await, ("100000".to_owned(), "0".to_owned()));
}

/// Breaks when a listing leaves an order or a fill out, tells it twice, or tells of others.
#[tokio::test]
async fn listings_are_whole() {
    let venue = Venue::of(&busy());
    let client = venue.client("someone").await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(client.place(&format!("open-{n}"), "BUY", limit("0.001", "90000")).await);
    }
    for n in 0..5 {
        ids.push(client.place(&format!("filled-{n}"), "SELL", limit("0.001", "97000")).await);
    }
    ids.reverse();
    let paged = async |path: &str, list: &str, key: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) = client.get(&format!("{path}&cursor={cursor}")).await;
            let orders = page[list].as_array().unwrap();
            found.extend(orders.iter().map(|order| order[key].as_str().unwrap().to_owned()));
            cursor = page["cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                return found;
            }
        }
    };
    assert_eq!(paged("/orders/historical/batch?limit=3", "orders", "order_id").await, ids);
    let open = "/orders/historical/batch?limit=2&order_status=OPEN&product_ids=BTC-USD";
    assert_eq!(paged(open, "orders", "order_id").await, ids[5..]);
    let none = "/orders/historical/batch?order_status=OPEN&order_status=FAILED&product_ids=ETH-USD";
    assert!(paged(none, "orders", "order_id").await.is_empty());
    let two = format!("/orders/historical/batch?order_ids={}&order_ids={}", ids[0], ids[9]);
    assert_eq!(paged(&two, "orders", "order_id").await, [ids[0].clone(), ids[9].clone()]);
    assert_eq!(paged("/orders/historical/fills?limit=2", "fills", "order_id").await, ids[..5]);
    let one = format!("/orders/historical/fills?order_ids={}", ids[2]);
    let (_, fills) = client.get(&one).await;
    let fill = &fills["fills"][0];
    let found = ["price", "size", "commission", "side"].map(|key| fill[key].as_str().unwrap());
    assert_eq!(found, ["97000", "0.001", "0.582", "SELL"]);
    // Five sales of 0.001 at 97000, less 0.6 %; five buys of 0.001 at 90000 are held, with 0.6 %.
    assert_eq!(client.balance("USD").await, ("100029.39".to_owned(), "452.7".to_owned()));
    assert_eq!(client.balance("BTC").await, ("9.995".to_owned(), "0".to_owned()));
}

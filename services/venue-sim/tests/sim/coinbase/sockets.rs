//! The sockets: subscriptions, numbers, what each channel tells.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::support::{DEADLINE, Socket, Venue, key, limit, now_s, order};
use crate::recording::{busy, still};

/// Breaks when a client is not told what is wrong with what it asks, or is let in where it may not be.
#[tokio::test]
async fn what_is_wrong_is_told() {
    let venue = Venue::of(&still());
    venue.client("someone").await;
    let token = key("checked", 9).socket_token(now_s(), "n").unwrap().as_str().to_owned();
    let rows = [
        ("/ws", json!("nonsense"), "not understood"),
        ("/ws", json!({"type": "ask", "channel": "ticker"}), "unknown type 'ask'"),
        ("/ws", json!({"type": "subscribe"}), "one 'channel'"),
        ("/ws", json!({"type": "subscribe", "channel": "full"}), "channel 'full' is not known"),
        (
            "/ws",
            json!({"type": "subscribe", "channel": "ticker", "product_ids": ["NONE"]}),
            "'NONE' is no product",
        ),
        ("/ws", json!({"type": "subscribe", "channel": "user"}), "authentication failure"),
        ("/ws-user", json!({"type": "subscribe", "channel": "user", "jwt": "x"}), "authentication failure"),
        ("/ws-user", json!({"type": "subscribe", "channel": "user", "jwt": token}), "authentication failure"),
        ("/ws-user", json!({"type": "subscribe", "channel": "level2"}), "not served at this address"),
    ];
    for (path, message, expected) in rows {
        let mut socket = venue.socket(path).await;
        socket.send(message.clone()).await;
        let said = socket.wait(|message| message["type"] == "error").await;
        assert!(said["message"].as_str().unwrap().contains(expected), "{message}: {said}");
    }
}

/// Breaks when a client that asks for nothing is kept, or one that asks is dropped.
#[tokio::test]
async fn who_does_not_subscribe_is_dropped() {
    let venue = Venue::of(&still());
    let (mut silent, mut asking) = (venue.socket("/ws").await, venue.socket("/ws").await);
    asking.subscribe("status", &[]).await;
    let began = Instant::now();
    assert_eq!(silent.next(began + DEADLINE).await, None);
    assert!((4..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    asking.unread.clear();
    asking.subscribe("heartbeats", &[]).await;
    asking.on("heartbeats").await;
}

/// Breaks when a number is missing or given twice, or a channel does not begin with its snapshot.
#[tokio::test]
async fn numbers_are_whole_over_all_channels() {
    let venue = Venue::of(&busy());
    venue.client("someone").await;
    let mut socket = venue.socket("/ws").await;
    let channels = [
        ("level2", "l2_data"),
        ("ticker", "ticker"),
        ("market_trades", "market_trades"),
        ("candles", "candles"),
        ("status", "status"),
    ];
    socket.subscribe("heartbeats", &[]).await;
    for (channel, _) in channels {
        socket.subscribe(channel, &["BTC-USD"]).await;
    }
    let deadline = Instant::now() + DEADLINE;
    let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut number = 0;
    while seen.get("heartbeats").is_none_or(|beats| beats.len() < 2) {
        let message = socket.next(deadline).await.unwrap();
        assert_eq!(message["sequence_num"], number);
        number += 1;
        seen.entry(message["channel"].as_str().unwrap().to_owned()).or_default().push(message);
    }
    assert_eq!(seen["subscriptions"].len(), 6);
    let all = &seen["subscriptions"][5]["events"][0]["subscriptions"];
    assert_eq!((all.as_object().unwrap().len(), &all["level2"]), (6, &json!(["BTC-USD"])));
    for (_, name) in channels {
        assert_eq!(seen[name][0]["events"][0]["type"], "snapshot", "{name}");
    }
    assert_eq!(seen["heartbeats"][1]["events"][0]["heartbeat_counter"], 1);
    for name in ["l2_data", "ticker", "market_trades"] {
        assert!(seen[name][1..].iter().all(|message| message["events"][0]["type"] == "update"), "{name}");
        assert!(seen[name].len() > 1, "{name}");
    }
    // A product that is not subscribed any more says nothing.
    socket.send(json!({"type": "unsubscribe", "channel": "level2", "product_ids": ["BTC-USD"]})).await;
    let last = socket.wait(|m| m["channel"] == "subscriptions").await;
    assert!(last["events"][0]["subscriptions"].get("level2").is_none());
    socket.unread.clear();
    socket.on("heartbeats").await;
    assert!(socket.unread.iter().all(|message| message["channel"] != "l2_data"));
}

/// The book that a socket's messages make.
async fn follow(socket: &mut Socket, until: Duration) -> BTreeMap<(String, String), String> {
    let mut book = BTreeMap::new();
    let end = Instant::now() + until;
    while let Some(message) = socket.next(end).await {
        if message["channel"] != "l2_data" {
            continue;
        }
        let event = &message["events"][0];
        if event["type"] == "snapshot" {
            book.clear();
        }
        for update in event["updates"].as_array().unwrap() {
            let text = |name: &str| update[name].as_str().unwrap().to_owned();
            let at = (text("side"), text("price_level"));
            match update["new_quantity"].as_str() {
                Some("0") => assert!(book.remove(&at).is_some(), "{at:?} was not there"),
                _ => drop(book.insert(at, text("new_quantity"))),
            }
        }
    }
    book
}

/// Breaks when the updates of a book do not lead from its snapshot to what is displayed.
#[tokio::test]
async fn updates_lead_to_the_book() {
    let venue = Venue::once(&busy());
    let client = venue.client("someone").await;
    let mut socket = venue.socket("/ws").await;
    socket.subscribe("level2", &["BTC-USD"]).await;
    let book = follow(&mut socket, Duration::from_secs(2)).await;
    let (_, shown) = client.get("/product_book?product_id=BTC-USD").await;
    let mut expected = BTreeMap::new();
    for (side, list) in [("bid", "bids"), ("offer", "asks")] {
        for level in shown["pricebook"][list].as_array().unwrap() {
            let text = |name: &str| level[name].as_str().unwrap().to_owned();
            expected.insert((side.to_owned(), text("price")), text("size"));
        }
    }
    assert_eq!((book.len(), book), (2, expected));
}

/// Breaks when a user is not told of an order's way, told of another's, or told of the past again.
#[tokio::test]
async fn users_hear_of_their_orders() {
    let venue = Venue::of(&still());
    let (client, other) = (venue.client("someone").await, venue.client("other").await);
    client.place("before", "BUY", limit("0.01", "90000")).await;
    let mut socket = venue.socket("/ws-user").await;
    let token = client.key.socket_token(now_s(), "n").unwrap();
    socket.send(json!({"type": "subscribe", "channel": "user", "jwt": token.as_str()})).await;
    let snapshot = socket.on("user").await;
    let event = &snapshot["events"][0];
    assert_eq!(
        (&event["type"], &event["orders"][0]["client_order_id"]),
        (&json!("snapshot"), &json!("before"))
    );
    other.place("theirs", "BUY", limit("0.01", "90000")).await;
    client.post("/orders", order("refused", "BUY", limit("100", "90000"))).await;
    let filled = client.place("filled", "SELL", limit("3", "97000")).await;
    client.post("/orders/batch_cancel", json!({"order_ids": [filled]})).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|(_, status, _, _): &(String, String, String, String)| status != "CANCELLED")
    {
        let message = socket.on("user").await;
        assert_eq!(message["events"][0]["type"], "update");
        for order in message["events"][0]["orders"].as_array().unwrap() {
            let text = |name: &str| order[name].as_str().unwrap().to_owned();
            told.push((
                text("client_order_id"),
                text("status"),
                text("cumulative_quantity"),
                text("total_fees"),
            ));
        }
    }
    let expected = [("OPEN", "0", "0"), ("OPEN", "2", "1164"), ("CANCELLED", "2", "1164")];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(status, done, fees)| {
            ("filled".to_owned(), status.to_owned(), done.to_owned(), fees.to_owned())
        })
        .collect();
    assert_eq!(told, expected);
}

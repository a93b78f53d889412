//! `/ws`: what subscriptions say.

use reprise_venue_sim::Network;
use reprise_venues::hyperliquid::sign::{Value as Ordered, sign_l1};
use serde_json::{Value, json};

use super::support::{Venue, still, swing, wire};

/// Breaks when a market channel does not begin as the venue's does, does not go on, or repeats what it said.
#[tokio::test]
async fn market_channels_speak() {
    let venue = Venue::of(swing(), Network::Mainnet);
    let wallet = venue.wallet(1).await;
    let mut socket = venue.socket().await;
    let coin = |kind: &str| json!({"type": kind, "coin": "BTC"});
    let candle = json!({"type": "candle", "coin": "BTC", "interval": "1m"});
    for wanted in [
        coin("trades"),
        coin("bbo"),
        coin("l2Book"),
        coin("activeAssetCtx"),
        candle,
        json!({"type": "allMids"}),
    ] {
        socket.subscribe(wanted.clone()).await;
        let response = socket.on("subscriptionResponse").await;
        assert_eq!((&response["method"], &response["subscription"]), (&json!("subscribe"), &wanted));
    }
    let numbers = |trades: &Value| -> Vec<u64> {
        trades.as_array().unwrap().iter().map(|trade| trade["tid"].as_u64().unwrap()).collect()
    };
    let mut seen = numbers(&socket.on("trades").await);
    assert!(seen.len() <= 30, "{seen:?}");
    for _ in 0..3 {
        seen.extend(numbers(&socket.on("trades").await));
    }
    let counted: Vec<u64> = (seen[0]..).take(seen.len()).collect();
    assert_eq!(seen, counted, "no trade is missing and none comes twice");
    let is_at = |px: &'static str| move |bbo: &Value| bbo["bbo"][0]["px"] == px;
    socket.wait("bbo", is_at("97000.0")).await;
    let low = socket.wait("bbo", is_at("96000.0")).await;
    assert_eq!((&low["coin"], &low["bbo"][1]["px"]), (&json!("BTC"), &json!("96010.0")));
    for px in ["97000.0", "96000.0"] {
        let book = socket.wait("l2Book", |book| book["levels"][0][0]["px"] == px).await;
        assert!(book["time"].is_u64(), "{book}");
    }
    let context = socket.wait("activeAssetCtx", |ctx| ctx["ctx"]["markPx"] == "96005.0").await;
    assert_eq!(context["coin"], "BTC");
    socket.wait("allMids", |mids| mids["mids"]["BTC"] == "96005.0").await;
    let first = socket.on("candle").await;
    let later =
        socket.wait("candle", |bar| bar["n"].as_u64() > first["n"].as_u64() || bar["t"] != first["t"]).await;
    assert_eq!((&later["s"], &later["i"]), (&json!("BTC"), &json!("1m")));
    drop(wallet);
}

/// Breaks when an own order or fill is not told of, told twice, or told to somebody else.
#[tokio::test]
async fn account_channels_speak() {
    let venue = Venue::of(still(), Network::Mainnet);
    let (mut wallet, mut other) = (venue.wallet(1).await, venue.wallet(2).await);
    assert!(wallet.order(&["buy 0.01 97010 Ioc"]).await[0]["filled"].is_object());
    let mut socket = venue.socket().await;
    for kind in ["orderUpdates", "userFills", "userEvents", "userFundings"] {
        socket.subscribe(json!({"type": kind, "user": wallet.address})).await;
        socket.on("subscriptionResponse").await;
    }
    let old = socket.on("userFills").await;
    assert_eq!((&old["isSnapshot"], old["fills"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    assert_eq!(socket.on("userFundings").await["isSnapshot"], true);
    other.rest("buy 0.01 90000 Gtc").await;
    let oid = wallet.rest("sell 0.01 98000 Gtc").await;
    let update = socket.on("orderUpdates").await;
    assert_eq!((&update[0]["status"], &update[0]["order"]["oid"]), (&json!("open"), &json!(oid)));
    wallet.act(json!({"type": "cancel", "cancels": [{"a": 0, "o": oid}]})).await;
    assert_eq!(socket.on("orderUpdates").await[0]["status"], "canceled");
    wallet.order(&["buy 0.01 97010 Alo"]).await;
    assert_eq!(socket.on("orderUpdates").await[0]["status"], "badAloPxRejected");
    wallet.order(&["sell 0.01 97000 Ioc"]).await;
    let words =
        [socket.on("orderUpdates").await, socket.on("orderUpdates").await].map(|u| u[0]["status"].clone());
    assert_eq!(words, ["open", "filled"]);
    let fill = socket.on("userFills").await;
    assert!(fill["isSnapshot"].is_null());
    assert_eq!(
        (&fill["fills"][0]["dir"], &fill["fills"][0]["startPosition"]),
        (&json!("Close Long"), &json!("0.01"))
    );
    assert_eq!(socket.on("user").await["fills"], fill["fills"]);
}

/// Breaks when funding is not paid, or not told of as it was paid.
#[tokio::test]
async fn funding_is_told() {
    let venue = Venue::of(swing(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let mut socket = venue.socket().await;
    socket.subscribe(json!({"type": "userFundings", "user": wallet.address})).await;
    socket.on("userFundings").await;
    wallet.order(&["buy 1 98000 Ioc"]).await;
    let paid = socket.on("userFundings").await["fundings"][0].clone();
    // A ten-thousandth of the oracle price, which is 97005 or 96005.
    assert!(paid["usdc"] == "-9.7005" || paid["usdc"] == "-9.6005", "{paid}");
    assert_eq!(
        (&paid["coin"], &paid["szi"], &paid["fundingRate"]),
        (&json!("BTC"), &json!("1.0"), &json!("0.0001"))
    );
    let history = wallet.ask("userFunding").await;
    assert_eq!((&history[0]["delta"]["usdc"], &history[0]["time"]), (&paid["usdc"], &paid["time"]));
}

/// Breaks when the socket answers otherwise than `/info` and `/exchange`, or loses the order of an action's keys.
#[tokio::test]
async fn questions_and_actions_go_over_the_socket() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let mut socket = venue.socket().await;
    socket.send(json!({"method": "ping"})).await;
    socket.on("pong").await;
    let post = |id: u64, kind: &str, payload: Value| json!({"method": "post", "id": id, "request": {"type": kind, "payload": payload}});
    socket.send(post(5, "info", json!({"type": "l2Book", "coin": "BTC"}))).await;
    let answer = socket.on("post").await;
    assert_eq!((&answer["id"], &answer["response"]["payload"]["type"]), (&json!(5), &json!("l2Book")));
    assert_eq!(answer["response"]["payload"]["data"]["levels"][0][0]["px"], "97000.0");
    socket.send(post(6, "info", json!({"type": "unheardOf"}))).await;
    assert_eq!(socket.on("post").await["response"]["type"], "error");

    let order = serde_json::to_string(&wire("buy 0.01 90000 Gtc")).unwrap();
    let order: reprise_venues::hyperliquid::action::OrderWire = serde_json::from_str(&order).unwrap();
    let order = serde_json::to_string(&order).unwrap();
    let action = format!(r#"{{"type":"order","orders":[{order}],"grouping":"na"}}"#);
    let scope = wallet.scope();
    let signature = sign_l1(&wallet.key, &Ordered::parse(&action).unwrap(), &scope, wallet.network);
    let signature = serde_json::to_string(&signature).unwrap();
    socket
        .send_text(format!(
            r#"{{"method":"post","id":7,"request":{{"type":"action","payload":{{"action":{action},"nonce":{},"signature":{signature}}}}}}}"#,
            scope.nonce
        ))
        .await;
    let answer = socket.on("post").await;
    let status = &answer["response"]["payload"]["response"]["data"]["statuses"][0];
    assert!(status["resting"]["oid"].is_u64(), "{answer}");
    assert_eq!(wallet.ask("openOrders").await[0]["oid"], status["resting"]["oid"]);
}

/// Breaks when a subscription that the venue refuses is taken, or one that was ended goes on.
#[tokio::test]
async fn bad_subscriptions_are_refused() {
    let venue = Venue::of(swing(), Network::Mainnet);
    venue.wallet(1).await;
    let mut socket = venue.socket().await;
    for wanted in [
        json!({"type": "l2Book", "coin": "NONE"}),
        json!({"type": "l2Book", "coin": "BTC", "nSigFigs": 7}),
        json!({"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 2}),
        json!({"type": "candle", "coin": "BTC", "interval": "7m"}),
    ] {
        socket.subscribe(wanted.clone()).await;
        let said = socket.on("error").await;
        assert!(
            said.as_str().is_some_and(|said| said.starts_with("Invalid subscription")),
            "{wanted}: {said}"
        );
    }
    for text in [
        "{",
        r#"{"method":"subscribe"}"#,
        r#"{"method":"subscribe","subscription":{"type":"orderUpdates","user":"0x1"}}"#,
    ] {
        socket.send_text(text.to_owned()).await;
        let said = socket.on("error").await;
        assert!(said.as_str().is_some_and(|said| said.starts_with("Error parsing JSON")), "{text}: {said}");
    }
    let bbo = json!({"type": "bbo", "coin": "BTC"});
    socket.subscribe(bbo.clone()).await;
    socket.on("subscriptionResponse").await;
    socket.subscribe(bbo.clone()).await;
    assert!(socket.on("error").await.as_str().is_some_and(|said| said.starts_with("Already subscribed")));
    socket.send(json!({"method": "unsubscribe", "subscription": bbo})).await;
    let response = socket.on("subscriptionResponse").await;
    assert_eq!(response["method"], "unsubscribe");
    socket.send(json!({"method": "unsubscribe", "subscription": bbo})).await;
    assert!(socket.on("error").await.as_str().is_some_and(|said| said.starts_with("Already unsubscribed")));
    // The market moves every second; a book that is followed outlasts two of them, and no quote comes between.
    socket.forget();
    socket.subscribe(json!({"type": "l2Book", "coin": "BTC"})).await;
    for px in ["97000.0", "96000.0", "97000.0"] {
        socket.wait("l2Book", |book| book["levels"][0][0]["px"] == px).await;
    }
    assert!(!socket.has_unread("bbo"));
}

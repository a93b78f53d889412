//! `/exchange`: who asks, and what becomes of orders.

use reprise_venue_sim::Network;
use reprise_venues::http::HttpError;
use reprise_venues::hyperliquid::sign::{
    Address, Scope, SecretKey, UserAction, Value as Ordered, sign_l1, sign_user,
};
use serde_json::{Value, json};

use super::support::{Venue, exit, now_ms, statuses, still, swing, wire};

/// Breaks when an order is taken that the venue refuses, or refused in other words, or answered otherwise.
#[tokio::test]
async fn orders_are_answered_as_the_venue_answers() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let rows = [
        ("buy 0.01 90000 Gtc", r#"{"resting":{"oid":"#),
        ("sell 0.01 97011 Alo", r#"{"resting":{"oid":"#),
        ("buy 0.01 97010 Ioc", r#"{"filled":{"avgPx":"97010.0","oid":"#),
        ("buy 0.01 98000 Gtc", r#"{"filled":{"avgPx":"97010.0","oid":"#),
        ("sell 0.02 97000 Ioc reduce", r#"{"filled":{"avgPx":"97000.0","oid":"#),
        ("sell 0.01 90000 Ioc reduce", r#"{"error":"Reduce only order would increase position. asset=0"}"#),
        (
            "buy 0.01 97000 Ioc",
            r#"{"error":"Order could not immediately match against any resting orders. asset=0"}"#,
        ),
        (
            "buy 0.01 97010 Alo",
            r#"{"error":"Post only order would have immediately matched, bbo was 97000@97010. asset=0"}"#,
        ),
        ("buy 0.0001 97000 Gtc", r#"{"error":"Order must have minimum value of $10. asset=0"}"#),
        ("buy 0.01 97000.5 Gtc", r#"{"error":"Price must be divisible by tick size. asset=0"}"#),
        ("buy 0.01 0.12345 Gtc", r#"{"error":"Price must be divisible by tick size. asset=0"}"#),
        ("buy 0.000001 97000 Gtc", r#"{"error":"Order has invalid size. asset=0"}"#),
        ("buy 0 97000 Gtc", r#"{"error":"Order has zero size. asset=0"}"#),
        ("buy 0.01 0 Gtc", r#"{"error":"Order has invalid price. asset=0"}"#),
        ("buy 100 90000 Gtc", r#"{"error":"Insufficient margin to place order. asset=0"}"#),
        (
            "buy 0.01 200000 Gtc",
            r#"{"error":"Order price cannot be more than 95% away from the reference price asset=0"}"#,
        ),
    ];
    for (order, expected) in rows {
        let [status] = &wallet.order(&[order]).await[..] else { unreachable!("one answer") };
        assert!(status.to_string().starts_with(expected), "{order}: {status}");
    }
    let unknown = json!({"type": "order", "orders": [{"a": 7, "b": true, "p": "1", "s": "1", "r": false, "t": {"limit": {"tif": "Gtc"}}}], "grouping": "na"});
    assert_eq!(statuses(&wallet.act(unknown).await), [json!({"error": "Invalid asset. asset=7"})]);
    // What is wrong with one order by itself is wrong with the whole batch; what the market has against it is not.
    let batch = wallet.order(&["buy 0.01 90000 Gtc", "buy 0.01 90000.5 Gtc"]).await;
    assert_eq!(batch, [json!({"error": "Price must be divisible by tick size. asset=0"}), batch[1].clone()]);
    let batch = wallet.order(&["buy 0.01 90000 Gtc", "buy 0.01 97010 Alo"]).await;
    assert!(batch[0]["resting"].is_object() && batch[1]["error"].is_string(), "{batch:?}");
}

/// Breaks when a cancel or a modification does something else than it says, or to another order.
#[tokio::test]
async fn orders_are_canceled_and_modified() {
    let venue = Venue::of(still(), Network::Mainnet);
    let (mut wallet, mut other) = (venue.wallet(1).await, venue.wallet(2).await);
    let cloid = "0x000000000000000000000000000000ff";
    let mut order = wire("buy 0.01 90000 Gtc");
    order["c"] = cloid.into();
    let placed = json!({"type": "order", "orders": [order], "grouping": "na"});
    let status = statuses(&wallet.act(placed.clone()).await).remove(0);
    let first = status["resting"]["oid"].as_u64().unwrap();
    assert_eq!(status["resting"]["cloid"], cloid);
    let again = statuses(&wallet.act(placed).await).remove(0);
    assert_eq!(again, json!({"error": "An open order has this cloid. asset=0"}));

    order["p"] = "91000".into();
    let modified = json!({"type": "batchModify", "modifies": [{"oid": cloid, "order": order}]});
    let second = statuses(&wallet.act(modified).await)[0]["resting"]["oid"].as_u64().unwrap();
    assert_ne!(first, second);
    let modify = |oid: u64| json!({"type": "modify", "oid": oid, "order": wire("buy 0.02 92000 Gtc")});
    let gone = json!({"status": "err", "response": "Cannot modify canceled or filled order"});
    assert_eq!(wallet.act(modify(first)).await, gone);
    assert_eq!(other.act(modify(second)).await, gone, "another wallet's order");
    assert_eq!(wallet.act(modify(second)).await, json!({"status": "ok", "response": {"type": "default"}}));

    let open = wallet.ask("openOrders").await;
    assert_eq!(open.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&open[0]["limitPx"], &open[0]["sz"], &open[0]["cloid"]),
        (&json!("92000.0"), &json!("0.02"), &json!(cloid))
    );
    let oid = open[0]["oid"].as_u64().unwrap();
    let missing = json!({"error": "Order was never placed, already canceled, or filled. asset=0"});
    let cancel = |oid: u64| json!({"type": "cancel", "cancels": [{"a": 0, "o": oid}]});
    assert_eq!(statuses(&other.act(cancel(oid)).await), std::slice::from_ref(&missing));
    let by_cloid = json!({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": cloid}]});
    assert_eq!(statuses(&wallet.act(by_cloid).await), [json!("success")]);
    assert_eq!(statuses(&wallet.act(cancel(oid)).await), [missing]);
    let found =
        wallet.info(json!({"type": "orderStatus", "user": wallet.address, "oid": first})).await.unwrap();
    assert_eq!((&found["status"], &found["order"]["status"]), (&json!("order"), &json!("canceled")));
}

/// Breaks when a signature for the other network, of a changed action or in another form is taken for the wallet's.
#[tokio::test]
async fn signatures_say_who_asks() {
    for network in [Network::Mainnet, Network::Testnet] {
        let venue = Venue::of(still(), network);
        let mut wallet = venue.wallet(1).await;
        wallet.rest("buy 0.01 90000 Gtc").await;
        assert_eq!(wallet.ask("openOrders").await.as_array().map(Vec::len), Some(1), "{network:?}");
        // A signature for the other network is some unknown wallet's, and so is one of another action.
        let body = |scope: Scope, of: Network, action: &str, signed: &str| {
            let signed = Ordered::parse(signed).unwrap();
            let network = match of {
                Network::Mainnet => reprise_venues::hyperliquid::sign::Network::Mainnet,
                Network::Testnet => reprise_venues::hyperliquid::sign::Network::Testnet,
            };
            let signature = serde_json::to_string(&sign_l1(&wallet.key, &signed, &scope, network)).unwrap();
            format!(
                r#"{{"action":{action},"nonce":{},"signature":{signature},"vaultAddress":null}}"#,
                scope.nonce
            )
        };
        let order = |size: &str| {
            format!(
                r#"{{"type":"order","orders":[{{"a":0,"b":true,"p":"90000","s":"{size}","r":false,"t":{{"limit":{{"tif":"Gtc"}}}}}}],"grouping":"na"}}"#
            )
        };
        let other = if network == Network::Mainnet { Network::Testnet } else { Network::Mainnet };
        let (taken, changed, zeros) = (order("0.01"), order("0.02"), order("0.010"));
        let swapped = taken.replace(r#""a":0,"b":true"#, r#""b":true,"a":0"#);
        let now = now_ms() + 60_000;
        let rows = [
            (body(Scope::new(now), network, &taken, &taken), 2, "as it should be"),
            (body(Scope::new(now + 1), other, &taken, &taken), 2, "for the other network"),
            (body(Scope::new(now + 2), network, &changed, &taken), 2, "of another action"),
            (
                body(Scope::new(now + 3), network, &swapped, &taken),
                3,
                "keys in another order, signed in the right one",
            ),
            (body(Scope::new(now + 4), network, &swapped, &swapped), 3, "signed in another order too"),
            (body(Scope::new(now + 5), network, &zeros, &zeros), 3, "a number with a zero too many"),
        ];
        for (body, open, what) in rows {
            let answer = wallet.send(&body).await.unwrap();
            assert_eq!(
                wallet.ask("openOrders").await.as_array().map(Vec::len),
                Some(open),
                "{what}: {answer}"
            );
            if what.starts_with("signed") || what.starts_with("a number") {
                let said = answer["response"].as_str().unwrap_or_default();
                assert!(
                    said.starts_with("User or API Wallet 0x") && said.ends_with("does not exist."),
                    "{answer}"
                );
            }
        }
    }
}

/// Breaks when an action is taken twice, too late, or with a nonce that the venue refuses.
#[tokio::test]
async fn actions_are_taken_once_and_in_time() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let noop = || json!({"type": "noop"});
    let scope = wallet.scope();
    assert_eq!(wallet.act_as(noop(), scope).await["status"], "ok");
    let rows = [
        (scope, "Invalid nonce: duplicate nonce"),
        (Scope::new(scope.nonce - 3 * 86_400_000), "Invalid nonce: "),
        (Scope::new(scope.nonce + 2 * 86_400_000), "Invalid nonce: "),
        (Scope { expires_after: Some(now_ms() - 1), ..wallet.scope() }, "Action expired"),
    ];
    for (scope, words) in rows {
        let answer = wallet.act_as(noop(), scope).await;
        assert!(answer["response"].as_str().is_some_and(|said| said.starts_with(words)), "{answer}");
    }
    let in_time = Scope { expires_after: Some(now_ms() + 60_000), ..wallet.scope() };
    assert_eq!(wallet.act_as(noop(), in_time).await["status"], "ok");
    for body in ["{", "{}", r#"{"action":{"type":"order"},"nonce":1}"#] {
        let text = reqwest_text(&venue, body).await;
        assert_eq!(
            text,
            (422, "Failed to deserialize the JSON body into the target type".to_owned()),
            "{body}"
        );
    }
    let known = wallet
        .send(r#"{"action":{"type":"unheardOf"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27}}"#)
        .await;
    assert!(matches!(known, Err(HttpError::Status { status: 422, .. })), "{known:?}");
}

async fn reqwest_text(venue: &Venue, body: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        client.post(format!("{}/exchange", venue.base())).body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Breaks when an agent or a vault acts for another account than it was meant to.
#[tokio::test]
async fn agents_and_vaults_act_for_others() {
    let venue = Venue::of(still(), Network::Mainnet);
    let (mut wallet, mut agent) = (venue.wallet(1).await, venue.wallet(2).await);
    let nonce = wallet.scope().nonce;
    let approve = json!({
        "type": "approveAgent", "hyperliquidChain": "Mainnet", "signatureChainId": "0x66eee",
        "agentAddress": agent.address, "agentName": "bot", "nonce": nonce,
    });
    let signed = |key: &SecretKey, action: &Value| {
        let ordered = Ordered::of(action).unwrap();
        let signature = sign_user(key, &ordered, UserAction::ApproveAgent).unwrap();
        json!({"action": action, "nonce": nonce, "signature": signature}).to_string()
    };
    assert_eq!(wallet.send(&signed(&wallet.key, &approve)).await.unwrap()["status"], "ok");
    let mut elsewhere = approve.clone();
    elsewhere["hyperliquidChain"] = "Testnet".into();
    assert_eq!(wallet.send(&signed(&wallet.key, &elsewhere)).await.unwrap()["status"], "err");
    let oid = agent.rest("buy 0.01 90000 Gtc").await;
    assert_eq!(wallet.ask("openOrders").await[0]["oid"], oid);
    // An agent's own address has nothing, whatever it may trade: it is the master that must be asked about.
    assert_eq!(agent.ask("openOrders").await, json!([]));
    let of_agent = agent.ask("clearinghouseState").await;
    assert_eq!(
        (&of_agent["withdrawable"], &of_agent["marginSummary"]["accountValue"]),
        (&json!("0.0"), &json!("0.0"))
    );
    assert_eq!(agent.ask("spotClearinghouseState").await, json!({"balances": []}));
    assert_eq!(agent.ask("userRole").await, json!({"role": "agent", "data": {"user": wallet.address}}));
    assert_eq!(wallet.ask("extraAgents").await[0]["address"], agent.address.to_string());

    let vault = Address([7; 20]);
    let scope = Scope { vault: Some(vault), ..wallet.scope() };
    let order = json!({"type": "order", "orders": [wire("buy 0.01 90000 Gtc")], "grouping": "na"});
    assert_eq!(wallet.act_as(order, scope).await["status"], "ok");
    let open = wallet.info(json!({"type": "openOrders", "user": vault})).await.unwrap();
    assert_eq!(open.as_array().map(Vec::len), Some(1));
}

/// Breaks when exits are placed before their entry is filled, never, or stay behind when one of them is done.
#[tokio::test]
async fn exits_follow_their_entry() {
    let venue = Venue::of(swing(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let mut socket = venue.socket().await;
    socket.subscribe(json!({"type": "orderUpdates", "user": wallet.address})).await;
    socket.on("subscriptionResponse").await;
    // The market is at 97000 or at 96000 and will be at the other one within a second.
    let orders = [wire("buy 0.01 96500 Gtc"), exit("sell 0.01 95000 sl"), exit("sell 0.01 96800 tp")];
    let bracket = json!({"type": "order", "orders": orders, "grouping": "normalTpsl"});
    let answers = statuses(&wallet.act(bracket).await);
    let is_waiting = answers[1] == "waitingForFill" || answers[1] == "waitingForTrigger";
    assert!(answers[0].is_object() && is_waiting && answers[1] == answers[2], "{answers:?}");
    let update = |status: &'static str, side: &'static str| {
        move |updates: &Value| updates[0]["status"] == status && updates[0]["order"]["side"] == side
    };
    socket.wait("orderUpdates", update("filled", "B")).await;
    let target = socket.wait("orderUpdates", update("filled", "A")).await;
    assert_eq!(target[0]["order"]["limitPx"], "96800.0");
    let stop = socket.wait("orderUpdates", update("siblingFilledCanceled", "A")).await;
    assert_eq!(stop[0]["order"]["limitPx"], "95000.0");
    assert_eq!(wallet.ask("clearinghouseState").await["assetPositions"], json!([]));

    let lonely = json!({"type": "order", "orders": [wire("buy 0.01 90000 Gtc")], "grouping": "normalTpsl"});
    assert_eq!(wallet.act(lonely).await["response"], "Unexpected number of trigger orders");
}

/// Breaks when a stop triggers too early, never, or from the wrong side.
#[tokio::test]
async fn stops_wait_for_the_mark() {
    let venue = Venue::of(swing(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let mut socket = venue.socket().await;
    socket.subscribe(json!({"type": "orderUpdates", "user": wallet.address})).await;
    socket.on("subscriptionResponse").await;
    assert!(wallet.order(&["buy 0.01 98000 Ioc"]).await[0]["filled"].is_object());
    let place = json!({"type": "order", "orders": [exit("sell 0.01 96500 sl")], "grouping": "na"});
    // While the mark is below, such a stop is refused: that moment passes.
    let oid = loop {
        let status = statuses(&wallet.act(place.clone()).await).remove(0);
        match status["resting"]["oid"].as_u64() {
            Some(oid) => break oid,
            None => assert_eq!(status, json!({"error": "Invalid TP/SL price. asset=0"})),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let filled =
        socket.wait("orderUpdates", |u| u[0]["status"] == "filled" && u[0]["order"]["oid"] == oid).await;
    assert_eq!(filled[0]["order"]["side"], "A");
    let fills = wallet.ask("userFills").await;
    assert_eq!(
        (&fills[0]["oid"], &fills[0]["px"], &fills[0]["dir"]),
        (&json!(oid), &json!("96000.0"), &json!("Close Long"))
    );
}

/// Breaks when a scheduled cancel does not strike, strikes others, or is taken too near.
#[tokio::test]
async fn schedules_are_set_and_lifted() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let at = |ms: u64| json!({"type": "scheduleCancel", "time": now_ms() + ms});
    let near = wallet.act(at(1_000)).await;
    assert!(near["response"].as_str().is_some_and(|said| said.contains("at least 5 seconds")), "{near}");
    assert_eq!(wallet.act(at(60_000)).await["status"], "ok");
    assert_eq!(wallet.act(json!({"type": "scheduleCancel"})).await["status"], "ok");
    let leverage = |n: u32| json!({"type": "updateLeverage", "asset": 0, "isCross": false, "leverage": n});
    for (n, status) in [(0, "err"), (1, "ok"), (40, "ok"), (41, "err")] {
        assert_eq!(wallet.act(leverage(n)).await["status"], status, "{n}");
    }
}

//! `/info`: what is told about markets and accounts.

use reprise_model::Cash;
use reprise_venue_sim::Network;
use reprise_venues::Fees;
use reprise_venues::http::{Http, HttpError};
use reprise_venues::hyperliquid::action::OrderRef;
use reprise_venues::hyperliquid::{InfoRest, Universe};
use serde_json::{Value, json};

use super::support::{DEADLINE, Venue, still, swing};

fn cash(value: &Value) -> Cash {
    value.as_str().unwrap_or_else(|| unreachable!("{value} is no amount")).parse().unwrap()
}

fn sum(values: &[Cash]) -> Cash {
    Cash::sum(values.iter().copied()).unwrap()
}

/// Breaks when the simulator's answers are not what our own client reads at the venue.
#[tokio::test]
async fn our_client_reads_the_answers() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let oid = wallet.rest("buy 0.01 90000 Gtc").await;
    wallet.order(&["buy 0.01 97010 Ioc"]).await;
    let info = InfoRest::new(Http::new(&venue.base(), DEADLINE).unwrap());
    let (meta, contexts) = info.meta_and_asset_ctxs().await.unwrap();
    let fees = Fees { maker: "0.00015".parse().unwrap(), taker: "0.00045".parse().unwrap() };
    let spot = info.spot_meta().await.unwrap();
    let (universe, left_out) = Universe::new(&meta, Some(&spot), fees, fees);
    assert!(left_out.is_empty());
    let btc = universe.coin("BTC").unwrap();
    assert_eq!(
        (btc.asset, btc.size_decimals, btc.definition.instrument.as_str()),
        (0, 5, "BTC-PERP.HYPERLIQUID")
    );
    assert_eq!(contexts[0].mark_px, "97005".parse().ok());
    assert_eq!(info.all_mids().await.unwrap()["BTC"], "97005".parse().unwrap());
    let book = info.l2_book("BTC").await.unwrap();
    assert_eq!(
        (book.levels.0[0].px, book.levels.1[0].px),
        ("97000".parse().unwrap(), "97010".parse().unwrap())
    );
    let state = info.clearinghouse_state(wallet.address).await.unwrap();
    assert_eq!(state.asset_positions[0].position.szi, "0.01".parse().unwrap());
    assert_eq!(info.spot_state(wallet.address).await.unwrap().balances.len(), 2);
    let [open] = &info.open_orders(wallet.address).await.unwrap()[..] else { unreachable!("one is open") };
    assert_eq!((open.oid, open.tif.as_str(), open.is_trigger), (oid, "Gtc", false));
    let found = info.order_status(wallet.address, OrderRef::Oid(oid)).await.unwrap();
    assert_eq!((found.status.as_str(), found.order.map(|o| o.is_final())), ("order", Some(false)));
    let none = info.order_status(wallet.address, OrderRef::Oid(1)).await.unwrap();
    assert_eq!((none.status.as_str(), none.order), ("unknownOid", None));
    let [fill] = &info.fills_by_time(wallet.address, 0, None).await.unwrap()[..] else {
        unreachable!("one fill")
    };
    assert_eq!((fill.px, fill.crossed, fill.fee_token.as_str()), ("97010".parse().unwrap(), true, "USDC"));
    assert!(info.fills_by_time(wallet.address, fill.time + 1, None).await.unwrap().is_empty());
    assert!(info.fills_by_time(wallet.address, 0, Some(fill.time - 1)).await.unwrap().is_empty());
}

/// Breaks when money, margin or positions are not what the fills make of them.
#[tokio::test]
async fn money_is_what_the_fills_say() {
    let venue = Venue::of(still(), Network::Mainnet);
    let mut wallet = venue.wallet(1).await;
    let start = cash(&wallet.ask("clearinghouseState").await["withdrawable"]);
    assert_eq!(start, Cash::from_int(100_000).unwrap());
    wallet.order(&["buy 0.1 97010 Ioc"]).await;
    let state = wallet.ask("clearinghouseState").await;
    let position = &state["assetPositions"][0]["position"];
    // Bought at 97010, marked at 97005; the fee is 0.045 % of 9701, the margin a twentieth of 9700.5.
    let rows = [
        (&position["szi"], "0.1"),
        (&position["entryPx"], "97010.0"),
        (&position["positionValue"], "9700.5"),
        (&position["unrealizedPnl"], "-0.5"),
        (&position["marginUsed"], "485.025"),
        (&state["marginSummary"]["accountValue"], "99995.13455"),
        (&state["marginSummary"]["totalRawUsd"], "90294.63455"),
        (&state["crossMaintenanceMarginUsed"], "121.25625"),
        (&state["withdrawable"], "99510.10955"),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected, "{state}");
    }
    assert!(position["liquidationPx"].is_null(), "the money covers it all");
    wallet.order(&["sell 0.1 97000 Ioc"]).await;
    let fills = wallet.ask("userFills").await;
    assert_eq!((&fills[0]["closedPnl"], &fills[1]["closedPnl"]), (&json!("-1.0"), &json!("0.0")));
    let paid: Vec<Cash> =
        (0..2).flat_map(|n| [cash(&fills[n]["closedPnl"]), cash(&fills[n]["fee"]).neg()]).collect();
    let state = wallet.ask("clearinghouseState").await;
    assert_eq!(cash(&state["marginSummary"]["accountValue"]), sum(&[&[start][..], &paid].concat()));
    assert_eq!(state["marginSummary"]["accountValue"], state["withdrawable"]);
    // A position far larger than the money has a price at which it is liquidated: below for a long one.
    wallet.order(&["buy 1.9 97010 Ioc"]).await;
    wallet.act(json!({"type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 2})).await;
    let state = wallet.ask("clearinghouseState").await;
    let liquidation: f64 =
        state["assetPositions"][0]["position"]["liquidationPx"].as_str().unwrap().parse().unwrap();
    assert!((44_000.0..46_500.0).contains(&liquidation), "{state}");
}

/// Breaks when a question that the venue knows is not answered, or one that it does not know is.
#[tokio::test]
async fn questions_have_answers() {
    let venue = Venue::of(swing(), Network::Mainnet);
    let wallet = venue.wallet(1).await;
    let about = [
        "historicalOrders",
        "userFunding",
        "userFees",
        "userRateLimit",
        "portfolio",
        "subAccounts",
        "referral",
    ];
    for kind in about {
        wallet.ask(kind).await;
    }
    let rows = [
        (json!({"type": "l2Book", "coin": "BTC", "nSigFigs": 2}), "levels"),
        (json!({"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": 0}}), "0"),
        (json!({"type": "recentTrades", "coin": "BTC"}), "0"),
        (json!({"type": "exchangeStatus"}), "time"),
        (json!({"type": "perpDexs"}), "0"),
        (json!({"type": "activeAssetData", "user": wallet.address, "coin": "BTC"}), "leverage"),
    ];
    for (question, part) in rows {
        let answer = wallet.info(question.clone()).await.unwrap();
        let found = answer.get(part).or_else(|| answer.get(part.parse::<usize>().ok()?));
        assert!(found.is_some(), "{question}: {answer}");
    }
    let nothing = wallet.info(json!({"type": "l2Book", "coin": "NONE"})).await.unwrap();
    assert_eq!(nothing, Value::Null);
    for question in [
        json!({"type": "unheardOf"}),
        json!({"type": "openOrders"}),
        json!({"type": "openOrders", "user": "0x12"}),
        json!({"type": "l2Book"}),
        json!({"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m", "startTime": 0}}),
        json!([]),
    ] {
        let refused = wallet.info(question.clone()).await;
        assert!(matches!(refused, Err(HttpError::Status { status: 422, .. })), "{question}: {refused:?}");
    }
}

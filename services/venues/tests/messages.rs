//! Messages as the venues write them, in the ways they vary.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use reprise_model::{Price, Qty, Side};
use reprise_venues::coinbase::wire as coinbase;
use reprise_venues::coinbase::wire::{BookSide, EventKind, OrderConfiguration, OrderState};
use reprise_venues::hyperliquid::wire as hyperliquid;
use serde_json::json;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

/// Breaks when a market message of Coinbase is read wrong, or a small change of it is not read at all.
#[test]
fn coinbase_market_messages_are_read() {
    let frame = r#"{"channel":"l2_data","client_id":"","timestamp":"2025-01-14T22:11:18.7Z","sequence_num":3,
        "events":[{"type":"snapshot","product_id":"BTC-USD","updates":[
          {"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"97012.34","new_quantity":"0.51"},
          {"side":"offer","event_time":"","price_level":"97012.35","new_quantity":"0"}]}]}"#;
    let envelope: coinbase::Envelope<'_> = serde_json::from_str(frame).unwrap();
    assert_eq!((&*envelope.channel, envelope.sequence_num, envelope.refusal()), ("l2_data", Some(3), None));
    let books: Vec<coinbase::BookEvent<'_>> = envelope.events().unwrap();
    let [book] = books.as_slice() else { unreachable!("one event") };
    assert_eq!((book.kind, &*book.product_id), (EventKind::Snapshot, "BTC-USD"));
    let levels: Vec<_> = book.updates.iter().map(|u| (u.side, u.price_level, u.new_quantity)).collect();
    let expected =
        [(BookSide::Bid, price("97012.34"), qty("0.51")), (BookSide::Offer, price("97012.35"), Qty::ZERO)];
    assert_eq!(levels, expected);

    for beat in ["17", "\"17\""] {
        let frame = format!(
            r#"{{"channel":"heartbeats","sequence_num":0,"events":[{{"current_time":"now","heartbeat_counter":{beat}}}]}}"#
        );
        let envelope: coinbase::Envelope<'_> = serde_json::from_str(&frame).unwrap();
        assert_eq!(envelope.events::<coinbase::Heartbeat<'_>>().unwrap()[0].heartbeat_counter, 17);
    }

    let ticker = r#"{"channel":"ticker","events":[{"type":"update","tickers":[{"type":"ticker","product_id":"A-B",
        "price":"1.5","best_bid":"","best_bid_quantity":"","best_ask":"1.6","best_ask_quantity":"2","x":1}]}]}"#;
    let envelope: coinbase::Envelope<'_> = serde_json::from_str(ticker).unwrap();
    let ticker = envelope.events::<coinbase::TickerEvent<'_>>().unwrap().remove(0).tickers.remove(0);
    assert_eq!((ticker.best_bid, ticker.best_ask), (None, Some(price("1.6"))));

    let error = r#"{"type":"error","message":"authentication failure"}"#;
    let envelope: coinbase::Envelope<'_> = serde_json::from_str(error).unwrap();
    assert_eq!(envelope.refusal(), Some("authentication failure"));
    assert!(envelope.events::<coinbase::TickerEvent<'_>>().unwrap().is_empty());
}

/// Breaks when an own order of Coinbase is read as another one, or with other amounts.
#[test]
fn coinbase_user_orders_are_read() {
    let event = json!({"type": "update", "orders": [{
        "order_id": "o", "client_order_id": "c", "product_id": "BTC-USD", "order_side": "SELL", "status": "OPEN",
        "order_type": "Limit", "cumulative_quantity": "0.1", "leaves_quantity": "0.4", "avg_price": "97000",
        "filled_value": "9700", "total_fees": "1.2", "number_of_fills": "2", "limit_price": "97000",
        "stop_price": "", "post_only": "true", "cancel_reason": null
    }, {"order_id": "p", "product_id": "X", "order_side": "BUY", "status": "SOMETHING_NEW"}]});
    let event: coinbase::UserEvent = serde_json::from_value(event).unwrap();
    let [one, other] = event.orders.as_slice() else { unreachable!("two orders") };
    assert_eq!(Side::from(one.order_side), Side::Sell);
    assert_eq!((one.cumulative_quantity, one.leaves_quantity), (Some(qty("0.1")), Some(qty("0.4"))));
    assert_eq!((one.number_of_fills, one.stop_price, one.post_only), (Some(2), None, true));
    assert_eq!((other.status, other.avg_price), (OrderState::Unknown, None));
}

/// Breaks when an order is written to Coinbase otherwise than its reference says, or a listing is not read.
#[test]
fn coinbase_orders_keep_their_form() {
    let rows = [
        json!({"market_market_ioc": {"quote_size": "10"}}),
        json!({"market_market_fok": {"base_size": "0.5"}}),
        json!({"sor_limit_ioc": {"base_size": "1", "limit_price": "2"}}),
        json!({"limit_limit_gtc": {"base_size": "1", "limit_price": "2", "post_only": true}}),
        json!({"limit_limit_gtd": {"base_size": "1", "limit_price": "2", "end_time": "2026-01-01T00:00:00Z", "post_only": false}}),
        json!({"limit_limit_fok": {"base_size": "1", "limit_price": "2"}}),
        json!({"stop_limit_stop_limit_gtc": {"base_size": "1", "limit_price": "2", "stop_price": "3", "stop_direction": "STOP_DIRECTION_STOP_UP"}}),
        json!({"stop_limit_stop_limit_gtd": {"base_size": "1", "limit_price": "2", "stop_price": "3", "end_time": "t", "stop_direction": "STOP_DIRECTION_STOP_DOWN"}}),
        json!({"trigger_bracket_gtc": {"base_size": "1", "limit_price": "2", "stop_trigger_price": "1"}}),
        json!({"trigger_bracket_gtd": {"limit_price": "2", "stop_trigger_price": "1", "end_time": "t"}}),
        json!({"twap_limit_gtd": {"base_size": "1", "end_time": "t", "limit_price": "2", "number_buckets": "4"}}),
        json!({"scaled_limit_gtc": {"orders": [{"base_size": "1"}], "num_orders": 2}}),
    ];
    for row in rows {
        let read: OrderConfiguration = serde_json::from_value(row.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), row);
        let listed = json!({"order_id": "o", "product_id": "X", "side": "BUY", "status": "FILLED", "order_configuration": row});
        let listed: coinbase::Order = serde_json::from_value(listed).unwrap();
        assert_eq!(listed.order_configuration, Some(read));
    }
    let strange = json!({"order_id": "o", "product_id": "X", "side": "BUY", "status": "FILLED",
        "order_configuration": {"unheard_of": {}}, "filled_size": "", "number_of_fills": "0", "size_in_quote": "false"});
    let strange: coinbase::Order = serde_json::from_value(strange).unwrap();
    assert_eq!((strange.order_configuration, strange.filled_size), (None, None));
    assert!(strange.status.is_final());
    let refused = json!({"success": false, "error_response": {"error": "INSUFFICIENT_FUND", "message": "no", "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND"}});
    let refused: coinbase::CreateOrderAnswer = serde_json::from_value(refused).unwrap();
    assert_eq!(
        refused.error_response.map(|r| (refused.success, r.error)),
        Some((false, "INSUFFICIENT_FUND".to_owned()))
    );
}

/// Breaks when a message of Hyperliquid is read wrong.
#[test]
fn hyperliquid_messages_are_read() {
    let read = |text: &'static str| serde_json::from_str::<hyperliquid::Envelope<'_>>(text).unwrap();
    let bbo = read(
        r#"{"channel":"bbo","data":{"coin":"BTC","time":7,"bbo":[{"px":"97012","sz":"1.5","n":3},null]}}"#,
    );
    let bbo: hyperliquid::Bbo<'_> = bbo.read().unwrap();
    assert_eq!(bbo.bbo.0.map(|level| (level.px, level.sz)), Some((price("97012"), qty("1.5"))));
    assert_eq!((&*bbo.coin, bbo.bbo.1), ("BTC", None));
    let trades = read(
        r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1","sz":"2","time":7,"hash":"0x","tid":9,"users":["a","b"]}]}"#,
    );
    let trades: Vec<hyperliquid::Trade<'_>> = trades.read().unwrap();
    assert_eq!((Side::from(trades[0].side), trades[0].tid), (Side::Sell, 9));
    let context = read(
        r#"{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"markPx":"5.1","oraclePx":"5","midPx":null,"funding":"-0.00001"}}}"#,
    );
    let context: hyperliquid::ActiveAssetContext<'_> = context.read().unwrap();
    assert_eq!((context.ctx.mark_px, context.ctx.mid_px), (Some(price("5.1")), None));
    assert_eq!(context.ctx.funding.map(|rate| rate.to_string()).as_deref(), Some("-0.00001"));
    assert!(read(r#"{"channel":"pong"}"#).data.is_none());
    let rows = [
        ("open", false),
        ("filled", true),
        ("canceled", true),
        ("marginCanceled", true),
        ("badAloPxRejected", true),
        ("triggered", false),
        ("new", false),
    ];
    for (status, is_final) in rows {
        let update = json!({"order": {"coin": "BTC", "side": "B", "limitPx": "1", "sz": "0", "oid": 5, "timestamp": 1, "origSz": "2",
            "cloid": "0x0000000000000000000000000000002a"}, "status": status, "statusTimestamp": 2});
        let update: hyperliquid::OrderUpdate = serde_json::from_value(update).unwrap();
        assert_eq!((update.is_final(), update.order.cloid.map(|id| id.0)), (is_final, Some(42)), "{status}");
    }
}

/// Breaks when what the exchange answers to an order is taken for something else.
#[test]
fn hyperliquid_answers_are_read() {
    let answer = json!({"status": "ok", "response": {"type": "order", "data": {"statuses": [
        {"resting": {"oid": 1}}, {"filled": {"totalSz": "0.02", "avgPx": "1891.4", "oid": 2}},
        {"error": "Order must have minimum value of $10."}, "success", "waitingForFill", "waitingForTrigger"]}}});
    let hyperliquid::ExchangeAnswer::Ok(content) = serde_json::from_value(answer).unwrap() else {
        unreachable!("taken")
    };
    let kinds: Vec<_> = content.data.unwrap().statuses.into_iter().map(|one| format!("{one:?}")).collect();
    let begin =
        ["Resting(", "Filled(", "Error(\"Order must", "Success", "WaitingForFill", "WaitingForTrigger"];
    assert!(kinds.iter().zip(begin).all(|(kind, begin)| kind.starts_with(begin)), "{kinds:?}");
    let refused = json!({"status": "err", "response": "nonce too low"});
    assert_eq!(
        serde_json::from_value::<hyperliquid::ExchangeAnswer>(refused).unwrap(),
        hyperliquid::ExchangeAnswer::Err("nonce too low".to_owned())
    );
    let done = json!({"status": "ok", "response": {"type": "default"}});
    assert!(matches!(
        serde_json::from_value(done).unwrap(),
        hyperliquid::ExchangeAnswer::Ok(hyperliquid::ExchangeContent { data: None, .. })
    ));
}

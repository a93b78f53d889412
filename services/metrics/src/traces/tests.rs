//! Lives of orders that a paper venue does not lead to.

use reprise_model::event::{
    CancelReason, Fill, Hold, NewTerms, OrderAccepted, OrderCancelSubmitted, OrderCanceled, OrderDenied,
    OrderExpired, OrderFilled, OrderPartiallyFilled, OrderRejected, OrderReplaceSubmitted, OrderReplaced,
    OrderRequested, OrderSubmitted, OrderUnknown,
};
use reprise_model::{
    Cash, Code, Label, Liquidity, NewOrder, OrderId, OrderOrigin, OrderType, Outcome, Qty, Refusal,
    RequestOf, Seq, Side, TimeInForce, Ts,
};
use reprise_runtime::{Event, Published};

use super::endpoint;
use super::life::Span;
use super::tracer::Tracer;

const ID: OrderId = OrderId { epoch: 7, n: 1 };

fn terms() -> NewOrder {
    NewOrder {
        strategy: "s".parse().unwrap(),
        instrument: "BTC-USD.X".parse().unwrap(),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        qty: "2".parse().unwrap(),
        price: "10".parse().ok(),
        stop_price: None,
        expire_ts: None,
        post_only: false,
        reduce_only: false,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 1,
        note: None,
    }
}

fn hold() -> Hold {
    Hold { asset: "USD".parse().unwrap(), amount: Cash::ZERO }
}

fn fill() -> Fill {
    Fill {
        order: ID,
        exec_id: Label::new("1").unwrap(),
        qty: "1".parse().unwrap(),
        price: "10".parse().unwrap(),
        fee: Cash::ZERO,
        fee_asset: "USD".parse().unwrap(),
        liquidity: Liquidity::Maker,
        cum_qty: "1".parse().unwrap(),
        leaves_qty: Qty::ZERO,
    }
}

fn rejected(request: RequestOf) -> Outcome {
    let refusal = Refusal::new(Code::VenueRefused);
    Outcome::OrderRejected(OrderRejected { order: ID, request, refusal, reason: Some("no".to_owned()) })
}

/// An outcome by its word.
fn outcome(word: &str) -> Outcome {
    let (order, reason) = (ID, CancelReason::Strategy);
    let new = NewTerms { qty: None, price: None, stop_price: None };
    match word {
        "request" => Outcome::OrderRequested(Box::new(OrderRequested { order, terms: terms() })),
        "submit" => Outcome::OrderSubmitted(Box::new(OrderSubmitted { order, terms: terms(), hold: hold() })),
        "accept" => Outcome::OrderAccepted(OrderAccepted { order, venue_order_id: None, adopted: None }),
        "part" => Outcome::OrderPartiallyFilled(OrderPartiallyFilled { fill: fill() }),
        "fill" => Outcome::OrderFilled(OrderFilled { fill: fill() }),
        "cancel" => Outcome::OrderCancelSubmitted(OrderCancelSubmitted { order, reason }),
        "canceled" => Outcome::OrderCanceled(OrderCanceled { order, reason, leaves_qty: Qty::ZERO }),
        "replace" => {
            Outcome::OrderReplaceSubmitted(OrderReplaceSubmitted { order, terms: new, hold: hold() })
        }
        "replaced" => Outcome::OrderReplaced(OrderReplaced { order, terms: new }),
        "expire" => Outcome::OrderExpired(OrderExpired { order, leaves_qty: Qty::ZERO }),
        "unknown" => Outcome::OrderUnknown(OrderUnknown { order, reason: "timeout".to_owned() }),
        "deny" | "deny-replace" => {
            let request = if word == "deny" { RequestOf::New } else { RequestOf::Replace };
            let refusal = Refusal::measured(Code::MaxOrderQty, 2, 1);
            Outcome::OrderDenied(OrderDenied { order, request, refusal })
        }
        "reject" => rejected(RequestOf::New),
        "reject-cancel" => rejected(RequestOf::Cancel),
        "reject-replace" => rejected(RequestOf::Replace),
        other => panic!("no outcome is called {other}"),
    }
}

/// The spans that these outcomes lead to, the first at 10 ns with number 1, each later by one.
fn spans(words: &str) -> Vec<Span> {
    let mut tracer = Tracer::default();
    let mut ended = Vec::new();
    for (n, word) in (1..).zip(words.split_whitespace()) {
        let event = Event::Outcome(Seq(n - 1), outcome(word));
        if let Some((id, spans)) = tracer.take(&Published { seq: Seq(n), ts: Ts(9 + n), event }) {
            assert_eq!((id, ended.is_empty()), (ID, true), "{words}");
            ended = spans;
        }
    }
    ended
}

/// Breaks when a call to the venue has other times than its request and answer, a failure is not told, or a life that
/// is over is not.
#[test]
fn lives_of_orders() {
    let rows = [
        // An order, then each call with its times and whether it failed.
        ("request submit accept fill", "order 10-13, submit 11-12"),
        ("request submit fill", "order 10-12, submit 11-12"),
        ("request submit accept part part cancel canceled", "order 10-16, submit 11-12, cancel 15-16"),
        ("request submit accept cancel fill", "order 10-14, submit 11-12, cancel 13-14"),
        ("request submit accept cancel reject-cancel fill", "order 10-15, submit 11-12, cancel 13-14!"),
        ("request submit accept replace replaced expire", "order 10-15, submit 11-12, replace 13-14"),
        ("request submit accept replace reject-replace fill", "order 10-15, submit 11-12, replace 13-14!"),
        ("request submit unknown accept fill", "order 10-14, submit 11-12!"),
        ("request submit reject", "order 10-12!, submit 11-12!"),
        ("request submit accept deny-replace fill", "order 10-14, submit 11-12"),
        ("request deny", "order 10-11!"),
        ("request submit accept", ""),
        ("accept fill", ""),
    ];
    for (words, expected) in rows {
        let told: Vec<String> = spans(words)
            .iter()
            .map(|span| {
                assert_eq!(span.parent, (span.name != "order").then_some(Seq(1)), "{words}");
                assert_eq!(span.id.0 + 9, span.began.0, "{words}: its number is that of what began it");
                let failed = if span.failure.is_some() { "!" } else { "" };
                format!("{} {}-{}{failed}", span.name, span.began, span.ended)
            })
            .collect();
        assert_eq!(told.join(", "), expected, "{words}");
    }
    let failure = |words| spans(words)[0].failure.clone().unwrap();
    assert_eq!(failure("request deny"), "301 max_order_qty: 2 against 1");
    assert_eq!(failure("request submit reject"), "906 venue_refused: no");
}

/// Breaks when orders whose ends were lost pile up without end.
#[test]
fn orders_that_never_end() {
    let mut tracer = Tracer::default();
    for n in 1..40_000 {
        let order = OrderId { epoch: 7, n };
        let event = Event::Outcome(
            Seq(0),
            Outcome::OrderRequested(Box::new(OrderRequested { order, terms: terms() })),
        );
        tracer.take(&Published { seq: Seq(u64::from(n)), ts: Ts(1), event });
    }
    assert!(tracer.followed() <= 16_384);
}

/// Breaks when spans are sent where no collector listens.
#[test]
fn where_spans_go() {
    for url in ["http://h:4318", "http://h:4318/", "http://h:4318/v1/traces", "http://h:4318/v1/traces/"] {
        assert_eq!(endpoint(url), "http://h:4318/v1/traces");
    }
    assert_eq!(endpoint("http://h/otlp"), "http://h/otlp/v1/traces");
}

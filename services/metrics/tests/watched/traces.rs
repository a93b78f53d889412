//! The spans that a collector gets are the lives of orders as the journal has them.

use std::collections::{BTreeMap, BTreeSet};

use reprise_journal::{Body, JournalReader};
use reprise_model::Outcome;
use reprise_model::event::RunMode;
use serde_json::Value;

use crate::support::{BTC, ETH, Otlp, Watched};

fn fact<'a>(span: &'a Value, key: &str) -> &'a Value {
    let found = span["attributes"].as_array().unwrap().iter().find(|a| a["key"] == key);
    let value = found.map_or(&Value::Null, |a| &a["value"]);
    value.as_object().map_or(&Value::Null, |value| value.values().next().unwrap())
}

/// Breaks when an order has no span or two, a span other times than the journal, a call to the venue no span in its
/// order's, or spans are lost with a collector that comes back.
#[test]
fn one_span_an_order() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let collector = Otlp::start(&[503]);
    let mut watched = Watched::start(&run, RunMode::Paper, Some(&collector.url));
    watched.open_market(BTC);
    watched.open_market(ETH);
    watched.trade_until(|gauges| gauges.fills() >= 4 && gauges.denied() >= 2);
    watched.stop();

    let spans = collector.spans();
    let (orders, calls): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span["parentSpanId"].is_null());
    let by_order: BTreeMap<String, &Value> =
        orders.iter().map(|span| (fact(span, "reprise.order").as_str().unwrap().to_owned(), *span)).collect();
    assert_eq!(by_order.len(), orders.len(), "one span an order");
    let ids: BTreeSet<_> = spans.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), spans.len());
    let traces: BTreeSet<_> = orders.iter().map(|span| span["traceId"].as_str().unwrap()).collect();
    assert_eq!(traces.len(), orders.len());
    assert!(traces.iter().all(|trace| trace.len() == 32));

    let mut reader = JournalReader::open(&run).unwrap();
    let (mut over, mut submitted) = (0, 0);
    while let Some(entry) = reader.next_entry().unwrap() {
        let Body::Outcome { outcome, cause } = entry.body else { continue };
        let Some(id) = outcome.order() else { continue };
        let span = by_order[&id.to_string()];
        let call = calls.iter().find(|call| call["traceId"] == span["traceId"]);
        let (seq, ts) = (entry.seq.to_string(), entry.ts.to_string());
        match outcome {
            Outcome::OrderRequested(_) => {
                assert_eq!(span["startTimeUnixNano"], ts, "it begins with the tick");
                assert_eq!(
                    (fact(span, "reprise.seq"), fact(span, "reprise.cause")),
                    (&seq.into(), &cause.to_string().into())
                );
            }
            Outcome::OrderSubmitted(_) => {
                submitted += 1;
                let call = call.unwrap();
                assert_eq!((&call["name"], &call["kind"]), (&"submit".into(), &3.into()));
                assert_eq!(
                    (&call["startTimeUnixNano"], &call["parentSpanId"]),
                    (&ts.into(), &span["spanId"])
                );
            }
            Outcome::OrderAccepted(_) => assert_eq!(call.unwrap()["endTimeUnixNano"], ts),
            Outcome::OrderFilled(_) => {
                over += 1;
                assert_eq!(span["endTimeUnixNano"], ts, "it ends with the last fill");
                assert_eq!(fact(span, "reprise.status"), "filled");
                assert_eq!(span["events"].as_array().unwrap().last().unwrap()["timeUnixNano"], ts);
            }
            Outcome::OrderDenied(_) => {
                over += 1;
                assert_eq!((&span["status"]["code"], &span["endTimeUnixNano"]), (&2.into(), &ts.into()));
                assert!(span["status"]["message"].as_str().unwrap().contains("max_order_notional"), "{span}");
                assert!(call.is_none(), "it never left");
            }
            _ => {}
        }
    }
    assert_eq!((over, submitted), (orders.len(), calls.len()));
    let resource = &collector.first_request()["resourceSpans"][0]["resource"];
    assert_eq!(fact(resource, "service.name"), "reprise");
}

/// Breaks when a collector that is away keeps a run from trading, or from ending.
#[test]
fn a_collector_that_is_away() {
    let dir = tempfile::tempdir().unwrap();
    // Nothing listens on the port that is reserved for discarding.
    let mut watched = Watched::start(&dir.path().join("run"), RunMode::Paper, Some("http://127.0.0.1:9"));
    watched.open_market(BTC);
    watched.trade_until(|gauges| gauges.fills() >= 3);
    let scrape = watched.scrape_settled();
    assert_eq!(scrape.value("reprise_spans_exported_total", ""), 0.0);
    assert!(watched.stop().fills >= 3);
}

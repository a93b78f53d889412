//! Spans as a collector reads them.
//!
//! Format: OpenTelemetry Protocol 1.x, JSON encoding: ids are hexadecimal, 64-bit integers are text.
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>

use reprise_model::OrderId;
use serde_json::{Value, json};

use super::life::Span;

/// `SPAN_KIND_INTERNAL`: work in this process.
const INTERNAL: u8 = 1;
/// `SPAN_KIND_CLIENT`: a call to another.
const CLIENT: u8 = 3;
/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// One span, of an order of the run that this number stands for.
pub(crate) fn span(run: u64, order: OrderId, span: &Span) -> Value {
    let mut encoded = json!({
        "traceId": format!("{run:016x}{:08x}{:08x}", order.epoch, order.n),
        "spanId": format!("{:016x}", span.id.0),
        "name": span.name,
        "kind": if span.parent.is_some() { CLIENT } else { INTERNAL },
        "startTimeUnixNano": span.began.0.to_string(),
        "endTimeUnixNano": span.ended.0.to_string(),
        "attributes": attributes(&span.facts),
    });
    if let Some(parent) = span.parent {
        encoded["parentSpanId"] = json!(format!("{:016x}", parent.0));
    }
    if !span.moments.is_empty() {
        let moment = |(ts, name, facts): &(reprise_model::Ts, &str, Vec<_>)| json!({"timeUnixNano": ts.0.to_string(), "name": name, "attributes": attributes(facts)});
        encoded["events"] = span.moments.iter().map(moment).collect();
    }
    if let Some(failure) = &span.failure {
        encoded["status"] = json!({"code": ERROR, "message": failure});
    }
    encoded
}

/// A request with spans of a run.
pub(crate) fn request(run: &str, spans: &[Value]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [
        ("service.name", json!("reprise")),
        ("service.version", json!(version)),
        ("service.instance.id", json!(run)),
    ];
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes(&resource)},
        "scopeSpans": [{"scope": {"name": "reprise", "version": version}, "spans": spans}],
    }]})
}

fn attributes(facts: &[(&'static str, Value)]) -> Value {
    let value = |fact: &Value| match fact {
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Bool(truth) => json!({"boolValue": truth}),
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    };
    facts.iter().map(|(key, fact)| json!({"key": key, "value": value(fact)})).collect()
}

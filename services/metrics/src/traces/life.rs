//! The life of one order as spans.

use reprise_model::event::{Fill, OrderRequested};
use reprise_model::{Outcome, Refusal, RequestOf, Seq, Ts};
use serde_json::{Value, json};

/// Fills that are told one by one; an order that has more tells their number.
const FILLS_TOLD: usize = 64;
/// Calls that are told one by one.
const CALLS_TOLD: usize = 64;

/// What is known of something, each under its name.
pub(crate) type Facts = Vec<(&'static str, Value)>;

/// An interval in which something was under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    /// Its number, unique in the run: that of the event that began it.
    pub id: Seq,
    /// The span it is part of.
    pub parent: Option<Seq>,
    /// What was under way.
    pub name: &'static str,
    pub began: Ts,
    pub ended: Ts,
    /// Facts about it.
    pub facts: Facts,
    /// What happened in it, with when.
    pub moments: Vec<(Ts, &'static str, Facts)>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl Span {
    fn begin(id: Seq, parent: Option<Seq>, name: &'static str, ts: Ts) -> Self {
        let (facts, moments) = (vec![("reprise.seq", json!(id.0))], Vec::new());
        Self { id, parent, name, began: ts, ended: ts, facts, moments, failure: None }
    }
}

/// An order that is not over.
#[derive(Debug)]
pub(crate) struct Life {
    order: Span,
    calls: Vec<Span>,
    under_way: Vec<Span>,
    fills: u64,
}

impl Life {
    /// An order was asked for, because of the event with the number `cause`.
    pub fn begin(seq: Seq, cause: Seq, ts: Ts, requested: &OrderRequested) -> Self {
        let mut order = Span::begin(seq, None, "order", ts);
        let terms = &requested.terms;
        order.facts.extend([
            ("reprise.cause", json!(cause.0)),
            ("reprise.order", json!(requested.order.to_string())),
            ("reprise.strategy", json!(terms.strategy.as_str())),
            ("reprise.instrument", json!(terms.instrument.as_str())),
            ("reprise.side", json!(terms.side.as_str())),
            ("reprise.type", json!(terms.order_type.as_str())),
            ("reprise.qty", json!(terms.qty.to_string())),
        ]);
        if let Some(price) = terms.price {
            order.facts.push(("reprise.price", json!(price.to_string())));
        }
        Self { order, calls: Vec::new(), under_way: Vec::new(), fills: 0 }
    }

    /// Takes in what became of it; true when it is over.
    pub fn take(&mut self, seq: Seq, ts: Ts, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::OrderSubmitted(_) => self.call("submit", seq, ts),
            Outcome::OrderCancelSubmitted(_) => self.call("cancel", seq, ts),
            Outcome::OrderReplaceSubmitted(_) => self.call("replace", seq, ts),
            Outcome::OrderAccepted(_) => self.answered("submit", ts, None),
            Outcome::OrderReplaced(_) => self.answered("replace", ts, None),
            Outcome::OrderRejected(e) => {
                self.refused(e.request, ts, &in_words(&e.refusal, e.reason.as_deref()))
            }
            Outcome::OrderDenied(e) => return self.denied(e.request, ts, &e.refusal),
            Outcome::OrderUnknown(e) => self.unanswered(ts, &e.reason),
            Outcome::OrderPartiallyFilled(e) => self.filled(ts, &e.fill),
            Outcome::OrderFilled(e) => {
                self.filled(ts, &e.fill);
                return self.end(ts, "filled");
            }
            Outcome::OrderCanceled(_) => {
                self.answered("cancel", ts, None);
                return self.end(ts, "canceled");
            }
            Outcome::OrderExpired(_) => return self.end(ts, "expired"),
            _ => {}
        }
        match outcome {
            Outcome::OrderRejected(e) if e.request == RequestOf::New => self.end(ts, "rejected"),
            _ => false,
        }
    }

    /// The spans of an order that is over: its own first.
    pub fn into_spans(self) -> Vec<Span> {
        std::iter::once(self.order).chain(self.calls).collect()
    }

    fn call(&mut self, name: &'static str, seq: Seq, ts: Ts) {
        self.under_way.push(Span::begin(seq, Some(self.order.id), name, ts));
    }

    fn answered(&mut self, name: &str, ts: Ts, failure: Option<String>) {
        let Some(at) = self.under_way.iter().position(|call| call.name == name) else { return };
        let mut call = self.under_way.remove(at);
        (call.ended, call.failure) = (ts, failure);
        if self.calls.len() < CALLS_TOLD {
            self.calls.push(call);
        }
    }

    fn refused(&mut self, request: RequestOf, ts: Ts, why: &str) {
        let call = match request {
            RequestOf::New => {
                self.order.failure = Some(why.to_owned());
                "submit"
            }
            RequestOf::Cancel => "cancel",
            RequestOf::Replace => "replace",
        };
        self.answered(call, ts, Some(why.to_owned()));
    }

    fn denied(&mut self, request: RequestOf, ts: Ts, refusal: &Refusal) -> bool {
        let why = in_words(refusal, None);
        if request != RequestOf::New {
            self.order.moments.push((ts, "replacement denied", vec![("reprise.reason", json!(why))]));
            return false;
        }
        self.order.failure = Some(why);
        self.end(ts, "denied")
    }

    fn unanswered(&mut self, ts: Ts, why: &str) {
        while let Some(name) = self.under_way.first().map(|call| call.name) {
            self.answered(name, ts, Some(why.to_owned()));
        }
        self.order.moments.push((ts, "unknown", vec![("reprise.reason", json!(why))]));
    }

    fn filled(&mut self, ts: Ts, fill: &Fill) {
        self.fills += 1;
        if self.fills <= FILLS_TOLD as u64 {
            let facts = vec![
                ("reprise.qty", json!(fill.qty.to_string())),
                ("reprise.price", json!(fill.price.to_string())),
                ("reprise.liquidity", json!(fill.liquidity.as_str())),
            ];
            self.order.moments.push((ts, "fill", facts));
        }
    }

    fn end(&mut self, ts: Ts, status: &str) -> bool {
        // What ends the order answers what was still asked about it.
        while let Some(name) = self.under_way.first().map(|call| call.name) {
            self.answered(name, ts, None);
        }
        self.order.ended = ts;
        self.order.facts.extend([("reprise.status", json!(status)), ("reprise.fills", json!(self.fills))]);
        true
    }
}

fn in_words(refusal: &Refusal, reason: Option<&str>) -> String {
    let mut words = refusal.code.to_string();
    if let (Some(measured), Some(limit)) = (&refusal.measured, &refusal.limit) {
        words.push_str(&format!(": {measured} against {limit}"));
    }
    if let Some(reason) = reason {
        words.push_str(&format!(": {reason}"));
    }
    words
}

//! An event as a listener gets it: the journal's line without its checksum.

use std::fmt::Write;

use reprise_model::codec::Writer;
use reprise_model::{Input, Outcome, Seq, Ts};

/// An event in the journal's spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Its number.
    pub seq: Seq,
    /// Its kind.
    pub kind: &'static str,
    /// The line: `{"seq":…,"ts":…,"kind":…,"data":{…}}`, with `cause` for an outcome.
    pub text: String,
}

impl EventLine {
    /// The line of an input.
    #[must_use]
    pub fn of_input(seq: Seq, ts: Ts, input: &Input) -> Self {
        let mut w = Writer::new();
        input.write_data(&mut w);
        Self { seq, kind: input.kind(), text: line(seq, ts, input.kind(), None, w) }
    }

    /// The line of an outcome.
    #[must_use]
    pub fn of_outcome(seq: Seq, ts: Ts, cause: Seq, outcome: &Outcome) -> Self {
        let mut w = Writer::new();
        outcome.write_data(&mut w);
        Self { seq, kind: outcome.kind(), text: line(seq, ts, outcome.kind(), Some(cause), w) }
    }
}

fn line(seq: Seq, ts: Ts, kind: &str, cause: Option<Seq>, written: Writer) -> String {
    let mut text = format!("{{\"seq\":{seq},\"ts\":{ts},\"kind\":\"{kind}\"");
    if let Some(cause) = cause {
        // A string takes everything.
        let _ = write!(text, ",\"cause\":{cause}");
    }
    text.push_str(",\"data\":");
    text.push_str(&String::from_utf8_lossy(&written.into_bytes()));
    text.push('}');
    text
}

/// What wants a person's eye, in words; `None` for everything else.
pub(crate) mod words {
    use reprise_model::event::{OperatorCommand, RiskBreach, RiskState};
    use reprise_model::{Input, Outcome, Refusal};

    pub fn of_input(input: &Input) -> Option<String> {
        match input {
            Input::FeedStatus(e) => {
                let who = e.instrument.map_or_else(|| e.venue.to_string(), |id| id.to_string());
                let reason = e.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                Some(format!("feed of {who} is {}{reason}", e.state))
            }
            Input::OperatorCommand(e) => Some(command(e)),
            _ => None,
        }
    }

    fn command(e: &OperatorCommand) -> String {
        let limit = match (&e.key, &e.value) {
            (Some(key), Some(value)) => format!(" {key} = {value}"),
            _ => String::new(),
        };
        let instrument = e.instrument.map(|id| format!(" in {id}")).unwrap_or_default();
        let flatten = if e.flatten { ", flatten" } else { "" };
        let reason = if e.reason.is_empty() { String::new() } else { format!(": {}", e.reason) };
        let command = spaced(e.command);
        format!("{command} by {}{limit}{instrument}{flatten}{reason}", e.by)
    }

    pub fn of_outcome(outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::RiskState(RiskState { state, by, reason, .. }) => {
                Some(format!("kill switch is {}, by {by}: {reason}", spaced(state)))
            }
            Outcome::RiskBreach(RiskBreach { refusal, instrument }) => {
                let place = instrument.map(|id| format!(" in {id}")).unwrap_or_default();
                Some(format!("{}{place}", reached(refusal)))
            }
            Outcome::AlertRaised(e) => Some(e.text.clone()),
            Outcome::OrderUnknown(e) => Some(format!("order {} is unknown: {}", e.order, e.reason)),
            Outcome::OrderRejected(e) => {
                Some(format!("order {} was rejected: {}", e.order, e.refusal.code.meaning().trim()))
            }
            _ => None,
        }
    }

    /// A name as a person says it.
    fn spaced(name: impl ToString) -> String {
        name.to_string().replace('_', " ")
    }

    fn reached(refusal: &Refusal) -> String {
        match (&refusal.measured, &refusal.limit) {
            (Some(measured), Some(limit)) => format!("limit {} reached: {measured} of {limit}", refusal.rule),
            _ => format!("limit {} reached", refusal.rule),
        }
    }
}

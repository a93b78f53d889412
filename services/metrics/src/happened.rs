//! What is counted from the published stream: denials, refusals, breaches, commands, and how long orders waited.

use std::collections::BTreeMap;

use reprise_model::event::{Command, FeedState, FeedStatus, Severity};
use reprise_model::{Code, Input, InstrumentId, OrderId, Outcome, RequestOf, Ts};
use reprise_runtime::{Event, Published};

use crate::look::show_feed;
use crate::sheet::Sheet;
use crate::table::{ALERTS, BREACHES, COMMANDS, DENIALS, ORDER_STEP, REJECTIONS, Row};

/// Orders whose times are kept at once. There are more only when their ends were lost.
const ORDERS_KEPT: usize = 65_536;
/// Codes of limits that are watched at every event: losses, and refusals in a row.
const WATCHED: std::ops::Range<u16> = 700..800;

/// What an order waits for, as its label says.
const ACK: &str = "ack";
const FILL: &str = "fill";
const CANCEL: &str = "cancel";
const REPLACE: &str = "replace";

/// Counts what happens.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    orders: BTreeMap<OrderId, Times>,
    /// How feeds stand, by instrument.
    feeds: BTreeMap<InstrumentId, FeedState>,
}

/// When an order's waits began.
#[derive(Debug, Clone, Copy)]
struct Times {
    submitted: Ts,
    accepted: Option<Ts>,
    cancel: Option<Ts>,
    replace: Option<Ts>,
}

impl Happened {
    /// Counts from nothing: what can be counted is known before it happens, so that the first time is seen.
    pub fn begin(sheet: &Sheet) -> Self {
        for code in Code::ALL {
            let labels = [&code.number().to_string(), code.rule()];
            sheet.count(&DENIALS, &labels, 0);
            if WATCHED.contains(&code.number()) {
                sheet.count(&BREACHES, &labels, 0);
            }
        }
        RequestOf::ALL.iter().for_each(|request| sheet.count(&REJECTIONS, &[request.as_str()], 0));
        Severity::ALL.iter().for_each(|severity| sheet.count(&ALERTS, &[severity.as_str()], 0));
        Command::ALL.iter().for_each(|command| sheet.count(&COMMANDS, &[command.as_str()], 0));
        [ACK, FILL, CANCEL, REPLACE].iter().for_each(|step| sheet.know(&ORDER_STEP, &[step]));
        Self::default()
    }

    /// Takes an event in.
    pub fn take(&mut self, published: &Published, sheet: &Sheet) {
        match &published.event {
            Event::Input(Input::OperatorCommand(e)) => sheet.count(&COMMANDS, &[e.command.as_str()], 1),
            Event::Input(Input::FeedStatus(e)) => self.take_feed(e, sheet),
            Event::Input(_) => {}
            Event::Outcome(_, outcome) => self.take_outcome(published.ts, outcome, sheet),
        }
    }

    fn take_feed(&mut self, status: &FeedStatus, sheet: &Sheet) {
        if let Some(instrument) = status.instrument {
            self.feeds.insert(instrument, status.state);
        }
        for (instrument, state) in &mut self.feeds {
            let is_meant = match status.instrument {
                Some(meant) => meant == *instrument,
                None => instrument.venue() == status.venue.as_str(),
            };
            if is_meant {
                *state = status.state;
                show_feed(sheet, instrument.as_str(), *state);
            }
        }
    }

    fn take_outcome(&mut self, ts: Ts, outcome: &Outcome, sheet: &Sheet) {
        match outcome {
            Outcome::OrderDenied(e) => count_code(sheet, &DENIALS, e.refusal.code),
            Outcome::RiskBreach(e) => count_code(sheet, &BREACHES, e.refusal.code),
            Outcome::OrderRejected(e) => sheet.count(&REJECTIONS, &[e.request.as_str()], 1),
            Outcome::AlertRaised(e) => sheet.count(&ALERTS, &[e.severity.as_str()], 1),
            _ => {}
        }
        if let Outcome::OrderSubmitted(e) = outcome {
            if self.orders.len() >= ORDERS_KEPT {
                self.orders.pop_first();
            }
            let times = Times { submitted: ts, accepted: None, cancel: None, replace: None };
            self.orders.insert(e.order, times);
            return;
        }
        let Some(id) = outcome.order() else { return };
        let Some(times) = self.orders.get_mut(&id) else { return };
        let (waited, is_over) = times.take(ts, outcome);
        if let Some((step, since)) = waited {
            sheet.time(&ORDER_STEP, &[step], ts.since(since));
        }
        if is_over {
            self.orders.remove(&id);
        }
    }
}

impl Times {
    /// Takes in what became of the order: the wait that it ended with when that began, and whether the order is over.
    fn take(&mut self, ts: Ts, outcome: &Outcome) -> (Option<(&'static str, Ts)>, bool) {
        let ended = |step, since: Option<Ts>| since.map(|since| (step, since));
        match outcome {
            Outcome::OrderAccepted(_) => {
                self.accepted = Some(ts);
                (Some((ACK, self.submitted)), false)
            }
            Outcome::OrderFilled(_) => (Some((FILL, self.accepted.unwrap_or(self.submitted))), true),
            Outcome::OrderCancelSubmitted(_) => {
                self.cancel = Some(ts);
                (None, false)
            }
            Outcome::OrderReplaceSubmitted(_) => {
                self.replace = Some(ts);
                (None, false)
            }
            Outcome::OrderReplaced(_) => (ended(REPLACE, self.replace.take()), false),
            Outcome::OrderCanceled(_) => (ended(CANCEL, self.cancel.take()), true),
            Outcome::OrderRejected(e) => match e.request {
                RequestOf::New => (Some((ACK, self.submitted)), true),
                RequestOf::Cancel => (ended(CANCEL, self.cancel.take()), false),
                RequestOf::Replace => (ended(REPLACE, self.replace.take()), false),
            },
            Outcome::OrderExpired(_) => (None, true),
            _ => (None, false),
        }
    }
}

fn count_code(sheet: &Sheet, row: &Row, code: Code) {
    sheet.count(row, &[&code.number().to_string(), code.rule()], 1);
}

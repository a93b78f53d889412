//! Counts what a run decided, outcome by outcome.

use std::collections::{BTreeMap, VecDeque};

use reprise_core::Decided;
use reprise_model::event::{CancelReason, Fill};
use reprise_model::{Cash, Code, InstrumentId, OrderId, Outcome, Qty, RequestOf};

/// What was counted in one instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstrumentTally {
    /// Orders that risk approved.
    pub submitted: u64,
    /// Orders and replacements that risk denied.
    pub denied: u64,
    /// Executions.
    pub fills: u64,
    /// Base units executed.
    pub volume: Qty,
    /// Quote units executed.
    pub turnover: Cash,
}

/// How many orders that are over are remembered, and how many that were denied, as many as in the state: a venue
/// may report a fill after it reported the end, and a strategy may ask for new terms of what was denied.
const OVER_KEPT: usize = 128;
const DENIED_KEPT: usize = 16;

/// What was counted in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders that risk approved.
    pub submitted: u64,
    /// Executions.
    pub fills: u64,
    /// Orders that ended canceled, by reason.
    pub canceled: BTreeMap<CancelReason, u64>,
    /// Orders that the venue refused.
    pub rejected: u64,
    /// Orders and replacements that risk denied, by rule.
    pub denials: BTreeMap<Code, u64>,
    /// Outcomes of every kind.
    pub outcomes: u64,
    /// By instrument.
    pub instruments: BTreeMap<InstrumentId, InstrumentTally>,
    /// True when a sum is beyond what can be counted, and the most that can stands for it.
    pub is_capped: bool,
    /// What orders trade: those that are not over, and the last of those that are.
    trades: BTreeMap<OrderId, InstrumentId>,
    over: VecDeque<OrderId>,
    denied: VecDeque<OrderId>,
}

impl Tally {
    /// Counts the outcomes of one input.
    #[inline]
    pub fn add(&mut self, decided: &[Decided]) {
        for one in decided {
            self.add_one(&one.outcome);
        }
    }

    fn add_one(&mut self, outcome: &Outcome) {
        self.outcomes += 1;
        match outcome {
            Outcome::OrderRequested(e) => {
                self.trades.insert(e.order, e.terms.instrument);
            }
            Outcome::OrderAccepted(e) => {
                if let Some(terms) = &e.adopted {
                    self.trades.insert(e.order, terms.instrument);
                }
            }
            Outcome::OrderSubmitted(e) => {
                self.submitted += 1;
                self.of(e.terms.instrument).submitted += 1;
            }
            Outcome::OrderDenied(e) => {
                *self.denials.entry(e.refusal.code).or_default() += 1;
                if let Some(&instrument) = self.trades.get(&e.order) {
                    self.of(instrument).denied += 1;
                }
                if e.request == RequestOf::New {
                    self.denied.push_back(e.order);
                    self.forget();
                }
            }
            Outcome::OrderPartiallyFilled(e) => self.add_fill(&e.fill),
            Outcome::OrderFilled(e) => {
                self.add_fill(&e.fill);
                self.end(e.fill.order);
            }
            Outcome::OrderCanceled(e) => {
                *self.canceled.entry(e.reason).or_default() += 1;
                self.end(e.order);
            }
            Outcome::OrderExpired(e) => {
                self.end(e.order);
            }
            Outcome::OrderRejected(e) => {
                self.rejected += 1;
                if e.request == RequestOf::New {
                    self.end(e.order);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, order: OrderId) {
        self.over.push_back(order);
        self.forget();
    }

    fn forget(&mut self) {
        for (orders, kept) in [(&mut self.over, OVER_KEPT), (&mut self.denied, DENIED_KEPT)] {
            if orders.len() > kept
                && let Some(oldest) = orders.pop_front()
            {
                self.trades.remove(&oldest);
            }
        }
    }

    fn of(&mut self, instrument: InstrumentId) -> &mut InstrumentTally {
        self.instruments.entry(instrument).or_default()
    }

    fn add_fill(&mut self, fill: &Fill) {
        self.fills += 1;
        let Some(&instrument) = self.trades.get(&fill.order) else { return };
        let tally = self.of(instrument);
        tally.fills += 1;
        let volume = tally.volume.checked_add(fill.qty);
        let turnover = Cash::notional(fill.price, fill.qty).and_then(|paid| tally.turnover.checked_add(paid));
        let is_capped = volume.is_err() || turnover.is_err();
        tally.volume = volume.unwrap_or(Qty::MAX);
        tally.turnover = turnover.unwrap_or(Cash::MAX);
        self.is_capped |= is_capped;
    }
}

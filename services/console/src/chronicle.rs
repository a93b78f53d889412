//! What is remembered of a run for whoever looks at it: the last events, denials, fills and alerts, and the way of
//! equity and prices. All of it is bounded; the journal has the rest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reprise_core::Decided;
use reprise_model::event::{FeedState, Fill, OrderDenied, TradingState};
use reprise_model::{Input, InstrumentId, NewOrder, OrderId, Outcome, Seq, Ts};
use reprise_runtime::{Event, Published};
use tokio::sync::watch;

use crate::line::{EventLine, words};
use crate::look::badness;
use crate::series::{Moment, Series};
use crate::shown::{AlertRow, DenialRow, EquityPoint, FillRow, PricePoint, Snapshot, Status};

/// Events that are remembered, so that a listener that was away finds what it missed.
const EVENTS: usize = 20_000;
/// Denials, fills and alerts that are remembered, of each.
const ROWS: usize = 500;
/// Orders of which it is remembered who asked for what.
const TERMS: usize = 4_096;

impl Moment for EquityPoint {
    fn ts(&self) -> Ts {
        self.ts
    }
}

impl Moment for PricePoint {
    fn ts(&self) -> Ts {
        self.ts
    }
}

/// How far apart the points of a series are at first, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling(pub u64);

/// Orders, fills and denials since the run, or the process, began.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    orders: u64,
    fills: u64,
    denied: u64,
}

/// Events of which some may be missing.
#[derive(Debug, Clone, Default)]
pub struct Missed {
    /// The events that are remembered.
    pub events: Vec<Arc<EventLine>>,
    /// The number up to which older ones that were asked for are not remembered any more.
    pub gap_through: Option<Seq>,
}

#[derive(Debug)]
struct Memory {
    events: VecDeque<Arc<EventLine>>,
    /// The last event that was forgotten.
    forgotten: Seq,
    denials: VecDeque<DenialRow>,
    fills: VecDeque<FillRow>,
    alerts: VecDeque<AlertRow>,
    terms: BTreeMap<OrderId, NewOrder>,
    /// What each feed said last.
    feeds: BTreeMap<InstrumentId, FeedState>,
    counts: Counts,
    trading_reason: Option<String>,
    sampling: Sampling,
    equity: Series<EquityPoint>,
    prices: BTreeMap<InstrumentId, Series<PricePoint>>,
}

/// The memory, shared by whoever fills it and whoever looks into it.
#[derive(Debug)]
pub struct Chronicle {
    memory: Mutex<Memory>,
    last: watch::Sender<Seq>,
}

fn keep<T>(rows: &mut VecDeque<T>, row: T, most: usize) -> Option<T> {
    rows.push_back(row);
    if rows.len() > most { rows.pop_front() } else { None }
}

impl Chronicle {
    /// An empty one.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        let memory = Memory {
            events: VecDeque::new(),
            forgotten: Seq(0),
            denials: VecDeque::new(),
            fills: VecDeque::new(),
            alerts: VecDeque::new(),
            terms: BTreeMap::new(),
            feeds: BTreeMap::new(),
            counts: Counts::default(),
            trading_reason: None,
            sampling,
            equity: Series::new(sampling.0),
            prices: BTreeMap::new(),
        };
        Self { memory: Mutex::new(memory), last: watch::Sender::new(Seq(0)) }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in there can be left half done by a panic that was not told already.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event in.
    pub fn note(&self, published: &Published) {
        match &published.event {
            Event::Input(input) => self.note_input(published.seq, published.ts, input),
            Event::Outcome(cause, outcome) => {
                self.note_outcome(published.seq, published.ts, *cause, outcome);
            }
        }
    }

    /// Takes a step of the core in: an input, and what was decided because of it. What the market sends and the
    /// time that passes is no event that is remembered.
    pub fn note_step(&self, seq: Seq, ts: Ts, input: &Input, decided: &[Decided]) {
        if !(input.is_market() || matches!(input, Input::ClockAdvanced(_))) {
            self.note_input(seq, ts, input);
        }
        for one in decided {
            self.note_outcome(one.seq, one.ts, one.cause, &one.outcome);
        }
    }

    fn note_input(&self, seq: Seq, ts: Ts, input: &Input) {
        let line = EventLine::of_input(seq, ts, input);
        let mut memory = self.memory();
        if memory.is_news(input)
            && let Some(text) = words::of_input(input)
        {
            memory.alert(AlertRow {
                seq,
                ts,
                kind: input.kind().to_owned(),
                text,
                rule: None,
                severity: None,
            });
        }
        memory.remember(line);
        drop(memory);
        self.last.send_replace(seq);
    }

    fn note_outcome(&self, seq: Seq, ts: Ts, cause: Seq, outcome: &Outcome) {
        let line = EventLine::of_outcome(seq, ts, cause, outcome);
        let mut memory = self.memory();
        memory.take(seq, ts, outcome);
        if let Some(text) = words::of_outcome(outcome) {
            let (rule, severity) = match outcome {
                Outcome::AlertRaised(alert) => (Some(alert.rule), Some(alert.severity)),
                _ => (None, None),
            };
            memory.alert(AlertRow { seq, ts, kind: outcome.kind().to_owned(), text, rule, severity });
        }
        memory.remember(line);
        drop(memory);
        self.last.send_replace(seq);
    }

    /// Takes a moment in for the series; true when it was due.
    pub fn sample(&self, snapshot: &Snapshot) -> bool {
        let ts = snapshot.status.ts;
        let mut memory = self.memory();
        if !memory.equity.is_due(ts) {
            return false;
        }
        let account = &snapshot.account;
        if let (Some(equity), Some(drawdown)) = (account.equity, account.drawdown) {
            memory.equity.push(EquityPoint { ts, equity, drawdown });
        }
        let apart_ns = memory.sampling.0;
        for market in &snapshot.markets {
            let Some(mid) = market.mid else { continue };
            let series = memory.prices.entry(market.instrument).or_insert_with(|| Series::new(apart_ns));
            series.push(PricePoint { ts, mid, lower: market.lower, upper: market.upper });
        }
        true
    }

    /// True when a moment would be taken in for the series.
    #[must_use]
    pub fn is_due(&self, ts: Ts) -> bool {
        self.memory().equity.is_due(ts)
    }

    /// Puts what only the stream tells into a status.
    pub fn complete(&self, status: &mut Status) {
        let memory = self.memory();
        (status.orders, status.fills, status.denied) =
            (memory.counts.orders, memory.counts.fills, memory.counts.denied);
        // A recording has no core that knows.
        status.feed =
            status.feed.or_else(|| memory.feeds.values().copied().max_by_key(|feed| badness(*feed)));
        if status.trading != TradingState::Active {
            status.trading_reason.clone_from(&memory.trading_reason);
        }
    }

    /// The last denials, newest first.
    #[must_use]
    pub fn denials(&self) -> Vec<DenialRow> {
        self.memory().denials.iter().rev().cloned().collect()
    }

    /// The last fills, newest first.
    #[must_use]
    pub fn fills(&self) -> Vec<FillRow> {
        self.memory().fills.iter().rev().cloned().collect()
    }

    /// The last alerts, newest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertRow> {
        self.memory().alerts.iter().rev().cloned().collect()
    }

    /// The way of equity after a moment.
    #[must_use]
    pub fn equity(&self, since: Ts) -> Vec<EquityPoint> {
        self.memory().equity.since(since)
    }

    /// The way of an instrument's price after a moment.
    #[must_use]
    pub fn prices(&self, instrument: &InstrumentId, since: Ts) -> Vec<PricePoint> {
        self.memory().prices.get(instrument).map(|series| series.since(since)).unwrap_or_default()
    }

    /// At most so many events after a number.
    #[must_use]
    pub fn events_after(&self, seq: Seq, most: usize) -> Missed {
        let memory = self.memory();
        let from = memory.events.partition_point(|event| event.seq <= seq);
        let events = memory.events.iter().skip(from).take(most).cloned().collect();
        Missed { events, gap_through: (seq < memory.forgotten).then_some(memory.forgotten) }
    }

    /// The number of the event before the last `count` ones.
    #[must_use]
    pub fn before_last(&self, count: usize) -> Seq {
        let memory = self.memory();
        let at = memory.events.len().saturating_sub(count);
        match at.checked_sub(1) {
            Some(before) => memory.events[before].seq,
            None => memory.forgotten,
        }
    }

    /// Tells the number of the last event, and each later one.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Seq> {
        self.last.subscribe()
    }
}

impl Memory {
    fn remember(&mut self, line: EventLine) {
        if self.events.is_empty() {
            // A run that was taken up begins somewhere: whoever knew it before is told that something is missing.
            self.forgotten = Seq(line.seq.0.saturating_sub(1));
        }
        if let Some(gone) = keep(&mut self.events, Arc::new(line), EVENTS) {
            self.forgotten = gone.seq;
        }
    }

    fn alert(&mut self, row: AlertRow) {
        keep(&mut self.alerts, row, ROWS);
    }

    /// A feed that says again what it is, or is not there yet when a run begins, tells nothing new. What a venue says
    /// is so for every instrument of it.
    fn is_news(&mut self, input: &Input) -> bool {
        let Input::FeedStatus(e) = input else { return true };
        let Some(instrument) = e.instrument else {
            let of_venue = self.feeds.iter_mut().filter(|(id, _)| id.venue() == e.venue.as_str());
            let changed = of_venue.filter(|(_, state)| **state != e.state);
            return changed.map(|(_, state)| *state = e.state).count() > 0;
        };
        self.feeds.insert(instrument, e.state).unwrap_or(FeedState::Down) != e.state
    }

    fn take(&mut self, seq: Seq, ts: Ts, outcome: &Outcome) {
        match outcome {
            Outcome::OrderRequested(e) => {
                self.terms.insert(e.order, e.terms.clone());
                if self.terms.len() > TERMS {
                    self.terms.pop_first();
                }
            }
            Outcome::OrderSubmitted(_) => self.counts.orders += 1,
            Outcome::OrderDenied(e) => self.deny(seq, ts, e),
            Outcome::OrderPartiallyFilled(e) => self.fill(seq, ts, &e.fill),
            Outcome::OrderFilled(e) => self.fill(seq, ts, &e.fill),
            Outcome::RiskState(e) => self.trading_reason = Some(e.reason.clone()),
            _ => {}
        }
    }

    fn deny(&mut self, seq: Seq, ts: Ts, event: &OrderDenied) {
        self.counts.denied += 1;
        let (terms, refusal) = (self.terms.get(&event.order), &event.refusal);
        let row = DenialRow {
            seq,
            ts,
            order: event.order,
            strategy: terms.map(|terms| terms.strategy),
            instrument: terms.map(|terms| terms.instrument),
            side: terms.map(|terms| terms.side),
            qty: terms.map(|terms| terms.qty),
            code: refusal.code.number(),
            rule: refusal.rule.clone(),
            meaning: refusal.code.meaning().trim().to_owned(),
            measured: refusal.measured.clone(),
            limit: refusal.limit.clone(),
        };
        keep(&mut self.denials, row, ROWS);
    }

    fn fill(&mut self, seq: Seq, ts: Ts, fill: &Fill) {
        self.counts.fills += 1;
        let terms = self.terms.get(&fill.order);
        let row = FillRow {
            seq,
            ts,
            order: fill.order,
            strategy: terms.map(|terms| terms.strategy),
            instrument: terms.map(|terms| terms.instrument),
            side: terms.map(|terms| terms.side),
            qty: fill.qty,
            price: fill.price,
            fee: fill.fee,
            fee_asset: fill.fee_asset,
        };
        keep(&mut self.fills, row, ROWS);
    }
}

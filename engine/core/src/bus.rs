//! The bus: shows each event to every service in one order and decides what they propose, first in first out.

use std::rc::Rc;

use reprise_model::event::{
    Checkpoint, NewTerms, OrderAccepted, OrderCancelSubmitted, OrderDenied, OrderReplaceSubmitted,
    OrderRequested, OrderSubmitted, TimerArmed, TimerFired,
};
use reprise_model::{
    Code, Input, Instrument, MoneyError, NewOrder, OrderId, OrderStatus, Outcome, Refusal, RequestOf, Seq, Ts,
};

use crate::accountant::Accountant;
use crate::board::Board;
use crate::context::{Context, Proposed, Queue, View};
use crate::digest::{DecisionDigest, STATE_VERSION};
use crate::gate::{Proposal, RiskGate, Seal};
use crate::market::Tick;
use crate::service::Service;
use crate::settings::CoreSettings;
use crate::state::{ApplyError, State};

/// An outcome with its place in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its sequence number.
    pub seq: Seq,
    /// When: the input's time, or the deadline of the timer that led to it.
    pub ts: Ts,
    /// The event that led to it.
    pub cause: Seq,
    /// What was decided.
    pub outcome: Outcome,
}

/// The outcomes of one input, in a buffer that is used again.
#[derive(Debug, Default)]
pub struct Outcomes(Vec<Decided>);

impl Outcomes {
    /// The outcomes in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Decided] {
        &self.0
    }
}

/// Why the engine halts. What was decided before stands; the input at hand is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// Time ran backwards.
    #[error("the input at {ts} comes after one at {last}: time never runs back in a journal")]
    TimeRanBack {
        /// The input's time.
        ts: Ts,
        /// The time of the one before.
        last: Ts,
    },
    /// One input led to more outcomes than is allowed.
    #[error("one input led to more than {limit} outcomes; a service answers its own outcomes without end")]
    CascadeLimit {
        /// The most that is allowed.
        limit: usize,
    },
    /// A service proposed what cannot be.
    #[error("'{kind}' cannot follow from the state: {source}")]
    Impossible {
        /// The outcome's kind.
        kind: &'static str,
        /// Why not.
        source: ApplyError,
    },
    /// The gate approved another order than the one it was asked about.
    #[error("risk was asked about order {asked} and approved {approved}")]
    WrongApproval {
        /// Asked.
        asked: OrderId,
        /// Approved.
        approved: OrderId,
    },
    /// A number left its range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The engine's core.
pub struct Core {
    state: State,
    services: Vec<Box<dyn Service>>,
    gate: Box<dyn RiskGate>,
    board: Board,
    queue: Queue,
    digest: DecisionDigest,
    tick: Option<Tick>,
}

impl Core {
    /// A core of these services, which see every event in this order, before the gate.
    ///
    /// # Errors
    /// When the opening balances leave the range of exact numbers.
    pub fn new(
        settings: CoreSettings,
        instruments: &[Instrument],
        services: Vec<Box<dyn Service>>,
        gate: Box<dyn RiskGate>,
    ) -> Result<Self, MoneyError> {
        Ok(Self {
            state: State::new(Rc::new(settings), instruments)?,
            services,
            gate,
            board: Board::default(),
            queue: Queue::default(),
            digest: DecisionDigest::default(),
            tick: None,
        })
    }

    /// The service that keeps the account's lines; assembly puts it after the venue and the order manager.
    #[must_use]
    pub fn accountant() -> Box<dyn Service> {
        Box::new(Accountant::default())
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The estimates.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The decision digest so far, 64 hexadecimal digits.
    #[must_use]
    pub fn decision_digest(&self) -> String {
        self.digest.hex()
    }

    /// Counts on from a place in the stream: the next input gets the number after `seq`.
    pub fn resume_after(&mut self, seq: Seq) {
        self.state.set_seq(seq);
    }

    /// Takes one input in and leaves in `out` what was decided because of it. Returns the input's number.
    ///
    /// Timers that are due at or before `ts` fire first, in the order of deadline and arming, each with all it
    /// leads to; their effects precede the input's.
    ///
    /// # Errors
    /// When the engine must halt; the core is not to be used after it.
    pub fn step(&mut self, ts: Ts, input: &Input, out: &mut Outcomes) -> Result<Seq, Halt> {
        out.0.clear();
        if ts < self.state.now() {
            return Err(Halt::TimeRanBack { ts, last: self.state.now() });
        }
        let seq = self.state.seq().next();
        self.state.set_seq(seq);
        self.fire_timers(ts, out)?;
        self.tick = self.state.observe(seq, ts, input)?;
        self.show_input(seq, input);
        self.settle(out)?;
        self.tick = None;
        let every = self.state.settings().checkpoint_every;
        let is_last = matches!(input, Input::RunEnded(_));
        if is_last || (every > 0 && self.state.inputs().is_multiple_of(every)) {
            self.checkpoint(seq, out)?;
        }
        Ok(seq)
    }

    fn fire_timers(&mut self, ts: Ts, out: &mut Outcomes) -> Result<(), Halt> {
        while let Some((due, timer)) = self.state.timers.due(ts) {
            // A timer armed for a moment that was already past fires now: time never runs back.
            self.state.set_now(due.max(self.state.now()));
            let fired = TimerFired { timer: timer.id, owner: timer.owner, key: timer.key };
            self.publish(timer.armed_by, fired.into(), out)?;
            self.queue.want_rest();
            self.settle(out)?;
        }
        Ok(())
    }

    #[inline]
    fn show_input(&mut self, seq: Seq, input: &Input) {
        let mut cx = Context {
            state: &self.state,
            board: &mut self.board,
            queue: &mut self.queue,
            cause: seq,
            tick: self.tick,
        };
        for service in &mut self.services {
            service.on_input(input, &mut cx);
        }
        self.gate.on_input(input, &mut cx);
    }

    /// Decides what was proposed until nothing is left, then lets the services write their summary lines.
    #[inline]
    fn settle(&mut self, out: &mut Outcomes) -> Result<(), Halt> {
        let rest_wanted = self.queue.take_rest_wanted();
        if self.queue.is_empty() && !rest_wanted {
            return Ok(());
        }
        loop {
            while let Some((cause, proposed)) = self.queue.pop() {
                self.decide(cause, proposed, out)?;
            }
            let cause = out.0.last().map_or(self.state.seq(), |decided| decided.seq);
            let mut cx = Context {
                state: &self.state,
                board: &mut self.board,
                queue: &mut self.queue,
                cause,
                tick: self.tick,
            };
            for service in &mut self.services {
                service.at_rest(&mut cx);
            }
            self.gate.at_rest(&mut cx);
            if self.queue.is_empty() {
                return Ok(());
            }
        }
    }

    fn decide(&mut self, cause: Seq, proposed: Proposed, out: &mut Outcomes) -> Result<(), Halt> {
        match proposed {
            Proposed::Statement(outcome) => self.publish(cause, outcome, out).map(|_| ()),
            Proposed::Timer { id, owner, key, due } => {
                self.publish(cause, TimerArmed { timer: id, owner, key, due }.into(), out).map(|_| ())
            }
            Proposed::Cancel { order, reason } => {
                let open = self.state.orders.get_open(order);
                if open.is_some_and(|o| o.status.is_at_venue() && o.status != OrderStatus::PendingCancel) {
                    self.publish(cause, OrderCancelSubmitted { order, reason }.into(), out)?;
                }
                Ok(())
            }
            Proposed::Adopted { id, terms } => {
                let accepted = OrderAccepted { order: id, venue_order_id: None, adopted: Some(terms) };
                self.publish(cause, accepted.into(), out).map(|_| ())
            }
            Proposed::Order { id, terms } => self.decide_order(cause, id, *terms, out),
            Proposed::Replace { order, terms } => self.decide_replace(cause, order, terms, out),
        }
    }

    /// A request and its verdict follow each other at once, so the next request is judged knowing the verdict.
    fn decide_order(
        &mut self,
        cause: Seq,
        id: OrderId,
        terms: NewOrder,
        out: &mut Outcomes,
    ) -> Result<(), Halt> {
        let requested = OrderRequested { order: id, terms };
        let verdict_cause = self.publish(cause, Box::new(requested.clone()).into(), out)?;
        let view = View { state: &self.state, board: &self.board, tick: self.tick };
        let proposal = Proposal { order: id, terms: &requested.terms, replaces: None };
        match self.gate.judge(&proposal, view, &Seal::new()) {
            Ok(approved) if approved.order() == id => {
                let hold = approved.hold();
                let submitted = OrderSubmitted { order: id, terms: requested.terms, hold };
                self.publish(verdict_cause, Box::new(submitted).into(), out)?;
            }
            Ok(approved) => return Err(Halt::WrongApproval { asked: id, approved: approved.order() }),
            Err(refusal) => {
                self.publish(
                    verdict_cause,
                    OrderDenied { order: id, request: RequestOf::New, refusal }.into(),
                    out,
                )?;
            }
        }
        Ok(())
    }

    fn decide_replace(
        &mut self,
        cause: Seq,
        id: OrderId,
        terms: NewTerms,
        out: &mut Outcomes,
    ) -> Result<(), Halt> {
        let Some(order) = self.state.orders.get(id) else { return Ok(()) };
        let refusal = if matches!(order.status, OrderStatus::Accepted | OrderStatus::PartiallyFilled) {
            let view = View { state: &self.state, board: &self.board, tick: self.tick };
            let merged = order.terms_with(&terms);
            let proposal = Proposal { order: id, terms: &merged, replaces: Some(order) };
            match self.gate.judge(&proposal, view, &Seal::new()) {
                Ok(approved) if approved.order() == id => {
                    let hold = approved.hold();
                    self.publish(cause, OrderReplaceSubmitted { order: id, terms, hold }.into(), out)?;
                    return Ok(());
                }
                Ok(approved) => return Err(Halt::WrongApproval { asked: id, approved: approved.order() }),
                Err(refusal) => refusal,
            }
        } else {
            Refusal::measured(Code::NotOpen, order.status, OrderStatus::Accepted)
        };
        self.publish(cause, OrderDenied { order: id, request: RequestOf::Replace, refusal }.into(), out)?;
        Ok(())
    }

    /// Gives an outcome its number, takes it into the state and shows it to every service.
    fn publish(&mut self, cause: Seq, outcome: Outcome, out: &mut Outcomes) -> Result<Seq, Halt> {
        let limit = self.state.settings().cascade_limit;
        if out.0.len() + self.queue.len() >= limit {
            self.queue.clear();
            return Err(Halt::CascadeLimit { limit });
        }
        let (seq, ts) = (self.state.seq().next(), self.state.now());
        self.state
            .apply(seq, ts, &outcome)
            .map_err(|source| Halt::Impossible { kind: outcome.kind(), source })?;
        self.digest.add(&outcome);
        let mut cx = Context {
            state: &self.state,
            board: &mut self.board,
            queue: &mut self.queue,
            cause: seq,
            tick: self.tick,
        };
        for service in &mut self.services {
            service.on_outcome(&outcome, &mut cx);
        }
        self.gate.on_outcome(&outcome, &mut cx);
        out.0.push(Decided { seq, ts, cause, outcome });
        Ok(seq)
    }

    fn checkpoint(&mut self, cause: Seq, out: &mut Outcomes) -> Result<(), Halt> {
        let checkpoint = Checkpoint {
            inputs: self.state.inputs(),
            state_version: STATE_VERSION,
            state: self.state.digest(),
            decisions: self.digest.hex(),
        };
        self.publish(cause, checkpoint.into(), out).map(|_| ())
    }
}

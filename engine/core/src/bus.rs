//! The bus: shows each event to every service in one order and decides what they propose, first in first out.

mod kept;

use std::rc::Rc;

use reprise_model::event::{
    Checkpoint, Hold, NewTerms, OrderAccepted, OrderCancelSubmitted, OrderDenied, OrderReplaceSubmitted,
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
pub struct Outcomes {
    decided: Vec<Decided>,
    /// Where those of the moment at hand begin; the bound on a cascade counts from here.
    moment: usize,
}

impl Outcomes {
    /// The outcomes in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Decided] {
        &self.decided
    }

    fn clear(&mut self) {
        self.decided.clear();
        self.moment = 0;
    }

    fn begin_moment(&mut self) {
        self.moment = self.decided.len();
    }

    /// What an event led to last, the event itself when it led to nothing yet; `began` is where its outcomes
    /// begin.
    fn last_since(&self, began: usize, event: Seq) -> Seq {
        self.decided[began..].last().map_or(event, |decided| decided.seq)
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
    /// One event led to more than is allowed.
    #[error("one event led to more than {limit} outcomes or proposals; a service answers itself without end")]
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
        let state = State::new(Rc::new(settings), instruments)?;
        Ok(Self::from_state(state, DecisionDigest::default(), services, gate))
    }

    /// A core that goes on from a state that recorded batches were folded into, with the digest of their
    /// outcomes. The services are as they are given: estimates are theirs to warm.
    #[must_use]
    pub fn from_state(
        state: State,
        decisions: DecisionDigest,
        services: Vec<Box<dyn Service>>,
        gate: Box<dyn RiskGate>,
    ) -> Self {
        Self {
            state,
            services,
            gate,
            board: Board::default(),
            queue: Queue::default(),
            digest: decisions,
            tick: None,
        }
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

    /// The gate, to be looked at.
    #[must_use]
    pub fn gate(&self) -> &dyn RiskGate {
        self.gate.as_ref()
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

    /// A new epoch of the run begins with the `run.started` of this number: orders that are asked for later carry
    /// the epoch, and their numbers count on.
    pub fn begin_epoch(&mut self, seq: Seq, epoch: u32) {
        self.state.set_seq(seq);
        self.state.set_epoch(epoch);
    }

    /// Takes one input in and leaves in `out` what was decided because of it. Returns the input's number.
    ///
    /// Timers that are due at or before `ts` fire first, in the order of deadline and arming, each with all it
    /// leads to; their effects precede the input's. The end of the run fires them and decides nothing else, so that
    /// a run decides the same however often it was stopped and taken up again.
    ///
    /// # Errors
    /// When the engine must halt; the core is not to be used after it.
    pub fn step(&mut self, ts: Ts, input: &Input, out: &mut Outcomes) -> Result<Seq, Halt> {
        out.clear();
        if ts < self.state.now() {
            return Err(Halt::TimeRanBack { ts, last: self.state.now() });
        }
        let seq = self.state.seq().next();
        self.state.set_seq(seq);
        self.fire_timers(ts, out)?;
        out.begin_moment();
        self.tick = self.state.observe(seq, ts, input)?;
        let is_last = matches!(input, Input::RunEnded(_));
        if !is_last {
            self.show_input(seq, input);
            self.settle(seq, out)?;
        }
        self.tick = None;
        let every = self.state.settings().checkpoint_every;
        if is_last || (every > 0 && self.state.inputs().is_multiple_of(every)) {
            let seq = self.checkpoint(seq, out)?;
            self.settle(seq, out)?;
        }
        Ok(seq)
    }

    fn fire_timers(&mut self, ts: Ts, out: &mut Outcomes) -> Result<(), Halt> {
        while let Some((due, timer)) = self.state.timers.due(ts) {
            if due > self.state.now() {
                out.begin_moment();
                self.state.set_now(due);
            }
            // A timer armed for a moment that was already past fires now: time never runs back.
            let fired = TimerFired { timer: timer.id, owner: timer.owner, key: timer.key };
            let seq = self.publish(timer.armed_by, fired.into(), out)?;
            self.queue.want_rest();
            self.settle(seq, out)?;
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

    /// Decides what was proposed because of an event until nothing is left, then lets the services write their
    /// summary lines.
    #[inline]
    fn settle(&mut self, event: Seq, out: &mut Outcomes) -> Result<(), Halt> {
        let rest_wanted = self.queue.take_rest_wanted();
        if self.queue.is_empty() && !rest_wanted {
            return Ok(());
        }
        self.settle_waiting(event, out)
    }

    fn settle_waiting(&mut self, event: Seq, out: &mut Outcomes) -> Result<(), Halt> {
        let began = out.decided.len();
        let limit = self.state.settings().cascade_limit;
        let mut proposals = 0_usize;
        loop {
            while let Some((cause, proposed)) = self.queue.pop() {
                // Counted apart from outcomes: a cancel of what is over leads to none and could repeat for ever.
                proposals += 1;
                if proposals > limit {
                    self.queue.clear();
                    return Err(Halt::CascadeLimit { limit });
                }
                self.decide(cause, proposed, out)?;
            }
            self.queue.take_rest_wanted();
            let mut cx = Context {
                state: &self.state,
                board: &mut self.board,
                queue: &mut self.queue,
                cause: out.last_since(began, event),
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
            Proposed::Halt(error) => Err(Halt::Money(error)),
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
        match self.judge_order(&requested)? {
            Ok(hold) => {
                let submitted = OrderSubmitted { order: id, terms: requested.terms, hold };
                self.publish(verdict_cause, Box::new(submitted).into(), out)?;
            }
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

    fn judge_order(&mut self, requested: &OrderRequested) -> Result<Result<Hold, Refusal>, Halt> {
        let (id, terms) = (requested.order, &requested.terms);
        if self.state.markets.find(&terms.instrument).is_none() {
            let mut refusal = Refusal::new(Code::UnknownInstrument);
            refusal.measured = Some(terms.instrument.to_string());
            return Ok(Err(refusal));
        }
        if !self.state.orders.is_placed(id) {
            return Ok(Err(Refusal::new(Code::Overflow)));
        }
        let view = View { state: &self.state, board: &self.board, tick: self.tick };
        ask(self.gate.as_mut(), &Proposal { order: id, terms, replaces: None }, view)
    }

    fn decide_replace(
        &mut self,
        cause: Seq,
        id: OrderId,
        terms: NewTerms,
        out: &mut Outcomes,
    ) -> Result<(), Halt> {
        let Some(order) = self.state.orders.get(id) else { return Ok(()) };
        let verdict = if !matches!(order.status, OrderStatus::Accepted | OrderStatus::PartiallyFilled) {
            Err(Refusal::measured(Code::NotOpen, order.status, OrderStatus::Accepted))
        } else if !self.state.orders.can_count(order, &terms) {
            Err(Refusal::new(Code::Overflow))
        } else {
            let view = View { state: &self.state, board: &self.board, tick: self.tick };
            let merged = order.terms_with(&terms);
            let proposal = Proposal { order: id, terms: &merged, replaces: Some(order) };
            ask(self.gate.as_mut(), &proposal, view)?
        };
        let outcome = match verdict {
            Ok(hold) => OrderReplaceSubmitted { order: id, terms, hold }.into(),
            Err(refusal) => OrderDenied { order: id, request: RequestOf::Replace, refusal }.into(),
        };
        self.publish(cause, outcome, out).map(|_| ())
    }

    /// Gives an outcome its number, takes it into the state and shows it to every service.
    fn publish(&mut self, cause: Seq, outcome: Outcome, out: &mut Outcomes) -> Result<Seq, Halt> {
        let limit = self.state.settings().cascade_limit;
        if out.decided.len() - out.moment + self.queue.len() >= limit {
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
        out.decided.push(Decided { seq, ts, cause, outcome });
        Ok(seq)
    }

    fn checkpoint(&mut self, cause: Seq, out: &mut Outcomes) -> Result<Seq, Halt> {
        let checkpoint = Checkpoint {
            inputs: self.state.inputs(),
            state_version: STATE_VERSION,
            state: self.state.digest(),
            decisions: self.digest.hex(),
        };
        self.publish(cause, checkpoint.into(), out)
    }
}

/// What the gate says, once it is sure that it speaks of the order it was asked about.
fn ask(
    gate: &mut dyn RiskGate,
    proposal: &Proposal<'_>,
    view: View<'_>,
) -> Result<Result<Hold, Refusal>, Halt> {
    match gate.judge(proposal, view, &Seal::new()) {
        Ok(approved) if approved.order() == proposal.order => Ok(Ok(approved.hold())),
        Ok(approved) => Err(Halt::WrongApproval { asked: proposal.order, approved: approved.order() }),
        Err(refusal) => Ok(Err(refusal)),
    }
}

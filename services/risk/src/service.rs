//! The service: judges every order, watches every event, holds the kill switch.

use reprise_core::{
    Context, InstrumentIx, Proposal, RestoreError, RiskApproved, RiskGate, Saved, Seal, Service, View,
};
use reprise_model::event::{Command, Hold, Input, OperatorCommand, Outcome, TradingState};
use reprise_model::{Code, OrderId, Refusal, RequestOf, Ts};

use crate::case::{Case, Known};
use crate::checks::{CHECKS, hold};
use crate::kill::{Kill, NAME, RETRY_TIMER};
use crate::pace::{Pace, Sameness};
use crate::settings::{Limits, RiskSettings};
use crate::watch::Watch;

/// One check of an order, with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The code under which the check refuses.
    pub code: Code,
    /// False when the order is refused by it. True also when the check does not apply.
    pub passed: bool,
    /// What was measured; `None` when the check does not apply (its limit is off, or the order is exempt).
    pub measured: Option<String>,
    /// What is allowed.
    pub limit: Option<String>,
}

/// Judges every order, watches losses and refusals at every event, and holds the kill switch.
#[derive(Debug)]
pub struct RiskService {
    settings: RiskSettings,
    /// The limits of each instrument, by its place; filled as they are asked for.
    limits: Vec<Limits>,
    pace: Pace,
    rejects: u32,
    watch: Watch,
    kill: Kill,
    has_begun: bool,
}

impl RiskService {
    /// A gate with these limits.
    #[must_use]
    pub fn new(settings: RiskSettings) -> Self {
        let watch = Watch::new(&settings);
        Self {
            settings,
            limits: Vec::new(),
            pace: Pace::default(),
            rejects: 0,
            watch,
            kill: Kill::default(),
            has_begun: false,
        }
    }

    /// The settings as they are now, an operator's changes included.
    #[must_use]
    pub fn settings(&self) -> &RiskSettings {
        &self.settings
    }

    /// Orders and replacements that left in the last `window_ms`, of which only the last `limit` are counted.
    pub(crate) fn left_within(&self, now: Ts, window_ms: u64, limit: u32) -> u64 {
        self.pace.count(now, window_ms, limit)
    }

    /// New orders that the venue refused in a row.
    pub(crate) fn rejects(&self) -> u32 {
        self.rejects
    }

    /// Every check of a proposal in the order in which they are made, each with its numbers, also those after
    /// the first that fails. Uses the table by which [`RiskGate::judge`] decides and changes nothing.
    #[must_use]
    pub fn explain(&self, proposal: &Proposal<'_>, view: View<'_>) -> Vec<CheckReport> {
        let limits = self.settings.limits_of(&proposal.terms.instrument);
        let case = match self.case(proposal, view, &limits) {
            Ok(case) => case,
            Err(refusal) => return vec![CheckReport::refused(refusal)],
        };
        CHECKS.iter().map(|check| CheckReport::of(check.code, (check.judge)(&case))).collect()
    }

    /// The hold of an approved proposal, or why it is refused.
    pub(crate) fn decide(&mut self, proposal: &Proposal<'_>, view: View<'_>) -> Result<Hold, Refusal> {
        let markets = &view.state.markets;
        for (_, market) in markets.iter().skip(self.limits.len()) {
            self.limits.push(self.settings.limits_of(&market.definition.instrument));
        }
        let ix = find(proposal, view)?;
        let case = self.case(proposal, view, &self.limits[ix.at()])?;
        for check in CHECKS {
            match (check.judge)(&case) {
                Ok(Some(finding)) if !finding.passed => return Err(finding.refusal(check.code)),
                Ok(_) => {}
                Err(unjudged) => return Err(unjudged.refusal(check.code)),
            }
        }
        hold(&case).map_err(|unjudged| unjudged.refusal(Code::InsufficientFunds))
    }

    fn case<'a>(
        &'a self,
        proposal: &Proposal<'a>,
        view: View<'a>,
        limits: &'a Limits,
    ) -> Result<Case<'a>, Refusal> {
        let ix = find(proposal, view)?;
        let known = Known {
            settings: &self.settings,
            limits,
            pace: &self.pace,
            rejects: self.rejects,
            trading: self.kill.trading(view.state),
        };
        Case::new(proposal, view, ix, known).map_err(|unjudged| unjudged.refusal(Code::Overflow))
    }

    fn obey(&mut self, command: &OperatorCommand, cx: &mut Context<'_>) {
        match command.command {
            Command::Kill => self.kill.tighten(TradingState::Halted, command, cx),
            Command::ReduceOnly => self.kill.tighten(TradingState::ReduceOnly, command, cx),
            Command::Release => self.kill.release(command, cx),
            Command::CancelAll => self.kill.cancel_all(command, cx),
            Command::SetLimit => self.set_limit(command),
            // The state keeps pauses; the check that asks for them reads it there.
            Command::Pause | Command::Resume => {}
        }
    }

    /// A limit that does not exist or does not read changes nothing: whoever sends the command checks it with
    /// [`RiskSettings::set`] on a copy and tells the operator.
    fn set_limit(&mut self, command: &OperatorCommand) {
        let (Some(key), Some(value)) = (&command.key, &command.value) else { return };
        if self.settings.set(key, value, command.instrument).is_ok() {
            self.limits.clear();
            self.watch.set_limits(&self.settings);
        }
    }

    fn note_left(&mut self, order: OrderId, cx: &Context<'_>) {
        self.pace.note_order(cx.now(), &self.settings);
        if self.settings.duplicate_window_ms == 0 {
            return;
        }
        let state = cx.state();
        let Some(terms) = state.orders.get(order).map(|order| &order.terms) else { return };
        if let Some(ix) = state.markets.find(&terms.instrument) {
            self.pace.note_terms(cx.now(), Sameness::of(ix, terms), &self.settings);
        }
    }

    fn note_rejected(&mut self, request: RequestOf, cx: &mut Context<'_>) {
        if request != RequestOf::New {
            return;
        }
        self.rejects = self.rejects.saturating_add(1);
        self.watch.rejects(self.rejects, &self.settings, &mut self.kill, cx);
    }
}

impl CheckReport {
    fn of(code: Code, checked: crate::finding::Checked) -> Self {
        match checked {
            Ok(None) => Self { code, passed: true, measured: None, limit: None },
            Ok(Some(finding)) => Self {
                code,
                passed: finding.passed,
                measured: Some(finding.measured.to_string()),
                limit: Some(finding.limit.to_string()),
            },
            Err(unjudged) => Self::refused(unjudged.refusal(code)),
        }
    }

    fn refused(refusal: Refusal) -> Self {
        Self { code: refusal.code, passed: false, measured: refusal.measured, limit: refusal.limit }
    }
}

/// Where the order is to trade.
fn find(proposal: &Proposal<'_>, view: View<'_>) -> Result<InstrumentIx, Refusal> {
    let (id, markets) = (&proposal.terms.instrument, &view.state.markets);
    // Most orders answer the tick at hand.
    match view.tick {
        Some(tick) if markets.get(tick.ix).definition.instrument == *id => Ok(tick.ix),
        _ => markets
            .find(id)
            .ok_or_else(|| Refusal::measured(Code::UnknownInstrument, id, "a defined instrument")),
    }
}

impl Service for RiskService {
    fn name(&self) -> &str {
        NAME
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.has_begun {
            self.has_begun = true;
            self.kill.begin(cx);
        }
        match input {
            Input::OperatorCommand(command) => self.obey(command, cx),
            Input::InstrumentDefined(_) => {
                self.limits.clear();
                self.watch.set_limits(&self.settings);
            }
            _ => {}
        }
        self.watch.tick(&self.settings, &mut self.kill, cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderSubmitted(e) => self.note_left(e.order, cx),
            Outcome::OrderReplaceSubmitted(_) => self.pace.note_order(cx.now(), &self.settings),
            Outcome::OrderAccepted(_) => self.rejects = 0,
            Outcome::OrderPartiallyFilled(e) => self.note_fill(e.fill.order, cx),
            Outcome::OrderFilled(e) => self.note_fill(e.fill.order, cx),
            Outcome::OrderRejected(e) => {
                self.kill.on_ended(e.order, cx.state());
                self.note_rejected(e.request, cx);
            }
            Outcome::OrderCanceled(e) => self.kill.on_ended(e.order, cx.state()),
            Outcome::OrderExpired(e) => self.kill.on_ended(e.order, cx.state()),
            Outcome::AccountChanged(_) => self.watch.now(&self.settings, &mut self.kill, cx),
            Outcome::RiskState(line) => {
                if line.state == TradingState::Active {
                    self.rejects = 0;
                    self.watch.release(&self.settings);
                }
                self.kill.on_state(line, cx);
            }
            Outcome::TimerFired(e) if e.owner.as_str() == NAME && e.key == RETRY_TIMER => {
                self.kill.on_timer(cx);
            }
            _ => {}
        }
    }

    fn at_rest(&mut self, cx: &mut Context<'_>) {
        self.kill.at_rest(cx);
    }

    fn save(&self) -> Option<Saved> {
        // The settings too: an operator may have set limits.
        Saved::of(&(&self.settings, &self.pace, self.rejects, &self.watch, &self.kill, self.has_begun))
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let allow_short = self.settings.allow_short;
        (self.settings, self.pace, self.rejects, self.watch, self.kill, self.has_begun) = saved.read()?;
        // The account says it, and it is no part of what `[risk]` holds.
        self.settings.allow_short = allow_short;
        self.limits.clear();
        Ok(())
    }
}

impl RiskService {
    fn note_fill(&mut self, order: OrderId, cx: &mut Context<'_>) {
        self.rejects = 0;
        self.kill.on_filled(order, cx.state());
        self.watch.now(&self.settings, &mut self.kill, cx);
    }
}

impl RiskGate for RiskService {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        self.decide(proposal, view).map(|hold| seal.approve(proposal, hold))
    }
}

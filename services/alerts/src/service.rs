//! The service: shows each decision to the rules that watch it.

use reprise_core::{Context, RestoreError, Saved, Service};
use reprise_model::RequestOf;
use reprise_model::event::{Fill, Input, OrderRejected, Outcome, TimerFired, TradingState};
use serde::{Deserialize, Serialize};

use crate::duty::{Duty, Kept, NAME, Wake};
use crate::settings::{RuleError, RuleKind, RuleSettings};
use crate::standing::Tally;
use crate::wording;

/// Watches what is decided, and states `alert.raised` where a rule asks for it.
#[derive(Debug)]
pub struct AlertService {
    duties: Vec<Duty>,
    seen: Seen,
}

/// What all rules have in common.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    has_begun: bool,
    trading: TradingState,
    /// New orders that the venue refused in a row.
    rejects: u32,
    /// Since the last summary.
    day: Tally,
}

/// The service as it is saved.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedAlerts {
    seen: Seen,
    rules: Vec<Kept>,
}

impl AlertService {
    /// A service with these rules; `None` without any, so that a core without alerts is as it always was.
    ///
    /// # Errors
    /// When a rule makes no sense.
    pub fn new(rules: &[RuleSettings]) -> Result<Option<Self>, RuleError> {
        RuleSettings::check_all(rules)?;
        let duty =
            |(at, rule): (usize, &RuleSettings)| Duty { at, rule: rule.clone(), kept: Kept::default() };
        let duties: Vec<Duty> = rules.iter().enumerate().map(duty).collect();
        let seen =
            Seen { has_begun: false, trading: TradingState::Active, rejects: 0, day: Tally::default() };
        Ok((!duties.is_empty()).then_some(Self { duties, seen }))
    }

    fn of_kind(&mut self, kind: RuleKind) -> impl Iterator<Item = &mut Duty> {
        self.duties.iter_mut().filter(move |duty| duty.rule.kind == kind)
    }

    #[cold]
    fn begin(&mut self, cx: &mut Context<'_>) {
        self.seen.has_begun = true;
        for duty in self.of_kind(RuleKind::DailySummary) {
            duty.arm_summary(cx);
        }
    }

    fn on_timer(&mut self, timer: &TimerFired, cx: &mut Context<'_>) {
        let (at, wake) = Wake::of(timer.key);
        let day = self.seen.day;
        let Some(duty) = self.duties.get_mut(at) else { return };
        match (wake, duty.rule.kind) {
            (Wake::Held, _) => duty.release(cx),
            (Wake::Watch, RuleKind::DailySummary) => {
                let draft = wording::summary(&duty.rule, &day, cx.state());
                duty.tell(draft, cx);
                duty.arm_summary(cx);
                self.seen.day = Tally::default();
            }
            (Wake::Watch, _) => duty.tell_outages(cx),
        }
    }

    fn on_fill(&mut self, fill: &Fill, cx: &mut Context<'_>) {
        self.seen.rejects = 0;
        self.seen.day.fills += 1;
        for duty in self.of_kind(RuleKind::Fill) {
            if let Some(draft) = wording::fill(&duty.rule, fill, cx.state()) {
                duty.tell(draft, cx);
            }
        }
    }

    fn on_rejected(&mut self, rejected: &OrderRejected, cx: &mut Context<'_>) {
        if rejected.request != RequestOf::New {
            return;
        }
        self.seen.day.rejected += 1;
        self.seen.rejects = self.seen.rejects.saturating_add(1);
        let row = self.seen.rejects;
        for duty in self.of_kind(RuleKind::Rejects).filter(|duty| duty.rule.count == Some(row)) {
            let draft = wording::rejects(&duty.rule, row, rejected, cx.state());
            duty.tell(draft, cx);
        }
    }
}

impl Service for AlertService {
    fn name(&self) -> &str {
        NAME
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.seen.has_begun {
            self.begin(cx);
        }
        let Input::FeedStatus(status) = input else { return };
        for duty in self.of_kind(RuleKind::Feed) {
            if let Some(news) = duty.kept.outages.note(status, &duty.rule, cx.state()) {
                duty.tell(wording::feed(&duty.rule, &news), cx);
            }
            duty.watch_outages(cx);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::AccountChanged(line) => {
                for duty in self.duties.iter_mut().filter(|duty| duty.rule.kind.has_levels()) {
                    duty.measure(line, cx);
                }
            }
            Outcome::RiskState(line) => {
                let before = std::mem::replace(&mut self.seen.trading, line.state);
                for duty in &mut self.duties {
                    duty.on_state(before, line, cx);
                }
            }
            Outcome::RiskBreach(breach) => {
                for duty in self.of_kind(RuleKind::RiskBreach) {
                    duty.tell(wording::breach(&duty.rule, breach), cx);
                }
            }
            Outcome::OrderPartiallyFilled(e) => self.on_fill(&e.fill, cx),
            Outcome::OrderFilled(e) => self.on_fill(&e.fill, cx),
            Outcome::OrderAccepted(_) => self.seen.rejects = 0,
            Outcome::OrderRejected(e) => self.on_rejected(e, cx),
            Outcome::OrderSubmitted(_) => self.seen.day.submitted += 1,
            Outcome::OrderDenied(_) => self.seen.day.denied += 1,
            Outcome::OrderUnknown(e) => {
                for duty in self.of_kind(RuleKind::OrderUnknown) {
                    let draft = wording::unknown(&duty.rule, e, cx.state());
                    duty.tell(draft, cx);
                }
            }
            Outcome::TimerFired(timer) if timer.owner.as_str() == NAME => self.on_timer(timer, cx),
            _ => {}
        }
    }

    fn save(&self) -> Option<Saved> {
        let rules = self.duties.iter().map(|duty| duty.kept.clone()).collect();
        Saved::of(&SavedAlerts { seen: self.seen, rules })
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let SavedAlerts { seen, rules } = saved.read()?;
        if rules.len() != self.duties.len() {
            let reason = format!("it has {} rules, and these are {}", rules.len(), self.duties.len());
            return Err(RestoreError::form(reason));
        }
        for (duty, kept) in self.duties.iter_mut().zip(rules) {
            duty.kept = kept;
        }
        self.seen = seen;
        Ok(())
    }
}

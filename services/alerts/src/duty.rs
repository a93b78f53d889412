//! A rule on duty: what it is told, what it keeps, and what it makes of what happens.

use reprise_core::{Context, State};
use reprise_model::Ts;
use reprise_model::event::{AccountChanged, RiskState, TimerOwner, TradingState};
use serde::{Deserialize, Serialize};

use crate::outages::Outages;
use crate::pace::{Pace, Verdict};
use crate::settings::{RuleKind, RuleSettings};
use crate::standing::Standing;
use crate::wording::{self, AsId, Draft};

/// The name under which timers are armed.
pub(crate) const NAME: &str = "alerts";
const DAY_NS: u64 = 86_400_000_000_000;

/// What a rule wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// What it watches: an outage that lasts, a time of day.
    Watch,
    /// What it held back.
    Held,
}

impl Wake {
    /// The timer's key: the rule's place and the purpose.
    fn key(self, at: usize) -> u64 {
        at as u64 * 2 + u64::from(self == Self::Held)
    }

    /// The place and the purpose that a key stands for.
    pub(crate) fn of(key: u64) -> (usize, Self) {
        (
            usize::try_from(key / 2).unwrap_or(usize::MAX),
            if key.is_multiple_of(2) { Self::Watch } else { Self::Held },
        )
    }
}

/// What a rule keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// How many alerts it raised.
    raised: u64,
    pace: Pace,
    /// Which of its levels are reached.
    reached: [bool; 3],
    pub outages: Outages,
}

/// A rule, and its place among the rules.
#[derive(Debug)]
pub(crate) struct Duty {
    pub at: usize,
    pub rule: RuleSettings,
    pub kept: Kept,
}

impl Duty {
    /// Tells of something, now or when the rule may speak again.
    pub(crate) fn tell(&mut self, (same, alert): Draft, cx: &mut Context<'_>) {
        match self.kept.pace.offer(&self.rule, cx.now(), same, alert) {
            Verdict::Tell(alert) => self.raise(*alert, cx),
            Verdict::Hold(Some(due)) => self.wake_at(due, Wake::Held, cx),
            Verdict::Hold(None) => {}
        }
    }

    /// The time for what was held back has come.
    pub(crate) fn release(&mut self, cx: &mut Context<'_>) {
        if let Some(alert) = self.kept.pace.release(&self.rule, cx.now()) {
            self.raise(alert, cx);
        }
    }

    fn raise(&mut self, mut alert: reprise_model::event::AlertRaised, cx: &mut Context<'_>) {
        self.kept.raised += 1;
        alert.alert = self.rule.full_name().as_id(self.kept.raised);
        cx.emit(alert);
    }

    fn wake_at(&self, due: Ts, wake: Wake, cx: &mut Context<'_>) {
        if let Ok(owner) = TimerOwner::new(NAME) {
            cx.arm_timer(owner, wake.key(self.at), due);
        }
    }

    /// An account line was written: which levels are reached, and which are over.
    pub(crate) fn measure(&mut self, line: &AccountChanged, cx: &mut Context<'_>) {
        let Some(standing) = Standing::at_line(line, cx.state()) else { return };
        let Some(value) = standing.value(self.rule.kind) else { return };
        let asset = cx.state().account.reporting();
        for (place, level) in standing.levels(&self.rule).into_iter().enumerate() {
            let Some(level) = level else { continue };
            let was = self.kept.reached[place];
            let is_reached = level.is_reached(was, value);
            if is_reached == was {
                continue;
            }
            self.kept.reached[place] = is_reached;
            if let Some(draft) = wording::level(&self.rule, (place, level, is_reached), &standing, asset) {
                self.tell(draft, cx);
            }
        }
    }

    /// What may be traded changed.
    pub(crate) fn on_state(&mut self, before: TradingState, line: &RiskState, cx: &mut Context<'_>) {
        if before == line.state {
            return;
        }
        // The states are in the order of how much they forbid.
        let is_looser = line.state < before;
        let draft = match self.rule.kind {
            RuleKind::KillSwitch if !is_looser => wording::kill_switch(&self.rule, line, false),
            RuleKind::KillSwitch if line.state == TradingState::Active => {
                wording::kill_switch(&self.rule, line, true)
            }
            RuleKind::RiskState => wording::risk_state(&self.rule, line, before),
            _ => return,
        };
        self.tell(draft, cx);
    }

    /// Arms the timer of the next outage to be told, if none is armed.
    pub(crate) fn watch_outages(&mut self, cx: &mut Context<'_>) {
        if let Some(due) = self.kept.outages.next_due(&self.rule)
            && !self.kept.outages.is_armed
        {
            self.kept.outages.is_armed = true;
            self.wake_at(due, Wake::Watch, cx);
        }
    }

    /// The timer of outages fired.
    pub(crate) fn tell_outages(&mut self, cx: &mut Context<'_>) {
        self.kept.outages.is_armed = false;
        for news in self.kept.outages.overdue(&self.rule, cx.now()) {
            self.tell(wording::feed(&self.rule, &news), cx);
        }
        self.watch_outages(cx);
    }

    /// Arms the timer of the next summary.
    pub(crate) fn arm_summary(&self, cx: &mut Context<'_>) {
        if let Some(at) = self.rule.at {
            let due = next_time_of_day(cx.state(), at.ns_after_midnight());
            self.wake_at(due, Wake::Watch, cx);
        }
    }
}

/// The next moment, later than now, at which it is so late in the day.
fn next_time_of_day(state: &State, ns_after_midnight: u64) -> Ts {
    let since = (state.now().0 % DAY_NS + DAY_NS - ns_after_midnight % DAY_NS) % DAY_NS;
    state.now().plus_ns(DAY_NS - since)
}

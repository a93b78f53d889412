//! How often a rule may speak: what is the same is not told again within a window, and never more than a rate. What
//! is held back is not lost: the last of it is told when the time is over.

use std::collections::{BTreeMap, VecDeque};

use reprise_model::Ts;
use reprise_model::event::AlertRaised;
use serde::{Deserialize, Serialize};

use crate::settings::RuleSettings;

/// What a rule has told, as far as it matters for what it may tell.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// When it spoke, within the window of its rate.
    recent: VecDeque<Ts>,
    /// When it last told what, within the window of deduplication.
    last: BTreeMap<String, Ts>,
    held: Option<Held>,
}

/// What waits to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    same: String,
    alert: AlertRaised,
    /// How many came, this one included.
    count: u64,
}

/// What becomes of an alert.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is told now.
    Tell(Box<AlertRaised>),
    /// It waits; wake the rule then, where that is not arranged yet.
    Hold(Option<Ts>),
}

impl Pace {
    /// An alert is to be told; `same` says what it has in common with those it repeats.
    pub(crate) fn offer(
        &mut self,
        rule: &RuleSettings,
        now: Ts,
        same: String,
        alert: AlertRaised,
    ) -> Verdict {
        // While something waits everything does, or what is told last would not be what happened last.
        if let Some(held) = &mut self.held {
            *held = Held { same, alert, count: held.count + 1 };
            return Verdict::Hold(None);
        }
        self.forget(rule, now);
        let repeats = self.last.get(&same).map(|last| last.plus_ns(rule.dedup_ns()));
        let is_full = self.recent.len() >= rule.rate();
        let crowded =
            self.recent.front().filter(|_| is_full).map(|first| first.plus_ns(rule.rate_window_ns()));
        match repeats.max(crowded) {
            None => {
                self.note(now, same);
                Verdict::Tell(Box::new(alert))
            }
            free => {
                self.held = Some(Held { same, alert, count: 1 });
                Verdict::Hold(free)
            }
        }
    }

    /// The time is over: what waited, with how many others there were.
    pub(crate) fn release(&mut self, rule: &RuleSettings, now: Ts) -> Option<AlertRaised> {
        let Held { same, mut alert, count } = self.held.take()?;
        alert.held_back = Some(count - 1).filter(|others| *others > 0);
        self.forget(rule, now);
        self.note(now, same);
        Some(alert)
    }

    fn note(&mut self, now: Ts, same: String) {
        self.recent.push_back(now);
        self.last.insert(same, now);
    }

    fn forget(&mut self, rule: &RuleSettings, now: Ts) {
        let (window, dedup) = (rule.rate_window_ns(), rule.dedup_ns());
        while self.recent.front().is_some_and(|first| now.since(*first) >= window) {
            self.recent.pop_front();
        }
        self.last.retain(|_, last| now.since(*last) < dedup);
    }
}

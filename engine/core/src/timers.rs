//! Timers: armed and fired by outcomes, so that live, paper and backtest fire the same ones at the same times.

use std::collections::BTreeMap;

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{TimerArmed, TimerFired, TimerOwner};
use reprise_model::{Seq, TimerId, Ts};
use serde::{Deserialize, Serialize};

/// An armed timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its number.
    pub id: TimerId,
    /// Who armed it.
    pub owner: TimerOwner,
    /// What the owner wants to be reminded of.
    pub key: u64,
    /// The outcome that armed it.
    pub armed_by: Seq,
}

/// All armed timers in the order in which they fire: by deadline, then by arming.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    #[serde(with = "crate::saved::pairs")]
    armed: BTreeMap<(Ts, TimerId), Timer>,
    last: TimerId,
}

impl Timers {
    /// The number the next timer gets.
    #[must_use]
    pub fn next_id(&self) -> TimerId {
        TimerId(self.last.0 + 1)
    }

    /// The first timer that is due at a moment, with its deadline; nothing is ever due at [`Ts::NEVER`].
    #[must_use]
    #[inline]
    pub fn due(&self, now: Ts) -> Option<(Ts, Timer)> {
        let (&(due, _), timer) = self.armed.first_key_value()?;
        (due <= now && due != Ts::NEVER).then_some((due, *timer))
    }

    /// When the next timer fires.
    #[must_use]
    pub fn next_due(&self) -> Option<Ts> {
        self.armed.first_key_value().map(|(&(due, _), _)| due)
    }

    pub(crate) fn arm(&mut self, event: &TimerArmed, armed_by: Seq) {
        self.last = self.last.max(event.timer);
        let timer = Timer { id: event.timer, owner: event.owner, key: event.key, armed_by };
        self.armed.insert((event.due, event.timer), timer);
    }

    /// Takes a fired timer out; false when it was not armed.
    pub(crate) fn fire(&mut self, event: &TimerFired) -> bool {
        let place = self.armed.iter().find(|(_, timer)| timer.id == event.timer).map(|(&place, _)| place);
        place.is_some_and(|place| self.armed.remove(&place).is_some())
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.open();
        w.key("\"last\":");
        self.last.write(w);
        w.key("\"armed\":");
        let armed: Vec<TimerArmed> = self
            .armed
            .iter()
            .map(|(&(due, timer), t)| TimerArmed { timer, owner: t.owner, key: t.key, due })
            .collect();
        armed.write(w);
        w.close();
    }
}

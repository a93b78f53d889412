//! How the account stands at an account line, and what was done since the last summary.

use reprise_core::State;
use reprise_model::Cash;
use reprise_model::event::AccountChanged;
use serde::{Deserialize, Serialize};

use crate::level::{Edge, Level};
use crate::settings::{RuleKind, RuleSettings};

/// How the account stands, in the reporting asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub equity: Cash,
    pub day: Cash,
    pub realized: Option<Cash>,
    pub peak: Cash,
    pub drawdown: Cash,
}

impl Standing {
    /// At an account line; `None` when it cannot be valued.
    pub(crate) fn at_line(line: &AccountChanged, state: &State) -> Option<Self> {
        Self::of(line.equity?, line.day_start, line.peak, state)
    }

    /// At any moment; `None` when it cannot be valued.
    pub(crate) fn now(state: &State) -> Option<Self> {
        let (equity, account) = (state.equity().ok()??, &state.account);
        Self::of(equity, account.day_start(), account.peak(), state)
    }

    fn of(equity: Cash, day_start: Option<Cash>, peak: Option<Cash>, state: &State) -> Option<Self> {
        let opening = state.account.opening();
        let peak = peak.unwrap_or(opening).max(equity);
        Some(Self {
            equity,
            day: equity.checked_sub(day_start.unwrap_or(opening)).ok()?,
            realized: realized(state),
            peak,
            drawdown: peak.checked_sub(equity).ok()?,
        })
    }

    /// The value that a rule with levels watches.
    pub(crate) fn value(&self, kind: RuleKind) -> Option<Cash> {
        match kind {
            RuleKind::Equity => Some(self.equity),
            RuleKind::DayPnl => Some(self.day),
            RuleKind::RealizedPnl => self.realized,
            RuleKind::Drawdown => Some(self.drawdown),
            _ => None,
        }
    }

    /// The levels of a rule, each at a place of its own; one that cannot be computed is not watched.
    pub(crate) fn levels(&self, rule: &RuleSettings) -> [Option<Level>; 3] {
        let hysteresis = rule.hysteresis.unwrap_or_default();
        let above = rule
            .above
            .and_then(|at| Some(Level { edge: Edge::Above, at, back: at.checked_sub(hysteresis).ok()? }));
        let below = rule
            .below
            .and_then(|at| Some(Level { edge: Edge::Below, at, back: at.checked_add(hysteresis).ok()? }));
        let of_peak = rule.above_fraction.filter(|_| self.peak.is_positive()).and_then(|fraction| {
            let at = self.peak.checked_mul_rate(fraction).ok()?;
            let nearer = self.peak.checked_mul_rate(rule.hysteresis_fraction?).ok()?;
            Some(Level { edge: Edge::Above, at, back: at.checked_sub(nearer).ok()? })
        });
        [above, below, of_peak]
    }
}

fn realized(state: &State) -> Option<Cash> {
    let mut sum = Cash::ZERO;
    for (asset, amount) in state.account.settled() {
        sum = sum.checked_add(state.to_reporting(asset, amount).ok()??).ok()?;
    }
    Some(sum)
}

/// What was done since the last summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub submitted: u64,
    pub fills: u64,
    pub denied: u64,
    pub rejected: u64,
}

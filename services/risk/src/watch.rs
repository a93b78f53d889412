//! What is watched at every event: the day's loss, the fall from the peak, the venue's refusals in a row.
//!
//! A limit that is reached is stated once, as `risk.breach`, and trips the kill switch; it is stated again only
//! after an operator has released the switch and it is still, or again, reached.

use reprise_core::{Context, State};
use reprise_model::event::{RiskBreach, TradingState};
use reprise_model::{Cash, Code, MoneyError, Refusal};
use serde::{Deserialize, Serialize};

use crate::checks::{
    daily_loss, daily_loss_floor, drawdown, drawdown_floor, drawdown_fraction, drawdown_fraction_floor,
};
use crate::finding::Checked;
use crate::kill::Kill;
use crate::quiet::QuietZones;
use crate::settings::{OnLoss, RiskSettings};

/// A limit of losses: its code, whether it is set, whether it is reached, and the equity at which it is.
struct LossLimit {
    code: Code,
    is_set: fn(&RiskSettings) -> bool,
    measure: fn(&State, Cash, &RiskSettings) -> Checked,
    floor: fn(&State, Cash, &RiskSettings) -> Result<Cash, MoneyError>,
}

const LOSS_LIMITS: [LossLimit; 3] = [
    LossLimit {
        code: Code::MaxDailyLoss,
        is_set: |settings| settings.max_daily_loss.is_some(),
        measure: daily_loss,
        floor: daily_loss_floor,
    },
    LossLimit {
        code: Code::MaxDrawdown,
        is_set: |settings| settings.max_drawdown.is_some(),
        measure: drawdown,
        floor: drawdown_floor,
    },
    LossLimit {
        code: Code::MaxDrawdown,
        is_set: |settings| settings.max_drawdown_fraction.is_some(),
        measure: drawdown_fraction,
        floor: drawdown_fraction_floor,
    },
];

/// Which limits are watched: those that are set and were not reached since the last release.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Watch {
    is_stated: [bool; LOSS_LIMITS.len()],
    is_watched: [bool; LOSS_LIMITS.len()],
    is_any_watched: bool,
    has_stated_rejects: bool,
    quiet: QuietZones,
}

impl Watch {
    pub(crate) fn new(settings: &RiskSettings) -> Self {
        let mut watch = Self::default();
        watch.set_limits(settings);
        watch
    }

    /// The switch was released: what is still reached, or is reached again, trips it again.
    pub(crate) fn release(&mut self, settings: &RiskSettings) {
        (self.is_stated, self.has_stated_rejects) = (Default::default(), false);
        self.set_limits(settings);
    }

    /// The limits, or the instruments, are others now.
    pub(crate) fn set_limits(&mut self, settings: &RiskSettings) {
        for (at, limit) in LOSS_LIMITS.iter().enumerate() {
            self.is_watched[at] = (limit.is_set)(settings) && !self.is_stated[at];
        }
        self.is_any_watched = self.is_watched.contains(&true);
        self.quiet.clear();
    }

    /// An input came: equity moved if its instrument is owned, or converts into the reporting asset.
    #[inline]
    pub(crate) fn tick(&mut self, settings: &RiskSettings, kill: &mut Kill, cx: &mut Context<'_>) {
        if !self.is_any_watched {
            return;
        }
        let Some(tick) = cx.tick() else { return };
        let state = cx.state();
        let market = state.markets.get(tick.ix);
        let conversions = &state.settings().account.conversions;
        let converts =
            !conversions.is_empty() && conversions.values().any(|used| *used == market.definition.instrument);
        // Positions that offset each other gain what the others lose.
        let is_owned = !state.positions.net(tick.ix).is_zero();
        if converts || (is_owned && !self.quiet.holds(tick.ix, market.valuation())) {
            self.now(settings, kill, cx);
        }
    }

    /// Measures the losses and trips the switch when one reached its limit. What cannot be valued now is
    /// measured again at the next event; until then the gate refuses what would increase exposure.
    pub(crate) fn now(&mut self, settings: &RiskSettings, kill: &mut Kill, cx: &mut Context<'_>) {
        if !self.is_any_watched {
            return;
        }
        self.quiet.clear();
        let Ok(Some(equity)) = cx.state().equity() else { return };
        for (at, limit) in LOSS_LIMITS.iter().enumerate().filter(|(at, _)| self.is_watched[*at]) {
            if let Ok(Some(finding)) = (limit.measure)(cx.state(), equity, settings)
                && !finding.passed
            {
                self.is_stated[at] = true;
                breach(finding.refusal(limit.code), settings, kill, cx);
            }
        }
        self.set_limits(settings);
        self.draw_quiet_zones(cx.state(), equity, settings);
    }

    fn draw_quiet_zones(&mut self, state: &State, equity: Cash, settings: &RiskSettings) {
        let watched = LOSS_LIMITS.iter().zip(self.is_watched).filter(|(_, is_watched)| *is_watched);
        let floors = watched.map(|(limit, _)| (limit.floor)(state, equity, settings));
        let highest = floors.reduce(|a, b| a.and_then(|a| b.map(|b| a.max(b))));
        if let Some(Ok(floor)) = highest {
            self.quiet.draw(state, equity, floor);
        }
    }

    /// The venue refused so many new orders in a row.
    pub(crate) fn rejects(
        &mut self,
        count: u32,
        settings: &RiskSettings,
        kill: &mut Kill,
        cx: &mut Context<'_>,
    ) {
        if let Some(limit) = settings.max_consecutive_rejects
            && count >= limit
            && !self.has_stated_rejects
        {
            self.has_stated_rejects = true;
            breach(Refusal::measured(Code::MaxConsecutiveRejects, count, limit), settings, kill, cx);
        }
    }
}

fn breach(refusal: Refusal, settings: &RiskSettings, kill: &mut Kill, cx: &mut Context<'_>) {
    let (to, flatten) = match settings.on_loss {
        OnLoss::ReduceOnly => (TradingState::ReduceOnly, false),
        OnLoss::Halt => (TradingState::Halted, settings.flatten_on_halt),
    };
    cx.emit(RiskBreach { refusal: refusal.clone(), instrument: None });
    kill.trip(to, &refusal, flatten, cx);
}

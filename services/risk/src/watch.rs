//! What is watched at every event: the day's loss, the fall from the peak, the venue's refusals in a row.
//!
//! A limit that is reached is stated once, as `risk.breach`, and trips the kill switch; it is stated again only
//! after an operator has released the switch and it is still, or again, reached.

use reprise_core::{Context, State};
use reprise_model::event::{RiskBreach, TradingState};
use reprise_model::{Cash, Code, Refusal};

use crate::checks::{daily_loss, drawdown, drawdown_fraction};
use crate::finding::Checked;
use crate::kill::Kill;
use crate::settings::{OnLoss, RiskSettings};

/// A limit of losses.
type LossLimit = (Code, fn(&State, Cash, &RiskSettings) -> Checked);

const LOSS_LIMITS: [LossLimit; 3] =
    [(Code::MaxDailyLoss, daily_loss), (Code::MaxDrawdown, drawdown), (Code::MaxDrawdown, drawdown_fraction)];

/// Which limits are watched: those that are set and were not reached since the last release.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    losses: [bool; LOSS_LIMITS.len()],
    is_any_loss: bool,
    has_stated_rejects: bool,
}

impl Watch {
    pub(crate) fn new(settings: &RiskSettings) -> Self {
        let mut watch = Self::default();
        watch.start(settings);
        watch
    }

    /// Watches every limit that is set, also those that were reached: the switch was released, or an operator
    /// set a limit.
    pub(crate) fn start(&mut self, settings: &RiskSettings) {
        self.losses = [
            settings.max_daily_loss.is_some(),
            settings.max_drawdown.is_some(),
            settings.max_drawdown_fraction.is_some(),
        ];
        self.is_any_loss = self.losses.contains(&true);
        self.has_stated_rejects = false;
    }

    /// An input came: equity moved if its instrument is owned, or converts into the reporting asset.
    #[inline]
    pub(crate) fn tick(&mut self, settings: &RiskSettings, kill: &mut Kill, cx: &mut Context<'_>) {
        if !self.is_any_loss {
            return;
        }
        let Some(tick) = cx.tick() else { return };
        let state = cx.state();
        let conversions = &state.settings().account.conversions;
        // Positions that offset each other gain what the others lose.
        let is_owned = !state.positions.net(tick.ix).is_zero();
        let converts = !conversions.is_empty() && {
            let id = &state.markets.get(tick.ix).definition.instrument;
            conversions.values().any(|used| used == id)
        };
        if is_owned || converts {
            self.now(settings, kill, cx);
        }
    }

    /// Measures the losses and trips the switch when one reached its limit. What cannot be valued now is
    /// measured again at the next event; until then the gate refuses what would increase exposure.
    pub(crate) fn now(&mut self, settings: &RiskSettings, kill: &mut Kill, cx: &mut Context<'_>) {
        if !self.is_any_loss {
            return;
        }
        let Ok(Some(equity)) = cx.state().equity() else { return };
        for ((code, measure), is_watched) in LOSS_LIMITS.into_iter().zip(&mut self.losses) {
            if !*is_watched {
                continue;
            }
            if let Ok(Some(finding)) = measure(cx.state(), equity, settings)
                && !finding.passed
            {
                *is_watched = false;
                breach(finding.refusal(code), settings, kill, cx);
            }
        }
        self.is_any_loss = self.losses.contains(&true);
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

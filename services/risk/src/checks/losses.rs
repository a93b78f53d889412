//! What was lost: since the day began, from the peak, and the venue's refusals in a row.
//!
//! Equity is opening balances + realised + unrealised − fees + funding in the reporting asset, marked at the
//! mid (perpetuals at their mark); deposits and withdrawals take no part. The day's baseline and the peak are
//! those of the account lines; before the first line both are the opening equity.

use reprise_core::State;
use reprise_model::{Cash, MoneyError, Rate};

use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, found};
use crate::settings::RiskSettings;

/// The loss since the day began.
pub(crate) fn daily_loss(state: &State, equity: Cash, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_daily_loss else { return NOT_ASKED };
    reached(day_start(state).checked_sub(equity)?, limit)
}

/// The equity at which the day's loss is reached.
pub(crate) fn daily_loss_floor(
    state: &State,
    _equity: Cash,
    settings: &RiskSettings,
) -> Result<Cash, MoneyError> {
    day_start(state).checked_sub(settings.max_daily_loss.unwrap_or(Cash::MAX))
}

/// The fall from the peak.
pub(crate) fn drawdown(state: &State, equity: Cash, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_drawdown else { return NOT_ASKED };
    reached(peak(state, equity).checked_sub(equity)?, limit)
}

/// The equity at which the fall from the peak is reached.
pub(crate) fn drawdown_floor(
    state: &State,
    equity: Cash,
    settings: &RiskSettings,
) -> Result<Cash, MoneyError> {
    peak(state, equity).checked_sub(settings.max_drawdown.unwrap_or(Cash::MAX))
}

/// The fall from the peak as a fraction of the peak.
pub(crate) fn drawdown_fraction(state: &State, equity: Cash, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_drawdown_fraction else { return NOT_ASKED };
    let peak = peak(state, equity);
    if !peak.is_positive() {
        return found(false, peak, "a peak above 0");
    }
    let fall = peak.checked_sub(equity)?;
    // Compared as amounts, so that no rounding of the ratio decides.
    let passed = fall.is_zero() || fall < peak.checked_mul_rate(limit)?;
    let measured: Rate = fall.ratio(peak)?;
    found(passed, measured, limit)
}

/// The equity at which the fall from the peak is reached as a fraction of the peak.
pub(crate) fn drawdown_fraction_floor(
    state: &State,
    equity: Cash,
    settings: &RiskSettings,
) -> Result<Cash, MoneyError> {
    let peak = peak(state, equity);
    peak.checked_sub(peak.checked_mul_rate(settings.max_drawdown_fraction.unwrap_or(Rate::ONE))?)
}

pub(crate) fn day_start(state: &State) -> Cash {
    state.account.day_start().unwrap_or(state.account.opening())
}

/// The highest equity so far, the one at hand included.
pub(crate) fn peak(state: &State, equity: Cash) -> Cash {
    state.account.peak().unwrap_or(state.account.opening()).max(equity)
}

/// A limit of losses is reached when the loss is as large; no loss reaches none.
fn reached(loss: Cash, limit: Cash) -> Checked {
    found(!loss.is_positive() || loss < limit, loss, limit)
}

/// Whether a limit of losses lets the order go; equity is only computed for one that is set.
fn unless_lost<T>(
    case: &Case<'_>,
    limit: Option<T>,
    measure: fn(&State, Cash, &RiskSettings) -> Checked,
) -> Checked {
    match limit {
        Some(_) if !case.is_exempt => measure(case.state, case.equity()?, case.known.settings),
        _ => NOT_ASKED,
    }
}

pub(super) fn daily_loss_of(case: &Case<'_>) -> Checked {
    unless_lost(case, case.known.settings.max_daily_loss, daily_loss)
}

pub(super) fn drawdown_of(case: &Case<'_>) -> Checked {
    unless_lost(case, case.known.settings.max_drawdown, drawdown)
}

pub(super) fn drawdown_fraction_of(case: &Case<'_>) -> Checked {
    unless_lost(case, case.known.settings.max_drawdown_fraction, drawdown_fraction)
}

/// New orders that the venue refused in a row.
pub(super) fn rejects(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.settings.max_consecutive_rejects.filter(|_| !case.is_exempt) else {
        return NOT_ASKED;
    };
    found(case.known.rejects < limit, u64::from(case.known.rejects), u64::from(limit))
}

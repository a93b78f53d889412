//! What was lost: since the day began, from the peak, and the venue's refusals in a row.
//!
//! Equity is opening balances + realised + unrealised − fees + funding in the reporting asset, marked at the
//! mid (perpetuals at their mark); deposits and withdrawals take no part. The day's baseline and the peak are
//! those of the account lines; before the first line both are the opening equity.

use reprise_core::State;
use reprise_model::{Cash, Code, Rate};

use crate::case::Case;
use crate::finding::{Checked, NOT_ASKED, Unjudged, found};
use crate::settings::RiskSettings;

fn equity(state: &State) -> Result<Cash, Unjudged> {
    state.equity()?.ok_or(Unjudged::Missing(Code::NoConversion))
}

/// The loss since the day began.
pub(crate) fn daily_loss(state: &State, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_daily_loss else { return NOT_ASKED };
    let start = state.account.day_start().unwrap_or(state.account.opening());
    reached(start.checked_sub(equity(state)?)?, limit)
}

/// The fall from the peak.
pub(crate) fn drawdown(state: &State, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_drawdown else { return NOT_ASKED };
    let (peak, equity) = peak_and_equity(state)?;
    reached(peak.checked_sub(equity)?, limit)
}

/// The fall from the peak as a fraction of the peak.
pub(crate) fn drawdown_fraction(state: &State, settings: &RiskSettings) -> Checked {
    let Some(limit) = settings.max_drawdown_fraction else { return NOT_ASKED };
    let (peak, equity) = peak_and_equity(state)?;
    if !peak.is_positive() {
        return found(false, peak, "a peak above 0");
    }
    let fall = peak.checked_sub(equity)?;
    // Compared as amounts, so that no rounding of the ratio decides.
    let passed = fall.is_zero() || fall < peak.checked_mul_rate(limit)?;
    let measured: Rate = fall.ratio(peak)?;
    found(passed, measured, limit)
}

fn peak_and_equity(state: &State) -> Result<(Cash, Cash), Unjudged> {
    let equity = equity(state)?;
    Ok((state.account.peak().unwrap_or(state.account.opening()).max(equity), equity))
}

/// A limit of losses is reached when the loss is as large; no loss reaches none.
fn reached(loss: Cash, limit: Cash) -> Checked {
    found(!loss.is_positive() || loss < limit, loss, limit)
}

pub(super) fn daily_loss_of(case: &Case<'_>) -> Checked {
    if case.is_exit { NOT_ASKED } else { daily_loss(case.state, case.known.settings) }
}

pub(super) fn drawdown_of(case: &Case<'_>) -> Checked {
    if case.is_exit { NOT_ASKED } else { drawdown(case.state, case.known.settings) }
}

pub(super) fn drawdown_fraction_of(case: &Case<'_>) -> Checked {
    if case.is_exit { NOT_ASKED } else { drawdown_fraction(case.state, case.known.settings) }
}

/// New orders that the venue refused in a row.
pub(super) fn rejects(case: &Case<'_>) -> Checked {
    let Some(limit) = case.known.settings.max_consecutive_rejects.filter(|_| !case.is_exit) else {
        return NOT_ASKED;
    };
    found(case.known.rejects < limit, u64::from(case.known.rejects), u64::from(limit))
}

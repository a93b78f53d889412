//! How much of each limit is used: what a person wants to see before an order is refused.
//!
//! The measures are those of the checks, without an order to judge: positions and exposures with every open order
//! at its worst. A limit on single orders measures nothing between two orders and stands there with its value
//! alone.

use std::fmt::Display;

use reprise_core::{InstrumentIx, State};
use reprise_model::{Cash, InstrumentId, MoneyError, Qty, Rate, Side, Ts};

use crate::case::open_at_worst;
use crate::checks::{day_start, peak};
use crate::service::RiskService;
use crate::settings::Limits;

/// A limit that is set, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUsage {
    /// Its name, as [`crate::RiskSettings::set`] takes it.
    pub key: &'static str,
    /// Whose limit it is; the account's when `None`.
    pub instrument: Option<InstrumentId>,
    /// What is allowed.
    pub limit: String,
    /// What is measured now; `None` when the limit is on single orders, or it cannot be valued.
    pub used: Option<String>,
    /// What is left of it; negative beyond the limit.
    pub room: Option<String>,
    /// How much of it is used, in percent; at most 999.
    pub percent: Option<u32>,
}

/// Something that can be measured against a limit.
trait Amount: Copy + Display {
    fn less(self, used: Self) -> Option<String>;
    fn as_f64(self) -> f64;
}

macro_rules! amounts {
    ($($ty:ty),*) => { $(
        impl Amount for $ty {
            fn less(self, used: Self) -> Option<String> {
                self.checked_sub(used).ok().map(|room| room.to_string())
            }

            fn as_f64(self) -> f64 {
                self.to_f64()
            }
        }
    )* };
}
amounts!(Qty, Cash, Rate);

impl Amount for u32 {
    fn less(self, used: Self) -> Option<String> {
        Some((i64::from(self) - i64::from(used)).to_string())
    }

    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Amount for u64 {
    fn less(self, used: Self) -> Option<String> {
        Some((i128::from(self) - i128::from(used)).to_string())
    }

    fn as_f64(self) -> f64 {
        self as f64
    }
}

/// The most that is shown of what is used, in percent.
const MOST_PERCENT: f64 = 999.0;

fn percent<T: Amount>(used: T, limit: T) -> u32 {
    let (used, limit) = (used.as_f64(), limit.as_f64());
    let percent = if limit > 0.0 { used / limit * 100.0 } else { 100.0 };
    percent.clamp(0.0, MOST_PERCENT).round() as u32
}

/// The rows as they come together.
struct Rows(Vec<LimitUsage>);

impl Rows {
    /// A limit that is measured.
    fn measured<T: Amount>(
        &mut self,
        key: &'static str,
        instrument: Option<InstrumentId>,
        limit: Option<T>,
        used: impl FnOnce() -> Result<Option<T>, MoneyError>,
    ) {
        let Some(limit) = limit else { return };
        let used = used().ok().flatten();
        self.0.push(LimitUsage {
            key,
            instrument,
            limit: limit.to_string(),
            used: used.map(|used| used.to_string()),
            room: used.and_then(|used| limit.less(used)),
            percent: used.map(|used| percent(used, limit)),
        });
    }

    /// A limit on single orders.
    fn single(&mut self, key: &'static str, instrument: Option<InstrumentId>, limit: Option<impl Display>) {
        let Some(limit) = limit.map(|limit| limit.to_string()) else { return };
        self.0.push(LimitUsage { key, instrument, limit, used: None, room: None, percent: None });
    }
}

/// Exposure in the reporting asset, with every open order at its worst.
#[derive(Debug, Clone, Copy)]
struct Exposure {
    gross: Cash,
    net: Cash,
}

/// The highest and the lowest position that an instrument's open orders could lead to.
fn reach(state: &State, ix: InstrumentIx) -> Result<(Qty, Qty), MoneyError> {
    let (net, totals) = (state.positions.net(ix), state.orders.totals(ix));
    let at_worst = |side| open_at_worst(state, ix, side, &totals, None);
    Ok((net.checked_add(at_worst(Side::Buy)?)?, net.checked_sub(at_worst(Side::Sell)?)?))
}

fn worst(state: &State, ix: InstrumentIx) -> Result<Qty, MoneyError> {
    let (highest, lowest) = reach(state, ix)?;
    Ok(highest.abs().max(lowest.abs()))
}

/// `None` when something that is owned or ordered cannot be valued.
fn exposure(state: &State) -> Result<Option<Exposure>, MoneyError> {
    let (mut gross, mut highest, mut lowest) = (Cash::ZERO, Cash::ZERO, Cash::ZERO);
    for (ix, market) in state.markets.iter() {
        let (high, low) = reach(state, ix)?;
        if high.is_zero() && low.is_zero() {
            continue;
        }
        let Some(price) = market.valuation() else { return Ok(None) };
        let value = |qty| state.to_reporting(market.definition.quote, Cash::notional(price, qty)?);
        let (Some(high), Some(low)) = (value(high)?, value(low)?) else { return Ok(None) };
        gross = gross.checked_add(high.abs().max(low.abs()))?;
        highest = highest.checked_add(high)?;
        lowest = lowest.checked_add(low)?;
    }
    Ok(Some(Exposure { gross, net: highest.abs().max(lowest.abs()) }))
}

impl RiskService {
    /// Every limit that is set, the account's first, then each instrument's in the order of definition. `now` is the
    /// moment of the look, which may be long after the state's last event.
    #[must_use]
    pub fn usage(&self, state: &State, now: Ts) -> Vec<LimitUsage> {
        let mut rows = Rows(Vec::new());
        self.of_account(state, now.max(state.now()), &mut rows);
        for (ix, market) in state.markets.iter() {
            let id = market.definition.instrument;
            of_instrument(state, ix, &self.settings().limits_of(&id), &mut rows);
        }
        rows.0
    }

    fn of_account(&self, state: &State, now: Ts, rows: &mut Rows) {
        let settings = self.settings();
        let is_exposure_needed = settings.max_gross_exposure.is_some()
            || settings.max_net_exposure.is_some()
            || settings.max_leverage.is_some();
        let exposure = if is_exposure_needed { exposure(state) } else { Ok(None) };
        let of_exposure = |value: fn(Exposure) -> Cash| exposure.clone().map(|all| all.map(value));
        let equity = || state.equity();
        rows.measured("max_gross_exposure", None, settings.max_gross_exposure, || {
            of_exposure(|all| all.gross)
        });
        rows.measured("max_net_exposure", None, settings.max_net_exposure, || of_exposure(|all| all.net));
        rows.measured("max_leverage", None, settings.max_leverage, || {
            match (of_exposure(|all| all.gross)?, equity()?) {
                (Some(gross), Some(equity)) if equity.is_positive() => gross.ratio(equity).map(Some),
                _ => Ok(None),
            }
        });
        rows.measured("max_open_orders", None, settings.max_open_orders, || {
            Ok(Some(state.orders.open_count()))
        });
        let loss_from = |from: Cash, equity: Cash| Ok(from.checked_sub(equity)?.max(Cash::ZERO));
        let loss = |from: fn(&State, Cash) -> Cash| {
            equity()?.map(|equity| loss_from(from(state, equity), equity)).transpose()
        };
        rows.measured("max_daily_loss", None, settings.max_daily_loss, || loss(|state, _| day_start(state)));
        rows.measured("max_drawdown", None, settings.max_drawdown, || loss(peak));
        rows.measured("max_drawdown_fraction", None, settings.max_drawdown_fraction, || {
            let Some(equity) = equity()? else { return Ok(None) };
            let peak = peak(state, equity);
            if peak.is_positive() { loss_from(peak, equity)?.ratio(peak).map(Some) } else { Ok(None) }
        });
        let rejects = self.rejects();
        rows.measured("max_consecutive_rejects", None, settings.max_consecutive_rejects, || {
            Ok(Some(rejects))
        });
        let left = |window_ms, limit: Option<u32>| {
            Ok(limit.map(|limit| u32::try_from(self.left_within(now, window_ms, limit)).unwrap_or(limit)))
        };
        let windows = (settings.order_rate_window_ms, settings.order_burst_window_ms);
        rows.measured("order_rate", None, settings.order_rate, || left(windows.0, settings.order_rate));
        rows.measured("order_burst", None, settings.order_burst, || left(windows.1, settings.order_burst));
        rows.single("max_conversion_age_ms", None, settings.max_conversion_age_ms);
        rows.single("max_clock_skew_ms", None, settings.max_clock_skew_ms);
        rows.single("stale_exit_collar", None, settings.stale_exit_collar);
        let oldest = || {
            let ages = state.markets.iter().filter_map(|(_, market)| market.priced_at);
            Ok(ages.map(|at| now.since(at) / 1_000_000).max())
        };
        rows.measured("max_data_age_ms", None, settings.max_data_age_ms, oldest);
    }
}

fn of_instrument(state: &State, ix: InstrumentIx, limits: &Limits, rows: &mut Rows) {
    let market = state.markets.get(ix);
    let id = Some(market.definition.instrument);
    rows.measured("max_position_qty", id, limits.max_position_qty, || worst(state, ix).map(Some));
    rows.measured("max_position_notional", id, limits.max_position_notional, || {
        let Some(price) = market.valuation() else { return Ok(None) };
        Cash::notional(price, worst(state, ix)?).map(Some)
    });
    rows.measured("max_open_orders", id, limits.max_open_orders, || Ok(Some(state.orders.totals(ix).count)));
    rows.single("max_order_qty", id, limits.max_order_qty);
    rows.single("max_order_notional", id, limits.max_order_notional);
    rows.single("price_collar", id, limits.price_collar);
    rows.single("band_collar", id, limits.band_collar);
    rows.single("collar_sides", id, limits.collar_sides);
    rows.single("max_slippage", id, limits.max_slippage);
    rows.single("leverage", id, limits.leverage);
}

//! What risk is told: limits by instrument and for the account, bands, pace, the kill switch.
//!
//! Every limit is off until it is set. Amounts carry their unit in their name or in their description:
//! quantities are in base units, notionals in the instrument's quote asset, account-wide amounts in the
//! reporting asset, fractions as decimals (0.01 is one percent), times in milliseconds of event time.

use std::collections::BTreeMap;
use std::str::FromStr;

use reprise_model::{Cash, InstrumentId, Qty, Rate, TimeOfDay};
use serde::{Deserialize, Serialize};

reprise_model::words! {
    /// Which prices a collar refuses.
    pub enum CollarSides {
        /// Too high and too low, whichever way the order goes.
        Both = "both",
        /// Only those that are worse for the order: too high for a buy, too low for a sale.
        Worse = "worse",
    }
}

reprise_model::words! {
    /// What a breach of a watched limit does to the kill switch.
    pub enum OnLoss {
        /// Only orders that reduce exposure may go.
        ReduceOnly = "reduce_only",
        /// Nothing may go.
        Halt = "halt",
    }
}

reprise_model::words! {
    /// How several bands of one instrument become one.
    pub enum Combine {
        /// The lowest lower and the highest upper bound.
        Widest = "widest",
        /// The highest lower and the lowest upper bound; there is no band while they exclude each other.
        Tightest = "tightest",
    }
}

reprise_model::words! {
    /// How a band is estimated.
    pub enum BandKind {
        /// Mean ± width × sample standard deviation of the last `window` samples.
        Stddev = "stddev",
        /// Exponentially weighted mean ± width × the root of the exponentially weighted variance.
        Ewma = "ewma",
        /// Last close ± width × Wilder's average true range over `window` bars.
        Atr = "atr",
    }
}

/// Why a limit cannot be what it was said to be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// There is no such limit.
    #[error("there is no limit named '{key}'")]
    UnknownKey {
        /// What was said.
        key: String,
    },
    /// The value does not read.
    #[error("'{value}' cannot be the limit '{key}': {reason}")]
    BadValue {
        /// The limit.
        key: String,
        /// What was said.
        value: String,
        /// Why not.
        reason: String,
    },
    /// A limit below zero.
    #[error("the limit '{key}' is {value}; a limit is zero or more, and left out when there is none")]
    Negative {
        /// The limit.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A band that cannot be estimated.
    #[error("band {at} (counted from 0): {reason}")]
    Band {
        /// Its place in `bands`.
        at: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An order rate without its window.
    #[error("{key} is set and its window is 0 ms; say over how long the orders are counted")]
    NoWindow {
        /// The limit.
        key: &'static str,
    },
}

/// Reads a limit from text; `off` is none.
fn put<T: FromStr>(place: &mut Option<T>, key: &str, value: &str) -> Result<(), SettingsError>
where
    T::Err: ToString,
{
    *place = match value {
        "off" => None,
        text => Some(text.parse().map_err(|reason: T::Err| SettingsError::BadValue {
            key: key.to_owned(),
            value: value.to_owned(),
            reason: reason.to_string(),
        })?),
    };
    Ok(())
}

macro_rules! limits {
    ( $( $(#[$doc:meta])* $field:ident : $ty:ty ),* $(,)? ) => {
        /// The limits of one instrument. What is left out is not limited, or as `limits` says for all.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Limits {
            $( $(#[$doc])* pub $field: Option<$ty>, )*
        }

        impl Limits {
            /// The names of all limits of an instrument.
            pub const KEYS: &[&str] = &[$(stringify!($field)),*];

            /// These limits, and for what they leave out those of `base`.
            #[must_use]
            pub fn over(&self, base: &Self) -> Self {
                Self { $( $field: self.$field.or(base.$field), )* }
            }

            /// Sets a limit by its name; the value `off` takes it away.
            ///
            /// # Errors
            /// When there is no such limit or the value does not read.
            pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
                match key {
                    $( stringify!($field) => put(&mut self.$field, key, value), )*
                    _ => Err(SettingsError::UnknownKey { key: key.to_owned() }),
                }
            }
        }
    };
}

limits! {
    /// The largest order, in base units.
    max_order_qty: Qty,
    /// The largest order, in quote units.
    max_order_notional: Cash,
    /// The largest position long or short, open orders at their worst included, in base units.
    max_position_qty: Qty,
    /// The largest position long or short, open orders at their worst included, in quote units at the
    /// valuation price.
    max_position_notional: Cash,
    /// The most orders open at once in the instrument.
    max_open_orders: u32,
    /// How far an order's price may be from the mid, as a fraction of the mid.
    price_collar: Rate,
    /// Refuse prices outside the volatility bands.
    band_collar: bool,
    /// Which prices the collars refuse; `both` when not set.
    collar_sides: CollarSides,
    /// How much worse than the mid a taking order may fill on average, as a fraction of the mid.
    max_slippage: Rate,
    /// Perpetuals: the leverage that initial margin is computed by; the instrument's highest when not set,
    /// 1 when that is not known either. Never more than the instrument allows.
    leverage: Rate,
}

impl Limits {
    fn amounts(&self) -> [(&'static str, Option<Cash>); 7] {
        let qty = |q: Option<Qty>| q.and_then(|q| Cash::parse(&q.to_string()).ok());
        let rate = |r: Option<Rate>| r.and_then(|r| Cash::parse(&r.to_string()).ok());
        [
            ("max_order_qty", qty(self.max_order_qty)),
            ("max_order_notional", self.max_order_notional),
            ("max_position_qty", qty(self.max_position_qty)),
            ("max_position_notional", self.max_position_notional),
            ("price_collar", rate(self.price_collar)),
            ("max_slippage", rate(self.max_slippage)),
            ("leverage", rate(self.leverage)),
        ]
    }
}

/// One band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandSettings {
    /// How it is estimated.
    pub kind: BandKind,
    /// Samples (`stddev`) or bars (`atr`); for `ewma` without `lambda` and `half_life`, the span whose weight
    /// of the newest sample is 2 / (window + 1).
    #[serde(default = "default_window")]
    pub window: u32,
    /// `ewma`: the weight that the past keeps at each sample, above 0 and below 1.
    #[serde(default)]
    pub lambda: Option<f64>,
    /// `ewma`: samples after which a sample's weight has halved; instead of `lambda`.
    #[serde(default)]
    pub half_life: Option<f64>,
    /// Deviations or average true ranges from the middle to each bound.
    #[serde(default = "default_width")]
    pub width: f64,
    /// Length of a sampling interval or bar in milliseconds of event time, cut at multiples of itself since
    /// 1970; 0 samples every quote.
    #[serde(default = "default_interval_ms")]
    pub interval_ms: u64,
    /// Only in these instruments; in all when empty.
    #[serde(default)]
    pub instruments: Vec<InstrumentId>,
}

fn default_window() -> u32 {
    20
}

fn default_width() -> f64 {
    2.0
}

fn default_interval_ms() -> u64 {
    1_000
}

impl Default for BandSettings {
    fn default() -> Self {
        Self {
            kind: BandKind::Stddev,
            window: default_window(),
            lambda: None,
            half_life: None,
            width: default_width(),
            interval_ms: default_interval_ms(),
            instruments: Vec::new(),
        }
    }
}

impl BandSettings {
    /// True when the band is to be estimated in the instrument.
    #[must_use]
    pub fn applies_to(&self, instrument: &InstrumentId) -> bool {
        self.instruments.is_empty() || self.instruments.contains(instrument)
    }

    /// `ewma`: the weight that the past keeps at each sample, from `lambda`, `half_life` or `window`.
    #[must_use]
    pub fn decay(&self) -> f64 {
        match (self.lambda, self.half_life) {
            (Some(lambda), _) => lambda,
            (None, Some(half_life)) => libm::exp2(-1.0 / half_life),
            (None, None) => 1.0 - 2.0 / (f64::from(self.window) + 1.0),
        }
    }

    /// What is wrong with it, if anything is.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let decays = |decay: f64| decay > 0.0 && decay < 1.0;
        if !(self.width.is_finite() && self.width > 0.0) {
            Some("width is a number above 0")
        } else if self.window < 2 && self.kind != BandKind::Atr {
            Some("window is 2 samples or more")
        } else if self.window < 1 {
            Some("window is 1 bar or more")
        } else if self.window > MAX_WINDOW {
            Some("window is 1,000,000 samples or fewer")
        } else if self.kind != BandKind::Ewma && (self.lambda.is_some() || self.half_life.is_some()) {
            Some("lambda and half_life are for ewma")
        } else if self.lambda.is_some() && self.half_life.is_some() {
            Some("lambda and half_life say the same; give one of them")
        } else if self.kind == BandKind::Ewma && !decays(self.decay()) {
            Some("lambda lies between 0 and 1, half_life is above 0")
        } else {
            None
        }
    }
}

/// The longest window of a band.
const MAX_WINDOW: u32 = 1_000_000;

/// All that risk is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskSettings {
    /// When the trading day begins, `HH:MM` in UTC: the loss of the day is counted from then.
    pub day_reset: TimeOfDay,
    /// The limits of every instrument.
    pub limits: Limits,
    /// Limits of single instruments, laid over `limits` field by field.
    pub instruments: BTreeMap<InstrumentId, Limits>,
    /// Volatility bands.
    pub bands: Vec<BandSettings>,
    /// How several bands of one instrument become one.
    pub combine: Combine,
    /// The most that all positions together may be worth, open orders at their worst included, longs and
    /// shorts added up, in the reporting asset.
    pub max_gross_exposure: Option<Cash>,
    /// The most that longs may be worth above shorts or shorts above longs, open orders at their worst
    /// included, in the reporting asset.
    pub max_net_exposure: Option<Cash>,
    /// The highest gross exposure as a multiple of equity.
    pub max_leverage: Option<Rate>,
    /// The most orders open at once in all instruments.
    pub max_open_orders: Option<u32>,
    /// The most that may be lost since the day began, in the reporting asset; watched at every event.
    pub max_daily_loss: Option<Cash>,
    /// The most that equity may fall from its peak, in the reporting asset; watched at every event.
    pub max_drawdown: Option<Cash>,
    /// The most that equity may fall from its peak, as a fraction of the peak; watched at every event.
    pub max_drawdown_fraction: Option<Rate>,
    /// How many new orders the venue may refuse in a row; watched at every event.
    pub max_consecutive_rejects: Option<u32>,
    /// What a breach of a watched limit does.
    pub on_loss: OnLoss,
    /// A breach that halts also flattens.
    pub flatten_on_halt: bool,
    /// The most orders and replacements in any `order_rate_window_ms`.
    pub order_rate: Option<u32>,
    /// The window of `order_rate`, in milliseconds of event time.
    pub order_rate_window_ms: u64,
    /// The most orders and replacements in any `order_burst_window_ms`.
    pub order_burst: Option<u32>,
    /// The window of `order_burst`, in milliseconds of event time; 0 counts those of one moment.
    pub order_burst_window_ms: u64,
    /// How long the same order (strategy, instrument, side, type, prices, quantity) is refused after it was
    /// sent, in milliseconds of event time; 0 never.
    pub duplicate_window_ms: u64,
    /// Refuse orders that would trade with an own resting order.
    pub self_trade: bool,
    /// What may be traded; everything when empty.
    pub allow_list: Vec<InstrumentId>,
    /// Spot may be sold without being owned. Not a key of `[risk]`: the account says it, `account.allow_short`.
    #[serde(skip)]
    pub allow_short: bool,
    /// How much worse than the market a market or stop order is taken to fill, as a fraction of the price,
    /// when funds are held for it.
    pub market_slippage: Rate,
    /// How old the market data may be, in milliseconds of event time.
    pub max_data_age_ms: Option<u64>,
    /// How old a price that converts into the reporting asset may be, in milliseconds of event time; as
    /// `max_data_age_ms` when not set.
    pub max_conversion_age_ms: Option<u64>,
    /// How far the venue's clock may be from ours, in milliseconds; denies where the data does not tell the
    /// venue's time.
    pub max_clock_skew_ms: Option<u64>,
    /// How far on the worse side of the last good mark an exit may be priced, as a fraction of the mark; exits
    /// are held to this bound in place of the collars.
    pub stale_exit_collar: Option<Rate>,
}

impl Default for RiskSettings {
    fn default() -> Self {
        Self {
            day_reset: TimeOfDay::default(),
            limits: Limits::default(),
            instruments: BTreeMap::new(),
            bands: Vec::new(),
            combine: Combine::Widest,
            max_gross_exposure: None,
            max_net_exposure: None,
            max_leverage: None,
            max_open_orders: None,
            max_daily_loss: None,
            max_drawdown: None,
            max_drawdown_fraction: None,
            max_consecutive_rejects: None,
            on_loss: OnLoss::ReduceOnly,
            flatten_on_halt: false,
            order_rate: None,
            order_rate_window_ms: 1_000,
            order_burst: None,
            order_burst_window_ms: 0,
            duplicate_window_ms: 0,
            self_trade: false,
            allow_list: Vec::new(),
            allow_short: false,
            market_slippage: five_percent(),
            max_data_age_ms: None,
            max_conversion_age_ms: None,
            max_clock_skew_ms: None,
            stale_exit_collar: None,
        }
    }
}

fn five_percent() -> Rate {
    Rate::parse("0.05").unwrap_or(Rate::ZERO)
}

impl RiskSettings {
    /// The limits of an instrument.
    #[must_use]
    pub fn limits_of(&self, instrument: &InstrumentId) -> Limits {
        self.instruments.get(instrument).map_or(self.limits, |own| own.over(&self.limits))
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let rate = |r: Option<Rate>| r.and_then(|r| Cash::parse(&r.to_string()).ok());
        let account = [
            ("max_gross_exposure", self.max_gross_exposure),
            ("max_net_exposure", self.max_net_exposure),
            ("max_leverage", rate(self.max_leverage)),
            ("max_daily_loss", self.max_daily_loss),
            ("max_drawdown", self.max_drawdown),
            ("max_drawdown_fraction", rate(self.max_drawdown_fraction)),
            ("market_slippage", rate(Some(self.market_slippage))),
            ("stale_exit_collar", rate(self.stale_exit_collar)),
        ];
        let of_instruments =
            std::iter::once(&self.limits).chain(self.instruments.values()).flat_map(Limits::amounts);
        for (key, value) in account.into_iter().chain(of_instruments) {
            if let Some(value) = value.filter(|value| value.is_negative()) {
                return Err(SettingsError::Negative { key, value: value.to_string() });
            }
        }
        if self.order_rate.is_some() && self.order_rate_window_ms == 0 {
            return Err(SettingsError::NoWindow { key: "order_rate" });
        }
        match self.bands.iter().enumerate().find_map(|(at, band)| Some((at, band.problem()?))) {
            Some((at, reason)) => Err(SettingsError::Band { at, reason }),
            None => Ok(()),
        }
    }

    /// Sets a limit by its name, as an operator does while the engine runs: a name of [`Limits`] for all
    /// instruments or for one, or an account-wide one. The value `off` takes the limit away (an instrument
    /// then follows `limits`). `risk.` and `risk.limits.` before the name may be left out.
    ///
    /// # Errors
    /// When there is no such limit, the value does not read, or a limit would be negative; nothing changes.
    pub fn set(
        &mut self,
        key: &str,
        value: &str,
        instrument: Option<InstrumentId>,
    ) -> Result<(), SettingsError> {
        let key = key.strip_prefix("risk.").unwrap_or(key);
        let mut next = self.clone();
        match (instrument, key.strip_prefix("limits.").unwrap_or(key)) {
            (Some(id), name) => next.instruments.entry(id).or_default().set(name, value)?,
            (None, name) if name != key || (name != "max_open_orders" && Limits::KEYS.contains(&name)) => {
                next.limits.set(name, value)?;
            }
            (None, name) => next.set_account_wide(name, value)?,
        }
        next.validate()?;
        *self = next;
        Ok(())
    }

    fn set_account_wide(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
        match key {
            "max_gross_exposure" => put(&mut self.max_gross_exposure, key, value),
            "max_net_exposure" => put(&mut self.max_net_exposure, key, value),
            "max_leverage" => put(&mut self.max_leverage, key, value),
            "max_open_orders" => put(&mut self.max_open_orders, key, value),
            "max_daily_loss" => put(&mut self.max_daily_loss, key, value),
            "max_drawdown" => put(&mut self.max_drawdown, key, value),
            "max_drawdown_fraction" => put(&mut self.max_drawdown_fraction, key, value),
            "max_consecutive_rejects" => put(&mut self.max_consecutive_rejects, key, value),
            "order_rate" => put(&mut self.order_rate, key, value),
            "order_burst" => put(&mut self.order_burst, key, value),
            "max_data_age_ms" => put(&mut self.max_data_age_ms, key, value),
            "max_conversion_age_ms" => put(&mut self.max_conversion_age_ms, key, value),
            "max_clock_skew_ms" => put(&mut self.max_clock_skew_ms, key, value),
            "stale_exit_collar" => put(&mut self.stale_exit_collar, key, value),
            _ => Err(SettingsError::UnknownKey { key: key.to_owned() }),
        }
    }
}

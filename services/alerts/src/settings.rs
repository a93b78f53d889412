//! What a rule is told: one `[[alerts.rule]]`, and what is wrong with it where something is.

use reprise_model::event::{RuleName, Severity};
use reprise_model::{Cash, InstrumentId, Rate, TimeOfDay};
use serde::{Deserialize, Serialize};

reprise_model::words! {
    /// What a rule watches.
    pub enum RuleKind {
        /// Equity, in the reporting asset.
        Equity = "equity",
        /// Equity less what it was when the trading day began.
        DayPnl = "day_pnl",
        /// Realised profit less fees plus funding since the run began.
        RealizedPnl = "realized_pnl",
        /// The fall from the peak of equity.
        Drawdown = "drawdown",
        /// The kill switch is engaged, tightened, released.
        KillSwitch = "kill_switch",
        /// Every move of what may be traded.
        RiskState = "risk_state",
        /// A watched limit was reached.
        RiskBreach = "risk_breach",
        /// A market is not live for longer than a time, and live again.
        Feed = "feed",
        /// A fill of at least a notional.
        Fill = "fill",
        /// The venue refused so many new orders in a row.
        Rejects = "rejects",
        /// What became of an order is not known.
        OrderUnknown = "order_unknown",
        /// How the run stands, at a time of day.
        DailySummary = "daily_summary",
    }
}

impl RuleKind {
    /// True for the kinds that compare a value with levels.
    #[must_use]
    pub const fn has_levels(self) -> bool {
        matches!(self, Self::Equity | Self::DayPnl | Self::RealizedPnl | Self::Drawdown)
    }

    /// How long the same is not told again when the rule does not say: what has a state of its own changes only
    /// when there is something to tell.
    const fn usual_dedup_s(self) -> u64 {
        match self {
            Self::Fill | Self::Rejects | Self::OrderUnknown | Self::RiskBreach => 60,
            _ => 0,
        }
    }

    const fn usual_severity(self) -> Severity {
        match self {
            Self::KillSwitch | Self::RiskBreach | Self::OrderUnknown => Severity::Critical,
            Self::Fill | Self::DailySummary => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// The parameters that a rule of this kind may have beside those of every rule.
    const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Equity | Self::DayPnl | Self::RealizedPnl => &["above", "below", "hysteresis"],
            Self::Drawdown => &["above", "hysteresis", "above_fraction", "hysteresis_fraction"],
            Self::Feed => &["after_s", "instruments"],
            Self::Fill => &["notional", "instruments"],
            Self::Rejects => &["count"],
            Self::DailySummary => &["at"],
            Self::KillSwitch | Self::RiskState | Self::RiskBreach | Self::OrderUnknown => &[],
        }
    }
}

/// One rule: `[[alerts.rule]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// What it watches.
    pub kind: RuleKind,
    /// Its name, the first part of its alerts' ids; its kind when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RuleName>,
    /// How much its alerts matter; what is over again is told as `info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Levels: told when the value is this or more, in the reporting asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Cash>,
    /// Levels: told when the value is this or less, in the reporting asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Cash>,
    /// Levels: how far the value comes back before that is told, and the level watched again, in the reporting
    /// asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hysteresis: Option<Cash>,
    /// `drawdown`: told when the fall is this fraction of the peak or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_fraction: Option<Rate>,
    /// `drawdown`: the hysteresis of `above_fraction`, as a fraction of the peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hysteresis_fraction: Option<Rate>,
    /// `feed`: told when a market is not live for so many seconds of event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_s: Option<u64>,
    /// `fill`: told when the fill is worth this or more, in the instrument's quote asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional: Option<Cash>,
    /// `rejects`: told when so many new orders in a row were refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// `daily_summary`: when, `HH:MM` in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<TimeOfDay>,
    /// `feed`, `fill`: only these instruments; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<InstrumentId>,
    /// The same is not told again within so many seconds of event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_s: Option<u64>,
    /// The most alerts of the rule in any `rate_window_s`; 30 when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The window of `rate`, in seconds of event time; 3600 when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_window_s: Option<u64>,
}

/// The most alerts in a window when the rule does not say.
const USUAL_RATE: u32 = 30;
/// That window, in seconds.
const USUAL_RATE_WINDOW_S: u64 = 3_600;
const NS_A_SECOND: u64 = 1_000_000_000;

/// A rule that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("alert rule {at} (counted from 0): {reason}")]
pub struct RuleError {
    /// Its place in `alerts.rule`.
    pub at: usize,
    /// The key that is to blame.
    pub key: &'static str,
    /// What is wrong, and what to write instead.
    pub reason: String,
}

impl RuleSettings {
    /// A rule of a kind, with nothing else said.
    #[must_use]
    pub fn of(kind: RuleKind) -> Self {
        Self {
            kind,
            name: None,
            severity: None,
            above: None,
            below: None,
            hysteresis: None,
            above_fraction: None,
            hysteresis_fraction: None,
            after_s: None,
            notional: None,
            count: None,
            at: None,
            instruments: Vec::new(),
            dedup_s: None,
            rate: None,
            rate_window_s: None,
        }
    }

    /// Checks all rules of a configuration.
    ///
    /// # Errors
    /// The first that makes no sense.
    pub fn check_all(rules: &[Self]) -> Result<(), RuleError> {
        for (at, rule) in rules.iter().enumerate() {
            let blame = |(key, reason): (&'static str, String)| RuleError { at, key, reason };
            rule.check().map_err(blame)?;
            let name = rule.full_name();
            if rules[..at].iter().any(|other| other.full_name() == name) {
                let reason = format!("another rule is named '{name}' too; give each a name of its own");
                return Err(blame(("name", reason)));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let known = self.kind.parameters();
        for (key, is_said) in self.said() {
            if is_said && !known.contains(&key) {
                let reason = match known {
                    [] => format!("a rule of kind '{}' takes no '{key}'", self.kind),
                    known => format!("a rule of kind '{}' takes {}", self.kind, known.join(", ")),
                };
                return Err((key, reason));
            }
        }
        if self.rate == Some(0) {
            return Err(("rate", "0 alerts are none at all; leave the rule out instead".to_owned()));
        }
        match self.kind {
            kind if kind.has_levels() => self.check_levels(),
            RuleKind::Feed => {
                need(self.after_s.is_some(), "after_s", "say after how many seconds it is told")
            }
            RuleKind::Fill => need(
                self.notional.is_some_and(|notional| !notional.is_negative()),
                "notional",
                "say from which notional on fills are told, 0 for all",
            ),
            RuleKind::Rejects => need(
                self.count.is_some_and(|count| count > 0),
                "count",
                "say after how many refusals, 1 or more",
            ),
            RuleKind::DailySummary => need(self.at.is_some(), "at", "say when, such as \"00:00\""),
            _ => Ok(()),
        }
    }

    fn check_levels(&self) -> Result<(), (&'static str, String)> {
        let has_amount = self.above.is_some() || self.below.is_some();
        let positive = |amount: Option<Cash>| amount.is_some_and(Cash::is_positive);
        need(has_amount || self.above_fraction.is_some(), "above", "say at which level it is told")?;
        need(
            !has_amount || positive(self.hysteresis),
            "hysteresis",
            "say how far the value must come back, an amount above 0, or a value that trembles would be told again \
             and again",
        )?;
        if let (Some(above), Some(below)) = (self.above, self.below) {
            need(below < above, "below", "it must lie below 'above'")?;
        }
        if let Some(fraction) = self.above_fraction {
            let fits = |rate: Rate| rate > Rate::ZERO && rate <= fraction;
            need(fraction > Rate::ZERO && fraction < Rate::ONE, "above_fraction", "it lies between 0 and 1")?;
            need(
                self.hysteresis_fraction.is_some_and(fits),
                "hysteresis_fraction",
                "say how far the fall must get smaller, above 0 and no more than above_fraction",
            )?;
        }
        Ok(())
    }

    /// The parameters of single kinds, and which of them are said.
    fn said(&self) -> [(&'static str, bool); 10] {
        [
            ("above", self.above.is_some()),
            ("below", self.below.is_some()),
            ("hysteresis", self.hysteresis.is_some()),
            ("above_fraction", self.above_fraction.is_some()),
            ("hysteresis_fraction", self.hysteresis_fraction.is_some()),
            ("after_s", self.after_s.is_some()),
            ("notional", self.notional.is_some()),
            ("count", self.count.is_some()),
            ("at", self.at.is_some()),
            ("instruments", !self.instruments.is_empty()),
        ]
    }

    /// The rule's name.
    #[must_use]
    pub fn full_name(&self) -> RuleName {
        #[expect(clippy::expect_used, reason = "the kinds are short words")]
        self.name.unwrap_or_else(|| RuleName::new(self.kind.as_str()).expect("a kind's word is a name"))
    }

    pub(crate) fn severity(&self) -> Severity {
        self.severity.unwrap_or(self.kind.usual_severity())
    }

    pub(crate) fn watches(&self, instrument: &InstrumentId) -> bool {
        self.instruments.is_empty() || self.instruments.contains(instrument)
    }

    pub(crate) fn dedup_ns(&self) -> u64 {
        self.dedup_s.unwrap_or(self.kind.usual_dedup_s()).saturating_mul(NS_A_SECOND)
    }

    pub(crate) fn rate(&self) -> usize {
        self.rate.unwrap_or(USUAL_RATE) as usize
    }

    pub(crate) fn rate_window_ns(&self) -> u64 {
        self.rate_window_s.unwrap_or(USUAL_RATE_WINDOW_S).saturating_mul(NS_A_SECOND)
    }

    pub(crate) fn after_ns(&self) -> u64 {
        self.after_s.unwrap_or_default().saturating_mul(NS_A_SECOND)
    }
}

fn need(holds: bool, key: &'static str, reason: &str) -> Result<(), (&'static str, String)> {
    if holds { Ok(()) } else { Err((key, reason.to_owned())) }
}

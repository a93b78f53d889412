//! Alerts: what somebody is to be told, and what became of telling them.

use crate::ids::{InstrumentId, OrderId, StrategyId, Ts};
use crate::text::Label;

/// An alert's id, `<rule>-<n>`: the n-th alert of its rule in the run.
pub type AlertId = Label<39>;

/// The name of a rule that raises alerts.
pub type RuleName = Label<23>;

/// Where alerts are told, such as `slack`.
pub type ChannelName = Label<15>;

crate::words! {
    /// How much an alert matters.
    pub enum Severity {
        /// Good to know.
        Info = "info",
        /// To be looked at soon.
        Warning = "warning",
        /// To be looked at now.
        Critical = "critical",
    }
}

crate::object! {
    /// One of an alert's numbers.
    pub struct Figure {
        /// What it is.
        pub name: String,
        /// How much, with its unit.
        pub value: String,
    }
}

crate::object! {
    /// A rule asks for somebody's attention.
    pub struct AlertRaised {
        /// Its id.
        pub alert: AlertId,
        /// The rule.
        pub rule: RuleName,
        /// How much it matters.
        pub severity: Severity,
        /// What happened, in one line.
        pub text: String,
        /// The numbers.
        pub figures: Vec<Figure>,
        /// The instrument it is about, if it is about one.
        pub instrument: Option<InstrumentId>,
        /// The strategy it is about, if it is about one.
        pub strategy: Option<StrategyId>,
        /// The order it is about, if it is about one.
        pub order: Option<OrderId>,
        /// Alerts of the same rule that were held back since the last one.
        pub held_back: Option<u64>,
    }
}

crate::object! {
    /// Record: an alert was delivered.
    pub struct AlertDelivered {
        /// Which alert.
        pub alert: AlertId,
        /// Where.
        pub channel: ChannelName,
        /// Attempts it took in this epoch.
        pub attempts: u32,
        /// Wall time of the answer.
        pub at: Ts,
    }
}

crate::object! {
    /// Record: an alert could not be delivered.
    pub struct AlertFailed {
        /// Which alert.
        pub alert: AlertId,
        /// Where.
        pub channel: ChannelName,
        /// Attempts so far in this epoch.
        pub attempts: u32,
        /// Wall time of the last attempt.
        pub at: Ts,
        /// Why, in words.
        pub reason: String,
        /// True when it is tried again; said once an epoch, and once more when it is given up.
        pub will_retry: bool,
    }
}

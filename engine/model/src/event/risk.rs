//! What risk measured and decided.

use crate::ids::InstrumentId;
use crate::money::Price;
use crate::refusal::Refusal;

crate::words! {
    /// What the kill switch lets through.
    pub enum TradingState {
        /// Everything that passes the limits.
        Active = "active",
        /// Only what provably reduces exposure.
        ReduceOnly = "reduce_only",
        /// Nothing but cancels, and the flattening that was asked for.
        Halted = "halted",
    }
}

crate::words! {
    /// Who moved the kill switch.
    pub enum TrippedBy {
        /// A rule.
        Rule = "rule",
        /// An operator.
        Operator = "operator",
    }
}

crate::object! {
    /// An instrument's volatility bands.
    #[derive(Copy)]
    pub struct RiskBands {
        /// Whose.
        pub instrument: InstrumentId,
        /// Below this the price is out of band, rounded up to the price rule.
        pub lower: Price,
        /// The middle.
        pub middle: Price,
        /// Above this the price is out of band, rounded down to the price rule.
        pub upper: Price,
    }
}

crate::object! {
    /// The kill switch moved.
    pub struct RiskState {
        /// Where it stands now.
        pub state: TradingState,
        /// Who moved it.
        pub by: TrippedBy,
        /// The rule that moved it.
        pub rule: Option<Refusal>,
        /// The operator's reason, or the rule's sentence.
        pub reason: String,
        /// Sell what was bought and buy back what was sold.
        pub flatten: bool,
    }
}

crate::object! {
    /// A limit that is watched at every event was reached.
    pub struct RiskBreach {
        /// Which limit, what was measured, what was allowed.
        @flatten pub refusal: Refusal,
        /// In which instrument, for a limit of one.
        pub instrument: Option<InstrumentId>,
    }
}

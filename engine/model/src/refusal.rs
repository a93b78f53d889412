//! Numbered refusals: why an order did not go, with what was measured and what was allowed.
//!
//! A number never changes its meaning and is never used again. The hundreds group what belongs together.

use crate::codec::{Field, ReadError, Reader, Writer};

macro_rules! codes {
    ($( $(#[doc = $doc:literal])* $variant:ident = $number:literal $rule:literal ),* $(,)?) => {
        /// Why an order was denied or refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( $(#[doc = $doc])* $variant, )*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number, which never changes.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $( Self::$variant => $number, )* }
            }

            /// The rule's name.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $( Self::$variant => $rule, )* }
            }

            /// What the rule says, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),*), )* }
            }
        }
    };
}

codes! {
    /// The price is not on the instrument's tick or has too many significant digits.
    PriceRule = 101 "price_rule",
    /// The quantity is not a positive multiple of the instrument's lot.
    Lot = 102 "lot",
    /// The order's value is below the venue's minimum.
    MinNotional = 103 "min_notional",
    /// The order's terms contradict each other or miss a price.
    Malformed = 104 "malformed",
    /// The venue cannot do this kind of order.
    Unsupported = 105 "unsupported",
    /// A value left the range of exact numbers.
    Overflow = 106 "overflow",
    /// The free balance does not cover the order.
    InsufficientFunds = 201 "insufficient_funds",
    /// A spot sale exceeds what is owned, and short sales are not allowed.
    SpotShort = 202 "spot_short",
    /// The free margin does not cover the order's initial margin.
    InitialMargin = 203 "initial_margin",
    /// Exposure over equity would exceed the leverage allowed.
    MaxLeverage = 204 "max_leverage",
    /// The order is larger than one order may be.
    MaxOrderQty = 301 "max_order_qty",
    /// The order is worth more than one order may be.
    MaxOrderNotional = 302 "max_order_notional",
    /// The price is too far from the market.
    PriceCollar = 303 "price_collar",
    /// The price lies outside the volatility bands.
    BandCollar = 304 "band_collar",
    /// Against the book the order would cost more than the slippage allowed.
    MaxSlippage = 305 "max_slippage",
    /// The position, with all open orders at their worst, would be too large.
    MaxPositionQty = 401 "max_position_qty",
    /// The sum of all exposures would be too large.
    MaxGrossExposure = 402 "max_gross_exposure",
    /// The net of all exposures would be too large.
    MaxNetExposure = 403 "max_net_exposure",
    /// Too many orders are open.
    MaxOpenOrders = 404 "max_open_orders",
    /// The position, with all open orders at their worst, would be worth too much.
    MaxPositionNotional = 405 "max_position_notional",
    /// Too many orders within the rate's window.
    OrderRate = 501 "order_rate",
    /// Too many orders at once.
    OrderBurst = 502 "order_burst",
    /// The same order was sent a moment ago.
    DuplicateOrder = 503 "duplicate_order",
    /// The order would trade with an own order.
    SelfTrade = 504 "self_trade",
    /// There is no price to judge the order by.
    NoMarketData = 601 "no_market_data",
    /// The market data is too old.
    StaleData = 602 "stale_data",
    /// The feed is not live.
    FeedNotLive = 603 "feed_not_live",
    /// The venue's clock and ours are too far apart.
    ClockSkew = 604 "clock_skew",
    /// The volatility bands are not warm yet.
    BandsNotReady = 605 "bands_not_ready",
    /// No fresh rate converts the quote asset into the reporting asset.
    NoConversion = 606 "no_conversion",
    /// The day's loss reached its limit.
    MaxDailyLoss = 701 "max_daily_loss",
    /// The fall from the peak reached its limit.
    MaxDrawdown = 702 "max_drawdown",
    /// The venue refused too many orders in a row.
    MaxConsecutiveRejects = 703 "max_consecutive_rejects",
    /// The instrument is not on the list of what may be traded.
    NotAllowed = 801 "not_allowed",
    /// Only orders that reduce exposure may go.
    ReduceOnlyState = 802 "reduce_only_state",
    /// Trading is halted.
    Halted = 803 "halted",
    /// A reduce-only order would grow or turn the position.
    ReduceOnly = 804 "reduce_only",
    /// The instrument is not defined.
    UnknownInstrument = 805 "unknown_instrument",
    /// A post-only order would have taken liquidity.
    PostOnly = 901 "post_only",
    /// A fill-or-kill order could not be filled whole.
    FillOrKill = 902 "fill_or_kill",
    /// The venue has nothing on the other side.
    NoLiquidity = 903 "no_liquidity",
    /// The order to be canceled or replaced is not open at the venue.
    NotOpen = 904 "not_open",
    /// The order's time was over when it arrived.
    AlreadyExpired = 905 "already_expired",
    /// The venue refused for a reason of its own, given in its words.
    VenueRefused = 906 "venue_refused",
    /// The operator told the engine so.
    Operator = 951 "operator",
}

impl Code {
    /// The code with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.number(), self.rule())
    }
}

impl Field for Code {
    fn write(&self, w: &mut Writer) {
        w.unsigned(u64::from(self.number()));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let number = r.unsigned()?;
        u16::try_from(number)
            .ok()
            .and_then(Self::from_number)
            .ok_or_else(|| ReadError::value(at, "the number of a refusal", number.to_string().as_bytes()))
    }

    fn schema() -> serde_json::Value {
        let numbers: Vec<u16> = Self::ALL.iter().map(|code| code.number()).collect();
        serde_json::json!({"type": "integer", "enum": numbers})
    }
}

crate::object! {
    /// A refusal: the rule, what was measured and what was allowed.
    pub struct Refusal {
        /// The rule's stable number.
        pub code: Code,
        /// The rule's name.
        pub rule: String,
        /// What was measured, where the rule measures something.
        pub measured: Option<String>,
        /// What was allowed, where the rule has a limit.
        pub limit: Option<String>,
    }
}

impl Refusal {
    /// A refusal by a rule that measures nothing.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, rule: code.rule().to_owned(), measured: None, limit: None }
    }

    /// A refusal with what was measured and what was allowed.
    #[must_use]
    pub fn measured(code: Code, measured: impl ToString, limit: impl ToString) -> Self {
        Self {
            code,
            rule: code.rule().to_owned(),
            measured: Some(measured.to_string()),
            limit: Some(limit.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a number is used twice or the table is not sorted, so that a code could change its meaning.
    #[test]
    fn numbers_are_unique_and_sorted() {
        let numbers: Vec<u16> = Code::ALL.iter().map(|c| c.number()).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(numbers, sorted);
    }
}

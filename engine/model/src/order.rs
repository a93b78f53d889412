//! What an order is made of. Terms follow FIX 4.4 (fields named in brackets).

use crate::ids::{InstrumentId, StrategyId, Ts};
use crate::money::{Price, Qty};

crate::words! {
    /// Which way [Side, 54].
    pub enum Side {
        /// Buy.
        Buy = "buy",
        /// Sell.
        Sell = "sell",
    }
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// The quantity as a change of position: positive for a buy, negative for a sell.
    #[must_use]
    pub fn signed(self, qty: Qty) -> Qty {
        match self {
            Self::Buy => qty,
            Self::Sell => qty.neg(),
        }
    }

    /// True when an order of this side limited to `limit` may trade at `price`.
    #[must_use]
    pub fn allows(self, limit: Price, price: Price) -> bool {
        match self {
            Self::Buy => price <= limit,
            Self::Sell => price >= limit,
        }
    }
}

crate::words! {
    /// How an order finds its price [OrdType, 40].
    pub enum OrderType {
        /// At what the market offers, at once; what is not filled is canceled.
        Market = "market",
        /// At the limit price or better.
        Limit = "limit",
        /// A market order once the stop price is reached.
        Stop = "stop",
        /// A limit order once the stop price is reached.
        StopLimit = "stop_limit",
    }
}

crate::words! {
    /// How long an order stays in force [TimeInForce, 59].
    pub enum TimeInForce {
        /// Good till canceled.
        Gtc = "gtc",
        /// Immediate or cancel.
        Ioc = "ioc",
        /// Fill or kill: all at once or nothing.
        Fok = "fok",
        /// Good till the order's `expire_ts`.
        Gtd = "gtd",
    }
}

crate::words! {
    /// Where an order stands [OrdStatus, 39].
    pub enum OrderStatus {
        /// Asked for; risk has not judged it yet.
        Requested = "requested",
        /// Refused by risk; it never left.
        Denied = "denied",
        /// Approved by risk; the venue has not answered yet [Pending New].
        Submitted = "submitted",
        /// Working at the venue [New].
        Accepted = "accepted",
        /// Working, and filled in part [Partially filled].
        PartiallyFilled = "partially_filled",
        /// Filled whole [Filled].
        Filled = "filled",
        /// A cancel is on its way [Pending Cancel].
        PendingCancel = "pending_cancel",
        /// A replace is on its way [Pending Replace].
        PendingReplace = "pending_replace",
        /// Canceled; the rest will not be filled [Canceled].
        Canceled = "canceled",
        /// Refused by the venue [Rejected].
        Rejected = "rejected",
        /// Its time ran out [Expired].
        Expired = "expired",
        /// Its fate is not known; it counts at its worst case until the venue gives evidence.
        Unknown = "unknown",
    }
}

impl OrderStatus {
    /// True when nothing more is expected to happen to the order.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Denied | Self::Filled | Self::Canceled | Self::Rejected | Self::Expired => true,
            Self::Requested
            | Self::Submitted
            | Self::Accepted
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingReplace
            | Self::Unknown => false,
        }
    }

    /// True when the order can be at the venue, or on its way there.
    #[must_use]
    pub const fn is_at_venue(self) -> bool {
        !self.is_terminal() && !matches!(self, Self::Requested)
    }
}

crate::words! {
    /// Which request a venue's refusal answers.
    pub enum RequestOf {
        /// The order itself.
        New = "new",
        /// A cancel [Order Cancel Reject, CxlRejResponseTo = 1].
        Cancel = "cancel",
        /// A replace [Order Cancel Reject, CxlRejResponseTo = 2].
        Replace = "replace",
    }
}

crate::words! {
    /// Whether a fill gave liquidity or took it [LastLiquidityInd, 851].
    pub enum Liquidity {
        /// The order rested and was hit.
        Maker = "maker",
        /// The order hit what rested.
        Taker = "taker",
    }
}

crate::words! {
    /// Who asked for an order.
    pub enum OrderOrigin {
        /// A strategy.
        Strategy = "strategy",
        /// The engine, on behalf of a bracket of a strategy's order.
        Bracket = "bracket",
        /// The kill switch, to flatten.
        KillSwitch = "kill_switch",
        /// The venue: a liquidation, or an order that someone else placed on the account.
        Venue = "venue",
    }
}

crate::words! {
    /// What an order is to its group.
    pub enum GroupRole {
        /// One cancels the other [ContingencyType, 1385 = 1 in FIX 5.0].
        Oco = "oco",
        /// The exit of a bracket that takes the profit.
        TakeProfit = "take_profit",
        /// The exit of a bracket that stops the loss.
        StopLoss = "stop_loss",
    }
}

crate::object! {
    /// Orders of which the fill of one ends the others.
    #[derive(Copy)]
    pub struct OrderGroup {
        /// The group's number: the number of the order that opened it.
        pub id: u32,
        /// What this order is to the group.
        pub role: GroupRole,
    }
}

crate::object! {
    /// What is asked for when an order is requested.
    pub struct NewOrder {
        /// The strategy instance that will own the fills.
        pub strategy: StrategyId,
        /// What to trade.
        pub instrument: InstrumentId,
        /// Which way.
        pub side: Side,
        /// How it finds its price.
        pub order_type: OrderType,
        /// How long it stays in force.
        pub time_in_force: TimeInForce,
        /// How much, in base units.
        pub qty: Qty,
        /// The limit price of a limit or stop-limit order, in quote units per base unit.
        pub price: Option<Price>,
        /// The trigger of a stop or stop-limit order.
        pub stop_price: Option<Price>,
        /// When a good-till-date order expires, Unix nanoseconds.
        pub expire_ts: Option<Ts>,
        /// Refuse rather than take liquidity.
        pub post_only: bool,
        /// Refuse rather than grow or turn the position.
        pub reduce_only: bool,
        /// The group whose members end each other.
        pub group: Option<OrderGroup>,
        /// Bracket: once filled, the engine places this limit exit beside the stop.
        pub take_profit: Option<Price>,
        /// Bracket: once filled, the engine places this stop exit beside the limit.
        pub stop_loss: Option<Price>,
        /// Who asked.
        pub origin: OrderOrigin,
        /// The asker's own count of its orders in this instrument; keys the random draws of the paper venue.
        pub intent: u32,
        /// The signal, in the asker's words.
        pub note: Option<String>,
    }
}

//! What an order is made of. Terms follow FIX 4.4 (fields named behind "FIX:").

use crate::ids::{InstrumentId, OrderId, StrategyId, Ts};
use crate::money::{Price, Qty};

crate::words! {
    /// Which way (FIX: Side, 54).
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
    /// How an order finds its price (FIX: OrdType, 40).
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
    /// How long an order stays in force (FIX: TimeInForce, 59).
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
    /// Where an order stands (FIX: OrdStatus, 39).
    pub enum OrderStatus {
        /// Asked for; risk has not judged it yet.
        Requested = "requested",
        /// Refused by risk; it never left.
        Denied = "denied",
        /// Approved by risk; the venue has not answered yet (FIX: Pending New).
        Submitted = "submitted",
        /// Working at the venue (FIX: New).
        Accepted = "accepted",
        /// Working, and filled in part (FIX: Partially filled).
        PartiallyFilled = "partially_filled",
        /// Filled whole (FIX: Filled).
        Filled = "filled",
        /// A cancel is on its way (FIX: Pending Cancel).
        PendingCancel = "pending_cancel",
        /// A replace is on its way (FIX: Pending Replace).
        PendingReplace = "pending_replace",
        /// Canceled; the rest will not be filled (FIX: Canceled).
        Canceled = "canceled",
        /// Refused by the venue (FIX: Rejected).
        Rejected = "rejected",
        /// Its time ran out (FIX: Expired).
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
        /// A cancel (FIX: Order Cancel Reject, CxlRejResponseTo = 1).
        Cancel = "cancel",
        /// A replace (FIX: Order Cancel Reject, CxlRejResponseTo = 2).
        Replace = "replace",
    }
}

crate::words! {
    /// Whether a fill gave liquidity or took it (FIX: LastLiquidityInd, 851).
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
        /// One cancels the other (FIX: ContingencyType, 1385 = 1 in FIX 5.0).
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

/// The name of a set of orders of which the fill of one ends the others.
///
/// Plain one-cancels-the-other orders share their group's number. The exits of a bracket carry the number of
/// its entry, and an entry that is filled in parts has a pair of exits for each part; the two of a pair are
/// asked for one right after the other, take-profit first, so the take-profit's number names the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct GroupKey {
    opened_by: u32,
    pair: u32,
}

impl GroupKey {
    /// The key of an order, `None` for one that stands alone.
    #[must_use]
    pub fn of(id: OrderId, terms: &NewOrder) -> Option<Self> {
        let group = terms.group?;
        let pair = match group.role {
            GroupRole::Oco => 0,
            GroupRole::TakeProfit => id.n,
            GroupRole::StopLoss => id.n.saturating_sub(1),
        };
        Some(Self { opened_by: group.id, pair })
    }
}

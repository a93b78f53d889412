//! Positions and money.

use crate::ids::{Asset, InstrumentId, StrategyId, Ts};
use crate::money::{Cash, Qty};

crate::words! {
    /// Why a position changed.
    pub enum PositionReason {
        /// Orders were filled.
        Fill = "fill",
        /// A funding interval ended.
        Funding = "funding",
    }
}

crate::object! {
    /// A strategy's position in an instrument after everything an event led to.
    #[derive(Copy)]
    pub struct PositionChanged {
        /// In what.
        pub instrument: InstrumentId,
        /// Whose.
        pub strategy: StrategyId,
        /// Why.
        pub reason: PositionReason,
        /// Base units; negative is short.
        pub qty: Qty,
        /// What the position cost in all, in quote units; negative for a short.
        pub cost: Cash,
        /// Profit realised so far, gross of fees, in quote units.
        pub realized: Cash,
        /// Fees paid so far, in quote units (fees in base at their fill's price).
        pub fees: Cash,
        /// Funding received so far, in quote units; negative was paid.
        pub funding: Cash,
    }
}

crate::object! {
    /// What the account has of one asset.
    #[derive(Copy)]
    pub struct Balance {
        /// Of which asset.
        pub asset: Asset,
        /// In all.
        pub total: Cash,
        /// Of it held by open orders.
        pub held: Cash,
    }
}

crate::object! {
    /// The account after everything an event led to.
    pub struct AccountChanged {
        /// What changed, by asset.
        pub balances: Vec<Balance>,
        /// In the reporting asset; left out when it cannot be valued.
        pub equity: Option<Cash>,
        /// The highest equity so far, without transfers.
        pub peak: Option<Cash>,
        /// Equity at the start of the day, without transfers.
        pub day_start: Option<Cash>,
        /// When that day started.
        pub day_ts: Option<Ts>,
    }
}

crate::words! {
    /// Why money moved without a trade.
    pub enum TransferReason {
        /// From outside.
        Deposit = "deposit",
        /// To outside.
        Withdrawal = "withdrawal",
        /// Interest or a reward.
        Interest = "interest",
    }
}

crate::object! {
    /// Money moved without a trade.
    #[derive(Copy)]
    pub struct AccountTransferred {
        /// Of which asset.
        pub asset: Asset,
        /// How much came in; negative went out.
        pub amount: Cash,
        /// Why.
        pub reason: TransferReason,
    }
}

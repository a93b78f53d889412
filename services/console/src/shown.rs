//! What is shown: rows with exact numbers. Their JSON and its schema follow from the declarations.

use reprise_model::event::{FeedState, RuleName, RunMode, Severity, TradingState};
use reprise_model::{
    Asset, Cash, InstrumentId, OrderId, OrderOrigin, OrderStatus, OrderType, Price, Qty, Seq, Side,
    StrategyId, TimeInForce, Ts,
};

reprise_model::words! {
    /// Where the run is in its life.
    pub enum Phase {
        /// It takes facts in.
        Running = "running",
        /// It was told to end and settles.
        Ending = "ending",
        /// It is over, and is only looked at.
        Finished = "finished",
    }
}

reprise_model::words! {
    /// What strategies may do.
    pub enum Strategies {
        /// They ask for orders.
        Running = "running",
        /// An operator has paused them.
        Paused = "paused",
    }
}

reprise_model::object! {
    /// How the run stands.
    pub struct Status {
        /// The run's id, the name of its folder.
        pub run: String,
        /// The engine's version.
        pub engine: String,
        /// What the run does.
        pub mode: RunMode,
        /// Where the run is in its life.
        pub phase: Phase,
        /// What the kill switch lets through.
        pub trading: TradingState,
        /// Why, when the kill switch was moved since this process began to watch.
        pub trading_reason: Option<String>,
        /// What strategies may do.
        pub strategies: Strategies,
        /// The worst state of any feed; left out when none has said anything.
        pub feed: Option<FeedState>,
        /// The last sequence number.
        pub seq: Seq,
        /// The last sequence number that is known to be on disk; 0 where nothing is synced.
        pub durable: Seq,
        /// The engine's time, Unix nanoseconds.
        pub ts: Ts,
        /// Inputs stepped so far.
        pub inputs: u64,
        /// Market events that wait.
        pub waiting: u64,
        /// Market events that feeds offered in this epoch.
        pub offered: u64,
        /// Market events that were merged into others in this epoch.
        pub conflated: u64,
        /// Orders submitted in this epoch.
        pub orders: u64,
        /// Fills in this epoch.
        pub fills: u64,
        /// Orders denied in this epoch.
        pub denied: u64,
        /// Orders that are open.
        pub open_orders: u32,
        /// Equity in the reporting asset; left out when something that is owned cannot be priced.
        pub equity: Option<Cash>,
    }
}

reprise_model::object! {
    /// An open order.
    pub struct OrderRow {
        /// Its id.
        pub order: OrderId,
        /// Whose it is.
        pub strategy: StrategyId,
        /// What is traded.
        pub instrument: InstrumentId,
        /// Which way.
        pub side: Side,
        /// How it finds its price.
        pub order_type: OrderType,
        /// How long it stays in force.
        pub time_in_force: TimeInForce,
        /// Where it stands.
        pub status: OrderStatus,
        /// How much, in base units.
        pub qty: Qty,
        /// Executed so far, in base units.
        pub filled: Qty,
        /// The limit price, in quote units.
        pub price: Option<Price>,
        /// The trigger, in quote units.
        pub stop_price: Option<Price>,
        /// It may only reduce a position. Left out when not.
        pub reduce_only: bool,
        /// Who asked for it.
        pub origin: OrderOrigin,
        /// When it was requested.
        pub requested_at: Ts,
    }
}

reprise_model::object! {
    /// A strategy's position in an instrument.
    pub struct PositionRow {
        /// In what.
        pub instrument: InstrumentId,
        /// Whose.
        pub strategy: StrategyId,
        /// Base units; negative is short.
        pub qty: Qty,
        /// What it cost in all, in quote units.
        pub cost: Cash,
        /// The average price, rounded, for display.
        pub average: Option<Price>,
        /// The price at which it is valued.
        pub mark: Option<Price>,
        /// What it is worth, in quote units.
        pub value: Option<Cash>,
        /// Profit not yet realised, in quote units.
        pub unrealized: Option<Cash>,
        /// Profit realised so far, gross of fees, in quote units.
        pub realized: Cash,
        /// Fees paid so far, in quote units.
        pub fees: Cash,
        /// Funding received so far, in quote units.
        pub funding: Cash,
    }
}

reprise_model::object! {
    /// A limit that is set, and how much of it is used.
    pub struct LimitRow {
        /// Its name, as set-limit takes it.
        pub key: String,
        /// Whose limit it is; left out for the account's.
        pub instrument: Option<InstrumentId>,
        /// What is allowed.
        pub limit: String,
        /// What is measured now; left out for limits on single orders and for what cannot be valued.
        pub used: Option<String>,
        /// The head-room: what is left of it, negative beyond the limit.
        pub room: Option<String>,
        /// How much of it is used, in percent, at most 999.
        pub percent: Option<u32>,
    }
}

reprise_model::object! {
    /// What the account has of one asset.
    pub struct BalanceRow {
        /// Of which asset.
        pub asset: Asset,
        /// In all.
        pub total: Cash,
        /// Of it held by open orders.
        pub held: Cash,
    }
}

reprise_model::object! {
    /// The account, in its reporting asset.
    pub struct AccountView {
        /// The reporting asset.
        pub asset: Asset,
        /// Equity now; left out when something that is owned cannot be priced.
        pub equity: Option<Cash>,
        /// Equity at the start.
        pub opening: Cash,
        /// The highest equity so far.
        pub peak: Option<Cash>,
        /// Equity at the start of the trading day.
        pub day_start: Option<Cash>,
        /// Profit since the start.
        pub profit: Option<Cash>,
        /// Profit since the start of the trading day.
        pub day_profit: Option<Cash>,
        /// The fall from the peak.
        pub drawdown: Option<Cash>,
        /// Every balance.
        pub balances: Vec<BalanceRow>,
    }
}

reprise_model::object! {
    /// What is known of an instrument's market.
    pub struct MarketRow {
        /// The instrument.
        pub instrument: InstrumentId,
        /// How its feed stands; left out for recordings that do not say.
        pub feed: Option<FeedState>,
        /// The best bid.
        pub bid: Option<Price>,
        /// The best ask.
        pub ask: Option<Price>,
        /// The middle of the last good quote.
        pub mid: Option<Price>,
        /// The price at which positions are valued.
        pub mark: Option<Price>,
        /// Below this the price is out of band.
        pub lower: Option<Price>,
        /// Above this the price is out of band.
        pub upper: Option<Price>,
        /// How old the last price is, in milliseconds.
        pub age_ms: Option<u64>,
        /// The account's net position, in base units.
        pub net: Qty,
    }
}

reprise_model::object! {
    /// How long one stage of an event takes.
    pub struct StageRow {
        /// The stage.
        pub stage: String,
        /// How often it was measured.
        pub count: u64,
        /// Half of them took less, in nanoseconds.
        pub p50_ns: u64,
        /// 99 of 100 took less, in nanoseconds.
        pub p99_ns: u64,
        /// 999 of 1000 took less, in nanoseconds.
        pub p999_ns: u64,
        /// The longest, in nanoseconds.
        pub max_ns: u64,
    }
}

reprise_model::object! {
    /// Everything that is shown of one moment.
    pub struct Snapshot {
        /// How the run stands.
        pub status: Status,
        /// The open orders.
        pub orders: Vec<OrderRow>,
        /// The positions.
        pub positions: Vec<PositionRow>,
        /// The limits that are set.
        pub limits: Vec<LimitRow>,
        /// The account.
        pub account: AccountView,
        /// The markets.
        pub markets: Vec<MarketRow>,
        /// The stages of an event's way.
        pub latency: Vec<StageRow>,
    }
}

reprise_model::object! {
    /// An order that risk refused.
    pub struct DenialRow {
        /// The event's number.
        pub seq: Seq,
        /// When.
        pub ts: Ts,
        /// Which order.
        pub order: OrderId,
        /// Whose it was.
        pub strategy: Option<StrategyId>,
        /// What was to be traded.
        pub instrument: Option<InstrumentId>,
        /// Which way.
        pub side: Option<Side>,
        /// How much, in base units.
        pub qty: Option<Qty>,
        /// The rule's number.
        pub code: u16,
        /// The rule's name.
        pub rule: String,
        /// What it means.
        pub meaning: String,
        /// What was measured.
        pub measured: Option<String>,
        /// What was allowed.
        pub limit: Option<String>,
    }
}

reprise_model::object! {
    /// An execution.
    pub struct FillRow {
        /// The event's number.
        pub seq: Seq,
        /// When.
        pub ts: Ts,
        /// Of which order.
        pub order: OrderId,
        /// Whose it was.
        pub strategy: Option<StrategyId>,
        /// What was traded.
        pub instrument: Option<InstrumentId>,
        /// Which way.
        pub side: Option<Side>,
        /// How much, in base units.
        pub qty: Qty,
        /// At which price, in quote units.
        pub price: Price,
        /// What the venue took for it.
        pub fee: Cash,
        /// In which asset.
        pub fee_asset: Asset,
    }
}

reprise_model::object! {
    /// Something that wants a person's eye.
    pub struct AlertRow {
        /// The event's number.
        pub seq: Seq,
        /// When.
        pub ts: Ts,
        /// The event's kind.
        pub kind: String,
        /// What happened, in words.
        pub text: String,
        /// The rule that raised it; left out for what wants an eye without a rule.
        pub rule: Option<RuleName>,
        /// How much it matters, if a rule raised it.
        pub severity: Option<Severity>,
    }
}

reprise_model::object! {
    /// Equity at a moment.
    #[derive(Copy)]
    pub struct EquityPoint {
        /// When.
        pub ts: Ts,
        /// Equity in the reporting asset.
        pub equity: Cash,
        /// The fall from the peak.
        pub drawdown: Cash,
    }
}

reprise_model::object! {
    /// An instrument's price at a moment.
    #[derive(Copy)]
    pub struct PricePoint {
        /// When.
        pub ts: Ts,
        /// The middle of the quote.
        pub mid: Price,
        /// Below this the price is out of band.
        pub lower: Option<Price>,
        /// Above this the price is out of band.
        pub upper: Option<Price>,
    }
}

reprise_model::object! {
    /// What an operator's command has become: an event in the journal.
    pub struct Commanded {
        /// The number of the `operator.command` in the journal.
        pub seq: Seq,
        /// The command.
        pub command: String,
        /// Who gave it.
        pub by: String,
        /// Why.
        pub reason: String,
    }
}

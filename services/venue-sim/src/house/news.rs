//! What a house tells its connections.

use std::sync::Arc;

use reprise_model::event::Level;
use reprise_model::{Cash, Outcome, Price, Rate, Side, Ts};

use crate::exchange::AccountIx;
use crate::ledger::{FillRecord, OrderRecord};
use crate::tape::{Day, TapeTrade};

/// How a displayed level changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelChange {
    /// Which side of the book.
    pub side: Side,
    /// The level as it is now; quantity 0 when it is gone.
    pub level: Level,
}

/// What happened in a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketEvent {
    /// The instrument was listed, or its definition changed.
    Listed,
    /// A quote or a book came.
    Levels,
    /// Others traded.
    Trade(TapeTrade),
    /// The mark or the oracle price changed.
    Mark,
    /// A funding interval ended.
    Funding {
        /// The rate of the interval.
        rate: Rate,
        /// The price on which it was paid.
        oracle: Option<Price>,
    },
    /// A bar closed.
    Bar,
}

/// News of a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketNews {
    /// Counts up by one with each event; compare with [`super::House::news_number`] to tell what a snapshot
    /// holds already.
    pub number: u64,
    /// When.
    pub ts: Ts,
    /// The instrument's place among the house's listings.
    pub listing: usize,
    /// The venue's name of it.
    pub name: Arc<str>,
    /// What happened.
    pub event: MarketEvent,
    /// The best bid after it.
    pub bid: Option<Level>,
    /// The best ask after it.
    pub ask: Option<Level>,
    /// True when it changed the best bid or ask.
    pub top_changed: bool,
    /// How it changed the displayed levels.
    pub changes: Vec<LevelChange>,
    /// The day's statistics after a trade.
    pub day: Option<Day>,
}

/// News of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountNews {
    /// Counts up by one with each news of an account; compare with [`super::House::account_news_number`] to tell
    /// what a snapshot holds already.
    pub number: u64,
    /// Whose.
    pub account: AccountIx,
    /// When.
    pub ts: Ts,
    /// What; `None` when a stop was triggered.
    pub outcome: Option<Outcome>,
    /// The order it is about, as it is after it.
    pub order: Option<Arc<OrderRecord>>,
    /// What that order takes out of the free balance now.
    pub held: Cash,
    /// The fill, when it is one.
    pub fill: Option<Arc<FillRecord>>,
}

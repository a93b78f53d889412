//! What the venues' frames say, in terms that are the same for all: a frame in, items out. Nothing is remembered
//! here, so that what follows from an item is decided in one place, the session.

mod coinbase;
mod hyperliquid;
mod text;

use std::fmt::Debug;

use reprise_model::event::{BookAction, Level};
use reprise_model::{Label, Price, Qty, Side, Ts};

pub(crate) use coinbase::CoinbaseDialect;
pub(crate) use hyperliquid::HyperliquidDialect;

/// A venue's way to say things.
pub(crate) trait Dialect: Debug + Send {
    /// The venue in instrument names.
    fn venue(&self) -> &'static str;

    /// Reads a frame into `frame`, which is empty. What cannot be read is an item too.
    fn read<'a>(&self, text: &'a str, frame: &mut Frame<'a>);

    /// What is said first on a connection.
    fn greeting(&self) -> Vec<String>;

    /// The messages that begin or end everything about these symbols.
    fn requests(&self, request: Request, symbols: &[&str]) -> Vec<String>;

    /// What keeps a connection alive, and how often it is said, in nanoseconds.
    fn ping(&self) -> Option<(&'static str, u64)>;

    /// How fast messages may be sent.
    fn pace(&self) -> Pace;
}

/// What is asked about a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Subscribe,
    Unsubscribe,
}

impl Request {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// So many messages at once at most, and one more each so many nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub burst: u32,
    pub every_ns: u64,
}

/// What a frame says.
#[derive(Debug, Default)]
pub(crate) struct Frame<'a> {
    /// The frame's place among others, where the venue numbers them.
    pub number: Option<Number>,
    pub items: Vec<Item<'a>>,
}

/// A frame's place among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    /// What is counted together: a channel, or nothing for the whole connection.
    pub channel: Option<String>,
    pub n: u64,
}

/// One thing a frame says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item<'a> {
    Book(BookSaid<'a>),
    Quote(QuoteSaid<'a>),
    Trades(TradesSaid<'a>),
    Mark {
        symbol: &'a str,
        mark: Option<Price>,
        oracle: Option<Price>,
    },
    /// The venue refused something, in its words.
    Refusal(&'a str),
    /// Only a sign of life: a heartbeat, a pong, an answer to a subscription.
    Life,
    /// Sound, but of a kind that is not known, or about something that was not asked for.
    Unknown,
    /// Not readable.
    Unreadable {
        lost: Lost<'a>,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookSaid<'a> {
    pub symbol: &'a str,
    pub action: BookAction,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    pub venue_ts: Option<Ts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuoteSaid<'a> {
    pub symbol: &'a str,
    pub bid: Option<Level>,
    pub ask: Option<Level>,
    pub venue_ts: Option<Ts>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TradesSaid<'a> {
    pub symbol: &'a str,
    /// The venue says that they are from before the subscription.
    pub old: bool,
    pub prints: Vec<Print>,
}

/// A trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Print {
    pub id: Label<39>,
    pub price: Price,
    pub qty: Qty,
    /// The aggressor's.
    pub side: Side,
    pub venue_ts: Option<Ts>,
}

/// What may have been lost with a frame that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost<'a> {
    /// Nothing that anything is built upon.
    Little,
    /// Something of this symbol's book or quote.
    Of(&'a str),
    /// Something of anybody's.
    Anything,
}

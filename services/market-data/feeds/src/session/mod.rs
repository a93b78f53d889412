//! The session with a venue, as a pure machine: it is told what happened and when, and answers what to do.
//!
//! It reads no clock, opens no socket and draws no chance but from its seed, so the same things told give the same
//! answers: that is how it is tested, and how captured frames become the same events again.

mod backoff;
mod followed;
mod life;
mod outbox;
mod reading;
mod sequence;
mod status;
mod tape;

use reprise_model::{Input, Instrument, QuoteSource, Ts};

use crate::dialect::{CoinbaseDialect, Dialect, HyperliquidDialect};
use crate::settings::{CoinbaseSettings, FeedSettings, HyperliquidSettings, QuoteOrigin, Timing};
use backoff::Backoff;
use followed::{Followed, QuoteRule, Wants};
use outbox::Outbox;
use sequence::Sequence;
use status::Told as StatusTold;

const NS_A_MS: u64 = 1_000_000;

/// An instrument as the venue lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The venue's name for it, as in the settings.
    pub symbol: String,
    /// What market messages call it; another name where one product stands for several.
    pub heard_as: String,
    /// Its definition. Where its best bid and ask come from is the session's to say.
    pub definition: Instrument,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// The feed starts.
    Started {
        /// What the waits between attempts are drawn from.
        seed: u64,
    },
    /// The venue's definitions came.
    Defined(Vec<Listing>),
    /// They did not.
    Undefined {
        /// Why not.
        why: String,
    },
    /// The connection stands.
    Connected,
    /// A text frame came.
    Frame(&'a str),
    /// The connection ended, or could not be made.
    Closed {
        /// The WebSocket close code, if there was one.
        code: Option<u16>,
        /// What is known of the reason.
        why: String,
    },
    /// Time passed.
    Tick,
    /// The feed stops.
    Stopped,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Fetch the venue's definitions; to be answered with [`Told::Defined`] or [`Told::Undefined`].
    Define,
    /// Connect; to be answered with [`Told::Connected`] or [`Told::Closed`].
    Connect,
    /// Send a text frame.
    Send(String),
    /// Hand on an event, received at the time that was told.
    Emit(Input),
    /// Give the connection up. Nothing is told about it any more.
    Disconnect {
        /// Why.
        why: String,
    },
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Text frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Events handed on.
    pub events: u64,
    /// Losses that were seen.
    pub gaps: u64,
    /// Attempts to connect after the first.
    pub reconnects: u64,
    /// Frames, books and quotes that came late or again, and trades that were there already.
    pub duplicates: u64,
    /// Frames or parts of them that could not be read.
    pub malformed: u64,
    /// Frames or parts of them of kinds that are not known, or about what was not asked for.
    pub unknown: u64,
    /// Error frames.
    pub refusals: u64,
}

/// How the session stands with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Not connected; the next attempt is at this time.
    Idle { at: Ts },
    /// An attempt is on its way.
    Connecting,
    /// Connected.
    Open(Open),
    /// Nothing more happens.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    since: Ts,
    /// When a frame came last.
    heard: Ts,
    /// When a ping was sent last.
    pinged: Ts,
    /// Nothing came for too long.
    silent: bool,
    /// Since when an instrument was live.
    good_since: Option<Ts>,
}

/// A feed's session.
#[derive(Debug)]
pub struct Session {
    dialect: Box<dyn Dialect>,
    symbols: Vec<String>,
    wants: Wants,
    quote_source: QuoteSource,
    timing: Timing,
    link: Link,
    backoff: Backoff,
    definitions: Definitions,
    outbox: Outbox,
    sequence: Sequence,
    followed: Vec<Followed>,
    status: StatusTold,
    counts: Counts,
    /// There was an attempt to connect.
    attempted: bool,
    /// It was said that no data comes.
    complained: bool,
}

/// How it stands with the venue's definitions.
#[derive(Debug)]
struct Definitions {
    /// They are on their way.
    asked: bool,
    /// When they came.
    came_at: Option<Ts>,
    /// When to ask again; never unless there are none at all.
    again_at: Ts,
    backoff: Backoff,
}

impl Session {
    /// A session that was told nothing yet; the first thing to tell is [`Told::Started`].
    #[must_use]
    pub fn new(settings: &FeedSettings) -> Self {
        match settings {
            FeedSettings::Coinbase(settings) => Self::coinbase(settings),
            FeedSettings::Hyperliquid(settings) => Self::hyperliquid(settings),
        }
    }

    fn coinbase(settings: &CoinbaseSettings) -> Self {
        let rule = match settings.quotes_from() {
            QuoteOrigin::Level2 => QuoteRule::Top,
            QuoteOrigin::Ticker => QuoteRule::SaidOrTop,
        };
        let wants = Wants {
            quotes: settings.channels.quotes.then_some(rule),
            books: settings.channels.books,
            late_by_time: false,
            requote_ns: settings.timing.requote_ms.saturating_mul(NS_A_MS),
        };
        let dialect = Box::new(CoinbaseDialect::new(settings));
        Self::with(dialect, settings.products.clone(), wants, settings.timing)
    }

    fn hyperliquid(settings: &HyperliquidSettings) -> Self {
        let wants = Wants {
            quotes: settings.channels.quotes.then_some(QuoteRule::SaidOrTop),
            books: settings.channels.books,
            late_by_time: true,
            requote_ns: settings.timing.requote_ms.saturating_mul(NS_A_MS),
        };
        let dialect = Box::new(HyperliquidDialect::new(settings));
        Self::with(dialect, settings.coins.clone(), wants, settings.timing)
    }

    fn with(dialect: Box<dyn Dialect>, symbols: Vec<String>, wants: Wants, timing: Timing) -> Self {
        Self {
            outbox: Outbox::new(dialect.pace()),
            dialect,
            symbols,
            wants,
            quote_source: match wants.books && wants.quotes.is_none() {
                true => QuoteSource::Book,
                false => QuoteSource::Quotes,
            },
            timing,
            link: Link::Idle { at: Ts::NEVER },
            backoff: Backoff::new(0),
            definitions: Definitions {
                asked: false,
                came_at: None,
                again_at: Ts::NEVER,
                backoff: Backoff::new(0),
            },
            sequence: Sequence::default(),
            followed: Vec::new(),
            status: StatusTold::default(),
            counts: Counts::default(),
            attempted: false,
            complained: false,
        }
    }

    /// The venue in instrument names.
    #[must_use]
    pub fn venue(&self) -> &'static str {
        self.dialect.venue()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes what happened at `now` and appends what is to be done.
    ///
    /// A [`Told::Tick`] before [`Self::wake_at`] changes nothing.
    pub fn tell(&mut self, now: Ts, told: Told<'_>, out: &mut Vec<Action>) {
        let before = out.len();
        match told {
            Told::Started { seed } => self.on_started(seed, out),
            Told::Defined(listings) => self.on_defined(now, listings, out),
            Told::Undefined { why } => self.on_undefined(now, &why),
            Told::Connected => self.on_connected(now, out),
            Told::Frame(text) => self.on_frame(now, text, out),
            Told::Closed { code, why } => self.on_closed(now, code, &why, out),
            Told::Tick => self.on_tick(now, out),
            Told::Stopped => self.on_stopped(out),
        }
        self.send_what_may_be_sent(now, out);
        let emitted = out[before..].iter().filter(|action| matches!(action, Action::Emit(_)));
        self.counts.events += emitted.count() as u64;
    }
}

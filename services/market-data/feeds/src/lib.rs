//! Live market data of Coinbase Advanced Trade and Hyperliquid, as inputs of the engine.
//!
//! A feed is a pure machine, the [`Session`], inside a thin shell. The session is told what happened (a frame came,
//! the connection ended, time passed) and answers what to do (send this, hand on that event, connect); all rules are
//! in it: subscriptions and their pace, sequence numbers, silence, gaps, books, repeated trades, waits between
//! attempts. The shell, a thread started by [`Feed::spawn`], owns socket and clock and decides nothing. What it
//! tells its session can be kept ([`CaptureSettings`]) and told again later ([`replay_capture`]), and gives the same
//! events at the same times.
//!
//! # What an engine sees
//!
//! First `feed.status` down for the venue, then `instrument.defined` and `feed.status` down for each instrument. Then
//! data, and `feed.status` live for an instrument as soon as everything that is wanted of it is there: a quote, a
//! book. After that a status comes with each change and never twice: `gap` when something was lost, and with it the
//! book, until a snapshot came; `stale` when nothing came for too long; `down` without a connection. Of the whole
//! venue, where all its instruments are concerned alike; else of one instrument.
//!
//! A quote that does not change is said again, once a second at most, when something else about the instrument shows
//! that it still stands.

mod capture;
mod counters;
mod definitions;
mod dialect;
mod feed;
mod official;
mod outlet;
mod session;
mod settings;
mod transport;
mod worker;

pub use capture::{CaptureError, Replayed, replay_capture};
pub use counters::Counters;
pub use feed::{Clock, Feed, FeedError, FeedHandle};
pub use outlet::{Closed, Outlet};
pub use session::{Action, Counts, Listing, Session, Told};
pub use settings::{
    CaptureSettings, CoinbaseChannels, CoinbaseSettings, FeedSettings, HyperliquidChannels,
    HyperliquidSettings, QuoteOrigin, SequenceScope, SettingsError, Timing,
};

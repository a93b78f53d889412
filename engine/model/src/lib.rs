//! The vocabulary of Reprise: what can be said, and nothing about who says it.
//!
//! Money ([`Price`], [`Qty`], [`Cash`], [`Rate`]), names and numbers of things ([`InstrumentId`],
//! [`OrderId`], [`Seq`], [`Ts`]), every event kind with its canonical encoding ([`event`]), the order life
//! as one total function ([`life`]) and the numbered refusals ([`Code`]).
//!
//! Nothing here does I/O, reads a clock, draws a random number or starts a thread.

pub mod codec;
mod decimal;
pub mod event;
mod ids;
mod instrument;
pub mod life;
mod moment;
mod money;
mod order;
mod refusal;
mod text;
mod time_of_day;

pub use event::{Input, Outcome, Record};
pub use ids::{Asset, ClientOrderId, IdError, InstrumentId, OrderId, RunTag, Seq, StrategyId, TimerId, Ts};
pub use instrument::{FeeAsset, Instrument, InstrumentClass, PriceRuleBreach, QuoteSource};
pub use money::{Cash, MoneyError, Price, Qty, Rate};
pub use order::{
    GroupKey, GroupRole, Liquidity, NewOrder, OrderGroup, OrderOrigin, OrderStatus, OrderType, RequestOf,
    Side, TimeInForce,
};
pub use refusal::{Code, Refusal};
pub use text::{Label, LabelError};
pub use time_of_day::TimeOfDay;

/// The journal's schema version, written in every `run.started`.
///
/// The major number changes when an old reader could misread a new journal; such a journal is refused. The
/// minor number changes when fields or kinds are added.
pub const SCHEMA_VERSION: SchemaVersion = SchemaVersion { major: 1, minor: 0 };

/// A schema version, `major.minor` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion {
    /// Changes when an old reader could misread a new journal.
    pub major: u16,
    /// Changes when fields or kinds are added.
    pub minor: u16,
}

impl std::fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

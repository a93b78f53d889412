//! Every event kind: what it carries, its class, and what a replay does with it.
//!
//! An [`Input`] is a fact from outside; an [`Outcome`] is what the core decided because of it; a [`Record`]
//! is bookkeeping of the shell and never steps the core. The [`KINDS`] table is the one place that says what
//! each kind is; the codec, the JSON Schema and the documentation are made from it.

mod account;
mod alert;
mod control;
mod kinds;
mod market;
mod order;
mod report;
mod risk;
mod run;

pub use account::{
    AccountChanged, AccountTransferred, Balance, PositionChanged, PositionReason, TransferReason,
};
pub use alert::{AlertDelivered, AlertFailed, AlertId, AlertRaised, ChannelName, Figure, RuleName, Severity};
pub use control::{Command, OperatorCommand, TimerArmed, TimerFired, TimerOwner};
pub use kinds::{Class, Durability, Input, KINDS, KindRow, Outcome, Record, Treatment, kind_row};
pub use market::{
    Bar, Book, BookAction, FeedState, FeedStatus, Funding, InstrumentDefined, Level, Mark, Quote, Trade,
};
pub use order::{
    CancelReason, Fill, Hold, NewTerms, OrderAccepted, OrderCancelSubmitted, OrderCanceled, OrderDenied,
    OrderExpired, OrderFilled, OrderPartiallyFilled, OrderRejected, OrderReplaceSubmitted, OrderReplaced,
    OrderRequested, OrderSubmitted, OrderUnknown,
};
pub use report::{
    ReportAccepted, ReportCanceled, ReportExpired, ReportFilled, ReportRejected, ReportReplaced,
    ReportUnanswered,
};
pub use risk::{RiskBands, RiskBreach, RiskState, TradingState, TrippedBy};
pub use run::{Checkpoint, ClockAdvanced, JournalCut, JournalSynced, RunEnded, RunMode, RunStarted, Source};

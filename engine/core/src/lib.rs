//! The bus and the state: one pure step from an input to its outcomes.
//!
//! [`Core::step`] takes a fact from outside, shows it to every [`Service`] in one fixed order, and turns what
//! they propose into outcomes, first in first out, until nothing is left. State changes only through
//! [`State::observe`] (facts) and [`State::apply`] (outcomes), which replaying a journal uses too; so folding
//! recorded outcomes and recomputing them give the same [`State`].
//!
//! No clock, no chance, no I/O, no threads. Time is the input's `ts`; a timer fires at its deadline, before
//! the input that made it due.

mod account;
mod accountant;
mod board;
mod book;
mod bus;
mod context;
mod digest;
mod fold;
mod gate;
mod market;
mod names;
mod orders;
mod position;
mod saved;
mod service;
mod settings;
mod state;
mod timers;

pub use account::{Account, AccountBalance};
pub use board::{Bands, Board};
pub use book::OrderBook;
pub use bus::{Core, Decided, Halt, Outcomes};
pub use context::{Context, Statement, View};
pub use digest::{DecisionDigest, STATE_VERSION};
pub use fold::FoldError;
pub use gate::{Proposal, RiskApproved, RiskGate, Seal};
pub use market::{InstrumentIx, LastTrade, Market, Markets, Tick};
pub use orders::{OpenTotals, Order, Orders};
pub use position::{Position, PositionKey, Positions};
pub use saved::{RestoreError, Saved, pairs};
pub use service::Service;
pub use settings::{AccountSettings, CoreSettings};
pub use state::{ApplyError, State};
pub use timers::{Timer, Timers};

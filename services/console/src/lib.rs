//! The control API and the console: looking at a run and commanding it over HTTP, on loopback unless told
//! otherwise.
//!
//! [`Live::watch`] looks at an engine that is about to go, [`Finished`] at what a journal has shown; both are a
//! [`Source`]. A [`Desk`] answers requests for one, a [`Server`] listens. Nothing here can stop or slow trading: the
//! engine is asked between two inputs, ten times a second at most, whoever asks; events are those it publishes; and
//! a command is an input like any other, journaled with who and why.

mod chronicle;
mod commands;
mod desk;
mod events;
mod finished;
mod guard;
mod line;
mod live;
mod look;
mod openapi;
mod page;
mod ready;
mod refused;
mod routes;
mod series;
mod server;
mod shown;
mod source;

pub use chronicle::{Chronicle, Missed, Sampling};
pub use commands::{CommandField, FieldKind, fields_of, schema_of};
pub use desk::{Desk, MOST_BODY};
pub use finished::Finished;
pub use guard::{Guard, Token};
pub use line::EventLine;
pub use live::{Keeping, Live};
pub use look::risk_of;
pub use openapi::document;
pub use server::Server;
pub use shown::{
    AccountView, AlertRow, BalanceRow, Commanded, DenialRow, EquityPoint, FillRow, LimitRow, MarketRow,
    OrderRow, Phase, PositionRow, PricePoint, Snapshot, StageRow, Status, Strategies,
};
pub use source::{Source, SourceError};

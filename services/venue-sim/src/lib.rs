//! Loopback servers that speak the protocols of the venues: they play a recording as if it happened now, match
//! orders against it, and misbehave on demand.
//!
//! A feed or a gateway that works against this crate has been through accepted and rejected orders, partial
//! fills, gaps, silence and lost answers before it ever meets a venue. Nothing here belongs on a production
//! path.
//!
//! ```text
//! recording ─► player ─► mapping ─► house (one a venue): exchange, tapes, ledger ─► news ─► sockets
//!                                         ▲                                                  │
//!                                         └───────────── questions ◄── REST ◄── net, faults ─┘
//! ```
//!
//! One thread owns everything that matches ([`house::House`] is not `Send`); connections ask it questions
//! ([`Shared::ask`]) and hear its news.

pub mod clock;
pub mod coinbase;
mod error;
pub mod exchange;
pub mod faults;
mod floor;
pub mod house;
pub mod hyperliquid;
pub mod ledger;
pub mod mapping;
pub mod net;
pub mod player;
mod running;
mod settings;
mod shared;
pub mod tape;

pub use error::SimError;
pub use running::{Running, run, start};
pub use settings::{CoinbaseKey, MapRule, Network, Settings, Speed, TlsSettings, Venue};
pub use shared::{Closed, Shared};

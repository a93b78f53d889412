//! The protocols of the venues: how they authenticate, sign, and what their messages look like.
//!
//! Nothing here holds engine state or decides anything: feeds, gateways and the venue simulator share these
//! types. Clocks belong to the callers; every function that needs a time or a nonce is given it.

pub mod coinbase;
pub mod hyperliquid;

mod definition;
mod hex;
pub mod http;
mod lenient;

pub use definition::{DefinitionError, Fees};

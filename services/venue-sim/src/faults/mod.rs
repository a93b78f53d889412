//! Faults on demand: a script says what goes wrong and when; the venues ask before every frame and request.
//!
//! The decisions are made here, without I/O and without a clock, so that a table can test them; the sockets
//! and the HTTP server in [`crate::net`] carry them out for both venues alike.

mod decide;
mod script;

pub use decide::{Faults, Frame, FrameFate, Request, RequestFate};
pub use script::{Kind, Script, ScriptError, Subject};

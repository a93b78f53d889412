//! The live loop, driven as feeds and operators drive it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as expected"
)]

mod ending;
mod halting;
mod intake;
mod parity;
mod publication;
mod resuming;
mod support;

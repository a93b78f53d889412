//! Delivery against servers on this machine that take, refuse, delay and garble.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod arriving;
mod crowded;
mod restarts;
mod run;
mod secrets;
mod server;
mod shapes;
mod wellformed;
#[path = "../../../tests/rules/world.rs"]
mod world;

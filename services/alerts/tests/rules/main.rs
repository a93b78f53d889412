//! The rules in a real core: what they say, when, and that it is the same however a run was cut.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod levels;
mod pacing;
mod settings;
mod tables;
mod world;

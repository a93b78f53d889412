//! The order manager and the paper venue in a real core.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod bench;
mod script;

mod chaos;
mod groups;
mod handover;
mod latencies;
mod margin;
mod queues;
mod random;
mod reports;
mod rules;
mod stops;
mod twin;

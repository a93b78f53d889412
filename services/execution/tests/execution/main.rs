//! The order manager and the paper venue in a real core.

mod bench;
mod script;

mod groups;
mod latencies;
mod margin;
mod queues;
mod reports;
mod rules;
mod stops;

//! Traces: one span an order, from the tick that led to it to its end, with a span for each call to the venue in it.
//!
//! They are built from the published stream on a thread of their own, and sent over OTLP/HTTP.

mod exporter;
mod life;
mod otlp;
mod tracer;

pub(crate) use exporter::{Exporter, SpanCounts, endpoint};

#[cfg(test)]
mod tests;

//! Execution, the pure half: the order manager, which turns what venues report into the life of orders and
//! holds brackets, and the paper venue, which fills orders by what the market showed.
//!
//! Both are services of the core. Neither does I/O, reads a clock or draws from anything but a keyed seed;
//! what they keep for themselves can be computed anew from the events they saw.

mod amounts;
mod order_manager;
mod paper_venue;

pub use order_manager::{OrderManager, OrderManagerSettings};
pub use paper_venue::{Depth, Latency, PaperSettings, PaperVenue, QueueModel, TriggerBy};

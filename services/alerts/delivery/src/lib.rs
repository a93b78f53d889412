//! Delivery of alerts to Slack and Microsoft Teams.
//!
//! The core decides what is told (`alert.raised`, journaled like any decision); this room only carries it. A thread
//! of its own takes alerts from the published stream and hands them to one worker a channel, so that a channel that is
//! dead or slow delays neither the engine nor the other channel. Each worker tries until it succeeds or the alert is too
//! old: waits double, and a wait that the other side asks for (`Retry-After`) is kept.
//!
//! *At least once.* What was delivered is journaled (`alert.delivered`). When an epoch begins, every `alert.raised` of
//! the journal that is young enough and has no such record is sent; a crash between send and record thus leads to a
//! second message, with the same alert id in it. What is delivered when the engine takes no more records is kept in
//! [`LATE_FILE`] beside the journal, and journaled by the next epoch.
//!
//! *Secrets* (webhook URLs, the bot's token) stand in [`Secret`] alone, which shows itself to nobody. No error of this
//! room quotes an address or what the other side said in its body.

mod backoff;
mod channel;
mod connector;
mod counts;
mod delivery;
mod lag;
mod late;
mod message;
mod outlet;
mod outstanding;
mod post;
mod secret;
mod slack;
mod taker;
mod teams;
mod worker;

pub use channel::{Channel, ChannelError, ChannelSettings, Failure, Secrets, channels};
pub use counts::{ChannelCounts, DeliveryCounts};
pub use delivery::{Delivery, DeliverySettings, ProcessAlerts};
pub use late::LATE_FILE;
pub use message::{Message, RunPlace};
pub use secret::Secret;
pub use worker::Timing;

//! Alerts: the rules by which the engine asks for somebody's attention. Pure: no clock, no I/O, no chance.
//!
//! [`AlertService`] watches what was decided and states `alert.raised`, an outcome like any other: it is journaled,
//! replayed and compared. Whoever delivers it is a subscriber of the published stream and no part of this room.
//! [`RuleSettings`] is one `[[alerts.rule]]`; without any, nothing is watched and nothing is stated.
//!
//! # When it is measured
//!
//! Equity and what is derived from it are measured at account lines: after each fill, and while something is owned
//! at most once in `engine.line_interval_ms`. So an alert's numbers are those of a line of the journal.
//!
//! # When it is told
//!
//! A level that is reached is told once, and once more when the value has come back by the hysteresis; between the
//! two lies a stretch in which nothing changes, so that a value that trembles about a level tells of it once. What a
//! rule raises within its window of deduplication, or beyond its rate, is held back; the last of it is told when the
//! time is over, with how many there were.

mod duty;
mod level;
mod outages;
mod pace;
mod service;
mod settings;
mod standing;
mod wording;

pub use service::AlertService;
pub use settings::{RuleError, RuleKind, RuleSettings};

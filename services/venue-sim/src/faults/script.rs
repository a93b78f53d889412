//! The script of faults, a TOML file.
//!
//! ```toml
//! [[fault]]
//! kind = "silent"          # what goes wrong
//! venue = "coinbase"       # both venues when left out
//! at = "10s"               # this long after the simulator was ready, or
//! # after = 100            # when so many frames (or requests) that the fault is about have gone by
//! for = "5s"               # for how long, or
//! # count = 3              # how many times
//!
//! [[fault]]
//! kind = "delay"
//! channel = "l2_data"      # frames of this channel alone
//! instrument = "BTC-USD"   # frames about this instrument alone
//! delay_ms = 250
//!
//! [[fault]]
//! kind = "malformed"
//! path = "/orders"         # with a path the fault strikes answers over HTTP instead of frames
//! ```

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::settings::Venue;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A frame is lost, and its sequence number with it.
    Drop,
    /// A frame, or with `path` an answer, comes `delay_ms` late; frames behind it wait.
    Delay,
    /// A frame comes twice.
    Duplicate,
    /// A frame comes after the one behind it.
    Reorder,
    /// Coinbase skips a sequence number; Hyperliquid, which has none, withholds the frame.
    Gap,
    /// The socket stays open and nothing is sent, heartbeats included.
    Silent,
    /// The connection is cut without a word.
    Disconnect,
    /// Requests are answered with 429.
    RateLimit,
    /// The request is carried out and answered with 503.
    ErrorAfter,
    /// The request is carried out and the connection closed without an answer.
    LostReply,
    /// A frame, or with `path` an answer, ends in the middle.
    Malformed,
    /// A frame, or with `path` an answer, is well-formed JSON that nobody knows.
    UnknownBody,
    /// A frame of a channel that nobody knows comes first.
    UnknownChannel,
    /// The venue's times are off by `by_ms`.
    ClockSkew,
    /// One instrument says nothing more while others flow.
    Stall,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Frames over a WebSocket.
    Frames,
    /// Requests over HTTP.
    Requests,
    /// The venue's clock.
    Clock,
}

impl Kind {
    /// The word in the script.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Gap => "gap",
            Self::Silent => "silent",
            Self::Disconnect => "disconnect",
            Self::RateLimit => "rate_limit",
            Self::ErrorAfter => "error_after",
            Self::LostReply => "lost_reply",
            Self::Malformed => "malformed",
            Self::UnknownBody => "unknown_body",
            Self::UnknownChannel => "unknown_channel",
            Self::ClockSkew => "clock_skew",
            Self::Stall => "stall",
        }
    }

    /// True for a state that lasts until it is said to end; the others happen once.
    const fn lasts(self) -> bool {
        matches!(self, Self::Silent | Self::ClockSkew | Self::Stall)
    }
}

/// One fault of the script.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) venue: Option<Venue>,
    #[serde(default, deserialize_with = "duration")]
    pub(super) at: Option<Duration>,
    pub(super) after: Option<u64>,
    #[serde(default, rename = "for", deserialize_with = "duration")]
    pub(super) lasts: Option<Duration>,
    pub(super) count: Option<u64>,
    pub(super) channel: Option<String>,
    pub(super) instrument: Option<String>,
    pub(super) path: Option<String>,
    delay_ms: Option<u64>,
    by_ms: Option<i64>,
}

impl Row {
    pub(super) fn subject(&self) -> Subject {
        match self.kind {
            Kind::ClockSkew => Subject::Clock,
            Kind::RateLimit | Kind::ErrorAfter | Kind::LostReply => Subject::Requests,
            _ if self.path.is_some() => Subject::Requests,
            _ => Subject::Frames,
        }
    }

    /// How many times it strikes; `None` without a bound.
    pub(super) fn strikes(&self) -> Option<u64> {
        self.count.or_else(|| (self.lasts.is_none() && !self.kind.lasts()).then_some(1))
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or_default())
    }

    pub(super) fn by_ms(&self) -> i64 {
        self.by_ms.unwrap_or_default()
    }

    /// What contradicts itself in the row.
    fn fault(&self) -> Option<&'static str> {
        let only_frames = matches!(
            self.kind,
            Kind::Drop | Kind::Duplicate | Kind::Reorder | Kind::Gap | Kind::Silent | Kind::UnknownChannel
        );
        match self.kind {
            _ if self.at.is_some() && self.after.is_some() => Some("give 'at' or 'after', not both"),
            Kind::Delay if self.delay_ms.is_none() => Some("'delay' needs 'delay_ms'"),
            Kind::ClockSkew if self.by_ms.is_none() => Some("'clock_skew' needs 'by_ms'"),
            Kind::ClockSkew if self.after.is_some() || self.count.is_some() => {
                Some("'clock_skew' begins at a time and lasts; use 'at' and 'for'")
            }
            Kind::Stall if self.instrument.is_none() => Some("'stall' needs 'instrument'"),
            Kind::Delay | Kind::ClockSkew => None,
            _ if self.delay_ms.is_some() => Some("'delay_ms' belongs to 'delay'"),
            _ if self.by_ms.is_some() => Some("'by_ms' belongs to 'clock_skew'"),
            _ if only_frames && self.path.is_some() => Some("this kind strikes frames, which have no 'path'"),
            _ => None,
        }
    }
}

/// A script of faults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default)]
    pub(super) fault: Vec<Row>,
}

/// Why a script does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// Not the TOML it should be.
    #[error("{0}")]
    Toml(String),
    /// A fault contradicts itself.
    #[error("fault {number} ({}): {reason}", kind.as_str())]
    Row {
        /// Which, from 1.
        number: usize,
        /// Its kind.
        kind: Kind,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is no TOML, has words that are not known, or a fault contradicts itself.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let script: Self = toml::from_str(text).map_err(|error| ScriptError::Toml(error.to_string()))?;
        for (at, row) in script.fault.iter().enumerate() {
            if let Some(reason) = row.fault() {
                return Err(ScriptError::Row { number: at + 1, kind: row.kind, reason });
            }
        }
        Ok(script)
    }
}

/// `250ms`, `10s`, `2m`.
fn duration<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(d)?;
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_ms)) {
        Some(ms) if unit_ms > 0 => Ok(Some(Duration::from_millis(ms))),
        _ => Err(de::Error::custom(format!(
            "'{text}' is no time; write a number and ms, s, m or h: \"250ms\""
        ))),
    }
}

//! A time of day, `HH:MM` in UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time of day in UTC, to the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Nanoseconds after midnight.
    #[must_use]
    pub fn ns_after_midnight(self) -> u64 {
        u64::from(self.minutes) * 60_000_000_000
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let time = text.split_once(':').and_then(|(hours, minutes)| {
            let two = |part: &str| if part.len() == 2 { part.parse::<u16>().ok() } else { None };
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            (hours < 24 && minutes < 60).then_some(Self { minutes: hours * 60 + minutes })
        });
        time.ok_or_else(|| {
            de::Error::custom(format!("'{text}' is not a time of day; write HH:MM in UTC, such as 00:00"))
        })
    }
}

//! What became of the messages of alerts, as far as it is shown.

use crate::sheet::Sheet;
use crate::table::{MESSAGES, MESSAGES_WAITING};

/// What became of a channel's messages since the process began to deliver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelCounts {
    /// The channel.
    pub channel: String,
    /// Messages that it took.
    pub delivered: u64,
    /// Messages that were given up.
    pub given_up: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Messages that are neither delivered nor given up.
    pub waiting: u64,
}

/// The channels of alerts, watched.
pub struct ChannelSource(Box<dyn Fn() -> Vec<ChannelCounts> + Send>);

impl ChannelSource {
    /// Channels, with a way to read what they counted.
    pub fn new(read: impl Fn() -> Vec<ChannelCounts> + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    pub(crate) fn show(&self, sheet: &Sheet) {
        for counts in (self.0)() {
            let outcomes = [
                ("delivered", counts.delivered),
                ("given_up", counts.given_up),
                ("failed_attempt", counts.failed_attempts),
            ];
            for (outcome, count) in outcomes {
                sheet.count_to(&MESSAGES, &[&counts.channel, outcome], count);
            }
            sheet.set(&MESSAGES_WAITING, &[&counts.channel], counts.waiting as f64);
        }
    }
}

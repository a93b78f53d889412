//! What became of messages, counted by channel, for whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reprise_model::event::ChannelName;

/// What became of a channel's messages since the process began to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelCounts {
    /// The channel.
    pub channel: ChannelName,
    /// Messages that it took.
    pub delivered: u64,
    /// Messages that were given up: refused for good, or too old.
    pub given_up: u64,
    /// Attempts that failed, the last ones of messages that were given up among them.
    pub failed_attempts: u64,
    /// Messages that were handed to its worker and are neither delivered nor given up.
    pub waiting: u64,
}

/// A handle on the counts of every channel; it stays readable when the delivery has ended.
#[derive(Debug, Clone)]
pub struct DeliveryCounts(pub(crate) Arc<[Arc<Tally>]>);

impl DeliveryCounts {
    /// The counts as they are now, a row a channel.
    #[must_use]
    pub fn read(&self) -> Vec<ChannelCounts> {
        self.0.iter().map(|tally| tally.read()).collect()
    }
}

/// One channel's counts, written by its worker and by who hands it messages.
#[derive(Debug)]
pub(crate) struct Tally {
    channel: ChannelName,
    handed: AtomicU64,
    delivered: AtomicU64,
    given_up: AtomicU64,
    failed_attempts: AtomicU64,
}

impl Tally {
    pub(crate) fn of(channel: ChannelName) -> Arc<Self> {
        let [handed, delivered, given_up, failed_attempts] = Default::default();
        Arc::new(Self { channel, handed, delivered, given_up, failed_attempts })
    }

    pub(crate) fn handed(&self) {
        self.handed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn given_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempt_failed(&self) {
        self.failed_attempts.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> ChannelCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (delivered, given_up) = (of(&self.delivered), of(&self.given_up));
        ChannelCounts {
            channel: self.channel,
            delivered,
            given_up,
            failed_attempts: of(&self.failed_attempts),
            waiting: of(&self.handed).saturating_sub(delivered + given_up),
        }
    }
}

//! Which trades are news: venues repeat old ones at each subscription.

use std::collections::{HashSet, VecDeque};

use reprise_model::{Label, Ts};

/// Repetitions are told among so many of an instrument's latest trades; venues repeat some hundreds at most.
const TRADES_KEPT: usize = 4_096;
/// A trade so much older than the venue's newest one is not news.
const OLD_NS: u64 = 5_000_000_000;

/// The latest trades of an instrument. It outlives connections.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// The venue's time of its newest trade.
    newest: Ts,
    /// No trade came since this subscription; trades from before it are historical.
    subscribed_at: Option<Ts>,
    order: VecDeque<Label<39>>,
    ids: HashSet<Label<39>>,
}

impl Tape {
    /// A subscription begins: what comes first may be old.
    pub(crate) fn begin(&mut self, now: Ts) {
        self.subscribed_at = Some(now);
    }

    /// A message with trades at these times begins; gives back from when on a trade of it is news.
    pub(crate) fn news_from(&mut self, times: impl Iterator<Item = Ts>) -> Ts {
        self.newest = times.fold(self.newest, Ts::max);
        let recent = Ts(self.newest.0.saturating_sub(OLD_NS));
        self.subscribed_at.take().map_or(recent, |since| since.max(recent))
    }

    /// False when the trade was seen before.
    pub(crate) fn is_new(&mut self, id: Label<39>) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        if self.order.len() == TRADES_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(id);
        true
    }
}

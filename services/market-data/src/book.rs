//! Order books put together from snapshots and numbered updates, by the rules of Binance's documentation for
//! a local order book; each venue whose updates are numbered can be put in these terms.
//!
//! Rules: updates that came before the snapshot wait for it; those that end at or before the snapshot's number
//! are old; the first that is applied must reach over the snapshot's number; each further one must follow its
//! predecessor without a hole. Anything else is a gap: the book is void until the next snapshot.

use std::collections::VecDeque;

use reprise_model::event::Level;
use reprise_model::{Price, Qty, Side, Ts};

/// Updates that wait for a snapshot at most; older ones are let go. Over a minute and a half at ten a second.
pub const MAX_WAITING: usize = 1_024;

/// The levels of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct L2Book {
    /// Best last, so that the frequent changes move little.
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl L2Book {
    /// Buyers' levels, best first.
    pub fn bids(&self) -> impl ExactSizeIterator<Item = &Level> {
        self.bids.iter().rev()
    }

    /// Sellers' levels, best first.
    pub fn asks(&self) -> impl ExactSizeIterator<Item = &Level> {
        self.asks.iter().rev()
    }

    /// The highest bid.
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.last().copied()
    }

    /// The lowest ask.
    #[must_use]
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.last().copied()
    }

    /// True when somebody bids as much as somebody asks, which no venue lets stand.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(bid), Some(ask)) if bid.price >= ask.price)
    }

    /// Sets what is displayed at a price; nothing or less removes the level.
    pub fn set(&mut self, side: Side, level: Level) {
        let (levels, at) = match side {
            Side::Buy => {
                let at = self.bids.partition_point(|held| held.price < level.price);
                (&mut self.bids, at)
            }
            Side::Sell => {
                let at = self.asks.partition_point(|held| held.price > level.price);
                (&mut self.asks, at)
            }
        };
        let held = levels.get(at).is_some_and(|held| held.price == level.price);
        match (held, level.qty.is_positive()) {
            (true, true) => levels[at] = level,
            (true, false) => {
                levels.remove(at);
            }
            (false, true) => levels.insert(at, level),
            (false, false) => {}
        }
    }

    /// What is displayed at a price.
    #[must_use]
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        let found = match side {
            Side::Buy => self.bids.binary_search_by(|held| held.price.cmp(&price)).map(|at| self.bids[at]),
            Side::Sell => self.asks.binary_search_by(|held| price.cmp(&held.price)).map(|at| self.asks[at]),
        };
        found.map_or(Qty::ZERO, |level| level.qty)
    }

    /// Changes the levels named.
    pub fn update(&mut self, bids: &[Level], asks: &[Level]) {
        for level in bids {
            self.set(Side::Buy, *level);
        }
        for level in asks {
            self.set(Side::Sell, *level);
        }
    }

    /// Replaces everything. Of several levels at one price the last counts.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        // Sorted at once: venues list the best first, and tens of thousands of inserts at the front are slow.
        self.bids = one_a_price(bids);
        self.asks = one_a_price(asks);
        self.asks.reverse();
    }
}

/// The levels by rising price, the last of each price, without empty ones.
fn one_a_price(levels: &[Level]) -> Vec<Level> {
    let mut sorted = levels.to_vec();
    sorted.reverse();
    sorted.sort_by_key(|level| level.price);
    sorted.dedup_by_key(|level| level.price);
    sorted.retain(|level| level.qty.is_positive());
    sorted
}

/// The whole book at the venue's update `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSnapshot {
    /// The number of the last update in it.
    pub last: u64,
    /// Buyers' levels.
    pub bids: Vec<Level>,
    /// Sellers' levels.
    pub asks: Vec<Level>,
    /// The venue's own time.
    pub venue_ts: Option<Ts>,
}

/// The changes of the venue's updates `first` to `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookDelta {
    /// The number of the first update in it.
    pub first: u64,
    /// The number of the last update in it.
    pub last: u64,
    /// The last number of the message before it, where the venue says it because its numbers have holes.
    pub previous: Option<u64>,
    /// Buyers' levels; quantity 0 removes.
    pub bids: Vec<Level>,
    /// Sellers' levels; quantity 0 removes.
    pub asks: Vec<Level>,
    /// The venue's own time.
    pub venue_ts: Option<Ts>,
}

impl BookDelta {
    /// Whether it may be the first behind a snapshot that ends at `last`.
    fn reaches_over(&self, last: u64) -> bool {
        self.last > last && (self.first <= last.saturating_add(1) || self.previous.is_some_and(|p| p <= last))
    }

    /// Whether it follows the update `last` without a hole.
    fn follows(&self, last: u64) -> bool {
        match self.previous {
            Some(previous) => previous == last,
            None => last.checked_add(1) == Some(self.first),
        }
    }
}

/// What a message did to the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookStep {
    /// The feed is whole again after a gap; a snapshot follows.
    Healed,
    /// The book is now this.
    Snapshot(BookSnapshot),
    /// These levels changed.
    Update(BookDelta),
    /// Updates are missing; the book is void until the next snapshot.
    Gap {
        /// The last update that was applied.
        after: u64,
        /// The first update of the message that does not follow it.
        found: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// No usable snapshot; updates wait.
    Waiting,
    /// The snapshot ends at this update and nothing was applied to it yet.
    Fresh(u64),
    /// The last update that was applied.
    Following(u64),
}

/// Puts one book together from its messages in the order they came.
#[derive(Debug)]
pub struct BookAssembly {
    standing: Standing,
    /// A gap was told and no snapshot came since.
    broken: bool,
    waiting: VecDeque<BookDelta>,
    book: L2Book,
    counts: BookCounts,
}

/// What became of a book's messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BookCounts {
    /// Gaps told.
    pub gaps: u64,
    /// Updates that the snapshot held already, or that were sent twice.
    pub old: u64,
    /// Updates that were let go because no snapshot came in time.
    pub unused: u64,
    /// Snapshots older than the book they came for.
    pub stale_snapshots: u64,
    /// Messages after which the book was crossed.
    pub crossed: u64,
}

impl Default for BookAssembly {
    fn default() -> Self {
        Self::new()
    }
}

impl BookAssembly {
    /// A book that waits for its first snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self {
            standing: Standing::Waiting,
            broken: false,
            waiting: VecDeque::new(),
            book: L2Book::default(),
            counts: BookCounts::default(),
        }
    }

    /// The book, `None` while it is void.
    #[must_use]
    pub fn book(&self) -> Option<&L2Book> {
        (self.standing != Standing::Waiting).then_some(&self.book)
    }

    /// The last update in the book, `None` while it is void.
    #[must_use]
    pub fn last_update(&self) -> Option<u64> {
        match self.standing {
            Standing::Waiting => None,
            Standing::Fresh(last) | Standing::Following(last) => Some(last),
        }
    }

    /// What became of the messages so far, those that still wait counted as unused.
    #[must_use]
    pub fn counts(&self) -> BookCounts {
        BookCounts { unused: self.counts.unused + self.waiting.len() as u64, ..self.counts }
    }

    /// Takes a snapshot, and the waiting updates that follow it.
    pub fn on_snapshot(&mut self, snapshot: BookSnapshot, out: &mut Vec<BookStep>) {
        if self.last_update().is_some_and(|last| snapshot.last < last) {
            self.counts.stale_snapshots += 1;
            return;
        }
        while self.waiting.front().is_some_and(|delta| delta.last <= snapshot.last) {
            self.waiting.pop_front();
            self.counts.old += 1;
        }
        if let Some(first) = self.waiting.front().filter(|delta| !delta.reaches_over(snapshot.last)) {
            let found = first.first;
            self.counts.stale_snapshots += 1;
            self.tell_gap(snapshot.last, found, out);
            return;
        }
        if std::mem::take(&mut self.broken) {
            out.push(BookStep::Healed);
        }
        self.book.replace(&snapshot.bids, &snapshot.asks);
        self.standing = Standing::Fresh(snapshot.last);
        self.note_crossed();
        out.push(BookStep::Snapshot(snapshot));
        for delta in std::mem::take(&mut self.waiting) {
            self.on_delta(delta, out);
        }
    }

    /// Takes an update.
    pub fn on_delta(&mut self, delta: BookDelta, out: &mut Vec<BookStep>) {
        let (last, fits) = match self.standing {
            Standing::Waiting => return self.wait(delta),
            Standing::Fresh(last) => (last, delta.reaches_over(last)),
            Standing::Following(last) => (last, delta.follows(last)),
        };
        if delta.last <= last {
            self.counts.old += 1;
            return;
        }
        if !fits {
            self.tell_gap(last, delta.first, out);
            return self.wait(delta);
        }
        self.book.update(&delta.bids, &delta.asks);
        self.standing = Standing::Following(delta.last);
        self.note_crossed();
        out.push(BookStep::Update(delta));
    }

    fn wait(&mut self, delta: BookDelta) {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
            self.counts.unused += 1;
        }
        self.waiting.push_back(delta);
    }

    fn tell_gap(&mut self, after: u64, found: u64, out: &mut Vec<BookStep>) {
        self.standing = Standing::Waiting;
        if !std::mem::replace(&mut self.broken, true) {
            self.counts.gaps += 1;
            out.push(BookStep::Gap { after, found });
        }
    }

    fn note_crossed(&mut self) {
        self.counts.crossed += u64::from(self.book.is_crossed());
    }
}

#[cfg(test)]
mod tests;

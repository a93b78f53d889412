//! What feeds count, as far as it is shown.

use std::time::Instant;

use crate::sheet::Sheet;
use crate::table::{
    FEED_BYTES, FEED_DUPLICATES, FEED_EVENTS, FEED_FRAMES, FEED_GAPS, FEED_MALFORMED, FEED_RECONNECTS,
    FEED_REFUSALS, FEED_SILENCE, FEED_UNKNOWN,
};

/// What a feed counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Frames received.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Events handed on.
    pub events: u64,
    /// Losses that were seen.
    pub gaps: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// What had been there already.
    pub duplicates: u64,
    /// What could not be read.
    pub malformed: u64,
    /// What is not known or was not asked for.
    pub unknown: u64,
    /// Errors that the venue sent.
    pub refusals: u64,
}

/// A feed that is watched.
pub struct FeedSource {
    venue: String,
    read: Box<dyn Fn() -> FeedCounts + Send>,
    events: u64,
    heard: Instant,
}

impl FeedSource {
    /// A feed of a venue, with a way to read what it counted.
    pub fn new(venue: &str, read: impl Fn() -> FeedCounts + Send + 'static) -> Self {
        Self { venue: venue.to_owned(), read: Box::new(read), events: 0, heard: Instant::now() }
    }

    pub(crate) fn show(&mut self, sheet: &Sheet) {
        let counts = (self.read)();
        if counts.events != self.events {
            (self.events, self.heard) = (counts.events, Instant::now());
        }
        let rows = [
            (&FEED_FRAMES, counts.frames),
            (&FEED_BYTES, counts.bytes),
            (&FEED_EVENTS, counts.events),
            (&FEED_GAPS, counts.gaps),
            (&FEED_RECONNECTS, counts.reconnects),
            (&FEED_DUPLICATES, counts.duplicates),
            (&FEED_MALFORMED, counts.malformed),
            (&FEED_UNKNOWN, counts.unknown),
            (&FEED_REFUSALS, counts.refusals),
        ];
        for (row, count) in rows {
            sheet.count_to(row, &[&self.venue], count);
        }
        sheet.set(&FEED_SILENCE, &[&self.venue], self.heard.elapsed().as_secs_f64());
    }
}

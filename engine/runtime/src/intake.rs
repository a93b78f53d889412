//! Where facts come in: a bounded queue for the market, and what happens when it is full.
//!
//! Each feed has an [`Intake`] of its own over one shared queue. While the queue has room everything passes as it
//! is. When it is full, quotes and books wait here, one of each an instrument: a later quote takes the place of the
//! one that waits, a later book update is merged into it, and the event that is handed on says in `conflated` how
//! many were merged into it. Everything else makes the feed wait until there is room, behind what waits for the
//! same instrument, so that the order of an instrument's events stays what it was.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, SendError, Sender, TrySendError, bounded};
use reprise_model::event::{Book, Quote};
use reprise_model::{Input, InstrumentId, Ts};

use crate::merge::BookMerge;

/// A fact, and when its bytes were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When it was received, in nanoseconds since 1970-01-01 UTC.
    pub received: Ts,
    /// What it says.
    pub input: Input,
}

/// What passed an intake, counted.
#[derive(Debug, Default)]
pub struct IntakeCounts {
    offered: AtomicU64,
    passed: AtomicU64,
    conflated: AtomicU64,
}

impl IntakeCounts {
    /// Events that feeds offered.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered.load(Ordering::Relaxed)
    }

    /// Events that were handed on.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Events that were merged into others: what was offered and not handed on.
    #[must_use]
    pub fn conflated(&self) -> u64 {
        self.conflated.load(Ordering::Relaxed)
    }
}

/// The engine takes no more events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine takes no more events")]
pub struct Closed;

/// Something that waits for room.
#[derive(Debug)]
enum Waiting {
    Quote(Quote),
    Book(BookMerge),
}

#[derive(Debug)]
struct Held {
    instrument: InstrumentId,
    received: Ts,
    merged: u32,
    what: Waiting,
}

/// A feed's way into the engine.
#[derive(Debug)]
pub struct Intake {
    queue: Sender<Arrival>,
    held: Vec<Held>,
    counts: Arc<IntakeCounts>,
}

/// A queue for so many market events, and the first way into it.
#[must_use]
pub fn intake(capacity: usize) -> (Intake, Receiver<Arrival>) {
    let (queue, arrivals) = bounded(capacity.max(1));
    (Intake { queue, held: Vec::new(), counts: Arc::default() }, arrivals)
}

impl Intake {
    /// Another way into the same queue, counted together with this one.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { queue: self.queue.clone(), held: Vec::new(), counts: Arc::clone(&self.counts) }
    }

    /// What passed, counted.
    #[must_use]
    pub fn counts(&self) -> Arc<IntakeCounts> {
        Arc::clone(&self.counts)
    }

    /// True while quotes or books wait for room.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes an event in. Quotes and books never wait; everything else waits for room.
    ///
    /// # Errors
    /// When the engine takes no more events.
    pub fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed> {
        self.counts.offered.fetch_add(1, Ordering::Relaxed);
        match input {
            Input::Quote(_) | Input::Book(_) => self.pass_or_hold(Arrival { received, input }),
            input => {
                self.hand_on_before(&input)?;
                self.send(Arrival { received, input })
            }
        }
    }

    /// Hands on what waits, as far as there is room.
    ///
    /// # Errors
    /// When the engine takes no more events.
    pub fn flush(&mut self) -> Result<(), Closed> {
        while !self.held.is_empty() {
            let arrival = self.held.remove(0).into_arrival();
            match self.queue.try_send(arrival) {
                Ok(()) => self.count_passed(),
                Err(TrySendError::Full(arrival)) => {
                    self.held.insert(0, Held::of(arrival));
                    return Ok(());
                }
                Err(TrySendError::Disconnected(_)) => return Err(Closed),
            }
        }
        Ok(())
    }

    fn pass_or_hold(&mut self, arrival: Arrival) -> Result<(), Closed> {
        self.flush()?;
        if let Some(at) = self.held.iter().position(|held| held.is_for(&arrival.input)) {
            self.held[at].merge(arrival);
            self.counts.conflated.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        if !self.held.is_empty() {
            self.held.push(Held::of(arrival));
            return Ok(());
        }
        match self.queue.try_send(arrival) {
            Ok(()) => {
                self.count_passed();
                Ok(())
            }
            Err(TrySendError::Full(arrival)) => {
                self.held.push(Held::of(arrival));
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(Closed),
        }
    }

    /// Hands on what waits and must come before an event: all of its instrument, or all there is.
    fn hand_on_before(&mut self, input: &Input) -> Result<(), Closed> {
        let mut at = 0;
        while let Some(held) = self.held.get(at) {
            if input.instrument().is_none_or(|id| *id == held.instrument) {
                let held = self.held.remove(at);
                self.send(held.into_arrival())?;
            } else {
                at += 1;
            }
        }
        Ok(())
    }

    fn send(&self, arrival: Arrival) -> Result<(), Closed> {
        self.queue.send(arrival).map_err(|SendError(_)| Closed)?;
        self.count_passed();
        Ok(())
    }

    fn count_passed(&self) {
        self.counts.passed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Held {
    fn of(arrival: Arrival) -> Self {
        let (instrument, what) = match arrival.input {
            Input::Book(book) => (book.instrument, Waiting::Book(BookMerge::of(book))),
            Input::Quote(quote) => (quote.instrument, Waiting::Quote(quote)),
            other => unreachable!("'{}' is never held back", other.kind()),
        };
        Self { instrument, received: arrival.received, merged: 0, what }
    }

    fn is_for(&self, input: &Input) -> bool {
        match (&self.what, input) {
            (Waiting::Quote(held), Input::Quote(quote)) => held.instrument == quote.instrument,
            (Waiting::Book(_), Input::Book(book)) => self.instrument == book.instrument,
            _ => false,
        }
    }

    /// Takes a later event in. It counts as received when the first of them was: how long the oldest waited is what
    /// latency is about.
    fn merge(&mut self, arrival: Arrival) {
        // What the event itself stands for counts too: a source may conflate already.
        let stood_for = match (&mut self.what, arrival.input) {
            (Waiting::Quote(held), Input::Quote(quote)) => {
                let before = held.conflated.map_or(0, NonZeroU32::get);
                *held = quote;
                before
            }
            (Waiting::Book(held), Input::Book(book)) => held.add(book),
            _ => 0,
        };
        self.merged = self.merged.saturating_add(1).saturating_add(stood_for);
    }

    fn into_arrival(self) -> Arrival {
        let counted = |own: Option<NonZeroU32>| {
            NonZeroU32::new(own.map_or(0, NonZeroU32::get).saturating_add(self.merged))
        };
        let input = match self.what {
            Waiting::Quote(quote) => Input::Quote(Quote { conflated: counted(quote.conflated), ..quote }),
            Waiting::Book(merge) => {
                let book = merge.into_book();
                Input::Book(Book { conflated: counted(book.conflated), ..book })
            }
        };
        Arrival { received: self.received, input }
    }
}

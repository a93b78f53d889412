//! Publication: whoever acts on the world or shows it sees an event only after the journal has it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use reprise_core::Decided;
use reprise_model::{Input, Outcome, Seq, Ts};

/// An event that the journal has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its sequence number.
    pub seq: Seq,
    /// Its time.
    pub ts: Ts,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A fact from outside.
    Input(Input),
    /// What the core decided, because of the event with this number.
    Outcome(Seq, Outcome),
}

/// Which events a subscriber sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Everything.
    All,
    /// Everything but what the market sends and the time that passes.
    Decisions,
}

impl Interest {
    fn takes(self, input: &Input) -> bool {
        self == Self::All || !(input.is_market() || matches!(input, Input::ClockAdvanced(_)))
    }
}

/// A subscriber's end: events in their order. One that does not keep up loses events, which are counted; it never
/// makes the engine wait.
#[derive(Debug)]
pub struct Subscription {
    events: Receiver<Arc<Published>>,
    lost: Arc<AtomicU64>,
}

impl Subscription {
    /// The events; the channel closes when the engine has ended and all were taken.
    #[must_use]
    pub fn events(&self) -> &Receiver<Arc<Published>> {
        &self.events
    }

    /// Events that were lost because this subscriber did not keep up.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Subscriber {
    interest: Interest,
    events: Sender<Arc<Published>>,
    lost: Arc<AtomicU64>,
    is_gone: bool,
}

/// Holds events back until they are as durable as they must be, then hands them to the subscribers.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    subscribers: Vec<Subscriber>,
    /// What waits, each with the number up to which the journal must be durable first.
    waiting: VecDeque<(Seq, Arc<Published>)>,
    /// The last event so far that must be durable before it is seen; nothing overtakes it.
    barrier: Seq,
}

impl Publisher {
    pub fn subscribe(&mut self, interest: Interest, capacity: usize) -> Subscription {
        let (sender, events) = bounded(capacity.max(1));
        let lost = Arc::new(AtomicU64::new(0));
        let subscriber = Subscriber { interest, events: sender, lost: Arc::clone(&lost), is_gone: false };
        self.subscribers.push(subscriber);
        Subscription { events, lost }
    }

    /// A batch was committed; `must_be_durable` tells whether it has to be on disk before anybody sees it.
    #[inline]
    pub fn commit(&mut self, seq: Seq, ts: Ts, input: &Input, decided: &[Decided], must_be_durable: bool) {
        if must_be_durable {
            self.barrier = decided.last().map_or(seq, |last| last.seq);
        }
        if !self.subscribers.is_empty() {
            self.enqueue(seq, ts, input, decided);
        }
    }

    fn enqueue(&mut self, seq: Seq, ts: Ts, input: &Input, decided: &[Decided]) {
        if self.subscribers.iter().any(|subscriber| subscriber.interest.takes(input)) {
            let published = Published { seq, ts, event: Event::Input(input.clone()) };
            self.waiting.push_back((self.barrier, Arc::new(published)));
        }
        for one in decided {
            let event = Event::Outcome(one.cause, one.outcome.clone());
            self.waiting.push_back((self.barrier, Arc::new(Published { seq: one.seq, ts: one.ts, event })));
        }
    }

    /// Hands on what the journal has durably enough; `durable` is `None` where nothing is ever synced. `sent` is told
    /// of each order, and each change of one, that is let out: when the event that caused it was taken up.
    pub fn release(&mut self, durable: Option<Seq>, mut sent: impl FnMut(Ts)) {
        while let Some((barrier, _)) = self.waiting.front() {
            if durable.is_some_and(|durable| *barrier > durable) {
                return;
            }
            let Some((_, published)) = self.waiting.pop_front() else { return };
            if let Event::Outcome(
                _,
                Outcome::OrderSubmitted(_)
                | Outcome::OrderCancelSubmitted(_)
                | Outcome::OrderReplaceSubmitted(_),
            ) = &published.event
            {
                sent(published.ts);
            }
            for subscriber in &mut self.subscribers {
                subscriber.see(&published);
            }
            self.subscribers.retain(|subscriber| !subscriber.is_gone);
        }
    }
}

impl Subscriber {
    fn see(&mut self, published: &Arc<Published>) {
        if let Event::Input(input) = &published.event
            && !self.interest.takes(input)
        {
            return;
        }
        match self.events.try_send(Arc::clone(published)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => self.is_gone = true,
        }
    }
}

//! What reaches the engine beside the market: commands, reports, records, questions, the wish to end.

use std::fmt;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use reprise_core::Core;
use reprise_model::event::RunMode;
use reprise_model::{Input, Record, Seq, Ts};

use crate::latency::Latencies;
use crate::publish::{Interest, Subscription};

/// How many of them may wait. They are few; whoever sends the next one waits for room.
const CAPACITY: usize = 1024;

/// What the engine shows of itself between two inputs.
pub struct EngineView<'a> {
    /// The core; `None` in a recording.
    pub core: Option<&'a Core>,
    /// What the run does.
    pub mode: RunMode,
    /// The last sequence number.
    pub seq: Seq,
    /// The last sequence number that is known to be on disk; 0 where nothing is synced.
    pub durable: Seq,
    /// The engine's time.
    pub now: Ts,
    /// How long each stage takes.
    pub latencies: &'a Latencies,
    /// True once the run was told to end.
    pub is_ending: bool,
}

/// Something to be looked at between two inputs. It must be quick: the engine waits for it.
pub type Question = Box<dyn FnOnce(&EngineView<'_>) + Send>;

/// One of them.
pub enum Control {
    /// An input that is never left out: an operator's command, a report, a transfer.
    Input(Input),
    /// The same, for somebody who wants to know its number.
    Numbered(Input, Sender<Seq>),
    /// Bookkeeping for the journal, placed after what it holds.
    Record(Record),
    /// A look at the engine.
    Question(Question),
    /// Somebody wants to see what is published from now on; so many events may wait for him.
    Subscribe(Interest, usize, Sender<Subscription>),
    /// End the run.
    Stop {
        /// Why, for the journal.
        reason: String,
    },
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => f.debug_tuple("Input").field(input).finish(),
            Self::Numbered(input, _) => f.debug_tuple("Numbered").field(input).finish(),
            Self::Record(record) => f.debug_tuple("Record").field(record).finish(),
            Self::Question(_) => f.write_str("Question"),
            Self::Subscribe(interest, capacity, _) => {
                f.debug_tuple("Subscribe").field(interest).field(capacity).finish()
            }
            Self::Stop { reason } => f.debug_struct("Stop").field("reason", reason).finish(),
        }
    }
}

/// A way to the engine past the market's queue.
#[derive(Debug, Clone)]
pub struct Controller(Sender<Control>);

impl Controller {
    pub(crate) fn new() -> (Self, Receiver<Control>) {
        let (sender, receiver) = bounded(CAPACITY);
        (Self(sender), receiver)
    }

    /// Sends an input; false when the engine has ended.
    pub fn send(&self, input: Input) -> bool {
        self.0.send(Control::Input(input)).is_ok()
    }

    /// Sends an input and waits for its number; `None` when the engine has ended or does not answer in time.
    pub fn send_numbered(&self, input: Input, patience: Duration) -> Option<Seq> {
        let (give, take) = bounded(1);
        self.0.send_timeout(Control::Numbered(input, give), patience).ok()?;
        take.recv_timeout(patience).ok()
    }

    /// Has the journal keep a record; false when the engine has ended.
    pub fn record(&self, record: Record) -> bool {
        self.0.send(Control::Record(record)).is_ok()
    }

    /// Looks at the engine between two inputs and waits for what is seen; `None` when the engine has ended or does
    /// not answer in time. The look must be quick: the engine waits for it.
    pub fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        look: impl FnOnce(&EngineView<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (give, take) = bounded(1);
        let question: Question = Box::new(move |view| {
            // Whoever asked may have stopped waiting.
            let _ = give.send(look(view));
        });
        self.0.send_timeout(Control::Question(question), patience).ok()?;
        take.recv_timeout(patience).ok()
    }

    /// Subscribes to what is published from now on; at most `capacity` events wait for a subscriber that is slow.
    /// `None` when the engine has ended or does not answer in time. Dropping the subscription ends it.
    #[must_use]
    pub fn subscribe(&self, interest: Interest, capacity: usize, patience: Duration) -> Option<Subscription> {
        let (give, take) = bounded(1);
        self.0.send_timeout(Control::Subscribe(interest, capacity, give), patience).ok()?;
        take.recv_timeout(patience).ok()
    }

    /// Asks the engine to end; false when it has ended.
    pub fn stop(&self, reason: &str) -> bool {
        self.0.send(Control::Stop { reason: reason.to_owned() }).is_ok()
    }
}

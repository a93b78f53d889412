//! What reaches the engine beside the market: commands, reports, the wish to end.

use crossbeam_channel::{Receiver, Sender, bounded};
use reprise_model::Input;

/// How many of them may wait. They are few; whoever sends the next one waits for room.
const CAPACITY: usize = 1024;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// An input that is never left out: an operator's command, a report, a transfer.
    Input(Input),
    /// End the run.
    Stop {
        /// Why, for the journal.
        reason: String,
    },
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

    /// Asks the engine to end; false when it has ended.
    pub fn stop(&self, reason: &str) -> bool {
        self.0.send(Control::Stop { reason: reason.to_owned() }).is_ok()
    }
}

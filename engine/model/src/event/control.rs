//! Timers and operators.

use crate::ids::{InstrumentId, OrderId, TimerId, Ts};
use crate::text::Label;

/// The name of the service that armed a timer and will be woken by it; a strategy's is its instance's id.
pub type TimerOwner = Label<31>;

crate::object! {
    /// A timer was armed.
    #[derive(Copy)]
    pub struct TimerArmed {
        /// Its number.
        pub timer: TimerId,
        /// Who armed it.
        pub owner: TimerOwner,
        /// What the owner wants to be reminded of, in the owner's own numbering.
        pub key: u64,
        /// When it fires.
        pub due: Ts,
    }
}

crate::object! {
    /// A timer fired, at its deadline.
    #[derive(Copy)]
    pub struct TimerFired {
        /// Its number.
        pub timer: TimerId,
        /// Who armed it.
        pub owner: TimerOwner,
        /// What the owner wanted to be reminded of.
        pub key: u64,
    }
}

crate::words! {
    /// What an operator told the engine to do.
    pub enum Command {
        /// Strategies ask for no new orders.
        Pause = "pause",
        /// Strategies go on.
        Resume = "resume",
        /// Only orders that reduce exposure may go.
        ReduceOnly = "reduce_only",
        /// Cancel open orders.
        CancelAll = "cancel_all",
        /// Halt, cancel, and flatten if so asked.
        Kill = "kill",
        /// Release the kill switch.
        Release = "release",
        /// Set a limit.
        SetLimit = "set_limit",
    }
}

crate::object! {
    /// An operator's command.
    pub struct OperatorCommand {
        /// What to do.
        pub command: Command,
        /// Who said so.
        pub by: String,
        /// Why.
        pub reason: String,
        /// Cancel only this order.
        pub order: Option<OrderId>,
        /// Only in this instrument.
        pub instrument: Option<InstrumentId>,
        /// Kill: flatten too. Cancel-all: protection too.
        pub flatten: bool,
        /// Cancel resting reduce-only protection too.
        pub all: bool,
        /// The limit to set.
        pub key: Option<String>,
        /// Its new value.
        pub value: Option<String>,
    }
}

impl OperatorCommand {
    /// A command with nothing said beside it: for all of the account, without flattening.
    #[must_use]
    pub fn new(command: Command, by: &str, reason: &str) -> Self {
        Self {
            command,
            by: by.to_owned(),
            reason: reason.to_owned(),
            order: None,
            instrument: None,
            flatten: false,
            all: false,
            key: None,
            value: None,
        }
    }
}

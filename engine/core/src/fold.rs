//! Folding: the state that recorded outcomes led to, without asking the services again.

use reprise_model::{Input, MoneyError, Outcome, Seq, Ts};

use crate::bus::Decided;
use crate::state::{ApplyError, State};

/// Why a recorded batch does not follow from the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The input cannot be taken in.
    #[error("the input {seq} cannot be taken in: {source}")]
    Input {
        /// The input's number.
        seq: Seq,
        /// Why not.
        source: MoneyError,
    },
    /// An outcome does not follow.
    #[error("outcome {seq} '{kind}' does not follow from the state: {source}")]
    Outcome {
        /// The outcome's number.
        seq: Seq,
        /// Its kind.
        kind: &'static str,
        /// Why not.
        source: ApplyError,
    },
}

impl State {
    /// Takes in an input and what was decided because of it, as [`crate::Core::step`] left it: afterwards the
    /// state is the one that the step led to.
    ///
    /// Timers fired before the input was seen, though their lines follow its line; the input's own effects
    /// begin at the first outcome whose cause is the input.
    ///
    /// # Errors
    /// When the input or an outcome does not follow; the state is not to be used after it.
    pub fn fold(&mut self, seq: Seq, ts: Ts, input: &Input, outcomes: &[Decided]) -> Result<(), FoldError> {
        let (of_timers, of_input) = outcomes.split_at(of_timers(seq, outcomes));
        self.apply_all(of_timers)?;
        self.observe(seq, ts, input).map_err(|source| FoldError::Input { seq, source })?;
        self.apply_all(of_input)
    }

    fn apply_all(&mut self, outcomes: &[Decided]) -> Result<(), FoldError> {
        for Decided { seq, ts, outcome, .. } in outcomes {
            self.apply(*seq, *ts, outcome).map_err(|source| FoldError::Outcome {
                seq: *seq,
                kind: outcome.kind(),
                source,
            })?;
        }
        Ok(())
    }
}

/// How many outcomes of a batch were led to by timers that fired before its input.
///
/// A timer's firing names the event that armed it, an earlier one; what it led to names an outcome of the same
/// batch. The first outcome that names the input, or anything else that came before it, ends them.
fn of_timers(input: Seq, outcomes: &[Decided]) -> usize {
    let led_by_timer = |d: &Decided| matches!(d.outcome, Outcome::TimerFired(_)) || d.cause > input;
    outcomes.iter().position(|d| !led_by_timer(d)).unwrap_or(outcomes.len())
}

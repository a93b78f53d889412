//! What a service is to the bus.

use reprise_model::event::{Input, Outcome};

use crate::context::Context;
use crate::saved::{RestoreError, Saved};

/// A pure part of the engine: sees every event in a fixed place of a fixed order and proposes what follows.
///
/// A service holds only what can be recomputed from the events it saw (an average, a queue position). What
/// must survive as a fact it proposes as an outcome, and finds in the state once that outcome was applied.
pub trait Service {
    /// The service's name, by which its timers find it.
    fn name(&self) -> &str;

    /// An input came; the market view has it already.
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        let _ = (input, cx);
    }

    /// An outcome was decided; the state has it already.
    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        let _ = (outcome, cx);
    }

    /// Everything an event led to has been decided, and it led to something: the moment for summary lines.
    fn at_rest(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// All that the service keeps and its settings do not tell, so that [`Self::restore`] makes it go on exactly
    /// where it is; asked between two events. `None` when it cannot be saved, and then neither can the core: a
    /// restart takes the run's events in again from the first.
    fn save(&self) -> Option<Saved> {
        None
    }

    /// Takes over what [`Self::save`] of the same service under the same settings gave.
    ///
    /// # Errors
    /// When it is not that.
    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let _ = saved;
        Err(RestoreError::form("this service cannot be saved"))
    }
}

//! The order manager: turns what venues report into the life of orders, and holds brackets and orders of which
//! one cancels the other.
//!
//! An operator's cancel-all is not here but with the kill switch, which repeats it until the venue confirms.

mod groups;
mod reports;

use reprise_core::{Context, RestoreError, Saved, Service};
use reprise_model::{Input, Outcome};
use serde::{Deserialize, Serialize};

use groups::Groups;
use reports::Known;

/// How the order manager behaves. There is nothing to choose yet; the section refuses keys it does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderManagerSettings {}

/// The order manager.
///
/// Everything it keeps can be computed anew from the outcomes it saw.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct OrderManager {
    known: Known,
    groups: Groups,
    has_begun: bool,
}

impl OrderManager {
    /// A manager that has seen no order.
    #[must_use]
    pub fn new(settings: OrderManagerSettings) -> Self {
        let OrderManagerSettings {} = settings;
        Self::default()
    }
}

impl Service for OrderManager {
    fn name(&self) -> &str {
        "orders"
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.has_begun {
            self.has_begun = true;
            self.groups.begin(cx.state());
        }
        match input {
            Input::ReportAccepted(_)
            | Input::ReportRejected(_)
            | Input::ReportFilled(_)
            | Input::ReportCanceled(_)
            | Input::ReportReplaced(_)
            | Input::ReportExpired(_)
            | Input::ReportUnanswered(_) => self.known.report(input, cx),
            _ => {}
        }
    }

    #[inline]
    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        self.known.note(outcome, cx.state());
        self.groups.on_outcome(outcome, cx);
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(self)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        *self = saved.read()?;
        Ok(())
    }
}

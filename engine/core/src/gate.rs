//! The gate through which every order passes, held by the type system.
//!
//! Only the bus makes a [`Seal`], and it lends it to the one [`RiskGate`] for one judgement. Only a seal makes
//! a [`RiskApproved`], and only a `RiskApproved` becomes `order.submitted`. There is no other way out.

use reprise_model::event::Hold;
use reprise_model::{NewOrder, OrderId, Refusal};

use crate::context::View;
use crate::orders::Order;
use crate::service::Service;

/// An order, or new terms for one, as risk is asked to judge it.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// The order's id.
    pub order: OrderId,
    /// The terms as they would be.
    pub terms: &'a NewOrder,
    /// The open order that would be replaced by these terms.
    pub replaces: Option<&'a Order>,
}

/// The right to approve; lent by the bus for one judgement.
#[derive(Debug)]
pub struct Seal(());

impl Seal {
    /// Only the bus calls this.
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Approves a proposal and says what the order takes out of the free balance while it is open.
    #[must_use]
    pub fn approve(&self, proposal: &Proposal<'_>, hold: Hold) -> RiskApproved {
        RiskApproved { order: proposal.order, hold }
    }
}

/// An order that risk has approved; nothing else can be submitted.
#[derive(Debug)]
pub struct RiskApproved {
    order: OrderId,
    hold: Hold,
}

impl RiskApproved {
    pub(crate) fn order(&self) -> OrderId {
        self.order
    }

    pub(crate) fn hold(&self) -> Hold {
        self.hold
    }
}

/// The service that judges orders.
pub trait RiskGate: Service {
    /// Approves the proposal or refuses it with a number; whatever cannot be judged is refused.
    ///
    /// # Errors
    /// The refusal, with what was measured and what was allowed.
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal>;
}

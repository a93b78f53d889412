//! The gate through which every order passes, held by the type system.
//!
//! Only the bus makes a [`Seal`], and it lends it to the one [`RiskGate`] for one judgement. Only a seal makes
//! a [`RiskApproved`], and only a `RiskApproved` becomes `order.submitted`. There is no other way out.
//!
//! A gate approves with the seal it is lent:
//!
//! ```
//! # use reprise_core::{Proposal, RiskApproved, Seal};
//! # use reprise_model::{OrderId, event::Hold};
//! fn approve(seal: &Seal, proposal: &Proposal<'_>, hold: Hold) -> RiskApproved {
//!     seal.approve(proposal, hold)
//! }
//! ```
//!
//! What follows does not compile, and a test sees to it. An approval cannot be written down:
//!
//! ```compile_fail,E0451
//! # use reprise_core::{Proposal, RiskApproved, Seal};
//! # use reprise_model::{OrderId, event::Hold};
//! fn approve(seal: &Seal, proposal: &Proposal<'_>, hold: Hold) -> RiskApproved {
//!     RiskApproved { order: proposal.order, hold }
//! }
//! ```
//!
//! nor can a seal, by its field or by its constructor:
//!
//! ```compile_fail,E0423
//! # use reprise_core::{Proposal, RiskApproved, Seal};
//! # use reprise_model::{OrderId, event::Hold};
//! fn approve(seal: &Seal, proposal: &Proposal<'_>, hold: Hold) -> RiskApproved {
//!     Seal(()).approve(proposal, hold)
//! }
//! ```
//!
//! ```compile_fail,E0624
//! # use reprise_core::{Proposal, RiskApproved, Seal};
//! # use reprise_model::{OrderId, event::Hold};
//! fn approve(seal: &Seal, proposal: &Proposal<'_>, hold: Hold) -> RiskApproved {
//!     Seal::new().approve(proposal, hold)
//! }
//! ```
//!
//! and neither can be copied to be used again:
//!
//! ```compile_fail,E0507
//! # use reprise_core::{Proposal, RiskApproved, Seal};
//! fn keep(seal: &Seal, approved: &RiskApproved) -> (Seal, RiskApproved) {
//!     (*seal, *approved)
//! }
//! ```
//!
//! Any service may state what became of an order:
//!
//! ```
//! # use reprise_core::Context;
//! # use reprise_model::event::{OrderExpired, OrderReplaceSubmitted, OrderSubmitted};
//! fn state(cx: &mut Context<'_>, expired: OrderExpired) {
//!     cx.emit(expired);
//! }
//! ```
//!
//! but none that it left, or that its new terms did, and none can call what the bus calls then:
//!
//! ```compile_fail,E0277
//! # use reprise_core::Context;
//! # use reprise_model::event::{OrderExpired, OrderReplaceSubmitted, OrderSubmitted};
//! fn state(cx: &mut Context<'_>, submitted: OrderSubmitted) {
//!     cx.emit(submitted);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use reprise_core::Context;
//! # use reprise_model::event::{OrderExpired, OrderReplaceSubmitted, OrderSubmitted};
//! fn state(cx: &mut Context<'_>, replaced: OrderReplaceSubmitted) {
//!     cx.emit(replaced);
//! }
//! ```
//!
//! ```compile_fail,E0423
//! # use reprise_core::{Context, Statement};
//! # use reprise_model::Outcome;
//! fn state(cx: &mut Context<'_>, submitted: Outcome) {
//!     cx.emit(Statement(submitted));
//! }
//! ```
//!
//! ```compile_fail,E0624
//! # use reprise_core::State;
//! # use reprise_model::{NewOrder, OrderId, event::Hold};
//! fn submit(state: &mut State, order: OrderId, terms: &NewOrder, hold: Hold) {
//!     let _ = state.submit(order, terms, hold);
//! }
//! ```

use std::any::Any;

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

/// The service that judges orders. It can be looked at as what it is: a console shows the limits that hold, and
/// not those it believes to hold.
pub trait RiskGate: Service + Any {
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

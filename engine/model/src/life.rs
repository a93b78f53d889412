//! The life of an order: one total function from where an order stands and what happened to where it stands
//! then.
//!
//! No state is invented: every arm is written out, and what cannot happen is refused with both names. A fill
//! is always believed, also after the order was thought to be over, because a venue may report a fill after
//! its cancel; money moved, so the books must follow.

use crate::order::OrderStatus;

crate::words! {
    /// What can happen to an order.
    pub enum OrderStep {
        /// Risk refused it.
        Denied = "order.denied",
        /// Risk approved it and it is on its way.
        Submitted = "order.submitted",
        /// The venue took it.
        Accepted = "order.accepted",
        /// A part was filled.
        PartiallyFilled = "order.partially_filled",
        /// The last part was filled.
        Filled = "order.filled",
        /// A cancel was sent.
        CancelSubmitted = "order.cancel_submitted",
        /// The venue canceled it.
        Canceled = "order.canceled",
        /// A replace was sent.
        ReplaceSubmitted = "order.replace_submitted",
        /// The venue replaced it.
        Replaced = "order.replaced",
        /// The venue refused the order.
        Rejected = "order.rejected",
        /// The venue refused a cancel; the order works on.
        CancelRejected = "order.rejected (cancel)",
        /// The venue refused a replace; the order works on as it was.
        ReplaceRejected = "order.rejected (replace)",
        /// Its time ran out.
        Expired = "order.expired",
        /// Nothing is known of it any more.
        Unknown = "order.unknown",
    }
}

/// A step that cannot happen to an order that stands where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{step} cannot happen to an order that is {status}")]
pub struct ImpossibleStep {
    /// Where the order stands.
    pub status: OrderStatus,
    /// What was said to happen.
    pub step: OrderStep,
}

/// Where an order stands after a step; `filled` tells whether any part of it has been filled before.
///
/// # Errors
/// When the step cannot happen to an order that stands there.
pub fn next(status: OrderStatus, filled: bool, step: OrderStep) -> Result<OrderStatus, ImpossibleStep> {
    use OrderStatus as S;
    use OrderStep as E;
    let working = if filled { S::PartiallyFilled } else { S::Accepted };
    let at_venue = status.is_at_venue();
    match (status, step) {
        (S::Requested, E::Denied) => Ok(S::Denied),
        (S::Requested, E::Submitted) => Ok(S::Submitted),

        // An answer that says that the order is there; after a fill it comes late and changes nothing.
        (S::Submitted | S::Unknown | S::Accepted | S::PartiallyFilled, E::Accepted) => Ok(working),
        (S::PendingCancel | S::PendingReplace, E::Accepted) => Ok(status),

        // Money moved: a fill is believed wherever it finds the order, but for one that never left.
        (S::Submitted | S::Accepted | S::PartiallyFilled | S::Unknown, E::PartiallyFilled) => {
            Ok(S::PartiallyFilled)
        }
        (S::PendingCancel | S::PendingReplace | S::Canceled | S::Expired, E::PartiallyFilled) => Ok(status),
        (S::Rejected, E::PartiallyFilled) => Ok(S::Canceled),
        (S::Canceled | S::Expired | S::Rejected, E::Filled) => Ok(S::Filled),
        (_, E::Filled) if at_venue => Ok(S::Filled),

        (_, E::CancelSubmitted) if at_venue => Ok(S::PendingCancel),
        (_, E::Canceled) if at_venue => Ok(S::Canceled),
        (S::PendingCancel, E::CancelRejected) => Ok(working),

        (S::Accepted | S::PartiallyFilled, E::ReplaceSubmitted) => Ok(S::PendingReplace),
        (S::PendingReplace, E::Replaced | E::ReplaceRejected) => Ok(working),
        // The cancel overtook the replace; its own answer is still to come.
        (S::PendingCancel, E::Replaced | E::ReplaceRejected) => Ok(S::PendingCancel),
        // Two requests crossed, or a query settled the order first: the late answer changes terms, not status.
        (S::Accepted | S::PartiallyFilled, E::Replaced | E::ReplaceRejected | E::CancelRejected) => {
            Ok(working)
        }
        // New terms are evidence that the order works; a refusal is none, the order may as well be gone.
        (S::Unknown, E::Replaced) => Ok(working),
        (S::Unknown, E::ReplaceRejected | E::CancelRejected) => Ok(S::Unknown),

        // What was executed in part was not refused; its end is a cancel.
        (S::Submitted | S::Unknown | S::Accepted | S::PendingCancel | S::PendingReplace, E::Rejected)
            if !filled =>
        {
            Ok(S::Rejected)
        }
        (_, E::Expired) if at_venue => Ok(S::Expired),
        (_, E::Unknown) if at_venue => Ok(S::Unknown),

        (status, step) => Err(ImpossibleStep { status, step }),
    }
}

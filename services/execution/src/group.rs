//! Which orders end each other.

use reprise_model::{GroupRole, NewOrder, OrderId};

/// The name of a set of orders of which the fill of one ends the others.
///
/// Plain one-cancels-the-other orders share their group's number. The exits of a bracket carry the number of
/// its entry, and an entry that is filled in parts has a pair of exits for each part; the two of a pair are
/// asked for one right after the other, take-profit first, so the take-profit's number names the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKey {
    opened_by: u32,
    pair: u32,
}

impl GroupKey {
    /// The key of an order, `None` for one that stands alone.
    pub(crate) fn of(id: OrderId, terms: &NewOrder) -> Option<Self> {
        let group = terms.group?;
        let pair = match group.role {
            GroupRole::Oco => 0,
            GroupRole::TakeProfit => id.n,
            GroupRole::StopLoss => id.n.saturating_sub(1),
        };
        Some(Self { opened_by: group.id, pair })
    }
}

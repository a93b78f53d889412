//! Brackets, and orders of which one cancels the other, held by the engine.
//!
//! Each fill of an entry that names a take-profit or a stop-loss asks for that exit, or the pair of them, for
//! what the fill brought. When a member of a group is filled in full the others are canceled; when it is filled
//! in part the others shrink by that much, as soon as the venue works them. A member that ends unfilled leaves
//! the others alone: a target that was refused must not take the stop with it.

use std::collections::BTreeMap;

use reprise_core::{Context, State};
use reprise_model::event::{CancelReason, Fill, NewTerms, Outcome};
use reprise_model::{
    GroupRole, NewOrder, OrderGroup, OrderId, OrderOrigin, OrderStatus, OrderType, Price, Qty, RequestOf,
    TimeInForce,
};
use serde::{Deserialize, Serialize};

use crate::amounts::{change_of_position, less, plus};
use reprise_model::GroupKey;

/// A member of a group.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Member {
    id: OrderId,
    /// What it would be for if no other member had been filled.
    whole_qty: Qty,
    /// Executed so far.
    cum_qty: Qty,
    is_open: bool,
    is_filled: bool,
}

/// The groups that have an open member.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Groups {
    #[serde(with = "reprise_core::pairs")]
    members: BTreeMap<GroupKey, Vec<Member>>,
}

impl Groups {
    /// Takes over the groups of the orders that the state holds as open.
    pub(super) fn begin(&mut self, state: &State) {
        for order in state.orders.open() {
            let Some(key) = GroupKey::of(order.id, &order.terms) else { continue };
            let members = self.members.entry(key).or_default();
            if members.iter().any(|member| member.id == order.id) {
                continue;
            }
            members.push(Member {
                id: order.id,
                whole_qty: order.terms.qty,
                cum_qty: order.cum_qty,
                is_open: true,
                is_filled: false,
            });
        }
        // What the others had was taken off each member's quantity before.
        for members in self.members.values_mut() {
            let sum = members.iter().fold(Qty::ZERO, |sum, member| plus(sum, member.cum_qty));
            for member in members {
                member.whole_qty = plus(member.whole_qty, less(sum, member.cum_qty));
            }
        }
    }

    /// Follows what became of orders, and asks for what follows from it.
    #[inline]
    pub(super) fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderRequested(e) => self.join(e.order, &e.terms),
            Outcome::OrderPartiallyFilled(e) => self.filled(&e.fill, cx),
            Outcome::OrderFilled(e) => self.filled(&e.fill, cx),
            _ if self.members.is_empty() => {}
            Outcome::OrderAccepted(e) => self.act(e.order, cx),
            Outcome::OrderReplaceSubmitted(e) => self.rescale(e.order, e.terms.qty, cx),
            Outcome::OrderReplaced(e) => self.act(e.order, cx),
            Outcome::OrderRejected(e) => match e.request {
                RequestOf::New => self.left(e.order, cx),
                // Asking again would repeat for ever; the order's end, if it has one, is on its way.
                RequestOf::Cancel => {}
                RequestOf::Replace => self.not_shrunk(e.order, cx),
            },
            Outcome::OrderDenied(e) => match e.request {
                RequestOf::New => self.left(e.order, cx),
                RequestOf::Cancel | RequestOf::Replace => self.not_shrunk(e.order, cx),
            },
            Outcome::OrderCanceled(e) => self.left(e.order, cx),
            Outcome::OrderExpired(e) => self.left(e.order, cx),
            _ => {}
        }
    }

    fn join(&mut self, id: OrderId, terms: &NewOrder) {
        let Some(key) = GroupKey::of(id, terms) else { return };
        self.members.entry(key).or_default().push(Member {
            id,
            whole_qty: terms.qty,
            cum_qty: Qty::ZERO,
            is_open: true,
            is_filled: false,
        });
    }

    fn key_of(id: OrderId, state: &State) -> Option<GroupKey> {
        let order = state.orders.get(id)?;
        GroupKey::of(id, &order.terms)
    }

    fn member(&mut self, id: OrderId, state: &State) -> Option<(GroupKey, &mut Member)> {
        let key = Self::key_of(id, state)?;
        let member = self.members.get_mut(&key)?.iter_mut().find(|member| member.id == id)?;
        Some((key, member))
    }

    fn filled(&mut self, fill: &Fill, cx: &mut Context<'_>) {
        if let Some((key, member)) = self.member(fill.order, cx.state()) {
            member.cum_qty = fill.cum_qty;
            member.is_filled = fill.leaves_qty.is_zero();
            member.is_open &= !member.is_filled;
            self.settle(key, cx);
            self.drop_if_over(key);
        }
        request_exits(fill, cx);
    }

    /// An order ended without being filled in full.
    fn left(&mut self, id: OrderId, cx: &mut Context<'_>) {
        if let Some((key, member)) = self.member(id, cx.state()) {
            member.is_open = false;
            self.drop_if_over(key);
        }
    }

    fn drop_if_over(&mut self, key: GroupKey) {
        if self.members.get(&key).is_some_and(|members| members.iter().all(|member| !member.is_open)) {
            self.members.remove(&key);
        }
    }

    /// An order can be changed again: what could not be asked for before is asked for now.
    fn act(&mut self, id: OrderId, cx: &mut Context<'_>) {
        if let Some(key) = Self::key_of(id, cx.state()) {
            self.settle(key, cx);
        }
    }

    /// Somebody asks for another quantity, which is what the member would be for beside what the others had.
    fn rescale(&mut self, id: OrderId, qty: Option<Qty>, cx: &mut Context<'_>) {
        let Some(qty) = qty else { return };
        let Some(key) = Self::key_of(id, cx.state()) else { return };
        let Some(members) = self.members.get_mut(&key) else { return };
        let others = others_cum(members, id);
        if let Some(member) = members.iter_mut().find(|member| member.id == id) {
            member.whole_qty = plus(qty, others);
        }
    }

    /// A member could not be made smaller. One that can only reduce does no harm at its old size; any other
    /// could trade more than was meant, and is canceled.
    fn not_shrunk(&mut self, id: OrderId, cx: &mut Context<'_>) {
        let state = cx.state();
        let Some(key) = Self::key_of(id, state) else { return };
        let Some(order) = state.orders.get_open(id).filter(|order| !order.terms.reduce_only) else { return };
        let Some(members) = self.members.get(&key) else { return };
        let qty = order.terms.qty;
        if members
            .iter()
            .any(|member| member.id == id && less(member.whole_qty, others_cum(members, id)) < qty)
        {
            cx.cancel(id, CancelReason::Group);
        }
    }

    /// Cancels and shrinks the members of a group by what the others had.
    fn settle(&mut self, key: GroupKey, cx: &mut Context<'_>) {
        let Some(members) = self.members.get(&key) else { return };
        let is_done = members.iter().any(|member| member.is_filled);
        for member in members.iter().filter(|member| member.is_open) {
            let Some(order) = cx.state().orders.get_open(member.id) else { continue };
            let target = less(member.whole_qty, others_cum(members, member.id));
            let status = order.status;
            if is_done || target <= member.cum_qty {
                if status != OrderStatus::PendingCancel {
                    cx.cancel(member.id, CancelReason::Group);
                }
            } else if target < order.terms.qty
                && matches!(status, OrderStatus::Accepted | OrderStatus::PartiallyFilled)
            {
                cx.replace(member.id, NewTerms { qty: Some(target), price: None, stop_price: None });
            }
        }
    }
}

fn others_cum(members: &[Member], id: OrderId) -> Qty {
    members.iter().filter(|member| member.id != id).fold(Qty::ZERO, |sum, member| plus(sum, member.cum_qty))
}

/// Asks for the exits of what a fill of an entry brought: the take-profit first, the stop-loss right after it.
fn request_exits(fill: &Fill, cx: &mut Context<'_>) {
    let state = cx.state();
    let Some(order) = state.orders.get(fill.order) else { return };
    let entry = &order.terms;
    if entry.take_profit.is_none() && entry.stop_loss.is_none() {
        return;
    }
    let Some(market) = state.markets.by_id(&entry.instrument) else { return };
    let definition = &market.definition;
    let brought = change_of_position(entry.side, fill, definition.base, definition.quote);
    let qty = brought.abs().floor_to(definition.lot);
    if !qty.is_positive() {
        return;
    }
    let exits = [
        (
            GroupRole::TakeProfit,
            entry.take_profit.map(|price| exit(fill.order, entry, qty, Some(price), None)),
        ),
        (GroupRole::StopLoss, entry.stop_loss.map(|stop| exit(fill.order, entry, qty, None, Some(stop)))),
    ];
    for (role, mut terms) in exits.into_iter().filter_map(|(role, terms)| terms.map(|terms| (role, terms))) {
        terms.group = Some(OrderGroup { id: fill.order.n, role });
        cx.request(terms);
    }
}

/// An exit: a limit at `price`, or a stop at `stop_price`.
fn exit(
    opened_by: OrderId,
    entry: &NewOrder,
    qty: Qty,
    price: Option<Price>,
    stop_price: Option<Price>,
) -> NewOrder {
    NewOrder {
        strategy: entry.strategy,
        instrument: entry.instrument,
        side: entry.side.opposite(),
        order_type: if price.is_some() { OrderType::Limit } else { OrderType::Stop },
        time_in_force: TimeInForce::Gtc,
        qty,
        price,
        stop_price,
        expire_ts: None,
        post_only: false,
        reduce_only: true,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Bracket,
        intent: entry.intent,
        note: Some(format!("exit of order {}", opened_by.n)),
    }
}

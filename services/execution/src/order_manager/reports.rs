//! What a venue reported, as outcomes.
//!
//! A report is believed unless the order's life has no place for it: then it is a repetition, or comes too late
//! to matter, and leads to nothing. An execution is counted once by its id, whichever way it comes. A request
//! without an answer makes the order unknown unless the venue has shown since that it has it.

use std::collections::{BTreeMap, BTreeSet};

use reprise_core::{Context, Order, State};
use reprise_model::event::{
    CancelReason, Fill, NewTerms, OrderAccepted, OrderCanceled, OrderExpired, OrderFilled,
    OrderPartiallyFilled, OrderRejected, OrderReplaced, OrderUnknown, ReportFilled, ReportRejected,
    ReportReplaced, ReportUnanswered,
};
use reprise_model::life::{self, OrderStep};
use reprise_model::{
    Code, Input, Label, OrderId, OrderStatus, OrderType, Outcome, Qty, Refusal, RequestOf, TimeInForce,
};
use serde::{Deserialize, Serialize};

use crate::amounts::{less, plus};

/// Orders are looked through for ones that the state has dropped when so many more are kept than last time.
const PRUNE_EVERY: usize = 1_024;

/// What is kept of one order besides the state.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Noted {
    is_accepted: bool,
    executions: BTreeSet<Label<39>>,
    cancel_reason: Option<CancelReason>,
}

/// What was said of orders that the state does not hold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    orders: BTreeMap<u32, Noted>,
    kept: usize,
    /// True once a venue reported: a paper venue does not, and then nothing needs to be compared.
    has_reports: bool,
}

impl Known {
    /// Notes what an outcome says.
    pub(super) fn note(&mut self, outcome: &Outcome, state: &State) {
        match outcome {
            Outcome::OrderCancelSubmitted(e) => {
                self.order(e.order, state).cancel_reason = Some(e.reason);
            }
            _ if !self.has_reports => {}
            Outcome::OrderAccepted(e) => self.order(e.order, state).is_accepted = true,
            Outcome::OrderPartiallyFilled(e) => {
                self.order(e.fill.order, state).executions.insert(e.fill.exec_id);
            }
            Outcome::OrderFilled(e) => {
                self.order(e.fill.order, state).executions.insert(e.fill.exec_id);
            }
            _ => {}
        }
    }

    fn order(&mut self, id: OrderId, state: &State) -> &mut Noted {
        if self.orders.len() >= self.kept + PRUNE_EVERY {
            let epoch = id.epoch;
            self.orders.retain(|&n, _| state.orders.get(OrderId { epoch, n }).is_some());
            self.kept = self.orders.len();
        }
        self.orders.entry(id.n).or_default()
    }

    /// Turns a report into the outcome that follows from it, if one does.
    pub(super) fn report(&mut self, input: &Input, cx: &mut Context<'_>) {
        self.has_reports = true;
        let Some(id) = order_of(input) else { return };
        let Some(order) = cx.state().orders.get(id) else { return };
        match input {
            Input::ReportAccepted(report) => {
                let is_accepted = self.orders.get(&id.n).is_some_and(|noted| noted.is_accepted);
                let is_news = !is_accepted || order.status == OrderStatus::Unknown;
                if is_news && can(order, OrderStep::Accepted) {
                    let venue_order_id = report.venue_order_id;
                    cx.emit(OrderAccepted { order: id, venue_order_id, adopted: None });
                }
            }
            Input::ReportRejected(report) => rejected(order.clone(), report, cx),
            Input::ReportFilled(report) => {
                let is_repeated =
                    self.orders.get(&id.n).is_some_and(|noted| noted.executions.contains(&report.exec_id));
                if !is_repeated {
                    filled(order.clone(), report, cx);
                }
            }
            Input::ReportCanceled(_) if can(order, OrderStep::Canceled) => {
                let asked = self.orders.get(&id.n).and_then(|noted| noted.cancel_reason);
                let leaves_qty = order.leaves_qty();
                let reason = cancel_reason(order, asked);
                cx.emit(OrderCanceled { order: id, reason, leaves_qty });
            }
            Input::ReportReplaced(report) => replaced(order.clone(), report, cx),
            Input::ReportExpired(_) if can(order, OrderStep::Expired) => {
                let leaves_qty = order.leaves_qty();
                cx.emit(OrderExpired { order: id, leaves_qty });
            }
            Input::ReportUnanswered(report) if is_unanswered(order, report) => {
                cx.emit(OrderUnknown { order: id, reason: report.reason.clone() });
            }
            _ => {}
        }
    }
}

/// Which order a report is about.
fn order_of(input: &Input) -> Option<OrderId> {
    match input {
        Input::ReportAccepted(report) => Some(report.order),
        Input::ReportRejected(report) => Some(report.order),
        Input::ReportFilled(report) => Some(report.order),
        Input::ReportCanceled(report) => Some(report.order),
        Input::ReportReplaced(report) => Some(report.order),
        Input::ReportExpired(report) => Some(report.order),
        Input::ReportUnanswered(report) => Some(report.order),
        _ => None,
    }
}

/// True when the order's life has a place for the step.
fn can(order: &Order, step: OrderStep) -> bool {
    life::next(order.status, order.cum_qty.is_positive(), step).is_ok()
}

/// Why the venue canceled: as it was asked, or by the order's own terms, or for reasons of its own.
fn cancel_reason(order: &Order, asked: Option<CancelReason>) -> CancelReason {
    match (asked, order.terms.time_in_force) {
        (Some(reason), _) => reason,
        (None, TimeInForce::Fok) => CancelReason::FillOrKill,
        (None, TimeInForce::Ioc) => CancelReason::Immediate,
        (None, _) if order.terms.order_type == OrderType::Market => CancelReason::Immediate,
        (None, _) => CancelReason::Venue,
    }
}

fn rejected(order: Order, report: &ReportRejected, cx: &mut Context<'_>) {
    let step = match report.request {
        RequestOf::New => OrderStep::Rejected,
        RequestOf::Cancel => OrderStep::CancelRejected,
        RequestOf::Replace => OrderStep::ReplaceRejected,
    };
    if !can(&order, step) {
        return;
    }
    cx.emit(OrderRejected {
        order: order.id,
        request: report.request,
        refusal: Refusal::new(Code::VenueRefused),
        reason: Some(report.reason.clone()),
    });
}

/// The most that the order may be for: the venue may execute under new terms before it says that it took them.
fn widest_qty(order: &Order) -> Qty {
    plus(order.cum_qty, order.worst_leaves_qty())
}

fn filled(order: Order, report: &ReportFilled, cx: &mut Context<'_>) {
    let Ok(cum_qty) = order.cum_qty.checked_add(report.qty) else { return };
    let leaves_qty = less(widest_qty(&order), cum_qty);
    let fill = Fill {
        order: order.id,
        exec_id: report.exec_id,
        qty: report.qty,
        price: report.price,
        fee: report.fee,
        fee_asset: report.fee_asset,
        liquidity: report.liquidity,
        cum_qty,
        leaves_qty,
    };
    if leaves_qty.is_zero() && can(&order, OrderStep::Filled) {
        cx.emit(OrderFilled { fill });
    } else if can(&order, OrderStep::PartiallyFilled) {
        cx.emit(OrderPartiallyFilled { fill });
    }
}

fn replaced(order: Order, report: &ReportReplaced, cx: &mut Context<'_>) {
    if !can(&order, OrderStep::Replaced) {
        return;
    }
    let terms = NewTerms { qty: report.qty, price: report.price, stop_price: report.stop_price };
    cx.emit(OrderReplaced { order: order.id, terms });
    // Executed to its new quantity before that quantity was known: nothing is left of it.
    if report.qty.is_some_and(|qty| qty <= order.cum_qty) {
        cx.emit(OrderCanceled { order: order.id, reason: CancelReason::Venue, leaves_qty: Qty::ZERO });
    }
}

/// True when nothing since has answered the request.
fn is_unanswered(order: &Order, report: &ReportUnanswered) -> bool {
    match report.request {
        RequestOf::New => order.status == OrderStatus::Submitted,
        RequestOf::Cancel => order.status == OrderStatus::PendingCancel,
        RequestOf::Replace => order.status == OrderStatus::PendingReplace,
    }
}

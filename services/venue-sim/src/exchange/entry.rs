//! The service that asks the core for what the account's owner wants.

use std::cell::RefCell;
use std::rc::Rc;

use reprise_core::{Context, Service};
use reprise_model::event::{CancelReason, NewTerms};
use reprise_model::{Input, NewOrder, OrderId};

/// What the owner wants.
#[derive(Debug)]
pub(super) enum Act {
    Enter(Box<NewOrder>),
    Cancel(OrderId),
    Replace(OrderId, NewTerms),
}

/// Where the next wish is put for the service to find.
pub(super) type Wish = Rc<RefCell<Option<Act>>>;

/// Asks for what was put there.
#[derive(Debug)]
pub(super) struct OrderEntry(pub(super) Wish);

impl Service for OrderEntry {
    fn name(&self) -> &str {
        "order_entry"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        match self.0.borrow_mut().take() {
            None => {}
            Some(Act::Enter(terms)) => {
                cx.request(*terms);
            }
            Some(Act::Cancel(order)) => cx.cancel(order, CancelReason::Strategy),
            Some(Act::Replace(order, terms)) => cx.replace(order, terms),
        }
    }
}

//! From the published stream to the spans of orders that are over.

use std::collections::BTreeMap;

use reprise_model::{OrderId, Outcome};
use reprise_runtime::{Event, Published};

use super::life::{Life, Span};

/// Orders that are followed at once. There are more only when their ends were lost.
const ORDERS_KEPT: usize = 16_384;

/// Follows every order.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    orders: BTreeMap<OrderId, Life>,
}

impl Tracer {
    /// Takes an event in; gives the order that it ended, with its spans.
    pub fn take(&mut self, published: &Published) -> Option<(OrderId, Vec<Span>)> {
        let Event::Outcome(cause, outcome) = &published.event else { return None };
        if let Outcome::OrderRequested(requested) = outcome {
            if self.orders.len() >= ORDERS_KEPT {
                self.orders.pop_first();
            }
            let life = Life::begin(published.seq, *cause, published.ts, requested);
            self.orders.insert(requested.order, life);
            return None;
        }
        let id = outcome.order()?;
        let is_over = self.orders.get_mut(&id)?.take(published.seq, published.ts, outcome);
        if !is_over {
            return None;
        }
        Some((id, self.orders.remove(&id)?.into_spans()))
    }

    /// Orders that are followed.
    #[cfg(test)]
    pub fn followed(&self) -> usize {
        self.orders.len()
    }
}

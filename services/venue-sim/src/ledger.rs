//! What an account has ordered and what was filled, for as long as a venue would tell of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use reprise_model::event::{CancelReason, Fill};
use reprise_model::{Asset, Cash, MoneyError, NewOrder, OrderId, OrderStatus, Price, Qty, Refusal, Side, Ts};

/// Orders that are over and stay in the ledger, by account.
pub const ORDERS_KEPT: usize = 5_000;
/// Fills that stay in the ledger, by account.
pub const FILLS_KEPT: usize = 10_000;

/// An order as the venue tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// Its id in its account.
    pub id: OrderId,
    /// Its number at the venue, counted over all accounts: Hyperliquid's oid.
    pub number: u64,
    /// The client's own id of it: Coinbase's client_order_id, Hyperliquid's cloid.
    pub client_id: Option<String>,
    /// What the venue's protocol wants to remember of the request.
    pub tag: String,
    /// Its terms as they are now.
    pub terms: NewOrder,
    /// The quantity it was entered with.
    pub original_qty: Qty,
    /// Where it stands.
    pub status: OrderStatus,
    /// Executed so far.
    pub cum_qty: Qty,
    /// The value of that, in quote units.
    pub cum_notional: Cash,
    /// Fees so far, in `fee_asset`.
    pub fees: Cash,
    /// The asset of the fees; the quote asset before the first fill.
    pub fee_asset: Asset,
    /// How many times it was filled.
    pub fills: u32,
    /// True once a stop was triggered, or when it never was one.
    pub is_live: bool,
    /// When it was entered.
    pub entered: Ts,
    /// When it last changed.
    pub updated: Ts,
    /// Why it was canceled.
    pub cancel_reason: Option<CancelReason>,
    /// Why it was refused, or a change of it last.
    pub refusal: Option<Refusal>,
}

impl OrderRecord {
    /// Still open; never negative.
    #[must_use]
    pub fn leaves_qty(&self) -> Qty {
        self.terms.qty.checked_sub(self.cum_qty).unwrap_or(Qty::ZERO).max(Qty::ZERO)
    }

    /// The average price so far, rounded half-even to 1e-12; `None` before the first fill.
    #[must_use]
    pub fn average_price(&self) -> Option<Price> {
        self.cum_notional.per_unit(self.cum_qty).ok()
    }

    /// True while it can still be filled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.status.is_terminal()
    }

    /// True when the venue did not take it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.status, OrderStatus::Denied | OrderStatus::Rejected)
    }

    pub(crate) fn count(&mut self, fill: &Fill) -> Result<(), MoneyError> {
        self.cum_notional = self.cum_notional.checked_add(Cash::notional(fill.price, fill.qty)?)?;
        self.fees = self.fees.checked_add(fill.fee)?;
        (self.cum_qty, self.fee_asset) = (fill.cum_qty, fill.fee_asset);
        self.fills += 1;
        Ok(())
    }
}

/// A fill as the venue tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRecord {
    /// Its number at the venue, counted over all accounts: Hyperliquid's tid.
    pub number: u64,
    /// The number of its order at the venue.
    pub order_number: u64,
    /// The client's id of the order.
    pub client_id: Option<String>,
    /// When.
    pub ts: Ts,
    /// The order's place among the house's instruments.
    pub listing: usize,
    /// The order's side.
    pub side: Side,
    /// The execution.
    pub fill: Fill,
    /// The account's net position in the instrument before it, in base units.
    pub position_before: Qty,
    /// The profit it realised, in quote units, without fees; 0 where it opened.
    pub realized: Cash,
}

/// What an account has ordered and what was filled.
#[derive(Debug, Default)]
pub struct Ledger {
    orders: BTreeMap<u32, Arc<OrderRecord>>,
    by_number: BTreeMap<u64, u32>,
    by_client_id: BTreeMap<String, u32>,
    over: VecDeque<u32>,
    fills: VecDeque<Arc<FillRecord>>,
}

impl Ledger {
    /// An order by its id in the account.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Arc<OrderRecord>> {
        self.orders.get(&id.n)
    }

    /// An order by its number at the venue.
    #[must_use]
    pub fn by_number(&self, number: u64) -> Option<&Arc<OrderRecord>> {
        self.orders.get(self.by_number.get(&number)?)
    }

    /// The last order with a client's id.
    #[must_use]
    pub fn by_client_id(&self, client_id: &str) -> Option<&Arc<OrderRecord>> {
        self.orders.get(self.by_client_id.get(client_id)?)
    }

    /// Orders, the oldest first.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = &Arc<OrderRecord>> {
        self.orders.values()
    }

    /// Fills, the oldest first.
    pub fn fills(&self) -> impl DoubleEndedIterator<Item = &Arc<FillRecord>> {
        self.fills.iter()
    }

    pub(crate) fn insert(&mut self, record: OrderRecord) {
        let n = record.id.n;
        self.by_number.insert(record.number, n);
        if let Some(client_id) = &record.client_id {
            self.by_client_id.insert(client_id.clone(), n);
        }
        self.orders.insert(n, Arc::new(record));
    }

    /// Changes an order; returns it as it is then.
    pub(crate) fn change(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut OrderRecord),
    ) -> Option<Arc<OrderRecord>> {
        let record = self.orders.get_mut(&id.n)?;
        let was_open = record.is_open();
        change(Arc::make_mut(record));
        let record = Arc::clone(record);
        if was_open && !record.is_open() {
            self.retire(id.n);
        }
        Some(record)
    }

    pub(crate) fn push_fill(&mut self, fill: Arc<FillRecord>) {
        if self.fills.len() == FILLS_KEPT {
            self.fills.pop_front();
        }
        self.fills.push_back(fill);
    }

    fn retire(&mut self, n: u32) {
        self.over.push_back(n);
        if self.over.len() <= ORDERS_KEPT {
            return;
        }
        if let Some(oldest) = self.over.pop_front() {
            self.remove(oldest);
        }
    }

    /// Takes out an order as if it had never been there.
    pub(crate) fn forget(&mut self, id: OrderId) {
        self.over.retain(|&n| n != id.n);
        self.remove(id.n);
    }

    fn remove(&mut self, n: u32) {
        let Some(record) = self.orders.remove(&n) else { return };
        self.by_number.remove(&record.number);
        if let Some(client_id) = &record.client_id
            && self.by_client_id.get(client_id) == Some(&record.id.n)
        {
            self.by_client_id.remove(client_id);
        }
    }
}

//! The venue's books about its accounts: every order and fill, numbered, with positions as the fills made them.

use std::sync::Arc;

use reprise_core::{Market, Markets, Position};
use reprise_execution::TriggerBy;
use reprise_model::event::Fill;
use reprise_model::{Cash, NewOrder, OrderId, OrderStatus, Outcome, Price, Qty, RequestOf, Side, Ts};

use super::FIRST_NUMBER;
use super::news::AccountNews;
use crate::exchange::{AccountEvent, AccountIx};
use crate::ledger::{FillRecord, Ledger, OrderRecord};
use crate::mapping::Listing;

/// A stop that waits for its trigger.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    account: AccountIx,
    id: OrderId,
    instrument: reprise_model::InstrumentId,
    side: Side,
}

/// What is written about one account.
#[derive(Debug, Default)]
pub struct AccountBook {
    ledger: Ledger,
    positions: Vec<Position>,
}

impl AccountBook {
    /// Orders and fills.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The position in a listing as fills made it, without funding.
    #[must_use]
    pub fn position(&self, listing: usize) -> Position {
        self.positions.get(listing).copied().unwrap_or_default()
    }
}

/// The books of all accounts.
#[derive(Debug)]
pub(super) struct Books {
    trigger_by: TriggerBy,
    accounts: Vec<AccountBook>,
    stops: Vec<Waiting>,
    news: u64,
    orders: u64,
    fills: u64,
}

impl Books {
    pub(super) fn new(trigger_by: TriggerBy) -> Self {
        Self { trigger_by, accounts: Vec::new(), stops: Vec::new(), news: 0, orders: 0, fills: 0 }
    }

    pub(super) fn open(&mut self, account: AccountIx, listings: usize) {
        if self.accounts.len() <= account.at() {
            self.accounts.resize_with(account.at() + 1, AccountBook::default);
        }
        let positions = &mut self.accounts[account.at()].positions;
        if positions.len() < listings {
            positions.resize(listings, Position::default());
        }
    }

    pub(super) fn of(&self, account: AccountIx) -> &AccountBook {
        &self.accounts[account.at()]
    }

    /// The number of the last news.
    pub(super) fn news_number(&self) -> u64 {
        self.news
    }

    pub(super) fn ledger(&self, account: AccountIx) -> &Ledger {
        &self.of(account).ledger
    }
    /// Writes down an order that is about to be entered.
    pub(super) fn begin(&mut self, account: AccountIx, new: NewRecord<'_>) {
        let record = OrderRecord {
            id: new.id,
            number: FIRST_NUMBER + self.orders,
            client_id: new.client_id,
            tag: new.tag,
            terms: new.terms.clone(),
            original_qty: new.terms.qty,
            status: OrderStatus::Requested,
            cum_qty: Qty::ZERO,
            cum_notional: Cash::ZERO,
            fees: Cash::ZERO,
            fee_asset: new.quote,
            fills: 0,
            is_live: new.terms.stop_price.is_none(),
            entered: new.ts,
            updated: new.ts,
            cancel_reason: None,
            refusal: None,
        };
        self.orders += 1;
        if let Some(terms) = record.terms.stop_price.map(|_| &record.terms) {
            let (instrument, side) = (terms.instrument, terms.side);
            self.stops.push(Waiting { account, id: record.id, instrument, side });
        }
        self.accounts[account.at()].ledger.insert(record);
    }

    /// The order after everything that followed when it was entered. One that was refused was never there.
    pub(super) fn entered(&mut self, account: AccountIx, id: OrderId) -> Option<Arc<OrderRecord>> {
        let ledger = &mut self.accounts[account.at()].ledger;
        let record = Arc::clone(ledger.order(id)?);
        if record.is_refused() {
            ledger.forget(id);
        }
        Some(record)
    }

    /// Writes an event down; gives what is to be told of it.
    pub(super) fn take(
        &mut self,
        event: AccountEvent,
        listings: &[Listing],
        markets: &Markets,
    ) -> Option<AccountNews> {
        let AccountEvent { account, ts, outcome } = event;
        self.open(account, listings.len());
        let mut fill = None;
        let order = match &outcome {
            Outcome::OrderAccepted(e) => {
                if let Some(terms) = &e.adopted {
                    self.adopt(account, ts, e.order, terms, markets);
                }
                self.step(account, ts, e.order, OrderStatus::Accepted)
            }
            Outcome::OrderPartiallyFilled(e) => {
                fill = self.fill(account, ts, &e.fill, listings);
                self.step(account, ts, e.fill.order, OrderStatus::PartiallyFilled)
            }
            Outcome::OrderFilled(e) => {
                fill = self.fill(account, ts, &e.fill, listings);
                self.step(account, ts, e.fill.order, OrderStatus::Filled)
            }
            Outcome::OrderCanceled(e) => {
                self.change(account, ts, e.order, |order| order.cancel_reason = Some(e.reason));
                self.step(account, ts, e.order, OrderStatus::Canceled)
            }
            Outcome::OrderExpired(e) => self.step(account, ts, e.order, OrderStatus::Expired),
            Outcome::OrderReplaced(e) => self.change(account, ts, e.order, |order| {
                order.terms.qty = e.terms.qty.unwrap_or(order.terms.qty);
                order.terms.price = e.terms.price.or(order.terms.price);
                order.terms.stop_price = e.terms.stop_price.or(order.terms.stop_price);
            }),
            Outcome::OrderDenied(e) => {
                self.change(account, ts, e.order, |order| order.refusal = Some(e.refusal.clone()));
                match e.request {
                    RequestOf::New => self.step(account, ts, e.order, OrderStatus::Denied),
                    RequestOf::Cancel | RequestOf::Replace => self.known(account, e.order),
                }
            }
            Outcome::OrderRejected(e) => {
                self.change(account, ts, e.order, |order| order.refusal = Some(e.refusal.clone()));
                match e.request {
                    RequestOf::New => self.step(account, ts, e.order, OrderStatus::Rejected),
                    RequestOf::Cancel | RequestOf::Replace => self.known(account, e.order),
                }
            }
            // An exit that a filled entry asked for.
            Outcome::OrderRequested(e) => {
                if self.known(account, e.order).is_none() {
                    self.adopt(account, ts, e.order, &e.terms, markets);
                }
                return None;
            }
            Outcome::PositionChanged(_) => None,
            // What is asked for and under way is not told: the venue answers at once.
            _ => return None,
        };
        self.news += 1;
        Some(AccountNews {
            number: self.news,
            account,
            ts,
            outcome: Some(outcome),
            order,
            held: Cash::ZERO,
            fill,
        })
    }

    fn known(&self, account: AccountIx, id: OrderId) -> Option<Arc<OrderRecord>> {
        self.ledger(account).order(id).map(Arc::clone)
    }

    fn step(
        &mut self,
        account: AccountIx,
        ts: Ts,
        id: OrderId,
        status: OrderStatus,
    ) -> Option<Arc<OrderRecord>> {
        self.change(account, ts, id, |order| order.status = status)
    }

    fn change(
        &mut self,
        account: AccountIx,
        ts: Ts,
        id: OrderId,
        change: impl FnOnce(&mut OrderRecord),
    ) -> Option<Arc<OrderRecord>> {
        self.accounts[account.at()].ledger.change(id, |order| {
            change(order);
            order.updated = ts;
        })
    }

    /// An order that nobody entered: a liquidation, or an exit of a bracket.
    fn adopt(&mut self, account: AccountIx, ts: Ts, id: OrderId, terms: &NewOrder, markets: &Markets) {
        let Some(market) = markets.by_id(&terms.instrument) else { return };
        let tag = terms.note.clone().unwrap_or_default();
        let quote = market.definition.quote;
        self.begin(account, NewRecord { id, ts, terms, client_id: None, tag, quote });
    }

    fn fill(
        &mut self,
        account: AccountIx,
        ts: Ts,
        fill: &Fill,
        listings: &[Listing],
    ) -> Option<Arc<FillRecord>> {
        let order = self.known(account, fill.order)?;
        let listing = listings.iter().position(|l| l.definition.instrument == order.terms.instrument)?;
        let position = self.accounts[account.at()].positions.get_mut(listing)?;
        let position_before = position.qty;
        let realized = position.fill(order.terms.side.signed(fill.qty), fill.price).unwrap_or_default();
        self.change(account, ts, fill.order, |order| {
            if let Err(error) = order.count(fill) {
                tracing::error!(%error, order = order.number, "a fill is beyond what the ledger can count");
            }
        });
        let record = Arc::new(FillRecord {
            number: FIRST_NUMBER + self.fills,
            order_number: order.number,
            client_id: order.client_id.clone(),
            ts,
            listing,
            side: order.terms.side,
            fill: fill.clone(),
            position_before,
            realized,
        });
        self.fills += 1;
        self.accounts[account.at()].ledger.push_fill(Arc::clone(&record));
        Some(record)
    }

    /// True while a stop waits for its trigger.
    pub(super) fn has_stops(&self) -> bool {
        !self.stops.is_empty()
    }

    /// The stops that a market has triggered, marked so.
    pub(super) fn triggered(&mut self, ts: Ts, market: &Market) -> Vec<AccountNews> {
        let mut news = Vec::new();
        let stops = std::mem::take(&mut self.stops);
        for waiting in stops {
            let Some(order) = self.known(waiting.account, waiting.id) else { continue };
            let is_reached = waiting.instrument == market.definition.instrument
                && watched(market, waiting.side, self.trigger_by)
                    .zip(order.terms.stop_price)
                    .is_some_and(|(price, stop)| reaches(waiting.side, stop, price));
            match (order.is_open(), is_reached) {
                (true, false) => self.stops.push(waiting),
                (true, true) => news.extend(self.trigger(ts, waiting)),
                // A stop at market was triggered and filled by the same event.
                (false, _) if order.fills > 0 => drop(self.trigger(ts, waiting)),
                (false, _) => {}
            }
        }
        news
    }
}

impl Books {
    /// Marks a stop as triggered.
    fn trigger(&mut self, ts: Ts, waiting: Waiting) -> Option<AccountNews> {
        let Waiting { account, id, .. } = waiting;
        let order = Some(self.change(account, ts, id, |order| order.is_live = true)?);
        self.news += 1;
        Some(AccountNews {
            number: self.news,
            account,
            ts,
            outcome: None,
            order,
            held: Cash::ZERO,
            fill: None,
        })
    }
}

/// What is known of an order before it is entered.
pub(super) struct NewRecord<'a> {
    pub(super) id: OrderId,
    pub(super) ts: Ts,
    pub(super) terms: &'a NewOrder,
    pub(super) client_id: Option<String>,
    pub(super) tag: String,
    pub(super) quote: reprise_model::Asset,
}

/// The price that triggers stops; the paper venue goes by the same.
fn watched(market: &Market, side: Side, by: TriggerBy) -> Option<Price> {
    let quote = || market.opposite(side).map(|top| top.price);
    let last = || market.last_trade.map(|trade| trade.price).or_else(quote);
    match by {
        TriggerBy::Last => last(),
        TriggerBy::Quote => quote(),
        TriggerBy::Mark => market.mark.or_else(last),
    }
}

fn reaches(side: Side, stop: Price, price: Price) -> bool {
    match side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}

//! A venue without its protocol: what it lists, the market as it shows it, its accounts and their orders.
//!
//! A house belongs to one thread. Connections reach it by [`crate::Shared::ask`] and hear of it by
//! [`crate::Shared::market_news`] and [`crate::Shared::account_news`].

mod books;
mod derived;
mod news;

use std::collections::BTreeMap;
use std::sync::Arc;

use reprise_core::{InstrumentIx, Market};
use reprise_execution::TriggerBy;
use reprise_model::event::{BookAction, Level, NewTerms, Trade};
use reprise_model::{Asset, Cash, Input, Instrument, NewOrder, Outcome, Price, Qty, Refusal, Side, Ts};

use crate::error::SimError;
use crate::exchange::{AccountEvent, AccountIx, Exchange, ExchangeSettings};
use crate::ledger::{Ledger, OrderRecord};
use crate::mapping::{Listing, Mapping};
use crate::settings::{Settings, Venue};
use crate::shared::NewsDesk;
use crate::tape::{Tape, TapeTrade};

pub use books::AccountBook;
use books::{Books, NewRecord};
use derived::Derived;
pub(crate) use derived::usual_rate;
pub use news::{AccountNews, LevelChange, MarketEvent, MarketNews};

/// The first number of orders, fills and trades; above it they are counted.
pub const FIRST_NUMBER: u64 = 1_000_000_001;

/// A venue without its protocol.
#[derive(Debug)]
pub struct House {
    venue: Venue,
    mapping: Mapping,
    names: Vec<Arc<str>>,
    exchange: Exchange,
    tapes: Vec<Tape>,
    has_book: Vec<bool>,
    books: Books,
    derived: Derived,
    desk: NewsDesk,
    news_number: u64,
    trades: u64,
    now: Ts,
}

impl House {
    /// A house that lists what the recording defines at its start.
    ///
    /// # Errors
    /// When a mapping is wrong or a balance out of range.
    pub(crate) fn open(
        venue: Venue,
        settings: &Settings,
        sources: &[Instrument],
        desk: NewsDesk,
    ) -> Result<Self, SimError> {
        let trigger_by = match venue {
            Venue::Coinbase => TriggerBy::Last,
            Venue::Hyperliquid => TriggerBy::Mark,
        };
        let exchange = Exchange::new(ExchangeSettings { balances: settings.balances.clone(), trigger_by })?;
        let mut house = Self {
            venue,
            mapping: Mapping::new(venue, &settings.maps, sources)?,
            names: Vec::new(),
            exchange,
            tapes: Vec::new(),
            has_book: Vec::new(),
            books: Books::new(trigger_by),
            derived: Derived::default(),
            desk,
            news_number: 0,
            trades: 0,
            now: Ts(0),
        };
        let definitions: Vec<Instrument> = house.listings().iter().map(|l| l.definition.clone()).collect();
        for definition in definitions {
            house.define(Ts(0), definition);
        }
        Ok(house)
    }

    fn define(&mut self, ts: Ts, definition: Instrument) {
        let events = self.exchange.define(ts, definition);
        for listing in &self.mapping.listings()[self.names.len()..] {
            self.names.push(listing.name.as_str().into());
            self.tapes.push(Tape::default());
            self.has_book.push(false);
        }
        self.settle(events);
    }

    /// The venue.
    #[must_use]
    pub fn venue(&self) -> Venue {
        self.venue
    }

    /// What is listed; places never change.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        self.mapping.listings()
    }

    /// The place of the listing with a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| **known == *name)
    }

    /// A listing's market as it stands.
    #[must_use]
    pub fn market(&self, listing: usize) -> Option<&Market> {
        let id = self.listings().get(listing)?.definition.instrument;
        self.exchange.markets().by_id(&id)
    }

    /// A listing's place in the states of accounts.
    #[must_use]
    pub fn ix(&self, listing: usize) -> Option<InstrumentIx> {
        self.exchange.markets().find(&self.listings().get(listing)?.definition.instrument)
    }

    /// What a listing's market did lately.
    #[must_use]
    pub fn tape(&self, listing: usize) -> &Tape {
        &self.tapes[listing]
    }

    /// What is displayed on a side, the best level first, at most `most` levels: the book, or the quote where
    /// the recording has no book.
    #[must_use]
    pub fn levels(&self, listing: usize, side: Side, most: usize) -> Vec<Level> {
        let Some(market) = self.market(listing) else { return Vec::new() };
        if self.has_book[listing] {
            market.book.levels(side).take(most).collect()
        } else {
            market.same(side).into_iter().take(most).collect()
        }
    }

    /// The number of the last market news: what a snapshot taken now holds.
    #[must_use]
    pub fn news_number(&self) -> u64 {
        self.news_number
    }

    /// The number of the last news of an account: what a snapshot taken now holds.
    #[must_use]
    pub fn account_news_number(&self) -> u64 {
        self.books.news_number()
    }

    /// The exchange, to look at.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The account of a name; opened with the starting balances when first seen.
    pub fn account(&mut self, name: &str) -> AccountIx {
        let account = self.exchange.account(name);
        self.books.open(account, self.names.len());
        account
    }

    /// What an account has ordered and what was filled.
    #[must_use]
    pub fn ledger(&self, account: AccountIx) -> &Ledger {
        self.books.ledger(account)
    }

    /// The leverage of an account in a perpetual, for orders from now on.
    pub fn set_leverage(&mut self, account: AccountIx, listing: usize, leverage: u32) {
        if let Some(ix) = self.ix(listing) {
            self.exchange.set_leverage(account, ix, leverage);
        }
    }

    /// Enters an order. `client_id` and `tag` are kept with it. Gives the order after everything that followed at
    /// once; one that was refused ([`OrderRecord::is_refused`]) is not kept, and this is the last seen of it.
    pub fn enter(
        &mut self,
        account: AccountIx,
        ts: Ts,
        terms: NewOrder,
        client_id: Option<String>,
        tag: String,
    ) -> Option<Arc<OrderRecord>> {
        let ts = self.at(ts);
        let quote = self.exchange.markets().by_id(&terms.instrument)?.definition.quote;
        let id = self.exchange.upcoming_order(account);
        self.books.begin(account, NewRecord { id, ts, terms: &terms, client_id, tag, quote });
        let entered = self.exchange.enter(account, ts, terms);
        self.settle(entered.events);
        self.books.entered(account, id)
    }

    /// Cancels an order; false when it is not open.
    pub fn cancel(&mut self, account: AccountIx, ts: Ts, order: &OrderRecord) -> bool {
        if !self.ledger(account).order(order.id).is_some_and(|known| known.is_open()) {
            return false;
        }
        let ts = self.at(ts);
        let events = self.exchange.cancel(account, ts, order.id);
        self.settle(events);
        true
    }

    /// Gives an open order new terms.
    ///
    /// # Errors
    /// Why the order keeps those it has.
    pub fn replace(
        &mut self,
        account: AccountIx,
        ts: Ts,
        order: &OrderRecord,
        terms: NewTerms,
    ) -> Result<(), Refusal> {
        let ts = self.at(ts);
        let events = self.exchange.replace(account, ts, order.id, terms);
        let refusal = events.iter().find_map(|event| match &event.outcome {
            Outcome::OrderDenied(e) if e.order == order.id => Some(e.refusal.clone()),
            Outcome::OrderRejected(e) if e.order == order.id => Some(e.refusal.clone()),
            _ => None,
        });
        self.settle(events);
        refusal.map_or(Ok(()), Err)
    }

    /// An event of the recording.
    pub(crate) fn recorded(&mut self, ts: Ts, input: &Input) {
        if let Input::InstrumentDefined(defined) = input {
            if let Some(listing) = self.mapping.list(&defined.definition) {
                let definition = listing.definition.clone();
                let ts = self.at(ts);
                self.define(ts, definition);
            }
            return;
        }
        let Some((listing, input)) = self.mapping.map(input) else { return };
        self.happens(ts, listing, &input);
        let id = self.listings()[listing].definition.instrument;
        let Some(market) = self.exchange.markets().by_id(&id) else { return };
        for derived in self.derived.after(self.now, listing, market, &input) {
            self.happens(ts, listing, &derived);
        }
    }

    /// Something happens in a listing's market.
    pub(crate) fn happens(&mut self, ts: Ts, listing: usize, input: &Input) {
        let ts = self.at(ts);
        let is_heard = self.desk.market.receiver_count() > 0;
        let before = is_heard.then(|| self.shown(listing, input)).flatten();
        let top_before = self.top(listing);
        if matches!(input, Input::Book(_)) {
            self.has_book[listing] = true;
        }
        let events = self.exchange.market(ts, input);
        let event = match input {
            Input::Trade(trade) => MarketEvent::Trade(self.note_trade(ts, listing, trade)),
            Input::Mark(_) => MarketEvent::Mark,
            Input::Funding(funding) => MarketEvent::Funding { rate: funding.rate, oracle: funding.oracle },
            Input::Bar(_) => MarketEvent::Bar,
            Input::InstrumentDefined(_) => MarketEvent::Listed,
            _ => MarketEvent::Levels,
        };
        self.news_number += 1;
        if is_heard {
            let top = self.top(listing);
            let news = MarketNews {
                number: self.news_number,
                ts,
                listing,
                name: Arc::clone(&self.names[listing]),
                event,
                bid: top.0,
                ask: top.1,
                top_changed: top != top_before,
                changes: self.changes(listing, input, before),
                day: matches!(input, Input::Trade(_)).then(|| self.tapes[listing].day()).flatten(),
            };
            // Whoever listened may have gone.
            let _ = self.desk.market.send(Arc::new(news));
        }
        self.settle(events);
        self.watch_stops(listing);
    }

    fn note_trade(&mut self, ts: Ts, listing: usize, trade: &Trade) -> TapeTrade {
        let number = FIRST_NUMBER + self.trades;
        self.trades += 1;
        let aggressor = trade.side.unwrap_or(Side::Buy);
        let trade = TapeTrade { number, ts, price: trade.price, qty: trade.qty, aggressor };
        self.tapes[listing].note(trade);
        trade
    }

    fn top(&self, listing: usize) -> (Option<Level>, Option<Level>) {
        self.market(listing).map_or((None, None), |market| (market.bid, market.ask))
    }

    /// What is displayed before an event that replaces all of it.
    fn shown(&self, listing: usize, input: &Input) -> Option<[Vec<Level>; 2]> {
        let replaces = match input {
            Input::Quote(_) => !self.has_book[listing],
            Input::Book(book) => !self.has_book[listing] || book.action == BookAction::Snapshot,
            _ => false,
        };
        replaces.then(|| [Side::Buy, Side::Sell].map(|side| self.levels(listing, side, usize::MAX)))
    }

    fn changes(&self, listing: usize, input: &Input, before: Option<[Vec<Level>; 2]>) -> Vec<LevelChange> {
        match (before, input) {
            (Some([bids, asks]), _) => {
                let mut changes = Vec::new();
                for (side, before) in [(Side::Buy, bids), (Side::Sell, asks)] {
                    changed(side, &before, &self.levels(listing, side, usize::MAX), &mut changes);
                }
                changes
            }
            (None, Input::Book(book)) => {
                let on = |side| move |&level: &Level| LevelChange { side, level };
                let bids = book.bids.iter().map(on(Side::Buy));
                bids.chain(book.asks.iter().map(on(Side::Sell))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Writes down what happened to accounts, and tells them.
    fn settle(&mut self, events: Vec<AccountEvent>) {
        for event in events {
            let listings = self.mapping.listings();
            if let Some(news) = self.books.take(event, listings, self.exchange.markets()) {
                self.tell(news);
            }
        }
    }

    fn watch_stops(&mut self, listing: usize) {
        if !self.books.has_stops() {
            return;
        }
        let id = self.listings()[listing].definition.instrument;
        let Some(market) = self.exchange.markets().by_id(&id) else { return };
        for news in self.books.triggered(self.now, market) {
            self.tell(news);
        }
    }

    fn tell(&self, mut news: AccountNews) {
        if self.desk.accounts.receiver_count() > 0 {
            news.held = news.order.as_ref().map_or(Cash::ZERO, |order| self.held(news.account, order));
            let _ = self.desk.accounts.send(Arc::new(news));
        }
    }

    /// What an order takes out of the free balance; 0 when it is over.
    #[must_use]
    pub fn held(&self, account: AccountIx, order: &OrderRecord) -> Cash {
        let open = self.exchange.state(account).orders.get_open(order.id);
        open.and_then(|open| open.held().ok()).unwrap_or_default()
    }

    /// The house's time never runs back.
    fn at(&mut self, ts: Ts) -> Ts {
        self.now = self.now.max(ts);
        self.now
    }

    /// An account's own positions by listing, as its fills made them.
    #[must_use]
    pub fn book(&self, account: AccountIx) -> &AccountBook {
        self.books.of(account)
    }

    /// What an account can use for new orders, in units of an asset; 0 when it cannot be counted.
    #[must_use]
    pub fn available(&self, account: AccountIx, asset: Asset) -> Cash {
        self.exchange.available(account, asset).unwrap_or_default()
    }
}

/// The levels in which two displays of a side differ: those that are gone, then those that came or changed.
fn changed(side: Side, before: &[Level], after: &[Level], changes: &mut Vec<LevelChange>) {
    let mut gone: BTreeMap<Price, Qty> = before.iter().map(|level| (level.price, level.qty)).collect();
    let mut came: Vec<LevelChange> = Vec::new();
    for &level in after {
        if gone.remove(&level.price) != Some(level.qty) {
            came.push(LevelChange { side, level });
        }
    }
    let nothing = |price| LevelChange { side, level: Level { price, qty: Qty::ZERO } };
    changes.extend(gone.into_keys().map(nothing));
    changes.append(&mut came);
}

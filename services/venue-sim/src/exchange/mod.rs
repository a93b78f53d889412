//! The matching: one core an account, each with a paper venue of its own before the same market.
//!
//! Orders of different accounts never meet; what the recording showed is what all of them trade against. Pure:
//! no I/O and no clock, time comes with each call.

mod account;
mod entry;
mod funds;

use std::collections::BTreeMap;

use reprise_core::{Core, CoreSettings, InstrumentIx, Markets, Outcomes, State};
use reprise_execution::TriggerBy;
use reprise_model::event::{InstrumentDefined, NewTerms};
use reprise_model::{Asset, Cash, Input, Instrument, MoneyError, NewOrder, OrderId, Outcome, StrategyId, Ts};

use account::Account;

/// What every account starts with and how stops are triggered.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// Balances every account starts with.
    pub balances: BTreeMap<Asset, Cash>,
    /// Which price triggers stops.
    pub trigger_by: TriggerBy,
}

/// An account's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountIx(usize);

impl AccountIx {
    /// The place as an index.
    #[must_use]
    pub fn at(self) -> usize {
        self.0
    }
}

/// Something happened to an account: an `order.*` outcome, or `position.changed` by funding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEvent {
    /// To which account.
    pub account: AccountIx,
    /// When.
    pub ts: Ts,
    /// What.
    pub outcome: Outcome,
}

/// What became of an order that was entered, so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The order's id in its account.
    pub id: OrderId,
    /// What followed at once, its refusal included.
    pub events: Vec<AccountEvent>,
}

/// The accounts and the market they share.
pub struct Exchange {
    settings: ExchangeSettings,
    /// The market without an account.
    watcher: Core,
    accounts: Vec<Account>,
    by_name: BTreeMap<String, AccountIx>,
    out: Outcomes,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

impl Exchange {
    /// An exchange without instruments and accounts.
    ///
    /// # Errors
    /// When the balances leave the range of exact numbers.
    pub fn new(settings: ExchangeSettings) -> Result<Self, MoneyError> {
        let watcher = Core::new(quiet(), &[], Vec::new(), Box::new(funds::Funds::default()))?;
        Ok(Self {
            settings,
            watcher,
            accounts: Vec::new(),
            by_name: BTreeMap::new(),
            out: Outcomes::default(),
        })
    }

    /// Lists an instrument, or changes its definition.
    pub fn define(&mut self, ts: Ts, definition: Instrument) -> Vec<AccountEvent> {
        self.market(ts, &Box::new(InstrumentDefined { definition }).into())
    }

    /// A market event reaches every account; returns what it led to. A time before the last one counts as the
    /// last one.
    pub fn market(&mut self, ts: Ts, input: &Input) -> Vec<AccountEvent> {
        let at = self.watcher.state().now().max(ts);
        if let Err(error) = self.watcher.step(at, input, &mut self.out) {
            tracing::error!(%error, "the market view halts at an event; it is passed over");
        }
        let mut events = Vec::new();
        for (ix, account) in self.accounts.iter_mut().enumerate() {
            account.step(AccountIx(ix), ts, input, &mut self.out, &mut events);
        }
        events
    }

    /// The account of a name; opened with the starting balances when first seen.
    pub fn account(&mut self, name: &str) -> AccountIx {
        if let Some(&ix) = self.by_name.get(name) {
            return ix;
        }
        let ix = AccountIx(self.accounts.len());
        self.accounts.push(Account::open(&self.settings, self.watcher.state()));
        self.by_name.insert(name.to_owned(), ix);
        ix
    }

    /// The account of a name that was seen before.
    #[must_use]
    pub fn known_account(&self, name: &str) -> Option<AccountIx> {
        self.by_name.get(name).copied()
    }

    /// The id that the next order of an account gets.
    #[must_use]
    pub fn upcoming_order(&self, at: AccountIx) -> OrderId {
        self.accounts[at.0].upcoming_order()
    }

    /// Enters an order.
    pub fn enter(&mut self, at: AccountIx, ts: Ts, order: NewOrder) -> Entered {
        let account = &mut self.accounts[at.0];
        let id = account.upcoming_order();
        let events = account.act(at, ts, entry::Act::Enter(Box::new(order)), &mut self.out);
        Entered { id, events }
    }

    /// Cancels an order; nothing follows when it is over.
    pub fn cancel(&mut self, at: AccountIx, ts: Ts, order: OrderId) -> Vec<AccountEvent> {
        self.accounts[at.0].act(at, ts, entry::Act::Cancel(order), &mut self.out)
    }

    /// Gives an open order new terms.
    pub fn replace(&mut self, at: AccountIx, ts: Ts, order: OrderId, terms: NewTerms) -> Vec<AccountEvent> {
        self.accounts[at.0].act(at, ts, entry::Act::Replace(order, terms), &mut self.out)
    }

    /// The leverage of an account in a perpetual, for orders from now on.
    pub fn set_leverage(&mut self, at: AccountIx, ix: InstrumentIx, leverage: u32) {
        self.accounts[at.0].set_leverage(ix, leverage);
    }

    /// The leverage of an account in a perpetual.
    #[must_use]
    pub fn leverage(&self, at: AccountIx, ix: InstrumentIx) -> u32 {
        self.accounts[at.0].leverage(ix)
    }

    /// What an account's open orders, and its positions in perpetuals, leave for new orders in an asset.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn available(&self, at: AccountIx, asset: Asset) -> Result<Cash, MoneyError> {
        self.accounts[at.0].available(asset)
    }

    /// Margin that an account's position in a perpetual ties up.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn position_margin(&self, at: AccountIx, ix: InstrumentIx) -> Result<Cash, MoneyError> {
        self.accounts[at.0].position_margin(ix)
    }

    /// An account's balances, positions, open orders and markets.
    #[must_use]
    pub fn state(&self, at: AccountIx) -> &State {
        self.accounts[at.0].state()
    }

    /// The market view without an account.
    #[must_use]
    pub fn markets(&self) -> &Markets {
        &self.watcher.state().markets
    }

    /// How many accounts were opened.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// The owner of everything in an account: an account has one.
    #[must_use]
    pub fn owner() -> StrategyId {
        #[expect(clippy::expect_used, reason = "a constant that is a valid name")]
        "owner".parse().expect("owner is a valid name")
    }
}

/// Settings of a core that writes no journal: no checkpoints, no account lines between fills.
fn quiet() -> CoreSettings {
    CoreSettings { checkpoint_every: 0, line_interval_ns: u64::MAX, ..CoreSettings::default() }
}

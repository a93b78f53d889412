//! An account: a core with a paper venue of its own.

use std::rc::Rc;

use reprise_core::{AccountSettings, Core, CoreSettings, InstrumentIx, Outcomes, Service, State};
use reprise_execution::{OrderManager, OrderManagerSettings, PaperSettings, PaperVenue};
use reprise_model::event::{Book, BookAction, ClockAdvanced, Mark, PositionReason, Quote, Trade};
use reprise_model::{Asset, Cash, Input, Instrument, MoneyError, OrderId, Outcome, QuoteSource, Side, Ts};

use super::entry::{Act, OrderEntry, Wish};
use super::funds::{self, Funds, Leverages};
use super::{AccountEvent, AccountIx, ExchangeSettings, quiet};

/// An account.
pub(super) struct Account {
    core: Core,
    wish: Wish,
    leverages: Leverages,
    is_halted: bool,
}

impl Account {
    /// An account with the starting balances that sees the market as it is now.
    pub(super) fn open(settings: &ExchangeSettings, watched: &State) -> Self {
        let (wish, leverages) = (Wish::default(), Leverages::default());
        let definitions: Vec<Instrument> =
            watched.markets.iter().map(|(_, market)| market.definition.clone()).collect();
        let core_settings = CoreSettings {
            account: AccountSettings { balances: settings.balances.clone(), ..AccountSettings::default() },
            ..quiet()
        };
        let paper = PaperSettings { trigger_by: settings.trigger_by, ..PaperSettings::default() };
        let services: Vec<Box<dyn Service>> = vec![
            Box::new(PaperVenue::new(paper)),
            Box::new(OrderManager::new(OrderManagerSettings::default())),
            Core::accountant(),
            Box::new(OrderEntry(Rc::clone(&wish))),
        ];
        let gate = Box::new(Funds { leverages: Rc::clone(&leverages) });
        #[expect(clippy::expect_used, reason = "settings hold the same balances for all, and were accepted")]
        let core = Core::new(core_settings, &definitions, services, gate).expect("balances within range");
        let mut account = Self { core, wish, leverages, is_halted: false };
        account.catch_up(watched);
        account
    }

    /// Shows the account the market as it stands.
    fn catch_up(&mut self, watched: &State) {
        let mut out = Outcomes::default();
        for input in standing(watched) {
            if let Err(error) = self.core.step(watched.now(), &input, &mut out) {
                tracing::error!(%error, "an account cannot follow the market and is closed");
                self.is_halted = true;
                return;
            }
        }
    }

    pub(super) fn state(&self) -> &State {
        self.core.state()
    }

    pub(super) fn upcoming_order(&self) -> OrderId {
        let state = self.core.state();
        OrderId { epoch: state.settings().epoch, n: state.orders.next_n() }
    }

    pub(super) fn set_leverage(&mut self, ix: InstrumentIx, leverage: u32) {
        self.leverages.borrow_mut().insert(ix, leverage);
    }

    pub(super) fn leverage(&self, ix: InstrumentIx) -> u32 {
        funds::leverage_of(&self.leverages, &self.state().markets.get(ix).definition, ix)
    }

    pub(super) fn available(&self, asset: Asset) -> Result<Cash, MoneyError> {
        funds::available(self.state(), &self.leverages, asset)
    }

    pub(super) fn position_margin(&self, ix: InstrumentIx) -> Result<Cash, MoneyError> {
        funds::position_margin(self.state(), &self.leverages, ix)
    }

    /// The owner wants something.
    pub(super) fn act(&mut self, ix: AccountIx, ts: Ts, act: Act, out: &mut Outcomes) -> Vec<AccountEvent> {
        let mut events = Vec::new();
        *self.wish.borrow_mut() = Some(act);
        self.step(ix, ts, &ClockAdvanced {}.into(), out, &mut events);
        events
    }

    /// Steps the account's core; a time before the last one counts as the last one.
    pub(super) fn step(
        &mut self,
        account: AccountIx,
        ts: Ts,
        input: &Input,
        out: &mut Outcomes,
        events: &mut Vec<AccountEvent>,
    ) {
        if self.is_halted {
            return;
        }
        let at = self.core.state().now().max(ts);
        if let Err(error) = self.core.step(at, input, out) {
            tracing::error!(%error, account = account.at(), "an account halts; it takes no more orders");
            self.is_halted = true;
            return;
        }
        let told = out.as_slice().iter().filter(|decided| is_told(&decided.outcome));
        events.extend(told.map(|decided| AccountEvent {
            account,
            ts: decided.ts,
            outcome: decided.outcome.clone(),
        }));
    }
}

/// What the account's owner hears of.
fn is_told(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::PositionChanged(line) => line.reason == PositionReason::Funding,
        other => other.kind().starts_with("order."),
    }
}

/// The market as it stands, as events that lead there.
fn standing(watched: &State) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (_, market) in watched.markets.iter() {
        let instrument = market.definition.instrument;
        let venue_ts = None;
        if market.definition.quote_source == QuoteSource::Quotes && (market.bid, market.ask) != (None, None) {
            inputs.push(
                Quote { instrument, bid: market.bid, ask: market.ask, venue_ts, conflated: None }.into(),
            );
        }
        if !market.book.is_empty() {
            let bids = market.book.levels(Side::Buy).collect();
            let asks = market.book.levels(Side::Sell).collect();
            inputs.push(
                Book { instrument, action: BookAction::Snapshot, bids, asks, venue_ts, conflated: None }
                    .into(),
            );
        }
        if let Some(last) = market.last_trade {
            let trade = Trade {
                instrument,
                price: last.price,
                qty: reprise_model::Qty::ZERO,
                side: None,
                trade_id: None,
                historical: false,
                venue_ts,
            };
            inputs.push(trade.into());
        }
        if market.mark.is_some() || market.oracle.is_some() {
            inputs.push(Mark { instrument, mark: market.mark, oracle: market.oracle, venue_ts }.into());
        }
    }
    inputs
}

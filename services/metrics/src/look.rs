//! A look at the engine between two inputs: what is copied out of it, quickly, and what is shown of it, at leisure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reprise_core::{Core, InstrumentIx, Market, Position, State};
use reprise_model::event::{FeedState, RunMode, TradingState};
use reprise_model::{Asset, Cash, InstrumentId, MoneyError, OrderStatus, Price, Qty, StrategyId, Ts};
use reprise_runtime::{EngineView, Latencies};

use crate::sheet::Sheet;
use crate::table::{
    BALANCE, DAY_LOSS, DRAWDOWN, ENDING, EQUITY, EXPOSURE, EXPOSURE_QUOTE, FEED_STATE, FEES, FUNDING, GROSS,
    HELD, KILL_SWITCH, LOOK_TOOK, LOOKED, NET, OPEN_ORDERS, PAUSED, PEAK, POSITION, PRICE, PRICE_AGE,
    REALIZED, SKEW, TRADING, UNKNOWN_ORDERS, UNREALIZED,
};

const NS_A_SECOND: f64 = 1e9;

/// What is seen of the engine.
pub(crate) struct Look {
    pub mode: RunMode,
    pub latencies: Latencies,
    at: Ts,
    is_ending: bool,
    trading: Option<Trading>,
    took: Duration,
}

/// What is seen of a core.
struct Trading {
    state: TradingState,
    is_paused: bool,
    reporting: Asset,
    instruments: Vec<Instrument>,
    positions: Vec<(usize, StrategyId, Qty)>,
    profits: BTreeMap<StrategyId, Profit>,
    balances: Vec<(Asset, Cash, Cash)>,
    equity: Option<Cash>,
    peak: Cash,
    day_start: Cash,
    unknown_orders: usize,
}

struct Instrument {
    id: InstrumentId,
    quote: Asset,
    feed: Option<FeedState>,
    price: Option<Price>,
    age_ns: Option<u64>,
    skew_ns: Option<i64>,
    open_orders: u32,
    exposure_quote: Option<Cash>,
    exposure: Option<Cash>,
}

/// A strategy's profit in the reporting asset; `None` is not known.
#[derive(Clone, Copy)]
struct Profit {
    realized: Option<Cash>,
    unrealized: Option<Cash>,
    fees: Option<Cash>,
    funding: Option<Cash>,
}

impl Look {
    /// Looks. The engine waits meanwhile, so nothing is formatted here.
    pub fn at(view: &EngineView<'_>) -> Self {
        let began = Instant::now();
        Self {
            mode: view.mode,
            at: view.now,
            is_ending: view.is_ending,
            latencies: view.latencies.clone(),
            trading: view.core.map(|core| Trading::of(core, view.now)),
            took: began.elapsed(),
        }
    }

    /// Shows what was seen.
    pub fn show(&self, sheet: &Sheet) {
        sheet.set(&LOOKED, &[], self.at.0 as f64 / NS_A_SECOND);
        sheet.set(&LOOK_TOOK, &[], self.took.as_secs_f64());
        sheet.set(&ENDING, &[], truth(self.is_ending));
        if let Some(trading) = &self.trading {
            trading.show(sheet);
        }
    }
}

impl Trading {
    fn of(core: &Core, now: Ts) -> Self {
        let state = core.state();
        let equity = state.equity().ok().flatten();
        let opening = state.account.opening();
        let unknown = |status| status == OrderStatus::Unknown;
        let mut seen = Self {
            state: state.trading(),
            is_paused: state.is_paused(),
            reporting: state.account.reporting(),
            instruments: state
                .markets
                .iter()
                .map(|(ix, market)| Instrument::of(state, ix, market, now))
                .collect(),
            positions: Vec::new(),
            profits: BTreeMap::new(),
            balances: state.account.balances().map(|(asset, b)| (asset, b.total, b.held)).collect(),
            equity,
            // As risk reckons it: before the first account line both are the opening equity.
            peak: state.account.peak().unwrap_or(opening).max(equity.unwrap_or(opening)),
            day_start: state.account.day_start().unwrap_or(opening),
            unknown_orders: state.orders.open().filter(|order| unknown(order.status)).count(),
        };
        for (key, position) in state.positions.iter() {
            seen.positions.push((key.ix.at(), key.strategy, position.qty));
            let profit = seen.profits.entry(key.strategy).or_insert(Profit::NONE);
            *profit = profit.with(state, state.markets.get(key.ix), position);
        }
        seen
    }

    fn show(&self, sheet: &Sheet) {
        self.show_state(sheet);
        let reporting = self.reporting.as_str();
        for instrument in &self.instruments {
            instrument.show(sheet, reporting);
        }
        for (at, strategy, qty) in &self.positions {
            sheet.set(&POSITION, &[self.instruments[*at].id.as_str(), strategy.as_str()], qty.to_f64());
        }
        for (strategy, profit) in &self.profits {
            let rows = [
                (&REALIZED, profit.realized),
                (&UNREALIZED, profit.unrealized),
                (&FEES, profit.fees),
                (&FUNDING, profit.funding),
            ];
            for (row, amount) in rows {
                sheet.set(row, &[strategy.as_str(), reporting], number(amount));
            }
        }
        for (asset, total, held) in &self.balances {
            sheet.set(&BALANCE, &[asset.as_str()], total.to_f64());
            sheet.set(&HELD, &[asset.as_str()], held.to_f64());
        }
        let fallen_from = |high: Cash| self.equity.and_then(|equity| high.checked_sub(equity).ok());
        let rows = [
            (&GROSS, self.sum(Cash::abs)),
            (&NET, self.sum(|exposure| exposure)),
            (&EQUITY, self.equity),
            (&PEAK, Some(self.peak)),
            (&DRAWDOWN, fallen_from(self.peak)),
            (&DAY_LOSS, fallen_from(self.day_start)),
        ];
        for (row, amount) in rows {
            sheet.set(row, &[reporting], number(amount));
        }
    }

    fn show_state(&self, sheet: &Sheet) {
        for state in TradingState::ALL {
            sheet.set(&TRADING, &[state.as_str()], truth(*state == self.state));
        }
        sheet.set(&KILL_SWITCH, &[], truth(self.state != TradingState::Active));
        sheet.set(&PAUSED, &[], truth(self.is_paused));
        sheet.set(&UNKNOWN_ORDERS, &[], self.unknown_orders as f64);
    }

    fn sum(&self, counted: impl Fn(Cash) -> Cash) -> Option<Cash> {
        self.instruments.iter().try_fold(Cash::ZERO, |sum, i| sum.checked_add(counted(i.exposure?)).ok())
    }
}

impl Instrument {
    fn of(state: &State, ix: InstrumentIx, market: &Market, now: Ts) -> Self {
        let (definition, net, price) = (&market.definition, state.positions.net(ix), market.valuation());
        let exposure_quote = match price {
            _ if net.is_zero() => Some(Cash::ZERO),
            Some(price) => Cash::notional(price, net).ok(),
            None => None,
        };
        let reported = |amount: Cash| match amount.is_zero() {
            true => Some(amount),
            false => state.to_reporting(definition.quote, amount).ok().flatten(),
        };
        Self {
            id: definition.instrument,
            quote: definition.quote,
            feed: market.feed,
            price,
            age_ns: market.priced_at.map(|at| now.since(at)),
            skew_ns: market.skew_ns,
            open_orders: state.orders.totals(ix).count,
            exposure_quote,
            exposure: exposure_quote.and_then(reported),
        }
    }

    fn show(&self, sheet: &Sheet, reporting: &str) {
        let id = self.id.as_str();
        if let Some(feed) = self.feed {
            show_feed(sheet, id, feed);
        }
        let known = [
            (&PRICE, self.price.map(Price::to_f64)),
            (&PRICE_AGE, self.age_ns.map(|ns| ns as f64 / NS_A_SECOND)),
            (&SKEW, self.skew_ns.map(|ns| ns as f64 / NS_A_SECOND)),
        ];
        for (row, value) in known {
            if let Some(value) = value {
                sheet.set(row, &[id], value);
            }
        }
        sheet.set(&OPEN_ORDERS, &[id], f64::from(self.open_orders));
        sheet.set(&EXPOSURE_QUOTE, &[id, self.quote.as_str()], number(self.exposure_quote));
        sheet.set(&EXPOSURE, &[id, reporting], number(self.exposure));
    }
}

/// Shows how an instrument's feed stands.
pub(crate) fn show_feed(sheet: &Sheet, instrument: &str, feed: FeedState) {
    for state in FeedState::ALL {
        sheet.set(&FEED_STATE, &[instrument, state.as_str()], truth(*state == feed));
    }
}

impl Profit {
    const NONE: Self = Self {
        realized: Some(Cash::ZERO),
        unrealized: Some(Cash::ZERO),
        fees: Some(Cash::ZERO),
        funding: Some(Cash::ZERO),
    };

    /// This profit and that of a position.
    fn with(self, state: &State, market: &Market, position: &Position) -> Self {
        let add = |sum: Option<Cash>, amount: Result<Cash, MoneyError>| {
            let (sum, amount) = (sum?, amount.ok()?);
            if amount.is_zero() {
                return Some(sum);
            }
            sum.checked_add(state.to_reporting(market.definition.quote, amount).ok()??).ok()
        };
        let unrealized = match market.valuation() {
            _ if position.qty.is_zero() && position.cost.is_zero() => self.unrealized,
            Some(price) => add(self.unrealized, position.unrealized(price)),
            None => None,
        };
        Self {
            realized: add(self.realized, Ok(position.realized)),
            unrealized,
            fees: add(self.fees, Ok(position.fees)),
            funding: add(self.funding, Ok(position.funding)),
        }
    }
}

/// An amount as Prometheus takes it; what is not known is no number.
fn number(amount: Option<Cash>) -> f64 {
    amount.map_or(f64::NAN, Cash::to_f64)
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

//! A look at the engine between two inputs: copies of what is shown, quickly made, written out elsewhere.

use reprise_core::{Core, Market, State};
use reprise_model::event::{FeedState, TradingState};
use reprise_model::{Asset, Cash, MoneyError, Price, Qty, Ts};
use reprise_risk::RiskService;
use reprise_runtime::{EngineView, Latencies};

use crate::shown::{
    AccountView, BalanceRow, LimitRow, MarketRow, OrderRow, Phase, PositionRow, Snapshot, StageRow, Status,
    Strategies,
};

/// The most orders that are shown; a person cannot look at more, and the engine waits while they are copied.
const MOST_ORDERS: usize = 500;

impl Snapshot {
    /// What is shown of the engine as it is.
    #[must_use]
    pub fn of(view: &EngineView<'_>, run: &str) -> Self {
        let state = view.core.map(Core::state);
        Self {
            status: status(view, run),
            orders: state.map(orders).unwrap_or_default(),
            positions: state.map(positions).unwrap_or_default(),
            limits: view.core.map(|core| limits(core, view.now)).unwrap_or_default(),
            account: state.map_or_else(no_account, account),
            markets: view.core.map(|core| markets(core, view.now)).unwrap_or_default(),
            latency: stages(view.latencies),
        }
    }
}

/// The limits that hold, an operator's changes included; `None` without a core, or with another gate.
#[must_use]
pub fn risk_of(core: &Core) -> Option<&RiskService> {
    let gate: &dyn std::any::Any = core.gate();
    gate.downcast_ref()
}

fn status(view: &EngineView<'_>, run: &str) -> Status {
    let state = view.core.map(Core::state);
    let is_paused = state.is_some_and(State::is_paused);
    Status {
        run: run.to_owned(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        mode: view.mode,
        phase: if view.is_ending { Phase::Ending } else { Phase::Running },
        trading: state.map_or(TradingState::Active, State::trading),
        trading_reason: None,
        strategies: if is_paused { Strategies::Paused } else { Strategies::Running },
        feed: state.and_then(worst_feed),
        seq: view.seq,
        durable: view.durable,
        ts: view.now,
        inputs: state.map_or(view.seq.0, State::inputs),
        waiting: 0,
        offered: 0,
        conflated: 0,
        orders: 0,
        fills: 0,
        denied: 0,
        open_orders: state.map_or(0, |state| state.orders.open_count()),
        equity: state.and_then(|state| state.equity().ok().flatten()),
    }
}

/// From the best to the worst.
pub(crate) fn badness(feed: FeedState) -> usize {
    let order = [FeedState::Live, FeedState::Stale, FeedState::Gap, FeedState::Down];
    order.iter().position(|one| *one == feed).unwrap_or(order.len())
}

fn worst_feed(state: &State) -> Option<FeedState> {
    state.markets.iter().filter_map(|(_, market)| market.feed).max_by_key(|feed| badness(*feed))
}

fn orders(state: &State) -> Vec<OrderRow> {
    let row = |order: &reprise_core::Order| OrderRow {
        order: order.id,
        strategy: order.terms.strategy,
        instrument: order.terms.instrument,
        side: order.terms.side,
        order_type: order.terms.order_type,
        time_in_force: order.terms.time_in_force,
        status: order.status,
        qty: order.terms.qty,
        filled: order.cum_qty,
        price: order.terms.price,
        stop_price: order.terms.stop_price,
        reduce_only: order.terms.reduce_only,
        origin: order.terms.origin,
        requested_at: order.requested_at,
    };
    state.orders.open().take(MOST_ORDERS).map(row).collect()
}

fn positions(state: &State) -> Vec<PositionRow> {
    let of_one = |(key, position): (reprise_core::PositionKey, &reprise_core::Position)| {
        let market = state.markets.get(key.ix);
        let mark = market.valuation();
        PositionRow {
            instrument: market.definition.instrument,
            strategy: key.strategy,
            qty: position.qty,
            cost: position.cost,
            average: average(position.cost, position.qty, market),
            mark,
            value: mark.and_then(|mark| Cash::notional(mark, position.qty).ok()),
            unrealized: mark.and_then(|mark| position.unrealized(mark).ok()),
            realized: position.realized,
            fees: position.fees,
            funding: position.funding,
        }
    };
    state.positions.iter().map(of_one).collect()
}

/// Decimals that an average price is shown with beyond those of the tick.
const MORE_DECIMALS: u32 = 2;
/// The most decimals of a price.
const MOST_DECIMALS: u32 = 12;

/// The average price, for display: a few decimals more than the tick has.
fn average(cost: Cash, qty: Qty, market: &Market) -> Option<Price> {
    if qty.is_zero() {
        return None;
    }
    let tick = market.definition.tick.to_string();
    let decimals = tick.split_once('.').map_or(0, |(_, decimals)| decimals.len() as u32) + MORE_DECIMALS;
    let text = format!("{:.12}", cost.to_f64() / qty.to_f64());
    Price::parse_rounded(&text, decimals.min(MOST_DECIMALS)).ok()
}

fn limits(core: &Core, now: Ts) -> Vec<LimitRow> {
    let usage = risk_of(core).map(|risk| risk.usage(core.state(), now)).unwrap_or_default();
    let row = |used: reprise_risk::LimitUsage| LimitRow {
        key: used.key.to_owned(),
        instrument: used.instrument,
        limit: used.limit,
        used: used.used,
        room: used.room,
        percent: used.percent,
    };
    usage.into_iter().map(row).collect()
}

fn account(state: &State) -> AccountView {
    let account = &state.account;
    let equity = state.equity().ok().flatten();
    let since = |from: Cash| equity.and_then(|equity| equity.checked_sub(from).ok());
    let peak = equity.map(|equity| account.peak().unwrap_or(account.opening()).max(equity));
    let fall = || -> Result<Option<Cash>, MoneyError> {
        let (Some(peak), Some(equity)) = (peak, equity) else { return Ok(None) };
        peak.checked_sub(equity).map(Some)
    };
    let balance = |(asset, balance): (Asset, reprise_core::AccountBalance)| BalanceRow {
        asset,
        total: balance.total,
        held: balance.held,
    };
    AccountView {
        asset: account.reporting(),
        equity,
        opening: account.opening(),
        peak,
        day_start: account.day_start(),
        profit: since(account.opening()),
        day_profit: since(account.day_start().unwrap_or(account.opening())),
        drawdown: fall().ok().flatten(),
        balances: account.balances().map(balance).collect(),
    }
}

/// A recording has none.
fn no_account() -> AccountView {
    #[expect(clippy::expect_used, reason = "a constant that is a valid name")]
    let asset = "USD".parse().expect("USD is a valid asset name");
    AccountView {
        asset,
        equity: None,
        opening: Cash::ZERO,
        peak: None,
        day_start: None,
        profit: None,
        day_profit: None,
        drawdown: None,
        balances: Vec::new(),
    }
}

/// The age of a price counts up to the moment of the look: where nothing comes any more, the state stands still.
fn markets(core: &Core, now: Ts) -> Vec<MarketRow> {
    let state = core.state();
    let now = now.max(state.now());
    let row = |(ix, market): (reprise_core::InstrumentIx, &Market)| {
        let bands = core.board().bands(ix);
        MarketRow {
            instrument: market.definition.instrument,
            feed: market.feed,
            bid: market.bid.map(|level| level.price),
            ask: market.ask.map(|level| level.price),
            mid: market.last_mid,
            mark: market.valuation(),
            lower: bands.map(|bands| bands.lower),
            upper: bands.map(|bands| bands.upper),
            age_ms: market.priced_at.map(|at| now.since(at) / 1_000_000),
            net: state.positions.net(ix),
        }
    };
    state.markets.iter().map(row).collect()
}

fn stages(latencies: &Latencies) -> Vec<StageRow> {
    let row = |(name, stage): (&'static str, &reprise_runtime::Stage)| StageRow {
        stage: name.to_owned(),
        count: stage.count(),
        p50_ns: stage.quantile_ns(0.5),
        p99_ns: stage.quantile_ns(0.99),
        p999_ns: stage.quantile_ns(0.999),
        max_ns: stage.max_ns(),
    };
    latencies.stages().into_iter().filter(|(_, stage)| stage.count() > 0).map(row).collect()
}

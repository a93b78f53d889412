//! Liquidation of perpetuals at maintenance margin, account by account in each quote asset.
//!
//! Margin is shared by all perpetuals of one quote asset. The account's value is its cash in that asset and
//! what its positions have not realised, at their marks; it must not fall below the sum of
//! |net position| × mark × maintenance fraction. When it does, the venue cancels the account's orders in those
//! instruments and closes every position at what the other side shows; what the book does not hold goes at the
//! mark, as to a backstop.

use reprise_core::{Context, InstrumentIx, State};
use reprise_model::event::CancelReason;
use reprise_model::{
    Asset, Cash, Liquidity, MoneyError, NewOrder, OrderOrigin, OrderType, Price, Qty, Rate, Side, StrategyId,
    TimeInForce,
};

use super::PaperVenue;
use super::desk::Book;
use super::shown::Execution;
use super::working::Working;
use crate::amounts::{less, plus};

/// A position that must be closed.
struct Doomed {
    ix: InstrumentIx,
    strategy: StrategyId,
    qty: Qty,
    mark: Price,
}

impl PaperVenue {
    /// Liquidates when the account's margin in the instrument's quote asset is used up.
    pub(super) fn check_margin(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        let state = cx.state();
        let quote = state.markets.get(ix).definition.quote;
        // Until the engine knows of every execution its cash and positions are not the venue's.
        let is_told = margined(state, quote).all(|ix| self.wire.untold(ix).is_zero());
        if !is_told || !is_short_of_margin(state, quote).unwrap_or(false) {
            return;
        }
        let doomed = doomed(state, quote);
        let desks: Vec<InstrumentIx> = margined(state, quote).collect();
        for ix in desks {
            self.cancel_for_liquidation(ix, cx);
        }
        for position in doomed {
            self.close(&position, cx);
        }
    }

    fn cancel_for_liquidation(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        let Some(desk) = self.desks.get_mut(ix.at()) else { return };
        for book in Book::ALL {
            for mut order in std::mem::take(desk.list(book)) {
                if !order.is_over {
                    self.wire.canceled(&mut order, CancelReason::Liquidation, cx);
                }
            }
        }
    }

    fn close(&mut self, position: &Doomed, cx: &mut Context<'_>) {
        let Doomed { ix, strategy, qty, mark } = *position;
        let side = if qty.is_negative() { Side::Buy } else { Side::Sell };
        let terms = NewOrder {
            strategy,
            instrument: cx.state().markets.get(ix).definition.instrument,
            side,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Ioc,
            qty: qty.abs(),
            price: None,
            stop_price: None,
            expire_ts: None,
            post_only: false,
            reduce_only: true,
            group: None,
            take_profit: None,
            stop_loss: None,
            origin: OrderOrigin::Venue,
            intent: 0,
            note: Some("liquidation".to_owned()),
        };
        let id = cx.adopt(terms.clone());
        let mut order = Working::arrived(id, ix, &terms, self.wire.draw_key(&terms), cx.now());
        let depth = self.settings.depth;
        self.desk(ix);
        let market = cx.state().markets.get(ix);
        let executions = &mut self.executions;
        self.desks[ix.at()].taken.walk(market, depth, side, None, order.qty, executions);
        let shown = executions.iter().fold(Qty::ZERO, |sum, execution| plus(sum, execution.qty));
        if shown < order.qty {
            executions.push(Execution { qty: less(order.qty, shown), price: mark });
        }
        for &execution in &*executions {
            if !order.is_over {
                self.wire.execute(&mut order, execution, Liquidity::Taker, cx);
            }
        }
    }
}

/// The perpetuals that are margined in an asset.
fn margined(state: &State, quote: Asset) -> impl Iterator<Item = InstrumentIx> {
    state
        .markets
        .iter()
        .filter(move |(_, market)| market.definition.is_perpetual() && market.definition.quote == quote)
        .map(|(ix, _)| ix)
}

/// True when the account's value is below its maintenance margin; a position without a price is not judged.
fn is_short_of_margin(state: &State, quote: Asset) -> Result<bool, MoneyError> {
    let mut value = state.account.balance(quote).total;
    let mut maintenance = Cash::ZERO;
    for ix in margined(state, quote) {
        let market = state.markets.get(ix);
        let Some(mark) = market.valuation() else { continue };
        for (_, position) in state.positions.of(ix) {
            value = value.checked_add(position.unrealized(mark)?)?;
        }
        let fraction = market.definition.maintenance_margin.unwrap_or(Rate::ZERO);
        let notional = Cash::notional(mark, state.positions.net(ix).abs())?;
        maintenance = maintenance.checked_add(notional.checked_mul_rate(fraction)?)?;
    }
    Ok(value < maintenance)
}

/// Every open position in an asset's perpetuals that has a price.
fn doomed(state: &State, quote: Asset) -> Vec<Doomed> {
    let mut doomed = Vec::new();
    for ix in margined(state, quote) {
        let Some(mark) = state.markets.get(ix).valuation() else { continue };
        for (strategy, position) in state.positions.of(ix).filter(|(_, position)| !position.qty.is_zero()) {
            doomed.push(Doomed { ix, strategy, qty: position.qty, mark });
        }
    }
    doomed
}

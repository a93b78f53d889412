//! The accountant: pays funding, and writes one line a position and one line an account for whatever an event
//! led to.

use std::collections::BTreeSet;

use reprise_model::event::{
    AccountChanged, Fill, Funding, Input, Outcome, PositionChanged, PositionReason, TimerOwner,
};
use reprise_model::{Asset, Cash, MoneyError, Qty, StrategyId, Ts};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::market::InstrumentIx;
use crate::position::Position;
use crate::saved::{RestoreError, Saved};
use crate::service::Service;
use crate::state::State;

const NAME: &str = "accountant";
const DAY_NS: u64 = 86_400_000_000_000;
/// The key of the timer that begins a day.
const DAY_TIMER: u64 = 1;

/// Writes `position.changed` and `account.changed`.
///
/// A line states what the fills have led to, so it is written when nothing else is waiting to be decided.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accountant {
    opened: bool,
    changed: BTreeSet<(InstrumentIx, StrategyId)>,
    /// Funding that is due, to be paid when the fills before it have been applied.
    payments: Vec<(InstrumentIx, StrategyId, Cash)>,
    assets: BTreeSet<Asset>,
    line_due: bool,
    line_at: Ts,
    day_began: bool,
}

impl Service for Accountant {
    fn name(&self) -> &str {
        NAME
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.opened {
            self.opened = true;
            // A run that is taken up again has its day and its baselines already.
            if cx.state().account.day_ts().is_none() {
                self.open(cx);
            }
        }
        match input {
            Input::Funding(funding) => self.pay_funding(funding, cx),
            Input::AccountTransferred(transfer) => {
                self.assets.insert(transfer.asset);
                self.want_line(cx);
            }
            _ => self.line_if_due(cx),
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderPartiallyFilled(e) => self.note_fill(&e.fill, cx.state()),
            Outcome::OrderFilled(e) => self.note_fill(&e.fill, cx.state()),
            Outcome::TimerFired(e) if e.owner.as_str() == NAME && e.key == DAY_TIMER => {
                self.day_began = true;
                self.line_due = true;
                arm_next_day(cx);
            }
            _ => {}
        }
    }

    fn at_rest(&mut self, cx: &mut Context<'_>) {
        if cx.is_anything_waiting() {
            return;
        }
        if !self.payments.is_empty() {
            // The account's line must tell of the payment, so it waits for the next rest.
            self.write_payments(cx);
            return;
        }
        for (ix, strategy) in std::mem::take(&mut self.changed) {
            let position = cx.state().positions.get(ix, strategy);
            cx.emit(position_line(cx.state(), ix, strategy, PositionReason::Fill, position));
            self.line_due = true;
        }
        if self.line_due {
            self.write_line(cx);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(self)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        *self = saved.read()?;
        Ok(())
    }
}

impl Accountant {
    fn open(&mut self, cx: &mut Context<'_>) {
        self.day_began = true;
        self.assets = cx.state().account.balances().map(|(asset, _)| asset).collect();
        if cx.is_anything_waiting() {
            // What waits may change the balances before the line is decided.
            self.want_line(cx);
        } else {
            self.write_line(cx);
        }
        arm_next_day(cx);
    }

    fn want_line(&mut self, cx: &mut Context<'_>) {
        self.line_due = true;
        cx.call_at_rest();
    }

    fn note_fill(&mut self, fill: &Fill, state: &State) {
        let Some(order) = state.orders.get(fill.order) else { return };
        let Some(ix) = state.markets.find(&order.terms.instrument) else { return };
        let definition = &state.markets.get(ix).definition;
        self.changed.insert((ix, order.terms.strategy));
        self.assets.extend([definition.base, definition.quote, fill.fee_asset]);
    }

    /// Longs pay position × oracle × rate to shorts at each interval's end; each strategy pays for its own, on
    /// what it had before anything this event leads to.
    fn pay_funding(&mut self, funding: &Funding, cx: &mut Context<'_>) {
        let state = cx.state();
        let Some(ix) = state.markets.find(&funding.instrument) else { return };
        let market = state.markets.get(ix);
        // Without an oracle price the venue pays on its mark; without either nothing can be computed.
        let Some(price) = market.oracle.or(market.valuation()) else { return };
        let payments: Result<Vec<_>, MoneyError> = state
            .positions
            .of(ix)
            .filter(|(_, position)| !position.qty.is_zero())
            .map(|(strategy, position)| Ok((ix, strategy, payment(position.qty, price, funding)?)))
            .collect();
        match payments {
            Ok(payments) if payments.is_empty() => {}
            Ok(payments) => {
                self.assets.insert(market.definition.quote);
                self.payments.extend(payments);
                self.want_line(cx);
            }
            Err(error) => cx.halt(error),
        }
    }

    fn write_payments(&mut self, cx: &mut Context<'_>) {
        for (ix, strategy, payment) in std::mem::take(&mut self.payments) {
            let held = cx.state().positions.get(ix, strategy);
            match held.funding.checked_add(payment) {
                Ok(funding) => {
                    let position = Position { funding, ..held };
                    cx.emit(position_line(cx.state(), ix, strategy, PositionReason::Funding, position));
                    // This line tells of the fills as well.
                    self.changed.remove(&(ix, strategy));
                }
                Err(error) => cx.halt(error),
            }
        }
        self.line_due = true;
    }

    /// While something is owned, equity moves with every tick; it is written once an interval.
    #[inline]
    fn line_if_due(&mut self, cx: &mut Context<'_>) {
        let state = cx.state();
        if state.now().since(self.line_at) < state.settings().line_interval_ns {
            return;
        }
        self.line_at = state.now();
        if state.positions.iter().any(|(_, position)| !position.qty.is_zero()) {
            self.want_line(cx);
        }
    }

    fn write_line(&mut self, cx: &mut Context<'_>) {
        let state = cx.state();
        let account = &state.account;
        let equity = state.equity().ok().flatten();
        let starts_day = std::mem::take(&mut self.day_began);
        let line = AccountChanged {
            balances: std::mem::take(&mut self.assets).into_iter().map(|asset| account.line(asset)).collect(),
            equity,
            peak: account.peak().max(equity),
            day_start: if starts_day { equity } else { account.day_start() }.or(account.day_start()),
            day_ts: if starts_day { Some(state.now()) } else { account.day_ts() },
        };
        self.line_due = false;
        self.line_at = state.now();
        cx.emit(line);
    }
}

fn payment(qty: Qty, price: reprise_model::Price, funding: &Funding) -> Result<Cash, MoneyError> {
    Ok(Cash::notional(price, qty)?.checked_mul_rate(funding.rate)?.neg())
}

fn position_line(
    state: &State,
    ix: InstrumentIx,
    strategy: StrategyId,
    reason: PositionReason,
    position: Position,
) -> PositionChanged {
    PositionChanged {
        instrument: state.markets.get(ix).definition.instrument,
        strategy,
        reason,
        qty: position.qty,
        cost: position.cost,
        realized: position.realized,
        fees: position.fees,
        funding: position.funding,
    }
}

/// Arms the timer that begins the next trading day.
fn arm_next_day(cx: &mut Context<'_>) {
    let reset_ns = cx.state().settings().day_reset_ns % DAY_NS;
    let since_reset = (cx.now().0 % DAY_NS + DAY_NS - reset_ns) % DAY_NS;
    let due = cx.now().plus_ns(DAY_NS - since_reset);
    if let Ok(owner) = TimerOwner::new(NAME) {
        cx.arm_timer(owner, DAY_TIMER, due);
    }
}

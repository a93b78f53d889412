//! The state, and the only two ways to change it: [`State::observe`] a fact, [`State::apply`] an outcome.

mod kept;

use std::rc::Rc;

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{
    AccountChanged, Command, Fill, Hold, OrderAccepted, PositionChanged, PositionReason, TradingState,
};
use reprise_model::life::OrderStep;
use reprise_model::{
    Asset, Cash, Input, Instrument, InstrumentId, MoneyError, NewOrder, OrderId, OrderStatus, Outcome, Price,
    Qty, RequestOf, Seq, Ts,
};

use crate::account::Account;
use crate::market::{InstrumentIx, Markets, Tick};
use crate::orders::{Order, OrderError, Orders, advance, count_fill};
use crate::position::{PositionKey, Positions};
use crate::settings::CoreSettings;
use crate::timers::Timers;

/// Everything that must survive: what the market showed, what was ordered, what is owned, what is allowed.
#[derive(Debug, Clone)]
pub struct State {
    settings: Rc<CoreSettings>,
    seq: Seq,
    now: Ts,
    inputs: u64,
    /// What the market showed.
    pub markets: Markets,
    /// What was ordered.
    pub orders: Orders,
    /// What is owned, by strategy.
    pub positions: Positions,
    /// Cash, holds, baselines.
    pub account: Account,
    /// What is due later.
    pub timers: Timers,
    trading: TradingState,
    paused: bool,
}

/// Why an outcome cannot be applied to the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It does not fit its order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// A number left its range.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// It names an instrument that is not defined.
    #[error("the instrument {0} is not defined")]
    UnknownInstrument(InstrumentId),
    /// It fires a timer that is not armed.
    #[error("timer {0} is not armed")]
    UnknownTimer(reprise_model::TimerId),
    /// It states a position or balance that does not follow from the fills.
    #[error("the line says {said}, the state counts {counted}")]
    Miscounted {
        /// What the line says.
        said: String,
        /// What the state counts.
        counted: String,
    },
}

impl State {
    /// The state before the first event.
    ///
    /// # Errors
    /// When the opening balances leave the range of exact numbers.
    pub fn new(settings: Rc<CoreSettings>, instruments: &[Instrument]) -> Result<Self, MoneyError> {
        let reporting = settings
            .account
            .reporting
            .or_else(|| instruments.first().map(|i| i.quote))
            .unwrap_or_else(default_reporting_asset);
        let account = Account::new(&settings.account, reporting)?;
        let mut state = Self {
            settings,
            seq: Seq(0),
            now: Ts(0),
            inputs: 0,
            markets: Markets::default(),
            orders: Orders::default(),
            positions: Positions::default(),
            account,
            timers: Timers::default(),
            trading: TradingState::Active,
            paused: false,
        };
        for instrument in instruments {
            state.define(instrument.clone())?;
        }
        Ok(state)
    }

    fn define(&mut self, instrument: Instrument) -> Result<(), MoneyError> {
        self.account.meet_quote_asset(instrument.quote, &self.settings.account)?;
        self.markets.define(instrument);
        Ok(())
    }

    /// The core's settings.
    #[must_use]
    pub fn settings(&self) -> &CoreSettings {
        &self.settings
    }

    /// The last sequence number that was given.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The time of the event at hand.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Ts {
        self.now
    }

    /// Inputs stepped so far.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        self.inputs
    }

    /// What the kill switch lets through.
    #[must_use]
    pub fn trading(&self) -> TradingState {
        self.trading
    }

    /// True while an operator has paused the strategies.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Sets the epoch of the orders that are asked for from now on.
    pub(crate) fn set_epoch(&mut self, epoch: u32) {
        Rc::make_mut(&mut self.settings).epoch = epoch;
    }

    /// Sets the place in the stream from which the next event is counted.
    pub(crate) fn set_seq(&mut self, seq: Seq) {
        self.seq = seq;
    }

    #[inline]
    pub(crate) fn set_now(&mut self, now: Ts) {
        self.now = now;
    }

    /// Takes a fact in: the market view, deposits, pauses. `seq` is the input's.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    #[inline]
    pub fn observe(&mut self, seq: Seq, ts: Ts, input: &Input) -> Result<Option<Tick>, MoneyError> {
        (self.seq, self.now) = (self.seq.max(seq), ts);
        self.inputs += 1;
        match input {
            Input::InstrumentDefined(event) => self.define(event.definition.clone())?,
            Input::AccountTransferred(event) => self.account.add(event.asset, event.amount)?,
            Input::OperatorCommand(event) => match event.command {
                Command::Pause => self.paused = true,
                Command::Resume => self.paused = false,
                _ => {}
            },
            _ => {}
        }
        Ok(self.markets.observe(input, ts))
    }

    /// Takes an outcome in. [`crate::Core::step`] uses this for what it decides, and folding a journal uses it
    /// for what was decided; nothing else changes orders, positions, cash, baselines or the kill switch.
    ///
    /// # Errors
    /// When the outcome does not follow from the state.
    pub fn apply(&mut self, seq: Seq, ts: Ts, outcome: &Outcome) -> Result<(), ApplyError> {
        (self.seq, self.now) = (seq, ts);
        match outcome {
            Outcome::OrderRequested(e) => self.request(e.order, &e.terms)?,
            Outcome::OrderDenied(e) => {
                if e.request == RequestOf::New {
                    self.change_order(e.order, |o| advance(o, OrderStep::Denied))?;
                }
            }
            Outcome::OrderSubmitted(e) => self.submit(e.order, &e.terms, e.hold)?,
            Outcome::OrderAccepted(e) => self.accept(e)?,
            Outcome::OrderPartiallyFilled(e) => self.fill(&e.fill, OrderStep::PartiallyFilled)?,
            Outcome::OrderFilled(e) => self.fill(&e.fill, OrderStep::Filled)?,
            Outcome::OrderCancelSubmitted(e) => {
                self.change_order(e.order, |o| advance(o, OrderStep::CancelSubmitted))?;
            }
            Outcome::OrderCanceled(e) => self.change_order(e.order, |o| advance(o, OrderStep::Canceled))?,
            Outcome::OrderReplaceSubmitted(e) => self.change_order(e.order, |o| {
                (o.pending, o.pending_hold) = (Some(e.terms), Some(e.hold));
                advance(o, OrderStep::ReplaceSubmitted)
            })?,
            Outcome::OrderReplaced(e) => self.change_order(e.order, |o| {
                o.take_terms(&e.terms);
                advance(o, OrderStep::Replaced)
            })?,
            Outcome::OrderRejected(e) => self.change_order(e.order, |o| {
                let step = match e.request {
                    RequestOf::New => OrderStep::Rejected,
                    RequestOf::Cancel => OrderStep::CancelRejected,
                    RequestOf::Replace => OrderStep::ReplaceRejected,
                };
                if e.request == RequestOf::Replace {
                    (o.pending, o.pending_hold) = (None, None);
                }
                advance(o, step)
            })?,
            Outcome::OrderExpired(e) => self.change_order(e.order, |o| advance(o, OrderStep::Expired))?,
            Outcome::OrderUnknown(e) => self.change_order(e.order, |o| advance(o, OrderStep::Unknown))?,
            Outcome::RiskState(e) => self.trading = e.state,
            Outcome::PositionChanged(e) => self.position_line(e)?,
            Outcome::AccountChanged(e) => self.account_line(e)?,
            Outcome::TimerArmed(e) => self.timers.arm(e, seq),
            Outcome::TimerFired(e) => {
                if !self.timers.fire(e) {
                    return Err(ApplyError::UnknownTimer(e.timer));
                }
            }
            Outcome::RiskBands(_)
            | Outcome::RiskBreach(_)
            | Outcome::AlertRaised(_)
            | Outcome::Checkpoint(_) => {}
        }
        Ok(())
    }

    fn place(&self, id: &InstrumentId) -> Result<InstrumentIx, ApplyError> {
        self.markets.find(id).ok_or(ApplyError::UnknownInstrument(*id))
    }

    fn request(&mut self, id: OrderId, terms: &NewOrder) -> Result<(), ApplyError> {
        let ix = self.markets.find(&terms.instrument);
        let quote = ix.map_or(self.account.reporting(), |ix| self.markets.get(ix).definition.quote);
        let order = Order {
            id,
            terms: terms.clone(),
            status: OrderStatus::Requested,
            cum_qty: Qty::ZERO,
            cum_notional: Cash::ZERO,
            hold: Hold { asset: quote, amount: Cash::ZERO },
            hold_qty: Qty::ZERO,
            pending: None,
            pending_hold: None,
            requested_at: self.now,
        };
        self.orders.insert(ix, order)?;
        Ok(())
    }

    fn submit(&mut self, id: OrderId, terms: &NewOrder, hold: Hold) -> Result<(), ApplyError> {
        let order = self.orders.get(id).ok_or(OrderError::NotFound(id))?;
        if !self.orders.is_placed(id) {
            return Err(OrderError::NotPlaced(id).into());
        }
        if order.terms != *terms {
            return Err(OrderError::OtherTerms(id).into());
        }
        self.change_order(id, |o| {
            (o.hold, o.hold_qty) = (hold, o.leaves_qty());
            advance(o, OrderStep::Submitted)
        })
    }

    fn accept(&mut self, event: &OrderAccepted) -> Result<(), ApplyError> {
        if let Some(terms) = &event.adopted {
            self.request(event.order, terms)?;
            let order = self.orders.get(event.order).ok_or(OrderError::NotFound(event.order))?;
            self.submit(event.order, terms, order.hold)?;
        }
        self.change_order(event.order, |o| advance(o, OrderStep::Accepted))
    }

    /// Changes an order and moves what it holds along.
    fn change_order(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut Order) -> Result<(), OrderError>,
    ) -> Result<(), ApplyError> {
        let before =
            self.orders.get(id).map(|o| Ok::<_, MoneyError>((o.hold.asset, o.held()?))).transpose()?;
        self.orders.change(id, change)?;
        if let Some((asset, amount)) = before {
            self.account.hold(asset, amount.neg())?;
        }
        // An order that is over and was dropped from the state holds nothing.
        if let Some(order) = self.orders.get(id) {
            self.account.hold(order.hold.asset, order.held()?)?;
        }
        Ok(())
    }

    fn fill(&mut self, fill: &Fill, step: OrderStep) -> Result<(), ApplyError> {
        let order = self.orders.get(fill.order).ok_or(OrderError::NotFound(fill.order))?;
        let (side, strategy) = (order.terms.side, order.terms.strategy);
        let ix = self.place(&order.terms.instrument)?;
        self.change_order(fill.order, |o| {
            count_fill(o, fill)?;
            advance(o, step)
        })?;
        let (base, quote, perpetual) = {
            let definition = &self.markets.get(ix).definition;
            (definition.base, definition.quote, definition.is_perpetual())
        };
        let signed = side.signed(fill.qty);
        let fee_in_base = fill.fee_asset == base && base != quote && !perpetual;
        let (realized, fee_value) = self.positions.change(PositionKey { ix, strategy }, |p| {
            let fees_before = p.fees;
            let realized = p.fill(signed, fill.price)?;
            if fee_in_base {
                p.fee_in_base(qty_of(fill.fee)?, fill.price)?;
            } else if fill.fee_asset == quote {
                p.fee(fill.fee)?;
            }
            Ok((realized, p.fees.checked_sub(fees_before)?))
        })?;
        if perpetual {
            self.account.add(quote, realized)?;
        } else {
            self.account.add(base, amount_of(signed)?)?;
            self.account.add(quote, Cash::notional(fill.price, signed)?.neg())?;
        }
        self.account.add(fill.fee_asset, fill.fee.neg())?;
        self.account.pay_fee(fill.fee_asset, fill.fee)?;
        self.account.settle(quote, realized.checked_sub(fee_value)?)?;
        if fill.fee_asset != quote && !fee_in_base {
            // A fee in a third asset is no part of the position, but it is gone all the same.
            self.account.settle(fill.fee_asset, fill.fee.neg())?;
        }
        Ok(())
    }

    /// A position line states what the fills have led to; funding it states is paid by it.
    fn position_line(&mut self, line: &PositionChanged) -> Result<(), ApplyError> {
        let ix = self.place(&line.instrument)?;
        let quote = self.markets.get(ix).definition.quote;
        let key = PositionKey { ix, strategy: line.strategy };
        let held = self.positions.get(ix, line.strategy);
        if line.reason == PositionReason::Funding {
            let payment = line.funding.checked_sub(held.funding)?;
            self.positions.change(key, |p| {
                p.funding = line.funding;
                Ok(())
            })?;
            self.account.add(quote, payment)?;
            self.account.settle(quote, payment)?;
        }
        let counted = self.positions.get(ix, line.strategy);
        let said = (line.qty, line.cost, line.realized, line.fees, line.funding);
        if said != (counted.qty, counted.cost, counted.realized, counted.fees, counted.funding) {
            return Err(ApplyError::Miscounted {
                said: format!("{line:?}"),
                counted: format!("{counted:?}"),
            });
        }
        Ok(())
    }

    fn account_line(&mut self, line: &AccountChanged) -> Result<(), ApplyError> {
        for said in &line.balances {
            let counted = self.account.line(said.asset);
            if *said != counted {
                return Err(ApplyError::Miscounted {
                    said: format!("{said:?}"),
                    counted: format!("{counted:?}"),
                });
            }
        }
        self.account.set_baselines(line);
        Ok(())
    }

    /// An amount in the reporting asset; `None` without a peg or a priced instrument that converts it.
    ///
    /// # Errors
    /// When the amount leaves the range of exact numbers.
    pub fn to_reporting(&self, asset: Asset, amount: Cash) -> Result<Option<Cash>, MoneyError> {
        if asset == self.account.reporting() {
            return Ok(Some(amount));
        }
        let settings = &self.settings.account;
        if let Some(&peg) = settings.pegs.get(&asset) {
            return amount.checked_mul_rate(peg).map(Some);
        }
        let Some(market) = settings.conversions.get(&asset).and_then(|id| self.markets.by_id(id)) else {
            return Ok(None);
        };
        let Some(price) = market.valuation() else { return Ok(None) };
        let converted = amount.checked_mul_price(price)?;
        match market.definition.quote {
            quote if quote == self.account.reporting() => Ok(Some(converted)),
            quote => match settings.pegs.get(&quote) {
                Some(&peg) => converted.checked_mul_rate(peg).map(Some),
                None => Ok(None),
            },
        }
    }

    /// The age of the price that converts an asset into the reporting asset, in nanoseconds: 0 for a peg,
    /// `None` when nothing converts it.
    #[must_use]
    pub fn conversion_age_ns(&self, asset: Asset) -> Option<u64> {
        let settings = &self.settings.account;
        if asset == self.account.reporting() || settings.pegs.contains_key(&asset) {
            return Some(0);
        }
        let market = self.markets.by_id(settings.conversions.get(&asset)?)?;
        market.priced_at.map(|at| self.now.since(at))
    }

    /// Equity in the reporting asset: opening balances + realised + unrealised − fees + funding; transfers take
    /// no part. `None` when something that is owned cannot be priced or converted.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn equity(&self) -> Result<Option<Cash>, MoneyError> {
        let mut equity = self.account.opening();
        for (asset, amount) in self.account.settled() {
            match self.to_reporting(asset, amount)? {
                Some(converted) => equity = equity.checked_add(converted)?,
                None => return Ok(None),
            }
        }
        for (key, position) in self.positions.iter().filter(|(_, p)| !p.qty.is_zero() || !p.cost.is_zero()) {
            let market = self.markets.get(key.ix);
            let Some(price) = market.valuation() else { return Ok(None) };
            match self.to_reporting(market.definition.quote, position.unrealized(price)?)? {
                Some(converted) => equity = equity.checked_add(converted)?,
                None => return Ok(None),
            }
        }
        Ok(Some(equity))
    }

    /// The canonical encoding, without the place in the stream and without epochs: what the state digest is of.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut w = Writer::for_digest();
        w.open();
        w.key("\"now\":");
        self.now.write(&mut w);
        w.key("\"inputs\":");
        self.inputs.write(&mut w);
        w.key("\"trading\":");
        self.trading.write(&mut w);
        w.key("\"paused\":");
        self.paused.write(&mut w);
        w.key("\"markets\":");
        self.markets.write(&mut w);
        w.key("\"orders\":");
        self.orders.write(&mut w);
        w.key("\"positions\":");
        self.positions.write(|ix| self.markets.get(ix).definition.instrument, &mut w);
        w.key("\"account\":");
        self.account.write(&mut w);
        w.key("\"timers\":");
        self.timers.write(&mut w);
        w.close();
        w.into_bytes()
    }

    /// BLAKE3 of [`Self::canonical`], 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(&self.canonical()).to_hex().to_string()
    }
}

fn default_reporting_asset() -> Asset {
    #[expect(clippy::expect_used, reason = "a constant that is a valid name")]
    "USD".parse().expect("USD is a valid asset name")
}

/// A quantity of base as an amount on the account.
fn amount_of(qty: Qty) -> Result<Cash, MoneyError> {
    Cash::notional(Price::from_int(1)?, qty)
}

/// An amount of base on the account as a quantity.
fn qty_of(amount: Cash) -> Result<Qty, MoneyError> {
    Qty::parse(&amount.to_string())
}

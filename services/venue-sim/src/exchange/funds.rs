//! The gate of an account: whether its funds cover an order, and what the order holds while it is open.
//!
//! Spot: a buy holds its value and the taker's fee in quote, a sale its quantity in base. Perpetuals: the part
//! of an order that opens a position holds its initial margin, value ÷ leverage, and the taker's fee; the part
//! that reduces the position holds nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use reprise_core::{InstrumentIx, Market, Proposal, RiskApproved, RiskGate, Seal, Service, State, View};
use reprise_model::event::Hold;
use reprise_model::{Asset, Cash, Code, Instrument, MoneyError, NewOrder, Price, Qty, Refusal, Side};

/// The leverage a venue gives where the account's owner chose none.
pub(super) const USUAL_LEVERAGE: u32 = 20;

/// The leverage that the owner chose, by instrument.
pub(super) type Leverages = Rc<RefCell<BTreeMap<InstrumentIx, u32>>>;

/// The gate.
#[derive(Debug, Default)]
pub(super) struct Funds {
    pub(super) leverages: Leverages,
}

impl Service for Funds {
    fn name(&self) -> &str {
        "funds"
    }
}

impl RiskGate for Funds {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        let state = view.state;
        let Some(ix) = state.markets.find(&proposal.terms.instrument) else {
            return Err(Refusal::new(Code::UnknownInstrument));
        };
        match self.weigh(proposal, state, ix) {
            Ok(Ok(hold)) => Ok(seal.approve(proposal, hold)),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(Refusal::new(Code::Overflow)),
        }
    }
}

impl Funds {
    /// What the order would hold, or that the funds do not cover it.
    fn weigh(
        &self,
        proposal: &Proposal<'_>,
        state: &State,
        ix: InstrumentIx,
    ) -> Result<Result<Hold, Refusal>, MoneyError> {
        let market = state.markets.get(ix);
        let definition = &market.definition;
        let terms = proposal.terms;
        let done = proposal.replaces.map_or(Qty::ZERO, |order| order.cum_qty);
        let leaves = terms.qty.checked_sub(done)?.max(Qty::ZERO);
        let Some(price) = price_of(terms, market) else {
            return Ok(Err(Refusal::new(Code::NoLiquidity)));
        };
        let (asset, amount) = if definition.is_perpetual() {
            let opening = opening_qty(terms, leaves, state.positions.net(ix))?;
            let margin = initial_margin(price, opening, leverage_of(&self.leverages, definition, ix))?;
            (definition.quote, margin.checked_add(fee(definition, price, opening)?)?)
        } else if terms.side == Side::Buy {
            let value = Cash::notional(price, leaves)?;
            (definition.quote, value.checked_add(fee(definition, price, leaves)?)?)
        } else {
            (definition.base, Cash::notional(Price::ONE, leaves)?)
        };
        let own = match proposal.replaces {
            Some(order) if order.hold.asset == asset => order.held()?,
            _ => Cash::ZERO,
        };
        let available = available(state, &self.leverages, asset)?.checked_add(own)?;
        if amount.is_positive() && amount > available {
            let code = if definition.is_perpetual() { Code::InitialMargin } else { Code::InsufficientFunds };
            return Ok(Err(Refusal::measured(code, amount, available)));
        }
        Ok(Ok(Hold { asset, amount }))
    }
}

/// The price at which an order is reckoned.
fn price_of(terms: &NewOrder, market: &Market) -> Option<Price> {
    terms.price.or(terms.stop_price).or_else(|| market.opposite(terms.side).map(|top| top.price))
}

/// How much of an order would open a position rather than reduce one.
fn opening_qty(terms: &NewOrder, leaves: Qty, net: Qty) -> Result<Qty, MoneyError> {
    if terms.reduce_only {
        return Ok(Qty::ZERO);
    }
    let reducible = match terms.side {
        Side::Buy => net.neg().max(Qty::ZERO),
        Side::Sell => net.max(Qty::ZERO),
    };
    Ok(leaves.checked_sub(reducible)?.max(Qty::ZERO))
}

fn fee(definition: &Instrument, price: Price, qty: Qty) -> Result<Cash, MoneyError> {
    Cash::notional(price, qty)?.checked_mul_rate(definition.taker_fee)
}

fn initial_margin(price: Price, qty: Qty, leverage: u32) -> Result<Cash, MoneyError> {
    let part = Cash::ONE.ratio(Cash::from_int(i64::from(leverage.max(1)))?)?;
    Cash::notional(price, qty)?.checked_mul_rate(part)
}

/// The leverage in an instrument: the owner's choice, or the usual one, within the venue's bound.
pub(super) fn leverage_of(leverages: &Leverages, definition: &Instrument, ix: InstrumentIx) -> u32 {
    let chosen = leverages.borrow().get(&ix).copied().unwrap_or(USUAL_LEVERAGE);
    let most = definition.max_leverage.map_or(u32::MAX, |most| most.to_f64() as u32);
    chosen.min(most).max(1)
}

/// Margin that the position in a perpetual ties up at its mark.
pub(super) fn position_margin(
    state: &State,
    leverages: &Leverages,
    ix: InstrumentIx,
) -> Result<Cash, MoneyError> {
    let market = state.markets.get(ix);
    let net = state.positions.net(ix);
    match market.valuation() {
        Some(mark) if !net.is_zero() => {
            initial_margin(mark, net.abs(), leverage_of(leverages, &market.definition, ix))
        }
        _ => Ok(Cash::ZERO),
    }
}

/// What is left of an asset for new orders: the balance less holds; where perpetuals are margined in it, with
/// what their positions have not realised and without the margin that these tie up.
pub(super) fn available(state: &State, leverages: &Leverages, asset: Asset) -> Result<Cash, MoneyError> {
    let mut available = state.account.balance(asset).free()?;
    for (ix, market) in state.markets.iter() {
        if !market.definition.is_perpetual() || market.definition.quote != asset {
            continue;
        }
        let Some(mark) = market.valuation() else { continue };
        for (_, position) in state.positions.of(ix) {
            available = available.checked_add(position.unrealized(mark)?)?;
        }
        available = available.checked_sub(position_margin(state, leverages, ix)?)?;
    }
    Ok(available)
}

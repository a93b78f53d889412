//! Positions: quantity and total cost, exact, by strategy instance.

use std::collections::BTreeMap;

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{PositionChanged, PositionReason};
use reprise_model::{Cash, MoneyError, Price, Qty, StrategyId};
use serde::{Deserialize, Serialize};

use crate::market::InstrumentIx;

/// A strategy's position in an instrument.
///
/// `cost` is what the quantity cost in all, in quote units, negative for a short; the average price is
/// `cost / qty` and is for display only, because it would have to be rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Base units; negative is short.
    pub qty: Qty,
    /// What it cost in all, in quote units.
    pub cost: Cash,
    /// Profit realised so far, gross of fees, in quote units.
    pub realized: Cash,
    /// Fees paid so far, in quote units.
    pub fees: Cash,
    /// Funding received so far, in quote units.
    pub funding: Cash,
}

impl Position {
    /// Takes a fill in. Returns the profit it realised, in quote units.
    ///
    /// Closing takes out its share of the cost, rounded once, half to even; the rest of the cost stays, so
    /// that cost, proceeds and profit add up to the last digit.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn fill(&mut self, signed_qty: Qty, price: Price) -> Result<Cash, MoneyError> {
        let paid = Cash::notional(price, signed_qty)?;
        if self.qty.signum() * signed_qty.signum() >= 0 {
            self.qty = self.qty.checked_add(signed_qty)?;
            self.cost = self.cost.checked_add(paid)?;
            return Ok(Cash::ZERO);
        }
        let closed = self.qty.abs().min(signed_qty.abs());
        let signed_closed = if signed_qty.is_negative() { closed.neg() } else { closed };
        let paid_to_close = Cash::notional(price, signed_closed)?;
        let cost_closed = self.cost.prorate(closed, self.qty.abs())?;
        let realized = paid_to_close.checked_add(cost_closed)?.neg();
        self.qty = self.qty.checked_add(signed_qty)?;
        self.cost = self.cost.checked_sub(cost_closed)?.checked_add(paid.checked_sub(paid_to_close)?)?;
        self.realized = self.realized.checked_add(realized)?;
        Ok(realized)
    }

    /// A fee was taken in quote.
    pub(crate) fn fee(&mut self, fee: Cash) -> Result<(), MoneyError> {
        self.fees = self.fees.checked_add(fee)?;
        Ok(())
    }

    /// A fee was taken in base: the position shrinks by it at the fill's price, and the same value is a fee.
    pub(crate) fn fee_in_base(&mut self, fee: Qty, price: Price) -> Result<(), MoneyError> {
        let value = Cash::notional(price, fee)?;
        self.qty = self.qty.checked_sub(fee)?;
        self.cost = self.cost.checked_sub(value)?;
        self.fees = self.fees.checked_add(value)?;
        Ok(())
    }

    /// Profit not yet realised at a price, in quote units.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn unrealized(&self, price: Price) -> Result<Cash, MoneyError> {
        Cash::notional(price, self.qty)?.checked_sub(self.cost)
    }

    /// Realised profit less fees plus funding, in quote units.
    ///
    /// # Errors
    /// When a number leaves the range of exact numbers.
    pub fn settled(&self) -> Result<Cash, MoneyError> {
        self.realized.checked_sub(self.fees)?.checked_add(self.funding)
    }
}

/// Whose position in what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PositionKey {
    /// In what.
    pub ix: InstrumentIx,
    /// Whose.
    pub strategy: StrategyId,
}

/// All positions, and the net of each instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    #[serde(with = "crate::saved::pairs")]
    by_key: BTreeMap<PositionKey, Position>,
    net: Vec<Qty>,
}

impl Positions {
    /// A strategy's position; zero when it never had one.
    #[must_use]
    pub fn get(&self, ix: InstrumentIx, strategy: StrategyId) -> Position {
        self.by_key.get(&PositionKey { ix, strategy }).copied().unwrap_or_default()
    }

    /// The account's net quantity in an instrument, over all strategies.
    #[must_use]
    #[inline]
    pub fn net(&self, ix: InstrumentIx) -> Qty {
        self.net.get(ix.at()).copied().unwrap_or(Qty::ZERO)
    }

    /// Every position there ever was, by instrument and strategy.
    pub fn iter(&self) -> impl Iterator<Item = (PositionKey, &Position)> {
        self.by_key.iter().map(|(&key, position)| (key, position))
    }

    /// The positions in one instrument, by strategy.
    pub fn of(&self, ix: InstrumentIx) -> impl Iterator<Item = (StrategyId, &Position)> {
        self.iter().filter(move |(key, _)| key.ix == ix).map(|(key, position)| (key.strategy, position))
    }

    /// Changes a position and the net of its instrument.
    pub(crate) fn change<T>(
        &mut self,
        key: PositionKey,
        change: impl FnOnce(&mut Position) -> Result<T, MoneyError>,
    ) -> Result<T, MoneyError> {
        if self.net.len() <= key.ix.at() {
            self.net.resize(key.ix.at() + 1, Qty::ZERO);
        }
        let mut position = self.by_key.get(&key).copied().unwrap_or_default();
        let before = position.qty;
        let result = change(&mut position)?;
        let net = &mut self.net[key.ix.at()];
        *net = net.checked_add(position.qty.checked_sub(before)?)?;
        self.by_key.insert(key, position);
        Ok(result)
    }

    pub(crate) fn write(
        &self,
        instrument_of: impl Fn(InstrumentIx) -> reprise_model::InstrumentId,
        w: &mut Writer,
    ) {
        let lines: Vec<PositionChanged> = self
            .iter()
            .map(|(key, p)| PositionChanged {
                instrument: instrument_of(key.ix),
                strategy: key.strategy,
                reason: PositionReason::Fill,
                qty: p.qty,
                cost: p.cost,
                realized: p.realized,
                fees: p.fees,
                funding: p.funding,
            })
            .collect();
        lines.write(w);
    }
}

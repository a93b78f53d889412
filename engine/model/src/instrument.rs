//! What can be traded, and the rules of its prices and sizes.

use crate::ids::{Asset, InstrumentId};
use crate::money::{Cash, Price, Qty, Rate};

crate::words! {
    /// What owning the instrument means.
    pub enum InstrumentClass {
        /// Base is exchanged for quote at once.
        Spot = "spot",
        /// A linear perpetual contract, margined and settled in quote.
        Perpetual = "perpetual",
    }
}

crate::words! {
    /// The asset in which the venue takes its fee.
    pub enum FeeAsset {
        /// Always quote.
        Quote = "quote",
        /// Base on buys, quote on sells.
        BaseOnBuy = "base_on_buy",
    }
}

crate::words! {
    /// Where the instrument's best bid and ask come from.
    pub enum QuoteSource {
        /// `market.quote` events; a book, if there is one, only adds depth.
        Quotes = "quotes",
        /// The top of the book, because the source sends no best bid and ask of its own.
        Book = "book",
        /// Neither: bars alone.
        Bars = "bars",
    }
}

crate::object! {
    /// The definition of an instrument.
    pub struct Instrument {
        /// Its id.
        pub instrument: InstrumentId,
        /// What owning it means.
        pub class: InstrumentClass,
        /// What is bought and sold.
        pub base: Asset,
        /// What it is paid in; a perpetual is margined and settled in it.
        pub quote: Asset,
        /// Prices are multiples of this, in quote units.
        pub tick: Price,
        /// If set, a price that is not an integer has at most this many significant digits (Hyperliquid: 5).
        pub significant_digits: Option<u32>,
        /// Quantities are multiples of this, in base units.
        pub lot: Qty,
        /// The least value of an order, in quote units.
        pub min_notional: Cash,
        /// Fee of a fill that gave liquidity, as a fraction of its notional; negative is a rebate.
        pub maker_fee: Rate,
        /// Fee of a fill that took liquidity, as a fraction of its notional.
        pub taker_fee: Rate,
        /// The asset in which fees are taken.
        pub fee_asset: FeeAsset,
        /// Where its best bid and ask come from.
        pub quote_source: QuoteSource,
        /// Perpetuals: the highest leverage the venue allows.
        pub max_leverage: Option<Rate>,
        /// Perpetuals: the fraction of notional below which the venue liquidates.
        pub maintenance_margin: Option<Rate>,
    }
}

/// How a price breaks an instrument's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceRuleBreach {
    /// Zero is no price.
    NotPositive,
    /// Not a multiple of the tick.
    OffTick,
    /// Too many significant digits.
    TooManyDigits,
}

impl Instrument {
    /// Whether a price follows the instrument's rule.
    ///
    /// # Errors
    /// When it does not; a price is never rounded silently.
    pub fn check_price(&self, price: Price) -> Result<(), PriceRuleBreach> {
        if !price.is_positive() {
            return Err(PriceRuleBreach::NotPositive);
        }
        if !price.is_multiple_of(self.tick) {
            return Err(PriceRuleBreach::OffTick);
        }
        match self.significant_digits {
            Some(digits) if price.decimals() > 0 && price.significant_digits() > digits => {
                Err(PriceRuleBreach::TooManyDigits)
            }
            _ => Ok(()),
        }
    }

    /// True for a quantity that is positive and a multiple of the lot.
    #[must_use]
    pub fn allows_qty(&self, qty: Qty) -> bool {
        qty.is_positive() && qty.is_multiple_of(self.lot)
    }

    /// The highest price that follows the rule and is not above `price`: the side on which a buyer rounds.
    /// Zero, which is no price, when there is none. With significant digits the tick is a power of ten.
    #[must_use]
    pub fn price_at_or_below(&self, price: Price) -> Price {
        let on_tick = price.floor_to(self.tick);
        match self.significant_digits {
            // An integer may have any number of digits.
            Some(digits) if on_tick.decimals() > 0 => {
                on_tick.floor_significant(digits).max(on_tick.floor_to(Price::ONE))
            }
            _ => on_tick,
        }
    }

    /// The lowest price that follows the rule and is not below `price`: the side on which a seller rounds.
    ///
    /// # Errors
    /// When no such price fits the range of prices.
    pub fn price_at_or_above(&self, price: Price) -> Result<Price, crate::MoneyError> {
        let on_tick = price.ceil_to(self.tick)?;
        match self.significant_digits {
            Some(digits) if on_tick.decimals() > 0 => {
                Ok(on_tick.ceil_significant(digits)?.min(on_tick.ceil_to(Price::ONE)?))
            }
            _ => Ok(on_tick),
        }
    }

    /// True for a perpetual.
    #[must_use]
    pub fn is_perpetual(&self) -> bool {
        self.class == InstrumentClass::Perpetual
    }
}

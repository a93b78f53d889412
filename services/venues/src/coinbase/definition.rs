//! A product becomes an instrument.

use reprise_model::{
    Asset, Cash, FeeAsset, Instrument, InstrumentClass, MoneyError, Price, Qty, QuoteSource,
};

use super::instrument_id;
use super::wire::Product;
use crate::definition::{DefinitionError, Fees};

impl Product {
    /// The instrument behind a spot product. Its best bid and ask come from its book: the ticker comes only
    /// with a trade.
    ///
    /// # Errors
    /// When it is not spot, or a number that a definition needs is missing.
    pub fn definition(&self, fees: Fees) -> Result<Instrument, DefinitionError> {
        if !self.product_type.is_empty() && self.product_type != "SPOT" {
            return Err(DefinitionError::Kind {
                listed: self.product_id.clone(),
                kind: self.product_type.clone(),
            });
        }
        let name = |source| DefinitionError::Name { listed: self.product_id.clone(), source };
        let (base, quote) = self.assets();
        let tick = self.price_increment.or(self.quote_increment).filter(|tick| tick.is_positive());
        Ok(Instrument {
            instrument: instrument_id(&self.product_id).map_err(name)?,
            class: InstrumentClass::Spot,
            base: base.parse::<Asset>().map_err(name)?,
            quote: quote.parse::<Asset>().map_err(name)?,
            tick: self.need::<Price>("price increment", tick)?,
            significant_digits: None,
            lot: self.need::<Qty>("base increment", self.base_increment.filter(|lot| lot.is_positive()))?,
            min_notional: self.quote_min_size.unwrap_or(Cash::ZERO),
            maker_fee: fees.maker,
            taker_fee: fees.taker,
            fee_asset: FeeAsset::Quote,
            quote_source: QuoteSource::Book,
            max_leverage: None,
            maintenance_margin: None,
        })
    }

    /// The two currencies; those of the name where the fields are left out.
    fn assets(&self) -> (&str, &str) {
        let (base, quote) = self.product_id.split_once('-').unwrap_or((&self.product_id, ""));
        let or = |field: &'_ str| !field.is_empty();
        (
            if or(&self.base_currency_id) { &self.base_currency_id } else { base },
            if or(&self.quote_currency_id) { &self.quote_currency_id } else { quote },
        )
    }

    fn need<T>(&self, field: &'static str, value: Option<T>) -> Result<T, DefinitionError> {
        value.ok_or_else(|| DefinitionError::Number {
            listed: self.product_id.clone(),
            field,
            source: MoneyError::Empty,
        })
    }
}

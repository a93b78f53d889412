//! What the venue lists becomes instruments, and coins become the numbers that orders carry.

use std::collections::BTreeMap;

use reprise_model::{
    Asset, Cash, FeeAsset, IdError, Instrument, InstrumentClass, InstrumentId, MoneyError, Price, Qty,
    QuoteSource, Rate,
};

use super::rules::{MIN_NOTIONAL, Market, SIGNIFICANT_DIGITS, step};
use super::wire::{Meta, PerpetualAsset, SpotMeta, SpotPair, SpotToken};
use super::{COLLATERAL, coin, instrument_id};
use crate::definition::{DefinitionError, Fees};

/// Numbers of spot pairs begin here.
const FIRST_SPOT: u32 = 10_000;

/// What is traded: each coin's number, rules and definition.
#[derive(Debug, Clone, Default)]
pub struct Universe {
    by_coin: BTreeMap<String, Listed>,
    coins: BTreeMap<u32, String>,
}

/// One of the venue's coins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The number that orders carry.
    pub asset: u32,
    /// Perpetual or spot.
    pub market: Market,
    /// Decimals of sizes.
    pub size_decimals: u32,
    /// The definition.
    pub definition: Instrument,
}

impl Universe {
    /// Reads the lists of perpetuals and spot pairs. What is delisted, or cannot be an instrument, is left
    /// out; the second part says why, for each that could not be one.
    #[must_use]
    pub fn new(
        perpetuals: &Meta,
        spot: Option<&SpotMeta>,
        perpetual_fees: Fees,
        spot_fees: Fees,
    ) -> (Self, Vec<DefinitionError>) {
        let mut universe = Self::default();
        let mut left_out = Vec::new();
        let mut enter = |coin: &str, listed: Result<Listed, DefinitionError>| match listed {
            Ok(listed) => {
                universe.coins.insert(listed.asset, coin.to_owned());
                universe.by_coin.insert(coin.to_owned(), listed);
            }
            Err(error) => left_out.push(error),
        };
        for (asset, one) in (0..).zip(&perpetuals.universe) {
            if !one.is_delisted {
                enter(&one.name, perpetual(asset, one, perpetual_fees));
            }
        }
        for pair in spot.map_or(&[][..], |spot| &spot.universe) {
            let tokens = spot.map_or(&[][..], |spot| &spot.tokens);
            enter(&pair.name, spot_pair(pair, tokens, spot_fees));
        }
        (universe, left_out)
    }

    /// What the venue lists under a name.
    #[must_use]
    pub fn coin(&self, coin: &str) -> Option<&Listed> {
        self.by_coin.get(coin)
    }

    /// What the venue lists under an instrument's id.
    #[must_use]
    pub fn instrument(&self, instrument: &InstrumentId) -> Option<&Listed> {
        self.coin(coin(instrument)?)
    }

    /// The name behind an asset's number.
    #[must_use]
    pub fn name(&self, asset: u32) -> Option<&str> {
        self.coins.get(&asset).map(String::as_str)
    }

    /// All coins with what is known of them, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Listed)> {
        self.by_coin.iter().map(|(coin, listed)| (coin.as_str(), listed))
    }
}

fn perpetual(asset: u32, one: &PerpetualAsset, fees: Fees) -> Result<Listed, DefinitionError> {
    let number =
        |field| move |source: MoneyError| DefinitionError::Number { listed: one.name.clone(), field, source };
    let leverage = Rate::from_int(i64::from(one.max_leverage.max(1))).map_err(number("leverage"))?;
    // The maintenance margin is half of the initial margin at the highest leverage.
    let twice = Cash::from_int(2 * i64::from(one.max_leverage.max(1))).map_err(number("leverage"))?;
    let maintenance = Cash::ONE.ratio(twice).map_err(number("leverage"))?;
    let names = (base_of(&one.name), COLLATERAL.to_owned());
    let definition = Instrument {
        max_leverage: Some(leverage),
        maintenance_margin: Some(maintenance),
        ..define(&one.name, Market::Perpetual, one.size_decimals, names, fees)?
    };
    Ok(Listed { asset, market: Market::Perpetual, size_decimals: one.size_decimals, definition })
}

/// An asset's name has room for 15 bytes; a longer one is cut, as the importer cuts it.
fn base_of(name: &str) -> String {
    name.chars().take(15).collect()
}

fn spot_pair(pair: &SpotPair, tokens: &[SpotToken], fees: Fees) -> Result<Listed, DefinitionError> {
    let token = |index: u32| {
        tokens.iter().find(|token| token.index == index).ok_or_else(|| DefinitionError::Dangling {
            listed: pair.name.clone(),
            what: format!("the token {index}"),
        })
    };
    let (base, quote) = (token(pair.tokens.0)?, token(pair.tokens.1)?);
    let names = (base_of(&base.name), base_of(&quote.name));
    let definition = define(&pair.name, Market::Spot, base.size_decimals, names, fees)?;
    let asset = FIRST_SPOT + pair.index;
    Ok(Listed { asset, market: Market::Spot, size_decimals: base.size_decimals, definition })
}

fn define(
    coin: &str,
    market: Market,
    size_decimals: u32,
    (base, quote): (String, String),
    fees: Fees,
) -> Result<Instrument, DefinitionError> {
    let name = |source: IdError| DefinitionError::Name { listed: coin.to_owned(), source };
    let number =
        |field| move |source: MoneyError| DefinitionError::Number { listed: coin.to_owned(), field, source };
    Ok(Instrument {
        instrument: instrument_id(coin).map_err(name)?,
        class: match market {
            Market::Perpetual => InstrumentClass::Perpetual,
            Market::Spot => InstrumentClass::Spot,
        },
        base: base.parse::<Asset>().map_err(name)?,
        quote: quote.parse::<Asset>().map_err(name)?,
        tick: Price::parse(&step(market.price_decimals(size_decimals))).map_err(number("size decimals"))?,
        significant_digits: Some(SIGNIFICANT_DIGITS),
        lot: Qty::parse(&step(size_decimals)).map_err(number("size decimals"))?,
        min_notional: Cash::from_int(MIN_NOTIONAL).map_err(number("least value"))?,
        maker_fee: fees.maker,
        taker_fee: fees.taker,
        fee_asset: match market {
            Market::Perpetual => FeeAsset::Quote,
            Market::Spot => FeeAsset::BaseOnBuy,
        },
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    })
}

//! What a configuration says of instruments over what their source says: it holds for those of `run.started` and
//! for those that are defined on the way alike.

use std::collections::BTreeMap;

use reprise_model::{Instrument, InstrumentId, Rate};

use crate::config::{Config, InstrumentConfig};

/// The amendments of a configuration: `[instruments]`, and the fees that the paper venue takes, so that risk
/// reckons with what will be paid.
///
/// To amend twice is to amend once, so what was recorded by a run that did it can be amended again.
#[derive(Debug, Clone, Default)]
pub struct Amendments {
    by_instrument: BTreeMap<InstrumentId, InstrumentConfig>,
    maker_fee: Option<Rate>,
    taker_fee: Option<Rate>,
}

impl Amendments {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            by_instrument: config.instruments.clone(),
            maker_fee: config.paper.maker_fee,
            taker_fee: config.paper.taker_fee,
        }
    }

    /// Amends a definition.
    pub fn amend(&self, instrument: &mut Instrument) {
        if let Some(amendment) = self.by_instrument.get(&instrument.instrument) {
            amendment.amend(instrument);
        }
        instrument.maker_fee = self.maker_fee.unwrap_or(instrument.maker_fee);
        instrument.taker_fee = self.taker_fee.unwrap_or(instrument.taker_fee);
    }

    /// The definitions, amended.
    #[must_use]
    pub fn amended(&self, instruments: &[Instrument]) -> Vec<Instrument> {
        let mut instruments = instruments.to_vec();
        instruments.iter_mut().for_each(|instrument| self.amend(instrument));
        instruments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an instrument is traded by other rules or fees than those that were configured, or when what
    /// was amended once is changed by amending it again.
    #[test]
    fn definitions_follow_the_configuration() {
        let mut config = Config::default();
        let amendment = InstrumentConfig {
            lot: "0.5".parse().ok(),
            maker_fee: "0.0001".parse().ok(),
            taker_fee: "0.0009".parse().ok(),
            ..InstrumentConfig::default()
        };
        config.instruments.insert("BTC-USD.X".parse().unwrap(), amendment);
        config.paper.taker_fee = "0.002".parse().ok();
        let amendments = Amendments::of(&config);
        let definition = |id: &str| {
            let text = format!(
                r#"{{"instrument":"{id}","class":"spot","base":"BTC","quote":"USD","tick":"0.01","lot":"0.001","min_notional":"1","maker_fee":"0.0005","taker_fee":"0.0006","fee_asset":"quote","quote_source":"quotes"}}"#
            );
            reprise_model::codec::from_bytes::<Instrument>(text.as_bytes()).unwrap()
        };
        for (id, lot, maker_fee) in [("BTC-USD.X", "0.5", "0.0001"), ("BTC-USD.Y", "0.001", "0.0005")] {
            let mut instrument = definition(id);
            amendments.amend(&mut instrument);
            let found = (instrument.lot.to_string(), instrument.maker_fee.to_string());
            assert_eq!(found, (lot.to_owned(), maker_fee.to_owned()), "{id}");
            assert_eq!(instrument.taker_fee.to_string(), "0.002", "{id}: the paper venue takes it");
            assert_eq!(amendments.amended(&[instrument.clone()]), [instrument], "{id}");
        }
    }
}

//! A synthetic market for tests and benchmarks that run an engine; each includes this file by its path.

use reprise_model::event::{FeedState, FeedStatus, InstrumentDefined, Level, Quote, Trade};
use reprise_model::{FeeAsset, Instrument, InstrumentClass, InstrumentId, Label, Price, QuoteSource};
use reprise_runtime::{Intake, wall_clock};

fn id(name: &str) -> InstrumentId {
    name.parse().unwrap()
}

fn price(cents: u64) -> Price {
    let cent: Price = "0.01".parse().unwrap();
    cent.checked_mul_int(cents.try_into().unwrap()).unwrap()
}

/// Defines a market that is paid for in dollars, and lets its feed go live.
pub fn open(intake: &mut Intake, name: &str) {
    intake.take(wall_clock(), definition(name).into()).unwrap();
    intake.take(wall_clock(), feed(name, FeedState::Live).into()).unwrap();
}

pub fn definition(name: &str) -> Box<InstrumentDefined> {
    let instrument = id(name);
    let definition = Instrument {
        instrument,
        class: InstrumentClass::Spot,
        base: name.split('-').next().unwrap().parse().unwrap(),
        quote: "USD".parse().unwrap(),
        tick: "0.01".parse().unwrap(),
        significant_digits: None,
        lot: "0.0001".parse().unwrap(),
        min_notional: "1".parse().unwrap(),
        maker_fee: "0.0001".parse().unwrap(),
        taker_fee: "0.0002".parse().unwrap(),
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    };
    Box::new(InstrumentDefined { definition })
}

pub fn feed(name: &str, state: FeedState) -> FeedStatus {
    let instrument = id(name);
    FeedStatus {
        venue: Label::new(instrument.venue()).unwrap(),
        instrument: Some(instrument),
        state,
        reason: None,
        conflated: None,
    }
}

/// A quote a cent below and above a price.
pub fn quote(name: &str, cents: u64) -> Quote {
    let level = |cents| Some(Level { price: price(cents), qty: "3".parse().unwrap() });
    Quote {
        instrument: id(name),
        bid: level(cents - 1),
        ask: level(cents + 1),
        venue_ts: None,
        conflated: None,
    }
}

/// The trade with this number.
pub fn trade(name: &str, cents: u64, n: u64) -> Trade {
    Trade {
        instrument: id(name),
        price: price(cents),
        qty: "0.5".parse().unwrap(),
        side: None,
        trade_id: Some(Label::new(&n.to_string()).unwrap()),
        venue_ts: None,
        historical: false,
    }
}

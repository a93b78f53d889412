//! From the recording's instruments, prices and sizes to those of a venue.
//!
//! At Coinbase an instrument becomes a spot product, at Hyperliquid the perpetual of its base asset. Prices are
//! put on the venue's rule, bids down and asks up, and levels that fall together are added up; sizes are cut to
//! the venue's lot, to no less than one lot.

use std::collections::BTreeMap;

use reprise_model::event::{Book, BookAction, Level, Quote, Trade};
use reprise_model::{
    Cash, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Price, Qty, Rate, Side,
};

use crate::error::SimError;
use crate::settings::{MapRule, Venue};

/// Assets that Coinbase and Hyperliquid both show as dollars.
const DOLLARS: [&str; 6] = ["USD", "USDC", "USDT", "FDUSD", "DAI", "BUSD"];

/// Hyperliquid's size decimals and highest leverage by coin; others get [`OTHER_COIN`].
const COINS: &[(&str, (u32, u32))] = &[
    ("BTC", (5, 40)),
    ("ETH", (4, 25)),
    ("SOL", (2, 20)),
    ("HYPE", (2, 10)),
    ("XRP", (0, 20)),
    ("DOGE", (0, 10)),
    ("AVAX", (2, 10)),
    ("LINK", (1, 10)),
    ("LTC", (2, 10)),
    ("BNB", (3, 10)),
];
const OTHER_COIN: (u32, u32) = (1, 5);

/// An instrument as a venue lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The venue's name of it: `BTC-USD` at Coinbase, `BTC` at Hyperliquid.
    pub name: String,
    /// Its definition; the id is ours.
    pub definition: Instrument,
    /// The recording's instrument that it shows.
    pub source: InstrumentId,
}

impl Listing {
    /// Hyperliquid's szDecimals, Coinbase's decimals of the base increment.
    #[must_use]
    pub fn size_decimals(&self) -> u32 {
        self.definition.lot.decimals()
    }
}

/// The listings of a venue, and how the recording's events become events of theirs.
#[derive(Debug)]
pub struct Mapping {
    venue: Venue,
    rules: BTreeMap<InstrumentId, String>,
    listings: Vec<Listing>,
    by_source: BTreeMap<InstrumentId, usize>,
    ladders: Vec<Ladder>,
}

impl Mapping {
    /// A mapping of the instruments that the recording defines at its start.
    ///
    /// # Errors
    /// When a rule names an instrument that the recording does not have, or two rules the same product.
    pub fn new(venue: Venue, rules: &[MapRule], sources: &[Instrument]) -> Result<Self, SimError> {
        let mut mapping = Self {
            venue,
            rules: BTreeMap::new(),
            listings: Vec::new(),
            by_source: BTreeMap::new(),
            ladders: Vec::new(),
        };
        for rule in rules {
            mapping.take_rule(rule, sources)?;
        }
        // Where two instruments would get the same name the one that was named, or comes from the venue, wins.
        let mut ranked: Vec<&Instrument> = sources.iter().collect();
        ranked.sort_by_key(|source| mapping.rank(source));
        let mut listed: Vec<InstrumentId> = Vec::new();
        for source in ranked {
            if mapping.list(source).is_some() {
                listed.push(source.instrument);
            }
        }
        for source in sources.iter().filter(|source| !listed.contains(&source.instrument)) {
            tracing::warn!(instrument = %source.instrument, %venue, "not shown at this venue");
        }
        Ok(mapping)
    }

    fn take_rule(&mut self, rule: &MapRule, sources: &[Instrument]) -> Result<(), SimError> {
        let wrong = |reason: String| SimError::Map { from: rule.from, to: rule.to.clone(), reason };
        if !sources.iter().any(|source| source.instrument == rule.from) {
            let known: Vec<String> = sources.iter().map(|source| source.instrument.to_string()).collect();
            return Err(wrong(format!("the recording has no such instrument; it has {}", known.join(", "))));
        }
        if let Some((other, _)) = self.rules.iter().find(|(_, to)| **to == rule.to) {
            return Err(wrong(format!("{other} has that name already")));
        }
        self.rules.insert(rule.from, rule.to.clone());
        Ok(())
    }

    fn rank(&self, source: &Instrument) -> u8 {
        let venue = source.instrument.venue().to_ascii_lowercase();
        match () {
            () if self.rules.contains_key(&source.instrument) => 0,
            () if venue.contains(self.venue.as_str()) => 1,
            () => 2,
        }
    }

    /// Lists an instrument of the recording, or takes over its new definition; `None` when it is not shown
    /// here.
    pub fn list(&mut self, source: &Instrument) -> Option<&Listing> {
        let name = self.name_of(source)?;
        let definition = match self.venue {
            Venue::Coinbase => coinbase(source, &name),
            Venue::Hyperliquid => hyperliquid(source, &name),
        }?;
        if let Some(&at) = self.by_source.get(&source.instrument) {
            self.listings[at].definition = definition;
            return self.listings.get(at);
        }
        if self.listings.iter().any(|listing| listing.name == name) {
            return None;
        }
        self.by_source.insert(source.instrument, self.listings.len());
        self.listings.push(Listing { name, definition, source: source.instrument });
        self.ladders.push(Ladder::default());
        self.listings.last()
    }

    fn name_of(&self, source: &Instrument) -> Option<String> {
        let (base, quote) = match self.rules.get(&source.instrument) {
            Some(product) => product.split_once('-')?,
            None => (source.base.as_str(), source.quote.as_str()),
        };
        let is_dollar = DOLLARS.contains(&quote);
        match self.venue {
            Venue::Coinbase => Some(format!("{base}-{}", if is_dollar { "USD" } else { quote })),
            Venue::Hyperliquid => is_dollar.then(|| base.to_owned()),
        }
    }

    /// The listings, in the order in which they came.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// An event of the recording as one of the venue's, with the listing it is about; `None` for what is not
    /// shown here.
    pub fn map(&mut self, input: &Input) -> Option<(usize, Input)> {
        let at = *self.by_source.get(input.instrument()?)?;
        let definition = &self.listings[at].definition;
        let instrument = definition.instrument;
        let mapped = match input {
            Input::Quote(quote) => Quote {
                instrument,
                bid: quote.bid.and_then(|level| on_rule(definition, Side::Buy, level)),
                ask: quote.ask.and_then(|level| on_rule(definition, Side::Sell, level)),
                venue_ts: None,
                conflated: None,
            }
            .into(),
            Input::Trade(trade) if trade.historical => return None,
            Input::Trade(trade) => {
                // An aggressor that buys trades with an ask.
                let side = trade.side.map_or(Side::Buy, Side::opposite);
                let level = on_rule(definition, side, Level { price: trade.price, qty: trade.qty })?;
                Trade { instrument, price: level.price, qty: level.qty, venue_ts: None, ..trade.clone() }
                    .into()
            }
            Input::Book(book) => self.ladders[at].apply(definition, book).into(),
            Input::Mark(mark) => {
                let mut mark = mark.clone();
                (mark.instrument, mark.venue_ts) = (instrument, None);
                mark.into()
            }
            Input::Funding(funding) => {
                let mut funding = funding.clone();
                (funding.instrument, funding.venue_ts) = (instrument, None);
                funding.into()
            }
            Input::Bar(bar) => {
                let mut bar = bar.clone();
                bar.instrument = instrument;
                bar.into()
            }
            _ => return None,
        };
        Some((at, mapped))
    }
}

/// A level on the venue's rule; `None` for one of nothing.
fn on_rule(definition: &Instrument, side: Side, level: Level) -> Option<Level> {
    let price = price_on_rule(definition, side, level.price)?;
    Some(Level { price, qty: qty_on_rule(definition, level.qty)? })
}

/// Bids are rounded down, asks up, so that rounding never makes a market cross.
fn price_on_rule(definition: &Instrument, side: Side, price: Price) -> Option<Price> {
    let rounded = match side {
        Side::Buy => definition.price_at_or_below(price),
        Side::Sell => definition.price_at_or_above(price).ok()?,
    };
    rounded.is_positive().then_some(rounded)
}

fn qty_on_rule(definition: &Instrument, qty: Qty) -> Option<Qty> {
    qty.is_positive().then(|| qty.floor_to(definition.lot).max(definition.lot))
}

/// A book as it was recorded, and how much of it falls on each price of the venue.
#[derive(Debug, Default)]
struct Ladder {
    sides: [Rungs; 2],
}

#[derive(Debug, Default)]
struct Rungs {
    recorded: BTreeMap<Price, Qty>,
    shown: BTreeMap<Price, Qty>,
}

impl Ladder {
    /// Takes a recorded book event in; gives what it is on the venue's prices.
    fn apply(&mut self, definition: &Instrument, book: &Book) -> Book {
        if book.action == BookAction::Snapshot {
            *self = Self::default();
        }
        let [bids, asks] = &mut self.sides;
        Book {
            instrument: definition.instrument,
            action: book.action,
            bids: bids.apply(definition, Side::Buy, &book.bids),
            asks: asks.apply(definition, Side::Sell, &book.asks),
            venue_ts: None,
            conflated: None,
        }
    }
}

impl Rungs {
    fn apply(&mut self, definition: &Instrument, side: Side, levels: &[Level]) -> Vec<Level> {
        let mut touched: Vec<Price> = Vec::with_capacity(levels.len());
        for level in levels {
            let Some(price) = price_on_rule(definition, side, level.price) else { continue };
            let before = if level.qty.is_positive() {
                self.recorded.insert(level.price, level.qty)
            } else {
                self.recorded.remove(&level.price)
            };
            let shown = self.shown.entry(price).or_default();
            let without = shown.checked_sub(before.unwrap_or_default()).unwrap_or_default();
            *shown = without.checked_add(level.qty.max(Qty::ZERO)).unwrap_or(without);
            if !shown.is_positive() {
                self.shown.remove(&price);
            }
            touched.push(price);
        }
        touched.sort_unstable();
        touched.dedup();
        let shown = |price| {
            let qty = self.shown.get(&price).and_then(|&qty| qty_on_rule(definition, qty));
            Level { price, qty: qty.unwrap_or_default() }
        };
        touched.into_iter().map(shown).collect()
    }
}

/// Coinbase: spot, on the recording's tick, to eight decimals of the base asset, at least one dollar.
fn coinbase(source: &Instrument, name: &str) -> Option<Instrument> {
    let (base, quote) = name.split_once('-')?;
    Some(Instrument {
        instrument: format!("{name}.COINBASE").parse().ok()?,
        class: InstrumentClass::Spot,
        base: base.parse().ok()?,
        quote: quote.parse().ok()?,
        tick: source.tick,
        significant_digits: None,
        lot: Qty::parse("0.00000001").ok()?,
        min_notional: if quote == "USD" { Cash::ONE } else { Cash::ZERO },
        maker_fee: Rate::parse("0.004").ok()?,
        taker_fee: Rate::parse("0.006").ok()?,
        fee_asset: FeeAsset::Quote,
        quote_source: source.quote_source,
        max_leverage: None,
        maintenance_margin: None,
    })
}

/// Hyperliquid: a perpetual in USDC with at most 5 significant figures and 6 − szDecimals decimals, at least
/// ten dollars.
fn hyperliquid(source: &Instrument, coin: &str) -> Option<Instrument> {
    let (size_decimals, leverage) =
        COINS.iter().find(|(name, _)| *name == coin).map_or(OTHER_COIN, |(_, rules)| *rules);
    let power = |decimals: u32| format!("1e-{decimals}");
    Some(Instrument {
        instrument: format!("{coin}-PERP.HYPERLIQUID").parse().ok()?,
        class: InstrumentClass::Perpetual,
        base: coin.parse().ok()?,
        quote: "USDC".parse().ok()?,
        tick: Price::parse(&power(6 - size_decimals)).ok()?,
        significant_digits: Some(5),
        lot: Qty::parse(&power(size_decimals)).ok()?,
        min_notional: Cash::from_int(10).ok()?,
        maker_fee: Rate::parse("0.00015").ok()?,
        taker_fee: Rate::parse("0.00045").ok()?,
        fee_asset: FeeAsset::Quote,
        quote_source: source.quote_source,
        max_leverage: Rate::from_int(i64::from(leverage)).ok(),
        // Half of the initial margin at the highest leverage.
        maintenance_margin: Cash::ONE.ratio(Cash::from_int(2 * i64::from(leverage)).ok()?).ok(),
    })
}

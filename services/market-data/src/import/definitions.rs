//! The instruments of an import: how a source's names become ids, and what is inferred about each.
//!
//! Nothing in a recording says what the venue's tick and lot are. The decimals that occur are a bound from
//! one side: a tick or lot inferred from them is never coarser than the venue's as far as it was seen.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::event::{Book, Level};
use reprise_model::{
    Asset, Cash, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Price, Qty, QuoteSource, Rate,
};

use super::error::{BadRow, ImportError};
use super::pair::Pair;
use super::row::{Kind, Payload, Row};

/// An instrument's place in [`Symbols`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SymbolIx(pub usize);

/// The lot's decimals when no size was seen at all.
const DEFAULT_LOT_DECIMALS: u32 = 8;

/// What a source's name means, if the plan says nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Naming {
    /// The symbol, without a venue.
    pub symbol: String,
    /// The venue, used where the plan names none.
    pub venue: String,
    pub pair: Pair,
    pub class: InstrumentClass,
    pub significant_digits: Option<u32>,
}

impl Naming {
    pub(crate) fn spot(symbol: &str, venue: &str) -> Self {
        Self {
            symbol: symbol.to_owned(),
            venue: venue.to_owned(),
            pair: Pair::of(symbol),
            class: InstrumentClass::Spot,
            significant_digits: None,
        }
    }
}

/// What was seen of an instrument.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub id: InstrumentId,
    /// The names the source has for it.
    sources: BTreeSet<String>,
    pair: Pair,
    class: InstrumentClass,
    significant_digits: Option<u32>,
    /// 10^-decimals of the finest price and size.
    tick: Option<Price>,
    lot: Option<Qty>,
    rows: u64,
    quotes: bool,
    books: bool,
    bars: bool,
    /// Single trades were recorded, so that aggregates of them say nothing new.
    pub trades: bool,
}

/// Every instrument of the import.
#[derive(Debug, Clone)]
pub(crate) struct Symbols {
    venue: Option<String>,
    given: Option<InstrumentId>,
    known: BTreeMap<InstrumentId, Instrument>,
    by_id: BTreeMap<InstrumentId, SymbolIx>,
    seen: Vec<Seen>,
}

impl Symbols {
    pub(crate) fn new(venue: Option<String>, given: Option<InstrumentId>, known: &[Instrument]) -> Self {
        Self {
            venue,
            given,
            known: known.iter().map(|one| (one.instrument, one.clone())).collect(),
            by_id: BTreeMap::new(),
            seen: Vec::new(),
        }
    }

    /// The instrument that a source calls `source`. Callers keep the answer: this looks names up slowly.
    pub(crate) fn resolve(&mut self, source: &str, naming: &Naming) -> Result<SymbolIx, BadRow> {
        let id = match self.given {
            Some(given) => given,
            None => {
                let venue = self.venue.as_deref().unwrap_or(&naming.venue);
                format!("{}.{venue}", naming.symbol)
                    .parse()
                    .map_err(|source| BadRow::Instrument { source })?
            }
        };
        Ok(self.enter(source, id, naming))
    }

    /// The instrument that a source calls by its full id.
    pub(crate) fn resolve_id(&mut self, source: &str, id: InstrumentId) -> SymbolIx {
        let id = self.given.unwrap_or(id);
        self.enter(source, id, &Naming::spot(id.symbol(), id.venue()))
    }

    fn enter(&mut self, source: &str, id: InstrumentId, naming: &Naming) -> SymbolIx {
        let seen = &mut self.seen;
        let at = *self.by_id.entry(id).or_insert_with(|| {
            let pair = match Pair::of(id.symbol()) {
                // The source's own symbol may say more than the name that was given for it.
                from_id if !from_id.guessed && naming.pair.guessed => from_id,
                _ => naming.pair.clone(),
            };
            seen.push(Seen {
                id,
                sources: BTreeSet::new(),
                pair,
                class: naming.class,
                significant_digits: naming.significant_digits,
                tick: None,
                lot: None,
                rows: 0,
                quotes: false,
                books: false,
                bars: false,
                trades: false,
            });
            SymbolIx(seen.len() - 1)
        });
        let sources = &mut self.seen[at.0].sources;
        if !sources.contains(source) {
            sources.insert(source.to_owned());
        }
        at
    }

    pub(crate) fn get(&self, at: SymbolIx) -> &Seen {
        &self.seen[at.0]
    }

    pub(crate) fn id(&self, at: SymbolIx) -> InstrumentId {
        self.seen[at.0].id
    }

    /// The source turned out to be a futures feed.
    pub(crate) fn mark_perpetual(&mut self, at: SymbolIx) {
        self.seen[at.0].class = InstrumentClass::Perpetual;
    }

    /// Learns the decimals of a row that was accepted.
    pub(crate) fn observe(&mut self, row: &Row) {
        let seen = &mut self.seen[row.symbol.0];
        seen.rows += 1;
        match &row.payload {
            Payload::One(input) => seen.input(input),
            Payload::Two(inputs) => {
                seen.input(&inputs.0);
                seen.input(&inputs.1);
            }
            Payload::Snapshot(snapshot) => {
                seen.books = true;
                seen.levels(&snapshot.bids);
                seen.levels(&snapshot.asks);
            }
            Payload::Delta(delta) => {
                seen.levels(&delta.bids);
                seen.levels(&delta.asks);
            }
            Payload::Prints { prints, .. } => {
                for print in prints {
                    seen.trade(print.trade.price, print.trade.qty);
                }
            }
        }
        seen.trades |= row.kind == Kind::Trade;
    }

    /// One name was given, and it must mean one instrument.
    pub(crate) fn check_given(&self) -> Result<(), ImportError> {
        let (Some(given), [seen]) = (self.given, self.seen.as_slice()) else { return Ok(()) };
        if seen.sources.len() < 2 {
            return Ok(());
        }
        let mut found: Vec<&str> = seen.sources.iter().map(String::as_str).take(5).collect();
        if seen.sources.len() > found.len() {
            found.push("…");
        }
        Err(ImportError::ManyInstruments { given: given.to_string(), found: found.join(", ") })
    }

    /// The definitions of all instruments that have rows, sorted by id, with a warning for each inferred one.
    pub(crate) fn definitions(&self, warnings: &mut Vec<String>) -> Result<Vec<Instrument>, ImportError> {
        let mut definitions = Vec::new();
        for at in self.by_id.values() {
            let seen = &self.seen[at.0];
            if seen.rows == 0 {
                continue;
            }
            definitions.push(match self.known.get(&seen.id) {
                Some(known) => known.clone(),
                None => seen.infer(warnings)?,
            });
        }
        Ok(definitions)
    }
}

impl Seen {
    fn input(&mut self, input: &Input) {
        match input {
            Input::Quote(quote) => {
                self.quotes = true;
                self.levels(quote.bid.as_slice());
                self.levels(quote.ask.as_slice());
            }
            Input::Trade(trade) => self.trade(trade.price, trade.qty),
            Input::Book(Book { bids, asks, .. }) => {
                self.books = true;
                self.levels(bids);
                self.levels(asks);
            }
            Input::Bar(bar) => {
                self.bars = true;
                for price in [bar.open, bar.high, bar.low, bar.close] {
                    self.price(price);
                }
                self.size(bar.volume);
            }
            // Marks are averages over venues, with more decimals than a price may have.
            _ => {}
        }
    }

    fn trade(&mut self, price: Price, qty: Qty) {
        self.price(price);
        self.size(qty);
    }

    fn levels(&mut self, levels: &[Level]) {
        for level in levels {
            self.trade(level.price, level.qty);
        }
    }

    fn price(&mut self, price: Price) {
        if self.tick.is_none_or(|tick| !price.is_multiple_of(tick)) {
            self.tick = Price::parse(&step(price.decimals())).ok();
        }
    }

    fn size(&mut self, qty: Qty) {
        if !qty.is_zero() && self.lot.is_none_or(|lot| !qty.is_multiple_of(lot)) {
            self.lot = Qty::parse(&step(qty.decimals())).ok();
        }
    }

    fn infer(&self, warnings: &mut Vec<String>) -> Result<Instrument, ImportError> {
        let fault = |reason: &str| ImportError::Definition {
            instrument: self.id.to_string(),
            reason: reason.to_owned(),
        };
        let (base, quote) = self
            .pair
            .assets()
            .ok_or_else(|| fault("its symbol holds no names of assets that can be used"))?;
        let tick = self.tick.unwrap_or(Price::ONE);
        let lot = match self.lot {
            Some(lot) => lot,
            None => Qty::parse(&step(DEFAULT_LOT_DECIMALS)).map_err(|source| fault(&source.to_string()))?,
        };
        let definition = Instrument {
            instrument: self.id,
            class: self.class,
            base,
            quote,
            tick,
            significant_digits: self.significant_digits,
            lot,
            min_notional: Cash::ZERO,
            maker_fee: Rate::ZERO,
            taker_fee: Rate::ZERO,
            fee_asset: FeeAsset::Quote,
            quote_source: self.quote_source(),
            max_leverage: None,
            maintenance_margin: None,
        };
        warnings.push(self.warning(&definition, base, quote));
        Ok(definition)
    }

    fn quote_source(&self) -> QuoteSource {
        if self.quotes {
            QuoteSource::Quotes
        } else if self.books {
            QuoteSource::Book
        } else {
            QuoteSource::Bars
        }
    }

    fn warning(&self, definition: &Instrument, base: Asset, quote: Asset) -> String {
        let class = if definition.is_perpetual() { "a perpetual" } else { "spot" };
        let digits =
            self.significant_digits.map_or(String::new(), |n| format!(", at most {n} significant digits"));
        let guess = if self.pair.guessed { " (its symbol does not say what it is paid in)" } else { "" };
        let prices = match definition.quote_source {
            QuoteSource::Quotes => "",
            QuoteSource::Book => "; best bid and ask come from its book",
            QuoteSource::Bars if self.bars => "; it has bars and neither quotes nor books",
            QuoteSource::Bars => {
                "; it has neither quotes nor books nor bars, so nothing can be bought or sold"
            }
        };
        format!(
            "{} is not defined; inferred from {} rows: {class}, base {base}, quote {quote}{guess}, tick {}, lot {}{digits}, \
             minimum notional 0, fees 0{prices}",
            self.id, self.rows, definition.tick, definition.lot
        )
    }
}

/// The text of 10^-decimals.
fn step(decimals: u32) -> String {
    format!("1e-{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reprise_model::Ts;
    use reprise_model::event::{Bar, Mark, Quote};

    fn level(price: &str, qty: &str) -> Level {
        Level { price: price.parse().unwrap(), qty: qty.parse().unwrap() }
    }

    fn row(symbol: SymbolIx, input: Input) -> Row {
        Row { ts: Ts(1), symbol, kind: Kind::Quote, payload: Payload::One(input) }
    }

    /// Breaks when tick or lot come out coarser than a price or size that was seen.
    #[test]
    fn definitions_follow_the_decimals_seen() {
        let mut symbols = Symbols::new(None, None, &[]);
        let at = symbols.resolve("btcusd", &Naming::spot("BTC-USD", "X")).unwrap();
        let instrument = symbols.id(at);
        let quote = |bid, ask| Input::Quote(Quote { instrument, bid, ask, venue_ts: None, conflated: None });
        symbols.observe(&row(at, quote(Some(level("100.10", "3")), None)));
        symbols.observe(&row(at, quote(Some(level("100", "0.2500")), Some(level("100.125", "1")))));
        let mark = Mark { instrument, mark: Price::parse("1.23456789").ok(), oracle: None, venue_ts: None };
        symbols.observe(&row(at, Input::Mark(mark)));
        let mut warnings = Vec::new();
        let definitions = symbols.definitions(&mut warnings).unwrap();
        let [one] = definitions.as_slice() else { panic!("one definition: {definitions:?}") };
        assert_eq!((one.tick.to_string(), one.lot.to_string()), ("0.001".to_owned(), "0.01".to_owned()));
        assert_eq!((one.base.as_str(), one.quote.as_str()), ("BTC", "USD"));
        assert_eq!(one.quote_source, QuoteSource::Quotes);
        assert_eq!(
            warnings,
            [
                "BTC-USD.X is not defined; inferred from 3 rows: spot, base BTC, quote USD, tick 0.001, lot 0.01, minimum \
              notional 0, fees 0"
            ]
        );
    }

    /// Breaks when a definition that is known is inferred all the same, or is warned about.
    #[test]
    fn known_definitions_are_kept() {
        let mut symbols = Symbols::new(None, None, &[]);
        let at = symbols.resolve("ACME", &Naming::spot("ACME", "X")).unwrap();
        let zero = Bar {
            instrument: symbols.id(at),
            interval_ns: 1,
            open: Price::ONE,
            high: Price::ONE,
            low: Price::ONE,
            close: Price::ONE,
            volume: Qty::ZERO,
        };
        symbols.observe(&row(at, Input::Bar(zero)));
        let mut warnings = Vec::new();
        let inferred = symbols.definitions(&mut warnings).unwrap().remove(0);
        assert_eq!((inferred.tick, inferred.lot.to_string()), (Price::ONE, "0.00000001".to_owned()));
        assert!(warnings[0].contains("does not say what it is paid in"), "{warnings:?}");
        let known = Instrument { min_notional: Cash::ONE, ..inferred };
        let mut again = Symbols::new(None, None, std::slice::from_ref(&known));
        again.seen.clone_from(&symbols.seen);
        again.by_id.clone_from(&symbols.by_id);
        warnings.clear();
        assert_eq!(again.definitions(&mut warnings).unwrap(), [known]);
        assert!(warnings.is_empty());
    }
}

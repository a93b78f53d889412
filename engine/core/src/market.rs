//! The market view: the last known facts of every instrument, changed by inputs alone.

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{FeedState, FeedStatus, Input, Level, Quote};
use reprise_model::{Instrument, InstrumentId, Price, Qty, QuoteSource, Side, Ts};
use serde::{Deserialize, Serialize};

use crate::book::OrderBook;
use crate::names::Names;

/// An instrument's place in the tables of this run, in order of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstrumentIx(u32);

impl InstrumentIx {
    /// The place as an index.
    #[must_use]
    #[inline]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// What the input at hand did to the market view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The instrument it is about.
    pub ix: InstrumentIx,
    /// True when it counts as a quote: a `market.quote`, or a change of the top of the book for an instrument
    /// whose source sends none.
    pub is_quote: bool,
}

/// The last trade of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTrade {
    /// At which price.
    pub price: Price,
    /// When it was received.
    pub ts: Ts,
}

/// What is known of one instrument's market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// Its definition.
    pub definition: Instrument,
    /// The best bid.
    pub bid: Option<Level>,
    /// The best ask.
    pub ask: Option<Level>,
    /// The book, empty without one.
    pub book: OrderBook,
    /// The last trade.
    pub last_trade: Option<LastTrade>,
    /// The last bar's close.
    pub last_close: Option<Price>,
    /// The venue's mark price.
    pub mark: Option<Price>,
    /// The oracle price.
    pub oracle: Option<Price>,
    /// The middle of the last two-sided quote that was not crossed, or the last bar's close without quotes.
    pub last_mid: Option<Price>,
    /// When the last price came.
    pub priced_at: Option<Ts>,
    /// Receive time less the venue's own time at the last event that told it, in nanoseconds.
    pub skew_ns: Option<i64>,
    /// How the feed stands; `None` for recordings that do not say.
    pub feed: Option<FeedState>,
}

impl Market {
    fn new(definition: Instrument) -> Self {
        Self {
            definition,
            bid: None,
            ask: None,
            book: OrderBook::default(),
            last_trade: None,
            last_close: None,
            mark: None,
            oracle: None,
            last_mid: None,
            priced_at: None,
            skew_ns: None,
            feed: None,
        }
    }

    /// The best level that an order of this side would trade with.
    #[must_use]
    #[inline]
    pub fn opposite(&self, side: Side) -> Option<Level> {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }

    /// The best level of this side itself.
    #[must_use]
    #[inline]
    pub fn same(&self, side: Side) -> Option<Level> {
        self.opposite(side.opposite())
    }

    /// The middle of the quote as it stands; `None` when a side is empty or the quote is crossed.
    #[must_use]
    #[inline]
    pub fn mid(&self) -> Option<Price> {
        match (self.bid, self.ask) {
            (Some(bid), Some(ask)) if bid.price <= ask.price => Some(Price::mid(bid.price, ask.price)),
            _ => None,
        }
    }

    /// The price at which positions are valued: a perpetual's mark, else the last mid (bars: the last close).
    #[must_use]
    #[inline]
    pub fn valuation(&self) -> Option<Price> {
        match self.mark {
            Some(mark) if self.definition.is_perpetual() => Some(mark),
            _ => self.last_mid,
        }
    }

    /// What is displayed at a price: the quote's size at its own prices, else the book's.
    #[must_use]
    pub fn displayed(&self, side: Side, price: Price) -> Qty {
        match self.same(side) {
            Some(top) if top.price == price => top.qty,
            _ => self.book.qty_at(side, price),
        }
    }

    fn set_top(&mut self, bid: Option<Level>, ask: Option<Level>, ts: Ts) {
        (self.bid, self.ask) = (bid, ask);
        if let Some(mid) = self.mid() {
            self.last_mid = Some(mid);
            self.priced_at = Some(ts);
        }
    }

    fn quote(&mut self, quote: &Quote, ts: Ts) {
        let shown = |level: Option<Level>| level.filter(|l| l.qty.is_positive() && l.price.is_positive());
        self.set_top(shown(quote.bid), shown(quote.ask), ts);
        self.see_venue_ts(quote.venue_ts, ts);
    }

    fn see_venue_ts(&mut self, venue_ts: Option<Ts>, ts: Ts) {
        if let Some(venue) = venue_ts {
            self.skew_ns = i64::try_from(i128::from(ts.0) - i128::from(venue.0)).ok();
        }
    }

    /// Takes the book's top as the quote; true when that changed it.
    fn quote_from_book(&mut self, ts: Ts) -> bool {
        let top = (self.book.best_bid(), self.book.best_ask());
        let changed = top != (self.bid, self.ask);
        self.set_top(top.0, top.1, ts);
        changed
    }

    fn write(&self, w: &mut Writer) {
        w.open();
        w.key("\"definition\":");
        self.definition.write(w);
        w.key("\"top\":");
        let quote = Quote {
            instrument: self.definition.instrument,
            bid: self.bid,
            ask: self.ask,
            venue_ts: None,
            conflated: None,
        };
        quote.write(w);
        w.key("\"book\":");
        w.quoted(format!("{:032x}", self.book.hash()).as_bytes());
        if self.book.is_lost() {
            w.key("\"book_lost\":");
            true.write(w);
        }
        let prices = [
            ("\"last_trade\":", self.last_trade.map(|t| t.price)),
            ("\"last_close\":", self.last_close),
            ("\"mark\":", self.mark),
            ("\"oracle\":", self.oracle),
            ("\"last_mid\":", self.last_mid),
        ];
        for (key, price) in prices {
            if let Some(price) = price {
                w.key(key);
                price.write(w);
            }
        }
        let times =
            [("\"last_trade_ts\":", self.last_trade.map(|t| t.ts)), ("\"priced_at\":", self.priced_at)];
        for (key, ts) in times {
            if let Some(ts) = ts {
                w.key(key);
                ts.write(w);
            }
        }
        if let Some(skew_ns) = self.skew_ns {
            w.key("\"skew_ns\":");
            skew_ns.write(w);
        }
        if let Some(feed) = self.feed {
            w.key("\"feed\":");
            feed.write(w);
        }
        w.close();
    }
}

/// All instruments of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Market>", into = "Vec<Market>")]
pub struct Markets {
    names: Names,
    markets: Vec<Market>,
}

impl From<Vec<Market>> for Markets {
    fn from(markets: Vec<Market>) -> Self {
        let mut names = Names::default();
        for market in &markets {
            names.push(market.definition.instrument);
        }
        Self { names, markets }
    }
}

impl From<Markets> for Vec<Market> {
    fn from(markets: Markets) -> Self {
        markets.markets
    }
}

impl Markets {
    /// Defines or redefines an instrument.
    pub fn define(&mut self, definition: Instrument) -> InstrumentIx {
        if let Some(ix) = self.find(&definition.instrument) {
            self.markets[ix.at()].definition = definition;
            return ix;
        }
        let ix = InstrumentIx(u32::try_from(self.markets.len()).unwrap_or(u32::MAX));
        self.names.push(definition.instrument);
        self.markets.push(Market::new(definition));
        ix
    }

    /// The instrument's place, `None` when it is not defined.
    #[must_use]
    #[inline]
    pub fn find(&self, id: &InstrumentId) -> Option<InstrumentIx> {
        self.names.find(id).map(|at| InstrumentIx(at as u32))
    }

    /// What is known of an instrument.
    #[must_use]
    #[inline]
    pub fn get(&self, ix: InstrumentIx) -> &Market {
        &self.markets[ix.at()]
    }

    /// What is known of an instrument by its id.
    #[must_use]
    pub fn by_id(&self, id: &InstrumentId) -> Option<&Market> {
        self.find(id).map(|ix| self.get(ix))
    }

    /// Every instrument with its place.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIx, &Market)> {
        self.markets.iter().enumerate().map(|(at, market)| (InstrumentIx(at as u32), market))
    }

    /// How many instruments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.markets.len()
    }

    /// True without any instrument.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.markets.is_empty()
    }

    /// Takes a fact in; tells which instrument it is about, `None` for one that is not defined or for none.
    #[inline]
    pub(crate) fn observe(&mut self, input: &Input, ts: Ts) -> Option<Tick> {
        if let Input::Quote(quote) = input {
            let ix = self.find(&quote.instrument)?;
            self.markets[ix.at()].quote(quote, ts);
            return Some(Tick { ix, is_quote: true });
        }
        self.observe_other(input, ts)
    }

    fn observe_other(&mut self, input: &Input, ts: Ts) -> Option<Tick> {
        match input {
            Input::InstrumentDefined(event) => {
                let ix = self.define(event.definition.clone());
                return Some(Tick { ix, is_quote: false });
            }
            Input::FeedStatus(event) => {
                self.set_feed(event);
            }
            _ => {}
        }
        let ix = self.find(input.instrument()?)?;
        let market = &mut self.markets[ix.at()];
        let mut is_quote = false;
        match input {
            // A trade from before the subscription tells neither the price nor the clocks of now.
            Input::Trade(trade) if trade.historical => {}
            Input::Trade(trade) => {
                market.see_venue_ts(trade.venue_ts, ts);
                market.last_trade = Some(LastTrade { price: trade.price, ts });
            }
            Input::Book(book) => {
                market.book.apply(book);
                market.see_venue_ts(book.venue_ts, ts);
                if market.definition.quote_source == QuoteSource::Book {
                    is_quote = market.quote_from_book(ts);
                }
            }
            Input::Bar(bar) => {
                market.last_close = Some(bar.close);
                if market.definition.quote_source == QuoteSource::Bars {
                    market.last_mid = Some(bar.close);
                    market.priced_at = Some(ts);
                }
            }
            Input::Mark(mark) => {
                market.mark = mark.mark.or(market.mark);
                market.oracle = mark.oracle.or(market.oracle);
                market.see_venue_ts(mark.venue_ts, ts);
            }
            Input::Funding(funding) => market.oracle = funding.oracle.or(market.oracle),
            _ => {}
        }
        Some(Tick { ix, is_quote })
    }

    fn set_feed(&mut self, event: &FeedStatus) {
        for market in &mut self.markets {
            let id = &market.definition.instrument;
            let meant = match &event.instrument {
                Some(instrument) => instrument == id,
                None => id.venue() == event.venue.as_str(),
            };
            if meant {
                market.feed = Some(event.state);
                if event.state == FeedState::Gap {
                    market.book.lose();
                }
            }
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.raw(b"[");
        for (at, market) in self.markets.iter().enumerate() {
            if at > 0 {
                w.raw(b",");
            }
            market.write(w);
        }
        w.raw(b"]");
    }
}

//! Inputs from the market: quotes, trades, books, bars, marks, funding, definitions, the state of feeds.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::codec::usual::Usual;
use crate::codec::{Field, ReadError, Reader, Writer};
use crate::ids::{InstrumentId, Ts};
use crate::instrument::Instrument;
use crate::money::{Price, Qty, Rate};
use crate::order::Side;
use crate::text::Label;

/// A price and what is displayed at it; `["97012.34","0.51"]` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// In quote units per base unit.
    pub price: Price,
    /// In base units; 0 in an update of a book means that the level is gone.
    pub qty: Qty,
}

impl Field for Level {
    fn write(&self, w: &mut Writer) {
        w.raw(b"[");
        self.price.write(w);
        w.raw(b",");
        self.qty.write(w);
        w.raw(b"]");
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        r.literal("[")?;
        let price = Price::read(r)?;
        r.literal(",")?;
        let qty = Qty::read(r)?;
        r.literal("]")?;
        Ok(Self { price, qty })
    }

    fn schema() -> Value {
        json!({
            "type": "array",
            "prefixItems": [Price::schema(), Qty::schema()],
            "minItems": 2,
            "maxItems": 2,
            "description": "price, quantity",
        })
    }
}

/// The best bid and the best ask; a side may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// What is quoted.
    pub instrument: InstrumentId,
    /// The highest price somebody buys at; on the wire `bid` and `bid_size`.
    pub bid: Option<Level>,
    /// The lowest price somebody sells at; on the wire `ask` and `ask_size`.
    pub ask: Option<Level>,
    /// The venue's own time.
    pub venue_ts: Option<Ts>,
    /// How many quotes of the instrument were left out before this one, because too many came at once.
    pub conflated: Option<NonZeroU32>,
}

const QUOTE_FIELDS: &[&str] = &["instrument", "bid", "bid_size", "ask", "ask_size", "venue_ts", "conflated"];

impl Field for Quote {
    #[inline]
    fn write(&self, w: &mut Writer) {
        w.open();
        w.key("\"instrument\":");
        self.instrument.write(w);
        if let Some(bid) = &self.bid {
            w.key("\"bid\":");
            bid.price.write(w);
            w.key("\"bid_size\":");
            bid.qty.write(w);
        }
        if let Some(ask) = &self.ask {
            w.key("\"ask\":");
            ask.price.write(w);
            w.key("\"ask_size\":");
            ask.qty.write(w);
        }
        if let Some(ts) = &self.venue_ts {
            w.key("\"venue_ts\":");
            ts.write(w);
        }
        if let Some(count) = &self.conflated {
            w.key("\"conflated\":");
            count.write(w);
        }
        w.close();
    }

    #[inline(always)]
    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        if let Some((quote, len)) = Self::usual(r.rest()) {
            r.advance(len);
            return Ok(quote);
        }
        Self::any(r)
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "instrument": InstrumentId::schema(),
                "bid": Price::schema(),
                "bid_size": Qty::schema(),
                "ask": Price::schema(),
                "ask_size": Qty::schema(),
                "venue_ts": Ts::schema(),
                "conflated": NonZeroU32::schema(),
            },
            "required": ["instrument"],
            "dependentRequired": {
                "bid": ["bid_size"], "bid_size": ["bid"], "ask": ["ask_size"], "ask_size": ["ask"],
            },
            "additionalProperties": false,
        })
    }
}

impl Quote {
    /// A quote of both sides with no other field than `venue_ts`, and its length.
    #[inline(always)]
    fn usual(text: &[u8]) -> Option<(Self, usize)> {
        let mut at = Usual::new(text);
        at.literal(b"{\"instrument\":\"")?;
        let instrument = at.quoted()?;
        at.literal(b",\"bid\":\"")?;
        let price = at.quoted()?;
        at.literal(b",\"bid_size\":\"")?;
        let bid = Level { price, qty: at.quoted()? };
        at.literal(b",\"ask\":\"")?;
        let price = at.quoted()?;
        at.literal(b",\"ask_size\":\"")?;
        let ask = Level { price, qty: at.quoted()? };
        let mut venue_ts = None;
        if at.literal(b"}").is_none() {
            at.literal(b",\"venue_ts\":")?;
            venue_ts = Some(Ts(at.unsigned()?));
            at.literal(b"}")?;
        }
        Some((Self { instrument, bid: Some(bid), ask: Some(ask), venue_ts, conflated: None }, at.passed()))
    }

    /// Any quote.
    #[inline(never)]
    fn any(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        r.open()?;
        let instrument = r.field("instrument", "\"instrument\":", QUOTE_FIELDS)?;
        let bid = read_side(r, ("bid", "\"bid\":"), ("bid_size", "\"bid_size\":"))?;
        let ask = read_side(r, ("ask", "\"ask\":"), ("ask_size", "\"ask_size\":"))?;
        let venue_ts = r.field("venue_ts", "\"venue_ts\":", QUOTE_FIELDS)?;
        let conflated = r.field("conflated", "\"conflated\":", QUOTE_FIELDS)?;
        r.close(QUOTE_FIELDS)?;
        Ok(Self { instrument, bid, ask, venue_ts, conflated })
    }
}

#[inline]
fn read_side(
    r: &mut Reader<'_>,
    price: (&'static str, &'static str),
    size: (&'static str, &'static str),
) -> Result<Option<Level>, ReadError> {
    let at = r.position();
    let found_price: Option<Price> = r.field(price.0, price.1, QUOTE_FIELDS)?;
    let found_size: Option<Qty> = r.field(size.0, size.1, QUOTE_FIELDS)?;
    match (found_price, found_size) {
        (Some(price), Some(qty)) => Ok(Some(Level { price, qty })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ReadError::MissingField { at, name: size.0 }),
        (None, Some(_)) => Err(ReadError::MissingField { at, name: price.0 }),
    }
}

crate::carried!(Level, Quote);

crate::object! {
    /// A trade that others did.
    pub struct Trade {
        /// What was traded.
        pub instrument: InstrumentId,
        /// At which price.
        pub price: Price,
        /// How much, in base units.
        pub qty: Qty,
        /// The aggressor's side, where the source tells it.
        pub side: Option<Side>,
        /// The venue's id of the trade.
        pub trade_id: Option<Label<39>>,
        /// From before the subscription; such a trade never fills an order.
        pub historical: bool,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
    }
}

crate::words! {
    /// What a `market.book` event does to the book.
    pub enum BookAction {
        /// The levels are the whole book.
        Snapshot = "snapshot",
        /// The levels replace those at their prices; quantity 0 removes.
        Update = "update",
    }
}

crate::object! {
    /// Levels of an order book.
    pub struct Book {
        /// Whose book.
        pub instrument: InstrumentId,
        /// Whole or in part.
        pub action: BookAction,
        /// Buyers' levels.
        pub bids: Vec<Level>,
        /// Sellers' levels.
        pub asks: Vec<Level>,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
        /// How many updates of the book were merged into this one, because too many came at once.
        pub conflated: Option<NonZeroU32>,
    }
}

crate::object! {
    /// What traded in an interval; the event's `ts` is when it closed.
    pub struct Bar {
        /// What was traded.
        pub instrument: InstrumentId,
        /// The interval's length in nanoseconds.
        pub interval_ns: u64,
        /// First price.
        pub open: Price,
        /// Highest price.
        pub high: Price,
        /// Lowest price.
        pub low: Price,
        /// Last price.
        pub close: Price,
        /// Base units traded.
        pub volume: Qty,
    }
}

crate::object! {
    /// A perpetual's mark and oracle prices.
    pub struct Mark {
        /// Which perpetual.
        pub instrument: InstrumentId,
        /// The price by which the venue margins and liquidates.
        pub mark: Option<Price>,
        /// The price on which funding is paid.
        pub oracle: Option<Price>,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
    }
}

crate::object! {
    /// A funding interval ended: longs pay position × oracle × rate to shorts.
    pub struct Funding {
        /// Which perpetual.
        pub instrument: InstrumentId,
        /// The rate of this interval, a fraction; negative when shorts pay.
        pub rate: Rate,
        /// The oracle price at the interval's end; the last known one when left out.
        pub oracle: Option<Price>,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
    }
}

crate::object! {
    /// An instrument was defined, or its definition changed.
    pub struct InstrumentDefined {
        /// The definition.
        @flatten pub definition: Instrument,
    }
}

crate::words! {
    /// How a feed stands.
    pub enum FeedState {
        /// Data flows and is whole.
        Live = "live",
        /// Nothing came for too long.
        Stale = "stale",
        /// Something was lost; the book waits for a snapshot.
        Gap = "gap",
        /// Not connected.
        Down = "down",
    }
}

crate::object! {
    /// A feed changed how it stands.
    pub struct FeedStatus {
        /// The venue.
        pub venue: Label<15>,
        /// The instrument, or all of the venue's when left out.
        pub instrument: Option<InstrumentId>,
        /// How it stands now.
        pub state: FeedState,
        /// Why, in words.
        pub reason: Option<String>,
        /// Updates that were merged into others since the last status.
        pub conflated: Option<u64>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_bytes, to_bytes};

    fn level(price: &str, qty: &str) -> Option<Level> {
        Some(Level { price: price.parse().ok()?, qty: qty.parse().ok()? })
    }

    /// Breaks when the short way reads a quote otherwise than the long way, or reads what that refuses.
    #[test]
    fn both_ways_read_the_same() {
        let instrument: InstrumentId = "BTC-USD.COINBASE".parse().unwrap();
        let rows = [
            Quote {
                instrument,
                bid: level("97012.34", "0.51"),
                ask: level("97013", "12"),
                venue_ts: Some(Ts(7)),
                conflated: None,
            },
            Quote {
                instrument,
                bid: level("0.000000000001", "0"),
                ask: level("1", "1.5"),
                venue_ts: None,
                conflated: None,
            },
            Quote { instrument, bid: None, ask: level("1", "1.5"), venue_ts: None, conflated: None },
            Quote {
                instrument,
                bid: level("1", "1"),
                ask: None,
                venue_ts: Some(Ts(u64::MAX)),
                conflated: None,
            },
            Quote { instrument, bid: None, ask: None, venue_ts: None, conflated: None },
            Quote {
                instrument,
                bid: level("1", "1"),
                ask: level("2", "1"),
                venue_ts: Some(Ts(7)),
                conflated: NonZeroU32::new(31),
            },
        ];
        let mut usual = 0;
        for quote in rows {
            let bytes = to_bytes(&quote);
            assert_eq!(from_bytes(&bytes), Ok(quote));
            // In a journal something follows, so that eight bytes can be looked at to the end.
            let line = [&bytes[..], b",\"crc\":\"00000000\"}"].concat();
            usual += u32::from(Quote::usual(&line).is_some());
            for at in 0..bytes.len() {
                for to in *b"01.-\"\\,}ax\0\xff" {
                    let mut changed = line.clone();
                    changed[at] = to;
                    let mut r = Reader::new(&changed);
                    let long = Quote::any(&mut r);
                    if let Some((quote, len)) = Quote::usual(&changed) {
                        assert_eq!((Ok(quote), len), (long, r.position()), "{}", changed.escape_ascii());
                    }
                }
                assert!(Quote::usual(&bytes[..at]).is_none());
            }
        }
        assert_eq!(usual, 2, "the short way is taken");
    }
}

//! A row: what one line of a recording says, checked and on its way to become inputs.

use reprise_model::event::{Level, Quote, Trade};
use reprise_model::{Input, InstrumentId, Price, Qty, Side, Ts};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::definitions::{SymbolIx, Symbols};
use super::error::{BadRow, clip};
use crate::book::{BookDelta, BookSnapshot};

/// One checked line.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// When it was received; bars: when they closed.
    pub ts: Ts,
    /// What it is about.
    pub symbol: SymbolIx,
    /// Which of the instrument's streams it belongs to.
    pub kind: Kind,
    /// What it says.
    pub payload: Payload,
}

/// The streams of an instrument, each in order for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Quote,
    Trade,
    AggregateTrade,
    Book,
    BookSnapshot,
    Bar,
    Mark,
}

impl Kind {
    /// How many there are.
    pub(crate) const COUNT: usize = 7;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Trade => "trade",
            Self::AggregateTrade => "aggregate trade",
            Self::Book => "book update",
            Self::BookSnapshot => "book snapshot",
            Self::Bar => "bar",
            Self::Mark => "mark price",
        }
    }
}

/// What a row says.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// One input.
    One(Input),
    /// Two inputs at the same time, in this order.
    Two(Box<(Input, Input)>),
    /// A numbered snapshot of a book.
    Snapshot(Box<BookSnapshot>),
    /// A numbered change of a book.
    Delta(Box<BookDelta>),
    /// Trades of a venue that repeats old ones at each subscription.
    Prints {
        /// The first receive time of the file.
        since: Ts,
        /// The trades.
        prints: Vec<Print>,
    },
}

/// A trade of a venue that repeats old ones.
#[derive(Debug, Clone)]
pub(crate) struct Print {
    /// The venue's number of the trade.
    pub id: u64,
    /// The trade, not yet marked as historical; it carries the venue's time.
    pub trade: Trade,
}

/// What became of a line.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// It is a row.
    Row(Row),
    /// It is a sound line without market data, named for the report.
    Passed(String),
}

/// Turns the lines of one file into rows.
pub(crate) trait Parse {
    /// Reads a line.
    fn parse(&mut self, line: &str, symbols: &mut Symbols) -> Result<Parsed, BadRow>;
}

/// A JSON value as it was written, a string without its quotes: numbers keep every digit, and what is a number
/// at one venue and a string at another reads the same. Nothing is unescaped: names and numbers need no escapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawText<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for RawText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(raw)))
    }
}

pub(crate) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, BadRow> {
    serde_json::from_str(text).map_err(|fault| BadRow::Json { detail: fault.to_string() })
}

/// Reads numbers in the way of one format: as they stand, or rounded where a source prints float noise.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Digits {
    Exact,
    Rounded(u32),
}

impl Digits {
    fn price_or_zero(self, field: &'static str, text: &str) -> Result<Price, BadRow> {
        match self {
            Self::Exact => Price::parse(text),
            Self::Rounded(decimals) => Price::parse_rounded(text, decimals),
        }
        .map_err(|source| BadRow::Number { field, source })
    }

    pub(crate) fn price(self, field: &'static str, text: &str) -> Result<Price, BadRow> {
        let price = self.price_or_zero(field, text)?;
        if price.is_positive() { Ok(price) } else { Err(BadRow::NotPositive { field, text: clip(text) }) }
    }

    /// A size that may be zero.
    pub(crate) fn size(self, field: &'static str, text: &str) -> Result<Qty, BadRow> {
        let size = match self {
            Self::Exact => Qty::parse(text),
            Self::Rounded(decimals) => Qty::parse_rounded(text, decimals),
        }
        .map_err(|source| BadRow::Number { field, source })?;
        if size.is_negative() { Err(BadRow::Negative { field, text: clip(text) }) } else { Ok(size) }
    }

    /// A size above zero.
    pub(crate) fn traded(self, field: &'static str, text: &str) -> Result<Qty, BadRow> {
        let size = self.size(field, text)?;
        if size.is_zero() { Err(BadRow::NotPositive { field, text: clip(text) }) } else { Ok(size) }
    }

    /// One side of a quote. Two empty texts are an absent side, and so is a size of zero.
    pub(crate) fn side(
        self,
        names: (&'static str, &'static str),
        price: &str,
        size: &str,
    ) -> Result<Option<Level>, BadRow> {
        match (price.is_empty(), size.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => return Err(BadRow::Missing { field: names.0 }),
            (false, true) => return Err(BadRow::Missing { field: names.1 }),
            (false, false) => {}
        }
        let qty = self.size(names.1, size)?;
        if qty.is_zero() {
            return self.price_or_zero(names.0, price).map(|_| None);
        }
        Ok(Some(Level { price: self.price(names.0, price)?, qty }))
    }
}

/// A quote that is not crossed. Locked, bid equal to ask, is allowed.
pub(crate) fn quote(
    instrument: InstrumentId,
    bid: Option<Level>,
    ask: Option<Level>,
    venue_ts: Option<Ts>,
) -> Result<Input, BadRow> {
    check_crossed(bid.as_ref(), ask.as_ref())?;
    Ok(Input::Quote(Quote { instrument, bid, ask, venue_ts, conflated: None }))
}

pub(crate) fn check_crossed(bid: Option<&Level>, ask: Option<&Level>) -> Result<(), BadRow> {
    match (bid, ask) {
        (Some(bid), Some(ask)) if bid.price > ask.price => {
            Err(BadRow::Crossed { bid: bid.price.to_string(), ask: ask.price.to_string() })
        }
        _ => Ok(()),
    }
}

/// `buy`, `sell` and their first letters, in any case.
pub(crate) fn parse_side(text: &str) -> Result<Side, BadRow> {
    if text.eq_ignore_ascii_case("buy") || text.eq_ignore_ascii_case("b") {
        Ok(Side::Buy)
    } else if text.eq_ignore_ascii_case("sell") || text.eq_ignore_ascii_case("s") {
        Ok(Side::Sell)
    } else {
        Err(BadRow::Side { text: clip(text) })
    }
}

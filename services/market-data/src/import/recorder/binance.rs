//! Binance's messages, spot and USD-margined futures: `bookTicker`, `trade`, `aggTrade`, `depthUpdate`,
//! `markPriceUpdate`, and the depth snapshot that is asked for over REST.
//!
//! Futures are told by what only they send: `pu` in a depth update, a kind in `bookTicker`, `X` in a trade.

use reprise_model::event::{Mark, Trade};
use reprise_model::{Input, Label, Side, Ts};
use serde::Deserialize;

use super::{Envelope, FileSymbol, RecorderRows, check_whole_book, levels, need};
use crate::book::{BookDelta, BookSnapshot};
use crate::import::definitions::{Naming, SymbolIx, Symbols};
use crate::import::error::{BadRow, clip};
use crate::import::row::{Digits, Kind, Parsed, Payload, RawText, Row, json, quote};
use crate::import::time::{digits, venue_ms};

const VENUE: &str = "BINANCE";
/// A symbol is never longer; what is may fill the memory with names.
const LONGEST_SYMBOL: usize = 32;

/// Every field that one of the messages has; the same letter means different things in each.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    e: Option<RawText<'a>>,
    #[serde(borrow, rename = "E")]
    event_time: Option<RawText<'a>>,
    #[serde(borrow)]
    s: Option<RawText<'a>>,
    #[serde(borrow, rename = "T")]
    time: Option<RawText<'a>>,
    #[serde(borrow)]
    t: Option<RawText<'a>>,
    #[serde(borrow, rename = "U")]
    first: Option<RawText<'a>>,
    #[serde(borrow)]
    u: Option<RawText<'a>>,
    #[serde(borrow)]
    pu: Option<RawText<'a>>,
    #[serde(borrow)]
    b: Option<RawText<'a>>,
    #[serde(borrow)]
    a: Option<RawText<'a>>,
    #[serde(borrow, rename = "B")]
    bid_size: Option<RawText<'a>>,
    #[serde(borrow, rename = "A")]
    ask_size: Option<RawText<'a>>,
    #[serde(borrow)]
    p: Option<RawText<'a>>,
    #[serde(borrow)]
    q: Option<RawText<'a>>,
    #[serde(borrow)]
    m: Option<RawText<'a>>,
    #[serde(borrow, rename = "X")]
    execution: Option<RawText<'a>>,
    #[serde(borrow)]
    i: Option<RawText<'a>>,
    #[serde(borrow, rename = "lastUpdateId")]
    last_update_id: Option<RawText<'a>>,
    #[serde(borrow)]
    bids: Option<RawText<'a>>,
    #[serde(borrow)]
    asks: Option<RawText<'a>>,
}

/// Whether a message without a stream's name is one of these.
pub(super) fn is_single(envelope: &Envelope<'_>) -> bool {
    envelope.e.is_some()
        || envelope.last_update_id.is_some()
        || (envelope.u.is_some() && envelope.s.is_some())
}

/// The symbol that a message names.
pub(super) fn symbol_of(envelope: &Envelope<'_>) -> Option<String> {
    if envelope.channel.is_some() {
        return None;
    }
    match (&envelope.stream, &envelope.s) {
        (Some(stream), _) => stream.0.split_once('@').map(|(symbol, _)| symbol.to_ascii_uppercase()),
        (None, Some(symbol)) => Some(symbol.0.to_owned()),
        (None, None) => None,
    }
    .filter(|symbol| !symbol.is_empty() && symbol.len() <= LONGEST_SYMBOL)
}

impl RecorderRows {
    pub(super) fn binance(
        &mut self,
        ts: Ts,
        stream: Option<&str>,
        text: &str,
        symbols: &mut Symbols,
    ) -> Result<Parsed, BadRow> {
        let message: Message<'_> = json(text)?;
        let event = message.e.map(|e| e.0);
        let kind = match event {
            Some("trade") => Kind::Trade,
            Some("aggTrade") => Kind::AggregateTrade,
            Some("depthUpdate") => Kind::Book,
            Some("bookTicker") => Kind::Quote,
            Some("markPriceUpdate") => Kind::Mark,
            Some(other) => return Ok(Parsed::Passed(other.to_owned())),
            None if message.last_update_id.is_some() && stream.is_none() => Kind::BookSnapshot,
            None if message.last_update_id.is_some() => {
                return Ok(Parsed::Passed("partial depth".to_owned()));
            }
            None if message.u.is_some() && message.bid_size.is_some() => Kind::Quote,
            None => return Ok(Parsed::Passed("messages of no known kind".to_owned())),
        };
        if let Some(execution) = message.execution.filter(|x| kind == Kind::Trade && x.0 != "MARKET") {
            return Ok(Parsed::Passed(format!("trades of kind {}", execution.0)));
        }
        let symbol = self.binance_symbol(kind, stream, &message, symbols)?;
        let futures = message.pu.is_some() || message.execution.is_some() || event == Some("bookTicker");
        if futures || kind == Kind::Mark {
            symbols.mark_perpetual(symbol);
        }
        let payload = message.payload(kind, symbols, symbol)?;
        Ok(Parsed::Row(Row { ts, symbol, kind, payload }))
    }

    fn binance_symbol(
        &mut self,
        kind: Kind,
        stream: Option<&str>,
        message: &Message<'_>,
        symbols: &mut Symbols,
    ) -> Result<SymbolIx, BadRow> {
        let from_stream =
            || stream.and_then(|s| s.split_once('@')).map(|(symbol, _)| symbol.to_ascii_uppercase());
        let name = match (message.s, kind) {
            (Some(symbol), _) => symbol.0.to_owned(),
            (None, Kind::BookSnapshot) => match &self.file_symbol {
                FileSymbol::One(symbol) => symbol.clone(),
                FileSymbol::Unclear(found) => return Err(BadRow::WhoseSnapshot { found: found.clone() }),
            },
            (None, _) => from_stream().ok_or(BadRow::Missing { field: "symbol" })?,
        };
        self.symbol(&name, symbols, || Naming::spot(&name, VENUE))
    }
}

impl Message<'_> {
    fn payload(&self, kind: Kind, symbols: &Symbols, symbol: SymbolIx) -> Result<Payload, BadRow> {
        let instrument = symbols.id(symbol);
        let venue_ts = self.venue_ts()?;
        Ok(match kind {
            Kind::Quote => {
                let (bid, bid_size) = (need("bid", self.b)?, need("bid size", self.bid_size)?);
                let (ask, ask_size) = (need("ask", self.a)?, need("ask size", self.ask_size)?);
                let bid = Digits::Exact.side(("bid", "bid size"), bid, bid_size)?;
                let ask = Digits::Exact.side(("ask", "ask size"), ask, ask_size)?;
                Payload::One(quote(instrument, bid, ask, venue_ts)?)
            }
            Kind::Trade | Kind::AggregateTrade => {
                let id = if kind == Kind::Trade { self.t } else { self.a };
                Payload::One(Input::Trade(Trade {
                    instrument,
                    price: Digits::Exact.price("price", need("price", self.p)?)?,
                    qty: Digits::Exact.traded("quantity", need("quantity", self.q)?)?,
                    side: Some(self.aggressor()?),
                    trade_id: id.and_then(|id| Label::from_bytes(id.0.as_bytes())),
                    historical: false,
                    venue_ts,
                }))
            }
            Kind::Book => Payload::Delta(Box::new(BookDelta {
                first: number("U", self.first)?,
                last: number("u", self.u)?,
                previous: self.pu.map(|pu| number("pu", Some(pu))).transpose()?,
                bids: levels(need("bids", self.b)?, true)?,
                asks: levels(need("asks", self.a)?, true)?,
                venue_ts,
            })),
            Kind::BookSnapshot => {
                let bids = levels(need("bids", self.bids)?, false)?;
                let asks = levels(need("asks", self.asks)?, false)?;
                check_whole_book(&bids, &asks)?;
                let last = number("lastUpdateId", self.last_update_id)?;
                Payload::Snapshot(Box::new(BookSnapshot { last, bids, asks, venue_ts }))
            }
            Kind::Mark => Payload::One(Input::Mark(Mark {
                instrument,
                mark: Some(Digits::Exact.price("mark price", need("mark price", self.p)?)?),
                oracle: self.i.map(|index| Digits::Exact.price("index price", index.0)).transpose()?,
                venue_ts: self.event_time.map(|time| venue_ms("E", time.0)).transpose()?,
            })),
            Kind::Bar => return Err(BadRow::Missing { field: "kind" }),
        })
    }

    /// The time of the transaction where it is said, else that of the message.
    fn venue_ts(&self) -> Result<Option<Ts>, BadRow> {
        match (self.time, self.event_time) {
            (Some(time), _) => venue_ms("T", time.0).map(Some),
            (None, Some(time)) => venue_ms("E", time.0).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// `m` says that the buyer waited in the book, so that the seller came to him.
    fn aggressor(&self) -> Result<Side, BadRow> {
        match need("m", self.m)? {
            "true" => Ok(Side::Sell),
            "false" => Ok(Side::Buy),
            other => Err(BadRow::Side { text: clip(other) }),
        }
    }
}

fn number(field: &'static str, text: Option<RawText<'_>>) -> Result<u64, BadRow> {
    let text = need(field, text)?;
    digits(text.as_bytes())
        .ok_or_else(|| BadRow::Shape { expected: "whole numbers of updates", text: clip(text) })
}

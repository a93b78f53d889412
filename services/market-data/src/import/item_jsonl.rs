//! `{"Item":{time_exchange,time_received,exchange,instrument,kind:{OrderBookL1|Trade}}}`, one object a line, as
//! the `barter` crates stream them. Instruments are numbers there.

use reprise_model::event::Trade;
use reprise_model::{Input, InstrumentClass, InstrumentId, Label, Ts};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::definitions::{Naming, SymbolIx, Symbols};
use super::error::{BadRow, clip};
use super::pair::Pair;
use super::row::{Digits, Kind, Parse, Parsed, Payload, RawText, Row, json, parse_side, quote};
use super::time::rfc3339;

/// The spot symbols behind the numbers 0, 1, 2 of the recording that is published with those crates.
const BINANCE_SPOT: [&str; 3] = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "Item")]
    item: Option<Item<'a>>,
    #[serde(borrow, rename = "Reconnecting")]
    reconnecting: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    time_exchange: RawText<'a>,
    #[serde(borrow)]
    time_received: RawText<'a>,
    #[serde(borrow)]
    exchange: RawText<'a>,
    instrument: u32,
    #[serde(borrow)]
    kind: Stirred<'a>,
}

/// What happened; a kind that is not read here leaves both empty.
#[derive(Deserialize)]
struct Stirred<'a> {
    #[serde(borrow, rename = "OrderBookL1")]
    l1: Option<L1<'a>>,
    #[serde(borrow, rename = "Trade")]
    trade: Option<ItemTrade<'a>>,
}

#[derive(Deserialize)]
struct L1<'a> {
    #[serde(borrow)]
    best_bid: Option<L1Level<'a>>,
    #[serde(borrow)]
    best_ask: Option<L1Level<'a>>,
}

#[derive(Deserialize)]
struct L1Level<'a> {
    #[serde(borrow)]
    price: RawText<'a>,
    #[serde(borrow)]
    amount: RawText<'a>,
}

#[derive(Deserialize)]
struct ItemTrade<'a> {
    #[serde(borrow)]
    id: Option<RawText<'a>>,
    #[serde(borrow)]
    price: RawText<'a>,
    #[serde(borrow)]
    amount: RawText<'a>,
    #[serde(borrow)]
    side: RawText<'a>,
}

/// The rows of such a file.
#[derive(Debug, Default)]
pub(crate) struct ItemRows {
    /// A recording has a handful of instruments.
    symbols: Vec<(String, u32, SymbolIx)>,
}

impl ItemRows {
    fn symbol(&mut self, exchange: &str, number: u32, symbols: &mut Symbols) -> Result<SymbolIx, BadRow> {
        let known = self.symbols.iter().find(|(name, n, _)| *n == number && name == exchange);
        if let Some((_, _, found)) = known {
            return Ok(*found);
        }
        let found = symbols.resolve(&format!("{exchange}:{number}"), &naming(exchange, number))?;
        self.symbols.push((exchange.to_owned(), number, found));
        Ok(found)
    }
}

fn naming(exchange: &str, number: u32) -> Naming {
    let venue = exchange.split('_').next().unwrap_or_default().to_ascii_uppercase();
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    if let Some(symbol) = BINANCE_SPOT.get(at).filter(|_| exchange == "binance_spot") {
        return Naming::spot(symbol, &venue);
    }
    let symbol = format!("INSTRUMENT-{number}");
    let perpetual = ["futures", "perpetual", "swap"].iter().any(|word| exchange.contains(word));
    Naming {
        pair: Pair::unknown(&symbol),
        class: if perpetual { InstrumentClass::Perpetual } else { InstrumentClass::Spot },
        ..Naming::spot(&symbol, &venue)
    }
}

fn l1_input(instrument: InstrumentId, l1: &L1<'_>, venue_ts: Ts) -> Result<Input, BadRow> {
    let side = |names, level: &Option<L1Level<'_>>| match level {
        Some(level) => Digits::Exact.side(names, level.price.0, level.amount.0),
        None => Ok(None),
    };
    let bid = side(("best bid price", "best bid amount"), &l1.best_bid)?;
    let ask = side(("best ask price", "best ask amount"), &l1.best_ask)?;
    quote(instrument, bid, ask, Some(venue_ts))
}

fn trade_input(instrument: InstrumentId, trade: &ItemTrade<'_>, venue_ts: Ts) -> Result<Input, BadRow> {
    Ok(Input::Trade(Trade {
        instrument,
        price: Digits::Exact.price("price", trade.price.0)?,
        qty: Digits::Exact.traded("amount", trade.amount.0)?,
        side: Some(parse_side(trade.side.0)?),
        // An id that does not fit ours says nothing that is needed.
        trade_id: trade.id.and_then(|id| Label::from_bytes(id.0.as_bytes())),
        historical: false,
        venue_ts: Some(venue_ts),
    }))
}

impl Parse for ItemRows {
    fn parse(&mut self, line: &str, symbols: &mut Symbols) -> Result<Parsed, BadRow> {
        let parsed: Line<'_> = json(line)?;
        let item = match (parsed.item, parsed.reconnecting) {
            (Some(item), _) => item,
            (None, Some(_)) => return Ok(Parsed::Passed("Reconnecting".to_owned())),
            (None, None) => {
                return Err(BadRow::Shape { expected: "{\"Item\":{…}}", text: clip(line) });
            }
        };
        let ts = rfc3339("time_received", item.time_received.0)?;
        let venue_ts = rfc3339("time_exchange", item.time_exchange.0)?;
        let symbol = self.symbol(item.exchange.0, item.instrument, symbols)?;
        let instrument = symbols.id(symbol);
        let (kind, input) = match (&item.kind.l1, &item.kind.trade) {
            (Some(l1), _) => (Kind::Quote, l1_input(instrument, l1, venue_ts)?),
            (None, Some(trade)) => (Kind::Trade, trade_input(instrument, trade, venue_ts)?),
            (None, None) => return Ok(Parsed::Passed("kinds other than OrderBookL1 and Trade".to_owned())),
        };
        Ok(Parsed::Row(Row { ts, symbol, kind, payload: Payload::One(input) }))
    }
}

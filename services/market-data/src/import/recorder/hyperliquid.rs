//! Hyperliquid's messages: `l2Book`, `trades`, `bbo`, `activeAssetCtx`.
//!
//! `l2Book` is the whole displayed book each time. The first `trades` message repeats old trades without saying
//! so, and a new subscription repeats some again; which ones is settled when rows are in order.

use reprise_model::event::{Book, BookAction, Level, Mark, Trade};
use reprise_model::{Input, InstrumentClass, InstrumentId, Label, Side, Ts};
use serde::Deserialize;

use super::{RecorderRows, check_whole_book, level};
use crate::import::definitions::{Naming, Symbols};
use crate::import::error::{BadRow, clip};
use crate::import::pair::Pair;
use crate::import::row::{Digits, Kind, Parsed, Payload, Print, RawText, Row, json, quote};
use crate::import::time::{digits, venue_ms};

const VENUE: &str = "HYPERLIQUID";
/// Perpetuals are margined in it, and the spot pairs are quoted in it unless they say otherwise.
const QUOTE: &str = "USDC";
/// A price that is not an integer has at most so many significant digits.
const SIGNIFICANT_DIGITS: u32 = 5;

#[derive(Deserialize)]
struct L2Book<'a> {
    #[serde(borrow)]
    coin: RawText<'a>,
    #[serde(borrow)]
    time: RawText<'a>,
    #[serde(borrow)]
    levels: (Vec<PxSz<'a>>, Vec<PxSz<'a>>),
}

#[derive(Deserialize)]
struct PxSz<'a> {
    #[serde(borrow)]
    px: RawText<'a>,
    #[serde(borrow)]
    sz: RawText<'a>,
}

#[derive(Deserialize)]
struct Bbo<'a> {
    #[serde(borrow)]
    coin: RawText<'a>,
    #[serde(borrow)]
    time: RawText<'a>,
    #[serde(borrow)]
    bbo: (Option<PxSz<'a>>, Option<PxSz<'a>>),
}

#[derive(Deserialize)]
struct WsTrade<'a> {
    #[serde(borrow)]
    coin: RawText<'a>,
    #[serde(borrow)]
    side: RawText<'a>,
    #[serde(borrow)]
    px: RawText<'a>,
    #[serde(borrow)]
    sz: RawText<'a>,
    #[serde(borrow)]
    time: RawText<'a>,
    #[serde(borrow)]
    tid: RawText<'a>,
}

#[derive(Deserialize)]
struct AssetCtx<'a> {
    #[serde(borrow)]
    coin: RawText<'a>,
    #[serde(borrow)]
    ctx: Ctx<'a>,
}

#[derive(Deserialize)]
struct Ctx<'a> {
    #[serde(borrow, rename = "markPx")]
    mark: Option<RawText<'a>>,
    #[serde(borrow, rename = "oraclePx")]
    oracle: Option<RawText<'a>>,
}

/// Coins are perpetuals; spot pairs read `@107` or `PURR/USDC`.
fn naming(coin: &str) -> Naming {
    let spot = coin.starts_with('@') || coin.contains('/');
    if spot {
        let pair = match Pair::of(coin) {
            pair if pair.guessed => Pair::known(coin, QUOTE),
            pair => pair,
        };
        return Naming { pair, significant_digits: Some(SIGNIFICANT_DIGITS), ..Naming::spot(coin, VENUE) };
    }
    Naming {
        symbol: format!("{coin}-PERP"),
        venue: VENUE.to_owned(),
        pair: Pair::known(coin, QUOTE),
        class: InstrumentClass::Perpetual,
        significant_digits: Some(SIGNIFICANT_DIGITS),
    }
}

impl RecorderRows {
    pub(super) fn hyperliquid(
        &mut self,
        ts: Ts,
        since: Ts,
        channel: &str,
        text: &str,
        symbols: &mut Symbols,
    ) -> Result<Parsed, BadRow> {
        let (kind, coin, content) = match channel {
            "l2Book" => {
                let book: L2Book<'_> = json(text)?;
                (Kind::Book, book.coin.0, Content::Book(book))
            }
            "bbo" => {
                let bbo: Bbo<'_> = json(text)?;
                (Kind::Quote, bbo.coin.0, Content::Bbo(bbo))
            }
            "trades" => {
                let trades: Vec<WsTrade<'_>> = json(text)?;
                let Some(first) = trades.first() else {
                    return Ok(Parsed::Passed("trades messages without trades".to_owned()));
                };
                if let Some(other) = trades.iter().find(|trade| trade.coin.0 != first.coin.0) {
                    return Err(BadRow::Shape {
                        expected: "trades of one coin a message",
                        text: clip(other.coin.0),
                    });
                }
                (Kind::Trade, first.coin.0, Content::Trades(trades))
            }
            "activeAssetCtx" | "activeSpotAssetCtx" => {
                let ctx: AssetCtx<'_> = json(text)?;
                (Kind::Mark, ctx.coin.0, Content::Ctx(ctx))
            }
            other => return Ok(Parsed::Passed(other.to_owned())),
        };
        let symbol = self.symbol(coin, symbols, || naming(coin))?;
        let payload = content.payload(symbols.id(symbol), since)?;
        Ok(Parsed::Row(Row { ts, symbol, kind, payload }))
    }
}

enum Content<'a> {
    Book(L2Book<'a>),
    Bbo(Bbo<'a>),
    Trades(Vec<WsTrade<'a>>),
    Ctx(AssetCtx<'a>),
}

impl Content<'_> {
    fn payload(&self, instrument: InstrumentId, since: Ts) -> Result<Payload, BadRow> {
        Ok(match self {
            Self::Book(book) => {
                let (bids, asks) = (side_levels(&book.levels.0)?, side_levels(&book.levels.1)?);
                check_whole_book(&bids, &asks)?;
                let venue_ts = Some(venue_ms("time", book.time.0)?);
                Payload::One(Input::Book(Book {
                    instrument,
                    action: BookAction::Snapshot,
                    bids,
                    asks,
                    venue_ts,
                    conflated: None,
                }))
            }
            Self::Bbo(bbo) => {
                let side = |names, level: &Option<PxSz<'_>>| match level {
                    Some(level) => Digits::Exact.side(names, level.px.0, level.sz.0),
                    None => Ok(None),
                };
                let bid = side(("bid", "bid size"), &bbo.bbo.0)?;
                let ask = side(("ask", "ask size"), &bbo.bbo.1)?;
                Payload::One(quote(instrument, bid, ask, Some(venue_ms("time", bbo.time.0)?))?)
            }
            Self::Trades(trades) => {
                let prints = trades.iter().map(|trade| print(instrument, trade)).collect::<Result<_, _>>()?;
                Payload::Prints { since, prints }
            }
            Self::Ctx(AssetCtx { ctx, .. }) => {
                let price = |field, text: Option<RawText<'_>>| {
                    text.map(|text| Digits::Exact.price(field, text.0)).transpose()
                };
                let (mark, oracle) = (price("mark price", ctx.mark)?, price("oracle price", ctx.oracle)?);
                Payload::One(Input::Mark(Mark { instrument, mark, oracle, venue_ts: None }))
            }
        })
    }
}

fn side_levels(raw: &[PxSz<'_>]) -> Result<Vec<Level>, BadRow> {
    let mut levels = Vec::with_capacity(raw.len());
    for one in raw {
        let level = level(one.px.0, one.sz.0)?;
        if !level.qty.is_zero() {
            levels.push(level);
        }
    }
    Ok(levels)
}

fn print(instrument: InstrumentId, trade: &WsTrade<'_>) -> Result<Print, BadRow> {
    let id = digits(trade.tid.0.as_bytes())
        .ok_or_else(|| BadRow::Shape { expected: "a whole number as tid", text: clip(trade.tid.0) })?;
    let side = match trade.side.0 {
        "B" => Side::Buy,
        "A" => Side::Sell,
        other => return Err(BadRow::Side { text: clip(other) }),
    };
    Ok(Print {
        id,
        trade: Trade {
            instrument,
            price: Digits::Exact.price("price", trade.px.0)?,
            qty: Digits::Exact.traded("size", trade.sz.0)?,
            side: Some(side),
            trade_id: Label::from_bytes(trade.tid.0.as_bytes()),
            historical: false,
            venue_ts: Some(venue_ms("time", trade.time.0)?),
        },
    })
}

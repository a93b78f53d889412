//! Hyperliquid's market data, by its documentation of the WebSocket subscriptions `l2Book`, `bbo`, `trades` and
//! `activeAssetCtx`.
//!
//! `l2Book` is the whole displayed book each time, 20 levels a side. Nothing is numbered, so a loss inside a
//! connection cannot be seen; the next book or quote heals it. `side` of a trade is the aggressor's: `B` bought.
//!
//! Funding is not emitted: `activeAssetCtx` shows the rate that would be paid if the interval ended now, and
//! no message says that an interval ended nor which rate was paid.

use reprise_market_data::import::time::venue_ms;
use reprise_model::event::{BookAction, Level};
use reprise_model::{Label, Side, Ts};
use reprise_venues::hyperliquid::VENUE;
use serde::Deserialize;
use serde_json::json;

use super::text::{Misread, Raw, json, level, price, side, traded, word};
use super::{BookSaid, Dialect, Frame, Item, Lost, Pace, Print, QuoteSaid, Request, TradesSaid};
use crate::settings::{HyperliquidChannels, HyperliquidSettings};

const NS_A_MS: u64 = 1_000_000;
const PING: &str = r#"{"method":"ping"}"#;
/// The venue takes 2000 messages a minute from an address; half of that is for others.
const PACE: Pace = Pace { burst: 100, every_ns: 60_000_000 };

#[derive(Debug)]
pub(crate) struct HyperliquidDialect {
    channels: HyperliquidChannels,
    fast_books: Option<bool>,
    ping_every_ns: u64,
}

impl HyperliquidDialect {
    pub(crate) fn new(settings: &HyperliquidSettings) -> Self {
        Self {
            channels: settings.channels,
            fast_books: settings.fast_books,
            ping_every_ns: settings.ping_every_ms.saturating_mul(NS_A_MS),
        }
    }
}

impl Dialect for HyperliquidDialect {
    fn venue(&self) -> &'static str {
        VENUE
    }

    fn read<'a>(&self, text: &'a str, frame: &mut Frame<'a>) {
        let item = match json::<Envelope<'a>>(text) {
            Ok(envelope) => envelope.item(),
            Err(fault) => unreadable(Lost::Anything, &fault),
        };
        frame.items.push(item);
    }

    fn greeting(&self) -> Vec<String> {
        Vec::new()
    }

    fn requests(&self, request: Request, symbols: &[&str]) -> Vec<String> {
        let HyperliquidChannels { quotes, trades, books, marks } = self.channels;
        let channels = [("bbo", quotes), ("l2Book", books), ("trades", trades), ("activeAssetCtx", marks)];
        let mut messages = Vec::new();
        for coin in symbols {
            for (channel, _) in channels.iter().filter(|(_, wanted)| *wanted) {
                let mut subscription = json!({"type": channel, "coin": coin});
                if let Some(fast) = self.fast_books.filter(|_| *channel == "l2Book") {
                    subscription["fast"] = fast.into();
                }
                messages.push(json!({"method": request.word(), "subscription": subscription}).to_string());
            }
        }
        messages
    }

    fn ping(&self) -> Option<(&'static str, u64)> {
        Some((PING, self.ping_every_ns))
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    channel: Option<Raw<'a>>,
    #[serde(borrow)]
    data: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct L2Book<'a> {
    #[serde(borrow)]
    coin: Raw<'a>,
    #[serde(borrow)]
    time: Raw<'a>,
    #[serde(borrow)]
    levels: (Vec<PxSz<'a>>, Vec<PxSz<'a>>),
}

#[derive(Deserialize)]
struct PxSz<'a> {
    #[serde(borrow)]
    px: Raw<'a>,
    #[serde(borrow)]
    sz: Raw<'a>,
}

#[derive(Deserialize)]
struct Bbo<'a> {
    #[serde(borrow)]
    coin: Raw<'a>,
    #[serde(borrow)]
    time: Raw<'a>,
    #[serde(borrow)]
    bbo: (Option<PxSz<'a>>, Option<PxSz<'a>>),
}

#[derive(Deserialize)]
struct WsTrade<'a> {
    #[serde(borrow)]
    coin: Raw<'a>,
    #[serde(borrow)]
    side: Raw<'a>,
    #[serde(borrow)]
    px: Raw<'a>,
    #[serde(borrow)]
    sz: Raw<'a>,
    #[serde(borrow)]
    time: Raw<'a>,
    #[serde(borrow)]
    tid: Raw<'a>,
}

#[derive(Deserialize)]
struct AssetCtx<'a> {
    #[serde(borrow)]
    coin: Raw<'a>,
    #[serde(borrow)]
    ctx: Ctx<'a>,
}

#[derive(Deserialize)]
struct Ctx<'a> {
    #[serde(borrow, rename = "markPx")]
    mark: Option<Raw<'a>>,
    #[serde(borrow, rename = "oraclePx")]
    oracle: Option<Raw<'a>>,
}

/// Only the coin, to know whose book or quote was lost.
#[derive(Deserialize)]
struct Whose<'a> {
    #[serde(borrow)]
    coin: Raw<'a>,
}

fn unreadable<'a>(lost: Lost<'a>, fault: &Misread) -> Item<'a> {
    Item::Unreadable { lost, why: fault.to_string() }
}

impl<'a> Envelope<'a> {
    fn item(&self) -> Item<'a> {
        let (Some(channel), content) = (self.channel, self.data.map_or("", |content| content.0)) else {
            return Item::Unknown;
        };
        let (found, may_be_lost) = match channel.0 {
            "l2Book" => (json(content).and_then(|book| book_item(&book)), true),
            "bbo" => (json(content).and_then(|bbo| quote_item(&bbo)), true),
            "trades" => (json(content).and_then(|trades: Vec<WsTrade<'a>>| trades_item(&trades)), false),
            "activeAssetCtx" | "activeSpotAssetCtx" => (json(content).and_then(|ctx| mark_item(&ctx)), false),
            "pong" | "subscriptionResponse" => (Ok(Item::Life), false),
            "error" => (Ok(Item::Refusal(content)), false),
            _ => (Ok(Item::Unknown), false),
        };
        found.unwrap_or_else(|fault| {
            let lost = match json::<Whose<'a>>(content) {
                _ if !may_be_lost => Lost::Little,
                Ok(whose) => Lost::Of(whose.coin.0),
                Err(_) => Lost::Anything,
            };
            unreadable(lost, &fault)
        })
    }
}

fn time(text: Raw<'_>) -> Result<Ts, Misread> {
    venue_ms("time", text.0).map_err(|_| word("time", text.0, "milliseconds since 1970"))
}

fn book_item<'a>(book: &L2Book<'a>) -> Result<Item<'a>, Misread> {
    Ok(Item::Book(BookSaid {
        symbol: book.coin.0,
        action: BookAction::Snapshot,
        bids: levels(&book.levels.0)?,
        asks: levels(&book.levels.1)?,
        venue_ts: Some(time(book.time)?),
    }))
}

fn levels(raw: &[PxSz<'_>]) -> Result<Vec<Level>, Misread> {
    let mut levels = Vec::with_capacity(raw.len());
    for one in raw {
        let level = level(one.px.0, one.sz.0)?;
        if !level.qty.is_zero() {
            levels.push(level);
        }
    }
    Ok(levels)
}

fn quote_item<'a>(bbo: &Bbo<'a>) -> Result<Item<'a>, Misread> {
    let level = |one: &Option<PxSz<'a>>| match one {
        Some(one) => side(one.px.0, one.sz.0),
        None => Ok(None),
    };
    Ok(Item::Quote(QuoteSaid {
        symbol: bbo.coin.0,
        bid: level(&bbo.bbo.0)?,
        ask: level(&bbo.bbo.1)?,
        venue_ts: Some(time(bbo.time)?),
    }))
}

fn trades_item<'a>(trades: &[WsTrade<'a>]) -> Result<Item<'a>, Misread> {
    let Some(first) = trades.first() else { return Ok(Item::Life) };
    if let Some(other) = trades.iter().find(|trade| trade.coin != first.coin) {
        return Err(word("coin", other.coin.0, "the same for all trades of a message"));
    }
    let prints = trades.iter().map(print).collect::<Result<_, _>>()?;
    Ok(Item::Trades(TradesSaid { symbol: first.coin.0, old: false, prints }))
}

fn print(trade: &WsTrade<'_>) -> Result<Print, Misread> {
    let side = match trade.side.0 {
        "B" => Side::Buy,
        "A" => Side::Sell,
        other => return Err(word("side", other, "B or A")),
    };
    Ok(Print {
        id: Label::from_bytes(trade.tid.0.as_bytes())
            .ok_or_else(|| word("tid", trade.tid.0, "an id of 39 characters at most"))?,
        price: price("px", trade.px.0)?,
        qty: traded("sz", trade.sz.0)?,
        side,
        venue_ts: Some(time(trade.time)?),
    })
}

fn mark_item<'a>(said: &AssetCtx<'a>) -> Result<Item<'a>, Misread> {
    let number = |field, text: Option<Raw<'_>>| match text {
        Some(Raw("null")) | None => Ok(None),
        Some(text) => price(field, text.0).map(Some),
    };
    Ok(Item::Mark {
        symbol: said.coin.0,
        mark: number("markPx", said.ctx.mark)?,
        oracle: number("oraclePx", said.ctx.oracle)?,
    })
}

//! Coinbase Advanced Trade's market data, by its documentation of the WebSocket channels `level2`, `ticker`,
//! `market_trades` and `heartbeats`.
//!
//! `level2` arrives as channel `l2_data`; quantities are absolute and 0 removes. A trade's `side` is the maker's,
//! so the aggressor's is the other one. Channels that are not known are passed over, as the venue asks.

use reprise_market_data::import::time::rfc3339;
use reprise_model::event::BookAction;
use reprise_model::{Label, Side, Ts};
use reprise_venues::coinbase::VENUE;
use serde::Deserialize;
use serde_json::json;

use super::text::{Misread, Raw, json, level, price, side, traded, word};
use super::{BookSaid, Dialect, Frame, Item, Lost, Number, Pace, Print, QuoteSaid, Request, TradesSaid};
use crate::settings::{CoinbaseChannels, CoinbaseSettings, QuoteOrigin, SequenceScope};

/// The venue takes eight messages a second of whom it does not know; a little less is sent.
const PACE: Pace = Pace { burst: 1, every_ns: 140_000_000 };

#[derive(Debug)]
pub(crate) struct CoinbaseDialect {
    channels: Vec<&'static str>,
    sequence: SequenceScope,
}

impl CoinbaseDialect {
    pub(crate) fn new(settings: &CoinbaseSettings) -> Self {
        let CoinbaseChannels { quotes, trades, books } = settings.channels;
        let from_book = quotes && settings.quotes_from() == QuoteOrigin::Level2;
        let channels =
            [("level2", books || from_book), ("ticker", quotes && !from_book), ("market_trades", trades)];
        Self {
            channels: channels.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect(),
            sequence: settings.sequence,
        }
    }

    fn number(&self, channel: &str, n: Raw<'_>) -> Option<Number> {
        let channel = match self.sequence {
            SequenceScope::Connection => None,
            SequenceScope::Channel => Some(channel.to_owned()),
            SequenceScope::Off => return None,
        };
        Some(Number { channel, n: n.0.parse().ok()? })
    }
}

impl Dialect for CoinbaseDialect {
    fn venue(&self) -> &'static str {
        VENUE
    }

    fn read<'a>(&self, text: &'a str, frame: &mut Frame<'a>) {
        let envelope: Envelope<'a> = match json(text) {
            Ok(envelope) => envelope,
            Err(fault) => {
                frame.items.push(unreadable(Lost::Anything, &fault));
                return;
            }
        };
        let channel = match (envelope.channel, envelope.kind) {
            (Some(channel), _) => channel.0,
            (None, Some(Raw("error"))) => {
                frame.items.push(Item::Refusal(envelope.message.map_or("", |message| message.0)));
                return;
            }
            (None, _) => {
                frame.items.push(Item::Unknown);
                return;
            }
        };
        frame.number = envelope.sequence_num.and_then(|n| self.number(channel, n));
        let events = envelope.events.map_or("[]", |events| events.0);
        let venue_ts = envelope.timestamp.and_then(|at| rfc3339("timestamp", at.0).ok());
        match channel {
            "l2_data" | "level2" => read_books(events, venue_ts, frame),
            "ticker" => read_tickers(events, venue_ts, frame),
            "market_trades" => read_trades(events, frame),
            "heartbeats" | "subscriptions" => frame.items.push(Item::Life),
            _ => frame.items.push(Item::Unknown),
        }
    }

    fn greeting(&self) -> Vec<String> {
        vec![json!({"type": "subscribe", "channel": "heartbeats"}).to_string()]
    }

    fn requests(&self, request: Request, symbols: &[&str]) -> Vec<String> {
        let message =
            |channel| json!({"type": request.word(), "product_ids": symbols, "channel": channel}).to_string();
        self.channels.iter().map(message).collect()
    }

    fn ping(&self) -> Option<(&'static str, u64)> {
        None
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    channel: Option<Raw<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Raw<'a>>,
    #[serde(borrow)]
    message: Option<Raw<'a>>,
    #[serde(borrow)]
    timestamp: Option<Raw<'a>>,
    #[serde(borrow)]
    sequence_num: Option<Raw<'a>>,
    #[serde(borrow)]
    events: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Level2<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    product_id: Raw<'a>,
    #[serde(borrow)]
    updates: Raw<'a>,
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow)]
    side: Raw<'a>,
    #[serde(borrow)]
    price_level: Raw<'a>,
    #[serde(borrow)]
    new_quantity: Raw<'a>,
}

#[derive(Deserialize)]
struct Tickers<'a> {
    #[serde(borrow)]
    tickers: Vec<Ticker<'a>>,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    product_id: Raw<'a>,
    #[serde(borrow)]
    best_bid: Option<Raw<'a>>,
    #[serde(borrow)]
    best_bid_quantity: Option<Raw<'a>>,
    #[serde(borrow)]
    best_ask: Option<Raw<'a>>,
    #[serde(borrow)]
    best_ask_quantity: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Trades<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    trades: Vec<MarketTrade<'a>>,
}

#[derive(Deserialize)]
struct MarketTrade<'a> {
    #[serde(borrow)]
    trade_id: Raw<'a>,
    #[serde(borrow)]
    product_id: Raw<'a>,
    #[serde(borrow)]
    price: Raw<'a>,
    #[serde(borrow)]
    size: Raw<'a>,
    #[serde(borrow)]
    side: Raw<'a>,
    #[serde(borrow)]
    time: Option<Raw<'a>>,
}

fn unreadable<'a>(lost: Lost<'a>, fault: &Misread) -> Item<'a> {
    Item::Unreadable { lost, why: fault.to_string() }
}

fn read_books<'a>(events: &'a str, venue_ts: Option<Ts>, frame: &mut Frame<'a>) {
    let events: Vec<Level2<'a>> = match json(events) {
        Ok(events) => events,
        Err(fault) => return frame.items.push(unreadable(Lost::Anything, &fault)),
    };
    for event in &events {
        let symbol = event.product_id.0;
        frame.items.push(
            book(event, venue_ts).map_or_else(|fault| unreadable(Lost::Of(symbol), &fault), Item::Book),
        );
    }
}

fn book<'a>(event: &Level2<'a>, venue_ts: Option<Ts>) -> Result<BookSaid<'a>, Misread> {
    let action = match event.kind.0 {
        "snapshot" => BookAction::Snapshot,
        "update" => BookAction::Update,
        other => return Err(word("type", other, "snapshot or update")),
    };
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for update in json::<Vec<Update<'a>>>(event.updates.0)? {
        let level = level(update.price_level.0, update.new_quantity.0)?;
        match update.side.0 {
            "bid" => bids.push(level),
            "offer" | "ask" => asks.push(level),
            other => return Err(word("side", other, "bid or offer")),
        }
    }
    Ok(BookSaid { symbol: event.product_id.0, action, bids, asks, venue_ts })
}

fn read_tickers<'a>(events: &'a str, venue_ts: Option<Ts>, frame: &mut Frame<'a>) {
    let events: Vec<Tickers<'a>> = match json(events) {
        Ok(events) => events,
        Err(fault) => return frame.items.push(unreadable(Lost::Anything, &fault)),
    };
    for ticker in events.iter().flat_map(|event| &event.tickers) {
        let symbol = ticker.product_id.0;
        frame.items.push(match quote(ticker, venue_ts) {
            Ok(Some(quote)) => Item::Quote(quote),
            Ok(None) => Item::Unknown,
            Err(fault) => unreadable(Lost::Of(symbol), &fault),
        });
    }
}

/// `None` for a ticker that leaves the best bid and ask out.
fn quote<'a>(ticker: &Ticker<'a>, venue_ts: Option<Ts>) -> Result<Option<QuoteSaid<'a>>, Misread> {
    let texts = (ticker.best_bid, ticker.best_bid_quantity, ticker.best_ask, ticker.best_ask_quantity);
    let (Some(bid), Some(bid_size), Some(ask), Some(ask_size)) = texts else { return Ok(None) };
    Ok(Some(QuoteSaid {
        symbol: ticker.product_id.0,
        bid: side(bid.0, bid_size.0)?,
        ask: side(ask.0, ask_size.0)?,
        venue_ts,
    }))
}

fn read_trades<'a>(events: &'a str, frame: &mut Frame<'a>) {
    let events: Vec<Trades<'a>> = match json(events) {
        Ok(events) => events,
        Err(fault) => return frame.items.push(unreadable(Lost::Little, &fault)),
    };
    for event in &events {
        let old = event.kind.0 == "snapshot";
        let mut by_product: Vec<TradesSaid<'a>> = Vec::new();
        for trade in &event.trades {
            let symbol = trade.product_id.0;
            let print = match print(trade) {
                Ok(print) => print,
                Err(fault) => {
                    frame.items.push(unreadable(Lost::Little, &fault));
                    continue;
                }
            };
            match by_product.iter_mut().find(|said| said.symbol == symbol) {
                Some(said) => said.prints.push(print),
                None => by_product.push(TradesSaid { symbol, old, prints: vec![print] }),
            }
        }
        for mut said in by_product {
            // The venue lists the newest first. Ids of one length sort as numbers.
            said.prints.sort_by(|a, b| {
                let key = |print: &Print| (print.venue_ts, print.id.as_bytes().len());
                key(a).cmp(&key(b)).then(a.id.cmp(&b.id))
            });
            frame.items.push(Item::Trades(said));
        }
    }
}

fn print(trade: &MarketTrade<'_>) -> Result<Print, Misread> {
    let side = match trade.side.0 {
        "BUY" | "buy" => Side::Sell,
        "SELL" | "sell" => Side::Buy,
        other => return Err(word("side", other, "BUY or SELL")),
    };
    Ok(Print {
        id: Label::from_bytes(trade.trade_id.0.as_bytes())
            .ok_or_else(|| word("trade_id", trade.trade_id.0, "an id of 39 characters at most"))?,
        price: price("price", trade.price.0)?,
        qty: traded("size", trade.size.0)?,
        side,
        venue_ts: trade.time.and_then(|at| rfc3339("time", at.0).ok()),
    })
}

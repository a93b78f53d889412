//! What the tests of sessions share: a session on a bench, frames in short, and what comes out as short lines.

use std::fmt::Write;

use reprise_feeds::{Action, CoinbaseSettings, FeedSettings, HyperliquidSettings, Listing, Session, Told};
use reprise_model::event::{BookAction, Level};
use reprise_model::{Cash, FeeAsset, Input, Instrument, InstrumentClass, Price, Qty, QuoteSource, Rate, Ts};

pub const MS: u64 = 1_000_000;
/// When every bench starts: a whole second, so that times read well.
pub const START_MS: u64 = 1_700_000_000_000;

/// A session, a clock, and everything that came out.
pub struct Bench {
    pub session: Session,
    pub now: Ts,
    pub events: Vec<(Ts, Input)>,
}

impl Bench {
    pub fn new(settings: &FeedSettings) -> Self {
        Self { session: Session::new(settings), now: Ts(START_MS * MS), events: Vec::new() }
    }

    /// Started, defined, connected after one second, and another second old; what it says is passed over.
    pub fn connected(settings: &FeedSettings, listings: Vec<Listing>) -> Self {
        let mut bench = Self::new(settings);
        bench.tell(Told::Started { seed: 7 });
        bench.tell(Told::Defined(listings));
        bench.wait(1_000);
        bench.tell(Told::Connected);
        bench.wait(1_000);
        bench
    }

    /// Tells something now.
    pub fn tell(&mut self, told: Told<'_>) -> Vec<String> {
        let mut actions = Vec::new();
        self.session.tell(self.now, told, &mut actions);
        let lines = actions.iter().map(shown).collect();
        for action in actions {
            if let Action::Emit(input) = action {
                self.events.push((self.now, input));
            }
        }
        lines
    }

    pub fn frame(&mut self, text: &str) -> Vec<String> {
        self.tell(Told::Frame(text))
    }

    pub fn closed(&mut self, code: Option<u16>, why: &str) -> Vec<String> {
        self.tell(Told::Closed { code, why: why.to_owned() })
    }

    /// Lets time pass, ticking whenever the session wants it.
    pub fn wait(&mut self, ms: u64) -> Vec<String> {
        let until = self.now.plus_ns(ms * MS);
        let mut lines = Vec::new();
        let mut ticks = 0;
        while self.session.wake_at() <= until {
            self.now = self.now.max(self.session.wake_at());
            lines.extend(self.tell(Told::Tick));
            ticks += 1;
            assert!(ticks < 100_000, "the session spins: {lines:?}");
        }
        self.now = until;
        lines
    }
}

pub fn coinbase(products: &[&str]) -> CoinbaseSettings {
    CoinbaseSettings { products: products.iter().map(ToString::to_string).collect(), ..Default::default() }
}

pub fn hyperliquid(coins: &[&str]) -> HyperliquidSettings {
    HyperliquidSettings { coins: coins.iter().map(ToString::to_string).collect(), ..Default::default() }
}

pub fn listing(symbol: &str, heard_as: &str, id: &str) -> Listing {
    let (base, _) = symbol.split_once('-').unwrap_or((symbol, ""));
    let definition = Instrument {
        instrument: id.parse().unwrap(),
        class: InstrumentClass::Spot,
        base: base.parse().unwrap(),
        quote: "USD".parse().unwrap(),
        tick: Price::parse("0.01").unwrap(),
        significant_digits: None,
        lot: Qty::parse("0.00000001").unwrap(),
        min_notional: Cash::ONE,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Bars,
        max_leverage: None,
        maintenance_margin: None,
    };
    Listing { symbol: symbol.to_owned(), heard_as: heard_as.to_owned(), definition }
}

/// Coinbase products under their own names.
pub fn products(symbols: &[&str]) -> Vec<Listing> {
    symbols.iter().map(|symbol| listing(symbol, symbol, &format!("{symbol}.COINBASE"))).collect()
}

/// Hyperliquid perpetuals.
pub fn coins(symbols: &[&str]) -> Vec<Listing> {
    symbols.iter().map(|symbol| listing(symbol, symbol, &format!("{symbol}-PERP.HYPERLIQUID"))).collect()
}

/// An action in short.
pub fn shown(action: &Action) -> String {
    match action {
        Action::Define => "define".to_owned(),
        Action::Connect => "connect".to_owned(),
        Action::Disconnect { why } => format!("disconnect: {why}"),
        Action::Send(text) => format!("send {}", request(text)),
        Action::Emit(input) => event(input),
    }
}

/// What is asked for, without the words that are always there.
fn request(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(channel) = value.get("channel") {
        let products = value["product_ids"].as_array();
        let products: Vec<String> = products.map_or(Vec::new(), |list| list.iter().map(word).collect());
        return format!("{} {} {}", word(&value["type"]), word(channel), products.join(","))
            .trim()
            .to_owned();
    }
    let subscription = &value["subscription"];
    format!("{} {} {}", word(&value["method"]), word(&subscription["type"]), word(&subscription["coin"]))
        .trim()
        .to_owned()
}

/// An event in short; instruments without their venue.
pub fn event(input: &Input) -> String {
    let name = input.instrument().map_or("*".to_owned(), |id| id.symbol().to_owned());
    match input {
        Input::Quote(quote) => {
            let side =
                |level: Option<Level>| level.map_or("-".to_owned(), |l| format!("{}x{}", l.price, l.qty));
            format!("quote {name} {} {}", side(quote.bid), side(quote.ask))
        }
        Input::Book(book) => {
            let action = if book.action == BookAction::Snapshot { "snapshot" } else { "update" };
            format!("{action} {name} {} | {}", levels(&book.bids), levels(&book.asks))
        }
        Input::Trade(trade) => {
            let side = trade.side.unwrap().as_str();
            let id = trade.trade_id.unwrap();
            let old = if trade.historical { " old" } else { "" };
            format!("trade {name} {side} {}x{} #{id}{old}", trade.price, trade.qty)
        }
        Input::Mark(mark) => {
            let price = |price: Option<Price>| price.map_or("-".to_owned(), |price| price.to_string());
            format!("mark {name} {} {}", price(mark.mark), price(mark.oracle))
        }
        Input::FeedStatus(status) => {
            let mut line = format!("{} {name}", status.state.as_str());
            if let Some(reason) = &status.reason {
                write!(line, ": {reason}").unwrap();
            }
            line
        }
        Input::InstrumentDefined(defined) => {
            format!("defined {name} {}", defined.definition.quote_source.as_str())
        }
        other => format!("{} {name}", other.kind()),
    }
}

fn levels(levels: &[Level]) -> String {
    levels.iter().map(|level| format!("{}x{}", level.price, level.qty)).collect::<Vec<_>>().join(" ")
}

/// `100x1` as price and size.
pub fn price_and_size(text: &str) -> (&str, &str) {
    text.split_once('x').unwrap()
}

/// A Coinbase envelope.
pub fn envelope(channel: &str, n: u64, events: &str) -> String {
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"2023-11-14T22:13:20.5Z","sequence_num":{n},"events":[{events}]}}"#
    )
}

/// Coinbase's level2; `bids` and `asks` as `100x1 99x2`.
pub fn l2(n: u64, kind: &str, product: &str, bids: &str, asks: &str) -> String {
    let side = |side: &'static str, levels: &str| -> Vec<String> {
        let update = |level: &str| {
            let (price, size) = price_and_size(level);
            format!(
                r#"{{"side":"{side}","event_time":"1970-01-01T00:00:00Z","price_level":"{price}","new_quantity":"{size}"}}"#
            )
        };
        levels.split_whitespace().map(update).collect()
    };
    let updates = [side("bid", bids), side("offer", asks)].concat().join(",");
    let event = format!(r#"{{"type":"{kind}","product_id":"{product}","updates":[{updates}]}}"#);
    envelope("l2_data", n, &event)
}

/// Coinbase's market trades, as `id:SIDE:price x size:ms after the bench's start`.
pub fn market_trades(n: u64, kind: &str, product: &str, trades: &[(u64, &str, &str, u64)]) -> String {
    let trades: Vec<String> = trades
        .iter()
        .map(|(id, side, level, ms)| {
            let (price, size) = price_and_size(level);
            let time = format!("2023-11-14T22:13:{:02}.{:03}Z", 20 + ms / 1_000, ms % 1_000);
            format!(
                r#"{{"trade_id":"{id}","product_id":"{product}","price":"{price}","size":"{size}","side":"{side}","time":"{time}"}}"#
            )
        })
        .collect();
    envelope("market_trades", n, &format!(r#"{{"type":"{kind}","trades":[{}]}}"#, trades.join(",")))
}

pub fn heartbeat(n: u64) -> String {
    envelope(
        "heartbeats",
        n,
        r#"{"current_time":"2023-11-14 22:13:20 +0000 UTC m=+1.0","heartbeat_counter":"3049"}"#,
    )
}

fn hl_level(level: &str) -> String {
    match level {
        "-" => "null".to_owned(),
        level => {
            let (price, size) = price_and_size(level);
            format!(r#"{{"px":"{price}","sz":"{size}","n":1}}"#)
        }
    }
}

/// Hyperliquid's book at a time in ms after the bench's start.
pub fn l2_book(coin: &str, ms: u64, bids: &str, asks: &str) -> String {
    let side = |levels: &str| levels.split_whitespace().map(hl_level).collect::<Vec<_>>().join(",");
    let time = START_MS + ms;
    format!(
        r#"{{"channel":"l2Book","data":{{"coin":"{coin}","time":{time},"levels":[[{}],[{}]]}}}}"#,
        side(bids),
        side(asks)
    )
}

pub fn bbo(coin: &str, ms: u64, bid: &str, ask: &str) -> String {
    let time = START_MS + ms;
    format!(
        r#"{{"channel":"bbo","data":{{"coin":"{coin}","time":{time},"bbo":[{},{}]}}}}"#,
        hl_level(bid),
        hl_level(ask)
    )
}

/// Hyperliquid's trades, as (tid, side, `price x size`, ms after the bench's start).
pub fn hl_trades(coin: &str, trades: &[(u64, &str, &str, u64)]) -> String {
    let trades: Vec<String> = trades
        .iter()
        .map(|(tid, side, level, ms)| {
            let (price, size) = price_and_size(level);
            let time = START_MS + ms;
            format!(
                r#"{{"coin":"{coin}","side":"{side}","px":"{price}","sz":"{size}","time":{time},"hash":"0x0","tid":{tid},"users":["0xa","0xb"]}}"#
            )
        })
        .collect();
    format!(r#"{{"channel":"trades","data":[{}]}}"#, trades.join(","))
}

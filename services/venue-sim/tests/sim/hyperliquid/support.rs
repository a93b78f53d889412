//! Two small recordings, a simulator that plays one, and a wallet that speaks with it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{Funding, Level, Mark, Quote, RunMode, RunStarted, Trade};
use reprise_model::{
    Cash, FeeAsset, Input, Instrument, InstrumentClass, Price, Qty, QuoteSource, Rate, RunTag,
    SCHEMA_VERSION, Seq, Side, Ts,
};
use reprise_venue_sim::{Network, Running, Settings, start};
use reprise_venues::http::{Http, HttpError};
use reprise_venues::hyperliquid::action::{Action, signed_body};
use reprise_venues::hyperliquid::sign::{self, Address, Nonces, Scope, SecretKey};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing takes longer, however loaded the machine is.
pub const DEADLINE: Duration = Duration::from_secs(15);
const START: u64 = 1_763_675_000_000_000_000;
const MS: u64 = 1_000_000;

fn of<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn instrument() -> Instrument {
    Instrument {
        instrument: of("BTCUSDT.BINANCE"),
        class: InstrumentClass::Spot,
        base: of("BTC"),
        quote: of("USDT"),
        tick: of("0.01"),
        significant_digits: None,
        lot: of("0.00001"),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

fn quote(bid: &str, ask: &str) -> Input {
    let level = |price: &str| Some(Level { price: of(price), qty: of("2") });
    Quote {
        instrument: instrument().instrument,
        bid: level(bid),
        ask: level(ask),
        venue_ts: None,
        conflated: None,
    }
    .into()
}

fn trade(price: &str) -> Input {
    let price: Price = of(price);
    let qty: Qty = of("0.5");
    let instrument = instrument().instrument;
    Trade {
        instrument,
        price,
        qty,
        side: Some(Side::Sell),
        trade_id: None,
        historical: false,
        venue_ts: None,
    }
    .into()
}

fn mark(price: &str) -> Input {
    let price = Some(of(price));
    Mark { instrument: instrument().instrument, mark: price, oracle: price, venue_ts: None }.into()
}

fn funding() -> Input {
    Funding { instrument: instrument().instrument, rate: of("0.0001"), oracle: None, venue_ts: None }.into()
}

/// 97000 to 97010, and nothing ever moves.
pub fn still() -> Vec<(u64, Input)> {
    vec![(0, mark("97005")), (0, quote("97000", "97010")), (1, trade("97000"))]
}

/// A second around 97000 and a second around 96000, with a trade every tenth of it and funding in both.
pub fn swing() -> Vec<(u64, Input)> {
    let mut events = Vec::new();
    for (from, bid, ask, middle) in [(0, "97000", "97010", "97005"), (1_000, "96000", "96010", "96005")] {
        events.push((from, quote(bid, ask)));
        events.push((from, mark(middle)));
        events.extend((0..10).map(|n| (from + 50 + 100 * n, trade(bid))));
        events.push((from + 500, funding()));
    }
    events.sort_by_key(|(ms, _)| *ms);
    events
}

fn record(dir: &std::path::Path, events: Vec<(u64, Input)>) {
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    let started = RunStarted {
        run: "recording".to_owned(),
        tag: RunTag(0),
        epoch: 0,
        mode: RunMode::Record,
        schema: SCHEMA_VERSION.to_string(),
        engine: "test".to_owned(),
        config: RawJson::new(&json!({})),
        instruments: vec![instrument()],
        source: None,
        copied_inputs: false,
    };
    let mut append = |ms: u64, input: &Input| {
        let seq: Seq = writer.last_seq().next();
        writer.append_input(seq, Ts(START + ms * MS), input, 0).unwrap();
        writer.commit_batch().unwrap();
    };
    append(0, &Input::from(Box::new(started)));
    events.iter().for_each(|(ms, input)| append(*ms, input));
    writer.finish().unwrap();
}

/// A simulator of one network; the recording is played again and again.
pub struct Venue {
    running: Running,
    network: Network,
    _folder: tempfile::TempDir,
}

impl Venue {
    pub fn of(events: Vec<(u64, Input)>, network: Network) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        record(&run, events);
        let settings = Settings {
            hyperliquid: Some(([127, 0, 0, 1], 0).into()),
            network,
            looped: true,
            ..Settings::new(run)
        };
        Self { running: start(settings).unwrap(), network, _folder: folder }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.running.hyperliquid.unwrap())
    }

    fn http(&self) -> Http {
        Http::new(&self.base(), DEADLINE).unwrap()
    }

    /// A wallet of its own, once the market is there.
    pub async fn wallet(&self, n: u8) -> Wallet {
        let network = match self.network {
            Network::Mainnet => sign::Network::Mainnet,
            Network::Testnet => sign::Network::Testnet,
        };
        let key: SecretKey = format!("0x{n:064x}").parse().unwrap();
        let wallet =
            Wallet { http: self.http(), address: key.address(), key, network, nonces: Nonces::after(0) };
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let trades = json!({"type": "recentTrades", "coin": "BTC"});
        while wallet.info(trades.clone()).await.unwrap()[0].is_null() {
            assert!(tokio::time::Instant::now() < deadline, "no market");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        wallet
    }

    pub async fn socket(&self) -> Socket {
        let url = format!("ws://{}/ws", self.running.hyperliquid.unwrap());
        Socket { stream: connect_async(url).await.unwrap().0, unread: Vec::new() }
    }
}

/// Now, Unix milliseconds.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

pub struct Wallet {
    http: Http,
    pub key: SecretKey,
    pub address: Address,
    pub network: sign::Network,
    nonces: Nonces,
}

impl Wallet {
    /// The answer to a question about the wallet.
    pub async fn ask(&self, kind: &str) -> Value {
        self.info(json!({"type": kind, "user": self.address})).await.unwrap()
    }

    pub async fn info(&self, question: Value) -> Result<Value, HttpError> {
        self.http.post("/info", &question).await
    }

    pub fn scope(&mut self) -> Scope {
        Scope::new(self.nonces.next(now_ms()))
    }

    /// Sends an action in the usual way.
    pub async fn act(&mut self, action: Value) -> Value {
        let scope = self.scope();
        self.act_as(action, scope).await
    }

    pub async fn act_as(&self, action: Value, scope: Scope) -> Value {
        let action: Action = serde_json::from_value(action).unwrap();
        self.send(&signed_body(&self.key, &action, &scope, self.network).unwrap()).await.unwrap()
    }

    /// Sends a body as it is.
    pub async fn send(&self, body: &str) -> Result<Value, HttpError> {
        let body = serde_json::value::RawValue::from_string(body.to_owned()).unwrap();
        self.http.post("/exchange", &body).await
    }

    /// Orders without a group; each is `side size price tif` with `reduce` behind it for a reduce-only one.
    pub async fn order(&mut self, orders: &[&str]) -> Vec<Value> {
        let orders: Vec<Value> = orders.iter().map(|order| wire(order)).collect();
        statuses(&self.act(json!({"type": "order", "orders": orders, "grouping": "na"})).await)
    }

    /// The one order's number.
    pub async fn rest(&mut self, order: &str) -> u64 {
        let status = self.order(&[order]).await.remove(0);
        status["resting"]["oid"].as_u64().unwrap_or_else(|| unreachable!("{order} does not rest: {status}"))
    }
}

/// `buy 0.01 90000 Gtc reduce` as it is sent.
pub fn wire(order: &str) -> Value {
    let mut words = order.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (is_buy, size, price, tif) = (word() == "buy", word(), word(), word());
    json!({
        "a": 0, "b": is_buy, "p": price, "s": size, "r": word() == "reduce", "t": {"limit": {"tif": tif}},
    })
}

/// An exit as it is sent: `sell 0.01 95000 sl`, at the market once it is triggered.
pub fn exit(order: &str) -> Value {
    let words: Vec<&str> = order.split(' ').collect();
    let [side, size, price, tpsl] = words[..] else { unreachable!("{order}") };
    json!({
        "a": 0, "b": side == "buy", "p": price, "s": size, "r": true,
        "t": {"trigger": {"isMarket": true, "triggerPx": price, "tpsl": tpsl}},
    })
}

/// The answers for each order.
pub fn statuses(answer: &Value) -> Vec<Value> {
    let statuses = answer["response"]["data"]["statuses"].as_array();
    statuses.unwrap_or_else(|| unreachable!("{answer}")).clone()
}

/// A socket to the simulator.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    unread: Vec<Value>,
}

impl Socket {
    pub async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, subscription: Value) {
        self.send(json!({"method": "subscribe", "subscription": subscription})).await;
    }

    /// The content of the next message of a channel that is as wanted; what comes before it stays unread.
    pub async fn wait(&mut self, channel: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let is_it = |message: &Value| message["channel"] == channel && is_it(&message["data"]);
        if let Some(at) = self.unread.iter().position(is_it) {
            return self.unread.remove(at)["data"].take();
        }
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.stream.next()).await;
            let Ok(Some(Ok(message))) = next else {
                unreachable!("no such message of {channel}: {next:?}; unread: {:?}", self.unread)
            };
            let Ok(text) = message.to_text() else { continue };
            let Ok(mut message) = serde_json::from_str::<Value>(text) else { continue };
            if is_it(&message) {
                return message["data"].take();
            }
            self.unread.push(message);
        }
    }

    pub async fn on(&mut self, channel: &str) -> Value {
        self.wait(channel, |_| true).await
    }

    pub async fn send_text(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub fn forget(&mut self) {
        self.unread.clear();
    }

    pub fn has_unread(&self, channel: &str) -> bool {
        self.unread.iter().any(|message| message["channel"] == channel)
    }
}

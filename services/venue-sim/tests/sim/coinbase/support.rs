//! A simulator, and a client that signs and speaks as a client of the venue does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use reprise_model::Input;
use reprise_venue_sim::{CoinbaseKey, Running, Settings, start};
use reprise_venues::coinbase::auth::{ApiKey, PublicKey};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::recording::{btc, record};

/// Nothing takes longer, however loaded the machine is.
pub const DEADLINE: Duration = Duration::from_secs(15);
pub const API: &str = "/api/v3/brokerage";

/// A simulator of Coinbase; a recording of more than a few events is played again and again.
pub struct Venue {
    pub running: Running,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Venue {
    pub fn of(events: &[(u64, Input)]) -> Self {
        Self::with_faults(events, "")
    }

    /// The recording is played once, whatever its length.
    pub fn once(events: &[(u64, Input)]) -> Self {
        Self::open(events, "", false)
    }

    pub fn with_faults(events: &[(u64, Input)], script: &str) -> Self {
        Self::open(events, script, events.len() > 10)
    }

    fn open(events: &[(u64, Input)], script: &str, looped: bool) -> Self {
        // The provider is the process's: another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        record(&run, vec![btc()], events);
        let faults = folder.path().join("faults.toml");
        std::fs::write(&faults, script).unwrap();
        let public_pem = folder.path().join("key.pem");
        std::fs::write(&public_pem, public_pem_of(&key("checked", 1))).unwrap();
        let settings = Settings {
            coinbase: Some(([127, 0, 0, 1], 0).into()),
            looped,
            faults: Some(faults),
            coinbase_keys: vec![CoinbaseKey { name: "checked".to_owned(), public_pem }],
            ..Settings::new(run)
        };
        Self { running: start(settings).unwrap(), http: reqwest::Client::new(), _folder: folder }
    }

    pub fn host(&self) -> String {
        self.running.coinbase.unwrap().to_string()
    }

    /// A client with a key of its own, once the market is there.
    pub async fn client(&self, name: &str) -> Client {
        let client = Client { key: key(name, 1), host: self.host(), http: self.http.clone() };
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (_, trades) = client.get("/products/BTC-USD/ticker?limit=1").await;
            if trades["trades"].as_array().is_some_and(|trades| !trades.is_empty()) {
                return client;
            }
            assert!(Instant::now() < deadline, "no market");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn socket(&self, path: &str) -> Socket {
        let url = format!("ws://{}{path}", self.host());
        Socket { stream: connect_async(url).await.unwrap().0, unread: Vec::new() }
    }
}

/// An Ed25519 key of a name, from a seed of one repeated byte.
pub fn key(name: &str, seed: u8) -> ApiKey {
    ApiKey::new(name, &STANDARD.encode([seed; 32])).unwrap()
}

/// `SubjectPublicKeyInfo` of an Ed25519 key: RFC 8410.
fn public_pem_of(key: &ApiKey) -> String {
    let PublicKey::Ed25519(bytes) = key.public_key() else { unreachable!("an Ed25519 key") };
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let body = STANDARD.encode([&head[..], &bytes].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Somebody with an API key.
pub struct Client {
    pub key: ApiKey,
    pub host: String,
    http: reqwest::Client,
}

impl Client {
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let bare = path.split('?').next().unwrap();
        let token = self.key.rest_token("GET", &self.host, &format!("{API}{bare}"), now_s(), "n").unwrap();
        self.send(reqwest::Method::GET, path, token.as_str(), None).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.try_post(path, body).await.unwrap()
    }

    /// `None` when the connection ends without an answer.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<(u16, Value)> {
        let token = self.key.rest_token("POST", &self.host, &format!("{API}{path}"), now_s(), "n").unwrap();
        self.send(reqwest::Method::POST, path, token.as_str(), Some(body)).await
    }

    /// Sends with a token as it is. A body that is no JSON is told as a string.
    pub async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let mut request = self.http.request(method, format!("http://{}{API}{path}", self.host));
        request = request.timeout(DEADLINE);
        if !token.is_empty() {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// An order that is taken; its id.
    pub async fn place(&self, id: &str, side: &str, configuration: Value) -> String {
        let (_, answer) = self.post("/orders", order(id, side, configuration)).await;
        assert_eq!(answer["success"], true, "{answer}");
        answer["success_response"]["order_id"].as_str().unwrap().to_owned()
    }

    pub async fn order(&self, id: &str) -> Value {
        self.get(&format!("/orders/historical/{id}")).await.1["order"].clone()
    }

    /// What is available and held of a currency.
    pub async fn balance(&self, currency: &str) -> (String, String) {
        let (_, body) = self.get("/accounts").await;
        let accounts = body["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["currency"] == currency).unwrap();
        let text = |value: &Value| value["value"].as_str().unwrap().to_owned();
        (text(&account["available_balance"]), text(&account["hold"]))
    }
}

pub fn order(id: &str, side: &str, configuration: Value) -> Value {
    json!({
        "client_order_id": id, "product_id": "BTC-USD", "side": side, "order_configuration": configuration,
    })
}

pub fn limit(size: &str, price: &str) -> Value {
    json!({"limit_limit_gtc": {"base_size": size, "limit_price": price, "post_only": false}})
}

/// A socket to the simulator.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub unread: Vec<Value>,
}

impl Socket {
    pub async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, channel: &str, products: &[&str]) {
        self.send(json!({"type": "subscribe", "channel": channel, "product_ids": products})).await;
    }

    /// The next message; `None` when the connection ends. A text that is no JSON is told as a string.
    pub async fn next(&mut self, deadline: Instant) -> Option<Value> {
        loop {
            let message = timeout_at(deadline, self.stream.next()).await.ok()??.ok()?;
            match message {
                Message::Text(text) => {
                    return Some(
                        serde_json::from_str(&text).unwrap_or(Value::String(text.as_str().to_owned())),
                    );
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next message that is as wanted; what comes before it stays unread.
    pub async fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&is_it) {
            return self.unread.remove(at);
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            let Some(message) = self.next(deadline).await else {
                unreachable!("no such message; unread: {:?}", self.unread)
            };
            if is_it(&message) {
                return message;
            }
            self.unread.push(message);
        }
    }

    pub async fn on(&mut self, channel: &str) -> Value {
        self.wait(|message| message["channel"] == channel).await
    }
}

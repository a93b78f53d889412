//! A live run that is watched: its market, its scrapes, and a collector on loopback.

#[path = "../../../../engine/runtime/testing/market.rs"]
#[expect(dead_code, reason = "nobody trades in these markets but the engine")]
mod market;
#[path = "../../../../engine/runtime/testing/wave.rs"]
mod wave;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_metrics::{
    ChannelCounts, ChannelSource, FeedCounts, FeedSource, MetricsError, Running, Settings, serve,
};
use reprise_model::Input;
use reprise_model::event::{Quote, RunMode};
use reprise_runtime::{Controller, Engine, Gauges, Intake, RuntimeError, Summary, wall_clock};
use serde_json::Value;

pub use market::feed;

/// Nothing in these tests takes as long as this.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Trades often on the first market, and is denied every order on the second.
const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
allow_short = true
[account.balances]
USD = "1000000"
[journal]
durability = "orders"
[paper]
depth = "unlimited"
entry_latency = 2_000_000
response_latency = 1_000_000
[runtime]
snapshot_s = 0
drain_ms = 2000
[risk]
max_open_orders = 50
[risk.instruments."ETH-USD.TEST"]
max_order_notional = "10"
[[alerts.rule]]
kind = "kill_switch"
[[strategy]]
kind = "ema-cross"
fast = 3
slow = 9
notional = "1000"
"#;

pub const BTC: &str = "BTC-USD.TEST";
pub const ETH: &str = "ETH-USD.TEST";

fn config() -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("test.toml"), CONFIG).unwrap();
    interpret(&layers, &Registry::builtin()).unwrap()
}

/// A run on its thread, and what watches it.
pub struct Watched {
    pub controller: Controller,
    pub gauges: Arc<Gauges>,
    pub address: Option<SocketAddr>,
    intake: Intake,
    running: Running,
    thread: JoinHandle<Result<Summary, RuntimeError>>,
    n: u64,
}

impl Watched {
    pub fn start(dir: &Path, mode: RunMode, otlp_url: Option<&str>) -> Self {
        let settings = Settings {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            otlp_url: otlp_url.map(str::to_owned),
            every: Duration::from_millis(20),
            ..Settings::of("run")
        };
        Self::try_start(dir, mode, settings).unwrap()
    }

    pub fn try_start(dir: &Path, mode: RunMode, settings: Settings) -> Result<Self, MetricsError> {
        let dir = dir.to_owned();
        let (give, take) = mpsc::channel();
        // The engine is made on the thread it runs on: it does not travel.
        let thread = std::thread::spawn(move || {
            let mut engine = Engine::create(&dir, &config(), &Registry::builtin(), mode).unwrap();
            let counted = AtomicU64::new(0);
            let read = move || {
                let events = counted.fetch_add(1, Ordering::Relaxed);
                FeedCounts { frames: 7, gaps: 2, reconnects: 1, events, ..FeedCounts::default() }
            };
            let told = || {
                let channel = "slack".to_owned();
                vec![ChannelCounts { channel, delivered: 4, given_up: 1, failed_attempts: 6, waiting: 2 }]
            };
            let (feeds, channels) = (vec![FeedSource::new("TEST", read)], Some(ChannelSource::new(told)));
            let running = serve(&mut engine, feeds, channels, &settings);
            give.send((engine.intake(), engine.controller(), engine.gauges(), running)).unwrap();
            engine.run()
        });
        let (intake, controller, gauges, running) = take.recv().unwrap();
        match running {
            Ok(running) => {
                let address = running.address();
                Ok(Self { controller, gauges, address, intake, running, thread, n: 0 })
            }
            Err(error) => {
                controller.stop("nobody watches");
                thread.join().unwrap().unwrap();
                Err(error)
            }
        }
    }

    pub fn open_market(&mut self, name: &str) {
        market::open(&mut self.intake, name);
    }

    pub fn take(&mut self, input: impl Into<Input>) {
        self.intake.take(wall_clock(), input.into()).unwrap();
    }

    /// Feeds quotes of both markets until this holds, and lets what is under way settle.
    pub fn trade_until(&mut self, holds: impl Fn(&Gauges) -> bool) {
        let began = Instant::now();
        while !holds(&self.gauges) {
            assert!(began.elapsed() < PATIENCE, "it does not come about");
            for _ in 0..5 {
                self.n += 1;
                for name in [BTC, ETH] {
                    let quote = market::quote(name, wave::wave(self.n));
                    self.take(Quote { venue_ts: Some(wall_clock()), ..quote });
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Longer than the paper venue takes, and than the gauges stand still.
        std::thread::sleep(Duration::from_millis(250));
    }

    pub fn scrape(&self) -> Scrape {
        Scrape::of(self.address.unwrap())
    }

    /// A scrape that shows the engine as it stands: nothing comes in meanwhile.
    pub fn scrape_settled(&self) -> Scrape {
        let began = Instant::now();
        loop {
            let scrape = self.scrape();
            let is_current = scrape.value("reprise_journal_seq", "") == self.gauges.seq() as f64;
            let is_durable = scrape.value("reprise_journal_lag_events", "") < 0.5;
            if is_current && is_durable {
                return scrape;
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn stop(self) -> Summary {
        self.controller.stop("the test is over");
        let summary = self.thread.join().unwrap().unwrap();
        let began = Instant::now();
        self.running.finish();
        assert!(began.elapsed() < Duration::from_secs(10), "watching does not end");
        summary
    }
}

/// What was scraped.
pub struct Scrape {
    pub text: String,
    /// Each series, `name{labels}`, with its number.
    pub series: BTreeMap<String, f64>,
}

impl Scrape {
    fn of(address: SocketAddr) -> Self {
        let (status, text) = get(address, "/metrics");
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        let series = series.collect();
        Self { text, series }
    }

    /// A series' number; `labels` as they are written.
    pub fn value(&self, name: &str, labels: &str) -> f64 {
        let series = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") };
        self.series.get(&series).copied().unwrap_or(f64::NAN)
    }
}

/// The status line and body of an answer.
pub fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// A collector on loopback that keeps what it is sent.
pub struct Otlp {
    pub url: String,
    requests: Arc<Mutex<Vec<Value>>>,
    has_ended: Arc<AtomicBool>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Otlp {
    /// A collector that answers its first requests with these, and takes what comes after.
    pub fn start(first: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, has_ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, ended) = (Arc::clone(&requests), Arc::clone(&has_ended));
        let thread = std::thread::spawn(move || {
            let mut answers = first.iter();
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (path, body, stream) = read_request(stream.unwrap());
                assert_eq!(path, "/v1/traces");
                let status = *answers.next().unwrap_or(&200);
                if status == 200 {
                    kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                }
                let mut stream = stream;
                write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")
                    .unwrap();
            }
        });
        let url = format!("http://{address}");
        Self { url, requests, has_ended, address, thread: Some(thread) }
    }

    /// Every span that came, as it came.
    pub fn spans(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        let scopes =
            requests.iter().flat_map(|r| r["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap());
        scopes.cloned().collect()
    }

    pub fn first_request(&self) -> Value {
        self.requests.lock().unwrap()[0].clone()
    }
}

fn read_request(stream: TcpStream) -> (String, Vec<u8>, TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut path, mut length, mut line) = (String::new(), 0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("post ") {
            path = rest.split(' ').next().unwrap().to_owned();
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (path, body, reader.into_inner())
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

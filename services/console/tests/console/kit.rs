//! A live run to look at: an engine on its thread, two synthetic markets, and the server beside it.

#[path = "../../../../engine/runtime/testing/market.rs"]
mod market;
#[path = "../../../../engine/runtime/testing/walk.rs"]
pub mod walk;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_console::{Desk, Guard, Keeping, Live, Server, Source, Token};
use reprise_model::Input;
use reprise_model::event::{FeedState, FeedStatus, RunMode};
use reprise_runtime::{Controller, Engine, Gauges, Intake, RuntimeError, Summary, wall_clock};

use walk::Walk;

/// Nothing in these tests takes as long as this.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The token of every server here; it must never be seen anywhere else.
pub const CANARY: &str = "canary-7f3a9c01-never-to-be-seen";
/// The markets.
pub const NAMES: [&str; 2] = ["BTC-USD.TEST", "ETH-USD.TEST"];

/// Trades often, rests orders, and is denied now and then.
pub const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
allow_short = true
[account.balances]
USD = "100000"
[paper]
depth = "unlimited"
entry_latency = 1_000_000
response_latency = 1_000_000
[runtime]
snapshot_s = 0
drain_ms = 500
[journal]
durability = "orders"
[risk]
max_open_orders = 20
max_daily_loss = "5000"
max_drawdown = "8000"
max_gross_exposure = "60000"
order_rate = 50
[risk.limits]
max_position_notional = "20000"
max_order_notional = "10000"
price_collar = "0.02"
[[risk.bands]]
kind = "stddev"
window = 20
width = 2.0
interval_ms = 200
[[alerts.rule]]
kind = "kill_switch"
[[strategy]]
kind = "ema-cross"
fast = 20
slow = 80
notional = "6000"
[[strategy]]
kind = "market-maker"
notional = "1500"
"#;

pub fn config(more: &[&str]) -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("test.toml"), CONFIG).unwrap();
    for setting in more {
        layers.add_setting(setting).unwrap();
    }
    interpret(&layers, &Registry::builtin()).unwrap()
}

pub fn feed(name: &str, state: FeedState, reason: Option<&str>) -> Input {
    FeedStatus { reason: reason.map(str::to_owned), ..market::feed(name, state) }.into()
}

/// A run on its way, and its server.
pub struct Running {
    pub intake: Intake,
    pub controller: Controller,
    pub gauges: Arc<Gauges>,
    pub live: Arc<Live>,
    pub desk: Desk,
    pub server: Server,
    pub walk: Walk<{ NAMES.len() }>,
    keeping: Keeping,
    engine: JoinHandle<Result<Summary, RuntimeError>>,
}

impl Running {
    /// A run with a token.
    pub fn start(dir: &Path, more: &[&str]) -> Self {
        Self::start_guarded(dir, more, Guard { token: Token::new(CANARY), ..Guard::default() }, "127.0.0.1:0")
    }

    /// One that others may be let in to.
    pub fn start_guarded(dir: &Path, more: &[&str], guard: Guard, listen: &str) -> Self {
        Self::start_as(RunMode::Paper, dir, more, guard, listen)
    }

    /// The engine is made on the thread it runs on: it does not travel.
    pub fn start_as(mode: RunMode, dir: &Path, more: &[&str], guard: Guard, listen: &str) -> Self {
        let (give, take) = std::sync::mpsc::channel();
        let (folder, config) = (dir.to_owned(), config(more));
        let engine = std::thread::spawn(move || {
            let mut engine = Engine::create(&folder, &config, &Registry::builtin(), mode).unwrap();
            let watched = Live::watch(&mut engine, "paper-1").unwrap();
            give.send((engine.intake(), engine.controller(), engine.gauges(), watched)).unwrap();
            engine.run()
        });
        let (intake, controller, gauges, (live, keeping)) = take.recv().unwrap();
        let desk = Desk::new(live.clone(), guard);
        let server = Server::start(listen.parse().unwrap(), desk.clone()).unwrap();
        let walk = Walk::new(NAMES, [9_700_000, 342_000], 75);
        let mut running = Self { intake, controller, gauges, live, desk, server, walk, keeping, engine };
        for name in NAMES {
            market::open(&mut running.intake, name);
        }
        let known = if mode == RunMode::Record { 0 } else { NAMES.len() };
        running.until(|running| {
            let status = &running.live.snapshot().unwrap().status;
            status.feed == Some(FeedState::Live) && running.shown_live() == known
        });
        running
    }

    pub fn take(&mut self, input: Input) {
        self.intake.take(wall_clock(), input).unwrap();
    }

    /// Sends so many market events, spread over a time.
    pub fn play(&mut self, events: u64, over: Duration) {
        let began = Instant::now();
        for n in 0..events {
            let due = over.mul_f64(n as f64 / events as f64);
            if let Some(wait) = due.checked_sub(began.elapsed()) {
                std::thread::sleep(wait);
            }
            let event = self.walk.next();
            self.take(event);
        }
        self.intake.flush().unwrap();
    }

    /// Waits until it is so.
    pub fn until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "it does not come about");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Asks over the network.
    pub fn get(&self, path: &str) -> Answer {
        ask(self.address(), &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Commands over the network, with the token.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {CANARY}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        ask(self.address(), &head)
    }

    pub fn stop(self) -> Summary {
        self.controller.stop("the test is over");
        let summary = self.engine.join().unwrap().unwrap();
        self.keeping.stop();
        self.server.stop();
        summary
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).map_err(|error| format!("no JSON ({error}): {self:?}")).unwrap()
    }
}

/// Sends a request as it is and reads until the connection closes.
pub fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early may close before all was sent.
    let _ = tcp.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let _ = tcp.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Answer { status, head: head.to_owned(), body }
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        text.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    text
}

impl Running {
    /// How many markets are shown as live.
    pub fn shown_live(&self) -> usize {
        let shown = self.live.snapshot().unwrap();
        shown.markets.iter().filter(|market| market.feed == Some(FeedState::Live)).count()
    }

    /// The last number of the journal.
    pub fn live_seq(&self) -> u64 {
        self.controller.ask(PATIENCE, |view| view.seq.0).unwrap()
    }
}

//! A live run in a test: its configuration, its market, and the thread it runs on.

#[path = "../../testing/market.rs"]
mod market;
#[path = "../../testing/wave.rs"]
mod wave;

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_journal::{Body, JournalReader};
use reprise_model::event::RunMode;
use reprise_model::{Input, Outcome, Ts};
use reprise_runtime::{Controller, Engine, Gauges, Intake, RuntimeError, Summary, wall_clock};

pub use market::{definition, feed, quote, trade};
pub use wave::wave;

/// Nothing in these tests takes as long as this.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Trades often on the markets below, without latency.
pub const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000000"
[paper]
depth = "unlimited"
entry_latency = 0
response_latency = 0
[runtime]
snapshot_s = 0
drain_ms = 2000
[risk]
max_open_orders = 50
[[strategy]]
kind = "ema-cross"
fast = 3
slow = 9
notional = "1000"
"#;

pub fn config(more: &[&str]) -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("test.toml"), CONFIG).unwrap();
    for setting in more {
        layers.add_setting(setting).unwrap();
    }
    interpret(&layers, &Registry::builtin()).unwrap()
}

/// An engine on its thread.
pub struct Running {
    pub intake: Intake,
    pub controller: Controller,
    pub gauges: std::sync::Arc<Gauges>,
    thread: JoinHandle<Result<Summary, RuntimeError>>,
}

impl Running {
    /// The engine is made on the thread it runs on: it does not travel.
    pub fn start(make: impl FnOnce() -> Engine + Send + 'static) -> Self {
        let (give, take) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let engine = make();
            give.send((engine.intake(), engine.controller(), engine.gauges())).unwrap();
            engine.run()
        });
        let (intake, controller, gauges) = take.recv().unwrap();
        Self { intake, controller, gauges, thread }
    }

    pub fn new_run(dir: &Path, config: &Config) -> Self {
        let (dir, config) = (dir.to_owned(), config.clone());
        Self::start(move || Engine::create(&dir, &config, &Registry::builtin(), RunMode::Paper).unwrap())
    }

    pub fn open_market(&mut self, name: &str) {
        market::open(&mut self.intake, name);
    }

    pub fn take(&mut self, input: impl Into<Input>) {
        self.intake.take(wall_clock(), input.into()).unwrap();
    }

    /// Feeds quotes, slowly enough that none has to be merged.
    pub fn feed_wave(&mut self, name: &str, from: u64, to: u64) {
        for n in from..to {
            self.take(quote(name, wave(n)));
        }
        self.settle();
    }

    /// Waits until everything offered so far has been stepped.
    pub fn settle(&mut self) {
        self.until(|running| {
            running.intake.flush().unwrap();
            let counts = running.intake.counts();
            !running.intake.is_waiting() && running.gauges.inputs() >= counts.passed()
        });
    }

    pub fn until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "it does not come about");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn stop(self) -> Result<Summary, RuntimeError> {
        self.controller.stop("the test is over");
        self.thread.join().unwrap()
    }

    pub fn join(self) -> Result<Summary, RuntimeError> {
        self.thread.join().unwrap()
    }
}

/// Every outcome of a run with its number and time.
pub fn outcomes(dir: &Path) -> Vec<(u64, Ts, Outcome)> {
    let mut reader = JournalReader::open(dir).unwrap();
    let mut found = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        if let Body::Outcome { outcome, .. } = entry.body {
            found.push((entry.seq.0, entry.ts, outcome));
        }
    }
    found
}

/// Every input of a run.
pub fn inputs(dir: &Path) -> Vec<Input> {
    let mut reader = JournalReader::open(dir).unwrap();
    std::iter::from_fn(|| reader.next_input().unwrap().map(|(_, _, input)| input)).collect()
}

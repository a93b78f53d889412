//! A live run on its way, and the simulated venues it looks at: processes, as a user would start them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{Place, REPRISE, root};

/// Nothing here takes as long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The simulated venues, ended with the test.
pub struct Venues {
    process: Child,
    settings: Vec<String>,
}

impl Venues {
    pub fn start(place: &Place, more: &str) -> Self {
        let mut command = place.command(REPRISE);
        command.arg("venue-sim").arg(root().join("replays/samples/binance-spot-20250325"));
        command.args("--coinbase 127.0.0.1:0 --hyperliquid 127.0.0.1:0 --loop --speed 10".split_whitespace());
        command.args(more.split_whitespace());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut settings = vec!["runtime.status_s=1".to_owned()];
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["coinbase:", rest, market, user] => settings.extend([
                    format!("venues.coinbase.rest_url={rest}"),
                    format!("venues.coinbase.ws_url={market}"),
                    format!("venues.coinbase.ws_user_url={user}"),
                ]),
                ["hyperliquid:", info, _, market] => settings.extend([
                    format!("venues.hyperliquid.rest_url={}", info.trim_end_matches("/info")),
                    format!("venues.hyperliquid.ws_url={market}"),
                ]),
                ["ready"] => return Self { process, settings },
                _ => {}
            }
        }
        panic!("the simulated venues did not become ready");
    }

    /// Arguments of a run that point it here.
    pub fn args(&self) -> Vec<String> {
        self.settings.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]).collect()
    }
}

impl Drop for Venues {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A live run on its way.
pub struct Live {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Live {
    pub fn start(place: &Place, venues: &Venues, args: &str) -> Self {
        Self::start_in(place, venues, args, &[])
    }

    pub fn start_in(place: &Place, venues: &Venues, args: &str, env: &[(&str, &str)]) -> Self {
        let mut command = place.command(REPRISE);
        command.args(args.split_whitespace()).args(venues.args()).arg("--json").envs(env.iter().copied());
        let log = std::fs::File::create(place.path("run.log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The first status of which this holds.
    pub fn until(&mut self, place: &Place, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        for line in self.lines.by_ref() {
            let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if holds(&said["status"]) {
                return said["status"].clone();
            }
            assert!(began.elapsed() < PATIENCE, "it does not come about: {said}\n{}", log_of(place));
        }
        panic!("the run ended: {}", log_of(place));
    }

    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; the exit code, and what was said of it.
    pub fn end(mut self) -> (Option<i32>, Option<Value>) {
        let ended = self.lines.by_ref().filter_map(Result::ok).find_map(|line| {
            let said: Value = serde_json::from_str(&line).ok()?;
            said.get("ended").cloned()
        });
        (self.process.wait().unwrap().code(), ended)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // A run that has ended is not there any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the run has logged.
pub fn log_of(place: &Place) -> String {
    String::from_utf8_lossy(&place.read("run.log")).into_owned()
}

/// A strategy that trades often on what the simulated venues show.
pub const BUSY: &str = r#"
[venues.coinbase]
products = ["BTC-USD", "ETH-USD"]
[venues.hyperliquid]
coins = ["BTC", "SOL"]
[account]
reporting_asset = "USD"
allow_short = true
balances = { USD = "1000000", USDC = "1000000" }
pegs = { USD = "1", USDC = "1" }
[paper]
depth = "book"
entry_latency = 2_000_000
response_latency = 1_000_000
[risk]
max_open_orders = 50
[[strategy]]
kind = "ema-cross"
fast = 5
slow = 20
notional = "100"
"#;

/// What the run has logged as JSON.
pub fn logs_of(place: &Place) -> Vec<Value> {
    log_of(place).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The body that is answered to a GET.
pub fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

//! What the endpoints of alerts cost the engine: a steady market under which alerts are raised all the time, without
//! delivery and with it, against endpoints that take messages, hang up, say nothing, ask for fewer, and talk nonsense.
//! `cargo bench -p reprise-alert-delivery --bench endpoints -- 50000 4 3`: events a second, seconds, rounds.
//!
//! The ways take turns within each round, in another order each time, and the one without delivery comes twice, so that
//! the table shows how much equal runs differ. Everything is one process on one machine: what the endpoints themselves
//! need is taken from the same cores.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as expected")]

#[path = "../../../../engine/runtime/testing/market.rs"]
mod market;
#[path = "../../../../engine/runtime/testing/steady.rs"]
mod steady;
#[path = "../../../../engine/runtime/testing/walk.rs"]
#[expect(dead_code, reason = "these markets are quoted alone")]
mod walk;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use reprise_alert_delivery::{
    Channel, ChannelSettings, Delivery, DeliverySettings, ProcessAlerts, Secrets, Timing, channels,
};
use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_journal::{Body, JournalReader};
use reprise_model::Outcome;
use reprise_model::event::RunMode;
use reprise_runtime::{Engine, Intake, Stage};

const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000000"
[paper]
entry_latency = 1_000_000
response_latency = 1_000_000
[journal]
durability = "orders"
[runtime]
snapshot_s = 0
[risk]
max_open_orders = 50
[[strategy]]
kind = "ema-cross"
fast = 100
slow = 400
notional = "1000"
[[alerts.rule]]
kind = "fill"
notional = "0"
dedup_s = 0
rate = 1000000
"#;

const NAMES: [&str; 4] = ["BTC-USD.TEST", "ETH-USD.TEST", "SOL-USD.TEST", "XRP-USD.TEST"];

/// What both endpoints do in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoints {
    /// There are none.
    Without,
    /// The same, for comparison.
    WithoutAgain,
    /// Take every message.
    Good,
    /// Hang up.
    Dead,
    /// Accept and never answer.
    Slow,
    /// Ask for fewer.
    TooMany,
    /// Answer what means nothing.
    Garbage,
}

const ALL: [(Endpoints, &str); 7] = [
    (Endpoints::Without, "no delivery"),
    (Endpoints::WithoutAgain, "no delivery, again"),
    (Endpoints::Good, "good"),
    (Endpoints::Dead, "dead"),
    (Endpoints::Slow, "slow"),
    (Endpoints::TooMany, "429"),
    (Endpoints::Garbage, "garbage"),
];

impl Endpoints {
    /// The bytes of an answer; `None` for hanging up.
    fn answer(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
            Self::TooMany => Some(
                "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            Self::Garbage => Some("\0\u{1}\u{2} nothing that is HTTP\r\n\r\n"),
            _ => None,
        }
    }

    /// An endpoint that lives as long as the process.
    fn listen(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                match self {
                    Self::Slow => held.push(stream),
                    // A client that hangs up is no concern of the endpoint.
                    _ => drop(self.serve(stream)),
                }
            }
        });
        url
    }

    fn serve(self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(answer) = self.answer() else { return Ok(()) };
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length])?;
        stream.write_all(answer.as_bytes())
    }

    fn channels(self) -> Vec<Channel> {
        if matches!(self, Self::Without | Self::WithoutAgain) {
            return Vec::new();
        }
        let settings = ChannelSettings {
            slack_api_url: "https://slack.com/api".to_owned(),
            slack_webhook_url: Some(self.listen()),
            teams_webhook_url: Some(self.listen()),
            slack_channel: None,
            timeout: Duration::from_secs(10),
        };
        channels(&settings, &Secrets::default()).unwrap()
    }
}

fn send(intake: &mut Intake, a_second: u64, seconds: u64) {
    NAMES.iter().for_each(|name| market::open(intake, name));
    let mut walk = walk::Walk::new(NAMES, [9_700_000, 210_000, 14_000, 12_400], 0);
    steady::send(intake, a_second, seconds, || walk.quote().into());
}

fn config() -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("endpoints.toml"), CONFIG).unwrap();
    interpret(&layers, &Registry::builtin()).unwrap()
}

/// What a run led to. Times are in microseconds.
#[derive(Debug, Clone, Copy)]
struct Measured {
    raised: u64,
    delivered: u64,
    conflated: u64,
    /// Decide p50 and p99, durable p50 and p99.
    times: [f64; 4],
}

fn measure(endpoints: Endpoints, a_second: u64, seconds: u64) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut engine = Engine::create(&dir, &config(), &Registry::builtin(), RunMode::Paper).unwrap();
    let finish = if endpoints == Endpoints::Good { Duration::from_secs(60) } else { Duration::ZERO };
    let timing = Timing {
        first_retry: Duration::from_secs(1),
        longest_retry: Duration::from_secs(60),
        give_up_after: Duration::from_secs(3_600),
        finish,
    };
    let settings = DeliverySettings { dir: dir.clone(), timing, process: ProcessAlerts::default() };
    let channels = endpoints.channels();
    let delivery = (!channels.is_empty()).then(|| Delivery::start(&mut engine, channels, settings).unwrap());
    let counts = delivery.as_ref().map(Delivery::counts);
    let (mut intake, controller) = (engine.intake(), engine.controller());
    let feed = std::thread::spawn(move || {
        send(&mut intake, a_second, seconds);
        controller.stop("the load is over");
    });
    let summary = engine.run().unwrap();
    feed.join().unwrap();
    if let Some(delivery) = delivery {
        delivery.finish(None);
    }
    let delivered: u64 = counts.iter().flat_map(|counts| counts.read()).map(|row| row.delivered).sum();
    let raised = raised(&dir);
    let expected = if endpoints == Endpoints::Good { 2 * raised } else { 0 };
    assert!(raised > 0 && delivered == expected, "{endpoints:?}: {delivered} messages of {raised} alerts");
    let us = |stage: &Stage, fraction: f64| stage.quantile_ns(fraction) as f64 / 1_000.0;
    let (decide, durable) = (&summary.latencies.decide, &summary.latencies.durable);
    let times = [us(decide, 0.5), us(decide, 0.99), us(durable, 0.5), us(durable, 0.99)];
    Measured { raised, delivered, conflated: summary.conflated, times }
}

fn raised(dir: &Path) -> u64 {
    let (mut reader, mut raised) = (JournalReader::open(dir).unwrap(), 0);
    while let Some(entry) = reader.next_entry().unwrap() {
        raised += u64::from(matches!(entry.body, Body::Outcome { outcome: Outcome::AlertRaised(_), .. }));
    }
    raised
}

/// The least, the middle and the most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let number = |at: usize, usual| numbers.get(at).copied().unwrap_or(usual);
    let (a_second, seconds, rounds) = (number(0, 50_000), number(1, 4), number(2, 3).max(1));
    let (mut dice, mut found) = (walk::Dice(11), vec![Vec::new(); ALL.len()]);
    // The first run warms up what later ones find warm.
    measure(Endpoints::Without, a_second, 1);
    for round in 1..=rounds {
        let mut turns: Vec<usize> = (0..ALL.len()).collect();
        for last in (1..turns.len()).rev() {
            turns.swap(last, (dice.draw() % (last as u64 + 1)) as usize);
        }
        for at in turns {
            found[at].push(measure(ALL[at].0, a_second, seconds));
        }
        eprintln!("round {round} of {rounds}");
    }
    println!(
        "{a_second} events/s for {seconds} s, {rounds} rounds; µs: middle of the rounds (least to most)"
    );
    println!(
        "{:<19} {:>8} {:>9} {:>6}  {:<24} {:<24} {:<28} {:<28}",
        "endpoints",
        "alerts/s",
        "messages",
        "merged",
        "decide p50",
        "decide p99",
        "durable p50",
        "durable p99"
    );
    let times = |at: usize, what: usize| found[at].iter().map(move |run: &Measured| run.times[what]);
    for (at, (_, name)) in ALL.iter().enumerate() {
        let of = |what| {
            let [least, middle, most] = spread(times(at, what).collect());
            format!("{middle:.1} ({least:.1} to {most:.1})")
        };
        let mean = |count: fn(&Measured) -> u64| found[at].iter().map(count).sum::<u64>() / rounds;
        println!(
            "{name:<19} {:>8} {:>9} {:>6}  {:<24} {:<24} {:<28} {:<28}",
            mean(|run| run.raised) / seconds,
            mean(|run| run.delivered),
            mean(|run| run.conflated),
            of(0),
            of(1),
            of(2),
            of(3)
        );
    }
    let noise = |what| {
        let [least, _, most] = spread(times(0, what).chain(times(1, what)).collect());
        format!("{least:.1} to {most:.1} ({:.2} times)", most / least)
    };
    println!("equal rounds, without delivery: decide p99 {}, durable p99 {}", noise(1), noise(3));
}

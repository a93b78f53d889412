//! Control under load: so many market events a second for so long, and meanwhile looks, and one kill.
//! `cargo bench -p reprise-console --bench kill -- 200000 10`
//!
//! It reports how long answers take, and from the journal how soon after its arrival the kill let nothing out any
//! more. Both have bounds; beyond them it fails.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as expected")]

#[path = "../tests/console/kit.rs"]
#[expect(dead_code, reason = "a benchmark needs less of it than the tests")]
mod kit;
#[path = "../../../engine/runtime/testing/steady.rs"]
mod steady;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use reprise_journal::{Body, JournalReader};
use reprise_model::event::Command;
use reprise_model::{Input, OrderOrigin, Outcome, Ts};
use reprise_runtime::wall_clock;

/// Trades often, so that a kill has something to stop.
const MORE: [&str; 2] = ["strategy.ema-cross.fast=50", "strategy.ema-cross.slow=200"];
/// An answer takes so long at most.
const MOST_ANSWER: Duration = Duration::from_millis(50);
/// New orders stop so soon after a kill has arrived.
const MOST_KILL: Duration = Duration::from_millis(5);

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (a_second, seconds) =
        (numbers.first().copied().unwrap_or(200_000), numbers.get(1).copied().unwrap_or(6));
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = kit::Running::start(&run, &MORE);
    let address = running.address();
    let asking = std::thread::spawn(move || ask_meanwhile(address, Duration::from_secs(seconds)));
    let kit::Running { intake, walk, .. } = &mut running;
    steady::send(intake, a_second, seconds, || walk.next());
    let (mut looks, kill, sent_at) = asking.join().unwrap();
    let summary = running.stop();
    looks.sort();
    let at = |fraction: f64| looks[((looks.len() - 1) as f64 * fraction) as usize];
    let stopped = stopped_after(&run, sent_at);
    println!(
        "{} events offered, {} merged, {} orders; {} looks: p50 {:?}, p99 {:?}, longest {:?}; kill answered in {:?}; \
         nothing new left later than {:?} after the kill was sent",
        summary.offered,
        summary.conflated,
        summary.orders,
        looks.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        kill,
        stopped
    );
    assert!(at(1.0) < MOST_ANSWER && kill < MOST_ANSWER, "control answers too late");
    assert!(stopped < MOST_KILL, "the kill came too late");
}

/// Looks for three quarters of the time, then kills: how long each look took, how long the kill, and when it was sent.
fn ask_meanwhile(address: SocketAddr, time: Duration) -> (Vec<Duration>, Duration, Ts) {
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_nodelay(true).unwrap();
    let began = Instant::now();
    let mut looks = Vec::new();
    while began.elapsed() < time.mul_f64(0.75) {
        let asked = Instant::now();
        ask(&mut tcp, "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
        looks.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(7));
    }
    let head =
        format!("POST /kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", kit::CANARY);
    let (asked, sent_at) = (Instant::now(), wall_clock());
    ask(&mut tcp, &head);
    (looks, asked.elapsed(), sent_at)
}

fn ask(tcp: &mut TcpStream, request: &str) {
    tcp.write_all(request.as_bytes()).unwrap();
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = tcp.read(&mut buffer).unwrap();
        assert!(read > 0, "the connection ended: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0) {
            assert!(head.starts_with("HTTP/1.1 200"), "{text}");
            return;
        }
    }
}

/// How long after a moment the kill, or the last new order behind it, stands in the journal.
fn stopped_after(run: &Path, sent_at: Ts) -> Duration {
    let mut reader = JournalReader::open(run).unwrap();
    let (mut killed, mut last) = (None, Ts(0));
    let mut before = 0;
    while let Some(entry) = reader.next_entry().unwrap() {
        match entry.body {
            Body::Input { input: Input::OperatorCommand(e), .. } if e.command == Command::Kill => {
                (killed, last) = (Some(entry.ts), entry.ts);
            }
            Body::Outcome { outcome: Outcome::OrderSubmitted(e), .. } => {
                assert!(
                    killed.is_none() || e.terms.origin != OrderOrigin::Strategy || e.terms.reduce_only,
                    "an order left behind the kill"
                );
                before += u32::from(killed.is_none());
                last = last.max(entry.ts);
            }
            _ => {}
        }
    }
    assert!(before > 10, "only {before} orders left before the kill");
    Duration::from_nanos(killed.unwrap().max(last).since(sent_at))
}

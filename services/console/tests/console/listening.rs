//! Listeners get events in order, once, and what they missed.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::kit::{PATIENCE, Running};

/// A listener.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn open(address: SocketAddr, path: &str, last: Option<u64>) -> Self {
        let mut tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        write!(tcp, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{last}\r\n")
            .unwrap();
        Self(BufReader::new(tcp))
    }

    /// The next event: its id, and its line. Sizes of chunks and empty lines stand in between.
    fn next(&mut self) -> (u64, Value) {
        let mut id = None;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.trim().parse().unwrap());
            }
            if let (Some(text), Some(id)) = (line.strip_prefix("data: "), id) {
                return (id, serde_json::from_str(text).unwrap());
            }
        }
    }

    fn take(&mut self, count: usize) -> Vec<(u64, Value)> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Breaks when a listener that comes back misses events or gets some twice, gets kinds it did not ask for, or is shown
/// another line than the journal's.
#[test]
fn a_listener_that_comes_back_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::start(&run, &[]);
    let address = running.address();
    let mut first = Listener::open(address, "/events?after=0", None);
    running.play(2_000, Duration::from_millis(1_000));
    let seen = first.take(40);
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, once");
    drop(first);
    let mut again = Listener::open(address, "/events", Some(seen[9].0));
    assert_eq!(again.take(30), seen[10..], "what was missed comes first");
    let mut orders = Listener::open(address, "/events?kinds=order.requested,order.filled&after=0", None);
    for (_, line) in orders.take(10) {
        assert!(["order.requested", "order.filled"].contains(&line["kind"].as_str().unwrap()), "{line}");
    }
    let mut market = Listener::open(address, "/events?market=true&kinds=market.", None);
    running.play(400, Duration::from_millis(400));
    assert!(market.take(20).iter().all(|(_, line)| line["kind"].as_str().unwrap().starts_with("market.")));
    drop((again, orders, market));
    running.stop();
    let journal = std::fs::read_to_string(run.join("000001.jsonl")).unwrap();
    for (id, line) in seen {
        let written = journal.lines().find(|l| l.starts_with(&format!("{{\"seq\":{id},"))).unwrap();
        let mut written: Value = serde_json::from_str(written).unwrap();
        let fields = written.as_object_mut().unwrap();
        fields.remove("crc");
        fields.remove("outcomes");
        assert_eq!(written, line);
    }
}

/// Breaks when a listener that was away too long is not told that it misses something.
#[test]
fn a_gap_is_told() {
    use reprise_console::{Chronicle, Sampling};
    use reprise_model::event::FeedState;
    use reprise_model::{Seq, Ts};

    let chronicle = Chronicle::new(Sampling(1));
    let input = crate::kit::feed(crate::kit::NAMES[0], FeedState::Live, None);
    for seq in 1..=25_000 {
        chronicle.note_step(Seq(seq), Ts(seq), &input, &[]);
    }
    let missed = chronicle.events_after(Seq(17), 10);
    assert_eq!(missed.gap_through, Some(Seq(5_000)));
    assert_eq!(missed.events.first().unwrap().seq, Seq(5_001));
    let rest = chronicle.events_after(Seq(24_990), 100);
    assert_eq!((rest.gap_through, rest.events.len()), (None, 10));
    // A run that was taken up begins at some number: what came before it is not there either.
    let taken_up = Chronicle::new(Sampling(1));
    taken_up.note_step(Seq(101), Ts(1), &input, &[]);
    assert_eq!(taken_up.events_after(Seq(50), 10).gap_through, Some(Seq(100)));
    assert_eq!(taken_up.events_after(taken_up.before_last(200), 10).gap_through, None);
}

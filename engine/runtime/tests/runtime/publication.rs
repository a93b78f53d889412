//! Whoever acts on the world sees an event only after the journal has it.

use std::fs;
use std::sync::mpsc;

use reprise_assembly::Registry;
use reprise_model::Outcome;
use reprise_model::event::RunMode;
use reprise_runtime::{Engine, Event, Interest, Subscription};

use crate::support::{PATIENCE, Running, config, outcomes};

/// Starts a run with a subscriber.
fn with_subscriber(
    dir: &std::path::Path,
    settings: &[&str],
    interest: Interest,
    room: usize,
) -> (Running, Subscription) {
    let (dir, config) = (dir.to_owned(), config(settings));
    let (give, take) = mpsc::channel();
    let running = Running::start(move || {
        let mut engine = Engine::create(&dir, &config, &Registry::builtin(), RunMode::Paper).unwrap();
        give.send(engine.subscribe(interest, room)).unwrap();
        engine
    });
    (running, take.recv().unwrap())
}

/// Breaks when an order is handed on before the line that says so is written: it could leave, and nobody would know.
#[test]
fn nothing_is_seen_before_it_is_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let (mut running, seen) =
        with_subscriber(&run, &["journal.durability=orders"], Interest::Decisions, 10_000);
    running.open_market("BTC-USD.TEST");
    let watcher = std::thread::spawn({
        let run = run.clone();
        move || {
            let mut orders = 0;
            while let Ok(published) = seen.events().recv_timeout(PATIENCE) {
                let Event::Outcome(_, Outcome::OrderSubmitted(order)) = &published.event else { continue };
                orders += 1;
                let text = fs::read_to_string(run.join("000001.jsonl")).unwrap();
                let line = format!("{{\"seq\":{},", published.seq);
                let written = text.lines().find(|l| l.starts_with(&line)).expect("the line is in the file");
                assert!(written.contains(&format!("\"order\":\"{}\"", order.order)), "{written}");
            }
            orders
        }
    });
    for n in 0..20 {
        running.feed_wave("BTC-USD.TEST", n * 20, n * 20 + 20);
    }
    let summary = running.stop().unwrap();
    let orders = watcher.join().unwrap();
    assert_eq!(orders, summary.orders, "each is seen once");
    assert!(orders > 5);
}

/// Breaks when a subscriber sees events out of order, twice, or not at all; or one that looks away makes the engine
/// wait or loses what is not counted.
#[test]
fn each_is_seen_once_and_in_order() {
    for (interest, room) in [(Interest::All, 100_000), (Interest::Decisions, 100_000), (Interest::All, 10)] {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        let (mut running, seen) = with_subscriber(&run, &[], interest, room);
        running.open_market("BTC-USD.TEST");
        running.feed_wave("BTC-USD.TEST", 0, 300);
        let summary = running.stop().unwrap();
        let events: Vec<_> = seen.events().iter().collect();
        assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        let is_outcome = |published: &std::sync::Arc<reprise_runtime::Published>| {
            matches!(published.event, Event::Outcome(..))
        };
        if room > 10 {
            assert_eq!(seen.lost(), 0);
            let told = events.iter().filter(|p| is_outcome(p)).count();
            assert_eq!(told, outcomes(&run).len());
            assert_eq!(told as u64, summary.outcomes);
            let inputs = events.len() - told;
            assert_eq!(inputs as u64 == summary.inputs, interest == Interest::All);
        } else {
            assert_eq!(events.len(), room);
            assert_eq!(events.len() as u64 + seen.lost(), summary.inputs + summary.outcomes);
        }
    }
}

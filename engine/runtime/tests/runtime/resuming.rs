//! Taking a run up again where it was interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reprise_assembly::{Config, Registry};
use reprise_journal::LOCK_FILE;
use reprise_model::event::FeedState;
use reprise_model::{Input, Outcome};
use reprise_replays::{Backtest, BacktestOptions, Verdict, VerifyOptions, verify};
use reprise_runtime::{Engine, RuntimeError, TakenUp};

use crate::support::{Running, config, feed, inputs, outcomes};

/// What is on disk at this moment: what a process that is killed leaves behind.
fn killed(run: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(run).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name != LOCK_FILE && Path::new(&name).extension().is_none_or(|ext| ext != "tmp") {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn snapshots(run: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snapshot-")).collect();
    found.sort();
    found
}

fn go_on(run: &Path) -> TakenUp {
    let folder = run.to_owned();
    let (give, take) = std::sync::mpsc::channel();
    let mut running = Running::start(move || {
        let (engine, taken_up) = Engine::resume(&folder, None, &Registry::builtin()).unwrap();
        give.send(taken_up).unwrap();
        engine
    });
    running.take(feed("BTC-USD.TEST", FeedState::Live));
    running.feed_wave("BTC-USD.TEST", 0, 100);
    let summary = running.stop().unwrap();
    let verdict = verify(run, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    let Verdict::Identical { digest, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(Some(digest), summary.digest, "what went on is what would have gone on");
    take.recv().unwrap()
}

/// A run that was killed in the middle, with at least one snapshot.
fn interrupted(dir: &Path, config: &Config) -> PathBuf {
    let (run, left) = (dir.join("run"), dir.join("left"));
    let mut running = Running::new_run(&run, config);
    running.open_market("BTC-USD.TEST");
    running.until(|running| {
        running.feed_wave("BTC-USD.TEST", 0, 40);
        !snapshots(&run).is_empty()
    });
    running.feed_wave("BTC-USD.TEST", 40, 120);
    std::thread::sleep(Duration::from_millis(20));
    killed(&run, &left);
    running.stop().unwrap();
    left
}

/// Breaks when a run that was killed goes on otherwise than it would have without being killed: from a snapshot,
/// without one, from one that is damaged, or again and again.
#[test]
fn a_killed_run_goes_on_as_if_it_had_not_been() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        config(&["runtime.snapshot_s=1", "paper.entry_latency=2000000", "journal.durability=orders"]);
    let left = interrupted(dir.path(), &config);

    let without = dir.path().join("without");
    killed(&left, &without);
    for file in snapshots(&without) {
        fs::remove_file(file).unwrap();
    }
    let damaged = dir.path().join("damaged");
    killed(&left, &damaged);
    for file in snapshots(&damaged) {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replacen("\"inputs\":", "\"inputs\":1", 1)).unwrap();
    }
    let from_snapshot = go_on(&left);
    assert!(from_snapshot.snapshot.is_some());
    for run in [&without, &damaged] {
        let from_start = go_on(run);
        assert_eq!(from_start.snapshot, None);
        assert!(from_start.stepped > from_snapshot.stepped);
    }

    // Once more, after it ended; the ids of the orders say which epoch they are of.
    go_on(&left);
    let mut epochs: Vec<u32> = outcomes(&left)
        .into_iter()
        .filter_map(|(_, _, outcome)| match outcome {
            Outcome::OrderSubmitted(order) => Some(order.order.epoch),
            _ => None,
        })
        .collect();
    assert!(epochs.is_sorted());
    epochs.dedup();
    assert_eq!(epochs.len(), 3, "{epochs:?}");

    let report = Backtest::new(&left, &config, &Registry::builtin(), BacktestOptions::default())
        .run(&dir.path().join("again"), &mut |_| {})
        .unwrap();
    let verdict = verify(&left, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    let Verdict::Identical { digest, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(report.digest, digest, "a backtest over all epochs decides the same");
}

/// Breaks when a snapshot is of a place that the journal's file does not have yet: a process that is killed takes the
/// lines with it, and the snapshot is of no use.
#[test]
fn a_snapshot_is_of_what_the_file_has() {
    let dir = tempfile::tempdir().unwrap();
    let (run, left) = (dir.path().join("run"), dir.path().join("left"));
    let patient = config(&["runtime.snapshot_s=1", "journal.sync_ms=60000", "journal.durability=none"]);
    let mut running = Running::new_run(&run, &patient);
    running.open_market("BTC-USD.TEST");
    running.feed_wave("BTC-USD.TEST", 0, 8);
    running.until(|_| !snapshots(&run).is_empty());
    killed(&run, &left);
    running.stop().unwrap();
    assert!(go_on(&left).snapshot.is_some());
}

/// Breaks when the market of before the interruption passes for the market of now.
#[test]
fn every_feed_is_down_until_it_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let left = interrupted(dir.path(), &config(&["runtime.snapshot_s=1"]));
    let folder = left.clone();
    let mut running = Running::start(move || Engine::resume(&folder, None, &Registry::builtin()).unwrap().0);
    let before = running.gauges.orders();
    running.feed_wave("BTC-USD.TEST", 0, 200);
    assert_eq!(running.gauges.orders(), before, "it orders on a feed that has not said that it is live");
    running.stop().unwrap();
    let last = inputs(&left).into_iter().rev().find_map(|input| match input {
        Input::FeedStatus(status) => Some(status.state),
        _ => None,
    });
    assert_eq!(last, Some(FeedState::Down));
}

/// Breaks when a journal that was torn anywhere in its tail cannot be taken up, or goes on otherwise.
#[test]
fn a_torn_tail_is_cut_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let left = interrupted(dir.path(), &config(&["runtime.snapshot_s=1"]));
    let segment = left.join("000001.jsonl");
    let whole = fs::read(&segment).unwrap();
    for cut in [1, 7, 60, 200, 301, 999, 4_000] {
        let torn = dir.path().join(format!("torn-{cut}"));
        killed(&left, &torn);
        fs::write(torn.join("000001.jsonl"), &whole[..whole.len() - cut]).unwrap();
        go_on(&torn);
    }
    // So far back that every snapshot lies behind its end.
    let torn = dir.path().join("torn-far");
    killed(&left, &torn);
    fs::write(torn.join("000001.jsonl"), &whole[..whole.len() / 8]).unwrap();
    assert_eq!(go_on(&torn).snapshot, None);
}

/// Breaks when a run is taken up under rules that would have decided otherwise, as if they had always held.
#[test]
fn other_rules_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let left = interrupted(dir.path(), &config(&["runtime.snapshot_s=1"]));
    for (settings, is_taken) in [
        (&["risk.max_open_orders=1"][..], false),
        (&["strategy.fast=4"], false),
        (&["runtime.drain_ms=100", "journal.sync_ms=50", "venues.coinbase.ws_url=ws://127.0.0.1:1/ws"], true),
    ] {
        match Engine::resume(&left, Some(&config(settings)), &Registry::builtin()) {
            Ok(_) => assert!(is_taken, "{settings:?}"),
            Err(RuntimeError::NotResumable { reason, .. }) => {
                assert!(!is_taken && reason.contains("configuration"), "{settings:?}: {reason}");
            }
            Err(error) => panic!("{settings:?}: {error}"),
        }
    }
}

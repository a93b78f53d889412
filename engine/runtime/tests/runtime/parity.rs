//! A live run and its journal, replayed: the same orders, the same fills, the same digest.

use reprise_assembly::Registry;
use reprise_journal::{Verdict as JournalVerdict, verify_journal};
use reprise_model::event::FeedState;
use reprise_model::{Input, Outcome};
use reprise_replays::{Backtest, BacktestOptions, Verdict, VerifyOptions, verify};

use crate::support::{CONFIG, Running, config, feed, inputs, outcomes, quote, wave};

/// Breaks when what a live run decided is not what its journal decides again: the promise of the whole engine.
#[test]
fn a_paper_run_is_its_own_backtest() {
    assert!(CONFIG.contains("entry_latency = 0"), "the rows below lay latency over it");
    let rows: [&[&str]; 3] = [
        &[],
        &["paper.entry_latency=3000000", "paper.response_latency=2000000"],
        &["journal.durability=orders", "runtime.wait=spin", "engine.checkpoint_every=50"],
    ];
    for settings in rows {
        let dir = tempfile::tempdir().unwrap();
        let (run, again) = (dir.path().join("run"), dir.path().join("again"));
        let config = config(settings);
        let mut running = Running::new_run(&run, &config);
        running.open_market("BTC-USD.TEST");
        running.open_market("ETH-USD.TEST");
        for n in 0..40 {
            running.feed_wave("BTC-USD.TEST", n * 10, n * 10 + 10);
            running.feed_wave("ETH-USD.TEST", n * 10 + 5, n * 10 + 15);
        }
        let summary = running.stop().unwrap();
        assert!(summary.orders > 10 && summary.fills > 10, "{summary:?}");

        let journal = verify_journal(&run);
        assert!(matches!(journal, JournalVerdict::Clean(_)), "{journal:?}");
        let verdict = verify(&run, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
        let Verdict::Identical { digest, .. } = verdict else { panic!("{settings:?}: {verdict:?}") };
        assert_eq!(Some(&digest), summary.digest.as_ref(), "{settings:?}");

        let report = Backtest::new(&run, &config, &Registry::builtin(), BacktestOptions::default())
            .run(&again, &mut |_| {})
            .unwrap();
        assert_eq!(report.digest, digest, "{settings:?}");
        let orders = |dir| -> Vec<Outcome> {
            let all = outcomes(dir).into_iter().map(|(_, _, outcome)| outcome);
            all.filter(|o| o.kind() == "order.partially_filled" || o.kind() == "order.filled").collect()
        };
        assert_eq!(orders(&run).len(), orders(&again).len());
    }
}

/// Breaks when an order leaves for an instrument whose feed is not live, or an instrument that its feed has not
/// spoken of yet passes for one of a recording.
#[test]
fn no_order_without_a_live_feed() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::new_run(&run, &config(&[]));
    running.take(crate::support::definition("BTC-USD.TEST"));
    running.feed_wave("BTC-USD.TEST", 0, 120);
    running.take(feed("BTC-USD.TEST", FeedState::Live));
    running.feed_wave("BTC-USD.TEST", 120, 240);
    for state in [FeedState::Stale, FeedState::Gap, FeedState::Down] {
        running.take(feed("BTC-USD.TEST", state));
        running.feed_wave("BTC-USD.TEST", 240, 360);
        running.take(feed("BTC-USD.TEST", FeedState::Live));
        running.feed_wave("BTC-USD.TEST", 360, 400);
    }
    running.stop().unwrap();

    let mut reader = reprise_journal::JournalReader::open(&run).unwrap();
    let (mut state, mut orders) = (None, 0);
    while let Some(entry) = reader.next_entry().unwrap() {
        match entry.body {
            reprise_journal::Body::Input { input: Input::FeedStatus(status), .. } => {
                state = Some(status.state)
            }
            reprise_journal::Body::Outcome { outcome: Outcome::OrderSubmitted(order), .. } => {
                orders += 1;
                assert_eq!(state, Some(FeedState::Live), "order {} at seq {}", order.order, entry.seq);
            }
            _ => {}
        }
    }
    assert!(orders > 3, "it trades while the feed is live: {orders}");
}

/// Breaks when events are left out that are not market data, or what was merged is not counted, with a queue that is
/// far too small.
#[test]
fn a_flood_is_merged_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running =
        Running::new_run(&run, &config(&["runtime.queue=4", "runtime.batch=2", "journal.durability=all"]));
    running.open_market("BTC-USD.TEST");
    let offered = 20_000;
    for n in 0..offered {
        running.take(quote("BTC-USD.TEST", wave(n)));
        if n % 100 == 0 {
            running.take(crate::support::trade("BTC-USD.TEST", 10_000, n));
        }
    }
    running.settle();
    let summary = running.stop().unwrap();
    let (mut quotes, mut merged, mut trades) = (0, 0, 0);
    for input in inputs(&run) {
        match input {
            Input::Quote(quote) => {
                quotes += 1;
                merged += quote.conflated.map_or(0, |n| u64::from(n.get()));
            }
            Input::Trade(_) => trades += 1,
            _ => {}
        }
    }
    assert_eq!(quotes + merged, offered);
    assert_eq!(merged, summary.conflated);
    assert_eq!(trades, offered / 100, "trades are never left out");
    assert!(merged > 0, "the queue was too small on purpose");
}

//! How a run ends when it is told to.

use reprise_assembly::Registry;
use reprise_journal::JournalReader;
use reprise_model::event::{Command, FeedState};
use reprise_model::{Input, Outcome};
use reprise_replays::{Verdict, VerifyOptions, verify};
use reprise_runtime::Engine;

use crate::support::{Running, feed, inputs, outcomes};

/// A strategy that keeps orders resting.
const MAKER: &[&str] = &["strategy.kind=market-maker", "paper.depth=book", "paper.entry_latency=20000000"];

/// It quotes within them.
const BANDS: &str = "[[risk.bands]]\nkind = \"stddev\"\nwindow = 3\nwidth = 3.0\ninterval_ms = 1\n";

fn maker_config(more: &[&str]) -> reprise_assembly::Config {
    let mut layers = reprise_assembly::Layers::default();
    let text = crate::support::CONFIG.replace("fast = 3\nslow = 9\n", "") + BANDS;
    layers.add_text(std::path::Path::new("test.toml"), &text).unwrap();
    for setting in MAKER.iter().chain(more) {
        layers.add_setting(setting).unwrap();
    }
    reprise_assembly::interpret(&layers, &Registry::builtin()).unwrap()
}

/// Breaks when the end of a run lets orders leave, or leaves open what it should cancel, or cancels what it should
/// keep, or its journal does not end well.
#[test]
fn open_orders_are_canceled_or_kept() {
    for on_shutdown in ["cancel", "keep"] {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        let mut running =
            Running::new_run(&run, &maker_config(&[&format!("runtime.on_shutdown={on_shutdown}")]));
        running.open_market("BTC-USD.TEST");
        running.until(|running| {
            running.feed_wave("BTC-USD.TEST", 0, 5);
            running.gauges.open_orders() > 0
        });
        running.stop().unwrap();

        let decided = outcomes(&run);
        let commands: Vec<Command> = inputs(&run)
            .into_iter()
            .filter_map(|input| match input {
                Input::OperatorCommand(command) => Some(command.command),
                _ => None,
            })
            .collect();
        let count = |kind: &str| decided.iter().filter(|(_, _, o)| o.kind() == kind).count();
        let (sent, over) = (count("order.accepted"), count("order.canceled") + count("order.filled"));
        if on_shutdown == "cancel" {
            assert_eq!(commands, [Command::Pause, Command::CancelAll, Command::Resume]);
            assert_eq!(sent, over, "nothing stays open");
        } else {
            assert_eq!(commands, [Command::Pause, Command::Resume]);
            assert!(over < sent, "what rests stays: {sent} sent, {over} over");
        }
        let mut reader = JournalReader::open(&run).unwrap();
        while reader.next_entry().unwrap().is_some() {}
        assert!(reader.ended());
        let verdict = verify(&run, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
        assert!(matches!(verdict, Verdict::Identical { ended: true, .. }), "{on_shutdown}: {verdict:?}");
    }
}

/// Breaks when orders that were kept are forgotten, or the strategies stay paused, after the run is taken up again.
#[test]
fn kept_orders_are_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let config = maker_config(&["runtime.on_shutdown=keep"]);
    let mut running = Running::new_run(&run, &config);
    running.open_market("BTC-USD.TEST");
    running.until(|running| {
        running.feed_wave("BTC-USD.TEST", 0, 5);
        running.gauges.open_orders() > 0
    });
    running.stop().unwrap();
    let kept = outcomes(&run).iter().filter(|(_, _, o)| matches!(o, Outcome::OrderAccepted(_))).count();
    assert!(kept > 0);

    let again = run.clone();
    let mut running = Running::start(move || Engine::resume(&again, None, &Registry::builtin()).unwrap().0);
    running.until(|running| running.gauges.open_orders() > 0);
    running.take(feed("BTC-USD.TEST", FeedState::Live));
    let before = running.gauges.orders();
    running.until(|running| {
        running.feed_wave("BTC-USD.TEST", 0, 60);
        running.gauges.orders() > before
    });
    running.stop().unwrap();
    let verdict = verify(&run, &Registry::builtin(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    assert!(matches!(verdict, Verdict::Identical { ended: true, .. }), "{verdict:?}");
}

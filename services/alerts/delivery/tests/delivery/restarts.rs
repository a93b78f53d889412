//! Delivery across restarts.

use std::time::Duration;

use reprise_alert_delivery::LATE_FILE;
use reprise_model::event::Command;

use crate::run::{Run, both, settings, told, until_delivered};
use crate::server::{Mode, Server, until};

/// Breaks when what was raised and not delivered is forgotten by a restart, comes under another id, or comes again
/// after it was delivered.
#[test]
fn what_was_not_delivered_is_sent_after_a_restart() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    let mut hasty = settings(&dir);
    hasty.timing.finish = Duration::ZERO;
    slack.becomes(Mode::Dead);
    teams.becomes(Mode::Error);
    let run = Run::start(both(&slack, &teams), hasty);
    run.command(Command::Kill);
    until("both are tried", || slack.attempts() > 0 && teams.attempts() > 0);
    run.stop();
    assert_eq!(told(&dir).delivered.len(), 0);
    slack.becomes(Mode::Good);
    teams.becomes(Mode::Good);
    let run = Run::start(both(&slack, &teams), settings(&dir));
    until_delivered(&dir, 2);
    run.stop();
    let run = Run::start(both(&slack, &teams), settings(&dir));
    run.command(Command::Release);
    until_delivered(&dir, 4);
    run.stop();
    for server in [&slack, &teams] {
        assert_eq!((server.count("kill_switch-1"), server.count("kill_switch-2")), (1, 1));
    }
}

/// Breaks when a crash between a message and its record loses the alert, or sends it again under another id, or sends
/// one again whose record the journal has.
#[test]
fn a_crash_before_the_record_sends_the_same_id_again() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    let run = Run::start(both(&slack, &teams), settings(&dir));
    run.command(Command::Kill);
    until_delivered(&dir, 2);
    run.command(Command::Release);
    until_delivered(&dir, 4);
    run.stop();
    // The journal as a process leaves it that is killed when both channels have taken the second message.
    let segment = dir.join("000001.jsonl");
    let text = std::fs::read_to_string(&segment).unwrap();
    let records: Vec<usize> = text.match_indices("alert.delivered").map(|(at, _)| at).collect();
    let cut = text[..records[2]].rfind('\n').unwrap() + 1;
    std::fs::write(&segment, &text[..cut]).unwrap();
    // What only a run leaves that ends in order.
    for file in ["manifest.json", LATE_FILE].map(|name| dir.join(name)).iter().filter(|file| file.exists()) {
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!((told(&dir).raised.len(), told(&dir).delivered.len()), (2, 2));
    for epoch in 2..4 {
        let run = Run::start(both(&slack, &teams), settings(&dir));
        until_delivered(&dir, 4);
        run.stop();
        for server in [&slack, &teams] {
            let sent = ["kill_switch-1", "kill_switch-2"].map(|id| server.count(id));
            assert_eq!(sent, [1, 2], "epoch {epoch}");
            assert_eq!(server.taken()[1], server.taken()[2], "the same message, word for word");
        }
    }
    assert_eq!(told(&dir).raised, ["kill_switch-1", "kill_switch-2"]);
}

/// Breaks when an alert that nobody can use any more is sent after a long time.
#[test]
fn old_alerts_are_left_alone() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    let run = Run::start(Vec::new(), settings(&dir));
    run.command(Command::Kill);
    run.stop();
    std::thread::sleep(Duration::from_millis(50));
    let mut strict = settings(&dir);
    strict.timing.give_up_after = Duration::from_millis(40);
    let run = Run::start(both(&slack, &teams), strict);
    std::thread::sleep(Duration::from_millis(200));
    run.stop();
    assert_eq!((slack.attempts(), teams.attempts()), (0, 0));
}

/// Breaks when what is delivered after the engine has ended is sent again when the run goes on, or the file that tells
/// of it stays for ever.
#[test]
fn late_deliveries_are_known_to_the_next_epoch() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    slack.becomes(Mode::Error);
    let run = Run::start(both(&slack, &teams), settings(&dir));
    run.command(Command::Kill);
    until_delivered(&dir, 1);
    let gauges = run.gauges.clone();
    let ended = run.stop_later();
    until("the journal has its end", || {
        std::fs::read_to_string(dir.join("000001.jsonl")).unwrap().contains("\"run.ended\"")
            && gauges.seq() > 0
    });
    slack.becomes(Mode::Good);
    ended.join().unwrap();
    assert_eq!(slack.count("kill_switch-1"), 1);
    assert!(dir.join(LATE_FILE).exists());
    for epoch in 2..4 {
        let run = Run::start(both(&slack, &teams), settings(&dir));
        until_delivered(&dir, 2);
        run.stop();
        assert_eq!((slack.count("kill_switch-1"), teams.count("kill_switch-1")), (1, 1), "epoch {epoch}");
    }
    assert!(!dir.join(LATE_FILE).exists());
}

/// Breaks when an engine that halts, or a run that ends in order, does so without a word where one was asked for.
#[test]
fn the_process_tells_of_itself() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    let mut talkative = settings(&dir);
    talkative.process.start_stop = true;
    let run = Run::start(both(&slack, &teams), talkative);
    until("it says that it began", || slack.count("process-start") == 1);
    run.stop();
    for server in [&slack, &teams] {
        assert_eq!((server.count("process-start"), server.count("process-stop")), (1, 1));
        assert!(server.taken()[0].to_string().contains("told by the process itself"));
    }
    assert!(told(&dir).raised.is_empty());
}

//! More alerts than a channel has room for.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::event::Command;

use crate::run::{Run, both_within, settings, told};
use crate::server::{Mode, PATIENCE, Server, until};

/// More than may wait for a channel.
const MANY: usize = 1_500;

/// Breaks when anything waits for a worker that does not come back: the engine, the other channel, or whoever hands
/// alerts over; or when what had no room is lost, doubled or out of its order.
#[test]
fn nobody_waits_for_a_worker_that_does_not_come_back() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    slack.becomes(Mode::Held);
    let run = Run::start(both_within(&slack, &teams, PATIENCE * 4), settings(&dir));
    for n in 0..MANY {
        run.command(if n % 2 == 0 { Command::Kill } else { Command::Release });
    }
    // The engine has answered every command, and Slack not even the first request.
    until("Slack is asked", || slack.attempts() == 1);
    until("Teams has everything", || run.counts("teams").delivered == MANY as u64);
    assert_eq!((slack.attempts(), slack.taken().len()), (1, 0));
    let counts = run.counts("slack");
    assert!((1..MANY as u64).contains(&counts.waiting), "the queue is bounded: {counts:?}");
    assert_eq!((counts.delivered, counts.failed_attempts, counts.given_up), (0, 0, 0));
    slack.becomes(Mode::Good);
    until("Slack has everything", || run.counts("slack").delivered == MANY as u64);
    until("all of it is journaled", || told(&dir).delivered.len() == 2 * MANY);
    let counts = run.counts("slack");
    assert_eq!((counts.waiting, counts.failed_attempts, counts.given_up), (0, 0, 0));
    run.stop();
    for server in [&slack, &teams] {
        let ids: Vec<String> =
            server.titles().iter().map(|title| title.split(' ').next_back().unwrap().to_owned()).collect();
        let expected: Vec<String> = (1..=MANY).map(|n| format!("kill_switch-{n}")).collect();
        assert_eq!(ids, expected);
    }
}

/// Breaks when a run that ends does not leave what is still waiting to the next one, or holds its end up for it.
#[test]
fn what_had_no_room_is_sent_after_a_restart() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    slack.becomes(Mode::Held);
    let mut hasty = settings(&dir);
    hasty.timing.finish = Duration::ZERO;
    let run = Run::start(both_within(&slack, &teams, PATIENCE * 4), hasty);
    for n in 0..MANY {
        run.command(if n % 2 == 0 { Command::Kill } else { Command::Release });
    }
    until("Slack is asked", || slack.attempts() == 1);
    run.stop();
    assert!(slack.taken().is_empty());
    // What asked before the restart is not listened to any more.
    let late = Server::start(true);
    let run = Run::start(both_within(&late, &teams, PATIENCE), settings(&dir));
    until("Slack has everything", || run.counts("slack").delivered == MANY as u64);
    until("Teams too", || run.counts("teams").waiting == 0);
    run.stop();
    // What Teams was being told when the run ended, it was told again.
    let told: BTreeSet<String> = teams.titles().into_iter().collect();
    assert!(told.len() == MANY && teams.taken().len() <= MANY + 1, "{} messages", teams.taken().len());
    assert!(
        late.titles().iter().enumerate().all(|(n, title)| title.ends_with(&format!("kill_switch-{}", n + 1)))
    );
}

//! What arrives, how often, and what it costs the engine.

use std::time::{Duration, Instant};

use reprise_alert_delivery::{ChannelSettings, Message, Secret, Secrets, channels};
use reprise_model::event::Command;

use crate::run::{Run, both, settings, told, until_delivered};
use crate::server::{Mode, Server, until};

/// Breaks when an alert does not arrive, arrives twice, or its message lacks what happened, the run or the command.
#[test]
fn each_alert_arrives_once() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("paper-1");
    let run = Run::start(both(&slack, &teams), settings(&dir));
    run.command(Command::Kill);
    run.command(Command::Release);
    until_delivered(&dir, 4);
    run.stop();
    for server in [&slack, &teams] {
        assert_eq!(server.taken().len(), 2);
        assert_eq!((server.count("kill_switch-1"), server.count("kill_switch-2")), (1, 1));
        let message = server.taken()[0].to_string();
        for expected in
            ["the kill switch was engaged", "run paper-1, seq", "reprise journal cat", "--from", "halted"]
        {
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }
    let told = told(&dir);
    assert_eq!(told.raised, ["kill_switch-1", "kill_switch-2"]);
    assert!(told.failed.is_empty() && told.delivered.iter().all(|record| record.attempts == 1), "{told:?}");
}

/// Breaks when a fault of the other side loses an alert, doubles it, or is not journaled.
#[test]
fn alerts_arrive_once_when_the_other_side_comes_back() {
    for mode in [Mode::Dead, Mode::Slow, Mode::TooMany, Mode::Garbage, Mode::Error] {
        let (folder, slack, teams) =
            (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
        let dir = folder.path().join("run");
        slack.becomes(mode);
        teams.becomes(mode);
        let run = Run::start(both(&slack, &teams), settings(&dir));
        run.command(Command::Kill);
        until("both are tried", || slack.attempts() > 1 && teams.attempts() > 1);
        run.command(Command::Release);
        slack.becomes(Mode::Good);
        teams.becomes(Mode::Good);
        until_delivered(&dir, 4);
        run.stop();
        for server in [&slack, &teams] {
            assert_eq!((server.count("kill_switch-1"), server.count("kill_switch-2")), (1, 1), "{mode:?}");
        }
        let told = told(&dir);
        let first: Vec<&str> = told.failed.iter().map(|record| record.channel.as_str()).collect();
        assert!(first.contains(&"slack") && first.contains(&"teams"), "{mode:?}: {told:?}");
        assert!(
            told.failed.iter().all(|record| record.will_retry && record.attempts == 1),
            "{mode:?}: {told:?}"
        );
    }
}

/// Breaks when one channel waits for the other, or a message that is refused for good holds up those behind it.
#[test]
fn a_refused_message_holds_nothing_up() {
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    slack.becomes(Mode::Refuse);
    teams.becomes(Mode::Slow);
    let run = Run::start(both(&slack, &teams), settings(&dir));
    run.command(Command::Kill);
    until("Slack refuses", || slack.attempts() > 0);
    until("it is given up", || told(&dir).failed.iter().any(|record| !record.will_retry));
    slack.becomes(Mode::Good);
    run.command(Command::Release);
    until("the next arrives", || slack.count("kill_switch-2") == 1);
    teams.becomes(Mode::Good);
    run.stop();
    assert_eq!((slack.count("kill_switch-1"), teams.taken().len()), (0, 2));
}

/// Breaks when endpoints that do not answer make the engine slower to answer.
#[test]
fn slow_endpoints_cost_the_engine_nothing() {
    let median = |delivers: bool| {
        let (folder, slack, teams) =
            (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
        slack.becomes(Mode::Slow);
        teams.becomes(Mode::Dead);
        let dir = folder.path().join("run");
        let mut settings = settings(&dir);
        settings.timing.finish = Duration::ZERO;
        let channels = if delivers { both(&slack, &teams) } else { Vec::new() };
        let run = Run::start(channels, settings);
        let mut took: Vec<Duration> = Vec::new();
        for n in 0..400 {
            let began = Instant::now();
            run.command(if n % 2 == 0 { Command::Kill } else { Command::Release });
            took.push(began.elapsed());
        }
        run.stop();
        assert_eq!(told(&dir).raised.len(), 400);
        took.sort();
        took[took.len() / 2]
    };
    let (without, with) = (median(false), median(true));
    assert!(with < without * 4 + Duration::from_millis(5), "{with:?} with, {without:?} without");
}

/// Breaks when the bot does not post to its channel with its token, or a refusal of the token passes for success.
#[test]
fn a_bot_posts_with_its_token() {
    let slack = Server::start(true);
    let settings = ChannelSettings {
        slack_api_url: slack.url.replace("/hook", "/api"),
        slack_channel: Some("#trading".to_owned()),
        timeout: Duration::from_secs(5),
        ..ChannelSettings::default()
    };
    let secrets = Secrets { slack_bot_token: Some(Secret::new("xoxb-1")), ..Secrets::default() };
    let channels = channels(&settings, &secrets).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let send = || runtime.block_on(channels[0].send(&Message::test(reprise_model::Ts(1))));
    slack.becomes(Mode::BadToken);
    assert_eq!(send().unwrap_err().reason, "Slack refuses: invalid_auth");
    slack.becomes(Mode::Garbage);
    assert_eq!(send().unwrap_err().reason, "the answer is none of Slack");
    slack.becomes(Mode::Good);
    send().unwrap();
    assert_eq!(slack.paths(), ["/api/chat.postMessage"]);
    assert!(slack.tokens().iter().all(|token| token == "Bearer xoxb-1"));
    assert_eq!(slack.taken()[0]["channel"], "#trading");
    assert!(slack.taken()[0]["blocks"].as_array().unwrap().len() > 2);
}

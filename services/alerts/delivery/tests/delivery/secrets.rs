//! A secret that is looked for wherever something is written.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reprise_alert_delivery::{ChannelSettings, Message, Secret, Secrets, channels};
use reprise_model::event::Command;

use crate::run::{Run, settings};
use crate::server::{Mode, Server, until};

const CANARY: &str = "hunter2canary";

/// Everything that the other side can do.
const MODES: [Mode; 10] = [
    Mode::Good,
    Mode::Dead,
    Mode::Slow,
    Mode::TooMany,
    Mode::Garbage,
    Mode::Error,
    Mode::BadToken,
    Mode::Echo,
    Mode::Redirect,
    Mode::EchoAsCode,
];

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Breaks when a webhook's URL or the bot's token gets into a log, an error, a Debug print, the journal or a message.
#[test]
fn secrets_are_never_shown() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let (folder, slack, teams) = (tempfile::tempdir().unwrap(), Server::start(true), Server::start(false));
    let dir = folder.path().join("run");
    let hidden = |server: &Server| Some(Secret::new(format!("{}/{CANARY}", server.url)));
    let timeout = Duration::from_millis(400);
    let bot = ChannelSettings {
        slack_api_url: slack.url.clone(),
        slack_channel: Some("c".to_owned()),
        timeout,
        ..ChannelSettings::default()
    };
    let token = Secrets { slack_bot_token: Some(Secret::new(CANARY)), ..Secrets::default() };
    let hook =
        ChannelSettings { slack_api_url: "https://slack.com/api".to_owned(), timeout, ..Default::default() };
    let urls = Secrets {
        slack_webhook_url: hidden(&slack),
        teams_webhook_url: hidden(&teams),
        ..Secrets::default()
    };
    let unusable =
        Secrets { teams_webhook_url: Some(Secret::new(format!("ftp://{CANARY}"))), ..Secrets::default() };
    let refused = channels(&hook, &unusable).unwrap_err();
    let mut shown = format!("{urls:?} {token:?} {unusable:?} {refused} {refused:?}");
    // What no header can hold, and a place that speaks no TLS.
    let broken = Secrets {
        slack_bot_token: Some(Secret::new(format!("{CANARY}\n{CANARY}"))),
        teams_webhook_url: Some(Secret::new(format!("{}/{CANARY}", teams.url.replace("http:", "https:")))),
        ..Secrets::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for mode in MODES {
        slack.becomes(mode);
        teams.becomes(mode);
        for (settings, secrets) in [(&bot, &token), (&hook, &urls), (&bot, &broken)] {
            for channel in channels(settings, secrets).unwrap() {
                let result = runtime.block_on(channel.send(&Message::test(reprise_model::Ts(1))));
                shown.push_str(&format!("{channel:?} {result:?}\n"));
            }
        }
    }
    slack.becomes(Mode::Error);
    teams.becomes(Mode::Good);
    let run = Run::start(channels(&hook, &urls).unwrap(), settings(&dir));
    run.command(Command::Kill);
    until("both are tried", || slack.attempts() > 8 && teams.count("kill_switch-1") == 1);
    slack.becomes(Mode::Good);
    until("it has arrived", || slack.count("kill_switch-1") == 1);
    run.stop();
    for entry in std::fs::read_dir(&dir).unwrap() {
        shown.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
    shown.push_str(&slack.taken().iter().chain(&teams.taken()).map(ToString::to_string).collect::<String>());
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("alert delivered"), "{logged}");
    for text in [&shown, &logged] {
        assert!(!text.contains(CANARY), "{:?}", text.lines().find(|line| line.contains(CANARY)));
    }
}

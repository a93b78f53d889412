//! Every message is one that Slack and Teams take: of every kind of rule, and whatever somebody wrote into a reason.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reprise_alert_delivery::{Channel, ChannelSettings, Message, RunPlace, Secret, Secrets, channels};
use reprise_alerts::RuleKind;
use reprise_model::event::{FeedState, Severity, TradingState};
use reprise_model::{Seq, Ts};
use serde_json::Value;

use crate::server::Server;
use crate::shapes::{adaptive_card, block_kit};
use crate::world::{Act, BTC, ETH, Fate, START, World, rules};

const RULES: &str = "
[[rule]]
kind = 'equity'
above = '1100'
below = '900'
hysteresis = '50'
[[rule]]
kind = 'day_pnl'
below = '-100'
hysteresis = '1'
[[rule]]
kind = 'realized_pnl'
above = '0'
hysteresis = '1'
[[rule]]
kind = 'drawdown'
above_fraction = '0.1'
hysteresis_fraction = '0.05'
[[rule]]
kind = 'kill_switch'
[[rule]]
kind = 'risk_state'
[[rule]]
kind = 'risk_breach'
[[rule]]
kind = 'fill'
notional = '100'
[[rule]]
kind = 'rejects'
count = 2
[[rule]]
kind = 'order_unknown'
[[rule]]
kind = 'feed'
after_s = 10
[[rule]]
kind = 'daily_summary'
at = '00:01'
";

/// Each kind has something to tell.
const SCRIPT: &[(u64, Act)] = &[
    (1, Act::Equity("1000")),
    (2, Act::Equity("890")),
    (3, Act::Equity("1200")),
    (4, Act::State(TradingState::Halted)),
    (5, Act::State(TradingState::Active)),
    (6, Act::Breach),
    (7, Act::Order(Fate::Fill("250"))),
    (8, Act::Order(Fate::Accept)),
    (9, Act::Order(Fate::Reject)),
    (10, Act::Order(Fate::Reject)),
    (11, Act::Order(Fate::Lose)),
    (12, Act::Feed(Some(BTC), FeedState::Down)),
    (13, Act::Feed(Some(ETH), FeedState::Stale)),
    (40, Act::Feed(None, FeedState::Live)),
    (100, Act::Wait),
];

/// Both of Slack's ways, and Teams.
struct Receivers {
    slack: Server,
    teams: Server,
    channels: Vec<Channel>,
    runtime: tokio::runtime::Runtime,
}

impl Receivers {
    fn start() -> Self {
        let (slack, teams) = (Server::start(true), Server::start(false));
        let with = |secrets: Secrets, webhook: Option<&str>| {
            let settings = ChannelSettings {
                slack_api_url: slack.url.clone(),
                slack_channel: Some("#trading".to_owned()),
                slack_webhook_url: webhook.map(str::to_owned),
                teams_webhook_url: webhook.map(|_| teams.url.clone()),
                timeout: Duration::from_secs(20),
            };
            channels(&settings, &secrets).unwrap()
        };
        let mut channels = with(Secrets::default(), Some(&slack.url));
        let token = Secrets { slack_bot_token: Some(Secret::new("xoxb-1")), ..Secrets::default() };
        channels.extend(with(token, None));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { slack, teams, channels, runtime }
    }

    /// Sends a message everywhere; what Teams got of it, which is checked, as is what Slack got.
    fn check(&self, message: &Message) -> (Value, Value) {
        for channel in &self.channels {
            self.runtime.block_on(channel.send(message)).unwrap();
        }
        let (slack, teams) = (self.slack.taken(), self.teams.taken());
        let (by_bot, others) = slack.split_last().unwrap();
        let by_webhook = others.last().unwrap();
        let card = teams.last().unwrap();
        let checks = [
            ("webhook", by_webhook, block_kit::check(by_webhook, &[])),
            ("bot", by_bot, block_kit::check(by_bot, &["channel", "unfurl_links", "unfurl_media"])),
            ("Teams", card, adaptive_card::check(card)),
        ];
        for (who, sent, found) in checks {
            assert_eq!(found, Ok(()), "{who}: {sent}");
        }
        assert_eq!(by_webhook["blocks"], by_bot["blocks"]);
        (by_webhook.clone(), card.clone())
    }
}

/// All texts of a message, one after the other, without what is escaped for Markdown.
fn texts(value: &Value) -> String {
    match value {
        Value::Object(object) => object.values().map(texts).collect(),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::String(text) => format!("{}\n", text.replace('\\', "")),
        _ => String::new(),
    }
}

/// Breaks when a message of some kind of rule is one that Slack or Teams would refuse, or leaves out what happened, a
/// number, the run, the event or the command.
#[test]
fn messages_of_every_kind_are_well_formed() {
    let (receivers, run) = (Receivers::start(), RunPlace::of(Path::new("runs/paper-1")));
    let told = World::new(&rules(RULES)).play(SCRIPT);
    let kinds: BTreeSet<&str> = told.iter().map(|(_, alert)| alert.rule.as_str()).collect();
    let all: BTreeSet<&str> = RuleKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, all, "each kind has told something");
    for (second, alert) in &told {
        let message = Message::of_alert(alert, (Seq(40), Seq(42)), Ts(START.0 + second), &run);
        let (slack, card) = receivers.check(&message);
        for sent in [texts(&slack), texts(&card)] {
            let figures = alert.figures.iter().flat_map(|figure| [&figure.name, &figure.value]);
            let place = ["run paper-1, seq 42", "reprise journal cat runs/paper-1 --from 40 --to 42"];
            let title = format!("{}: {}", alert.severity, alert.alert);
            for expected in figures.chain([&title, &alert.text]).map(String::as_str).chain(place) {
                assert!(sent.contains(expected), "{expected}: {sent}");
            }
        }
    }
}

/// Breaks when somebody's words in a reason, a name or a path make a message that is refused, that calls people, leads
/// somewhere, or looks like another message.
#[test]
fn hostile_words_are_only_words() {
    let receivers = Receivers::start();
    let hostile = [
        "<!channel> <@U12345> <https://evil.example|click here>".to_owned(),
        "@channel @here [click](https://evil.example) **bold** `code` ~gone~ \\".to_owned(),
        "line one\r\n\r\nreprise: all is well\u{2028}\u{202e}txet\u{7}\u{0}".to_owned(),
        "&".repeat(5_000),
        "<>&`*\\[]".repeat(5_000),
        "\u{1f6d1}".repeat(5_000),
        "\\".repeat(5_000),
        "\"}],\"text\":\"".repeat(400),
        "{{DATE(2026-01-01T00:00:00Z,SHORT)}} ${system.env} @{triggerBody()}".to_owned(),
        " ".repeat(30),
        String::new(),
    ];
    for words in &hostile {
        let text = format!("kill switch: {words}");
        let facts = vec![(words.clone(), words.clone()); 60];
        for (text, facts) in [(&text, Vec::new()), (&text, facts.clone()), (words, facts)] {
            let run = RunPlace::of(Path::new(&format!("runs/{}", words.replace('\0', " "))));
            let message = Message::of_process(
                "process-halt-1".to_owned(),
                Severity::Critical,
                text,
                facts,
                Ts(1),
                &run,
            );
            let (slack, card) = receivers.check(&message);
            assert!(slack["blocks"][0]["text"]["text"] == "critical: process-halt-1", "{slack}");
            for sent in [texts(&slack), texts(&card)] {
                let is_odd = |c: char| (c.is_control() && c != '\n') || "\u{2028}\u{202e}".contains(c);
                assert!(!sent.contains(is_odd), "{sent:?}");
            }
            let body = card["attachments"][0]["content"]["body"].as_array().unwrap();
            assert!(body.iter().all(|element| element["type"] != "Image" && element["url"].is_null()));
            let said = body[1]["text"].as_str().unwrap().replace("\\\\", "");
            assert!(!said.contains("[click]"), "a link: {said}");
        }
    }
}

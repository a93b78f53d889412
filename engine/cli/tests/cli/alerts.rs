//! `reprise alerts`, and alerts in a run's journal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{Place, REPRISE, root};

const PATIENCE: Duration = Duration::from_secs(60);

const RULES: &str = r#"
[account]
default_quote_balance = "10000"
[[strategy]]
kind = "ema-cross"
fast = 5
slow = 20
notional = "100"
[[alerts.rule]]
kind = "fill"
notional = "50"
dedup_s = 0
[[alerts.rule]]
kind = "realized_pnl"
name = "gain"
above = "0.2"
hysteresis = "0.05"
"#;

/// What was taken so far.
pub type Taken = Arc<Mutex<Vec<Value>>>;

/// A server that takes every message, at a place that is secret.
pub fn inbox(secret: &str) -> (String, Taken) {
    inbox_that(secret, |_| true)
}

/// Takes every message, and answers those that it is told to answer.
fn inbox_that(secret: &str, answers: impl Fn(usize) -> bool + Send + 'static) -> (String, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/{secret}", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let its = Arc::clone(&taken);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let count = {
                let mut its = its.lock().unwrap();
                its.push(serde_json::from_slice(&body).unwrap());
                its.len()
            };
            if !answers(count) {
                continue;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
        }
    });
    (url, taken)
}

/// Breaks when a test message does not reach the channels, or a channel that does not take it passes for one that does.
#[test]
fn a_test_message_reaches_every_channel() {
    let place = Place::new();
    let said = place.reprise("alerts test");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("SLACK_WEBHOOK_URL") && said.err.contains("TEAMS_WEBHOOK_URL"), "{said:?}");
    let ((slack, to_slack), (teams, to_teams)) = (inbox("hunter2"), inbox("hunter2"));
    let env = [("SLACK_WEBHOOK_URL", slack.as_str()), ("TEAMS_WEBHOOK_URL", teams.as_str())];
    let said = place.reprise_with("alerts test --json", &env);
    assert_eq!(said.code, 0, "{said:?}");
    let id = said.json()["alert"].as_str().unwrap().to_owned();
    for taken in [to_slack, to_teams] {
        let taken = taken.lock().unwrap();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].to_string().contains(&id));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = format!("http://{nobody}/hunter2");
    let said = place.reprise_with("alerts test", &[env[0], ("TEAMS_WEBHOOK_URL", dead.as_str())]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("delivered") && said.out.contains("no answer"), "{said:?}");
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
}

/// Breaks when a webhook that others can use may stand in a configuration, or the refusal repeats it.
#[test]
fn a_webhook_in_a_configuration_is_refused() {
    let place = Place::new();
    for (section, variable) in [("slack", "SLACK_WEBHOOK_URL"), ("teams", "TEAMS_WEBHOOK_URL")] {
        let url = "https://hooks.example/hunter2";
        place.write("c.toml", format!("[alerts.{section}]\nwebhook_url = \"{url}\"\n"));
        let said = place.reprise("check-config -c c.toml");
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(variable) && said.err.contains("c.toml:2"), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
        let said = place.reprise(&format!("check-config --set alerts.{section}.webhook_url={url}"));
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(variable) && !said.err.contains("hunter2"), "{said:?}");
        let said = place.reprise_with("alerts test", &[(variable, "http://hooks.example/hunter2")]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(variable) && !said.err.contains("hunter2"), "{said:?}");
    }
}

/// Breaks when a rule that makes no sense is taken, or the error does not say where it stands.
#[test]
fn rules_are_checked_where_they_stand() {
    let place = Place::new();
    place.write("c.toml", "[[alerts.rule]]\nkind = \"equity\"\nbelow = \"5\"\n");
    let said = place.reprise("check-config -c c.toml");
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("hysteresis"), "{said:?}");
    place.write("c.toml", "[[alerts.rule]]\nkind = \"equity\"\nbelov = \"5\"\n");
    let said = place.reprise("check-config -c c.toml");
    assert!(said.err.contains("did you mean 'below'") && said.err.contains("c.toml:3"), "{said:?}");
}

/// Breaks when rules speak otherwise in a backtest of alerts than in the run itself, or alerts cannot be verified.
#[test]
fn rules_speak_as_they_would_have() {
    let place = Place::new();
    place.write("c.toml", RULES);
    let sample = root().join("replays/samples/binance-spot-20250325");
    place.done(&format!("backtest {} -c c.toml -o run --copy-inputs", sample.display()));
    place.done("verify run");
    let raised = place.events("run", "--kind alert.");
    assert!(raised.iter().any(|event| event["data"]["rule"] == "fill"), "no fill was told");
    assert!(raised.iter().any(|event| event["data"]["rule"] == "gain"), "no gain was told");
    let ids = |events: &[Value], of: &dyn Fn(&Value) -> (Value, Value)| -> Vec<(Value, Value)> {
        events.iter().map(of).collect()
    };
    let expected = ids(&raised, &|event| (event["ts"].clone(), event["data"]["alert"].clone()));
    place.done(&format!("backtest {} -c c.toml -o lean", sample.display()));
    for args in [
        "alerts backtest run --json".to_owned(),
        "alerts backtest lean --json".to_owned(),
        format!("alerts backtest {} -c c.toml --json", sample.display()),
    ] {
        let told = place.json(&args);
        let told = ids(told.as_array().unwrap(), &|one| (one["ts"].clone(), one["alert"].clone()));
        assert_eq!(told, expected, "{args}");
    }
    place.write("other.toml", "[[alerts.rule]]\nkind = \"fill\"\nname = \"large\"\nnotional = \"1000000\"\n");
    let said = place.done("alerts backtest run -c other.toml");
    assert!(said.out.contains("no rule would have said anything"), "{said:?}");
    place.done(&format!("backtest {} --strategy ema-cross -o quiet", sample.display()));
    let said = place.done("alerts backtest quiet");
    assert!(said.err.contains("no [[alerts.rule]]"), "{said:?}");
    assert_eq!(place.json("alerts backtest quiet --json"), Value::Array(Vec::new()));
}

/// Breaks when somebody who asks for the impossible is not told what is wrong and where.
#[test]
fn what_cannot_be_backtested_is_said() {
    let place = Place::new();
    place.write("bad.toml", "[[alerts.rule]]\nkind = \"equty\"\n");
    place.write("c.toml", RULES);
    let sample = root().join("replays/samples/binance-spot-20250325");
    place.copy(sample.to_str().unwrap(), "market");
    place.done("backtest market -c c.toml -o lean");
    std::fs::remove_dir_all(place.path("market")).unwrap();
    let rows = [
        ("alerts backtest nowhere", 1, "nowhere"),
        ("alerts backtest lean", 1, "lean holds no inputs"),
        ("alerts backtest lean -c none.toml", 4, "none.toml"),
        ("alerts backtest lean -c bad.toml", 4, "bad.toml:2"),
        ("alerts backtest", 2, "RUNDIR"),
        ("alerts test -c bad.toml", 4, "bad.toml:2"),
    ];
    for (args, code, expected) in rows {
        let said = place.reprise(args);
        assert!(said.code == code && said.err.contains(expected), "{args}: {said:?}");
    }
    let said = place.reprise_with("alerts test", &[("SLACK_BOT_TOKEN", "hunter2")]);
    assert!(said.code == 1 && said.err.contains("alerts.slack.channel"), "{said:?}");
    assert!(!said.err.contains("hunter2"));
}

/// A run without a market: after a second it tells that no data comes.
const LONELY: &str = r#"
[venues.coinbase]
products = ["BTC-USD"]
rest_url = "http://127.0.0.1:1"
ws_url = "ws://127.0.0.1:1"
[control]
listen = ""
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000"
[journal]
durability = "orders"
[alerts.delivery]
first_retry_ms = 50
[[alerts.rule]]
kind = "feed"
after_s = 1
"#;

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it does not come about: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Breaks when a process that is killed after Slack took a message and before that is journaled loses the alert, sends
/// it under another id, sends it more than once more, or makes Teams hear it again.
#[test]
fn a_process_killed_before_the_record_sends_the_same_id_again() {
    let place = Place::new();
    place.write("c.toml", LONELY);
    let process: Arc<Mutex<Option<Child>>> = Arc::default();
    let victim = Arc::clone(&process);
    let (teams, to_teams) = inbox("hunter2");
    let journal = place.path("run/000001.jsonl");
    let (slack, to_slack) = inbox_that("hunter2", move |count| {
        if count > 1 {
            return true;
        }
        // Only Slack is cut off.
        until("that Teams has it is journaled", || {
            std::fs::read_to_string(&journal).is_ok_and(|text| text.contains(r#""channel":"teams""#))
        });
        victim.lock().unwrap().as_mut().unwrap().kill().unwrap();
        false
    });
    let start = |args: &str| {
        let mut command = place.command(REPRISE);
        command
            .args(args.split_whitespace())
            .env("SLACK_WEBHOOK_URL", &slack)
            .env("TEAMS_WEBHOOK_URL", &teams);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    *process.lock().unwrap() = Some(start("run --mode paper -c c.toml -o run --duration 60s"));
    until("it is killed", || {
        let mut process = process.lock().unwrap();
        process.as_mut().unwrap().try_wait().unwrap().is_some_and(|status| status.code().is_none())
    });
    let mut resumed = start("run --mode paper --resume run --duration 1s");
    assert!(resumed.wait().unwrap().success());
    let sent = to_slack.lock().unwrap().clone();
    let title = |message: &Value| message["blocks"][0]["text"]["text"].clone();
    let first = sent.iter().filter(|message| title(message) == "warning: feed-1").count();
    assert!(first == 2 && sent[0] == sent[1], "the same message twice, word for word: {sent:?}");
    let of_first = |event: &&Value| event["data"]["alert"] == "feed-1";
    let delivered = place.events("run", "--kind alert.delivered");
    let channels: Vec<&Value> =
        delivered.iter().filter(of_first).map(|event| &event["data"]["channel"]).collect();
    assert_eq!(channels, ["teams", "slack"]);
    assert_eq!(to_teams.lock().unwrap().iter().filter(|card| card.to_string().contains("feed-1")).count(), 1);
    for text in [place.events("run", "--kind alert."), place.events("run", "--kind run.")] {
        assert!(!format!("{text:?}").contains("hunter2"), "{text:?}");
    }
    place.done("journal verify run");
}

//! Commands become events in the journal, with who and why, and are answered with their number.

use std::time::Duration;

use reprise_assembly::Registry;
use reprise_console::{Guard, Live, Source, SourceError, Token};
use reprise_journal::JournalReader;
use reprise_model::Input;
use reprise_model::event::{Command, FeedState, OperatorCommand, RunMode};
use reprise_runtime::Engine;
use serde_json::{Value, json};

use crate::guarded::commands_of;
use crate::kit::{CANARY, NAMES, Running, config, feed};

/// The command with this number.
fn command_at(run: &std::path::Path, seq: u64) -> OperatorCommand {
    let mut reader = JournalReader::open(run).unwrap();
    let mut inputs = std::iter::from_fn(|| reader.next_input().unwrap());
    let (.., input) = inputs.find(|(at, ..)| at.0 == seq).unwrap();
    let Input::OperatorCommand(command) = input else { unreachable!("seq {seq} is {input:?}") };
    *command
}

/// Breaks when a command does not do what it says, is journaled without who and why, or is answered with another
/// number than its own.
#[test]
fn each_command_does_what_it_says_and_is_journaled() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::start(&run, &[]);
    running.play(400, Duration::from_millis(400));
    let holds = |status: &Value, field: &str, value: &str| assert_eq!(status[field], value, "{status}");
    let rows: &[(&str, Value, &str, &str)] = &[
        ("/pause", json!({"by": "ann", "reason": "lunch"}), "strategies", "paused"),
        ("/resume", json!({"by": "ann"}), "strategies", "running"),
        ("/cancel-all", json!({"instrument": "BTC-USD.TEST", "all": true}), "trading", "active"),
        ("/set-limit", json!({"key": "max_drawdown", "value": "77.5", "by": "bob"}), "trading", "active"),
        (
            "/set-limit",
            json!({"key": "max_order_qty", "value": "2", "instrument": "BTC-USD.TEST"}),
            "trading",
            "active",
        ),
        ("/reduce-only", json!({"reason": "wild"}), "trading", "reduce_only"),
        ("/kill", json!({"reason": "wilder", "flatten": true}), "trading", "halted"),
        ("/release", json!({"reason": "calm again"}), "trading", "active"),
    ];
    let mut given = Vec::new();
    for (path, body, field, value) in rows {
        let answer = running.post(path, &body.to_string());
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let done = answer.json();
        holds(&running.get("/status").json(), field, value);
        given.push((done["seq"].as_u64().unwrap(), body.clone(), done));
    }
    let limits = running.get("/limits").json();
    let limit =
        |key: &str| limits.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()["limit"].clone();
    assert_eq!((limit("max_drawdown"), limit("max_order_qty")), (json!("77.5"), json!("2")), "{limits}");
    running.stop();
    assert_eq!(commands_of(&run).len(), rows.len());
    for (seq, body, done) in given {
        let event = command_at(&run, seq);
        let said = |field: &str| body[field].as_str().map(str::to_owned);
        assert_eq!(event.by, said("by").unwrap_or_else(|| "operator".to_owned()));
        assert_eq!(event.reason, said("reason").unwrap_or_default());
        assert_eq!(event.key, said("key"));
        assert_eq!(event.flatten, body["flatten"].as_bool().unwrap_or_default());
        assert_eq!(done["command"], event.command.to_string());
    }
}

/// Breaks when a command that an engine has heard and not answered is called undone, or one to an engine that is gone
/// waits for it.
#[test]
fn an_engine_that_is_silent_and_one_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let pause = || OperatorCommand::new(Command::Pause, "ann", "");
    let mut engine = Engine::create(&run, &config(&[]), &Registry::builtin(), RunMode::Paper).unwrap();
    let (live, keeping) = Live::watch(&mut engine, "run").unwrap();
    assert_eq!(live.command(pause()), Err(SourceError::Unanswered));
    drop(engine);
    assert_eq!(live.command(pause()), Err(SourceError::Silent));
    keeping.stop();
}

/// Breaks when a recording takes commands, which stop nothing there and would be played with it, or its feeds are not
/// looked at.
#[test]
fn a_recording_takes_no_commands() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let guard = Guard { token: Token::new(CANARY), ..Guard::default() };
    let mut running = Running::start_as(RunMode::Record, &run, &[], guard, "127.0.0.1:0");
    for path in ["/kill", "/pause", "/cancel-all"] {
        let answer = running.post(path, "");
        assert!(answer.status == 409 && answer.body.contains("records the market"), "{path}: {answer:?}");
    }
    assert_eq!(running.get("/readyz").status, 200);
    running.take(feed(NAMES[1], FeedState::Down, Some("the connection broke")));
    running.until(|running| running.get("/readyz").body.contains("[-] feeds: one is down"));
    running.stop();
    assert!(commands_of(&run).is_empty());
}

/// Breaks when what is shown is not what the engine holds: positions, orders, equity, head-room.
#[test]
fn what_is_shown_is_what_is() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::start(&run, &[]);
    running.play(3_000, Duration::from_millis(2_500));
    running.until(|running| running.gauges.fills() > 0);
    // What is on its way to be remembered arrives.
    std::thread::sleep(Duration::from_millis(300));
    let shown = running.get("/snapshot").json();
    let numbers = running.controller.ask(crate::kit::PATIENCE, |view| {
        let state = view.core.unwrap().state();
        let net: Vec<String> =
            state.markets.iter().map(|(ix, _)| state.positions.net(ix).to_string()).collect();
        (net, state.orders.open_count(), state.account.opening().to_string())
    });
    let (net, open, opening) = numbers.unwrap();
    let markets = shown["markets"].as_array().unwrap();
    assert_eq!(markets.iter().map(|row| row["net"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), net);
    assert_eq!(shown["status"]["open_orders"], open);
    assert_eq!(shown["orders"].as_array().unwrap().len(), open as usize);
    assert_eq!(shown["account"]["opening"], opening.as_str());
    let limits = shown["limits"].as_array().unwrap();
    let open_orders = limits.iter().find(|row| row["key"] == "max_open_orders").unwrap();
    assert_eq!(open_orders["used"], open.to_string().as_str());
    assert_eq!(open_orders["room"], (20 - i64::from(open)).to_string().as_str());
    let exposure = limits.iter().find(|row| row["key"] == "max_gross_exposure").unwrap();
    assert!(exposure["percent"].as_u64().unwrap() <= 100, "{exposure}");
    let fills = running.get("/fills").json();
    assert_eq!(fills.as_array().unwrap().len() as u64, shown["status"]["fills"].as_u64().unwrap().min(500));
    assert_eq!(
        running.get("/readyz?verbose").body,
        "[+] engine ok\n[+] run ok\n[+] feeds ok\n[+] journal ok\nready\n"
    );
    assert_eq!(running.get("/livez").body, "ok\n");
    running.stop();
}

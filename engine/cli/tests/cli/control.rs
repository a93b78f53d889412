//! Looking at a run and commanding it from a shell, against a live run and against nothing.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{Place, REPRISE, root};

const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: (&str, &str) = ("REPRISE_CONTROL_TOKEN", "canary-of-the-shell");

/// A process that says where it listens.
struct Serving {
    process: Child,
    url: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A run without a market: it says that no data comes, and waits.
fn run(place: &Place) -> Serving {
    let mut command = place.command(REPRISE);
    command.args(
        "run --mode paper -o run --duration 50s --log json --set control.listen=127.0.0.1:0"
            .split_whitespace(),
    );
    for (key, url) in [("rest", "http"), ("ws", "ws")] {
        for venue in ["coinbase", "hyperliquid"] {
            command.args(["--set", &format!("venues.{venue}.{key}_url={url}://127.0.0.1:1")]);
        }
    }
    command.env(TOKEN.0, TOKEN.1).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let said: Value = serde_json::from_str(&line).ok()?;
        said["address"].as_str().map(str::to_owned)
    });
    // What it says later must not block it.
    std::thread::spawn(move || lines.for_each(drop));
    Serving { process, url: format!("http://{}", address.expect("it says where it listens")) }
}

/// Breaks when a command from a shell does not reach the run, is not journaled with who and why, goes through without
/// the token, or shows the token.
#[test]
fn a_run_is_looked_at_and_commanded() {
    let place = Place::new();
    let running = run(&place);
    let at = format!("--url {}", running.url);
    let began = Instant::now();
    let status = loop {
        let said = place.reprise(&format!("status {at} --json"));
        if said.code == 0 || began.elapsed() > PATIENCE {
            break said.json();
        }
    };
    assert_eq!((&status["mode"], &status["trading"]), (&Value::from("paper"), &Value::from("active")));
    for path in ["orders", "positions", "limits"] {
        assert!(place.json(&format!("{path} {at} --json")).is_array(), "{path}");
        assert_eq!(place.reprise(&format!("{path} {at}")).code, 0);
    }
    assert!(place.done(&format!("top --once {at}")).out.contains("kill switch active"));
    let refused = place.reprise(&format!("kill {at}"));
    assert!(refused.code == 1 && refused.err.contains("takes the token"), "{refused:?}");
    let commands = [
        ("pause --by ann --reason lunch", "pause by ann: lunch"),
        ("resume --by ann", "resume by ann: "),
        ("cancel-all --all --by ann", "cancel_all by ann: "),
        ("set-limit max_drawdown 12.5 --by ann", "set_limit by ann: "),
        ("reduce-only --by ann", "reduce_only by ann: "),
        ("kill --flatten --by ann --reason enough", "kill by ann: enough"),
        ("release --by ann --reason again", "release by ann: again"),
    ];
    let mut seqs = Vec::new();
    for (command, _) in commands {
        let said = place.reprise_with(&format!("{command} {at} --json"), &[TOKEN]);
        assert_eq!(said.code, 0, "{command}: {said:?}");
        seqs.push(said.json()["seq"].as_u64().unwrap());
    }
    let wrong = place.reprise_with(&format!("set-limit max_fun 1 {at}"), &[TOKEN]);
    assert!(wrong.code == 1 && wrong.err.contains("no limit named"), "{wrong:?}");
    drop(running);
    let given = place.events("run", "--kind operator.command");
    assert_eq!(given.iter().map(|line| line["seq"].as_u64().unwrap()).collect::<Vec<_>>(), seqs);
    for (line, (_, expected)) in given.iter().zip(commands) {
        let said = |field: &str| line["data"][field].as_str().unwrap_or_default().to_owned();
        assert_eq!(format!("{} by {}: {}", said("command"), said("by"), said("reason")), expected);
        assert!(!line.to_string().contains(TOKEN.1));
    }
}

/// Breaks when a shell cannot tell that nothing runs, or that what runs does not answer.
#[test]
fn nothing_that_runs_and_nothing_that_answers() {
    let place = Place::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    for command in ["status", "orders", "kill", "top --once"] {
        let nobody = place.reprise(&format!("{command} --url http://127.0.0.1:1"));
        assert!(nobody.code == 3 && nobody.err.contains("no run answers"), "{nobody:?}");
        let slow = place.reprise(&format!("{command} --url http://{address} --patience 300ms"));
        assert!(slow.code == 5 && slow.err.contains("in time"), "{slow:?}");
    }
}

/// Breaks when a backtest cannot be looked at in the browser, shows other numbers than its report, or takes commands.
#[test]
fn a_backtest_in_the_console() {
    let place = Place::new();
    let sample = root().join("replays/samples/binance-spot-20250325");
    let report = place.json(&format!(
        "backtest {} --strategy ema-cross --set strategy.qty=0.01 -o bt --json",
        sample.display()
    ));
    let mut process = place
        .command(REPRISE)
        .args("console bt --listen 127.0.0.1:0 --json".split_whitespace())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok) {
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    let url = serde_json::from_str::<Value>(&text).unwrap()["console"].as_str().unwrap().to_owned();
    let served = Serving { process, url };
    let at = format!("--url {}", served.url);
    let status = place.json(&format!("status {at} --json"));
    assert_eq!(status["phase"], "finished");
    assert_eq!(status["fills"], report["fills"], "{status} {report}");
    let refused = place.reprise_with(&format!("pause {at}"), &[TOKEN]);
    assert_eq!(refused.code, 1, "{refused:?}");
}

//! A run that loses, is stopped by its risk, and is watched from everywhere while it does: Slack, Teams, metrics, the
//! control API, the console's page and the journal say the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::alerts::inbox;
use crate::devtools::Browser;
use crate::kit::{Place, exact};
use crate::running::{BUSY, Live, PATIENCE, Venues, get, log_of, logs_of};
use crate::shapes::{adaptive_card, block_kit};

/// Fees make it lose: first so much that it is told, then so much that it is stopped and sells what it has.
const RULES: &str = r#"
[engine]
line_interval_ms = 200
[risk]
max_daily_loss = "3"
on_loss = "halt"
flatten_on_halt = true
[control]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[[alerts.rule]]
kind = "day_pnl"
below = "-1"
hysteresis = "1000"
[[alerts.rule]]
kind = "kill_switch"
"#;

/// Perpetuals alone: they are closed whole, so that nothing is left in the end whose price goes on moving.
fn config() -> String {
    let busy = BUSY.replace(r#"["BTC-USD", "ETH-USD"]"#, "[]").replace(r#""book""#, r#""unlimited""#);
    busy.replace("[risk]\nmax_open_orders = 50\n", "").replace(r#""100""#, r#""1000""#) + RULES
}

/// What must be seen by nobody.
const CANARIES: [&str; 3] = ["canary-of-control", "canary-of-slack", "canary-of-teams"];

/// Where a run's servers are, as its log says.
fn address_of(place: &Place, message: &str) -> String {
    let began = Instant::now();
    loop {
        let found = logs_of(place).into_iter().find_map(|line| {
            let said = line["message"].as_str()?;
            let url = said.strip_prefix("console: ").or_else(|| line["url"].as_str())?;
            said.starts_with(message)
                .then(|| url.trim_start_matches("http://").split('/').next().map(str::to_owned))?
        });
        if let Some(address) = found {
            return address;
        }
        assert!(began.elapsed() < PATIENCE, "no '{message}': {}", log_of(place));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the control API shows under a path.
fn shown(address: &str, path: &str) -> Value {
    let text = get(address, path);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
}

/// Waits until the run has been stopped and has sold everything.
fn until_stopped(place: &Place, control: &str) {
    let began = Instant::now();
    loop {
        let (status, positions) = (shown(control, "/status"), shown(control, "/positions"));
        let is_flat = positions.as_array().unwrap().iter().all(|row| row["qty"] == "0");
        if status["trading"] == "halted" && status["open_orders"] == 0 && is_flat {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{status}\n{positions}\n{}", log_of(place));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Where a scrape and the control API do not say the same of money, orders, the kill switch and messages.
fn differences(scrape: &str, control: &str) -> Vec<String> {
    let (status, account) = (shown(control, "/status"), shown(control, "/account"));
    let money = |key: &str| exact(&account[key]) as f64 / 1e12;
    let count = |key: &str| status[key].as_u64().unwrap() as f64;
    let told =
        |channel| format!("reprise_alert_messages_total{{channel=\"{channel}\",outcome=\"delivered\"}}");
    let outcome = |kind| format!("reprise_events_total{{class=\"outcome\",kind=\"{kind}\"}}");
    let rows = [
        ("reprise_equity{asset=\"USD\"}".to_owned(), money("equity")),
        ("reprise_drawdown{asset=\"USD\"}".to_owned(), money("drawdown")),
        ("reprise_kill_switch_engaged".to_owned(), 1.0),
        ("reprise_trading_state{state=\"halted\"}".to_owned(), 1.0),
        ("reprise_trading_state{state=\"active\"}".to_owned(), 0.0),
        ("reprise_strategies_paused".to_owned(), 1.0),
        ("reprise_open_orders{".to_owned(), count("open_orders")),
        (outcome("order.submitted"), count("orders")),
        (outcome("order.denied"), count("denied")),
        (outcome("alert.raised"), 2.0),
        (told("slack"), 2.0),
        (told("teams"), 2.0),
    ];
    let sum = |series: &str| -> Option<f64> {
        let values: Vec<f64> = scrape
            .lines()
            .filter(|line| line.starts_with(series))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    };
    rows.iter()
        .filter(|(series, expected)| sum(series).is_none_or(|found| (found - expected).abs() > 1e-6))
        .map(|(series, expected)| format!("{series} is {:?}, not {expected}", sum(series)))
        .collect()
}

/// The metrics, once they say what the control API says; a paused run's numbers stand still, so that they come to.
fn agreed(metrics: &str, control: &str) -> String {
    let began = Instant::now();
    loop {
        let scrape = get(metrics, "/metrics");
        let differences = differences(&scrape, control);
        if differences.is_empty() {
            return scrape;
        }
        assert!(began.elapsed() < PATIENCE, "{differences:#?}\n{scrape}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The page shows the same equity and the same state, and complains about nothing.
fn check_page(control: &str, account: &Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(mut browser) = Browser::start().await else {
            println!("the page was not looked at: this machine has no chromium");
            return;
        };
        browser.open(&format!("http://{control}/"), 1000).await;
        browser.until("document.body && document.body.dataset.ready === 'yes'").await;
        browser.until("document.getElementById('badges').innerText.toLowerCase().includes('halted')").await;
        let tile = "document.querySelector('#tiles dd').textContent.replace(/[^0-9.-]/g, '')";
        let equity: f64 = browser.value_of(tile).await.as_str().unwrap().parse().unwrap();
        assert!((equity - exact(&account["equity"]) as f64 / 1e12).abs() < 0.011, "{equity} for {account}");
        let alerts = browser.value_of("document.getElementById('alerts').innerText").await;
        assert!(alerts.as_str().unwrap().contains("the kill switch was engaged"), "{alerts}");
        browser.open("about:blank", 400).await;
        assert_eq!(browser.complaints, Vec::<String>::new());
    });
}

/// Each alert of the journal is in an inbox once, and nothing else is.
fn check_inbox(name: &str, messages: &[Value], raised: &[Value]) {
    let ids: Vec<&str> = raised.iter().map(|event| event["data"]["alert"].as_str().unwrap()).collect();
    assert_eq!(messages.len(), ids.len(), "{name}: {ids:?} in {messages:?}");
    for (id, event) in ids.iter().zip(raised) {
        let of_it: Vec<String> =
            messages.iter().map(Value::to_string).filter(|message| message.contains(id)).collect();
        assert_eq!(of_it.len(), 1, "{name}: {id} in {messages:?}");
        let command = format!("journal cat run --from {} --to {}", event["cause"], event["seq"]);
        let (text, seq) = (event["data"]["text"].as_str().unwrap(), format!("seq {}", event["seq"]));
        for part in [text, &seq, "run run", &command] {
            assert!(of_it[0].contains(part), "{name}: {part} in {}", of_it[0]);
        }
    }
}

fn until_taken(inboxes: [&Arc<Mutex<Vec<Value>>>; 2], count: usize, place: &Place) {
    let began = Instant::now();
    while inboxes.iter().any(|inbox| inbox.lock().unwrap().len() < count) {
        assert!(began.elapsed() < PATIENCE, "{count} messages do not arrive: {}", log_of(place));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn check_no_canary(whose: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {whose}: {text}");
    }
}

fn check_no_canary_in_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_no_canary_in_files(&path);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            check_no_canary(&path.display().to_string(), &text);
        }
    }
}

/// Breaks when what is told, measured, shown and journaled of a run is not the same; when a message is missing, comes
/// twice or lacks what happened, where or how to look; when a stopped run trades again after a crash; or when a secret
/// comes out anywhere.
#[test]
fn a_run_is_watched_to_its_kill() {
    let place = Place::new();
    place.write("watched.toml", config());
    let venues = Venues::start(&place, "");
    let ((slack, to_slack), (teams, to_teams)) = (inbox(CANARIES[1]), inbox(CANARIES[2]));
    let env = [
        ("REPRISE_CONTROL_TOKEN", CANARIES[0]),
        ("SLACK_WEBHOOK_URL", slack.as_str()),
        ("TEAMS_WEBHOOK_URL", teams.as_str()),
    ];
    let start =
        |args: &str| Live::start_in(&place, &venues, &format!("run --mode paper {args} --log json"), &env);

    let run = start("-c watched.toml -o run");
    let (control, metrics) = (address_of(&place, "console: "), address_of(&place, "metrics are served"));
    until_stopped(&place, &control);
    // What is stopped still asks, and is denied; it is not to be counted meanwhile.
    let said = place.reprise_with(&format!("pause --url http://{control} --by ann --reason look"), &env);
    assert_eq!(said.code, 0, "{said:?}");
    until_taken([&to_slack, &to_teams], 2, &place);
    let account = shown(&control, "/account");
    let scrape = agreed(&metrics, &control);
    check_page(&control, &account);
    for path in ["/", "/snapshot", "/alerts", "/openapi.json", "/readyz?verbose"] {
        check_no_canary(path, &get(&control, path));
    }
    check_no_canary("metrics", &scrape);
    run.signal("KILL");
    run.end();
    check_no_canary("the log", &log_of(&place));

    let run = start("--resume run");
    let control = address_of(&place, "console: ");
    assert_eq!(shown(&control, "/status")["trading"], "halted", "a stopped run stays stopped");
    let said =
        place.reprise_with(&format!("kill --url http://{control} --by ann --reason again --json"), &env);
    assert_eq!(said.code, 0, "{said:?}");
    run.signal("TERM");
    assert_eq!(run.end().0, Some(0), "{}", log_of(&place));
    check_no_canary("the log", &log_of(&place));

    assert_eq!(place.json("verify run --json")["identical"], true);
    let raised = place.events("run", "--kind alert.raised");
    let rules: BTreeSet<&str> = raised.iter().map(|event| event["data"]["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, BTreeSet::from(["day_pnl", "kill_switch"]), "{raised:?}");
    to_slack.lock().unwrap().iter().for_each(|message| block_kit::check(message, &[]).unwrap());
    to_teams.lock().unwrap().iter().for_each(|message| adaptive_card::check(message).unwrap());
    check_inbox("Slack", &to_slack.lock().unwrap(), &raised);
    check_inbox("Teams", &to_teams.lock().unwrap(), &raised);
    let delivered = place.events("run", "--kind alert.delivered");
    assert_eq!(delivered.len(), 2 * raised.len(), "{delivered:?}");
    let last = place
        .events("run", "--kind account.changed")
        .into_iter()
        .rfind(|event| !event["data"]["equity"].is_null());
    assert_eq!(last.unwrap()["data"]["equity"], account["equity"]);
    let after_kill = place.events("run", "--kind order.submitted --kind risk.state");
    let halted = after_kill.iter().position(|event| event["data"]["state"] == "halted").unwrap();
    assert!(
        after_kill[halted..]
            .iter()
            .all(|event| event["kind"] == "risk.state" || event["data"]["reduce_only"] == true),
        "nothing that adds leaves behind the kill: {after_kill:?}"
    );
    check_no_canary_in_files(&place.path("run"));
    for inbox in [to_slack, to_teams] {
        check_no_canary("a message", &Value::from(inbox.lock().unwrap().clone()).to_string());
    }
}

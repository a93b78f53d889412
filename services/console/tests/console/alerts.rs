//! What wants a person's eye is shown: feeds, commands, the kill switch, the alerts that rules raised; and whether the
//! run is as it should be.

use std::time::Duration;

use reprise_model::event::{FeedState, FeedStatus};
use reprise_model::{Input, Label};
use serde_json::Value;

use crate::kit::{NAMES, Running, feed};

fn of_venue(state: FeedState, reason: &str) -> Input {
    let venue = Label::new("TEST").unwrap();
    Input::FeedStatus(FeedStatus {
        venue,
        instrument: None,
        state,
        reason: Some(reason.to_owned()),
        conflated: None,
    })
}

/// The alerts that are shown, oldest first, as `kind text`.
fn shown(running: &Running) -> Vec<String> {
    let rows = running.get("/alerts").json();
    let word = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let told = rows.as_array().unwrap().iter().rev();
    told.map(|row| format!("{} {} {}", word(row, "kind"), word(row, "severity"), word(row, "text"))).collect()
}

/// Breaks when an alert of a rule is not shown, or not with its rule and how much it matters; when a feed that is lost
/// is not, or one that says the same again is shown again.
#[test]
fn alerts_are_shown_beside_what_else_wants_an_eye() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(&dir.path().join("run"), &[]);
    for _ in 0..3 {
        running.take(feed(NAMES[0], FeedState::Down, Some("the connection broke")));
    }
    running.take(feed(NAMES[0], FeedState::Live, None));
    for _ in 0..2 {
        running.take(of_venue(FeedState::Down, "the venue closed"));
    }
    running.until(|running| shown(running).len() >= 5);
    assert_eq!(running.post("/kill", r#"{"by":"ann","reason":"prices look wrong"}"#).status, 200);
    running.until(|running| shown(running).iter().any(|row| row.starts_with("alert.raised")));
    let told = shown(&running);
    let expected = [
        "feed.status  feed of BTC-USD.TEST is live",
        "feed.status  feed of ETH-USD.TEST is live",
        "feed.status  feed of BTC-USD.TEST is down: the connection broke",
        "feed.status  feed of BTC-USD.TEST is live",
        "feed.status  feed of TEST is down: the venue closed",
        "operator.command  kill by ann: prices look wrong",
        "risk.state  kill switch is halted, by operator: prices look wrong",
    ];
    assert_eq!(told[..expected.len()], expected);
    assert!(told[expected.len()].starts_with("alert.raised critical "), "{told:?}");
    let rows = running.get("/alerts").json();
    let raised = rows.as_array().unwrap().iter().find(|row| row["kind"] == "alert.raised").unwrap();
    assert_eq!(raised["rule"], "kill_switch", "{raised}");
    running.stop();
}

/// Breaks when a run whose feed is lost is called ready, one whose kill switch was pulled is not, or the age of a price
/// stands still where nothing comes any more.
#[test]
fn a_run_that_lost_its_feed_is_not_ready_and_its_prices_grow_old() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(&dir.path().join("run"), &[]);
    running.play(40, Duration::from_millis(40));
    assert_eq!(running.post("/kill", "").status, 200);
    assert_eq!(running.get("/readyz").status, 200);
    assert_eq!(running.get("/readyz").body, "ready\n");
    running.take(feed(NAMES[1], FeedState::Down, Some("the connection broke")));
    running.until(|running| running.shown_live() == 1);
    let answer = running.get("/readyz?verbose");
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        "[+] engine ok\n[+] run ok\n[-] feeds: ETH-USD.TEST is down\n[+] journal ok\nnot ready\n"
    );
    let age = |running: &Running| running.get("/markets").json()[0]["age_ms"].as_u64().unwrap();
    running.until(|running| age(running) > 500);
    running.stop();
}

//! Faults as a client meets them.

use std::time::Duration;

use reprise_venue_sim::faults::Kind;
use serde_json::Value;
use tokio::time::Instant;

use super::support::{DEADLINE, Venue, limit, order};
use crate::recording::{busy, still};

fn script(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("[[fault]]\n{}\n", row.replace("; ", "\n"))).collect()
}

/// Breaks when a request's fault is another one, or an order is lost or placed twice by it.
#[tokio::test]
async fn requests_fail_as_they_are_told_to() {
    let venue = Venue::with_faults(
        &still(),
        &script(&[
            "kind = \"rate_limit\"; path = \"/orders\"",
            "kind = \"error_after\"; path = \"/orders\"",
            "kind = \"lost_reply\"; path = \"/orders\"",
            "kind = \"malformed\"; path = \"/orders\"",
            "kind = \"unknown_body\"; path = \"/orders\"",
            "kind = \"delay\"; delay_ms = 300; path = \"/orders\"",
        ]),
    );
    let client = venue.client("someone").await;
    let statuses =
        [(Some(429), 0), (Some(503), 1), (None, 2), (Some(200), 3), (Some(200), 4), (Some(200), 5)];
    for (n, (expected, placed)) in statuses.into_iter().enumerate() {
        let id = format!("order-{n}");
        let began = Instant::now();
        let answer = client.try_post("/orders", order(&id, "BUY", limit("0.001", "90000"))).await;
        let took = began.elapsed();
        assert_eq!(answer.as_ref().map(|(status, _)| *status), expected, "{n}: {answer:?}");
        let body = answer.map(|(_, body)| body).unwrap_or_default();
        match n {
            0 => assert_eq!(body["errors"][0]["id"], "rate_limit_exceeded"),
            3 => assert!(body.is_string(), "half an answer is no JSON: {body}"),
            4 => assert!(body["surprise"].is_object(), "{body}"),
            5 => assert!(took >= Duration::from_millis(300), "{took:?}"),
            _ => {}
        }
        // A question about orders would be struck itself: the balance tells what is there.
        let held = client.balance("USD").await.1;
        let expected = [0.0, 90.54, 181.08, 271.62, 362.16, 452.7][placed];
        assert!((held.parse::<f64>().unwrap() - expected).abs() < 1e-9, "{n}: {held}");
    }
    let struck = venue.running.faults_struck();
    assert_eq!(struck.values().sum::<u64>(), 6, "{struck:?}");
}

/// Messages of a minute at most, until one is as wanted.
async fn numbers(venue: &Venue, is_last: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut socket = venue.socket("/ws").await;
    socket.subscribe("level2", &["BTC-USD"]).await;
    socket.subscribe("heartbeats", &[]).await;
    let deadline = Instant::now() + DEADLINE;
    let mut messages = Vec::new();
    while !is_last(&messages) {
        match socket.next(deadline).await {
            Some(message) => messages.push(message),
            None => break,
        }
    }
    messages
}

/// Whether messages are as a fault makes them.
type IsRight = fn(&[Value]) -> bool;

/// Breaks when a fault of frames does not reach the client, or not as what it is.
#[tokio::test]
async fn frames_fail_as_they_are_told_to() {
    let after = "after = 3; venue = \"coinbase\"; channel = \"l2_data\"";
    let rows: &[(&str, IsRight)] = &[
        ("drop", |found| jumps(found) == [2]),
        ("gap", |found| jumps(found) == [2]),
        ("duplicate", |found| jumps(found) == [0]),
        ("reorder", |found| jumps(found) == [2, -1, 2]),
        ("malformed", |found| found.iter().any(Value::is_string)),
        ("unknown_body", |found| found.iter().any(|message| message["surprise"].is_object())),
        ("unknown_channel", |found| {
            found.iter().any(|message| message["channel"] == "unheard_of") && jumps(found).is_empty()
        }),
    ];
    for (kind, is_right) in rows {
        let venue = Venue::with_faults(&busy(), &script(&[&format!("kind = \"{kind}\"; {after}")]));
        let found = numbers(&venue, |messages| messages.len() >= 30).await;
        assert!(is_right(&found), "{kind}: {:?} in {found:?}", jumps(&found));
        assert_eq!(venue.running.faults_struck().values().sum::<u64>(), 1, "{kind}");
    }
    let venue = Venue::with_faults(&busy(), &script(&[&format!("kind = \"disconnect\"; {after}")]));
    let found = numbers(&venue, |_| false).await;
    assert!(found.len() < 30, "the connection was cut");
}

/// Where a number does not follow the one before it, by how much it differs.
fn jumps(messages: &[Value]) -> Vec<i64> {
    let numbers: Vec<i64> = messages.iter().filter_map(|message| message["sequence_num"].as_i64()).collect();
    numbers.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step != 1).collect()
}

/// Breaks when a silent venue says something, a stalled product does, or others say nothing.
#[tokio::test]
async fn silence_and_stalls_last() {
    let venue =
        Venue::with_faults(&busy(), &script(&["kind = \"stall\"; instrument = \"BTC-USD\"; at = \"0s\""]));
    let beats = |messages: &[Value], n| messages.iter().filter(|m| m["channel"] == "heartbeats").count() >= n;
    let found = numbers(&venue, |messages| beats(messages, 2)).await;
    assert!(found.iter().all(|message| message["channel"] != "l2_data"), "{found:?}");
    assert!(beats(&found, 2));
    assert!(venue.running.faults_struck()[&Kind::Stall] > 10);

    let venue = Venue::with_faults(&busy(), &script(&["kind = \"silent\"; at = \"0s\"; for = \"3s\""]));
    let began = Instant::now();
    let found = numbers(&venue, |messages| !messages.is_empty()).await;
    assert!(began.elapsed() > Duration::from_secs(2), "nothing for three seconds, then all goes on");
    assert!(found[0]["sequence_num"].as_u64().unwrap() > 50, "what was not sent had its number");
}

/// Breaks when the venue's clock is right although it is told to be wrong.
#[tokio::test]
async fn clocks_are_skewed() {
    let venue = Venue::with_faults(&still(), &script(&["kind = \"clock_skew\"; by_ms = -20000"]));
    let client = venue.client("someone").await;
    let (_, time) = client.get("/time").await;
    let told: u64 = time["epochMillis"].as_str().unwrap().parse().unwrap();
    let off = (super::support::now_s() * 1_000).saturating_sub(told);
    assert!((18_000..22_000).contains(&off), "{off}");
    let mut socket = venue.socket("/ws").await;
    socket.subscribe("heartbeats", &[]).await;
    let told = socket.on("heartbeats").await["timestamp"].as_str().unwrap().to_owned();
    let told = reprise_venues::coinbase::time::parse(&told).unwrap().0 / 1_000_000_000;
    assert!((18..22).contains(&(super::support::now_s() - told)), "{told}");
}

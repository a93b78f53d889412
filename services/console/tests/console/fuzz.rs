//! A hundred thousand requests that are wrong in one way or another, from one seed.

use axum::body::Body;
use axum::http::{Request, header};
use reprise_console::MOST_BODY;

use crate::guarded::{commands_of, runtime, told};
use crate::kit::{CANARY, Running, Walk};

const REQUESTS: u64 = 100_000;
const PATHS: [&str; 12] = [
    "/kill",
    "/pause",
    "/resume",
    "/reduce-only",
    "/cancel-all",
    "/release",
    "/set-limit",
    "/kill/",
    "//kill",
    "/KILL",
    "/%6bill",
    "/kill?flatten=true",
];
const HOSTS: [&str; 5] = ["evil.example", "localhost.", "", "127.0.0.1.evil.example", "user@localhost"];
const ORIGINS: [&str; 4] = ["http://evil.example", "null", "http://localhost.evil.example", "file://"];
const SCRAPS: [&str; 14] = [
    "{",
    "}",
    "[",
    "\"",
    "reason",
    "flatten",
    ":",
    ",",
    "true",
    "null",
    "\\u0000",
    "1e999",
    "\u{1F525}",
    " ",
];

/// One of them.
fn pick<'a>(draw: &mut Walk, from: &[&'a str]) -> &'a str {
    from[(draw.draw() % from.len() as u64) as usize]
}

/// A body that is no command: scraps of JSON behind something that never closes.
fn malformed(draw: &mut Walk) -> String {
    let mut body = String::from("{\"reason\":");
    for _ in 0..draw.draw() % 12 {
        body.push_str(pick(draw, &SCRAPS));
    }
    body.push('[');
    body
}

/// A request with at least one flaw.
fn request(draw: &mut Walk) -> Request<Body> {
    let flaw = draw.draw() % 5;
    let token = match draw.draw() % 4 {
        0 => String::new(),
        1 => format!("Bearer {CANARY}x"),
        2 => format!("bearer {}", &CANARY[..(draw.draw() as usize) % CANARY.len()]),
        _ => CANARY.to_owned(),
    };
    let (host, origin) = (pick(draw, &HOSTS), pick(draw, &ORIGINS));
    let mut request = Request::builder().method("POST").uri(pick(draw, &PATHS));
    request = request.header(header::HOST, if flaw == 1 { host } else { "127.0.0.1:9465" });
    request =
        request.header(header::AUTHORIZATION, if flaw == 0 { token } else { format!("Bearer {CANARY}") });
    if flaw == 2 {
        request = request.header(header::ORIGIN, origin);
    }
    request = request.header(header::CONTENT_TYPE, "application/json");
    let body = match flaw {
        3 => malformed(draw),
        4 => format!("{{\"reason\":\"{}\"}}", "y".repeat(MOST_BODY + (draw.draw() % 64) as usize)),
        _ => r#"{"reason":"let me in"}"#.to_owned(),
    };
    request.body(Body::from(body)).unwrap()
}

/// Breaks when any of a hundred thousand requests that are not admitted, or make no sense, changes a run, or makes the
/// server stumble.
#[test]
fn no_flawed_request_changes_anything() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let running = Running::start(&run, &[]);
    let before = running.live_seq();
    let mut draw = Walk::new(0x7265_7072_6973_6521);
    runtime().block_on(async {
        for n in 0..REQUESTS {
            let request = request(&mut draw);
            let asked = format!("{} {:?}", request.uri(), request.headers());
            let (status, words) = told(running.desk.answer(request).await).await;
            assert!((400..500).contains(&status), "request {n}, {asked}: {status} {words}");
            assert!(!words.contains(CANARY), "request {n} is told the token");
        }
    });
    assert_eq!(running.live_seq(), before, "nothing was journaled meanwhile");
    running.stop();
    assert!(commands_of(&run).is_empty());
}

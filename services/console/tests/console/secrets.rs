//! The token is seen nowhere.

use std::time::Duration;

use reprise_console::{Guard, Token};

use crate::kit::{CANARY, Running, ask};

const PATHS: [&str; 16] = [
    "/",
    "/console.js",
    "/status",
    "/snapshot",
    "/orders",
    "/positions",
    "/limits",
    "/account",
    "/denials",
    "/fills",
    "/alerts",
    "/equity",
    "/readyz?verbose",
    "/openapi.json",
    "/nothing",
    "/prices",
];

/// Breaks when the token stands in the journal, in an answer, in an error or in a debug print.
#[test]
fn the_token_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::start(&run, &[]);
    running.play(200, Duration::from_millis(200));
    assert_eq!(running.post("/pause", r#"{"reason":"a look around"}"#).status, 200);
    assert_eq!(running.post("/kill", r#"{"flatten":3}"#).status, 422);
    let address = running.address();
    let mut told = String::new();
    for path in PATHS {
        let with_token = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {CANARY}\r\nConnection: close\r\n\r\n"
        );
        let answer = ask(address, &with_token);
        assert!(
            answer.head.contains("default-src 'none'") && answer.head.contains("nosniff"),
            "{path}: {answer:?}"
        );
        told.push_str(&format!("{answer:?}"));
    }
    running.stop();
    for entry in std::fs::read_dir(&run).unwrap() {
        told.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap_or_default()));
    }
    told.push_str(&format!("{:?}", Guard { token: Token::new(CANARY), ..Guard::default() }));
    assert!(told.len() > 60_000 && !told.contains("canary"), "the token was seen");
}

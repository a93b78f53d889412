//! Thousands of requests over the wire that are wrong in one way or another, from one seed: by their token, host,
//! origin, path, method, body, length, version, or because they are hardly HTTP. `CONSOLE_FUZZ` says how many.

use std::net::SocketAddr;

use reprise_console::MOST_BODY;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::guarded::{commands_of, runtime};
use crate::kit::walk::Dice;
use crate::kit::{CANARY, PATIENCE, Running};

/// How many there are when nobody says otherwise.
const REQUESTS: u64 = 6_000;

const COMMANDS: [&str; 7] =
    ["/kill", "/pause", "/resume", "/reduce-only", "/cancel-all", "/release", "/kill?flatten=true"];
const PATHS: [&str; 9] = [
    "/kill/",
    "//kill",
    "/KILL",
    "/%6bill",
    "/./kill",
    "/kill;a=b",
    "http://evil.example/kill",
    "*",
    "/\u{1F525}",
];
const METHODS: [&str; 9] = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "KILL"];
const HOSTS: [&str; 6] =
    ["evil.example", "localhost.", "", "127.0.0.1.evil.example", "user@localhost", "localhost evil"];
const ORIGINS: [&str; 4] = ["http://evil.example", "null", "http://localhost.evil.example", "file://"];
const SITES: [&str; 3] = ["cross-site", "same-site", "anything"];
const MEDIA: [&str; 4] =
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""];
const LENGTHS: [&str; 5] = ["-1", "1e3", "18446744073709551616", "3, 4", "0x10"];
const BODIES: [&str; 6] = [
    r#"{"reason":"a","reason":"b"}"#,
    r#"{"reason":["a"]}"#,
    r#"{"surprise":1}"#,
    r#"["reason"]"#,
    "flatten=true",
    "\u{feff}{}",
];
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
fn pick<'a>(draw: &mut Dice, from: &[&'a str]) -> &'a str {
    from[below(draw, from.len())]
}

fn below(draw: &mut Dice, most: usize) -> usize {
    (draw.draw() % most as u64) as usize
}

/// A request on its way to be written.
struct Draft {
    method: &'static str,
    path: &'static str,
    version: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Draft {
    /// One that would be taken: every other one has at least one flaw.
    fn sound(draw: &mut Dice) -> Self {
        let headers = [
            ("Host", "127.0.0.1:9465".to_owned()),
            ("Authorization", format!("Bearer {CANARY}")),
            ("Content-Type", "application/json".to_owned()),
            ("Connection", "close".to_owned()),
        ];
        let body = br#"{"reason":"let me in"}"#.to_vec();
        Self {
            method: "POST",
            path: pick(draw, &COMMANDS),
            version: "HTTP/1.1",
            headers: headers.into(),
            body,
        }
    }

    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.path, self.version).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !self.headers.iter().any(|(name, _)| ["Content-Length", "Transfer-Encoding"].contains(name)) {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A request with at least one flaw.
struct Flawed {
    bytes: Vec<u8>,
    /// Whether the server has all it needs to answer.
    is_whole: bool,
}

fn wrong_token(draw: &mut Dice) -> String {
    match draw.draw() % 4 {
        0 => String::new(),
        1 => format!("Bearer {CANARY}x"),
        2 => format!("bearer {}", &CANARY[..below(draw, CANARY.len())]),
        _ => CANARY.to_owned(),
    }
}

/// Scraps of JSON behind something that never closes.
fn malformed(draw: &mut Dice) -> Vec<u8> {
    let mut body = String::from("{\"reason\":");
    for _ in 0..draw.draw() % 12 {
        body.push_str(pick(draw, &SCRAPS));
    }
    body.push('[');
    body.into_bytes()
}

fn too_long(draw: &mut Dice) -> Vec<u8> {
    format!("{{\"reason\":\"{}\"}}", "y".repeat(MOST_BODY + below(draw, 64))).into_bytes()
}

/// The same body in chunks.
fn chunked(body: &[u8]) -> Vec<u8> {
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    let mut bytes: Vec<u8> = body.chunks(5_000).flat_map(chunk).collect();
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// Some bytes are others, or doubled, or gone. Its token is far from the true one: no chance makes it a command.
fn garbled(draw: &mut Dice, draft: &mut Draft) -> Vec<u8> {
    draft.set("Authorization", "Bearer wrong");
    let mut bytes = draft.bytes();
    for _ in 0..=below(draw, 8) {
        let at = below(draw, bytes.len());
        match draw.draw() % 4 {
            0 => bytes.insert(at, bytes[at]),
            1 => {
                bytes.remove(at);
            }
            2 => bytes[at] = draw.draw() as u8,
            _ => bytes[at] ^= 1 << (draw.draw() % 8),
        }
    }
    bytes
}

fn flawed(draw: &mut Dice) -> Flawed {
    let mut draft = Draft::sound(draw);
    let mut is_whole = true;
    match draw.draw() % 16 {
        0 => draft.set("Authorization", wrong_token(draw)),
        1 => draft.set("Host", pick(draw, &HOSTS)),
        2 => draft.headers.retain(|(name, _)| *name != "Host"),
        3 => draft.set("Origin", pick(draw, &ORIGINS)),
        4 => draft.set("Sec-Fetch-Site", pick(draw, &SITES)),
        5 => draft.method = pick(draw, &METHODS),
        6 => draft.path = pick(draw, &PATHS),
        7 => draft.set("Content-Type", pick(draw, &MEDIA)),
        8 => draft.body = malformed(draw),
        9 => draft.body = pick(draw, &BODIES).into(),
        10 => draft.version = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTQ/1.1", ""][below(draw, 5)],
        11 => (draft.body, is_whole) = (too_long(draw), false),
        12 => {
            draft.set("Transfer-Encoding", "chunked");
            (draft.body, is_whole) = (chunked(&too_long(draw)), false);
        }
        13 => {
            draft.set("Content-Length", pick(draw, &LENGTHS));
            is_whole = false;
        }
        14 => return Flawed { bytes: garbled(draw, &mut draft), is_whole: false },
        _ => {
            // The end is missing, and comes never.
            let mut bytes = draft.bytes();
            bytes.truncate(below(draw, bytes.len()));
            return Flawed { bytes, is_whole: false };
        }
    }
    Flawed { bytes: draft.bytes(), is_whole }
}

/// Sends a request, now and then in pieces, and reads the answer; empty where the connection just ended.
async fn answer(address: SocketAddr, flawed: &Flawed, pieces: usize) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    // Nothing of it is left when it is closed: there would be too many.
    tcp.set_zero_linger().unwrap();
    for piece in flawed.bytes.chunks(flawed.bytes.len() / pieces + 1) {
        // A server that has heard enough may have closed already.
        if tcp.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if !flawed.is_whole {
        let _ = tcp.shutdown().await;
    }
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server neither answers nor closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Breaks when any of thousands of requests that are not admitted, make no sense, or are hardly HTTP changes a run, is
/// told the token, or makes the server stumble.
#[test]
fn no_flawed_request_changes_anything() {
    let requests = std::env::var("CONSOLE_FUZZ").ok().map_or(REQUESTS, |said| said.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let running = Running::start(&run, &[]);
    let before = running.live_seq();
    let mut draw = Dice(0x7265_7072_6973_6521);
    let mut refused = 0;
    runtime().block_on(async {
        for n in 0..requests {
            let flawed = flawed(&mut draw);
            let pieces = if n % 8 == 0 { 1 + below(&mut draw, 40) } else { 1 };
            let told = answer(running.address(), &flawed, pieces).await;
            let asked = || format!("request {n}, {:.400}: {told}", String::from_utf8_lossy(&flawed.bytes));
            match told.split(' ').nth(1) {
                Some(status) => {
                    assert!(status.starts_with('4') || status == "505", "{}", asked());
                    refused += 1;
                }
                None => assert!(!flawed.is_whole, "{}", asked()),
            }
            assert!(!told.contains(CANARY), "{}", asked());
        }
    });
    assert!(refused > requests / 2, "only {refused} of {requests} were answered");
    assert_eq!(running.live_seq(), before, "nothing was journaled meanwhile");
    // And one without a flaw is done: the others were refused for theirs.
    assert_eq!(running.post("/pause", r#"{"reason":"let me in"}"#).status, 200);
    running.stop();
    assert_eq!(commands_of(&run), ["pause by operator: let me in"]);
}

//! An HTTP server that does to each POST what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing here takes as long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// Takes messages, as Slack's webhook and Teams do.
    Good,
    /// Hangs up without a word.
    Dead,
    /// Says nothing for longer than anybody waits.
    Slow,
    /// Says nothing until it becomes something else, and then does that.
    Held,
    /// 429 with `Retry-After: 1`.
    TooMany,
    /// 200 and a page of something else; for Teams, where any 2xx counts, no HTTP at all.
    Garbage,
    /// 500.
    Error,
    /// 400.
    Refuse,
    /// 200 and what Slack's methods say of a bad token.
    BadToken,
    /// 500 and everything that was sent, also where it would lead to.
    Echo,
    /// 302, to a place that has everything that was sent in its name.
    Redirect,
    /// 200, and Slack's methods refuse with what was sent as the code.
    EchoAsCode,
}

#[derive(Debug, Default)]
struct Seen {
    attempts: usize,
    taken: Vec<Value>,
    tokens: Vec<String>,
    paths: Vec<String>,
}

/// The server; it ends with the test.
pub struct Server {
    pub url: String,
    mode: Arc<Mutex<Mode>>,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    pub fn start(is_slack: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (mode, seen) = (Arc::new(Mutex::new(Mode::Good)), Arc::new(Mutex::new(Seen::default())));
        let (its_mode, its_seen) = (Arc::clone(&mode), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mode, seen) = (Arc::clone(&its_mode), Arc::clone(&its_seen));
                // A client that hangs up is no concern of the server.
                std::thread::spawn(move || drop(answer(stream, &mode, is_slack, &seen)));
            }
        });
        Self { url, mode, seen }
    }

    pub fn becomes(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub fn attempts(&self) -> usize {
        self.seen.lock().unwrap().attempts
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<Value> {
        self.seen.lock().unwrap().taken.clone()
    }

    /// The title of each message that was taken, in the order in which they came.
    pub fn titles(&self) -> Vec<String> {
        let title = |message: &Value| {
            let header = message.pointer("/blocks/0/text/text");
            let title = header.or_else(|| message.pointer("/attachments/0/content/body/0/text"));
            title.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        self.seen.lock().unwrap().taken.iter().map(title).collect()
    }

    pub fn tokens(&self) -> Vec<String> {
        self.seen.lock().unwrap().tokens.clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().paths.clone()
    }

    /// How many of what was taken speak of this alert.
    pub fn count(&self, alert: &str) -> usize {
        let speaks = |message: &&Value| message.to_string().replace("\\\\", "").contains(alert);
        self.taken().iter().filter(speaks).count()
    }
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it does not come about: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn answer(
    mut stream: TcpStream,
    mode: &Mutex<Mode>,
    is_slack: bool,
    seen: &Mutex<Seen>,
) -> std::io::Result<()> {
    let (mut now, mut said) = (*mode.lock().unwrap(), String::new());
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut line, mut path) = (0, String::new(), None);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let words = line.trim_end().to_owned();
        said.extend(words.chars().filter(|c| c.is_ascii_alphanumeric() || "/:_- ".contains(*c)));
        if words.is_empty() {
            break;
        }
        path.get_or_insert_with(|| words.split(' ').nth(1).unwrap_or_default().to_owned());
        if let Some((name, value)) = words.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "authorization" => seen.lock().unwrap().tokens.push(value.to_owned()),
                _ => {}
            }
        }
    }
    if path.is_none() {
        return Ok(());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    seen.lock().unwrap().attempts += 1;
    let is_method = path.as_deref().is_some_and(|path| path.ends_with("chat.postMessage"));
    if now == Mode::Held {
        now = when_released(mode);
    }
    let in_a_word: String = said.chars().filter(char::is_ascii_alphanumeric).collect();
    let (elsewhere, code) = (
        format!("Location: http://127.0.0.1:1/{in_a_word}\r\n"),
        format!(r#"{{"ok":false,"error":"{in_a_word}"}}"#),
    );
    let (status, more, text) = match now {
        Mode::Echo => ("500 Internal Server Error", "", said.as_str()),
        Mode::Redirect => ("302 Found", elsewhere.as_str(), said.as_str()),
        Mode::EchoAsCode => ("200 OK", "Content-Type: application/json\r\n", code.as_str()),
        Mode::Dead | Mode::Held => return Ok(()),
        Mode::Slow => {
            std::thread::sleep(Duration::from_secs(3));
            return Ok(());
        }
        Mode::TooMany => ("429 Too Many Requests", "Retry-After: 1\r\n", ""),
        Mode::Garbage if !is_slack => return stream.write_all(b"\x00\x01 nothing that is HTTP\r\n\r\n"),
        Mode::Garbage => ("200 OK", "Content-Type: text/html\r\n", "<html>sign in to the network</html>"),
        Mode::Error => ("500 Internal Server Error", "", "oops"),
        Mode::Refuse => ("400 Bad Request", "", "invalid_payload"),
        Mode::BadToken => {
            ("200 OK", "Content-Type: application/json\r\n", r#"{"ok":false,"error":"invalid_auth"}"#)
        }
        Mode::Good if is_method => {
            ("200 OK", "Content-Type: application/json\r\n", r#"{"ok":true,"ts":"1.2"}"#)
        }
        Mode::Good if is_slack => ("200 OK", "Content-Type: text/html\r\n", "ok"),
        Mode::Good => ("202 Accepted", "", ""),
    };
    if now == Mode::Good {
        let mut seen = seen.lock().unwrap();
        seen.taken.push(serde_json::from_slice(&body).unwrap());
        seen.paths.extend(path);
    }
    let length = text.len();
    stream.write_all(
        format!("HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}")
            .as_bytes(),
    )
}

/// What the server does once it is no longer held.
fn when_released(mode: &Mutex<Mode>) -> Mode {
    until("the server is released", || *mode.lock().unwrap() != Mode::Held);
    *mode.lock().unwrap()
}

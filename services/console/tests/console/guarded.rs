//! Requests that must not change anything do not, and say why.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use reprise_console::{Guard, MOST_BODY, Token};
use reprise_journal::JournalReader;
use reprise_model::Input;

use crate::kit::{CANARY, Running, ask};

/// Every operator's command in a run's journal that is not the engine's own, as `command by`.
pub fn commands_of(run: &std::path::Path) -> Vec<String> {
    let mut reader = JournalReader::open(run).unwrap();
    let inputs = std::iter::from_fn(|| reader.next_input().unwrap());
    let given = inputs.filter_map(|(_, _, input)| match input {
        Input::OperatorCommand(e) if e.by != "engine" => {
            Some(format!("{} by {}: {}", e.command, e.by, e.reason))
        }
        _ => None,
    });
    given.collect()
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A response's status and words.
pub async fn told(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

struct Row {
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: String,
    status: u16,
    words: &'static str,
}

fn row(
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<String>,
    status: u16,
    words: &'static str,
) -> Row {
    Row { path, headers, body: body.into(), status, words }
}

const HOST: (&str, &str) = ("host", "localhost:9465");
const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer canary-7f3a9c01-never-to-be-seen");

/// Who asks, whose page asks, and by which name.
fn of_strangers() -> Vec<Row> {
    vec![
        // Who asks.
        row("/kill", &[HOST, JSON], "{}", 401, "takes the token"),
        row("/kill", &[HOST, JSON, ("authorization", "Bearer ")], "{}", 401, "takes the token"),
        row("/kill", &[HOST, JSON, ("authorization", "Bearer wrong")], "{}", 401, "takes the token"),
        row("/kill", &[HOST, JSON, ("authorization", "Basic Y2FuYXJ5")], "{}", 401, "takes the token"),
        row("/kill", &[HOST, JSON, TOKEN, ("authorization", "Bearer wrong")], "{}", 401, "takes the token"),
        row(
            "/kill",
            &[HOST, JSON, ("authorization", "Bearer canary-7f3a9c01-never-to-be-see")],
            "{}",
            401,
            "token",
        ),
        row("/kill?token=canary-7f3a9c01-never-to-be-seen", &[HOST, JSON], "{}", 401, "takes the token"),
        // Whose page asks.
        row("/kill", &[HOST, JSON, TOKEN, ("origin", "http://evil.example")], "{}", 403, "other origins"),
        row("/kill", &[HOST, JSON, TOKEN, ("origin", "null")], "{}", 403, "other origins"),
        row("/kill", &[HOST, JSON, TOKEN, ("origin", "http://localhost:80")], "{}", 403, "other origins"),
        row("/kill", &[HOST, JSON, TOKEN, ("sec-fetch-site", "cross-site")], "{}", 403, "other origins"),
        row("/kill", &[HOST, JSON, TOKEN, ("sec-fetch-site", "same-site")], "{}", 403, "other origins"),
        row(
            "/kill",
            &[HOST, JSON, TOKEN, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            "{}",
            403,
            "other origins",
        ),
        // By which name.
        row("/kill", &[JSON, TOKEN], "{}", 421, "one Host"),
        row("/kill", &[("host", "evil.example"), JSON, TOKEN], "{}", 421, "not served here"),
        row("/kill", &[("host", "localhost.evil.example"), JSON, TOKEN], "{}", 421, "not served here"),
        row("/kill", &[("host", "localhost@evil.example"), JSON, TOKEN], "{}", 421, "no host"),
        row("/kill", &[HOST, ("host", "evil.example"), JSON, TOKEN], "{}", 421, "one Host"),
        row("http://evil.example/kill", &[HOST, JSON, TOKEN], "{}", 421, "one Host"),
    ]
}

/// What is said.
fn of_nonsense() -> Vec<Row> {
    let long = format!("{{\"reason\":\"{}\"}}", "x".repeat(MOST_BODY));
    let deep = "[".repeat(4_000);
    vec![
        row("/kill", &[HOST, TOKEN, ("content-type", "text/plain")], "{}", 415, "application/json"),
        row(
            "/kill",
            &[HOST, TOKEN, ("content-type", "application/x-www-form-urlencoded")],
            "flatten=1",
            415,
            "json",
        ),
        row("/kill", &[HOST, JSON, TOKEN], long, 413, "at most"),
        row("/kill", &[HOST, JSON, TOKEN], deep, 400, "JSON object"),
        row("/kill", &[HOST, JSON, TOKEN], "{", 400, "JSON object"),
        row("/kill", &[HOST, JSON, TOKEN], "[]", 400, "JSON object"),
        row("/kill", &[HOST, JSON, TOKEN], r#"{"all":false,"all":true}"#, 400, "each thing once"),
        row("/kill", &[HOST, JSON, TOKEN], r#"{"flaten":true}"#, 422, "no field 'flaten'"),
        row("/kill", &[HOST, JSON, TOKEN], r#"{"flatten":1}"#, 422, "true or false"),
        row("/release", &[HOST, JSON, TOKEN], "{}", 422, "'reason' is missing"),
        row("/set-limit", &[HOST, JSON, TOKEN], r#"{"key":"max_fun","value":"1"}"#, 422, "no limit named"),
        row(
            "/set-limit",
            &[HOST, JSON, TOKEN],
            r#"{"key":"max_drawdown","value":"-1"}"#,
            422,
            "zero or more",
        ),
        row("/set-limit", &[HOST, JSON, TOKEN], r#"{"key":"max_drawdown","value":"lots"}"#, 422, "cannot be"),
        row(
            "/cancel-all",
            &[HOST, JSON, TOKEN],
            r#"{"instrument":"DOGE-USD.TEST"}"#,
            422,
            "not an instrument",
        ),
        row("/cancel-all", &[HOST, JSON, TOKEN], r#"{"order":"1-2"}"#, 422, "not an open order"),
        row("/nothing", &[HOST, JSON, TOKEN], "{}", 404, "nothing here"),
        row("/status", &[HOST, JSON, TOKEN], "{}", 405, "asked for otherwise"),
    ]
}

/// Breaks when a request without the token, of another origin, under another name, or that makes no sense changes the
/// state of a run, or is not told why it does not.
#[test]
fn nothing_changes_without_being_admitted() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let running = Running::start(&run, &[]);
    let rows = of_strangers().into_iter().chain(of_nonsense());
    runtime().block_on(async {
        for row in rows {
            let mut request = Request::post(row.path);
            for (name, value) in row.headers {
                request = request.header(*name, *value);
            }
            let asked = format!("{} {:?} {:.60}", row.path, row.headers, row.body);
            let (status, words) =
                told(running.desk.answer(request.body(Body::from(row.body)).unwrap()).await).await;
            assert_eq!(status, row.status, "{asked}: {words}");
            assert!(words.contains(row.words), "{asked}: {words}");
        }
        // And the same way in does open for whoever may come in.
        let request = Request::post("/pause").header(HOST.0, HOST.1).header(TOKEN.0, TOKEN.1);
        let own = request.header("origin", "http://localhost:9465").header("sec-fetch-site", "same-origin");
        let (status, words) = told(running.desk.answer(own.body(Body::empty()).unwrap()).await).await;
        assert_eq!(status, 200, "{words}");
    });
    running.stop();
    assert_eq!(commands_of(&run), ["pause by operator: "]);
}

/// Breaks when a run without a token can be commanded, or one that is served to others can be read without it.
#[test]
fn without_a_token_nothing_is_commanded_and_beyond_this_machine_nothing_is_read() {
    let rows = [
        (Guard::default(), "GET", "/status", false, 200),
        (Guard::default(), "POST", "/kill", false, 403),
        (Guard::default(), "POST", "/kill", true, 403),
        (Guard { token: Token::new(" "), ..Guard::default() }, "POST", "/kill", true, 403),
        (
            Guard { token: Token::new(CANARY), guards_reading: true, ..Guard::default() },
            "GET",
            "/status",
            false,
            401,
        ),
        (
            Guard { token: Token::new(CANARY), guards_reading: true, ..Guard::default() },
            "GET",
            "/status",
            true,
            200,
        ),
        (
            Guard { token: Token::new(CANARY), guards_reading: true, ..Guard::default() },
            "GET",
            "/events",
            false,
            401,
        ),
        (
            Guard { token: Token::new(CANARY), guards_reading: true, ..Guard::default() },
            "GET",
            "/livez",
            false,
            200,
        ),
        (
            Guard { token: Token::new(CANARY), guards_reading: true, ..Guard::default() },
            "GET",
            "/",
            false,
            200,
        ),
        (Guard { guards_reading: true, ..Guard::default() }, "GET", "/status", true, 403),
    ];
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let running = Running::start(&run, &[]);
    runtime().block_on(async {
        for (guard, method, path, has_token, expected) in rows {
            let desk = reprise_console::Desk::new(running.live.clone(), guard);
            let mut request = Request::builder().method(method).uri(path).header(HOST.0, HOST.1);
            if has_token {
                request = request.header(TOKEN.0, TOKEN.1);
            }
            let response = desk.answer(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status().as_u16(), expected, "{method} {path} {has_token}");
        }
    });
    running.stop();
    assert!(commands_of(&run).is_empty());
}

/// Breaks when a request that is wrong by how it is written, not by what it says, changes a run: looked for by GET, of
/// an older HTTP, with a body in chunks without end, with two lengths, or by a form of another page.
#[test]
fn nothing_changes_by_an_odd_request() {
    let chunk = format!("1000\r\n{}\r\n", "y".repeat(4_096)).repeat(5);
    let form = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://evil.example\r\n";
    let rows = [
        ("GET", "1.1", String::new(), String::new(), 405),
        ("HEAD", "1.1", String::new(), String::new(), 405),
        ("PUT", "1.1", "Content-Length: 2\r\n".to_owned(), "{}".to_owned(), 405),
        ("POST", "1.0", "Content-Length: 2\r\n".to_owned(), "{}".to_owned(), 505),
        ("POST", "1.0", String::new(), "{}".to_owned(), 505),
        ("POST", "1.1", "Transfer-Encoding: chunked\r\n".to_owned(), format!("{chunk}0\r\n\r\n"), 413),
        ("POST", "1.1", "Content-Length: 99999999\r\n".to_owned(), chunk.clone(), 413),
        ("POST", "1.1", "Content-Length: 2\r\nContent-Length: 3\r\n".to_owned(), "{}".to_owned(), 400),
        ("POST", "1.1", "Transfer-Encoding: gzip\r\n".to_owned(), "{}".to_owned(), 400),
        ("POST", "1.1", format!("{form}Content-Length: 9\r\n"), "flatten=1".to_owned(), 403),
    ];
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let running = Running::start(&run, &[]);
    for (method, version, headers, body, expected) in rows {
        let head = format!(
            "{method} /kill HTTP/{version}\r\nHost: localhost\r\nAuthorization: Bearer {CANARY}\r\n{headers}Connection: \
             close\r\n\r\n"
        );
        let answer = ask(running.address(), &format!("{head}{body}"));
        assert_eq!(answer.status, expected, "{method} {version} {headers}: {answer:?}");
    }
    running.stop();
    assert!(commands_of(&run).is_empty());
}

//! A run on synthetic markets to look at in a browser: `cargo run -p reprise-console --example show -- 9465 60`
//! serves it on that port for so many seconds. A third word shows a state: `lost`, `killed`.

#![expect(clippy::unwrap_used, reason = "an example stops at the first thing that is not as expected")]

#[path = "../tests/console/kit.rs"]
#[expect(dead_code, reason = "an example needs less of it than the tests")]
mod kit;

use std::time::{Duration, Instant};

use reprise_console::{Guard, Token};
use reprise_model::event::FeedState;

/// The token of this example, for the buttons of the page.
const TOKEN: &str = "show";

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let word = |at: usize, otherwise: &str| args.get(at).cloned().unwrap_or_else(|| otherwise.to_owned());
    let (port, seconds, state) = (word(1, "9465"), word(2, "60").parse::<u64>().unwrap(), word(3, "trading"));
    let dir = tempfile::tempdir().unwrap();
    let guard = Guard { token: Token::new(TOKEN), ..Guard::default() };
    let run = dir.path().join("run");
    let mut running = kit::Running::start_guarded(&run, &[], guard, &format!("127.0.0.1:{port}"));
    println!("http://{} (token: {TOKEN})", running.address());
    let began = Instant::now();
    running.play(6_000, Duration::from_secs(12));
    match state.as_str() {
        "lost" => {
            running.take(kit::feed(kit::NAMES[0], FeedState::Down, Some("the venue closed the connection")));
        }
        "killed" => {
            let body = r#"{"by":"ann","reason":"prices look wrong","flatten":true}"#;
            let request = format!(
                "POST /kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: \
                 application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            assert_eq!(kit::ask(running.address(), &request).status, 200);
        }
        _ => {}
    }
    println!("ready");
    while began.elapsed() < Duration::from_secs(seconds) {
        running.play(100, Duration::from_millis(200));
    }
    if state == "kept" {
        let kept = std::path::Path::new("kept-run");
        let _ = std::fs::remove_dir_all(kept);
        let summary = running.stop();
        std::fs::rename(&run, kept).unwrap();
        println!("{}: {} orders", kept.display(), summary.orders);
        return;
    }
    running.stop();
}

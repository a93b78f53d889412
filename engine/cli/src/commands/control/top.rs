//! `reprise top`: a run in a terminal, drawn anew every second until q or Ctrl-C.

use std::io::{IsTerminal, Read, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use reprise_model::Ts;
use serde_json::Value;

use super::{Client, LIMITS, ORDERS, POSITIONS, shown, table_of};
use crate::args::TopArgs;
use crate::exit;
use crate::output::{moment, print_line};

/// How often it is drawn.
const EVERY: Duration = Duration::from_secs(1);
/// Rows of a table, at most.
const MOST_ROWS: usize = 12;
/// Decimals of a number in a table, at most.
const MOST_PLACES: usize = 8;
/// Alerts that are shown.
const MOST_ALERTS: usize = 6;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";
/// The other screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Shows a run.
pub fn run(args: &TopArgs) -> Result<u8> {
    let client = Client::new(args.url.as_deref(), args.patience)?;
    if args.once {
        print_line(frame(&client, std::io::stdout().is_terminal())?)?;
        return Ok(exit::DONE);
    }
    if !std::io::stdout().is_terminal() {
        bail!("stdout is no terminal; reprise top --once prints one frame");
    }
    // Before the screen is taken: whoever sees nothing wants to read why.
    let mut seen = frame(&client, true)?;
    let screen = Screen::take()?;
    let keys = keys();
    let mut drawn = Ok(seen.clone());
    loop {
        match drawn {
            Ok(frame) => seen = frame,
            // What was seen last stays, below the words that it is old.
            Err(ref error) => seen = away(error, &seen),
        }
        screen.draw(&seen)?;
        match keys.recv_timeout(EVERY) {
            Ok(()) => return Ok(exit::DONE),
            Err(_) => drawn = frame(&client, true),
        }
    }
}

/// Begins the line that says that a frame is old.
const AWAY: &str = "no answer";

/// The last frame, and why there is no newer one.
fn away(error: &anyhow::Error, seen: &str) -> String {
    let first = seen.lines().next().unwrap_or_default();
    let old = if first.contains(AWAY) { seen.split_once('\n').map_or("", |(_, rest)| rest) } else { seen };
    format!("{RED}{AWAY}, this is old: {}{PLAIN}\n{old}", exit::in_words(error).replace('\n', " "))
}

/// Tells when q was pressed; Ctrl-C comes as a key too while the screen is taken.
fn keys() -> mpsc::Receiver<()> {
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        const CTRL_C: u8 = 3;
        for key in std::io::stdin().lock().bytes().map_while(Result::ok) {
            if matches!(key, b'q' | b'Q' | CTRL_C) && give.send(()).is_err() {
                return;
            }
        }
        // Without a keyboard nobody presses anything: what is sent is kept until then.
        std::mem::forget(give);
    });
    take
}

/// The terminal while it is ours; given back in every case.
struct Screen {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Screen {
    fn take() -> Result<Self> {
        #[cfg(unix)]
        let before = raw();
        let mut out = std::io::stdout().lock();
        write!(out, "{ENTER}")?;
        out.flush()?;
        Ok(Self {
            #[cfg(unix)]
            before,
        })
    }

    fn draw(&self, frame: &str) -> Result<()> {
        let (width, height) = size();
        let mut out = std::io::stdout().lock();
        // Home, each line to its end, and what is left below: no flicker, as nothing is blank in between.
        write!(out, "\x1b[H")?;
        for (at, line) in frame.lines().take(height).enumerate() {
            let end = if at == 0 { "" } else { "\r\n" };
            write!(out, "{end}{}{PLAIN}\x1b[K", cut(line, width))?;
        }
        write!(out, "\x1b[J")?;
        Ok(out.flush()?)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
        let _ = write!(std::io::stdout().lock(), "{LEAVE}");
    }
}

/// Columns and lines of the terminal.
fn size() -> (usize, usize) {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
        && size.ws_col > 0
        && size.ws_row > 0
    {
        return (size.ws_col.into(), size.ws_row.into());
    }
    (80, 24)
}

/// As much of a line as there is room for. Colours take no room.
fn cut(line: &str, width: usize) -> String {
    let (mut kept, mut room, mut is_colour) = (String::new(), width, false);
    for c in line.chars() {
        if c == '\x1b' {
            is_colour = true;
        } else if is_colour {
            is_colour = c != 'm';
        } else if room == 0 {
            break;
        } else {
            room -= 1;
        }
        kept.push(c);
    }
    kept
}

/// Keys one by one and unseen; what the terminal was before.
#[cfg(unix)]
fn raw() -> Option<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(std::io::stdin()).ok()?;
    let mut raw = before.clone();
    raw.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
    tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).ok()?;
    Some(before)
}

fn frame(client: &Client, has_colour: bool) -> Result<String> {
    let (snapshot, alerts) = (client.get("snapshot")?, client.get("alerts")?);
    Ok(draw(&snapshot, &alerts, has_colour))
}

/// A frame while it is drawn.
struct Frame {
    text: String,
    has_colour: bool,
}

impl Frame {
    fn paint(&self, colour: &str, text: &str) -> String {
        if self.has_colour { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }

    fn line(&mut self, words: impl AsRef<str>) {
        self.text.push_str(words.as_ref());
        self.text.push('\n');
    }

    fn heading(&mut self, words: &str) {
        let words = self.paint(BOLD, words);
        self.line(format!("\n{words}"));
    }
}

/// One frame: what matters most first, as a terminal may be short.
fn draw(snapshot: &Value, alerts: &Value, has_colour: bool) -> String {
    let mut frame = Frame { text: String::new(), has_colour };
    draw_status(&mut frame, &snapshot["status"]);
    draw_account(&mut frame, &snapshot["account"]);
    draw_counts(&mut frame, &snapshot["status"]);
    draw_table(&mut frame, "Positions", &snapshot["positions"], POSITIONS);
    draw_table(&mut frame, "Open orders", &snapshot["orders"], ORDERS);
    frame.heading("Alerts");
    for alert in alerts.as_array().into_iter().flatten().take(MOST_ALERTS) {
        frame.line(format!("  {}  {}", when(&alert["ts"]), shown(&alert["text"])));
    }
    draw_table(&mut frame, "Limits", &snapshot["limits"], LIMITS);
    frame.text
}

fn when(ts: &Value) -> String {
    ts.as_u64().map(|ts| moment(Ts(ts))).unwrap_or_default()
}

fn draw_status(frame: &mut Frame, status: &Value) {
    let is = |field: &str| status[field].as_str().unwrap_or("-");
    let trading = match is("trading") {
        "active" => frame.paint(GREEN, "active"),
        "reduce_only" => frame.paint(YELLOW, "reduce only"),
        other => frame.paint(RED, other),
    };
    let strategies = match is("strategies") {
        "paused" => frame.paint(YELLOW, "paused"),
        other => other.to_owned(),
    };
    let feed = match is("feed") {
        "live" => frame.paint(GREEN, "live"),
        "down" => frame.paint(RED, "down"),
        other => frame.paint(YELLOW, other),
    };
    let run = frame.paint(BOLD, is("run"));
    frame.line(format!("{run}  {} · {} · {}", is("mode"), is("phase"), when(&status["ts"])));
    frame.line(format!("kill switch {trading} · strategies {strategies} · feeds {feed}"));
    if let Some(reason) = status["trading_reason"].as_str() {
        let reason = frame.paint(YELLOW, reason);
        frame.line(reason);
    }
}

fn draw_account(frame: &mut Frame, account: &Value) {
    let money = |field: &str| shortened(&shown(&account[field]), 2);
    frame.line(format!(
        "equity {} {} · profit {} · today {} · drawdown {}",
        money("equity"),
        shown(&account["asset"]),
        money("profit"),
        money("day_profit"),
        money("drawdown")
    ));
}

fn draw_counts(frame: &mut Frame, status: &Value) {
    frame.line(format!(
        "seq {} · durable {} · orders {} · fills {} · denied {} · open {} · waiting {} · conflated {}",
        status["seq"],
        status["durable"],
        status["orders"],
        status["fills"],
        status["denied"],
        status["open_orders"],
        status["waiting"],
        status["conflated"]
    ));
}

fn draw_table(frame: &mut Frame, name: &str, rows: &Value, columns: &[super::Column]) {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    frame.heading(&format!("{name} ({})", rows.len()));
    let (header, mut cells, right) = table_of(&rows[..rows.len().min(MOST_ROWS)], columns);
    for row in &mut cells {
        for &at in &right {
            row[at] = shortened(&row[at], MOST_PLACES);
        }
    }
    for row in aligned(&header, &cells, &right) {
        frame.line(row);
    }
    if rows.len() > MOST_ROWS {
        frame.line(format!("  and {} more", rows.len() - MOST_ROWS));
    }
}

/// A decimal with so many places at most, for the eye; `reprise positions` and the others print all of them.
fn shortened(number: &str, places: usize) -> String {
    match number.split_once('.') {
        Some((whole, rest)) => {
            let rest = rest.get(..places).unwrap_or(rest);
            format!("{whole}.{rest}")
        }
        None => number.to_owned(),
    }
}

/// Columns under each other.
fn aligned(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    if rows.is_empty() {
        return vec!["  none".to_owned()];
    }
    let head: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
    let width = |at: usize| {
        std::iter::once(&head).chain(rows).map(|row| row[at].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let one = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let width = widths[at];
            if right.contains(&at) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    std::iter::once(&head).chain(rows).map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Breaks when a frame hides that the run was killed, or what it owns.
    #[test]
    fn a_frame_shows_what_matters() {
        let snapshot = json!({
            "status": {"run": "paper-1", "mode": "paper", "phase": "running", "trading": "halted",
                "trading_reason": "prices look wrong", "strategies": "running", "feed": "down", "ts": 0, "seq": 9,
                "durable": 9, "orders": 3, "fills": 2, "denied": 1, "open_orders": 0, "waiting": 0, "conflated": 0},
            "account": {"asset": "USD", "equity": "101.5199", "drawdown": "0"},
            "positions": [{"instrument": "BTC-USD.TEST", "strategy": "a", "qty": "0.5", "mark": "100"}],
            "orders": [], "limits": [],
        });
        let alerts = json!([{"seq": 7, "text": "kill switch is halted"}]);
        let plain = draw(&snapshot, &alerts, false);
        for words in [
            "paper-1",
            "halted",
            "prices look wrong",
            "101.51 USD",
            "BTC-USD.TEST",
            "  kill switch is",
            "none",
        ] {
            assert!(plain.contains(words), "{words} is missing in\n{plain}");
        }
        assert!(!plain.contains('\x1b'));
        let coloured = draw(&snapshot, &alerts, true);
        assert!(coloured.contains(RED));
    }

    /// Breaks when a line runs out of the terminal, loses its colour, or a run that is away is shown as if it were not.
    #[test]
    fn lines_fit_and_old_frames_say_so() {
        for (line, width, expected) in [
            ("abcdef", 4, "abcd"),
            ("abc", 4, "abc"),
            ("\x1b[1mab\x1b[0mcdef", 3, "\x1b[1mab\x1b[0mc"),
            ("ä·ö·", 3, "ä·ö"),
        ] {
            assert_eq!(cut(line, width), expected);
        }
        let once = away(&anyhow::anyhow!("gone"), "first\nsecond\n");
        let twice = away(&anyhow::anyhow!("still gone"), &once);
        assert!(once.contains("gone") && once.ends_with("first\nsecond\n"), "{once}");
        assert!(twice.contains("still gone") && twice.matches(AWAY).count() == 1, "{twice}");
    }
}

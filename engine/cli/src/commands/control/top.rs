//! `reprise top`: a run in a terminal, drawn anew every second until q or Ctrl-C.

use std::fmt::Write as _;
use std::io::{IsTerminal, Read, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::{Client, LIMITS, ORDERS, POSITIONS, shown, table_of};
use crate::args::TopArgs;
use crate::exit;
use crate::output::{moment, print_line};

/// How often it is drawn.
const EVERY: Duration = Duration::from_secs(1);
/// Rows of a table, at most.
const MOST_ROWS: usize = 12;
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
    let first = frame(&client, true)?;
    let screen = Screen::take()?;
    let keys = keys();
    let mut drawn = Ok(first);
    loop {
        screen.draw(&drawn.unwrap_or_else(|error| format!("{RED}{}{PLAIN}", exit::in_words(&error))))?;
        match keys.recv_timeout(EVERY) {
            Ok(()) => return Ok(exit::DONE),
            Err(_) => drawn = frame(&client, true),
        }
    }
}

/// Tells when q was pressed; Ctrl-C comes as a key too while the screen is taken.
fn keys() -> mpsc::Receiver<()> {
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        const CTRL_C: u8 = 3;
        for key in std::io::stdin().bytes().map_while(Result::ok) {
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
        let mut out = std::io::stdout().lock();
        // Home, each line to its end, and what is left below: no flicker, as nothing is blank in between.
        write!(out, "\x1b[H")?;
        for line in frame.lines() {
            write!(out, "{line}\x1b[K\r\n")?;
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

/// One frame.
fn draw(snapshot: &Value, alerts: &Value, has_colour: bool) -> String {
    let paint = |colour: &str, text: &str| {
        if has_colour { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    };
    let (status, account) = (&snapshot["status"], &snapshot["account"]);
    let is = |field: &str| status[field].as_str().unwrap_or("-");
    let trading = match is("trading") {
        "active" => paint(GREEN, "active"),
        "reduce_only" => paint(YELLOW, "reduce only"),
        other => paint(RED, other),
    };
    let feed = match is("feed") {
        "live" => paint(GREEN, "live"),
        "down" => paint(RED, "down"),
        other => paint(YELLOW, other),
    };
    let now = status["ts"].as_u64().map(|ts| moment(reprise_model::Ts(ts))).unwrap_or_default();
    let mut text = String::new();
    // A string takes everything.
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    line(format!("{}  {} · {} · {now}", paint(BOLD, is("run")), is("mode"), is("phase")));
    line(format!("kill switch {trading} · strategies {} · feeds {feed}", is("strategies")));
    if let Some(reason) = status["trading_reason"].as_str() {
        line(paint(YELLOW, reason));
    }
    line(format!(
        "equity {} {} · profit {} · today {} · drawdown {}",
        shown(&account["equity"]),
        shown(&account["asset"]),
        shown(&account["profit"]),
        shown(&account["day_profit"]),
        shown(&account["drawdown"])
    ));
    line(format!(
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
    for (name, field, columns) in [
        ("Positions", "positions", POSITIONS),
        ("Open orders", "orders", ORDERS),
        ("Limits", "limits", LIMITS),
    ] {
        let rows = snapshot[field].as_array().map(Vec::as_slice).unwrap_or_default();
        line(format!("\n{}", paint(BOLD, &format!("{name} ({})", rows.len()))));
        let (header, cells, right) = table_of(&rows[..rows.len().min(MOST_ROWS)], columns);
        for row in aligned(&header, &cells, &right) {
            line(row);
        }
        if rows.len() > MOST_ROWS {
            line(format!("  and {} more", rows.len() - MOST_ROWS));
        }
    }
    line(format!("\n{}", paint(BOLD, "Alerts")));
    for alert in alerts.as_array().into_iter().flatten().take(MOST_ALERTS) {
        line(format!("  {} {}", shown(&alert["seq"]), shown(&alert["text"])));
    }
    text
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
            "account": {"asset": "USD", "equity": "101.5", "drawdown": "0"},
            "positions": [{"instrument": "BTC-USD.TEST", "strategy": "a", "qty": "0.5", "mark": "100"}],
            "orders": [], "limits": [],
        });
        let alerts = json!([{"seq": 7, "text": "kill switch is halted"}]);
        let plain = draw(&snapshot, &alerts, false);
        for words in
            ["paper-1", "halted", "prices look wrong", "101.5 USD", "BTC-USD.TEST", "7 kill switch", "none"]
        {
            assert!(plain.contains(words), "{words} is missing in\n{plain}");
        }
        assert!(!plain.contains('\x1b'));
        assert!(draw(&snapshot, &alerts, true).contains(RED));
    }
}

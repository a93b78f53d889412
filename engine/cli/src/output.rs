//! How things are printed: what was asked for on stdout, everything else on stderr.

use std::io::Write;

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use serde::Serialize;

/// Prints a value as JSON, one line a field.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print_line(serde_json::to_string_pretty(value)?)
}

/// Prints text and a newline.
pub fn print_line(text: impl std::fmt::Display) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context(NOT_WRITTEN)
}

/// What is said when stdout takes no more.
pub const NOT_WRITTEN: &str = "the output cannot be written to stdout";

/// One line, below the header: the sixth and seventh of the nineteen parts that comfy-table draws.
const TABLE_LINES: &str = "     ──            ";

/// Prints a table and an empty line; columns named in `right` are aligned to the right.
pub fn print_table(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> Result<()> {
    let mut table = Table::new();
    table.load_preset(TABLE_LINES).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    print_line(format_args!("{table}\n"))
}

/// Says something to whoever watches. When nobody can be told, as with a full disk under stderr, nobody is:
/// what is asked for still goes to stdout, and the exit code stands.
pub fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A warning to whoever watches.
pub fn warn(text: impl std::fmt::Display) {
    say(format_args!("warning: {text}"));
}

/// A bar of bytes that shows itself when a person is watching.
pub fn progress_bar(what: &str) -> ProgressBar {
    // Gone also when an error ends the work, so that the error stands on a line of its own.
    let bar = ProgressBar::new(1).with_finish(ProgressFinish::AndClear);
    let style = ProgressStyle::with_template("{prefix} {bar:30} {percent}% {bytes}/{total_bytes} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar
}

/// Shows how far something is.
pub fn show(bar: &ProgressBar, done: u64, total: u64) {
    bar.set_length(total);
    bar.set_position(done);
}

/// A count with its thousands set apart.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment in words: 2025-03-25 23:07:00.773 UTC.
pub fn moment(ts: reprise_model::Ts) -> String {
    let (days, ms) = (ts.0 / 86_400_000_000_000, ts.0 / 1_000_000 % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03} UTC")
}

/// The date of a day counted from 1970-01-01, by counting in eras of 400 years that begin on 1 March.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_era = days + 719_468;
    let (era, day_of_era) = (since_era / 146_097, since_era % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a person is shown another day than the one the event happened on.
    #[test]
    fn moments() {
        let rows = [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (951_782_400_000_000_000, "2000-02-29 00:00:00.000 UTC"),
            (1_742_944_020_773_684_644, "2025-03-25 23:07:00.773 UTC"),
            (4_107_542_399_999_000_000, "2100-02-28 23:59:59.999 UTC"),
        ];
        for (ns, text) in rows {
            assert_eq!(moment(reprise_model::Ts(ns)), text);
        }
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

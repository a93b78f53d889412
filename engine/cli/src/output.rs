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
    ts.in_words()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a large number cannot be read at a glance.
    #[test]
    fn thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

//! What an import did, for whoever asked for it.

use std::collections::BTreeMap;

use reprise_model::Ts;

use super::error::BadRow;
use super::part::Tally;

/// Bad rows that are kept with their place and reason; all are counted.
pub const BAD_ROWS_KEPT: usize = 20;

/// A bad row and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRowAt {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadRow,
}

impl std::fmt::Display for BadRowAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.reason)
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows read, bad ones and those without market data among them; blank lines and headers are no rows.
    pub rows: u64,
    /// Sound rows without market data, by what they are.
    pub passed_over: BTreeMap<String, u64>,
    /// Bad rows that were skipped.
    pub bad_rows: u64,
    /// The first of them.
    pub first_bad_rows: Vec<BadRowAt>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Inputs emitted so far.
    pub events: u64,
    /// The time of the first input.
    pub first_ts: Option<Ts>,
    /// The time of the last input so far.
    pub last_ts: Option<Ts>,
}

impl Report {
    pub(crate) fn add(&mut self, file: &str, tally: &Tally) {
        self.rows += tally.rows;
        self.bad_rows += tally.bad;
        for (what, count) in &tally.passed_over {
            *self.passed_over.entry(what.clone()).or_default() += count;
        }
        let room = BAD_ROWS_KEPT.saturating_sub(self.first_bad_rows.len());
        self.first_bad_rows.extend(tally.first_bad.iter().take(room).map(|(line, reason)| BadRowAt {
            file: file.to_owned(),
            line: *line,
            reason: reason.clone(),
        }));
    }
}

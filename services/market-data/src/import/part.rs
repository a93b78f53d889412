//! The parts of an import, a file or a zip entry each, and how one is read: lines, rows, bad rows, order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reprise_model::Ts;

use super::definitions::Symbols;
use super::error::{BadRow, ImportError, clip};
use super::lean::LeanName;
use super::reorder::{Reorder, WINDOW_NS};
use super::report::BAD_ROWS_KEPT;
use super::row::{Kind, Parse, Parsed, Row};
use super::{Format, ImportPlan, csv, item_jsonl, lean, recorder};
use crate::lines::{BytesRead, Lines, Packing, ZipEntry, open_file, zip_entries};

/// Kinds of rows without market data that are told apart; the rest is counted together.
const MOST_PASSED_KINDS: usize = 20;

/// One text of rows.
#[derive(Debug)]
pub(crate) struct Part {
    /// The file's name, and the entry's in a zip.
    pub name: String,
    file: PathBuf,
    entry: Option<ZipEntry>,
    holds: Holds,
}

/// What must be known of a part besides its lines.
#[derive(Debug, Clone)]
enum Holds {
    Csv,
    ItemJsonl,
    Lean(Box<LeanName>),
    Recorder(recorder::FileSymbol),
}

/// The parts of a plan, in the order in which ties are broken.
pub(crate) fn list(plan: &ImportPlan) -> Result<Vec<Part>, ImportError> {
    let mut parts = Vec::new();
    for file in &plan.files {
        let unreadable = |source| ImportError::File { file: file.clone(), source };
        let (_, packing) = open_file(file).map_err(unreadable)?;
        let name = file.display().to_string();
        match (plan.format, packing) {
            (_, Packing::Parquet) => {
                return Err(wrong(plan, name, 1, "Parquet, which this version does not read"));
            }
            (Format::Lean, Packing::Zip) => {
                let entries = zip_entries(file).map_err(unreadable)?;
                if entries.is_empty() {
                    return Err(ImportError::NoRows { file: name, reason: "the zip is empty".to_owned() });
                }
                for entry in entries {
                    parts.push(lean_part(plan, file, Some(entry))?);
                }
            }
            (_, Packing::Zip) => {
                return Err(wrong(plan, name, 1, "a zip archive, as the format lean has them"));
            }
            (Format::Lean, _) => parts.push(lean_part(plan, file, None)?),
            (Format::Csv, _) => parts.push(Part { name, file: file.clone(), entry: None, holds: Holds::Csv }),
            (Format::ItemJsonl, _) => {
                parts.push(Part { name, file: file.clone(), entry: None, holds: Holds::ItemJsonl });
            }
            (Format::Recorder, _) => {
                let holds = Holds::Recorder(recorder::file_symbol(file).map_err(unreadable)?);
                parts.push(Part { name, file: file.clone(), entry: None, holds });
            }
        }
    }
    Ok(parts)
}

fn lean_part(plan: &ImportPlan, file: &Path, entry: Option<ZipEntry>) -> Result<Part, ImportError> {
    let inner = entry.as_ref().map(|entry| entry.name.as_str());
    let name = match inner {
        Some(inner) => format!("{}({inner})", file.display()),
        None => file.display().to_string(),
    };
    match LeanName::of(file, inner) {
        Ok(holds) => Ok(Part { name, file: file.to_path_buf(), entry, holds: Holds::Lean(Box::new(holds)) }),
        Err(reason) => {
            // A file of another format is named otherwise too; what it looks like is the better answer.
            if entry.is_none()
                && let Ok(mut lines) = Lines::open(file, &BytesRead::default())
                && let Ok(Some(first)) = lines.next_line()
                && let Some((format, looks)) = looks_like(first)
                && format != Some(Format::Lean)
            {
                return Err(wrong(plan, name, 1, looks));
            }
            Err(ImportError::FileName { file: name, reason })
        }
    }
}

fn wrong(plan: &ImportPlan, file: String, line: u64, looks: &'static str) -> ImportError {
    ImportError::WrongFormat { file, line, expected: plan.format, looks }
}

/// The format that a line seems to be of, and how to say it. `None` for a format that is not imported.
pub(crate) fn looks_like(line: &str) -> Option<(Option<Format>, &'static str)> {
    let line = line.trim_start();
    if line.starts_with("{\"Item\"") {
        return Some((Some(Format::ItemJsonl), "item-jsonl"));
    }
    if line.starts_with("{\"seq\"") {
        return Some((None, "a Reprise journal, which needs no import"));
    }
    if line.starts_with('{') {
        return Some((None, "JSON without receive times in front"));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && line[digits..].trim_start().starts_with('{') {
        return Some((Some(Format::Recorder), "recorder"));
    }
    if line.contains(',') && line.to_ascii_lowercase().contains("ts_ns") {
        return Some((Some(Format::Csv), "csv"));
    }
    let mut fields = line.split(',');
    let starts = fields
        .next()
        .is_some_and(|first| digits > 0 && first[digits..].bytes().all(|b| b" .:0123456789".contains(&b)));
    let numbers = fields.clone().all(|field| field.trim().bytes().all(|b| b".+-eE0123456789".contains(&b)));
    if starts && numbers && matches!(fields.count(), 2..=5 | 10) {
        return Some((Some(Format::Lean), "a CSV out of a Lean zip, as the format lean has them"));
    }
    None
}

/// What became of a part's lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Lines that are neither blank nor a header.
    pub rows: u64,
    pub bad: u64,
    pub first_bad: Vec<(u64, BadRow)>,
    pub passed_over: BTreeMap<String, u64>,
}

impl Tally {
    fn pass_over(&mut self, what: String) {
        if self.passed_over.len() >= MOST_PASSED_KINDS && !self.passed_over.contains_key(&what) {
            *self.passed_over.entry("other".to_owned()).or_default() += 1;
        } else {
            *self.passed_over.entry(what).or_default() += 1;
        }
    }

    pub(crate) fn why_no_rows(&self) -> String {
        if self.rows == 0 {
            return "the file is empty".to_owned();
        }
        let passed: Vec<String> =
            self.passed_over.iter().map(|(what, count)| format!("{what} {count}")).collect();
        match (self.bad, passed.is_empty()) {
            (0, _) => format!(
                "its {} lines carry no market data that is known here: {}",
                self.rows,
                passed.join(", ")
            ),
            (bad, true) => format!("all its {bad} rows are bad"),
            (bad, false) => {
                format!("{bad} rows are bad and the others carry no market data: {}", passed.join(", "))
            }
        }
    }
}

/// Reads the rows of one part, in order of time.
pub(crate) struct PartReader {
    format: Format,
    name: String,
    skip_bad: bool,
    lines: Lines,
    parser: Box<dyn Parse + Send>,
    /// The latest time in each stream: those of an instrument side by side.
    streams: Vec<[Ts; Kind::COUNT]>,
    window: Reorder<Row>,
    ended: bool,
    /// A line was understood, so the file is of the right format.
    understood: bool,
    tally: Tally,
}

impl PartReader {
    pub(crate) fn open(
        plan: &ImportPlan,
        part: &Part,
        symbols: &mut Symbols,
        bytes: &BytesRead,
    ) -> Result<Self, ImportError> {
        let opened = match &part.entry {
            Some(entry) => Lines::open_entry(&part.file, entry, bytes),
            None => Lines::open(&part.file, bytes),
        };
        let mut lines = opened.map_err(|source| ImportError::File { file: part.file.clone(), source })?;
        let parser: Box<dyn Parse + Send> = match &part.holds {
            Holds::Csv => Box::new(csv::CsvRows::open(&part.name, &mut lines, plan.venue.as_deref())?),
            Holds::ItemJsonl => Box::new(item_jsonl::ItemRows::default()),
            Holds::Lean(name) => Box::new(lean::LeanRows::new(name, symbols).map_err(|reason| {
                ImportError::FileName { file: part.name.clone(), reason: reason.to_string() }
            })?),
            Holds::Recorder(symbol) => Box::new(recorder::RecorderRows::new(symbol.clone())),
        };
        Ok(Self {
            format: plan.format,
            name: part.name.clone(),
            skip_bad: plan.skip_bad,
            lines,
            parser,
            streams: Vec::new(),
            window: Reorder::new(WINDOW_NS),
            ended: false,
            understood: false,
            tally: Tally::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn into_tally(self) -> Tally {
        self.tally
    }

    /// The next row in order of time.
    pub(crate) fn next_row(&mut self, symbols: &mut Symbols) -> Result<Option<Row>, ImportError> {
        loop {
            if let Some((_, row)) = self.window.pop(self.ended) {
                return Ok(Some(row));
            }
            if self.ended {
                return Ok(None);
            }
            self.read_line(symbols)?;
        }
    }

    /// Reads one line into the window.
    fn read_line(&mut self, symbols: &mut Symbols) -> Result<(), ImportError> {
        let mut looks = None;
        let parsed = match self.lines.next_line() {
            Ok(None) => {
                self.ended = true;
                return Ok(());
            }
            Ok(Some(line)) if line.trim().is_empty() => return Ok(()),
            Ok(Some(line)) => self.parser.parse(line, symbols).inspect_err(|_| {
                if !self.understood {
                    looks = looks_like(line).filter(|(format, _)| *format != Some(self.format));
                }
            }),
            Err(fault) => Err(BadRow::Line(fault)),
        };
        self.tally.rows += 1;
        let placed = match parsed {
            Ok(Parsed::Row(row)) => self.place(row, symbols),
            Ok(Parsed::Passed(what)) => {
                self.tally.pass_over(clip(&what));
                Ok(())
            }
            Err(reason) => Err(reason),
        };
        let Err(reason) = placed else {
            self.understood = true;
            return Ok(());
        };
        let line = self.lines.number();
        if let Some((_, looks)) = looks {
            let (file, expected) = (self.name.clone(), self.format);
            return Err(ImportError::WrongFormat { file, line, expected, looks });
        }
        if !self.skip_bad {
            return Err(ImportError::Row { file: self.name.clone(), line, reason });
        }
        self.tally.bad += 1;
        if self.tally.first_bad.len() < BAD_ROWS_KEPT {
            self.tally.first_bad.push((line, reason));
        }
        Ok(())
    }

    /// Puts a row into the window, if its own stream does not run back and the window can still place it.
    fn place(&mut self, row: Row, symbols: &Symbols) -> Result<(), BadRow> {
        let (ts, kind, at) = (row.ts, row.kind, row.symbol.0);
        if self.streams.len() <= at {
            self.streams.resize(at + 1, [Ts(0); Kind::COUNT]);
        }
        let last = self.streams[at][kind as usize];
        if ts < last {
            let instrument = symbols.id(row.symbol).to_string();
            return Err(BadRow::Backwards { kind: kind.name(), instrument, ns: last.since(ts) });
        }
        self.window.push(ts, row).map_err(|late| BadRow::TooLate { ns: late.behind_ns })?;
        self.streams[at][kind as usize] = ts;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a file given under a wrong format is blamed for its first row instead of its format.
    #[test]
    fn formats_are_recognised() {
        for (line, format) in [
            ("{\"Item\":{\"time_exchange\"", Some(Some(Format::ItemJsonl))),
            ("{\"seq\":1,\"ts\":2", Some(None)),
            ("{\"stream\":\"x\"}", Some(None)),
            ("1723161253937085768 {\"stream\"", Some(Some(Format::Recorder))),
            ("ts_ns,instrument,bid", Some(Some(Format::Csv))),
            ("60000,7420,7422,7405,7405,13.3", Some(Some(Format::Lean))),
            ("20180404 00:00,7420,7422,7405,7405,13.3", Some(Some(Format::Lean))),
            ("5,A.X,1,1,2,1", None),
            ("5", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(looks_like(line).map(|(format, _)| format), format, "{line}");
        }
    }
}

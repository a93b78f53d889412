//! Recordings become inputs: read twice, once to check every row and to learn the instruments, once to emit.
//!
//! The rows of each file pass a stable window in which they are put in order by receive time, then the files
//! are merged by time, ties by the order in which they were named. Memory does not grow with the recording.
//!
//! ```no_run
//! use reprise_market_data::import::{Format, Import, ImportPlan};
//!
//! let plan = ImportPlan { format: Format::Csv, files: vec!["quotes.csv".into()], ..ImportPlan::default() };
//! let import = Import::scan(plan, |_| {})?;
//! for instrument in import.instruments() {
//!     println!("{}", instrument.instrument);
//! }
//! let mut events = import.events();
//! while let Some((ts, input)) = events.next_event()? {
//!     println!("{ts} {}", input.kind());
//! }
//! println!("{} events", events.report().events);
//! # Ok::<(), reprise_market_data::import::ImportError>(())
//! ```

mod assemble;
mod csv;
mod definitions;
mod error;
mod events;
mod item_jsonl;
mod lean;
mod pair;
mod part;
mod recorder;
mod reorder;
mod report;
mod row;
pub mod time;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reprise_model::{Instrument, InstrumentId, Ts};

pub use error::{BadRow, ImportError};
pub use events::Events;
pub use reorder::{Reorder, TooLate, WINDOW_NS};
pub use report::{BadRowAt, Report};

use crate::lines::BytesRead;
use definitions::Symbols;
use part::{Part, PartReader, Tally};

/// A recording's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Lean's zips of CSV: quotes, trades and bars.
    Lean,
    /// Raw venue messages behind their receive times: `recv_ns {json}`.
    Recorder,
    /// `{"Item":{…}}`, one object a line.
    ItemJsonl,
    /// CSV with the header `ts_ns,instrument,bid,bid_size,ask,ask_size[,last,last_size,side]`.
    #[default]
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Lean, Self::Recorder, Self::ItemJsonl, Self::Csv];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lean => "lean",
            Self::Recorder => "recorder",
            Self::ItemJsonl => "item-jsonl",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no format's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no format of recordings; use lean, recorder, item-jsonl or csv")]
pub struct UnknownFormat {
    /// The name.
    pub text: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat { text: error::clip(text) })
    }
}

/// What to import.
#[derive(Debug, Clone, Default)]
pub struct ImportPlan {
    /// The files' format.
    pub format: Format,
    /// The venue, where the recording does not say it or says it otherwise.
    pub venue: Option<String>,
    /// The instrument's id, for recordings of a single instrument.
    pub instrument: Option<InstrumentId>,
    /// The files; of rows with equal times those of the first file come first.
    pub files: Vec<PathBuf>,
    /// Count bad rows and go on, instead of failing at the first.
    pub skip_bad: bool,
    /// Definitions that need not be inferred.
    pub known: Vec<Instrument>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from disk in this pass.
    pub bytes: u64,
    /// Bytes to read in this pass.
    pub total_bytes: u64,
    /// Rows read in this pass.
    pub rows: u64,
}

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 8_192;

/// A recording that was checked: every row was read once, and its instruments are known.
#[derive(Debug)]
pub struct Import {
    plan: ImportPlan,
    parts: Vec<ScannedPart>,
    symbols: Symbols,
    instruments: Vec<Instrument>,
    total_bytes: u64,
    report: Report,
}

/// A part and what the first pass found in it.
#[derive(Debug)]
struct ScannedPart {
    part: Part,
    first: Option<Ts>,
    tally: Tally,
}

impl Import {
    /// The first pass: reads every row of every file, checks it and learns the instruments.
    ///
    /// # Errors
    /// When a file cannot be read, is of another format or holds no row, and at the first bad row unless bad rows
    /// are to be skipped.
    pub fn scan(mut plan: ImportPlan, mut progress: impl FnMut(Progress)) -> Result<Self, ImportError> {
        check_plan(&mut plan)?;
        let mut symbols = Symbols::new(plan.venue.clone(), plan.instrument, &plan.known);
        let parts = part::list(&plan)?;
        let total_bytes = total_bytes(&plan);
        let bytes = BytesRead::default();
        let mut report = Report::default();
        let mut scanned = Vec::with_capacity(parts.len());
        for part in parts {
            let rows_before = report.rows;
            let one = scan_part(&plan, part, &mut symbols, &bytes, |rows| {
                progress(Progress { bytes: bytes.get(), total_bytes, rows: rows_before + rows });
            })?;
            report.add(&one.part.name, &one.tally);
            check_rows(&plan, &one, &mut report)?;
            scanned.push(one);
        }
        symbols.check_given()?;
        let instruments = symbols.definitions(&mut report.warnings)?;
        if instruments.is_empty() {
            let file = plan.files.first().map(|file| file.display().to_string()).unwrap_or_default();
            return Err(ImportError::NoRows { file, reason: "every row is bad".to_owned() });
        }
        warn_of_units(&scanned, &mut report);
        progress(Progress { bytes: bytes.get(), total_bytes, rows: report.rows });
        Ok(Self { plan, parts: scanned, symbols, instruments, total_bytes, report })
    }

    /// The definitions of the instruments in the recording, sorted by id.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// What the first pass found. [`Events::report`] adds what was emitted.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The second pass: the recording's inputs in time order. It may be started any number of times.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events::new(self)
    }
}

fn check_plan(plan: &mut ImportPlan) -> Result<(), ImportError> {
    if plan.files.is_empty() {
        return Err(ImportError::NoFiles);
    }
    let Some(venue) = &mut plan.venue else { return Ok(()) };
    venue.make_ascii_uppercase();
    let usable = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if venue.is_empty() || venue.len() > 15 || !venue.bytes().all(usable) {
        return Err(ImportError::Venue { venue: error::clip(venue) });
    }
    match plan.instrument {
        Some(instrument) if instrument.venue() != *venue => {
            Err(ImportError::TwoVenues { instrument: instrument.to_string(), venue: venue.clone() })
        }
        _ => Ok(()),
    }
}

/// Times in milliseconds or seconds, read as nanoseconds, all lie within the first hours of 1970.
fn warn_of_units(scanned: &[ScannedPart], report: &mut Report) {
    const YEAR_1973_NS: u64 = 100_000_000_000_000_000;
    if let Some(one) = scanned.iter().find(|one| one.first.is_some_and(|ts| ts.0 < YEAR_1973_NS)) {
        report.warnings.push(format!(
            "{} begins {} ns after 1970-01-01; are its times nanoseconds?",
            one.part.name,
            one.first.unwrap_or_default()
        ));
    }
}

fn total_bytes(plan: &ImportPlan) -> u64 {
    plan.files.iter().filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}

fn scan_part(
    plan: &ImportPlan,
    part: Part,
    symbols: &mut Symbols,
    bytes: &BytesRead,
    mut progress: impl FnMut(u64),
) -> Result<ScannedPart, ImportError> {
    let mut reader = PartReader::open(plan, &part, symbols, bytes)?;
    let mut first = None;
    let mut next_report = 0;
    while let Some(row) = reader.next_row(symbols)? {
        symbols.observe(&row);
        first.get_or_insert(row.ts);
        if reader.tally().rows >= next_report {
            progress(reader.tally().rows);
            next_report = reader.tally().rows + PROGRESS_ROWS;
        }
    }
    let tally = reader.into_tally();
    Ok(ScannedPart { part, first, tally })
}

/// A file without a row is a mistake, unless it is only one of the bad things that are to be skipped.
fn check_rows(plan: &ImportPlan, one: &ScannedPart, report: &mut Report) -> Result<(), ImportError> {
    if one.first.is_some() {
        return Ok(());
    }
    let reason = one.tally.why_no_rows();
    if plan.skip_bad && plan.files.len() > 1 {
        report.warnings.push(format!("{} holds no row that can be imported: {reason}", one.part.name));
        return Ok(());
    }
    Err(ImportError::NoRows { file: one.part.name.clone(), reason })
}

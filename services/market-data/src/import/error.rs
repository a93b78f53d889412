//! What can go wrong in an import: faults of single rows, and failures of the whole.

use std::path::PathBuf;

use reprise_model::{IdError, MoneyError};

use super::Format;
use crate::lines::LineFault;

/// Why one row is bad. The file and the line stand beside it, in [`ImportError::Row`] or [`super::BadRowAt`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    /// The line itself cannot be read.
    #[error(transparent)]
    Line(#[from] LineFault),
    /// Not the JSON that was expected.
    #[error("it is not the JSON that was expected: {detail}")]
    Json {
        /// The parser's words, with the column.
        detail: String,
    },
    /// The line has not the shape of a row.
    #[error("it is not a row of this format, which reads {expected}: {text:?}")]
    Shape {
        /// What a row looks like.
        expected: &'static str,
        /// The line, clipped.
        text: String,
    },
    /// A row with too few or too many fields: half a line, for example.
    #[error("it has {found} fields where {expected} are expected")]
    Fields {
        /// How many there are.
        found: usize,
        /// How many there should be, in words.
        expected: String,
    },
    /// A value that must be there is not.
    #[error("its {field} is missing")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A number that cannot be used.
    #[error("its {field} is of no use: {source}")]
    Number {
        /// Which.
        field: &'static str,
        /// Why.
        source: MoneyError,
    },
    /// A price or a traded size that is zero or less.
    #[error("its {field} is {text} and must be above zero")]
    NotPositive {
        /// Which.
        field: &'static str,
        /// The number.
        text: String,
    },
    /// A displayed size below zero.
    #[error("its {field} is {text} and must not be below zero")]
    Negative {
        /// Which.
        field: &'static str,
        /// The number.
        text: String,
    },
    /// A time that cannot be read.
    #[error("its {field} is {text:?}, which is not {expected}")]
    Time {
        /// Which.
        field: &'static str,
        /// The text, clipped.
        text: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Buyers pay more than sellers ask.
    #[error("the quote is crossed: the bid {bid} is above the ask {ask}")]
    Crossed {
        /// The bid.
        bid: String,
        /// The ask.
        ask: String,
    },
    /// A bar whose prices contradict each other.
    #[error("the bar contradicts itself: {field} {price} is not within low {low} and high {high}")]
    Bar {
        /// Which price.
        field: &'static str,
        /// It.
        price: String,
        /// The low.
        low: String,
        /// The high.
        high: String,
    },
    /// Neither buy nor sell.
    #[error("its side is {text:?}, which is neither buy nor sell")]
    Side {
        /// The text, clipped.
        text: String,
    },
    /// A name that is no instrument.
    #[error("it names no usable instrument: {source}")]
    Instrument {
        /// Why.
        source: IdError,
    },
    /// A book snapshot of nobody knows which instrument.
    #[error(
        "it is a book snapshot that names no symbol, and the file holds {found}; name the file SYMBOL_… or split it \
         by symbol"
    )]
    WhoseSnapshot {
        /// The symbols found in the file's first lines.
        found: String,
    },
    /// Time runs backwards in a stream that should be in order.
    #[error("time runs backwards: this {kind} of {instrument} was received {ns} ns before the one above it")]
    Backwards {
        /// The kind of row.
        kind: &'static str,
        /// The instrument.
        instrument: String,
        /// How far back.
        ns: u64,
    },
    /// Too late to be put in order.
    #[error(
        "it was received {ns} ns before the latest row above it, more than the 5 s within which rows are put in order"
    )]
    TooLate {
        /// How far back.
        ns: u64,
    },
}

/// Why an import fails as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Nothing to read.
    #[error("no file is named; say which recordings to import")]
    NoFiles,
    /// A venue's name that cannot be part of an instrument's id.
    #[error("{venue:?} cannot be a venue's name: use 1 to 15 letters, digits, '-' or '_'")]
    Venue {
        /// The name.
        venue: String,
    },
    /// Two options name two venues.
    #[error("the instrument {instrument} names another venue than --venue {venue}; leave one of them out")]
    TwoVenues {
        /// The instrument.
        instrument: String,
        /// The venue.
        venue: String,
    },
    /// A file that cannot be opened or read.
    #[error("{file} cannot be read: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file whose name does not tell what it holds.
    #[error("{file}: {reason}")]
    FileName {
        /// Which.
        file: String,
        /// What the name lacks.
        reason: String,
    },
    /// A file of another format.
    #[error("{file}, line {line}: this is no file of the format {expected}; it looks like {looks}")]
    WrongFormat {
        /// Which.
        file: String,
        /// The line that shows it.
        line: u64,
        /// The format that was asked for.
        expected: Format,
        /// What it looks like.
        looks: &'static str,
    },
    /// A CSV header that cannot be used.
    #[error("{file}, line {line}: the header {reason}")]
    Header {
        /// Which file.
        file: String,
        /// Where the header is.
        line: u64,
        /// What it lacks.
        reason: String,
    },
    /// A bad row, when bad rows are not to be skipped.
    #[error("{file}, line {line}: {reason} (--skip-bad counts such rows and goes on)")]
    Row {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: BadRow,
    },
    /// A file without a single row that could be used.
    #[error("{file} holds no row that can be imported: {reason}")]
    NoRows {
        /// Which.
        file: String,
        /// What it holds instead.
        reason: String,
    },
    /// One name was given for several instruments.
    #[error(
        "--instrument {given} names one instrument, but the files hold {found}; leave it out or import one of them"
    )]
    ManyInstruments {
        /// The name.
        given: String,
        /// The instruments found.
        found: String,
    },
    /// A definition that cannot be written down.
    #[error("no definition of {instrument} can be inferred: {reason}")]
    Definition {
        /// The instrument.
        instrument: String,
        /// Why.
        reason: String,
    },
    /// A file is not what it was when it was checked.
    #[error("{file} changed while it was being imported; import it again when nobody writes to it")]
    Changed {
        /// Which.
        file: String,
    },
}

/// A text short enough for a message.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

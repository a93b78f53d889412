//! Reading a journal from its first line to its last, in constant memory, every line checked against the
//! chain and the order of things.

use std::path::Path;

use reprise_model::codec::{Field, ReadError, Reader};
use reprise_model::event::{Class, Quote};
use reprise_model::{Input, Outcome, Record, SCHEMA_VERSION, Seq, Ts};

use crate::error::{DamageKind, JournalError};
use crate::line::{self, Envelope, QUOTE};
use crate::lock::Lock;
use crate::order::{Order, RUN_STARTED};
use crate::position::Position;
use crate::segment::list_whole;
use crate::source::{LineSource, Progress};
use crate::unfinished;

/// Unknown names that are kept: the first tell enough, and memory must not grow with a journal full of them.
const MAX_UNKNOWNS: usize = 1_000;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A fact from outside.
    Input {
        /// The fact.
        input: Input,
        /// How many outcomes follow it.
        outcomes: u32,
    },
    /// What the core decided.
    Outcome {
        /// The decision.
        outcome: Outcome,
        /// Its immediate parent.
        cause: Seq,
    },
    /// Bookkeeping of the shell.
    Record(Record),
    /// A kind that a later engine wrote; its line is whole, its meaning is not known.
    Unknown {
        /// Told by the envelope.
        class: Class,
        /// The kind's name.
        kind: String,
    },
}

/// One line of the journal, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The event's number; for a record the last one before it.
    pub seq: Seq,
    /// When it happened, in nanoseconds of Unix time.
    pub ts: Ts,
    /// What it says.
    pub body: Body,
    /// The line without its newline.
    pub raw: &'a [u8],
    /// The line up to its crc: what [`encode_outcome`](crate::line::encode_outcome) gives for equal events.
    pub covered: &'a [u8],
    /// The stored crc.
    pub crc: u32,
    /// The segment's number.
    pub segment: u32,
    /// The segment's file.
    pub file: &'a Path,
    /// Where the line begins in its segment's uncompressed bytes.
    pub offset: u64,
    /// The line's number in its segment, from 1.
    pub line: u64,
    /// Fields that this version does not know.
    pub unknown: Vec<String>,
}

/// A kind or field that this version does not know, and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Where it was first met.
    pub seq: Seq,
    /// What the line is to the core.
    pub class: Class,
    /// The kind, known or not.
    pub kind: String,
    /// The field; `None` when the kind itself is not known.
    pub field: Option<String>,
    /// How often it was met.
    pub times: u64,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "field '{field}' of {}", self.kind)?,
            None => write!(f, "kind '{}'", self.kind)?,
        }
        write!(f, " is not known to this version ({} times, first at seq {})", self.times, self.seq)
    }
}

/// Reads a journal's lines in order.
pub struct JournalReader {
    pub(crate) source: LineSource,
    pub(crate) order: Order,
    unknowns: Vec<Unknown>,
    /// The schema version in `run.started`, when it is later than this engine's.
    newer: Option<String>,
    being_written: bool,
}

impl JournalReader {
    /// Opens a run's folder, or a single segment. What is read is the journal as it is now; of one that is being
    /// written, what its writer has finished.
    ///
    /// # Errors
    /// When there is nothing, no segment, or one is missing between others.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let was_held = Lock::is_held(path);
        let mut segments = list_whole(path)?;
        // A writer may begin, or end, while this looks.
        let being_written = was_held || Lock::is_held(path);
        if being_written {
            unfinished::leave_out(&mut segments)?;
            if segments.is_empty() {
                let reason = "its writer has not finished the first line".to_owned();
                return Err(JournalError::NotAJournal { path: path.to_owned(), reason });
            }
        }
        Ok(Self { being_written, ..Self::over(segments) })
    }

    /// Another reader, from the start, of what this one reads, whatever was written since.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { being_written: self.being_written, ..Self::over(self.source.segments().to_vec()) }
    }

    /// True when somebody was writing the journal when it was opened.
    #[must_use]
    pub fn is_being_written(&self) -> bool {
        self.being_written
    }

    /// Opens a run's folder to go on behind a place that a writer or a reader gave; the chain is checked from
    /// there on.
    ///
    /// # Errors
    /// As [`Self::open`], and when the place is not in this journal.
    pub fn open_at(dir: &Path, position: &Position) -> Result<Self, JournalError> {
        let mut reader = Self::open(dir)?;
        if !reader.source.seek(position)? {
            let &Position { segment, offset, seq, .. } = position;
            return Err(JournalError::NoSuchPlace { path: dir.to_owned(), segment, offset, seq });
        }
        reader.order = position.order();
        Ok(reader)
    }

    /// Where the reader is, `None` within a batch.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let (segment, lines, offset) = self.source.place();
        (self.order.pending == 0).then(|| Position::new(segment, lines, offset, &self.order))
    }

    pub(crate) fn over(segments: Vec<crate::segment::Segment>) -> Self {
        let source = LineSource::new(segments);
        Self { source, order: Order::default(), unknowns: Vec::new(), newer: None, being_written: false }
    }

    /// How far the reader is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.source.progress()
    }

    /// The last sequence number that was read.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.order.seq
    }

    /// True when `run.ended` was read and no other epoch since.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.order.ended
    }

    /// Kinds and fields that were met and are not known to this version: what was read cannot be judged.
    #[must_use]
    pub fn unknowns(&self) -> &[Unknown] {
        &self.unknowns
    }

    /// The next line, decoded; `None` after the last.
    ///
    /// # Errors
    /// When the journal is damaged, ends within a batch, cannot be read, or is of an unknown version.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, JournalError> {
        if !self.advance()? {
            return Ok(None);
        }
        let envelope = accept(&self.source, &mut self.order)?;
        if envelope.kind == RUN_STARTED {
            self.newer = check_schema(&self.source)?;
        }
        let (body, unknown) = match decode_body(&envelope) {
            Ok(decoded) => decoded,
            Err(error) => return Err(self.unreadable(&error)),
        };
        if let Body::Unknown { class, kind } = &body {
            note(&mut self.unknowns, envelope.seq, *class, kind, None);
        }
        for field in &unknown {
            let kind = String::from_utf8_lossy(envelope.kind);
            note(&mut self.unknowns, envelope.seq, envelope.class, &kind, Some(field));
        }
        if let Body::Input { input, .. } = &body {
            self.order.learn(input);
        }
        Ok(Some(Entry {
            seq: envelope.seq,
            ts: envelope.ts,
            body,
            raw: self.source.line(),
            covered: envelope.covered,
            crc: envelope.crc,
            segment: self.source.segment().number,
            file: self.source.file(),
            offset: self.source.offset(),
            line: self.source.line_number(),
            unknown,
        }))
    }

    /// The next line, checked against chain and order, and split; what it says is not decoded: the way of
    /// comparing bytes, which must not fail at what does not read.
    ///
    /// # Errors
    /// As [`Self::next_entry`]; of what lines say, only `run.started` must read.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<Envelope<'_>>, JournalError> {
        Ok(self.next_whole_line()?.map(|(envelope, _)| envelope))
    }

    /// As [`Self::next_line`], with the line itself, without its newline.
    #[inline]
    pub(crate) fn next_whole_line(&mut self) -> Result<Option<(Envelope<'_>, &[u8])>, JournalError> {
        if !self.advance()? {
            return Ok(None);
        }
        let envelope = accept(&self.source, &mut self.order)?;
        if envelope.kind == RUN_STARTED {
            self.newer = check_schema(&self.source)?;
            match decode_body(&envelope) {
                Ok((Body::Input { input, .. }, _)) => self.order.learn(&input),
                Ok(_) => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(Some((envelope, self.source.line())))
    }

    /// The next input. Outcomes and records are checked against chain and order, and passed over without
    /// decoding what they say: the way of replays.
    ///
    /// An input of a kind that is not known is passed over and noted in [`Self::unknowns`].
    ///
    /// # Errors
    /// As [`Self::next_entry`].
    #[inline]
    pub fn next_input(&mut self) -> Result<Option<(Seq, Ts, Input)>, JournalError> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            let envelope = accept(&self.source, &mut self.order)?;
            if envelope.class != Class::Input {
                continue;
            }
            if envelope.kind == QUOTE {
                let mut reader = Reader::new(envelope.payload);
                if let Ok(quote) = Quote::read(&mut reader)
                    && reader.finish().is_ok()
                    && reader.unknown().is_empty()
                {
                    return Ok(Some((envelope.seq, envelope.ts, Input::Quote(quote))));
                }
            }
            if envelope.kind == RUN_STARTED {
                self.newer = check_schema(&self.source)?;
            }
            let mut reader = Reader::new(envelope.payload);
            let Some(input) = Input::read_data(envelope.kind, &mut reader) else {
                let kind = String::from_utf8_lossy(envelope.kind);
                note(&mut self.unknowns, envelope.seq, Class::Input, &kind, None);
                continue;
            };
            let input = match input.and_then(|input| reader.finish().map(|()| input)) {
                Ok(input) => input,
                Err(error) => return Err(self.unreadable(&error)),
            };
            for field in reader.unknown() {
                note(&mut self.unknowns, envelope.seq, Class::Input, input.kind(), Some(field));
            }
            self.order.learn(&input);
            return Ok(Some((envelope.seq, envelope.ts, input)));
        }
    }

    /// Goes to the next line; false behind the last.
    #[inline]
    fn advance(&mut self) -> Result<bool, JournalError> {
        match self.source.advance() {
            Ok(true) => Ok(true),
            Ok(false) => self.at_end(),
            Err(error) => Err(error.after(self.order.seq)),
        }
    }

    #[cold]
    fn at_end(&self) -> Result<bool, JournalError> {
        let (kind, reason) = match (self.order.seq, self.order.pending) {
            (Seq(0), _) => (DamageKind::Empty, "the journal has no line".to_owned()),
            (_, 0) => return Ok(false),
            (_, n) => {
                (DamageKind::OpenBatch, format!("{n} outcomes of the last batch are missing at its end"))
            }
        };
        Err(JournalError::Corrupt(self.source.damage_behind(kind, self.order.seq, reason)))
    }

    /// The error for a payload that does not read although the crc is right.
    #[cold]
    fn unreadable(&self, error: &ReadError) -> JournalError {
        if let Some(found) = &self.newer {
            return unsupported(&self.source, found.clone());
        }
        let reason = format!("its crc is right, and its data does not read: {error}");
        JournalError::Corrupt(self.source.damage(DamageKind::Event, self.order.seq, reason))
    }
}

/// Splits the line at hand and takes it into the order of things.
#[inline]
fn accept<'s>(source: &'s LineSource, order: &mut Order) -> Result<Envelope<'s>, JournalError> {
    let envelope = match line::decode(source.line()) {
        Ok(envelope) => envelope,
        Err(fault) => return Err(not_a_line(source, order, fault)),
    };
    let after = order.seq;
    match order.accept(&envelope) {
        Ok(()) => Ok(envelope),
        Err(fault) => Err(JournalError::Corrupt(source.damage(fault.kind(), after, fault.to_string()))),
    }
}

/// The error for a line whose envelope does not read; a version of another major says so.
#[cold]
fn not_a_line(source: &LineSource, order: &Order, fault: line::LineFault) -> JournalError {
    let other = |found: &String| major_minor(found).is_some_and(|(major, _)| major != SCHEMA_VERSION.major);
    match sniff_schema(source.line()).filter(other) {
        Some(found) if order.seq == Seq(0) => unsupported(source, found),
        _ => JournalError::Corrupt(source.damage(DamageKind::NotALine, order.seq, fault.to_string())),
    }
}

/// Refuses another major version; gives a later minor one.
#[cold]
pub(crate) fn check_schema(source: &LineSource) -> Result<Option<String>, JournalError> {
    let Some(found) = sniff_schema(source.line()) else { return Ok(None) };
    match major_minor(&found) {
        Some((major, minor)) if major == SCHEMA_VERSION.major => {
            Ok((minor > SCHEMA_VERSION.minor).then_some(found))
        }
        _ => Err(unsupported(source, found)),
    }
}

#[cold]
fn unsupported(source: &LineSource, found: String) -> JournalError {
    let known = format!("{}.x", SCHEMA_VERSION.major);
    JournalError::Unsupported { file: source.file().to_owned(), found, known }
}

/// Decodes what a line says, whatever its class; the names are those of fields that are not known.
fn decode_body(envelope: &Envelope<'_>) -> Result<(Body, Vec<String>), ReadError> {
    let mut reader = Reader::new(envelope.payload);
    let r = &mut reader;
    let body = match envelope.class {
        Class::Input => Input::read_data(envelope.kind, r)
            .map(|read| read.map(|input| Body::Input { input, outcomes: envelope.outcomes })),
        Class::Outcome => Outcome::read_data(envelope.kind, r)
            .map(|read| read.map(|outcome| Body::Outcome { outcome, cause: envelope.cause })),
        Class::Record => Record::read_data(envelope.kind, r).map(|read| read.map(Body::Record)),
    };
    let Some(body) = body else {
        let kind = String::from_utf8_lossy(envelope.kind).into_owned();
        return Ok((Body::Unknown { class: envelope.class, kind }, Vec::new()));
    };
    let body = body?;
    reader.finish()?;
    Ok((body, reader.unknown().to_vec()))
}

#[cold]
fn note(unknowns: &mut Vec<Unknown>, seq: Seq, class: Class, kind: &str, field: Option<&String>) {
    if let Some(known) = unknowns.iter_mut().find(|u| u.kind == kind && u.field.as_ref() == field) {
        known.times += 1;
    } else if unknowns.len() < MAX_UNKNOWNS {
        unknowns.push(Unknown { seq, class, kind: kind.to_owned(), field: field.cloned(), times: 1 });
    }
}

/// The schema version in a `run.started` line of whatever shape.
fn sniff_schema(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(value.get("data")?.get("schema")?.as_str()?.to_owned())
}

fn major_minor(schema: &str) -> Option<(u16, u16)> {
    let (major, minor) = schema.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

//! The second pass: the rows of all files merged by time, put together and emitted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use reprise_model::{Input, Ts};

use super::assemble::Assembler;
use super::definitions::Symbols;
use super::part::PartReader;
use super::row::Row;
use super::{Import, ImportError, Progress, Report};
use crate::lines::BytesRead;

/// The inputs of a recording in time order. A file is open only while its rows are due, so that a thousand
/// daily files cost no more than one.
pub struct Events<'a> {
    import: &'a Import,
    symbols: Symbols,
    bytes: BytesRead,
    /// Parts to open, by first time, then by place.
    closed: VecDeque<(Ts, usize)>,
    /// The next row of each open part.
    heads: BinaryHeap<Reverse<(Ts, usize)>>,
    open: BTreeMap<usize, (PartReader, Row)>,
    rows_closed: u64,
    assembler: Assembler,
    queue: VecDeque<(Ts, Input)>,
    report: Report,
    failed: bool,
}

impl std::fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("report", &self.report).finish_non_exhaustive()
    }
}

impl<'a> Events<'a> {
    pub(super) fn new(import: &'a Import) -> Self {
        let mut closed: Vec<(Ts, usize)> =
            import.parts.iter().enumerate().filter_map(|(at, part)| Some((part.first?, at))).collect();
        closed.sort_unstable();
        Self {
            import,
            symbols: import.symbols.clone(),
            bytes: BytesRead::default(),
            closed: closed.into(),
            heads: BinaryHeap::new(),
            open: BTreeMap::new(),
            rows_closed: 0,
            assembler: Assembler::default(),
            queue: VecDeque::new(),
            report: import.report.clone(),
            failed: false,
        }
    }

    /// The next input, `None` behind the last one.
    ///
    /// # Errors
    /// When a file can no longer be read or is not what it was when it was checked. Nothing comes after that.
    pub fn next_event(&mut self) -> Result<Option<(Ts, Input)>, ImportError> {
        loop {
            if let Some((ts, input)) = self.queue.pop_front() {
                self.report.events += 1;
                self.report.first_ts.get_or_insert(ts);
                self.report.last_ts = Some(ts);
                return Ok(Some((ts, input)));
            }
            if self.failed {
                return Ok(None);
            }
            match self.next_row().inspect_err(|_| self.failed = true)? {
                Some(row) => self.assembler.take(row, &self.symbols, &mut self.queue),
                None => return Ok(None),
            }
        }
    }

    /// How far the pass is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let rows = self.open.values().map(|(reader, _)| reader.tally().rows).sum::<u64>() + self.rows_closed;
        Progress { bytes: self.bytes.get(), total_bytes: self.import.total_bytes, rows }
    }

    /// What the import did so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        for (what, count) in self.assembler.passed_over() {
            *report.passed_over.entry(what.to_owned()).or_default() += count;
        }
        report.warnings.extend(self.assembler.warnings(&self.symbols));
        report
    }

    fn next_row(&mut self) -> Result<Option<Row>, ImportError> {
        while let Some((first, at)) = self.closed.front().copied() {
            if self.heads.peek().is_some_and(|Reverse((head, _))| *head < first) {
                break;
            }
            self.closed.pop_front();
            self.open_part(at)?;
        }
        let Some(Reverse((ts, at))) = self.heads.pop() else { return Ok(None) };
        let Some((reader, head)) = self.open.get_mut(&at) else { return Ok(None) };
        match reader.next_row(&mut self.symbols)? {
            Some(next) if next.ts < ts => Err(ImportError::Changed { file: reader.name().to_owned() }),
            Some(next) => {
                self.heads.push(Reverse((next.ts, at)));
                Ok(Some(std::mem::replace(head, next)))
            }
            None => self.close_part(at).map(Some),
        }
    }

    fn open_part(&mut self, at: usize) -> Result<(), ImportError> {
        let scanned = &self.import.parts[at];
        let mut reader = PartReader::open(&self.import.plan, &scanned.part, &mut self.symbols, &self.bytes)?;
        match reader.next_row(&mut self.symbols)? {
            Some(row) if Some(row.ts) == scanned.first => {
                self.heads.push(Reverse((row.ts, at)));
                self.open.insert(at, (reader, row));
                Ok(())
            }
            _ => Err(ImportError::Changed { file: reader.name().to_owned() }),
        }
    }

    /// Leaves a part behind its last row, which is handed out.
    fn close_part(&mut self, at: usize) -> Result<Row, ImportError> {
        let scanned = &self.import.parts[at];
        let changed = || ImportError::Changed { file: scanned.part.name.clone() };
        let (reader, row) = self.open.remove(&at).ok_or_else(changed)?;
        self.rows_closed += reader.tally().rows;
        if *reader.tally() == scanned.tally { Ok(row) } else { Err(changed()) }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<(Ts, Input), ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}

//! The inputs of a run, one by one, as a replay wants them.

use std::panic;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, bounded};
use reprise_assembly::{Amendments, Config};
use reprise_journal::{JournalReader, Progress, Unknown};
use reprise_model::event::{RunStarted, Treatment, kind_row};
use reprise_model::{Input, Seq, Ts};

use crate::error::ReplayError;

/// Which inputs a replay takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All that `verify` steps, and where later epochs begin.
    Verify,
    /// All that a backtest steps: what the paper venue answers itself is left out.
    Backtest,
    /// Market data alone.
    MarketOnly,
}

impl Selection {
    fn takes(self, input: &Input) -> bool {
        match (self, input) {
            (Self::MarketOnly, other) => other.is_market(),
            (Self::Verify, other) => kind_row(other.kind())
                .is_some_and(|row| matches!(row.verify, Treatment::Step | Treatment::Configure)),
            (Self::Backtest, other) => {
                kind_row(other.kind()).is_some_and(|row| row.backtest == Treatment::Step)
            }
        }
    }
}

/// An input with its number and time.
type Numbered = (Seq, Ts, Input);

/// Inputs that a reading thread hands over at once.
const BATCH: usize = 1024;
/// Batches that may wait.
const BATCHES_WAITING: usize = 4;

/// Reads the inputs of a run in order; chain and order of every line are checked on the way.
pub struct Inputs {
    run: PathBuf,
    started: Box<RunStarted>,
    started_at: Ts,
    way: Way,
}

enum Way {
    /// Lines are read and decoded when they are asked for.
    Here(Box<Selected>),
    /// Another thread reads and decodes ahead.
    Ahead(Box<Ahead>),
}

/// What another thread has read, batch by batch.
struct Ahead {
    batches: Receiver<Batch>,
    batch: Batch,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    #[inline]
    fn next(&mut self) -> Result<Option<Numbered>, ReplayError> {
        loop {
            if let Some(next) = self.batch.inputs.next() {
                return Ok(Some(next));
            }
            if let Some(failure) = self.batch.failure.take() {
                return Err(failure);
            }
            if self.batch.is_last {
                return Ok(None);
            }
            match self.batches.recv() {
                Ok(next) => self.batch = next,
                Err(_) => panicked(self.thread.take()),
            }
        }
    }
}

struct Selected {
    reader: JournalReader,
    selection: Selection,
    /// For the instruments that are defined on the way.
    amendments: Amendments,
    /// The time of the last input that was read, taken or not.
    last_ts: Ts,
}

impl Selected {
    #[inline]
    fn next(&mut self) -> Result<Option<Numbered>, ReplayError> {
        while let Some((seq, ts, mut input)) = self.reader.next_input()? {
            self.last_ts = ts;
            match &mut input {
                // By far the most; every selection takes them.
                Input::Quote(_) | Input::Trade(_) | Input::Book(_) | Input::Bar(_) | Input::Mark(_) => {
                    return Ok(Some((seq, ts, input)));
                }
                Input::InstrumentDefined(event) => {
                    self.amendments.amend(&mut event.definition);
                }
                _ => {}
            }
            if self.selection.takes(&input) {
                return Ok(Some((seq, ts, input)));
            }
        }
        Ok(None)
    }
}

/// What a reading thread hands over.
struct Batch {
    inputs: std::vec::IntoIter<Numbered>,
    failure: Option<ReplayError>,
    is_last: bool,
    progress: Progress,
    unknowns: Vec<Unknown>,
    last_ts: Ts,
}

impl Inputs {
    /// Opens a run and reads its `run.started`.
    ///
    /// # Errors
    /// When there is no journal, or it does not begin with `run.started`.
    pub fn open(run: &Path, selection: Selection) -> Result<Self, ReplayError> {
        Self::over(JournalReader::open(run)?, run, selection)
    }

    /// As [`Self::open`], of a run that was opened.
    pub(crate) fn over(
        mut reader: JournalReader,
        run: &Path,
        selection: Selection,
    ) -> Result<Self, ReplayError> {
        match reader.next_input()? {
            Some((_, started_at, Input::RunStarted(started))) => {
                let amendments = Amendments::default();
                let selected = Selected { reader, selection, amendments, last_ts: started_at };
                let way = Way::Here(Box::new(selected));
                Ok(Self { run: run.to_owned(), started, started_at, way })
            }
            _ => Err(ReplayError::NoStart { run: run.to_owned() }),
        }
    }

    /// Amends the instruments that are defined on the way as a configuration says. Call it before anything is
    /// read. To amend twice is to amend once, so the inputs may have been copied from a run that did it.
    #[must_use]
    pub fn amended_by(mut self, config: &Config) -> Self {
        if let Way::Here(selected) = &mut self.way {
            selected.amendments = Amendments::of(config);
        }
        self
    }

    /// Lets another thread read and decode ahead; what comes out is the same.
    #[must_use]
    pub fn read_ahead(mut self) -> Self {
        if let Way::Here(mut selected) = self.way {
            let begun = Batch {
                inputs: Vec::new().into_iter(),
                failure: None,
                is_last: false,
                progress: selected.reader.progress(),
                unknowns: selected.reader.unknowns().to_vec(),
                last_ts: selected.last_ts,
            };
            let (sender, batches) = bounded(BATCHES_WAITING);
            let thread = thread::spawn(move || {
                loop {
                    let batch = read_batch(&mut selected);
                    let is_last = batch.is_last;
                    // A receiver that is gone has seen enough.
                    if sender.send(batch).is_err() || is_last {
                        return;
                    }
                }
            });
            self.way = Way::Ahead(Box::new(Ahead { batches, batch: begun, thread: Some(thread) }));
        }
        self
    }

    /// The run's first line.
    #[must_use]
    pub fn started(&self) -> &RunStarted {
        &self.started
    }

    /// When the run started.
    #[must_use]
    pub fn started_at(&self) -> Ts {
        self.started_at
    }

    /// The run's folder.
    #[must_use]
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The next input that the selection takes; `None` after the last.
    ///
    /// # Errors
    /// When the journal is damaged or cannot be read.
    #[inline]
    pub fn next_input(&mut self) -> Result<Option<Numbered>, ReplayError> {
        match &mut self.way {
            Way::Here(selected) => selected.next(),
            Way::Ahead(ahead) => ahead.next(),
        }
    }

    /// How far the reader is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.way {
            Way::Here(selected) => selected.reader.progress(),
            Way::Ahead(ahead) => ahead.batch.progress,
        }
    }

    /// What was met so far and is not known to this version.
    #[must_use]
    pub fn unknowns(&self) -> &[Unknown] {
        match &self.way {
            Way::Here(selected) => selected.reader.unknowns(),
            Way::Ahead(ahead) => &ahead.batch.unknowns,
        }
    }

    /// The time of the last input that was read, whether the selection takes it or not.
    #[must_use]
    pub fn last_ts(&self) -> Ts {
        match &self.way {
            Way::Here(selected) => selected.last_ts,
            Way::Ahead(ahead) => ahead.batch.last_ts,
        }
    }
}

/// The reading thread went away before its last batch: its panic goes on here, and is not taken for the end of
/// the journal.
#[cold]
fn panicked(thread: Option<JoinHandle<()>>) -> ! {
    match thread.map(JoinHandle::join) {
        Some(Err(payload)) => panic::resume_unwind(payload),
        _ => unreachable!("the reading thread ends with its last batch"),
    }
}

fn read_batch(selected: &mut Selected) -> Batch {
    let (mut inputs, mut failure) = (Vec::with_capacity(BATCH), None);
    while inputs.len() < BATCH {
        match selected.next() {
            Ok(Some(next)) => inputs.push(next),
            Ok(None) => break,
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    Batch {
        is_last: inputs.len() < BATCH || failure.is_some(),
        inputs: inputs.into_iter(),
        failure,
        progress: selected.reader.progress(),
        unknowns: selected.reader.unknowns().to_vec(),
        last_ts: selected.last_ts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when the table of kinds says otherwise of what is taken without a look at it.
    #[test]
    fn what_is_always_taken_is_a_step() {
        for kind in ["market.quote", "market.trade", "market.book", "market.bar", "market.mark"] {
            let row = kind_row(kind).unwrap();
            assert_eq!((row.verify, row.backtest), (Treatment::Step, Treatment::Step), "{kind}");
        }
    }
}

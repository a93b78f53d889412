//! The inputs of a run, one by one, as a replay wants them.

use std::path::{Path, PathBuf};
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use reprise_journal::{JournalReader, Progress, Unknown};
use reprise_model::event::{RunStarted, Treatment, kind_row};
use reprise_model::{Input, Seq, Ts};

use crate::error::ReplayError;

/// Which inputs a replay takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All that `verify` steps.
    Verify,
    /// All that a backtest steps: what the paper venue answers itself is left out.
    Backtest,
    /// Market data alone.
    MarketOnly,
}

impl Selection {
    #[inline]
    fn takes(self, input: &Input) -> bool {
        match (self, input) {
            (_, Input::Quote(_) | Input::Trade(_) | Input::Book(_)) => true,
            (Self::MarketOnly, other) => other.is_market(),
            (Self::Verify, other) => kind_row(other.kind()).is_some_and(|row| row.verify == Treatment::Step),
            (Self::Backtest, other) => kind_row(other.kind()).is_some_and(|row| row.backtest == Treatment::Step),
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
    Ahead { batches: Receiver<Batch>, batch: Batch },
}

struct Selected {
    reader: JournalReader,
    selection: Selection,
}

impl Selected {
    #[inline]
    fn next(&mut self) -> Result<Option<Numbered>, ReplayError> {
        while let Some((seq, ts, input)) = self.reader.next_input()? {
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
    progress: Progress,
    unknowns: Vec<Unknown>,
}

impl Inputs {
    /// Opens a run and reads its `run.started`.
    ///
    /// # Errors
    /// When there is no journal, or it does not begin with `run.started`.
    pub fn open(run: &Path, selection: Selection) -> Result<Self, ReplayError> {
        let mut reader = JournalReader::open(run)?;
        match reader.next_input()? {
            Some((_, started_at, Input::RunStarted(started))) => {
                let way = Way::Here(Box::new(Selected { reader, selection }));
                Ok(Self { run: run.to_owned(), started, started_at, way })
            }
            _ => Err(ReplayError::NoStart { run: run.to_owned() }),
        }
    }

    /// Lets another thread read and decode ahead; what comes out is the same.
    #[must_use]
    pub fn read_ahead(mut self) -> Self {
        if let Way::Here(selected) = self.way {
            let progress = selected.reader.progress();
            let (sender, batches) = bounded(BATCHES_WAITING);
            thread::spawn(move || {
                let mut selected = selected;
                loop {
                    let batch = read_batch(&mut selected);
                    let is_last = batch.inputs.len() < BATCH || batch.failure.is_some();
                    // A receiver that is gone has seen enough.
                    if sender.send(batch).is_err() || is_last {
                        return;
                    }
                }
            });
            let batch = Batch { inputs: Vec::new().into_iter(), failure: None, progress, unknowns: Vec::new() };
            self.way = Way::Ahead { batches, batch };
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
            Way::Ahead { batches, batch } => loop {
                if let Some(next) = batch.inputs.next() {
                    return Ok(Some(next));
                }
                if let Some(failure) = batch.failure.take() {
                    return Err(failure);
                }
                match batches.recv() {
                    Ok(next) => *batch = next,
                    Err(_) => return Ok(None),
                }
            },
        }
    }

    /// How far the reader is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.way {
            Way::Here(selected) => selected.reader.progress(),
            Way::Ahead { batch, .. } => batch.progress,
        }
    }

    /// What was met so far and is not known to this version.
    #[must_use]
    pub fn unknowns(&self) -> &[Unknown] {
        match &self.way {
            Way::Here(selected) => selected.reader.unknowns(),
            Way::Ahead { batch, .. } => &batch.unknowns,
        }
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
        inputs: inputs.into_iter(),
        failure,
        progress: selected.reader.progress(),
        unknowns: selected.reader.unknowns().to_vec(),
    }
}

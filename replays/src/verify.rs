//! Verification: recompute a run's decisions from its inputs and compare them with what was recorded, byte by
//! byte.

use std::path::{Path, PathBuf};

use reprise_assembly::{Registry, assemble, from_recorded};
use reprise_core::{Decided, Outcomes};
use reprise_journal::{Body, JournalReader, Progress, content, line};
use reprise_model::codec::Writer;
use reprise_model::event::{Class, RunMode, RunStarted};
use reprise_model::{Input, Seq, Ts};

use crate::difference::{self, Difference};
use crate::error::ReplayError;
use crate::inputs::{Inputs, Selection};

/// What verification found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every recorded outcome is what the engine decides.
    Identical {
        /// Inputs that were stepped.
        inputs: u64,
        /// Outcomes that were compared.
        outcomes: u64,
        /// The decision digest.
        digest: String,
        /// False for a run that has no `run.ended` yet.
        ended: bool,
    },
    /// The first outcome that is not.
    Different(Box<Difference>),
    /// It could not be told, and why.
    NotJudged(String),
}

/// How a run is verified.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Where the inputs are, if not where the journal says.
    pub source: Option<PathBuf>,
}

/// Verifies a run.
///
/// # Errors
/// When a journal is damaged or cannot be read, or the engine halts where it had not.
pub fn verify(
    run: &Path,
    registry: &Registry,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verdict, ReplayError> {
    let mut recorded = Recorded::open(run)?;
    let Some(started) = recorded.started()? else {
        return Err(ReplayError::NoStart { run: run.to_owned() });
    };
    let mut inputs = match inputs_of(run, &started, options) {
        Ok(inputs) => inputs,
        Err(ReplayError::NoSource { run, reason }) => {
            return Ok(Verdict::NotJudged(ReplayError::NoSource { run, reason }.to_string()));
        }
        Err(error) => return Err(error),
    };
    if started.mode == RunMode::Record {
        return verify_recording(inputs, recorded, progress);
    }
    let config = match from_recorded(started.config.as_str()) {
        Ok(config) => config,
        Err(error) => return Ok(Verdict::NotJudged(error.to_string())),
    };
    let mut core = assemble(&config, registry, &started.instruments, started.epoch)?;
    core.resume_after(Seq(1));
    let mut outcomes = Outcomes::default();
    let mut count = 0;
    while let Some((seq, ts, input)) = inputs.next_input()? {
        core.step(ts, &input, &mut outcomes)
            .map_err(|halt| ReplayError::Halted { run: run.to_owned(), seq, halt })?;
        if let Some(difference) = recorded.compare(outcomes.as_slice())? {
            return Ok(Verdict::Different(Box::new(difference)));
        }
        count += 1;
        if count % (1 << 16) == 0 {
            progress(inputs.progress());
        }
    }
    if !recorded.own_inputs
        && let Some((ts, ended)) = recorded.end()?
    {
        let seq = core.state().seq();
        core.step(ts, &ended, &mut outcomes)
            .map_err(|halt| ReplayError::Halted { run: run.to_owned(), seq, halt })?;
        if let Some(difference) = recorded.compare(outcomes.as_slice())? {
            return Ok(Verdict::Different(Box::new(difference)));
        }
    }
    let left = recorded.rest()?;
    let unknown = inputs.unknowns().first().or(recorded.reader.unknowns().first()).map(ToString::to_string);
    match (unknown, left) {
        (Some(unknown), _) => Ok(Verdict::NotJudged(unknown)),
        (None, Some(difference)) => Ok(Verdict::Different(Box::new(difference))),
        (None, None) => Ok(Verdict::Identical {
            inputs: count,
            outcomes: recorded.compared,
            digest: core.decision_digest(),
            ended: recorded.reader.ended(),
        }),
    }
}

/// A recording decided nothing: it is whole if it can be read.
fn verify_recording(
    mut inputs: Inputs,
    mut recorded: Recorded,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verdict, ReplayError> {
    let mut count: u64 = 0;
    while inputs.next_input()?.is_some() {
        count += 1;
        if count.is_multiple_of(1 << 16) {
            progress(inputs.progress());
        }
    }
    if let Some(unknown) = inputs.unknowns().first() {
        return Ok(Verdict::NotJudged(unknown.to_string()));
    }
    Ok(match recorded.rest()? {
        Some(difference) => Verdict::Different(Box::new(difference)),
        None => Verdict::Identical {
            inputs: count,
            outcomes: 0,
            digest: reprise_core::DecisionDigest::default().hex(),
            ended: recorded.reader.ended(),
        },
    })
}

/// The inputs that led to a run's outcomes: its own, or those of the run that it names.
fn inputs_of(run: &Path, started: &RunStarted, options: &VerifyOptions) -> Result<Inputs, ReplayError> {
    let (Some(source), false) = (&started.source, started.copied_inputs) else {
        return Inputs::open(run, Selection::Verify);
    };
    let no_source = |reason: String| ReplayError::NoSource { run: run.to_owned(), reason };
    let path = options.source.clone().unwrap_or_else(|| run.join(&source.path));
    let found = content(&path).map_err(|error| no_source(error.to_string()))?;
    if found.digest != source.content {
        return Err(no_source(format!("{} holds another content than the one that was replayed", path.display())));
    }
    let selection = if source.market_only { Selection::MarketOnly } else { Selection::Backtest };
    Inputs::open(&path, selection)
}

/// The recorded outcomes, one by one.
struct Recorded {
    reader: JournalReader,
    /// The recomputed line.
    line: Writer,
    /// The recorded line up to its checksum.
    found: Vec<u8>,
    compared: u64,
    /// True when the inputs that are stepped stand in this journal too.
    own_inputs: bool,
    /// True when the line in `found` was looked at and not yet compared.
    waiting: bool,
    /// The run's own end.
    ended: Option<(Ts, Input)>,
}

impl Recorded {
    fn open(run: &Path) -> Result<Self, ReplayError> {
        Ok(Self { reader: JournalReader::open(run)?, line: Writer::new(), found: Vec::new(), compared: 0, own_inputs: true, waiting: false, ended: None })
    }

    fn started(&mut self) -> Result<Option<Box<RunStarted>>, ReplayError> {
        Ok(match self.reader.next_entry()? {
            Some(entry) => match entry.body {
                Body::Input { input: Input::RunStarted(started), .. } => {
                    self.own_inputs = started.source.is_none() || started.copied_inputs;
                    Some(started)
                }
                _ => None,
            },
            None => None,
        })
    }

    /// Compares the outcomes of one input with the next recorded ones.
    #[inline]
    fn compare(&mut self, decided: &[Decided]) -> Result<Option<Difference>, ReplayError> {
        for one in decided {
            self.line.clear();
            line::encode_outcome(&mut self.line, one.seq, one.ts, one.cause, &one.outcome);
            let recorded = (self.advance()? == Next::Outcome).then_some(self.found.as_slice());
            if let Some(difference) = difference::between(recorded, Some(self.line.as_bytes())) {
                return Ok(Some(difference));
            }
            self.compared += 1;
        }
        Ok(None)
    }

    /// The run's own end, if that is what comes next.
    fn end(&mut self) -> Result<Option<(Ts, Input)>, ReplayError> {
        self.waiting = self.advance()? == Next::Outcome;
        Ok(self.ended.take())
    }

    /// What was recorded and never recomputed.
    fn rest(&mut self) -> Result<Option<Difference>, ReplayError> {
        let recorded = (self.advance()? == Next::Outcome).then_some(self.found.as_slice());
        Ok(difference::between(recorded, None))
    }

    /// Goes on to the next outcome or the run's end; other inputs and records are passed over.
    fn advance(&mut self) -> Result<Next, ReplayError> {
        if self.waiting {
            self.waiting = false;
            return Ok(Next::Outcome);
        }
        while let Some(entry) = self.reader.next_entry()? {
            let is_outcome = match &entry.body {
                Body::Outcome { .. } => true,
                Body::Unknown { class, .. } => *class == Class::Outcome,
                Body::Input { .. } | Body::Record(_) => false,
            };
            if is_outcome {
                self.found.clear();
                self.found.extend_from_slice(entry.covered);
                return Ok(Next::Outcome);
            }
            if let (false, Body::Input { input: ended @ Input::RunEnded(_), .. }) = (self.own_inputs, entry.body) {
                self.ended = Some((entry.ts, ended));
                return Ok(Next::End);
            }
        }
        Ok(Next::Nothing)
    }
}

/// What was recorded next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Outcome,
    End,
    Nothing,
}

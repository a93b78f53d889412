//! Verification: recompute a run's decisions from its inputs and compare them with what was recorded, byte by
//! byte.
//!
//! It ends in one of three ways: identical; different, with the first event and field; or not judged, with the
//! reason: the inputs are not there or not the same, or the journal holds something that this version does not
//! know. A difference behind something unknown is no verdict either, because the unknown may be its cause.

use std::path::{Path, PathBuf};

use reprise_assembly::{Config, ConfigError, Registry, assemble, from_recorded};
use reprise_core::{Core, DecisionDigest, Halt, Outcomes};
use reprise_journal::{Progress, content_by_reading};
use reprise_model::event::{Class, RunMode, RunStarted};
use reprise_model::{Input, SCHEMA_VERSION, Seq, Ts};
use serde_json::Value;

use crate::difference::{self, Difference};
use crate::error::ReplayError;
use crate::inputs::{Inputs, Selection};
use crate::recorded::{Next, Recorded};

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
        /// False for a run that has not ended, or is being written at this moment.
        ended: bool,
        /// The last number that was read.
        through: Seq,
        /// Why the engine halts where the record stops, if that is why it stops.
        halted: Option<String>,
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

/// How often progress is told, in inputs.
const PROGRESS_EVERY: u64 = 1 << 16;

/// Verifies a run.
///
/// # Errors
/// When a journal is damaged or cannot be read.
pub fn verify(
    run: &Path,
    registry: &Registry,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verdict, ReplayError> {
    match Verification::open(run, registry, options).and_then(|verification| verification.run(progress)) {
        Err(error @ ReplayError::NoSource { .. }) => Ok(Verdict::NotJudged(error.to_string())),
        Err(ReplayError::Config(error)) => {
            Ok(Verdict::NotJudged(format!("this version cannot run its recorded configuration: {error}")))
        }
        verdict => verdict,
    }
}

/// What decides again.
struct Deciding {
    core: Core,
    /// What the epoch at hand was configured with.
    config: Config,
    mode: RunMode,
}

/// A verification on its way.
struct Verification {
    recorded: Recorded,
    inputs: Inputs,
    /// `None` for a recording, which decided nothing.
    deciding: Option<Deciding>,
    outcomes: Outcomes,
    /// Inputs stepped so far.
    steps: u64,
    /// The schema version of the run, when it is later than this engine's.
    newer_schema: Option<String>,
}

impl Verification {
    fn open(run: &Path, registry: &Registry, options: &VerifyOptions) -> Result<Self, ReplayError> {
        let (recorded, started) = Recorded::open(run)?;
        let mut inputs = inputs_of(run, &started, &recorded, options)?;
        let mut deciding = None;
        if started.mode != RunMode::Record {
            let config = from_recorded(started.config.as_str())?;
            inputs = inputs.amended_by(&config);
            let core = core_of(&config, registry, &started)?;
            deciding = Some(Deciding { core, config, mode: started.mode });
        }
        let newer_schema = newer_schema(&started);
        Ok(Self { recorded, inputs, deciding, outcomes: Outcomes::default(), steps: 0, newer_schema })
    }

    fn run(mut self, progress: &mut dyn FnMut(Progress)) -> Result<Verdict, ReplayError> {
        while let Some((seq, ts, input)) = self.inputs.next_input()? {
            let verdict = match &input {
                Input::RunStarted(started) => self.begin_epoch(seq, started)?,
                _ => self.step(ts, &input)?,
            };
            if let Some(verdict) = verdict {
                return Ok(verdict);
            }
            // The beginnings and ends of its epochs are no inputs that the run was told.
            self.steps += u64::from(!matches!(input, Input::RunStarted(_) | Input::RunEnded(_)));
            if self.steps.is_multiple_of(PROGRESS_EVERY) {
                progress(self.inputs.progress());
            }
        }
        // A run that names its inputs elsewhere has an end of its own.
        let mut next = self.recorded.next(after_the_last)?;
        if let Ok(Some((ts, ended))) = next {
            if let Some(verdict) = self.step(ts, &ended)? {
                return Ok(verdict);
            }
            next = self.recorded.next(after_the_last)?;
        }
        match next {
            Err(difference) => Ok(self.different(difference)),
            Ok(_) => Ok(self.identical(None)),
        }
    }

    /// Another epoch begins, and the core goes on with it as the engine did that was taken up again.
    #[cold]
    fn begin_epoch(&mut self, seq: Seq, started: &RunStarted) -> Result<Option<Verdict>, ReplayError> {
        self.newer_schema = self.newer_schema.take().or_else(|| newer_schema(started));
        let Some(deciding) = &mut self.deciding else { return Ok(None) };
        let config = from_recorded(started.config.as_str())?;
        if started.mode != deciding.mode || !deciding.config.decides_as(&config) {
            let reason = format!(
                "the epoch that begins at seq {seq} has another mode or configuration than the one before it, and \
                 this version judges runs that go on as they began; up to there no difference was found"
            );
            return Ok(Some(Verdict::NotJudged(reason)));
        }
        deciding.core.begin_epoch(seq, started.epoch);
        deciding.config = config;
        Ok(None)
    }

    /// Steps one input; a verdict when this ends the verification.
    #[inline]
    fn step(&mut self, ts: Ts, input: &Input) -> Result<Option<Verdict>, ReplayError> {
        let Some(Deciding { core, .. }) = &mut self.deciding else { return Ok(None) };
        let seq = core.state().seq().next();
        if let Err(halt) = core.step(ts, input, &mut self.outcomes) {
            return self.halted(seq, input, &halt).map(Some);
        }
        let difference = self.recorded.compare(self.outcomes.as_slice())?;
        Ok(difference.map(|difference| self.different(difference)))
    }

    /// The engine halts at an input. A run that names its inputs elsewhere and holds nothing from there on halted
    /// there too; any other went on.
    #[cold]
    fn halted(&mut self, seq: Seq, input: &Input, halt: &Halt) -> Result<Verdict, ReplayError> {
        let went_on = self.recorded.next(|next| match next {
            Next::Outcome(outcome) => difference::between(Some(&outcome), None).map(|found| found.recorded),
            Next::End(..) => Some(Value::from("run.ended")),
            Next::Nothing => None,
        })?;
        if went_on.is_none() && !self.recorded.has_inputs {
            return Ok(self.identical(Some(halt.to_string())));
        }
        Ok(self.different(Difference {
            seq: seq.0,
            kind: input.kind().to_owned(),
            field: "halt".to_owned(),
            recorded: went_on.unwrap_or(Value::Null),
            recomputed: Value::from(halt.to_string()),
        }))
    }

    fn identical(&self, halted: Option<String>) -> Verdict {
        if let Some(reason) = self.unknown() {
            return Verdict::NotJudged(reason);
        }
        Verdict::Identical {
            inputs: self.steps,
            outcomes: self.recorded.compared,
            digest: self
                .deciding
                .as_ref()
                .map_or_else(|| DecisionDigest::default().hex(), |deciding| deciding.core.decision_digest()),
            ended: self.recorded.ended(),
            through: self.recorded.last_seq(),
            halted,
        }
    }

    fn different(&self, found: Difference) -> Verdict {
        let newer = self.newer_schema.as_ref().map(|schema| {
            format!("the run has schema version {schema}, and this version knows {SCHEMA_VERSION}")
        });
        match self.unknown().or(newer) {
            Some(reason) => Verdict::NotJudged(format!(
                "{reason}, and from '{}' of {} at seq {} on the decisions differ",
                found.field, found.kind, found.seq
            )),
            None => Verdict::Different(Box::new(found)),
        }
    }

    /// What was met so far and is not known to this version. Outcomes are not asked: their bytes are compared;
    /// nor are records, which decide nothing.
    fn unknown(&self) -> Option<String> {
        let of_inputs = self.inputs.unknowns().iter().find(|unknown| unknown.class == Class::Input);
        of_inputs.map(ToString::to_string).or_else(|| self.recorded.unknown.clone())
    }
}

/// What stands behind the last input: an outcome that nothing led to is a difference.
fn after_the_last(next: Next<'_>) -> Result<Option<(Ts, Input)>, Difference> {
    match next {
        Next::Outcome(outcome) => difference::between(Some(&outcome), None).map_or(Ok(None), Err),
        Next::End(ts, ended) => Ok(Some((ts, ended))),
        Next::Nothing => Ok(None),
    }
}

/// The schema version of an epoch, when it is later than this engine's.
fn newer_schema(started: &RunStarted) -> Option<String> {
    let minor = started.schema.split_once('.').and_then(|(_, minor)| minor.parse::<u16>().ok());
    minor.is_none_or(|minor| minor > SCHEMA_VERSION.minor).then(|| started.schema.clone())
}

fn core_of(config: &Config, registry: &Registry, started: &RunStarted) -> Result<Core, ConfigError> {
    let mut core = assemble(config, registry, &started.instruments, started.epoch)?;
    core.resume_after(Seq(1));
    Ok(core)
}

/// The inputs that led to a run's outcomes: its own, or those of the run that it names.
fn inputs_of(
    run: &Path,
    started: &RunStarted,
    recorded: &Recorded,
    options: &VerifyOptions,
) -> Result<Inputs, ReplayError> {
    let no_source = |reason: String| ReplayError::NoSource { run: run.to_owned(), reason };
    let source = match &started.source {
        Some(source) if !started.copied_inputs => source,
        None if started.mode == RunMode::Backtest && !started.copied_inputs => {
            return Err(no_source("it names none".to_owned()));
        }
        // The same bytes for both, also while the run goes on.
        _ => return Inputs::over(recorded.again(), run, Selection::Verify),
    };
    let folder = if run.is_dir() { run } else { run.parent().unwrap_or(run) };
    let path = options.source.clone().unwrap_or_else(|| folder.join(&source.path));
    // The bytes themselves are asked, not what the source says of itself.
    let found = content_by_reading(&path).map_err(|error| match error.damage() {
        Some(_) => ReplayError::Journal(error),
        None => no_source(error.to_string()),
    })?;
    if found.digest != source.content {
        return Err(no_source(format!(
            "{} holds another content than the one that was replayed",
            path.display()
        )));
    }
    let selection = if source.market_only { Selection::MarketOnly } else { Selection::Backtest };
    Inputs::open(&path, selection)
}

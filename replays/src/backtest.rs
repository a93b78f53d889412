//! A backtest: another run's inputs, through the core, into a journal of its own.
//!
//! A backtest that stops before its source ends, because the engine halts or the source is damaged, leaves a
//! journal that is whole up to there and has no `run.ended`; an input at which the engine halted is kept beside
//! it, in [`POISON_FILE`].

use std::path::{Path, PathBuf};
use std::time::Instant;

use reprise_assembly::{Amendments, Config, Registry, assemble, to_recorded};
use reprise_core::{Core, Halt, Outcomes};
use reprise_journal::{
    DurabilityMode, JournalError, JournalWriter, POISON_FILE, Progress, WriterOptions, content, keep_poison,
};
use reprise_model::codec::RawJson;
use reprise_model::event::{RunMode, RunStarted, Source};
use reprise_model::{Input, RunTag, SCHEMA_VERSION, Seq, Ts};

use crate::error::ReplayError;
use crate::inputs::{Inputs, Selection};
use crate::report::Report;
use crate::tally::Tally;

/// How a backtest is done.
#[derive(Debug, Clone, Default)]
pub struct BacktestOptions {
    /// Copy the inputs into the journal, so that it needs its source no more.
    pub copy_inputs: bool,
    /// Replay market data alone: leave out recorded feed states, commands, transfers and wake-ups.
    pub market_only: bool,
    /// Threads: with two or more, reading and decoding run beside the core. The decisions are the same.
    pub threads: u8,
    /// What `run.started` says of the source's place; its path as seen from the run's folder when not set.
    pub source_name: Option<String>,
}

/// How often progress is told, in inputs.
const PROGRESS_EVERY: u64 = 1 << 16;

/// A backtest that is about to run.
pub struct Backtest<'a> {
    source: PathBuf,
    config: &'a Config,
    registry: &'a Registry,
    options: BacktestOptions,
}

impl<'a> Backtest<'a> {
    /// A backtest of a run's inputs under a configuration.
    #[must_use]
    pub fn new(source: &Path, config: &'a Config, registry: &'a Registry, options: BacktestOptions) -> Self {
        Self { source: source.to_owned(), config, registry, options }
    }

    /// Runs it into a new folder. `progress` is told from time to time how far the source has been read.
    ///
    /// # Errors
    /// When a journal cannot be read or written, the configuration does not fit, or the engine halts.
    pub fn run(self, out: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, ReplayError> {
        let began = Instant::now();
        let mut inputs = self.inputs()?;
        let started = self.started(&inputs, out)?;
        let mut core = assemble(self.config, self.registry, &started.instruments, started.epoch)?;
        core.resume_after(Seq(1));
        let mut replay = Replay {
            out,
            core,
            writer: JournalWriter::create(out, self.writer_options())?,
            outcomes: Outcomes::default(),
            tally: Tally::default(),
            copy_inputs: self.options.copy_inputs,
            last: inputs.started_at(),
            events: 0,
        };
        if let Err(failure) = replay.all(started, &mut inputs, progress) {
            return Err(replay.cut_short(failure));
        }
        let Replay { core, writer, tally, events, .. } = replay;
        writer.finish()?;
        progress(inputs.progress());
        let mut report = Report::new(&core, &tally, events, began.elapsed().as_secs_f64())?;
        report.warnings.extend(inputs.unknowns().iter().map(ToString::to_string));
        Ok(report)
    }

    fn inputs(&self) -> Result<Inputs, ReplayError> {
        let selection = if self.options.market_only { Selection::MarketOnly } else { Selection::Backtest };
        let inputs = Inputs::open(&self.source, selection)?.amended_by(self.config);
        let started = inputs.started();
        if started.mode == RunMode::Backtest && !started.copied_inputs {
            let folder =
                if self.source.is_dir() { Some(self.source.as_path()) } else { self.source.parent() };
            let from_here = |path: &str| folder.unwrap_or(&self.source).join(path).display().to_string();
            let named = started.source.as_ref().map(|source| from_here(&source.path));
            let source_run = named.unwrap_or_else(|| "one that it does not name".to_owned());
            return Err(ReplayError::NoInputs { run: self.source.clone(), source_run });
        }
        Ok(if self.options.threads > 1 { inputs.read_ahead() } else { inputs })
    }

    fn writer_options(&self) -> WriterOptions {
        let segment_bytes = self.config.journal.segment_mib.saturating_mul(1 << 20);
        WriterOptions { durability: DurabilityMode::None, segment_bytes }
    }

    fn started(&self, inputs: &Inputs, out: &Path) -> Result<RunStarted, ReplayError> {
        let source = inputs.started();
        let content = content(&self.source)?;
        let config = to_recorded(self.config);
        let tag = blake3::hash(format!("{}\n{}\n{config}", source.run, content.digest).as_bytes());
        let tag = tag.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Ok(RunStarted {
            run: folder_name(out),
            tag: RunTag(tag),
            epoch: 0,
            mode: RunMode::Backtest,
            schema: SCHEMA_VERSION.to_string(),
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            config: RawJson::new(&config),
            instruments: Amendments::of(self.config).amended(&source.instruments),
            source: Some(Source {
                path: self.options.source_name.clone().unwrap_or_else(|| relative(&self.source, out)),
                run: source.run.clone(),
                content: content.digest,
                first: Seq(2),
                last: content.last,
                market_only: self.options.market_only,
            }),
            copied_inputs: self.options.copy_inputs,
        })
    }
}

fn folder_name(dir: &Path) -> String {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    absolute.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The source's folder as seen from the run's own, so that both can be moved together.
fn relative(source: &Path, out: &Path) -> String {
    let (Ok(source), Ok(out)) = (source.canonicalize(), std::path::absolute(out)) else {
        return source.to_string_lossy().into_owned();
    };
    let out = resolved(&out);
    let shared = source.components().zip(out.components()).take_while(|(a, b)| a == b).count();
    let up = out.components().count() - shared;
    let mut path = PathBuf::from_iter(std::iter::repeat_n("..", up));
    path.extend(source.components().skip(shared));
    path.to_string_lossy().into_owned()
}

/// A path of which the end is not there yet, with the links in the rest of it followed.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match there.map(|(above, real)| (path.strip_prefix(above), real)) {
        Some((Ok(rest), real)) => real.join(rest),
        _ => path.to_owned(),
    }
}

/// A backtest on its way.
struct Replay<'a> {
    out: &'a Path,
    core: Core,
    writer: JournalWriter,
    outcomes: Outcomes,
    tally: Tally,
    copy_inputs: bool,
    /// The time of the last input.
    last: Ts,
    /// Inputs stepped so far.
    events: u64,
}

impl Replay<'_> {
    /// Everything from `run.started` to `run.ended`.
    fn all(
        &mut self,
        started: RunStarted,
        inputs: &mut Inputs,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ReplayError> {
        self.writer.append_input(Seq(1), self.last, &Input::RunStarted(Box::new(started)), 0)?;
        self.writer.commit_batch()?;
        let mut last_seq = Seq(1);
        while let Some((seq, ts, input)) = inputs.next_input()? {
            self.step(ts, &input, self.copy_inputs).map_err(|stop| stop.at(inputs.run(), seq))?;
            (last_seq, self.last) = (seq, ts);
            self.events += 1;
            if self.events.is_multiple_of(PROGRESS_EVERY) {
                progress(inputs.progress());
            }
        }
        // The source may have gone on for a while without an input that is taken; timers may have been due then.
        self.last = self.last.max(inputs.last_ts());
        // The run's own end stands in its journal whether inputs are copied or not.
        let ended = self.writer.run_ended("the source ended", self.core.state().inputs());
        self.step(self.last, &Input::RunEnded(Box::new(ended)), true)
            .map_err(|stop| stop.at(inputs.run(), last_seq))
    }

    #[inline]
    fn step(&mut self, ts: Ts, input: &Input, copy_input: bool) -> Result<(), Stop> {
        let before = self.core.state().seq();
        let seq = match self.core.step(ts, input, &mut self.outcomes) {
            Ok(seq) => seq,
            Err(halt) => return Err(self.halted((before.next(), ts, input), halt)),
        };
        let decided = self.outcomes.as_slice();
        if decided.is_empty() && !copy_input {
            return Ok(());
        }
        if copy_input {
            self.writer.append_input(seq, ts, input, u32::try_from(decided.len()).unwrap_or(u32::MAX))?;
        }
        for one in decided {
            self.writer.append_outcome(one.seq, one.ts, one.cause, &one.outcome)?;
        }
        self.writer.commit_batch()?;
        self.tally.add(decided);
        Ok(())
    }

    #[cold]
    fn halted(&self, input: (Seq, Ts, &Input), halt: Halt) -> Stop {
        match keep_poison(self.out, input, &halt.to_string()) {
            Ok(_) => Stop::Halted(halt),
            Err(source) => {
                let path = self.out.join(POISON_FILE);
                Stop::Journal(JournalError::Io { action: "write", path, source })
            }
        }
    }

    /// Closes the journal as it is, and says what is in it.
    #[cold]
    fn cut_short(self, failure: ReplayError) -> ReplayError {
        let (out, last) = (self.out.to_owned(), self.writer.last_seq());
        let through = self.writer.finish().is_ok().then_some(last);
        ReplayError::CutShort { out, through, failure: Box::new(failure) }
    }
}

/// Why an input could not be taken.
enum Stop {
    Halted(Halt),
    Journal(JournalError),
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Stop {
    /// The error, with the place of the input in the source.
    fn at(self, run: &Path, seq: Seq) -> ReplayError {
        match self {
            Self::Halted(halt) => ReplayError::Halted { run: run.to_owned(), seq, halt },
            Self::Journal(error) => error.into(),
        }
    }
}

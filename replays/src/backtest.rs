//! A backtest: another run's inputs, through the core, into a journal of its own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use reprise_assembly::{Config, Registry, assemble, to_recorded};
use reprise_core::{Core, Outcomes};
use reprise_journal::{DurabilityMode, JournalWriter, Progress, WriterOptions, content};
use reprise_model::codec::RawJson;
use reprise_model::event::{RunMode, RunStarted, Source};
use reprise_model::{Input, Instrument, RunTag, SCHEMA_VERSION, Seq, Ts};

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
        let selection = if self.options.market_only { Selection::MarketOnly } else { Selection::Backtest };
        let mut inputs = Inputs::open(&self.source, selection)?;
        if self.options.threads > 1 {
            inputs = inputs.read_ahead();
        }
        let started = self.started(&inputs, out)?;
        let mut core = assemble(self.config, self.registry, &started.instruments, started.epoch)?;
        let mut writer = JournalWriter::create(out, self.writer_options())?;
        let mut replay = Replay { tally: Tally::default(), outcomes: Outcomes::default(), last: inputs.started_at() };
        writer.append_input(Seq(1), replay.last, &Input::RunStarted(Box::new(started)), 0)?;
        writer.commit_batch()?;
        core.resume_after(Seq(1));
        let mut events: u64 = 0;
        while let Some((seq, ts, input)) = inputs.next_input()? {
            replay.step(&mut core, (seq, ts, &input), inputs.run(), &mut writer, self.options.copy_inputs)?;
            events += 1;
            if events.is_multiple_of(PROGRESS_EVERY) {
                progress(inputs.progress());
            }
        }
        replay.end(&mut core, inputs.run(), writer)?;
        progress(inputs.progress());
        let mut report = Report::new(&core, &replay.tally, events, began.elapsed().as_secs_f64())?;
        report.warnings.extend(inputs.unknowns().iter().map(ToString::to_string));
        Ok(report)
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
            instruments: amended(&source.instruments, self.config),
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

/// The source's instruments with the configuration's amendments.
fn amended(instruments: &[Instrument], config: &Config) -> Vec<Instrument> {
    let amend = |instrument: &Instrument| {
        let mut instrument = instrument.clone();
        if let Some(amendment) = config.instruments.get(&instrument.instrument) {
            amendment.amend(&mut instrument);
        }
        instrument
    };
    instruments.iter().map(amend).collect()
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
    let out = out.parent().and_then(|p| Some(p.canonicalize().ok()?.join(out.file_name()?))).unwrap_or(out);
    let shared = source.components().zip(out.components()).take_while(|(a, b)| a == b).count();
    let up = out.components().count() - shared;
    let mut path = PathBuf::from_iter(std::iter::repeat_n("..", up));
    path.extend(source.components().skip(shared));
    path.to_string_lossy().into_owned()
}

/// What goes from input to input.
struct Replay {
    tally: Tally,
    outcomes: Outcomes,
    last: Ts,
}

impl Replay {
    #[inline]
    fn step(
        &mut self,
        core: &mut Core,
        (source_seq, ts, input): (Seq, Ts, &Input),
        run: &Path,
        writer: &mut JournalWriter,
        copy_input: bool,
    ) -> Result<(), ReplayError> {
        let seq = core
            .step(ts, input, &mut self.outcomes)
            .map_err(|halt| ReplayError::Halted { run: run.to_owned(), seq: source_seq, halt })?;
        self.last = ts;
        let decided = self.outcomes.as_slice();
        if decided.is_empty() && !copy_input {
            return Ok(());
        }
        if copy_input {
            writer.append_input(seq, ts, input, u32::try_from(decided.len()).unwrap_or(u32::MAX))?;
        }
        for one in decided {
            writer.append_outcome(one.seq, one.ts, one.cause, &one.outcome)?;
        }
        writer.commit_batch()?;
        self.tally.add(decided)?;
        Ok(())
    }

    /// The run's own end, which is always written.
    fn end(&mut self, core: &mut Core, run: &Path, mut writer: JournalWriter) -> Result<(), ReplayError> {
        let ended = writer.run_ended("the source ended", core.state().inputs());
        let last = core.state().seq();
        self.step(core, (last, self.last, &Input::RunEnded(Box::new(ended))), run, &mut writer, true)?;
        writer.finish()?;
        Ok(())
    }
}

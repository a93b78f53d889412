//! `reprise console`: a run that is over, in the browser. Its journal is stepped through a core on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use reprise_assembly::{Amendments, Registry, assemble, from_recorded};
use reprise_console::{Chronicle, Desk, Finished, Guard, Sampling, Server, Snapshot, Token};
use reprise_core::{Core, Halt, Outcomes};
use reprise_journal::{JournalReader, Progress};
use reprise_model::event::{RunMode, RunStarted};
use reprise_model::{Input, Seq, Ts};
use reprise_replays::{Inputs, Selection};
use reprise_runtime::{EngineView, Latencies};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::ConsoleArgs;
use crate::commands::control::TOKEN;
use crate::environment::Environment;
use crate::exit;
use crate::folders::refuse_other_file;
use crate::output::{print_json, print_line, progress_bar, say, show};

/// How far apart points of the series are at first, in nanoseconds of event time.
const SAMPLE_NS: u64 = 100_000_000;
/// How often progress is told, in inputs.
const PROGRESS_EVERY: u64 = 1 << 16;

/// Shows a run until it is told to end.
pub fn run(args: &ConsoleArgs, registry: &Registry) -> Result<u8> {
    for path in std::iter::once(&args.run).chain(&args.source) {
        refuse_other_file(path)?;
    }
    let guard = guard(args)?;
    let finished = Stepping::open(args, registry)?.run()?;
    let desk = Desk::new(Arc::new(finished), guard);
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be listened to")?;
    let server =
        Server::start(args.listen, desk).with_context(|| format!("{} cannot be listened on", args.listen))?;
    let url = format!("http://{}/", server.address());
    if args.json {
        print_json(&json!({"console": url}))?;
    } else {
        print_line(format_args!("{url}"))?;
        say("Ctrl-C ends it");
    }
    signals.forever().next();
    server.stop();
    Ok(exit::DONE)
}

/// On loopback everybody may look; beyond it, whoever has the token.
fn guard(args: &ConsoleArgs) -> Result<Guard> {
    if args.listen.ip().is_loopback() {
        return Ok(Guard::default());
    }
    let token = Environment::read()?.secret(TOKEN).as_deref().and_then(Token::new);
    ensure!(
        token.is_some(),
        "{} can be reached by others; set {TOKEN}, which looking takes there",
        args.listen
    );
    Ok(Guard { token, hosts: Vec::new(), guards_reading: true })
}

/// Where the facts of a run are.
enum Facts {
    /// In its own journal.
    Own(Box<JournalReader>),
    /// In the run that a backtest replayed.
    Elsewhere(Box<Inputs>),
}

impl Facts {
    fn next(&mut self) -> Result<Option<(Seq, Ts, Input)>> {
        match self {
            Self::Own(reader) => Ok(reader.next_input()?),
            Self::Elsewhere(inputs) => Ok(inputs.next_input()?),
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Own(reader) => reader.progress(),
            Self::Elsewhere(inputs) => inputs.progress(),
        }
    }
}

/// A journal on its way through a core.
struct Stepping {
    run: String,
    mode: RunMode,
    facts: Facts,
    /// `None` for a recording.
    core: Option<Core>,
    amendments: Amendments,
    outcomes: Outcomes,
    chronicle: Chronicle,
    steps: u64,
    last: (Seq, Ts),
}

impl Stepping {
    fn open(args: &ConsoleArgs, registry: &Registry) -> Result<Self> {
        let mut reader = JournalReader::open(&args.run)?;
        let Some((seq, ts, Input::RunStarted(started))) = reader.next_input()? else {
            bail!("{} does not begin with run.started; it is no run", args.run.display());
        };
        let config = from_recorded(started.config.as_str())?;
        let core = match started.mode {
            RunMode::Record => None,
            RunMode::Backtest | RunMode::Paper | RunMode::Live => {
                let mut core = assemble(&config, registry, &started.instruments, started.epoch)?;
                core.begin_epoch(seq, started.epoch);
                Some(core)
            }
        };
        Ok(Self {
            facts: facts(args, &started, reader)?,
            run: started.run,
            mode: started.mode,
            core,
            amendments: Amendments::of(&config),
            outcomes: Outcomes::default(),
            chronicle: Chronicle::new(Sampling(SAMPLE_NS)),
            steps: 0,
            last: (seq, ts),
        })
    }

    fn run(mut self) -> Result<Finished> {
        let bar = progress_bar("reading");
        while let Some((seq, ts, input)) = self.facts.next()? {
            if let Err(halt) = self.step(seq, ts, input) {
                say(format_args!("warning: the engine halts at {seq}: {halt}; the run is shown up to there"));
                break;
            }
            self.steps += 1;
            if self.steps.is_multiple_of(PROGRESS_EVERY) {
                let progress = self.facts.progress();
                show(&bar, progress.read_bytes, progress.total_bytes);
            }
        }
        bar.finish_and_clear();
        let snapshot = self.look();
        Ok(Finished::new(snapshot, self.chronicle))
    }

    fn step(&mut self, seq: Seq, ts: Ts, mut input: Input) -> Result<(), Halt> {
        self.last = (seq, ts);
        let Some(core) = &mut self.core else {
            self.chronicle.note_step(seq, ts, &input, &[]);
            return Ok(());
        };
        if let Input::RunStarted(started) = &input {
            core.begin_epoch(seq, started.epoch);
            self.chronicle.note_step(seq, ts, &input, &[]);
            return Ok(());
        }
        if let Input::InstrumentDefined(event) = &mut input {
            self.amendments.amend(&mut event.definition);
        }
        let seq = core.step(ts, &input, &mut self.outcomes)?;
        self.last.0 = core.state().seq();
        self.chronicle.note_step(seq, ts, &input, self.outcomes.as_slice());
        if self.chronicle.is_due(ts) {
            let snapshot = self.look();
            self.chronicle.sample(&snapshot);
        }
        Ok(())
    }

    fn look(&self) -> Snapshot {
        let (seq, now) = self.last;
        let view = EngineView {
            core: self.core.as_ref(),
            mode: self.mode,
            seq,
            durable: seq,
            now,
            latencies: &Latencies::default(),
            is_ending: false,
        };
        Snapshot::of(&view, &self.run)
    }
}

/// The facts that led to a run's outcomes: its own, or those of the run that it names.
fn facts(args: &ConsoleArgs, started: &RunStarted, own: JournalReader) -> Result<Facts> {
    let Some(source) = started.source.as_ref().filter(|_| !started.copied_inputs) else {
        return Ok(Facts::Own(Box::new(own)));
    };
    let folder: &Path = if args.run.is_dir() { &args.run } else { args.run.parent().unwrap_or(&args.run) };
    let path: PathBuf = args.source.clone().unwrap_or_else(|| folder.join(&source.path));
    let selection = if source.market_only { Selection::MarketOnly } else { Selection::Backtest };
    let say_where =
        || format!("the inputs of this backtest are not at {}; name them with --source", path.display());
    let inputs = Inputs::open(&path, selection).with_context(say_where)?;
    Ok(Facts::Elsewhere(Box::new(inputs.read_ahead())))
}

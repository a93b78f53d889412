//! `reprise console`: a run that is over, in the browser. Its journal is stepped through a core on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use reprise_assembly::{Config, Registry, assemble, from_recorded};
use reprise_console::{Chronicle, Desk, Finished, Guard, Sampling, Server, Snapshot, Token};
use reprise_core::{Core, Outcomes};
use reprise_model::event::{RunMode, RunStarted};
use reprise_model::{Seq, Ts};
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
    let token = Environment::read()?.text(TOKEN).as_deref().and_then(Token::new);
    ensure!(
        token.is_some(),
        "{} can be reached by others; set {TOKEN}, which looking takes there",
        args.listen
    );
    Ok(Guard { token, hosts: Vec::new(), guards_reading: true })
}

/// A journal on its way through a core.
struct Stepping {
    run: String,
    mode: RunMode,
    inputs: Inputs,
    /// `None` for a recording.
    core: Option<Core>,
    outcomes: Outcomes,
    chronicle: Chronicle,
    steps: u64,
    last: (Seq, Ts),
}

impl Stepping {
    fn open(args: &ConsoleArgs, registry: &Registry) -> Result<Self> {
        let own = Inputs::open(&args.run, Selection::Verify)?;
        let started = own.started().clone();
        let (core, mut inputs) = match started.mode {
            RunMode::Record => (None, own),
            RunMode::Backtest | RunMode::Paper | RunMode::Live => {
                let config = from_recorded(started.config.as_str())?;
                let inputs = inputs_of(args, &started, own)?.amended_by(&config);
                (Some(core_of(&config, registry, &started)?), inputs)
            }
        };
        // A backtest's inputs have numbers of their own; what is counted is the run's.
        let last = (Seq(1), inputs.started_at());
        inputs = inputs.read_ahead();
        Ok(Self {
            run: started.run,
            mode: started.mode,
            inputs,
            core,
            outcomes: Outcomes::default(),
            chronicle: Chronicle::new(Sampling(SAMPLE_NS)),
            steps: 0,
            last,
        })
    }

    fn run(mut self) -> Result<Finished> {
        let bar = progress_bar("reading");
        while let Some((seq, ts, input)) = self.inputs.next_input()? {
            self.last = (seq, ts);
            if let Some(core) = &mut self.core {
                let stepped = core.step(ts, &input, &mut self.outcomes);
                let seq = match stepped {
                    Ok(seq) => seq,
                    Err(halt) => {
                        say(format_args!(
                            "warning: the engine halted at {seq}: {halt}; the run is shown up to there"
                        ));
                        break;
                    }
                };
                self.last.0 = core.state().seq();
                self.chronicle.note_step(seq, ts, &input, self.outcomes.as_slice());
                if self.chronicle.is_due(ts) {
                    let snapshot = self.look();
                    self.chronicle.sample(&snapshot);
                }
            } else {
                self.chronicle.note_step(seq, ts, &input, &[]);
            }
            self.steps += 1;
            if self.steps.is_multiple_of(PROGRESS_EVERY) {
                let progress = self.inputs.progress();
                show(&bar, progress.read_bytes, progress.total_bytes);
            }
        }
        bar.finish_and_clear();
        let snapshot = self.look();
        Ok(Finished::new(snapshot, self.chronicle))
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

fn core_of(config: &Config, registry: &Registry, started: &RunStarted) -> Result<Core> {
    let mut core = assemble(config, registry, &started.instruments, started.epoch)?;
    core.resume_after(Seq(1));
    Ok(core)
}

/// The inputs that led to a run's outcomes: its own, or those of the run that it names.
fn inputs_of(args: &ConsoleArgs, started: &RunStarted, own: Inputs) -> Result<Inputs> {
    let Some(source) = started.source.as_ref().filter(|_| !started.copied_inputs) else { return Ok(own) };
    let folder: &Path = if args.run.is_dir() { &args.run } else { args.run.parent().unwrap_or(&args.run) };
    let path: PathBuf = args.source.clone().unwrap_or_else(|| folder.join(&source.path));
    let selection = if source.market_only { Selection::MarketOnly } else { Selection::Backtest };
    let say_where =
        || format!("the inputs of this backtest are not at {}; name them with --source", path.display());
    Inputs::open(&path, selection).with_context(say_where)
}

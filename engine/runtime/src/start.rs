//! How a run begins: in a new folder, or where it was interrupted.

use std::path::Path;

use reprise_assembly::{Amendments, Config, Registry, assemble, from_recorded, to_recorded};
use reprise_core::{Core, Outcomes};
use reprise_journal::{Body, JournalReader, JournalWriter, Position, Recovered};
use reprise_model::codec::RawJson;
use reprise_model::event::{RunMode, RunStarted};
use reprise_model::{Input, RunTag, SCHEMA_VERSION, Seq, Ts};

use crate::clock::{Clock, wall_clock};
use crate::engine::{Engine, Parts, is_own_pause, not_yet_live, resume_command};
use crate::error::RuntimeError;
use crate::settings::RunSettings;
use crate::snapshot::{self, Origin, SnapshotKeeper};

const NS_A_SECOND: u64 = 1_000_000_000;

/// What taking up a run found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenUp {
    /// What recovery found.
    pub recovered: Recovered,
    /// The number of the snapshot it began from; `None` when it stepped through the whole journal.
    pub snapshot: Option<Seq>,
    /// Inputs that were stepped again.
    pub stepped: u64,
    /// The new epoch.
    pub epoch: u32,
}

impl Engine {
    /// Begins a run in a folder that is new or empty.
    ///
    /// # Errors
    /// When the folder is taken, the journal cannot be written, or the configuration does not fit.
    pub fn create(
        dir: &Path,
        config: &Config,
        registry: &Registry,
        mode: RunMode,
    ) -> Result<Self, RuntimeError> {
        let settings = RunSettings::of(config, mode);
        let clock = Clock::start();
        let (now, run) = (clock.now(), folder_name(dir));
        let epoch = epoch_after(0, now);
        let core = if mode == RunMode::Record { None } else { Some(core_of(config, registry, epoch)?) };
        let writer = JournalWriter::create(dir, settings.writer_options())?;
        let started = started(&run, tag_of(&run, now), epoch, mode, config);
        let snapshots = SnapshotKeeper::new(dir, origin_of(&run, config), settings.snapshot_s);
        let mut engine = Self::new(Parts {
            core,
            amendments: Amendments::of(config),
            writer,
            dir: dir.to_owned(),
            settings,
            clock,
            last_ts: now,
            snapshots,
        })?;
        engine.begin_epoch(Seq(1), now, started)?;
        Ok(engine)
    }

    /// Takes a run up where it was interrupted or ended: recovers its journal, brings the core to where it was, and
    /// begins a new epoch. Without a configuration the recorded one holds.
    ///
    /// # Errors
    /// When the journal is damaged, the run is not one that can be taken up, or this engine decides otherwise than
    /// the journal says.
    pub fn resume(
        dir: &Path,
        config: Option<&Config>,
        registry: &Registry,
    ) -> Result<(Self, TakenUp), RuntimeError> {
        let first = first_line(dir)?;
        let recorded = from_recorded(first.config.as_str())?;
        let config = config.unwrap_or(&recorded);
        let not_resumable =
            |reason: &str| RuntimeError::NotResumable { run: dir.to_owned(), reason: reason.to_owned() };
        if !matches!(first.mode, RunMode::Paper | RunMode::Record) {
            return Err(not_resumable("only a run of live data can be; a backtest is simply run again"));
        }
        if !config.decides_as(&recorded) {
            return Err(not_resumable(
                "the configuration decides otherwise than the one that the run recorded; resume with that one (leave \
                 out -c), or start a new run",
            ));
        }
        let settings = RunSettings::of(config, first.mode);
        let (writer, recovered) = JournalWriter::resume(dir, settings.writer_options(), wall_clock())?;
        let clock = Clock::start();
        let origin = origin_of(&first.run, config);
        let mut caught_up = CaughtUp { dir, stepped: 0, snapshot: None, own_pause: false };
        let core = match first.mode {
            RunMode::Record => None,
            _ => Some(caught_up.core(config, registry, &first, &origin, &recovered)?),
        };
        let epoch = epoch_after(recovered.epoch, clock.now());
        let now = clock.now().max(recovered.last_ts);
        let mut engine = Self::new(Parts {
            core,
            amendments: Amendments::of(config),
            writer,
            dir: dir.to_owned(),
            settings,
            clock,
            last_ts: now,
            snapshots: SnapshotKeeper::new(dir, origin, settings.snapshot_s),
        })?;
        let started = started(&first.run, first.tag, epoch, first.mode, config);
        engine.begin_epoch(recovered.last_seq.next(), now, started)?;
        engine.begin_again(caught_up.own_pause)?;
        let taken_up = TakenUp { recovered, snapshot: caught_up.snapshot, stepped: caught_up.stepped, epoch };
        Ok((engine, taken_up))
    }

    /// Writes an epoch's first line.
    fn begin_epoch(&mut self, seq: Seq, now: Ts, started: RunStarted) -> Result<(), RuntimeError> {
        if let Some(core) = &mut self.core {
            core.begin_epoch(seq, started.epoch);
        }
        self.writer.append_input(seq, now, &Input::RunStarted(Box::new(started)), 0)?;
        self.writer.commit_batch()?;
        if let Some(pending) = self.writer.start_sync()? {
            self.writer.finish_sync(pending.run(), self.clock.now())?;
        }
        Ok(())
    }

    /// What the market showed before the interruption is not what it shows now: every feed is down until it says
    /// otherwise.
    fn begin_again(&mut self, own_pause: bool) -> Result<(), RuntimeError> {
        let Some(core) = &self.core else { return Ok(()) };
        let known: Vec<_> = core.state().markets.iter().map(|(_, m)| m.definition.instrument).collect();
        let is_paused = core.state().is_paused();
        for instrument in known {
            self.take_in(None, not_yet_live(instrument))?;
        }
        if own_pause && is_paused {
            self.take_in(None, resume_command())?;
        }
        Ok(())
    }
}

/// A core on its way to where the journal ends.
struct CaughtUp<'a> {
    dir: &'a Path,
    stepped: u64,
    snapshot: Option<Seq>,
    /// True while the strategies are paused by the end of a run and nothing else.
    own_pause: bool,
}

impl CaughtUp<'_> {
    fn core(
        &mut self,
        config: &Config,
        registry: &Registry,
        first: &RunStarted,
        origin: &Origin,
        recovered: &Recovered,
    ) -> Result<Core, RuntimeError> {
        let assembled = || -> Result<Core, RuntimeError> {
            Ok(assemble(config, registry, &first.instruments, first.epoch)?)
        };
        if let Some((position, saved)) = snapshot::newest(self.dir, origin, recovered.last_seq) {
            match self.at_snapshot(assembled()?, &position, &saved) {
                Ok(core) => {
                    self.snapshot = Some(position.seq);
                    return Ok(core);
                }
                Err(reason) => {
                    tracing::warn!(%reason, "the snapshot is of no use; the whole journal is stepped through");
                    (self.stepped, self.own_pause) = (0, false);
                }
            }
        }
        let mut core = assembled()?;
        core.begin_epoch(Seq(1), first.epoch);
        let mut reader = JournalReader::open(self.dir)?;
        reader.next_entry()?;
        self.step_on(core, reader)
    }

    fn at_snapshot(&mut self, mut core: Core, position: &Position, saved: &[u8]) -> Result<Core, String> {
        core.restore(saved).map_err(|error| error.to_string())?;
        let reader = JournalReader::open_at(self.dir, position).map_err(|error| error.to_string())?;
        self.step_on(core, reader).map_err(|error| error.to_string())
    }

    /// Steps what the journal holds and compares what is decided with what is recorded.
    fn step_on(&mut self, mut core: Core, mut reader: JournalReader) -> Result<Core, RuntimeError> {
        let mut outcomes = Outcomes::default();
        while let Some(entry) = reader.next_entry()? {
            let (seq, ts) = (entry.seq, entry.ts);
            let input = match entry.body {
                Body::Input { input: Input::RunStarted(started), .. } => {
                    core.begin_epoch(seq, started.epoch);
                    continue;
                }
                Body::Input { input, .. } => input,
                Body::Record(_) => continue,
                Body::Outcome { .. } => return Err(self.differs(seq, "an outcome that is not decided")),
                Body::Unknown { kind, .. } => {
                    return Err(self.differs(seq, &format!("'{kind}' is not known to this version")));
                }
            };
            self.own_pause = is_own_pause(&input).unwrap_or(self.own_pause);
            if let Err(halt) = core.step(ts, &input, &mut outcomes) {
                return Err(self.differs(seq, &halt.to_string()));
            }
            self.stepped += 1;
            self.compare(&mut reader, &outcomes)?;
        }
        Ok(core)
    }

    fn compare(&self, reader: &mut JournalReader, outcomes: &Outcomes) -> Result<(), RuntimeError> {
        for one in outcomes.as_slice() {
            let Some(entry) = reader.next_entry()? else {
                return Err(self.differs(one.seq, "an outcome that is not recorded"));
            };
            let is_same = match &entry.body {
                Body::Outcome { outcome, cause } => {
                    (entry.seq, entry.ts, *cause) == (one.seq, one.ts, one.cause) && *outcome == one.outcome
                }
                _ => false,
            };
            if !is_same {
                return Err(self.differs(one.seq, one.outcome.kind()));
            }
        }
        Ok(())
    }

    fn differs(&self, seq: Seq, found: &str) -> RuntimeError {
        RuntimeError::Differs { run: self.dir.to_owned(), seq, found: found.to_owned() }
    }
}

/// A core without instruments: a live run's are defined by its feeds.
fn core_of(config: &Config, registry: &Registry, epoch: u32) -> Result<Core, RuntimeError> {
    Ok(assemble(config, registry, &[], epoch)?)
}

fn first_line(dir: &Path) -> Result<Box<RunStarted>, RuntimeError> {
    let not_a_run = || RuntimeError::NotResumable {
        run: dir.to_owned(),
        reason: "its journal does not begin with run.started".to_owned(),
    };
    let mut reader = JournalReader::open(dir)?;
    match reader.next_entry()?.ok_or_else(not_a_run)?.body {
        Body::Input { input: Input::RunStarted(started), .. } => Ok(started),
        _ => Err(not_a_run()),
    }
}

fn started(run: &str, tag: RunTag, epoch: u32, mode: RunMode, config: &Config) -> RunStarted {
    RunStarted {
        run: run.to_owned(),
        tag,
        epoch,
        mode,
        schema: SCHEMA_VERSION.to_string(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        config: RawJson::new(&to_recorded(config)),
        instruments: Vec::new(),
        source: None,
        copied_inputs: false,
    }
}

/// What a run's snapshots say of themselves.
fn origin_of(run: &str, config: &Config) -> Origin {
    let decides = to_recorded(&config.deciding()).to_string();
    Origin { run: run.to_owned(), config: blake3::hash(decides.as_bytes()).to_hex().to_string() }
}

/// Later than every epoch before, and at least the Unix time in seconds, so that a journal restored from a backup
/// cannot give an order id out twice.
fn epoch_after(last: u32, now: Ts) -> u32 {
    let seconds = u32::try_from(now.0 / NS_A_SECOND).unwrap_or(u32::MAX);
    seconds.max(last.saturating_add(1))
}

/// A tag that no other run is likely to have: order ids at a venue are told apart by it.
fn tag_of(run: &str, now: Ts) -> RunTag {
    let hash = blake3::hash(format!("{run}\n{now}\n{}", std::process::id()).as_bytes());
    RunTag(hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes)))
}

fn folder_name(dir: &Path) -> String {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    absolute.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

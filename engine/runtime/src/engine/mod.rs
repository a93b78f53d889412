//! The live loop: one thread that takes facts in, lets the core decide, and journals both.
//!
//! ```text
//! feeds ─► queue ─┐
//! control ────────┼─► stamp ─► step ─► append ─► commit ─► durable ─► publish
//! timers ─────────┘                                 (on another thread)
//! ```
//!
//! Control is taken before the market, so that a command never waits behind quotes. A timer that is due while
//! nothing else comes becomes an input that carries nothing but its time. Nothing here decides anything about
//! trading.

mod ending;
mod keeping;
mod taking;

pub(crate) use ending::{is_own_pause, resume_command};
pub(crate) use taking::not_yet_live;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select};
use reprise_assembly::{Amendments, Wait};
use reprise_core::{Core, Outcomes};
use reprise_journal::{DurabilityMode, JournalWriter};
use reprise_model::event::RunMode;
use reprise_model::{Seq, Ts};

use crate::clock::Clock;
use crate::control::{Control, Controller};
use crate::error::RuntimeError;
use crate::gauges::{Gauges, Shown};
use crate::intake::{Arrival, Intake, intake};
use crate::latency::Latencies;
use crate::publish::{Interest, Publisher, Subscription};
use crate::settings::RunSettings;
use crate::snapshot::SnapshotKeeper;
use crate::syncer::Syncer;

/// The longest the loop sleeps when nothing happens.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// How often the gauges are set.
const GAUGES_EVERY: Duration = Duration::from_millis(100);

/// How the run stands with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// No new orders; what is under way settles.
    Draining {
        until: Ts,
        /// True when the strategies were not paused before.
        paused: bool,
    },
}

/// A run that is about to go, or goes.
pub struct Engine {
    /// `None` when only a recording is made.
    pub(crate) core: Option<Core>,
    amendments: Amendments,
    pub(crate) writer: JournalWriter,
    dir: PathBuf,
    settings: RunSettings,
    pub(crate) clock: Clock,
    outcomes: Outcomes,
    last_ts: Ts,
    intake: Intake,
    arrivals: Receiver<Arrival>,
    controller: Controller,
    controls: Receiver<Control>,
    syncer: Syncer,
    /// True when a batch waits that must be durable before it is seen.
    sync_due: bool,
    /// When the first batch that waits for a sync is to be synced, or handed to the system where nothing is.
    sync_at: Option<Instant>,
    /// When the first event that must be durable was taken up.
    due_since: Option<Instant>,
    publisher: Publisher,
    snapshots: Option<SnapshotKeeper>,
    latencies: Latencies,
    shown: Shown,
    gauges: Arc<Gauges>,
    gauges_at: Instant,
    phase: Phase,
    reason: String,
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub core: Option<Core>,
    pub amendments: Amendments,
    pub writer: JournalWriter,
    pub dir: PathBuf,
    pub settings: RunSettings,
    pub clock: Clock,
    pub last_ts: Ts,
    pub snapshots: Option<SnapshotKeeper>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Why it ended.
    pub reason: String,
    /// The last sequence number.
    pub seq: Seq,
    /// Inputs of this epoch.
    pub inputs: u64,
    /// Outcomes of this epoch.
    pub outcomes: u64,
    /// Orders submitted in this epoch.
    pub orders: u64,
    /// Fills in this epoch.
    pub fills: u64,
    /// Orders denied in this epoch.
    pub denied: u64,
    /// Market events that feeds offered.
    pub offered: u64,
    /// Market events that were merged into others.
    pub conflated: u64,
    /// The decision digest of the whole run so far; `None` for a recording.
    pub digest: Option<String>,
    /// How long each stage took.
    pub latencies: Latencies,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Result<Self, RuntimeError> {
        let (intake, arrivals) = intake(parts.settings.queue);
        let (controller, controls) = Controller::new();
        let syncer = Syncer::start().map_err(|source| RuntimeError::System {
            what: "the thread that syncs the journal cannot be made".to_owned(),
            source,
        })?;
        Ok(Self {
            core: parts.core,
            amendments: parts.amendments,
            writer: parts.writer,
            dir: parts.dir,
            settings: parts.settings,
            clock: parts.clock,
            outcomes: Outcomes::default(),
            last_ts: parts.last_ts,
            intake,
            arrivals,
            controller,
            controls,
            syncer,
            sync_due: false,
            sync_at: None,
            due_since: None,
            publisher: Publisher::default(),
            snapshots: parts.snapshots,
            latencies: Latencies::default(),
            shown: Shown::default(),
            gauges: Arc::default(),
            gauges_at: Instant::now(),
            phase: Phase::Running,
            reason: String::new(),
        })
    }

    /// A way in for a feed.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.intake.another()
    }

    /// A way in for commands, and to end the run.
    #[must_use]
    pub fn controller(&self) -> Controller {
        self.controller.clone()
    }

    /// The engine's clock, for stamping what is received.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// What the run does.
    #[must_use]
    pub fn mode(&self) -> RunMode {
        self.settings.mode
    }

    /// How the engine stands, readable at any time from any thread.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Subscribes to what the journal has. At most `capacity` events wait for a subscriber that is slow.
    pub fn subscribe(&mut self, interest: Interest, capacity: usize) -> Subscription {
        self.publisher.subscribe(interest, capacity)
    }

    /// Runs until it is told to stop. Every way out leaves a journal that recovers.
    ///
    /// # Errors
    /// When the core halts or the journal cannot be written.
    pub fn run(mut self) -> Result<Summary, RuntimeError> {
        match self.serve() {
            Ok(()) => self.end(),
            Err(error) => Err(self.give_up(error)),
        }
    }

    fn serve(&mut self) -> Result<(), RuntimeError> {
        loop {
            let mut has_worked = self.take_controls()?;
            has_worked |= self.take_arrivals()?;
            has_worked |= self.wake()?;
            self.keep_durable()?;
            self.keep_snapshots()?;
            self.show_gauges();
            if self.is_drained() {
                return Ok(());
            }
            if !has_worked {
                self.wait()?;
            }
        }
    }

    /// Waits until something comes or is due.
    fn wait(&mut self) -> Result<(), RuntimeError> {
        if self.settings.wait == Wait::Spin {
            std::hint::spin_loop();
            return Ok(());
        }
        let timeout = self.longest_wait();
        let nothing = never();
        let done = if self.syncer.is_busy() { self.syncer.results() } else { &nothing };
        let (mut arrival, mut control, mut synced) = (None, None, None);
        select! {
            recv(self.controls) -> next => control = next.ok(),
            recv(self.arrivals) -> next => arrival = next.ok(),
            recv(done) -> next => synced = next.ok(),
            default(timeout) => {}
        }
        if let Some(control) = control {
            self.obey(control)?;
        }
        if let Some(arrival) = arrival {
            self.take_arrival(arrival)?;
        }
        if let Some(done) = synced {
            self.syncer.noted();
            self.note_synced(done)?;
        }
        Ok(())
    }

    fn longest_wait(&self) -> Duration {
        let now = self.clock.now();
        let mut longest = LONGEST_WAIT;
        if let Some(due) = self.core.as_ref().and_then(|core| core.state().timers.next_due()) {
            longest = longest.min(Duration::from_nanos(due.since(now)));
        }
        if let Some(at) = self.sync_at
            && !self.syncer.is_busy()
        {
            longest = longest.min(at.saturating_duration_since(Instant::now()));
        }
        longest
    }

    fn show_gauges(&mut self) {
        if self.gauges_at.elapsed() < GAUGES_EVERY {
            return;
        }
        self.gauges_at = Instant::now();
        self.set_gauges();
    }

    fn set_gauges(&mut self) {
        self.shown.seq = self.writer.last_seq().0;
        self.shown.durable = self.writer.durable_through().0;
        self.shown.waiting = self.arrivals.len() as u64;
        self.gauges.show(&self.shown, self.core.as_ref());
    }

    fn syncs(&self) -> bool {
        self.settings.durability != DurabilityMode::None
    }
}

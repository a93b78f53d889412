//! A run that goes: looks at the engine between two inputs, and remembers what it publishes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use reprise_core::Core;
use reprise_model::event::{OperatorCommand, RunMode};
use reprise_model::{Input, OrderId, Seq};
use reprise_risk::RiskSettings;
use reprise_runtime::{Controller, Engine, Gauges, Intake, IntakeCounts, Interest, Subscription};

use crate::chronicle::{Chronicle, Sampling};
use crate::look::risk_of;
use crate::shown::Snapshot;
use crate::source::{Source, SourceError};

/// How long the engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A look is good for so long, however many ask: the engine is looked at ten times a second at most.
const FRESH: Duration = Duration::from_millis(100);
/// How far apart points of the series are at first.
const SAMPLE: Duration = Duration::from_secs(1);
/// How often it is looked whether the run has ended.
const LOOK: Duration = Duration::from_millis(100);
/// Decisions that may wait until they are remembered.
const WAITING: usize = 65_536;
/// Market events that may wait for one listener.
const WAITING_MARKET: usize = 4_096;

struct Seen {
    at: Instant,
    snapshot: Arc<Snapshot>,
}

/// A run that goes.
pub struct Live {
    run: String,
    mode: RunMode,
    controller: Controller,
    gauges: Arc<Gauges>,
    counts: Arc<IntakeCounts>,
    chronicle: Chronicle,
    seen: Mutex<Option<Seen>>,
}

/// What keeps the memory of a run, until it is stopped.
#[derive(Debug)]
pub struct Keeping {
    has_ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Keeping {
    /// The run is over.
    pub fn stop(self) {
        self.has_ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // Whoever cannot remember says nothing more.
            let _ = thread.join();
        }
    }
}

impl Live {
    /// Looks at an engine that is about to go.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn watch(engine: &mut Engine, run: &str) -> std::io::Result<(Arc<Self>, Keeping)> {
        let subscription = engine.subscribe(Interest::Decisions, WAITING);
        let live = Arc::new(Self {
            run: run.to_owned(),
            mode: engine.mode(),
            controller: engine.controller(),
            gauges: engine.gauges(),
            counts: Intake::counts(&engine.intake()),
            chronicle: Chronicle::new(Sampling(SAMPLE.as_nanos() as u64)),
            seen: Mutex::new(None),
        });
        let has_ended = Arc::new(AtomicBool::new(false));
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(work)
        };
        let remembering = {
            let (live, has_ended) = (Arc::clone(&live), Arc::clone(&has_ended));
            spawn("console-events", Box::new(move || live.remember(&subscription, &has_ended)))?
        };
        let sampling = {
            let (live, has_ended) = (Arc::clone(&live), Arc::clone(&has_ended));
            spawn("console-samples", Box::new(move || live.sample(&has_ended)))?
        };
        Ok((live, Keeping { has_ended, threads: vec![remembering, sampling] }))
    }

    fn remember(&self, subscription: &Subscription, has_ended: &AtomicBool) {
        loop {
            match subscription.events().recv_timeout(LOOK) {
                Ok(published) => self.chronicle.note(&published),
                Err(RecvTimeoutError::Timeout) if !has_ended.load(Ordering::Relaxed) => {}
                Err(_) => break,
            }
        }
        if subscription.lost() > 0 {
            tracing::warn!(
                lost = subscription.lost(),
                "events are missing in the console; the journal has them"
            );
        }
    }

    fn sample(&self, has_ended: &AtomicBool) {
        let mut last: Option<Instant> = None;
        while !has_ended.load(Ordering::Relaxed) {
            if last.is_none_or(|last| last.elapsed() >= SAMPLE)
                && let Ok(snapshot) = self.snapshot()
            {
                last = Some(Instant::now());
                self.chronicle.sample(&snapshot);
            }
            thread::sleep(LOOK);
        }
    }
}

impl Source for Live {
    fn snapshot(&self) -> Result<Arc<Snapshot>, SourceError> {
        // Whoever comes meanwhile waits for the same look.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref().filter(|seen| seen.at.elapsed() < FRESH) {
            return Ok(Arc::clone(&seen.snapshot));
        }
        let run = self.run.clone();
        let look = move |view: &reprise_runtime::EngineView<'_>| Snapshot::of(view, &run);
        let mut snapshot = self.controller.ask(PATIENCE, look).ok_or(SourceError::Silent)?;
        self.chronicle.complete(&mut snapshot.status);
        snapshot.status.waiting = self.gauges.waiting();
        (snapshot.status.offered, snapshot.status.conflated) =
            (self.counts.offered(), self.counts.conflated());
        let snapshot = Arc::new(snapshot);
        *seen = Some(Seen { at: Instant::now(), snapshot: Arc::clone(&snapshot) });
        Ok(snapshot)
    }

    fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// A recording holds the market alone: a command in it would stop nothing, and whatever is played from it.
    fn is_read_only(&self) -> bool {
        self.mode == RunMode::Record
    }

    fn limits(&self) -> Result<RiskSettings, SourceError> {
        let look = |view: &reprise_runtime::EngineView<'_>| {
            let risk = view.core.and_then(|core: &Core| risk_of(core));
            risk.map(|risk| risk.settings().clone()).unwrap_or_default()
        };
        self.controller.ask(PATIENCE, look).ok_or(SourceError::Silent)
    }

    fn is_open(&self, order: OrderId) -> Result<bool, SourceError> {
        let look = move |view: &reprise_runtime::EngineView<'_>| {
            view.core.is_some_and(|core| core.state().orders.get_open(order).is_some())
        };
        self.controller.ask(PATIENCE, look).ok_or(SourceError::Silent)
    }

    fn command(&self, command: OperatorCommand) -> Result<Seq, SourceError> {
        let input = Input::OperatorCommand(Box::new(command));
        let asked_at = Instant::now();
        let seq = self.controller.send_numbered(input, PATIENCE).ok_or_else(|| {
            // Whoever asks to stop and hears nothing must not believe that nothing happens.
            if asked_at.elapsed() < PATIENCE { SourceError::Silent } else { SourceError::Unanswered }
        })?;
        // The next look sees what the command has done.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(seq)
    }

    fn subscribe(&self) -> Result<Subscription, SourceError> {
        self.controller.subscribe(Interest::All, WAITING_MARKET, PATIENCE).ok_or(SourceError::Silent)
    }
}

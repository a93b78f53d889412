//! The delivery of one run's alerts: a thread that takes them from the published stream, one that sends.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reprise_model::event::Severity;
use reprise_runtime::{Engine, Interest};
use tokio::sync::{mpsc, watch};

use crate::channel::Channel;
use crate::counts::{DeliveryCounts, Tally};
use crate::late;
use crate::outlet::Outlet;
use crate::outstanding::JournalAlerts;
use crate::taker::Taker;
use crate::worker::{Delivered, Timing, Worker};

/// Events that may wait to be looked at; looking takes next to nothing.
const WAITING: usize = 65_536;
/// Messages that may wait for a channel; alerts beyond them are read from the journal when there is room.
const QUEUED: usize = 1_024;

/// What the process tells of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessAlerts {
    /// That the run begins, and that it ended in order.
    pub start_stop: bool,
    /// That the engine halted.
    pub halt: bool,
    /// That events wait for the disk as long; zero for never.
    pub journal_lag: Duration,
}

/// How alerts are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The run's folder.
    pub dir: PathBuf,
    /// How it is tried.
    pub timing: Timing,
    /// What the process tells of itself.
    pub process: ProcessAlerts,
}

/// The delivery of a run's alerts, until it is finished.
pub struct Delivery {
    taker: JoinHandle<Taker>,
    sender: JoinHandle<()>,
    deadline: watch::Sender<Option<Instant>>,
    delivered: Delivered,
    counts: DeliveryCounts,
    settings: DeliverySettings,
}

impl Delivery {
    /// Begins to deliver what an engine raises, and what its journal still has from before.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(
        engine: &mut Engine,
        channels: Vec<Channel>,
        settings: DeliverySettings,
    ) -> io::Result<Self> {
        let subscription = engine.subscribe(Interest::Decisions, WAITING);
        let (deadline, watched) = watch::channel(None);
        let delivered = Delivered::default();
        let (mut outlets, mut workers, mut tallies) = (Vec::new(), Vec::new(), Vec::new());
        for channel in channels {
            let (give, jobs) = mpsc::channel(QUEUED);
            let tally = Tally::of(channel.name());
            let journal = JournalAlerts::of(&settings.dir);
            outlets.push(Outlet::new(channel.name(), give, Arc::clone(&tally), journal));
            workers.push(Worker {
                channel,
                jobs,
                timing: settings.timing,
                controller: engine.controller(),
                tally: Arc::clone(&tally),
                delivered: Arc::clone(&delivered),
                deadline: watched.clone(),
            });
            tallies.push(tally);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = thread::Builder::new().name("alerts-send".to_owned()).spawn(move || {
            runtime.block_on(join_all(workers.into_iter().map(Worker::work)));
        })?;
        let taker = Taker::new(engine, &settings, outlets, Arc::clone(&delivered));
        let taker =
            thread::Builder::new().name("alerts-take".to_owned()).spawn(move || taker.take(&subscription))?;
        Ok(Self { taker, sender, deadline, delivered, counts: DeliveryCounts(tallies.into()), settings })
    }

    /// What becomes of messages, for whoever shows it.
    #[must_use]
    pub fn counts(&self) -> DeliveryCounts {
        self.counts.clone()
    }

    /// The engine has ended: delivers what is left as long as the settings allow. `halted` says why it did, when it
    /// was not told to.
    pub fn finish(self, halted: Option<&str>) {
        let Ok(mut taker) = self.taker.join() else {
            tracing::error!(
                "the thread that takes alerts ended badly; what is left is sent when the run goes on"
            );
            return;
        };
        let process = self.settings.process;
        match halted {
            Some(reason) if process.halt => {
                let text = format!("the engine halted: {reason}");
                taker.tell_process("halt", Severity::Critical, &text, Vec::new());
            }
            None if process.start_stop => {
                taker.tell_process("stop", Severity::Info, "the run ended in order", Vec::new());
            }
            _ => {}
        }
        // The workers end when nothing more can come.
        drop(taker);
        // When nobody listens, the work is done already.
        let _ = self.deadline.send(Some(Instant::now() + self.settings.timing.finish));
        if self.sender.join().is_err() {
            tracing::error!("the thread that sends alerts ended badly");
        }
        let unsure = self.delivered.lock().map(|delivered| delivered.clone()).unwrap_or_default();
        if let Err(error) = late::add(&self.settings.dir, &unsure) {
            tracing::error!(%error, "what was delivered last cannot be kept; it is sent again if the run goes on");
        }
    }
}

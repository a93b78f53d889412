//! The delivery of one run's alerts: a thread that takes them from the published stream, one that sends.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use futures_util::future::join_all;
use reprise_model::event::{AlertId, ChannelName, Severity};
use reprise_model::{Outcome, Record, Ts};
use reprise_runtime::{Controller, Engine, Event, Gauges, Interest, Subscription, wall_clock};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use crate::channel::Channel;
use crate::lag::{LagNews, LagWatch};
use crate::late;
use crate::message::{Message, RunPlace};
use crate::outstanding::{JournalAlerts, Raised};
use crate::worker::{Delivered, Job, Timing, Worker};

/// Events that may wait to be looked at; looking takes next to nothing.
const WAITING: usize = 65_536;
/// Alerts that may wait for a channel; more stay in the journal until there is room.
const QUEUED: usize = 1_024;
/// How often it is looked at what does not come by itself.
const LOOK: Duration = Duration::from_millis(200);
/// How long after a loss the journal is read: what is published is on its way there.
const READ_AGAIN: Duration = Duration::from_millis(500);

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
        let (mut outlets, mut workers) = (Vec::new(), Vec::new());
        for channel in channels {
            let (give, jobs) = mpsc::channel(QUEUED);
            outlets.push(Outlet { name: channel.name(), jobs: give, taken: BTreeSet::new() });
            workers.push(Worker {
                channel,
                jobs,
                timing: settings.timing,
                controller: engine.controller(),
                delivered: Arc::clone(&delivered),
                deadline: watched.clone(),
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = thread::Builder::new().name("alerts-send".to_owned()).spawn(move || {
            runtime.block_on(join_all(workers.into_iter().map(Worker::work)));
        })?;
        let taker = Taker {
            run: RunPlace::of(&settings.dir),
            journal: JournalAlerts::of(&settings.dir),
            lag: LagWatch::new(settings.process.journal_lag),
            gauges: engine.gauges(),
            controller: engine.controller(),
            settings: settings.clone(),
            outlets,
            told: 0,
            read_again: None,
        };
        let taker =
            thread::Builder::new().name("alerts-take".to_owned()).spawn(move || taker.take(&subscription))?;
        Ok(Self { taker, sender, deadline, delivered, settings })
    }

    /// The engine has ended: delivers what is left as long as the settings allow. `halted` says why it did, when it
    /// was not told to.
    pub fn finish(self, halted: Option<&str>) {
        let Ok(mut taker) = self.taker.join() else { return };
        let process = self.settings.process;
        match halted {
            Some(reason) if process.halt => {
                taker.tell_process(
                    "halt",
                    Severity::Critical,
                    &format!("the engine halted: {reason}"),
                    Vec::new(),
                );
            }
            None if process.start_stop => {
                taker.tell_process("stop", Severity::Info, "the run ended in order", Vec::new());
            }
            _ => {}
        }
        let Taker { mut journal, outlets, .. } = taker;
        // The workers end when nothing more can come.
        drop(outlets);
        // When nobody listens, the work is done already.
        let _ = self.deadline.send(Some(Instant::now() + self.settings.timing.finish));
        if self.sender.join().is_err() {
            tracing::error!("the thread that sends alerts ended badly");
        }
        let delivered = self.delivered.lock().map(|delivered| delivered.clone()).unwrap_or_default();
        if delivered.is_empty() {
            return;
        }
        let journaled = journal.read_on().delivered;
        let missing: Vec<_> = delivered
            .into_iter()
            .filter(|record| !journaled.contains(&(record.channel, record.alert)))
            .collect();
        if let Err(error) = late::add(&self.settings.dir, &missing) {
            tracing::error!(%error, "what was delivered last cannot be kept; it is sent again if the run goes on");
        }
    }
}

/// Where a channel's worker is handed its jobs, and what it was handed.
struct Outlet {
    name: ChannelName,
    jobs: mpsc::Sender<Job>,
    taken: BTreeSet<AlertId>,
}

/// Takes alerts from the stream, and from the journal where the stream does not have them.
struct Taker {
    run: RunPlace,
    journal: JournalAlerts,
    lag: LagWatch,
    gauges: Arc<Gauges>,
    controller: Controller,
    settings: DeliverySettings,
    outlets: Vec<Outlet>,
    /// What the process told of itself.
    told: u32,
    /// When the journal is to be read for what was lost.
    read_again: Option<Instant>,
}

impl Taker {
    fn take(mut self, subscription: &Subscription) -> Self {
        if self.settings.process.start_stop {
            self.tell_process("start", Severity::Info, "the run begins", Vec::new());
        }
        self.take_up();
        let mut lost = 0;
        loop {
            match subscription.events().recv_timeout(LOOK) {
                Ok(published) => {
                    if let Event::Outcome(cause, Outcome::AlertRaised(alert)) = &published.event {
                        let (cause, seq, ts) = (*cause, published.seq, published.ts);
                        self.hand_over(&Raised { alert: (**alert).clone(), cause, seq, ts });
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.look_at_lag(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if subscription.lost() > lost {
                lost = subscription.lost();
                self.read_again.get_or_insert(Instant::now() + READ_AGAIN);
            }
            self.read_again_if_due(false);
        }
        self.read_again_if_due(true);
        self
    }

    /// What the journal has from before: alerts that were not delivered, and deliveries that it did not get.
    fn take_up(&mut self) {
        let dir = self.settings.dir.clone();
        let found = self.journal.read_on();
        if let Err(error) = late::forget(&dir, &found.delivered) {
            tracing::warn!(%error, "the file of late deliveries stays");
        }
        let late = late::read(&dir);
        for outlet in &mut self.outlets {
            let journaled = found.delivered.iter().filter(|(channel, _)| *channel == outlet.name);
            outlet.taken.extend(journaled.map(|(_, alert)| *alert));
            let late = late.iter().filter(|record| record.channel == outlet.name);
            outlet.taken.extend(late.map(|record| record.alert));
        }
        for record in late.into_iter().filter(|r| !found.delivered.contains(&(r.channel, r.alert))) {
            self.controller.record(Record::AlertDelivered(record));
        }
        let give_up = self.settings.timing.give_up_after.as_nanos();
        let is_young = |raised: &&Raised| u128::from(wall_clock().since(raised.ts)) <= give_up;
        for raised in found.raised.iter().filter(is_young) {
            self.hand_over(raised);
        }
    }

    /// Hands an alert to every worker that was not handed it yet. Never waits.
    fn hand_over(&mut self, raised: &Raised) {
        let id = raised.alert.alert;
        let mut message = None;
        for outlet in &mut self.outlets {
            if outlet.taken.contains(&id) {
                continue;
            }
            let message = message.get_or_insert_with(|| {
                Arc::new(Message::of_alert(&raised.alert, (raised.cause, raised.seq), raised.ts, &self.run))
            });
            let job = Job { message: Arc::clone(message), alert: Some(id), ts: raised.ts };
            match outlet.jobs.try_send(job) {
                Ok(()) => {
                    outlet.taken.insert(id);
                }
                Err(TrySendError::Full(_)) => {
                    // The journal has it; it is read there when there may be room.
                    self.journal = JournalAlerts::of(&self.settings.dir);
                    self.read_again.get_or_insert(Instant::now() + self.settings.timing.longest_retry);
                }
                Err(TrySendError::Closed(_)) => {}
            }
        }
    }

    fn read_again_if_due(&mut self, is_last: bool) {
        if self.read_again.is_some_and(|at| is_last || at <= Instant::now()) {
            self.read_again = None;
            for raised in self.journal.read_on().raised {
                self.hand_over(&raised);
            }
        }
    }

    fn look_at_lag(&mut self) {
        let (seq, durable) = (self.gauges.seq(), self.gauges.durable());
        let facts = || vec![("seq".to_owned(), seq.to_string()), ("on disk".to_owned(), durable.to_string())];
        match self.lag.look(Instant::now(), seq, durable) {
            Some(LagNews::Behind(lag)) => {
                let text = format!("events wait for the disk for {:.1} s", lag.as_secs_f64());
                self.tell_process("journal-lag", Severity::Warning, &text, facts());
            }
            Some(LagNews::CaughtUp) => {
                self.tell_process("journal-lag", Severity::Info, "the disk has caught up", facts());
            }
            None => {}
        }
    }

    /// Tells what no journal holds.
    fn tell_process(&mut self, what: &str, severity: Severity, text: &str, facts: Vec<(String, String)>) {
        self.told += 1;
        let now: Ts = wall_clock();
        let id = format!("process-{what}-{}-{}", now.0 / 1_000_000_000, self.told);
        let message = Arc::new(Message::of_process(id, severity, text, facts, now, &self.run));
        for outlet in &self.outlets {
            let job = Job { message: Arc::clone(&message), alert: None, ts: now };
            if outlet.jobs.try_send(job).is_err() {
                tracing::error!(alert = message.id, channel = %outlet.name, "no room for what the process tells");
            }
        }
    }
}

//! Takes alerts from the published stream, and from the journal where the stream does not have them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use reprise_model::event::Severity;
use reprise_model::{Outcome, Record, Seq, Ts};
use reprise_runtime::{Controller, Engine, Event, Gauges, Published, Subscription, wall_clock};

use crate::delivery::DeliverySettings;
use crate::lag::{LagNews, LagWatch};
use crate::late;
use crate::message::{Message, RunPlace};
use crate::outlet::Outlet;
use crate::outstanding::{JournalAlerts, Raised};
use crate::worker::{Delivered, Job};

/// How often it is looked at what does not come by itself.
const LOOK: Duration = Duration::from_millis(200);
/// How long the engine may take to answer; one that has much to do is asked again.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the thread works with; it ends with the engine.
pub(crate) struct Taker {
    run: RunPlace,
    lag: LagWatch,
    gauges: Arc<Gauges>,
    controller: Controller,
    settings: DeliverySettings,
    outlets: Vec<Outlet>,
    delivered: Delivered,
    /// What the process told of itself.
    told: u32,
    /// The last event that was seen.
    seen: Seq,
}

impl Taker {
    pub(crate) fn new(
        engine: &Engine,
        settings: &DeliverySettings,
        outlets: Vec<Outlet>,
        delivered: Delivered,
    ) -> Self {
        Self {
            run: RunPlace::of(&settings.dir),
            lag: LagWatch::new(settings.process.journal_lag),
            gauges: engine.gauges(),
            controller: engine.controller(),
            settings: settings.clone(),
            outlets,
            delivered,
            told: 0,
            seen: Seq(0),
        }
    }

    /// Works until the engine has ended.
    pub(crate) fn take(mut self, subscription: &Subscription) -> Self {
        if self.settings.process.start_stop {
            self.tell_process("start", Severity::Info, "the run begins", Vec::new());
        }
        self.take_up();
        let (mut lost, mut look_at) = (0, Instant::now() + LOOK);
        loop {
            let wait = look_at.saturating_duration_since(Instant::now());
            match subscription.events().recv_timeout(wait) {
                Ok(published) => self.see(&published),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if subscription.lost() > lost {
                lost = subscription.lost();
                self.outlets.iter_mut().for_each(|outlet| outlet.fall_behind(self.seen));
            }
            if Instant::now() >= look_at {
                self.look();
                look_at = Instant::now() + LOOK;
            }
        }
        self.outlets.iter_mut().for_each(|outlet| outlet.catch_up(&self.run, true));
        self
    }

    /// What the journal has from before, and the deliveries that it did not get.
    fn take_up(&mut self) {
        let dir = &self.settings.dir;
        let found = JournalAlerts::of(dir).read_all();
        let late = late::missing(dir, &found.delivered).unwrap_or_else(|error| {
            tracing::warn!(%error, "the file of late deliveries stays");
            Vec::new()
        });
        for outlet in &mut self.outlets {
            outlet.take_up(&found, &late, self.settings.timing.give_up_after, &self.run);
        }
        for record in late {
            self.controller.record(Record::AlertDelivered(record));
        }
    }

    fn see(&mut self, published: &Published) {
        self.seen = published.seq;
        if let Event::Outcome(cause, Outcome::AlertRaised(alert)) = &published.event {
            let (cause, seq, ts, before) = (*cause, published.seq, published.ts, None);
            let raised = Raised { alert: (**alert).clone(), cause, seq, ts, before };
            self.outlets.iter_mut().for_each(|outlet| outlet.offer(&raised, &self.run));
        }
    }

    fn look(&mut self) {
        self.outlets.iter_mut().for_each(|outlet| outlet.catch_up(&self.run, false));
        self.forget_what_is_journaled();
        self.look_at_lag();
    }

    /// The engine takes what it is sent in its order: once it answers, it has taken every record before.
    fn forget_what_is_journaled(&self) {
        let noted = self.delivered.lock().map_or(0, |delivered| delivered.len());
        if noted > 0
            && self.controller.ask(PATIENCE, |_| ()).is_some()
            && let Ok(mut delivered) = self.delivered.lock()
        {
            delivered.drain(..noted);
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
    pub(crate) fn tell_process(
        &mut self,
        what: &str,
        severity: Severity,
        text: &str,
        facts: Vec<(String, String)>,
    ) {
        self.told += 1;
        let now: Ts = wall_clock();
        let id = format!("process-{what}-{}-{}", now.0 / 1_000_000_000, self.told);
        let message = Arc::new(Message::of_process(id, severity, text, facts, now, &self.run));
        for outlet in &self.outlets {
            let job = Job { message: Arc::clone(&message), alert: None, ts: now };
            if !outlet.push(job) {
                tracing::error!(alert = message.id, channel = %outlet.name(), "no room for what the process tells");
            }
        }
    }
}

//! One worker a channel: sends what it is handed, in order, each until it has arrived or is too old.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reprise_model::event::{AlertDelivered, AlertFailed, AlertId};
use reprise_model::{Record, Ts};
use reprise_runtime::{Controller, wall_clock};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, sleep_until};

use crate::backoff::Backoff;
use crate::channel::{Channel, Failure};
use crate::counts::Tally;
use crate::message::Message;

/// How delivery is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The wait after the first failure; it doubles with each.
    pub first_retry: Duration,
    /// The longest wait that nobody asked for.
    pub longest_retry: Duration,
    /// An alert that is older is given up.
    pub give_up_after: Duration,
    /// How long the end of a run waits for what is still to be delivered.
    pub finish: Duration,
}

/// Something to be sent.
#[derive(Debug)]
pub(crate) struct Job {
    pub message: Arc<Message>,
    /// The alert in the journal; `None` for what the process tells of itself.
    pub alert: Option<AlertId>,
    /// When it was raised.
    pub ts: Ts,
}

/// What was delivered, and of which it is not known yet that the engine has taken the record.
pub(crate) type Delivered = Arc<Mutex<Vec<AlertDelivered>>>;

/// A worker.
pub(crate) struct Worker {
    pub channel: Channel,
    pub jobs: mpsc::Receiver<Job>,
    pub timing: Timing,
    pub controller: Controller,
    pub tally: Arc<Tally>,
    pub delivered: Delivered,
    /// When the work must be over; `None` while the run goes on.
    pub deadline: watch::Receiver<Option<Instant>>,
}

impl Worker {
    /// Works until there is nothing more to come, or the deadline.
    pub(crate) async fn work(mut self) {
        let mut deadline = self.deadline.clone();
        let seed = wall_clock().0 ^ u64::from(self.channel.name().as_bytes()[0]);
        let mut backoff = Backoff::new(self.timing.first_retry, self.timing.longest_retry, seed);
        while let Some(job) = self.jobs.recv().await {
            tokio::select! {
                () = self.deliver(&job, &mut backoff) => {}
                () = reached(&mut deadline) => {
                    tracing::error!(
                        alert = job.message.id, channel = %self.channel.name(), waiting = self.jobs.len(),
                        "the run ends before the alert was delivered; it is sent when the run is taken up again"
                    );
                    return;
                }
            }
        }
    }

    async fn deliver(&self, job: &Job, backoff: &mut Backoff) {
        let (channel, id) = (self.channel.name(), &job.message.id);
        let mut attempts = 0_u32;
        loop {
            if self.is_too_old(job) {
                tracing::error!(alert = id, %channel, attempts, "the alert is too old and is given up");
                self.note_failed(job, attempts, "it is older than alerts.delivery.give_up_after_s", false);
                return;
            }
            attempts = attempts.saturating_add(1);
            let Err(failure) = self.channel.send(&job.message).await else {
                self.tally.delivered();
                backoff.reset();
                tracing::info!(alert = id, %channel, attempts, "alert delivered");
                self.note_delivered(job, attempts);
                return;
            };
            self.tally.attempt_failed();
            tracing::warn!(alert = id, %channel, attempts, reason = %failure, "alert not delivered");
            let Failure { reason, retry_after, is_lasting } = failure;
            if is_lasting {
                self.note_failed(job, attempts, &reason, false);
                return;
            }
            if attempts == 1 {
                self.note_failed(job, attempts, &reason, true);
            }
            sleep(backoff.next(retry_after)).await;
        }
    }

    fn is_too_old(&self, job: &Job) -> bool {
        u128::from(wall_clock().since(job.ts)) > self.timing.give_up_after.as_nanos()
    }

    fn note_delivered(&self, job: &Job, attempts: u32) {
        let Some(alert) = job.alert else { return };
        let record = AlertDelivered { alert, channel: self.channel.name(), attempts, at: wall_clock() };
        // An engine that has ended takes none. It is sent before it is noted, so that an answer to a later question
        // shows that the engine has taken everything that was noted by then.
        self.controller.record(Record::AlertDelivered(record.clone()));
        if let Ok(mut delivered) = self.delivered.lock() {
            delivered.push(record);
        }
    }

    fn note_failed(&self, job: &Job, attempts: u32, reason: &str, will_retry: bool) {
        if !will_retry {
            self.tally.given_up();
        }
        let Some(alert) = job.alert else { return };
        let (channel, at) = (self.channel.name(), wall_clock());
        let record = AlertFailed { alert, channel, attempts, at, reason: reason.to_owned(), will_retry };
        self.controller.record(Record::AlertFailed(record));
    }
}

/// Waits for the deadline, which may be set later; for ever when it never is.
async fn reached(deadline: &mut watch::Receiver<Option<Instant>>) {
    let at = deadline.wait_for(Option::is_some).await.ok().and_then(|at| *at);
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

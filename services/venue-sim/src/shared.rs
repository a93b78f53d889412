//! What every connection holds: the way to the houses, their news, the clock and the faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reprise_model::Ts;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::clock::Clock;
use crate::faults::{Faults, Frame, FrameFate, Kind, Request, RequestFate};
use crate::floor::Job;
use crate::house::{AccountNews, House, MarketNews};
use crate::settings::{Settings, Venue};

/// The simulator is ending; nothing is answered any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the simulator is ending")]
pub struct Closed;

/// The two streams of news of a house.
#[derive(Debug, Clone)]
pub(crate) struct NewsDesk {
    pub(crate) market: broadcast::Sender<Arc<MarketNews>>,
    pub(crate) accounts: broadcast::Sender<Arc<AccountNews>>,
}

/// Market news that may wait for a slow connection before it is dropped.
const MARKET_BACKLOG: usize = 16_384;
/// Account news that may wait for a slow connection before it is dropped.
const ACCOUNT_BACKLOG: usize = 4_096;

impl NewsDesk {
    pub(crate) fn new() -> Self {
        Self {
            market: broadcast::Sender::new(MARKET_BACKLOG),
            accounts: broadcast::Sender::new(ACCOUNT_BACKLOG),
        }
    }
}

/// What every connection holds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: Clock,
    faults: Mutex<Faults>,
    has_faults: bool,
    jobs: mpsc::UnboundedSender<Job>,
    desks: [NewsDesk; 2],
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        faults: Faults,
        jobs: mpsc::UnboundedSender<Job>,
        desks: [NewsDesk; 2],
    ) -> Self {
        let has_faults = !faults.is_empty();
        Self(Arc::new(Inner { settings, clock, faults: Mutex::new(faults), has_faults, jobs, desks }))
    }

    /// What the simulator was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time, as it is: the time at which orders are entered and market events happen.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.0.clock.now()
    }

    /// A moment as the runtime's timers count it.
    #[must_use]
    pub fn instant(&self, ts: Ts) -> tokio::time::Instant {
        self.0.clock.instant(ts).into()
    }

    /// Since the simulator was ready.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.clock.elapsed()
    }

    /// A moment as the venue's own clock tells it, which a fault may have put wrong.
    #[must_use]
    pub fn stamp(&self, venue: Venue, ts: Ts) -> Ts {
        if !self.0.has_faults {
            return ts;
        }
        let skew_ns = self.faults().skew_ms(self.elapsed(), venue).saturating_mul(1_000_000);
        Ts(ts.0.saturating_add_signed(skew_ns))
    }

    /// The time by the venue's own clock.
    #[must_use]
    pub fn venue_now(&self, venue: Venue) -> Ts {
        self.stamp(venue, self.now())
    }

    /// Asks a house something, or has it do something, and waits for the answer.
    ///
    /// Questions are carried out one after the other between market events, each at a time that is not before
    /// that of the event before it.
    ///
    /// # Errors
    /// When the simulator is ending.
    pub async fn ask<R: Send + 'static>(
        &self,
        venue: Venue,
        question: impl FnOnce(&mut House, Ts) -> R + Send + 'static,
    ) -> Result<R, Closed> {
        let (answer, answered) = oneshot::channel();
        let job = Job::new(venue, move |house, now| {
            // Whoever asked may be gone by now.
            let _ = answer.send(question(house, now));
        });
        self.0.jobs.send(job).map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }

    /// Market news of a venue from now on.
    #[must_use]
    pub fn market_news(&self, venue: Venue) -> broadcast::Receiver<Arc<MarketNews>> {
        self.0.desks[venue.at()].market.subscribe()
    }

    /// News of all accounts at a venue from now on.
    #[must_use]
    pub fn account_news(&self, venue: Venue) -> broadcast::Receiver<Arc<AccountNews>> {
        self.0.desks[venue.at()].accounts.subscribe()
    }

    /// What becomes of a frame.
    #[must_use]
    pub fn frame_fate(&self, venue: Venue, frame: &Frame<'_>) -> FrameFate {
        if !self.0.has_faults {
            return FrameFate::Send;
        }
        self.faults().on_frame(self.elapsed(), venue, frame)
    }

    /// What becomes of a request.
    #[must_use]
    pub fn request_fate(&self, venue: Venue, request: &Request<'_>) -> RequestFate {
        if !self.0.has_faults {
            return RequestFate::Answer;
        }
        self.faults().on_request(self.elapsed(), venue, request)
    }

    /// How many times each kind of fault has struck so far.
    #[must_use]
    pub fn faults_struck(&self) -> BTreeMap<Kind, u64> {
        self.faults().struck()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

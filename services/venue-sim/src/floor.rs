//! The one loop that owns the houses: plays what is due and answers what is asked, one after the other.

use reprise_model::Ts;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::house::House;
use crate::player::Player;
use crate::settings::Venue;
use crate::shared::Shared;

type Question = Box<dyn FnOnce(&mut House, Ts) + Send>;

/// A question to a house.
pub(crate) struct Job {
    venue: Venue,
    question: Question,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("venue", &self.venue).finish_non_exhaustive()
    }
}

impl Job {
    pub(crate) fn new(venue: Venue, question: impl FnOnce(&mut House, Ts) + Send + 'static) -> Self {
        Self { venue, question: Box::new(question) }
    }
}

/// Market events that are played before questions get their turn again.
const EVENTS_A_TURN: usize = 256;

/// The houses and what plays in them.
pub(crate) struct Floor {
    pub(crate) houses: [House; 2],
    pub(crate) player: Player,
    pub(crate) shared: Shared,
}

impl Floor {
    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        loop {
            let due = self.player.next_due();
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => self.answer(job),
                    None => return,
                },
                () = at(due.map(|ts| self.shared.instant(ts))) => self.play(),
            }
            // Connections run on this thread too: they send what they were told before more is played.
            tokio::task::yield_now().await;
        }
    }

    fn answer(&mut self, job: Job) {
        let now = self.shared.now();
        (job.question)(&mut self.houses[job.venue.at()], now);
    }

    fn play(&mut self) {
        let now = self.shared.now();
        for _ in 0..EVENTS_A_TURN {
            let Some((ts, input)) = self.player.next_event(now) else { return };
            for house in &mut self.houses {
                house.recorded(ts, &input);
            }
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

//! Where a channel's worker is handed its messages: in their order, each once, and never by waiting for room.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reprise_model::Seq;
use reprise_model::event::{AlertDelivered, AlertId, ChannelName};
use reprise_runtime::wall_clock;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::counts::Tally;
use crate::message::{Message, RunPlace};
use crate::outstanding::{Found, JournalAlerts, Raised, Said};
use crate::worker::Job;

/// How long to wait before the journal is read: what is published is on its way there.
const READ_AGAIN: Duration = Duration::from_millis(500);

/// A channel's side of its queue.
pub(crate) struct Outlet {
    name: ChannelName,
    jobs: Sender<Job>,
    tally: Arc<Tally>,
    /// Alerts that were handed over, or delivered before.
    taken: BTreeSet<AlertId>,
    /// Everything before it was handed over.
    journal: JournalAlerts,
    behind: Option<Behind>,
}

/// The queue had no room, or the stream lost something. Until what was passed over is read from the journal, everything
/// is, or alerts would overtake each other.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// The last alert that was passed over.
    through: Seq,
    /// From when on the journal has what the stream lost.
    since: Instant,
    /// When it is read the next time.
    read_at: Instant,
}

impl Outlet {
    pub(crate) fn new(
        name: ChannelName,
        jobs: Sender<Job>,
        tally: Arc<Tally>,
        journal: JournalAlerts,
    ) -> Self {
        Self { name, jobs, tally, taken: BTreeSet::new(), journal, behind: None }
    }

    pub(crate) fn name(&self) -> ChannelName {
        self.name
    }

    /// What the journal has from before: deliveries, also those that it did not get, and alerts, of which those that
    /// are young enough are handed over.
    pub(crate) fn take_up(
        &mut self,
        found: &Found,
        late: &[AlertDelivered],
        give_up: Duration,
        run: &RunPlace,
    ) {
        let delivered = found.delivered.iter().chain(late);
        self.taken.extend(delivered.filter(|record| record.channel == self.name).map(|record| record.alert));
        self.journal.go_to(found.end);
        let is_young = |raised: &&Raised| u128::from(wall_clock().since(raised.ts)) <= give_up.as_nanos();
        for raised in found.raised.iter().filter(is_young) {
            if self.hand_over(raised, run).is_break() {
                self.journal.go_to(raised.before);
                self.fall_behind(raised.seq);
                return;
            }
        }
    }

    /// Hands an alert over, or leaves it for later.
    pub(crate) fn offer(&mut self, raised: &Raised, run: &RunPlace) {
        if let Some(behind) = &mut self.behind {
            behind.through = behind.through.max(raised.seq);
        } else if self.hand_over(raised, run).is_break() {
            self.fall_behind(raised.seq);
        }
    }

    /// Alerts were passed over, the last one that is known at `through`.
    pub(crate) fn fall_behind(&mut self, through: Seq) {
        let since = Instant::now() + READ_AGAIN;
        let behind = self.behind.get_or_insert(Behind { through, since, read_at: since });
        behind.through = behind.through.max(through);
        behind.since = since;
    }

    /// Reads from the journal what was passed over, when there is room for it.
    pub(crate) fn catch_up(&mut self, run: &RunPlace, is_last: bool) {
        let Some(behind) = self.behind else { return };
        let (now, has_room) = (Instant::now(), self.jobs.capacity() * 2 >= self.jobs.max_capacity());
        if !is_last && (!has_room || now < behind.read_at) {
            return;
        }
        let (mut journal, mut is_full) = (self.journal.clone(), false);
        journal.read_on(|said| match said {
            Said::Raised(raised) => {
                let handed = self.hand_over(&raised, run);
                is_full |= handed.is_break();
                handed
            }
            Said::Delivered(_) => ControlFlow::Continue(()),
        });
        let is_done = !is_full && journal.seq() >= behind.through && now >= behind.since;
        self.behind = (!is_done).then_some(Behind { read_at: now + READ_AGAIN, ..behind });
        self.journal = journal;
    }

    /// Hands over what no journal holds; false when there is no room for it.
    pub(crate) fn push(&self, job: Job) -> bool {
        let is_handed = self.jobs.try_send(job).is_ok();
        if is_handed {
            self.tally.handed();
        }
        is_handed
    }

    /// Breaks when there is no room.
    fn hand_over(&mut self, raised: &Raised, run: &RunPlace) -> ControlFlow<()> {
        let id = raised.alert.alert;
        if self.taken.contains(&id) {
            return ControlFlow::Continue(());
        }
        match self.jobs.try_reserve() {
            Ok(room) => {
                let message = Message::of_alert(&raised.alert, (raised.cause, raised.seq), raised.ts, run);
                room.send(Job { message: Arc::new(message), alert: Some(id), ts: raised.ts });
                self.taken.insert(id);
                self.tally.handed();
                ControlFlow::Continue(())
            }
            Err(TrySendError::Full(())) => ControlFlow::Break(()),
            // The worker has ended with the run.
            Err(TrySendError::Closed(())) => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use reprise_assembly::{Layers, Registry, interpret};
    use reprise_model::Input;
    use reprise_model::event::{Command, OperatorCommand, RunMode};
    use reprise_runtime::Engine;
    use tokio::sync::mpsc::{Receiver, channel};

    use super::*;

    const CONFIG: &str = "[account]\nreporting_asset = \"USD\"\n[[alerts.rule]]\nkind = \"kill_switch\"\n";

    /// A run in which the kill switch moved so often.
    fn run_with(alerts: usize, dir: &Path) {
        let mut layers = Layers::default();
        layers.add_text(Path::new("test.toml"), CONFIG).unwrap();
        let registry = Registry::builtin();
        let config = interpret(&layers, &registry).unwrap();
        let engine = Engine::create(dir, &config, &registry, RunMode::Paper).unwrap();
        for n in 0..alerts {
            let command = if n % 2 == 0 { Command::Kill } else { Command::Release };
            let moved = OperatorCommand::new(command, "test", "because");
            engine.controller().send(Input::OperatorCommand(Box::new(moved)));
        }
        engine.controller().stop("the test is over");
        engine.run().unwrap();
    }

    fn taken(jobs: &mut Receiver<Job>) -> Vec<String> {
        std::iter::from_fn(|| jobs.try_recv().ok()).map(|job| job.message.id.clone()).collect()
    }

    /// Breaks when alerts that the stream has lost are lost, come twice or overtake each other, whatever the room.
    #[test]
    fn what_the_stream_lost_is_read_from_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run");
        run_with(5, &dir);
        let (run, name) = (RunPlace::of(&dir), ChannelName::new("slack").unwrap());
        for room in 1..7 {
            let (give, mut jobs) = channel(room);
            let mut outlet = Outlet::new(name, give, Tally::of(name), JournalAlerts::of(&dir));
            let found = JournalAlerts::of(&dir).read_all();
            outlet.offer(&found.raised[0], &run);
            outlet.fall_behind(found.raised[0].seq);
            // The stream brings the last one, and lost those between.
            outlet.offer(&found.raised[4], &run);
            let mut told = taken(&mut jobs);
            assert_eq!(told, ["kill_switch-1"]);
            while told.len() < 5 {
                outlet.catch_up(&run, true);
                let more = taken(&mut jobs);
                assert!(!more.is_empty(), "nothing comes after {told:?}");
                told.extend(more);
            }
            let expected: Vec<String> = (1..=5).map(|n| format!("kill_switch-{n}")).collect();
            assert_eq!(told, expected, "with room for {room}");
            outlet.catch_up(&run, true);
            assert_eq!(taken(&mut jobs), Vec::<String>::new());
        }
    }
}

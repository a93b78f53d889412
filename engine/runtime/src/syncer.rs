//! Syncs of the journal on a thread of their own: the core steps on while the disk works.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use reprise_journal::{PendingSync, SyncDone};

/// A sync that is done, and how long it took.
pub(crate) type Done = (SyncDone, Duration);

/// One sync at a time, elsewhere.
#[derive(Debug)]
pub(crate) struct Syncer {
    requests: Sender<PendingSync>,
    done: Receiver<Done>,
    is_busy: bool,
}

impl Syncer {
    /// A thread that waits for syncs to run; it ends with this value.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start() -> std::io::Result<Self> {
        let (requests, wanted) = bounded::<PendingSync>(1);
        let (results, done) = bounded(1);
        thread::Builder::new().name("journal-sync".to_owned()).spawn(move || {
            for pending in wanted {
                let began = Instant::now();
                let result = pending.run();
                if results.send((result, began.elapsed())).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { requests, done, is_busy: false })
    }

    /// True while a sync is on its way.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Runs a sync; only when none is on its way.
    pub fn run(&mut self, pending: PendingSync) {
        // The thread lives as long as this value, and takes one at a time.
        self.is_busy = self.requests.send(pending).is_ok();
    }

    /// Where results come from, for waiting on them beside other things.
    pub fn results(&self) -> &Receiver<Done> {
        &self.done
    }

    /// The result of the sync that was on its way, if it is there.
    pub fn try_done(&mut self) -> Option<Done> {
        let done = self.done.try_recv().ok();
        self.is_busy &= done.is_none();
        done
    }

    /// The sync that was on its way is done.
    pub fn noted(&mut self) {
        self.is_busy = false;
    }

    /// Waits for the sync on its way, if there is one.
    pub fn wait(&mut self) -> Option<Done> {
        let done = if self.is_busy { self.done.recv().ok() } else { None };
        self.is_busy = false;
        done
    }
}

//! How the engine stands, for whoever shows it: numbers that other threads may read at any time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use reprise_core::Core;
use reprise_model::event::{KINDS, KindRow};
use reprise_model::{Cash, Input, Outcome};

/// The numbers.
#[derive(Debug, Default)]
pub struct Gauges {
    seq: AtomicU64,
    durable: AtomicU64,
    inputs: AtomicU64,
    orders: AtomicU64,
    fills: AtomicU64,
    denied: AtomicU64,
    open_orders: AtomicU64,
    waiting: AtomicU64,
    equity: Mutex<Option<Cash>>,
    inputs_by_kind: [AtomicU64; Input::KINDS],
    outcomes_by_kind: [AtomicU64; Outcome::KINDS],
}

/// One of them is a number that is only read and set.
fn read(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

impl Gauges {
    /// The last sequence number that was given.
    #[must_use]
    pub fn seq(&self) -> u64 {
        read(&self.seq)
    }

    /// The last sequence number that is known to be on disk; 0 where nothing is synced.
    #[must_use]
    pub fn durable(&self) -> u64 {
        read(&self.durable)
    }

    /// Inputs taken in this epoch.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        read(&self.inputs)
    }

    /// Orders submitted in this epoch.
    #[must_use]
    pub fn orders(&self) -> u64 {
        read(&self.orders)
    }

    /// Fills in this epoch.
    #[must_use]
    pub fn fills(&self) -> u64 {
        read(&self.fills)
    }

    /// Orders denied in this epoch.
    #[must_use]
    pub fn denied(&self) -> u64 {
        read(&self.denied)
    }

    /// Orders that are open.
    #[must_use]
    pub fn open_orders(&self) -> u64 {
        read(&self.open_orders)
    }

    /// Market events that wait in the queue.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        read(&self.waiting)
    }

    /// Equity in the reporting asset; `None` when something that is owned cannot be priced.
    #[must_use]
    pub fn equity(&self) -> Option<Cash> {
        self.equity.lock().ok().and_then(|equity| *equity)
    }

    /// Every kind of input and outcome, with how many of it there were in this epoch.
    pub fn by_kind(&self) -> impl Iterator<Item = (&'static KindRow, u64)> {
        // The table of kinds begins with the inputs, and the outcomes follow.
        KINDS.iter().zip(self.inputs_by_kind.iter().chain(&self.outcomes_by_kind).map(read))
    }

    pub(crate) fn show(&self, shown: &Shown, core: Option<&Core>) {
        let pairs = [
            (&self.seq, shown.seq),
            (&self.durable, shown.durable),
            (&self.inputs, shown.inputs),
            (&self.orders, shown.orders),
            (&self.fills, shown.fills),
            (&self.denied, shown.denied),
            (&self.waiting, shown.waiting),
        ];
        for (gauge, value) in pairs {
            gauge.store(value, Ordering::Relaxed);
        }
        let kinds = self.inputs_by_kind.iter().chain(&self.outcomes_by_kind);
        for (gauge, &value) in kinds.zip(shown.inputs_by_kind.iter().chain(&shown.outcomes_by_kind)) {
            gauge.store(value, Ordering::Relaxed);
        }
        let Some(core) = core else { return };
        self.open_orders.store(core.state().orders.open().count() as u64, Ordering::Relaxed);
        if let Ok(mut equity) = self.equity.lock() {
            *equity = core.state().equity().ok().flatten();
        }
    }
}

/// What the engine counts itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    pub seq: u64,
    pub durable: u64,
    pub inputs: u64,
    pub outcomes: u64,
    pub orders: u64,
    pub fills: u64,
    pub denied: u64,
    pub waiting: u64,
    pub inputs_by_kind: [u64; Input::KINDS],
    pub outcomes_by_kind: [u64; Outcome::KINDS],
}

//! A venue that starts when orders are open already, as after a restart: its book is rebuilt from the state.

use std::cell::Cell;

use reprise_core::{Context, Service};
use reprise_execution::{Latency, PaperSettings, PaperVenue};
use reprise_model::{Input, Outcome};

use crate::bench::{Bench, Setup};
use crate::script::{Row, run};

/// A venue that is replaced by a new one at the n-th input.
struct Handover {
    inputs_left: Cell<u32>,
    old: PaperVenue,
    new: PaperVenue,
}

impl Handover {
    fn venue(&mut self) -> &mut PaperVenue {
        if self.inputs_left.get() > 0 { &mut self.old } else { &mut self.new }
    }
}

impl Service for Handover {
    fn name(&self) -> &str {
        "paper"
    }

    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        self.inputs_left.set(self.inputs_left.get().saturating_sub(1));
        self.venue().on_input(input, cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        self.venue().on_outcome(outcome, cx);
    }
}

fn check(after: u32, latency_ns: u64, script: &'static str) {
    let settings =
        PaperSettings { entry_latency: Latency::Constant { ns: latency_ns }, ..PaperSettings::default() };
    let handover = Handover {
        inputs_left: Cell::new(after),
        old: PaperVenue::new(settings.clone()),
        new: PaperVenue::new(settings),
    };
    let bench = Bench::with_venue(&Setup::default(), Some(Box::new(handover)));
    let row = Row { name: "handover", setup: "", script };
    if let Some(failure) = run(&row, bench, false) {
        panic!("{failure}");
    }
}

/// Breaks when a restart loses open orders, forgets when they expire, or leaves requests without an answer.
#[test]
fn a_restarted_venue_takes_over_what_is_open() {
    check(
        6,
        0,
        "
        q 100x5 101x3
        buy 2 @100
        > accepted 1
        buy 1 @99 gtd=10
        > accepted 2
        sell 1 stop=90
        > accepted 3
        buy 4 @101
        > accepted 4
        > part 4 3@101 taker left 1
        q 100x5 102x3
        t 100x6 sell
        > filled 4 1@101 maker
        > part 1 1@100 maker left 1
        wait 10
        clock
        > expired 2 1
        q 90x5 91x3
        > filled 1 1@100 maker
        replace 3 qty=2
        > replaced 3
        t 90x1
        > filled 3 2@90 taker",
    );
    check(
        6,
        5_000_000,
        "
        q 100x5 101x3
        buy 1 @100
        wait 5
        clock
        > accepted 1
        cancel 1
        buy 1 @99
        clock
        > canceled 1 venue 1
        > accepted 2
        wait 5
        clock
        cancel 2
        wait 5
        clock
        > canceled 2 strategy 1",
    );
}

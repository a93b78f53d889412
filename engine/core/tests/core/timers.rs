//! Timers fire at their deadline, in order, before the input that made them due.

use proptest::prelude::*;
use reprise_core::{Context, CoreSettings, Halt, Service};
use reprise_model::event::{ClockAdvanced, TimerOwner};
use reprise_model::{Input, Outcome, Price, Ts};

use crate::support::{Bench, MIDNIGHT, OpenGate, SECOND, SPOT, price, quiet, quote};

/// Arms the given deadlines at the first input, and after each firing the one that is chained to its key.
struct Clockwork {
    at_start: Vec<u64>,
    chained: Vec<Option<u64>>,
    /// The mid as it was at each firing.
    seen: std::rc::Rc<std::cell::RefCell<Vec<Option<Price>>>>,
}

impl Clockwork {
    fn new(at_start: &[u64], chained: &[Option<u64>]) -> Self {
        Self { at_start: at_start.to_vec(), chained: chained.to_vec(), seen: std::rc::Rc::default() }
    }
}

fn arm(cx: &mut Context<'_>, key: u64, due: u64) {
    cx.arm_timer(TimerOwner::new("clockwork").expect("a short name"), key, Ts(due));
}

impl Service for Clockwork {
    fn name(&self) -> &str {
        "clockwork"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        for (key, due) in std::mem::take(&mut self.at_start).into_iter().enumerate() {
            arm(cx, key as u64, due);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        let Outcome::TimerFired(fired) = outcome else { return };
        assert!(cx.tick().is_none(), "no input is at hand while a timer fires");
        self.seen.borrow_mut().push(cx.state().markets.iter().next().and_then(|(_, m)| m.last_mid));
        if let Some(due) = self.chained.get(fired.key as usize).copied().flatten() {
            arm(cx, fired.key + 100, due);
        }
    }
}

/// (key, ts) of each firing, in order.
fn firings(bench: &Bench) -> Vec<(u64, u64)> {
    bench
        .batches
        .iter()
        .flat_map(|b| &b.outcomes)
        .filter_map(|d| match &d.outcome {
            Outcome::TimerFired(e) => Some((e.key, d.ts.0)),
            _ => None,
        })
        .collect()
}

fn clock() -> Input {
    Input::ClockAdvanced(ClockAdvanced {})
}

/// Breaks when timers fire in another order than deadline then arming, at another time than their deadline,
/// or time runs back for a deadline that was past already.
#[test]
fn timers_fire_in_order() {
    const T: u64 = MIDNIGHT;
    type Row = (&'static str, &'static [u64], &'static [Option<u64>], &'static [(u64, u64)]);
    let rows: [Row; 7] = [
        ("by deadline", &[T + 3, T + 1, T + 2], &[], &[(1, T + 1), (2, T + 2), (0, T + 3)]),
        ("equal deadlines as armed", &[T + 2, T + 1, T + 2], &[], &[(1, T + 1), (0, T + 2), (2, T + 2)]),
        ("at the input's own time", &[T + 10], &[], &[(0, T + 10)]),
        ("after the input", &[T + 11], &[], &[]),
        ("never", &[u64::MAX], &[], &[]),
        ("chained between others", &[T + 1, T + 5], &[Some(T + 3)], &[(0, T + 1), (100, T + 3), (1, T + 5)]),
        ("chained into the past", &[T + 4, T + 5], &[Some(T + 2)], &[(0, T + 4), (100, T + 4), (1, T + 5)]),
    ];
    for (name, at_start, chained, expected) in rows {
        let mut bench = Bench::of(vec![Box::new(Clockwork::new(at_start, chained))]);
        bench.step(T, clock()).expect("a step");
        bench.step(T + 10, clock()).expect("a step");
        assert_eq!(firings(&bench), expected, "{name}");
    }
}

/// Breaks when a deadline that was past at its arming stops the clock or fires before its arming.
#[test]
fn past_deadlines_fire_at_the_next_event() {
    let mut bench = Bench::of(vec![Box::new(Clockwork::new(&[1, MIDNIGHT], &[]))]);
    bench.step(MIDNIGHT, clock()).expect("a step");
    assert_eq!(firings(&bench), []);
    bench.step(MIDNIGHT, clock()).expect("a step");
    assert_eq!(firings(&bench), [(0, MIDNIGHT), (1, MIDNIGHT)]);
}

/// Breaks when a timer that was put off for ever fires at the last moment there is, and is armed again for it.
#[test]
fn nothing_is_due_at_never() {
    let mut bench = Bench::of(vec![Box::new(Clockwork::new(&[u64::MAX, u64::MAX - 1], &[]))]);
    bench.step(MIDNIGHT, clock()).expect("a step");
    bench.step(u64::MAX, clock()).expect("a step");
    assert_eq!(firings(&bench), [(1, u64::MAX - 1)]);
}

/// Breaks when a timer sees what the input that made it due brought: live and replay would then differ by when
/// the machine happened to wake.
#[test]
fn timers_precede_the_input() {
    let clockwork = Clockwork::new(&[MIDNIGHT + 5, MIDNIGHT + 10], &[]);
    let seen = clockwork.seen.clone();
    let mut bench = Bench::of(vec![Box::new(clockwork)]);
    bench.step(MIDNIGHT, quote(SPOT, "99", "101")).expect("a step");
    let batch = bench.step(MIDNIGHT + 10, quote(SPOT, "109", "111")).expect("a step");
    let places: Vec<_> = batch.outcomes.iter().map(|d| (d.seq.0 - batch.seq.0, d.cause.0, d.ts.0)).collect();
    assert_eq!(*seen.borrow(), [Some(price("100")), Some(price("100"))]);
    // Their lines follow the input's, and name the outcomes that armed them.
    assert_eq!(places, [(1, 2, MIDNIGHT + 5), (2, 3, MIDNIGHT + 10)]);
    assert_eq!(bench.core.state().markets.iter().next().and_then(|(_, m)| m.mid()), Some(price("110")));
}

proptest! {
    /// Breaks when a live wake-up at any moment changes which timers fire, when, or in which order.
    #[test]
    fn wake_ups_change_nothing(
        deadlines in proptest::collection::vec(0_u64..50, 1..12),
        chained in proptest::collection::vec(proptest::option::of(0_u64..60), 12),
        wake_ups in proptest::collection::btree_set(0_u64..60, 0..10),
    ) {
        let at_start: Vec<u64> = deadlines.iter().map(|due| MIDNIGHT + due).collect();
        // Only into the future: what is chained into the past fires at the next event, whenever that is.
        let chained: Vec<_> = chained
            .iter()
            .zip(deadlines.iter().chain(std::iter::repeat(&60)))
            .map(|(next, due)| next.filter(|next| next > due).map(|next| MIDNIGHT + next))
            .collect();
        let run = |wake_ups: &mut dyn Iterator<Item = u64>| {
            let mut bench = Bench::of(vec![Box::new(Clockwork::new(&at_start, &chained))]);
            bench.step(MIDNIGHT - 1, clock()).expect("a step");
            for wake_up in wake_ups {
                bench.step(MIDNIGHT + wake_up, clock()).expect("a step");
            }
            bench.step(MIDNIGHT + 100, clock()).expect("a step");
            firings(&bench)
        };
        let woken = run(&mut wake_ups.iter().copied());
        prop_assert_eq!(&woken, &run(&mut std::iter::empty()));
        prop_assert!(woken.is_sorted_by_key(|&(_, ts)| ts));
        let links = chained.iter().take(deadlines.len()).flatten().count();
        prop_assert_eq!(woken.len(), deadlines.len() + links);
    }
}

/// Re-arms itself a fixed time later, for ever.
struct Metronome {
    every: u64,
}

impl Service for Metronome {
    fn name(&self) -> &str {
        "metronome"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        if cx.state().timers.next_due().is_none() {
            arm(cx, 0, cx.now().0 + self.every);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        if matches!(outcome, Outcome::TimerFired(_)) {
            arm(cx, 0, cx.now().0 + self.every);
        }
    }
}

/// Breaks when a gap in a recording, which makes many timers due at once, is taken for an endless cascade; or
/// when a timer that is always due at once is not.
#[test]
fn gaps_are_no_cascades() {
    for (every, expected) in [(SECOND, Ok(2000)), (0, Err(Halt::CascadeLimit { limit: 50 }))] {
        let settings = CoreSettings { cascade_limit: 50, ..quiet() };
        let mut bench =
            Bench::new(settings, &[SPOT], vec![Box::new(Metronome { every })], Box::new(OpenGate));
        bench.step(MIDNIGHT, clock()).expect("a step");
        let gap = bench.step(MIDNIGHT + 1000 * SECOND, clock()).map(|batch| batch.outcomes.len());
        assert_eq!(gap, expected, "every {every} ns");
    }
}

//! Folding what was recorded and computing it anew must give one state: else a journal could not be resumed
//! without asking the services, and a snapshot could not be trusted.

use std::rc::Rc;

use proptest::prelude::*;
use reprise_core::{Context, Core, CoreSettings, Decided, DecisionDigest, FoldError, Service, State};
use reprise_model::event::{AccountTransferred, ClockAdvanced, TimerOwner, TransferReason};
use reprise_model::{Input, Instrument, Outcome, Seq, Ts};

use crate::script::{play, settings};
use crate::support::{
    Batch, Bench, CROSS, MIDNIGHT, OpenGate, PERPETUAL, SECOND, SPOT, asset, cash, instrument, qty, quiet,
    quote,
};

fn empty(settings: CoreSettings, instruments: &[&str]) -> State {
    let definitions: Vec<Instrument> = instruments.iter().map(|text| instrument(text)).collect();
    State::new(Rc::new(settings), &definitions).expect("a state")
}

fn fold(state: &mut State, batch: &Batch) -> Result<(), FoldError> {
    state.fold(batch.seq, batch.ts, &batch.input, &batch.outcomes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Breaks when something changes the state in a step that the journal does not tell, or tells in another
    /// order: then a resumed run would go on from another state than the one that was left.
    #[test]
    fn folding_is_recomputing(seed: u64) {
        let bench = play(seed, settings(), 160);
        let mut state = empty(settings(), &[SPOT, PERPETUAL, CROSS]);
        let mut checkpoints = 0;
        for batch in &bench.batches {
            fold(&mut state, batch).expect("recorded outcomes follow");
            for decided in &batch.outcomes {
                if let Outcome::Checkpoint(checkpoint) = &decided.outcome {
                    prop_assert_eq!(&checkpoint.state, &state.digest(), "after {:?}", batch);
                    checkpoints += 1;
                }
            }
        }
        prop_assert_eq!(checkpoints, 160 / 25 + 1);
        prop_assert_eq!(state.canonical(), bench.core.state().canonical());
        prop_assert_eq!(state.seq(), bench.core.state().seq());
    }

    /// Breaks when the random scenarios no longer reach what the tests above are to judge. Limits that are watched and
    /// rules of alerts are services above the core: golden journals hold what they decide.
    #[test]
    fn scenarios_are_eventful(seed: u64) {
        let bench = play(seed, settings(), 400);
        let mut met: Vec<&str> = bench.outcomes().map(Outcome::kind).collect();
        met.sort_unstable();
        met.dedup();
        let elsewhere = ["risk.breach", "alert.raised"];
        for row in reprise_model::event::KINDS {
            let is_outcome = row.class == reprise_model::event::Class::Outcome;
            prop_assert_eq!(met.contains(&row.kind), is_outcome && !elsewhere.contains(&row.kind), "{}", row.kind);
        }
    }
}

/// Arms a timer for half a second later at the first input.
struct Armer;

impl Service for Armer {
    fn name(&self) -> &str {
        "armer"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        if cx.state().inputs() == 1 {
            let due = cx.now().plus_ns(SECOND / 2);
            cx.arm_timer(TimerOwner::new("armer").expect("a short name"), 0, due);
        }
    }
}

fn deposit() -> Input {
    Input::AccountTransferred(AccountTransferred {
        asset: asset("USD"),
        amount: cash("1000"),
        reason: TransferReason::Deposit,
    })
}

/// Breaks when a line written at rest names a timer's outcome as its cause although the input led to it: a
/// fold would then apply it before the input, and the account would not add up.
#[test]
fn what_an_input_leads_to_names_the_input() {
    type Row = (&'static str, Vec<Box<dyn Service>>, Input);
    let rows: [Row; 3] = [
        ("a deposit, no timer", vec![Core::accountant()], deposit()),
        ("a deposit after timers", vec![boxed(Armer), boxed(Armer), Core::accountant()], deposit()),
        (
            "a quote after timers",
            vec![boxed(Armer), boxed(Armer), Core::accountant()],
            quote(SPOT, "99", "101"),
        ),
    ];
    for (name, services, input) in rows {
        let mut bench = Bench::of(services);
        bench.step(MIDNIGHT, quote(SPOT, "99", "101")).expect("a step");
        bench.step(MIDNIGHT + SECOND, input).expect("a step");
        let mut state = empty(quiet(), &[SPOT]);
        for batch in &bench.batches {
            fold(&mut state, batch).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        assert_eq!(state.canonical(), bench.core.state().canonical(), "{name}");
        let last = bench.batches.last().expect("two batches");
        let timers = last.outcomes.iter().filter(|d| d.ts < last.ts).count();
        let expected = if name.contains("timers") { 2 } else { 0 };
        assert_eq!(timers, expected, "{name}: {:?}", last.outcomes);
    }
}

fn boxed(service: impl Service + 'static) -> Box<dyn Service> {
    Box::new(service)
}

type Forgery = (&'static str, &'static str, fn(&mut Outcome));

/// Breaks when a changed outcome folds as if nothing were wrong with it.
#[test]
fn forged_outcomes_do_not_fold() {
    let bench = play(7, settings(), 200);
    let rows: [Forgery; 8] = [
        ("order.filled", "the order counts", |o| {
            if let Outcome::OrderFilled(e) = o {
                e.fill.cum_qty = e.fill.cum_qty.checked_add(qty("0.000000000001")).expect("small");
            }
        }),
        ("order.partially_filled", "executes nothing", |o| {
            if let Outcome::OrderPartiallyFilled(e) = o {
                e.fill.qty = e.fill.qty.neg();
            }
        }),
        ("position.changed", "the state counts", |o| {
            if let Outcome::PositionChanged(e) = o {
                e.realized = e.realized.checked_add(cash("0.000000000001")).expect("small");
            }
        }),
        ("account.changed", "the state counts", |o| {
            if let Outcome::AccountChanged(e) = o
                && let Some(balance) = e.balances.first_mut()
            {
                balance.total = balance.total.checked_add(cash("0.000000000001")).expect("small");
            }
        }),
        ("timer.fired", "is not armed", |o| {
            if let Outcome::TimerFired(e) = o {
                e.timer.0 += 1_000_000;
            }
        }),
        ("order.submitted", "is not known", |o| {
            if let Outcome::OrderSubmitted(e) = o {
                e.order.n += 1_000_000;
            }
        }),
        ("order.submitted", "other terms", |o| {
            if let Outcome::OrderSubmitted(e) = o {
                e.terms.qty = e.terms.qty.checked_add(qty("1")).expect("small");
            }
        }),
        ("order.requested", "the number after the last", |o| {
            if let Outcome::OrderRequested(e) = o {
                e.order.n = 0;
            }
        }),
    ];
    for (kind, says, forge) in rows {
        let mut state = empty(settings(), &[SPOT, PERPETUAL, CROSS]);
        let found = bench.batches.iter().find_map(|batch| {
            let mut batch = batch.clone();
            let at = batch.outcomes.iter().position(|d| d.outcome.kind() == kind);
            if let Some(at) = at {
                forge(&mut batch.outcomes[at].outcome);
            }
            let seq = at.map(|at| batch.outcomes[at].seq);
            fold(&mut state, &batch).err().map(|error| (seq, error))
        });
        let (seq, error) = found.unwrap_or_else(|| panic!("a forged {kind} was folded"));
        assert_eq!(seq, named(&error), "{kind}: {error}");
        assert!(error.to_string().contains(says), "{kind}: {error}");
    }
}

fn named(error: &FoldError) -> Option<Seq> {
    match error {
        FoldError::Outcome { seq, .. } | FoldError::Input { seq, .. } => Some(*seq),
    }
}

/// Breaks when outcomes in another order, or one left out, pass for the scenario that was recorded.
#[test]
fn dropped_and_swapped_orders_do_not_fold() {
    let bench = play(11, settings(), 120);
    let check = |name: &str, change: fn(&mut Vec<Decided>) -> bool| {
        let mut changed = 0;
        for at in 0..bench.batches.len() {
            let mut batches = bench.batches.clone();
            if !change(&mut batches[at].outcomes) {
                continue;
            }
            changed += 1;
            let mut state = empty(settings(), &[SPOT, PERPETUAL, CROSS]);
            let refused = batches.iter().any(|batch| fold(&mut state, batch).is_err());
            let differs = refused || state.canonical() != bench.core.state().canonical();
            assert!(differs, "{name} in batch {at} leaves no trace");
        }
        assert!(changed > 3, "{name}: only {changed} batches have what it needs");
    };
    check("a fill left out", |outcomes| {
        let at = outcomes.iter().position(|d| matches!(d.outcome, Outcome::OrderFilled(_)));
        at.map(|at| outcomes.remove(at)).is_some()
    });
    check("a verdict before its request", |outcomes| {
        let at = outcomes.iter().position(|d| matches!(d.outcome, Outcome::OrderRequested(_)));
        at.map(|at| outcomes.swap(at, at + 1)).is_some()
    });
}

/// Breaks when a run that is taken up again resets its day and its peak, or arms a second timer for the day.
#[test]
fn a_resumed_run_keeps_its_baselines() {
    let clock = || Input::ClockAdvanced(ClockAdvanced {});
    let mut bench = Bench::of(vec![Core::accountant()]);
    bench.step(MIDNIGHT + SECOND, quote(SPOT, "99", "101")).expect("a step");
    let mut state = empty(quiet(), &[SPOT]);
    let mut decisions = DecisionDigest::default();
    for batch in &bench.batches {
        fold(&mut state, batch).expect("recorded outcomes follow");
        batch.outcomes.iter().for_each(|d| decisions.add(&d.outcome));
    }
    let mut resumed = Core::from_state(state, decisions, vec![Core::accountant()], Box::new(OpenGate));
    let mut out = reprise_core::Outcomes::default();
    for n in 2..5 {
        let seq = resumed.step(Ts(MIDNIGHT + n * SECOND), &clock(), &mut out).expect("a step");
        let batch = bench.step(MIDNIGHT + n * SECOND, clock()).expect("a step");
        assert_eq!((seq, out.as_slice()), (batch.seq, batch.outcomes.as_slice()));
    }
    assert_eq!(resumed.state().canonical(), bench.core.state().canonical());
    assert_eq!(resumed.decision_digest(), bench.core.decision_digest());
}

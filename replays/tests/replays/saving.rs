//! Saving and restoring: a core that was saved and restored, however often, goes on as one that never stopped.

use proptest::prelude::*;
use reprise_assembly::{Config, assemble, from_recorded};
use reprise_core::{Core, Decided, Outcomes, RestoreError};
use reprise_model::{Input, Instrument, Seq, Ts};

use crate::cases::{CASES, config_of};
use crate::journals::batches;
use crate::random::{runs, world};
use crate::scripted::registry;

/// An input and what an uninterrupted core decides because of it.
struct Expected {
    ts: Ts,
    input: Input,
    decided: Vec<Decided>,
    state: String,
    decisions: String,
}

fn fresh(config: &Config, instruments: &[Instrument], epoch: u32) -> Core {
    let mut core = assemble(config, &registry(), instruments, epoch).unwrap();
    core.resume_after(Seq(1));
    core
}

fn uninterrupted(mut core: Core, inputs: impl IntoIterator<Item = (Ts, Input)>) -> Vec<Expected> {
    let mut outcomes = Outcomes::default();
    let mut step = |(ts, input): (Ts, Input)| {
        core.step(ts, &input, &mut outcomes).unwrap();
        let (decided, state) = (outcomes.as_slice().to_vec(), core.state().digest());
        Expected { ts, input, decided, state, decisions: core.decision_digest() }
    };
    inputs.into_iter().map(&mut step).collect()
}

/// Goes through the inputs and saves before each `stride`-th of them; goes on in a fresh core or, every other time,
/// in the old one after it has seen the next input already.
fn interrupted(stride: usize, expected: &[Expected], fresh: &dyn Fn() -> Core, context: &str) {
    let (mut core, mut outcomes) = (fresh(), Outcomes::default());
    for (at, one) in expected.iter().enumerate() {
        if at % stride == 0 {
            let saved = core.save().unwrap();
            if (at / stride).is_multiple_of(2) {
                core = fresh();
            } else {
                core.step(one.ts, &one.input, &mut outcomes).unwrap();
            }
            core.restore(&saved)
                .unwrap_or_else(|error| panic!("{context}, stride {stride}, input {at}: {error}"));
            assert!(core.save().unwrap() == saved, "{context}, stride {stride}, input {at}: saved twice");
        }
        core.step(one.ts, &one.input, &mut outcomes).unwrap();
        assert_eq!(outcomes.as_slice(), one.decided, "{context}, stride {stride}, input {at}");
        let digests = (core.state().digest(), core.decision_digest());
        assert_eq!(
            digests,
            (one.state.clone(), one.decisions.clone()),
            "{context}, stride {stride}, input {at}"
        );
    }
}

/// Breaks when anything that a core or a service keeps is lost or bent by saving and restoring it: a run that is
/// taken up again would then decide otherwise than one that was never stopped.
#[test]
fn golden_runs_go_on_as_if_never_stopped() {
    for case in CASES {
        let (started, batches) = batches(&case.folder());
        let config = from_recorded(started.config.as_str()).unwrap();
        let make = || fresh(&config, &started.instruments, started.epoch);
        let recorded: Vec<_> = batches.iter().map(|batch| batch.decided.clone()).collect();
        let expected = uninterrupted(make(), batches.into_iter().map(|batch| (batch.ts, batch.input)));
        assert!(expected.iter().map(|one| &one.decided).eq(&recorded), "{}", case.name);
        for stride in [1, 2, 19, expected.len() / 2 + 1] {
            interrupted(stride, &expected, &make, case.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Breaks as the test of golden runs, in a way that no golden run shows.
    #[test]
    fn random_runs_go_on_as_if_never_stopped(seed in any::<u64>(), events in 20_u64..160, stride in 1_usize..20) {
        let (text, tape) = world(seed, events);
        let config = config_of(&text);
        let make = || fresh(&config, &tape.instruments, 7);
        let expected = uninterrupted(make(), tape.events.iter().cloned());
        interrupted(stride, &expected, &make, &format!("seed {seed}, {events} events"));
    }
}

/// Breaks when what was saved is taken over although it was damaged, or comes from another configuration.
#[test]
fn what_does_not_fit_is_refused() {
    let (text, tape) = world(1, 120);
    let config = config_of(&text);
    let mut core = fresh(&config, &tape.instruments, 7);
    let mut outcomes = Outcomes::default();
    for (ts, input) in &tape.events {
        core.step(*ts, input, &mut outcomes).unwrap();
    }
    let saved = core.save().unwrap();
    for at in (0..saved.len()).step_by(1 + saved.len() / 200) {
        let mut damaged = saved.clone();
        damaged[at] ^= 1;
        assert!(fresh(&config, &tape.instruments, 7).restore(&damaged).is_err(), "byte {at}");
        assert!(fresh(&config, &tape.instruments, 7).restore(&saved[..at]).is_err(), "cut at {at}");
    }
    let other = config_of(&text.replace("id = \"two\"", "id = \"three\""));
    let refused = fresh(&other, &tape.instruments, 7).restore(&saved);
    assert!(
        matches!(&refused, Err(RestoreError::Service { service, .. }) if service == "strategies"),
        "{refused:?}"
    );
}

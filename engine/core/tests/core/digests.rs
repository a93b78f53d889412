//! Both digests: what they must depend on, and what they must not.

use reprise_core::CoreSettings;
use reprise_model::Outcome;
use reprise_model::event::Checkpoint;

use crate::script::{play, settings};
use crate::support::Bench;

fn checkpoints(bench: &Bench) -> Vec<Checkpoint> {
    let of = |outcome: &Outcome| match outcome {
        Outcome::Checkpoint(checkpoint) => Some(checkpoint.clone()),
        _ => None,
    };
    bench.outcomes().filter_map(of).collect()
}

/// Breaks when checkpoints come at other inputs than the settings say, twice at the end, or not at the end.
#[test]
fn checkpoints_keep_their_cadence() {
    // 60 inputs and the end.
    for (every, expected) in [(0, vec![61]), (25, vec![25, 50, 61]), (61, vec![61]), (100, vec![61])] {
        let bench = play(3, CoreSettings { checkpoint_every: every, ..settings() }, 60);
        let at: Vec<u64> = checkpoints(&bench).iter().map(|c| c.inputs).collect();
        assert_eq!(at, expected, "every {every}");
        for batch in &bench.batches {
            let place = batch.outcomes.iter().position(|d| matches!(d.outcome, Outcome::Checkpoint(_)));
            assert!(place.is_none_or(|at| at + 1 == batch.outcomes.len()), "a checkpoint ends its batch");
        }
    }
}

/// Breaks when the same scenario gives other digests a second time, in another epoch, or with another interval
/// of checkpoints: then a pinned digest would mean nothing.
#[test]
fn digests_depend_on_decisions_alone() {
    let first = play(5, settings(), 150);
    let rows = [
        ("again", settings()),
        ("in another epoch", CoreSettings { epoch: 1_763_675_591, ..settings() }),
        ("with other checkpoints", CoreSettings { checkpoint_every: 7, ..settings() }),
        ("with none but the last", CoreSettings { checkpoint_every: 0, ..settings() }),
    ];
    for (name, other) in rows {
        let same_settings =
            (other.epoch, other.checkpoint_every) == (settings().epoch, settings().checkpoint_every);
        let bench = play(5, other, 150);
        assert_eq!(bench.core.decision_digest(), first.core.decision_digest(), "decisions {name}");
        assert_eq!(bench.core.state().digest(), first.core.state().digest(), "state {name}");
        if same_settings {
            assert_eq!(checkpoints(&bench), checkpoints(&first), "checkpoints {name}");
        }
    }
    assert_ne!(play(6, settings(), 150).core.decision_digest(), first.core.decision_digest());
}

/// Breaks when one step more or less, or another outcome, leaves a digest as it was.
#[test]
fn digests_move_with_every_checkpoint() {
    let bench = play(9, CoreSettings { checkpoint_every: 1, ..settings() }, 80);
    let mut states: Vec<String> = checkpoints(&bench).into_iter().map(|c| c.state).collect();
    let all = states.len();
    states.sort_unstable();
    states.dedup();
    assert_eq!(states.len(), all, "each input is counted in the state");
    for (before, after) in checkpoints(&bench).windows(2).map(|w| (&w[0], &w[1])).collect::<Vec<_>>() {
        let batch = bench
            .batches
            .iter()
            .find(|b| b.outcomes.iter().any(|d| matches!(&d.outcome, Outcome::Checkpoint(c) if c == after)));
        let decided = batch.map_or(0, |b| b.outcomes.len() - 1);
        assert_eq!(before.decisions == after.decisions, decided == 0, "{decided} outcomes in between");
    }
}

//! How often rules speak.

use crate::world::{Act, Fate, World, rules};

fn told(rule: &str, script: &[(u64, Act)]) -> Vec<(u64, String, Option<u64>)> {
    let told = World::new(&rules(&format!("[[rule]]\n{rule}"))).play(script);
    told.into_iter().map(|(at, alert)| (at, alert.alert.to_string(), alert.held_back)).collect()
}

/// Breaks when the same is told again within its window, what was held back is lost, or its number is wrong.
#[test]
fn what_repeats_is_held_back_and_then_told() {
    let fill = || Act::Order(Fate::Fill("100"));
    let script = [(1, fill()), (2, fill()), (3, fill()), (4, fill()), (70, Act::Wait), (200, fill())];
    let rule = "kind = 'fill'\nnotional = '1'\ndedup_s = 60";
    let row = |at, n: u64, held| (at, format!("fill-{n}"), held);
    assert_eq!(told(rule, &script), [row(1, 1, None), row(61, 2, Some(2)), row(200, 3, None)]);
}

/// Breaks when a rule speaks more often than its rate in any window, or keeps the last word for itself.
#[test]
fn a_rate_holds_in_every_window() {
    let rule = "kind = 'rejects'\ncount = 1\ndedup_s = 0\nrate = 3\nrate_window_s = 100";
    let mut script: Vec<(u64, Act)> = Vec::new();
    for round in 0..100 {
        script.push((round * 4 + 1, Act::Order(Fate::Reject)));
        script.push((round * 4 + 2, Act::Order(Fate::Accept)));
    }
    script.push((1_000, Act::Wait));
    let told = told(rule, &script);
    for three in told.windows(4) {
        assert!(three[3].0 - three[0].0 >= 100, "{three:?}");
    }
    let all: u64 = told.iter().map(|(_, _, held)| 1 + held.unwrap_or_default()).sum();
    assert_eq!(all, 100, "every alert is told or counted");
}

//! Levels under any walk of equity.

use proptest::prelude::*;
use reprise_model::event::AlertRaised;

use crate::world::{Act, Told, World, rules};

const RULES: &str = "
[[rule]]
kind = 'equity'
above = '120'
below = '80'
hysteresis = '5'
dedup_s = 0
rate = 1000000
[[rule]]
kind = 'drawdown'
name = 'fall'
above = '30'
hysteresis = '10'
rate = 3
rate_window_s = 50
";

/// Numbers as texts that live as long as the test.
fn texts() -> Vec<&'static str> {
    (0..200_u32).map(|n| &*n.to_string().leak()).collect()
}

fn walk(steps: &[u8], texts: &[&'static str]) -> Vec<(u64, Act)> {
    steps.iter().zip(1..).map(|(at, second)| (second, Act::Equity(texts[usize::from(*at) % 200]))).collect()
}

fn ids(told: &[Told]) -> Vec<(u64, &str, &str)> {
    told.iter().map(|(at, alert)| (*at, alert.alert.as_str(), alert.text.as_str())).collect()
}

/// The levels of the first rule, one after the other, without any code of the rules.
fn naive(steps: &[u8]) -> Vec<(u64, bool)> {
    let (mut high, mut low, mut told) = (false, false, Vec::new());
    for (value, second) in steps.iter().map(|at| i32::from(*at) % 200).zip(1_u64..) {
        let was = (high, low);
        high = if high { value > 115 } else { value >= 120 };
        low = if low { value < 85 } else { value <= 80 };
        told.extend((was.0 != high).then_some((second, high)));
        told.extend((was.1 != low).then_some((second, low)));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Breaks when a level flaps: told twice without having come back by the hysteresis between, or not told at all.
    #[test]
    fn levels_do_not_flap(steps in prop::collection::vec(any::<u8>(), 1..120)) {
        let told = World::new(&rules(RULES)).play(&walk(&steps, &texts()));
        let is_reached = |alert: &AlertRaised| !alert.text.contains("is back");
        let of_equity: Vec<(u64, bool)> = told.iter()
            .filter(|(_, alert)| alert.rule.as_str() == "equity")
            .map(|(at, alert)| (*at, is_reached(alert)))
            .collect();
        prop_assert_eq!(of_equity, naive(&steps));
    }

    /// Breaks when a core that was saved and restored anywhere tells of something else, or two replays differ.
    #[test]
    fn restarts_change_nothing(steps in prop::collection::vec(any::<u8>(), 2..60), cut in any::<prop::sample::Index>()) {
        let script = walk(&steps, &texts());
        let cut = cut.index(script.len());
        let mut whole = World::new(&rules(RULES));
        let expected = whole.play(&script);
        let mut before = World::new(&rules(RULES));
        let mut told = before.play(&script[..cut]);
        let mut after = World::new(&rules(RULES));
        after.core.restore(&before.core.save().unwrap()).unwrap();
        told.extend(after.play(&script[cut..]));
        prop_assert_eq!(ids(&told), ids(&expected));
        prop_assert_eq!(after.core.decision_digest(), whole.core.decision_digest());
    }
}

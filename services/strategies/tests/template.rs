//! The strategy that `reprise init` gives a new crate: it must build against this crate and trade as it says.

#[cfg(test)]
mod desk;

#[path = "../../../engine/cli/templates/init/src/my_strategy.rs"]
mod my_strategy;

use desk::{BTC, Desk, instance, instrument};
use my_strategy::Breakout;
use reprise_strategies::Registry;

/// Breaks when the strategy of the scaffold no longer builds, or no longer does what its documentation says.
#[test]
fn the_scaffold_strategy_trades_breakouts() {
    let mut registry = Registry::builtin();
    registry.register("breakout", Breakout::ABOUT, Breakout::new).unwrap();
    let one = instance("one", "breakout", "", r#"{"length": "3", "notional": 200}"#);
    let mut desk = Desk::new(&[instrument(BTC)], vec![one], &registry);
    let rows: [(&str, &[&str]); 9] = [
        ("100", &[]),
        ("101", &[]),
        ("99", &[]),
        ("101", &[]),
        ("102", &["1 one: buy market 1.96", "1 filled 1.96 at 102"]),
        ("103", &[]),
        ("101", &[]),
        ("100", &["2 one: sell market 1.96", "2 filled 1.96 at 100"]),
        ("99", &[]),
    ];
    for (mid, lines) in rows {
        desk.advance_ms(10);
        desk.quote(BTC, mid, mid);
        assert_eq!(desk.news(), lines, "{mid}");
    }
}

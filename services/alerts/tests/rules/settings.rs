//! Rules that make no sense.

use reprise_alerts::RuleSettings;

use crate::world::rules;

/// Breaks when a rule that can never fire, or fires at every breath, is taken without a word.
#[test]
fn senseless_rules_are_refused() {
    let rows = [
        ("kind = 'equity'", "above", "at which level"),
        ("kind = 'equity'\nabove = '1'", "hysteresis", "come back"),
        ("kind = 'equity'\nabove = '1'\nhysteresis = '0'", "hysteresis", "above 0"),
        ("kind = 'equity'\nabove = '1'\nbelow = '2'\nhysteresis = '1'", "below", "below 'above'"),
        (
            "kind = 'equity'\nabove = '1'\nhysteresis = '1'\ncount = 3",
            "count",
            "takes above, below, hysteresis",
        ),
        (
            "kind = 'drawdown'\nabove_fraction = '1.5'\nhysteresis_fraction = '0.1'",
            "above_fraction",
            "between",
        ),
        ("kind = 'drawdown'\nabove_fraction = '0.1'", "hysteresis_fraction", "smaller"),
        ("kind = 'kill_switch'\nnotional = '1'", "notional", "takes no 'notional'"),
        ("kind = 'feed'", "after_s", "seconds"),
        ("kind = 'fill'", "notional", "notional"),
        ("kind = 'rejects'\ncount = 0", "count", "1 or more"),
        ("kind = 'daily_summary'", "at", "when"),
        ("kind = 'kill_switch'\nrate = 0", "rate", "leave the rule out"),
    ];
    for (rule, key, says) in rows {
        let error = RuleSettings::check_all(&rules(&format!("[[rule]]\n{rule}"))).unwrap_err();
        assert_eq!((error.at, error.key), (0, key), "{rule}");
        assert!(error.reason.contains(says), "{rule}: {error}");
    }
    let twice = rules("[[rule]]\nkind = 'kill_switch'\n[[rule]]\nkind = 'risk_state'\nname = 'kill_switch'");
    let error = RuleSettings::check_all(&twice).unwrap_err();
    assert_eq!((error.at, error.key), (1, "name"));
}

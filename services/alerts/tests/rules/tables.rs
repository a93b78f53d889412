//! What each kind of rule says to what happens.

use reprise_model::event::{FeedState, Severity, TradingState};

use crate::world::{Act, BTC, ETH, Fate, World, rules};

/// One row: the rule, what happens, and what is told when.
type Row = (&'static str, &'static [(u64, Act)], &'static [(u64, &'static str, &'static str)]);

const ROWS: &[Row] = &[
    (
        "kind = 'equity'\nbelow = '900'\nabove = '1100'\nhysteresis = '50'",
        &[
            (1, Act::Equity("1000")),
            (2, Act::Equity("900")),
            (3, Act::Equity("899")),
            (4, Act::Equity("949")),
            (5, Act::Equity("950")),
            (6, Act::Equity("1100")),
            (7, Act::Equity("1050")),
        ],
        &[
            (2, "equity-1", "equity fell to 900 USD, 900 USD or less"),
            (5, "equity-2", "equity is back at 950 USD, above 900 USD"),
            (6, "equity-3", "equity reached 1100 USD, 1100 USD or more"),
            (7, "equity-4", "equity is back at 1050 USD, below 1100 USD"),
        ],
    ),
    (
        "kind = 'day_pnl'\nbelow = '-100'\nhysteresis = '1'\nname = 'loss'",
        &[(1, Act::Equity("1000")), (2, Act::Equity("900.01")), (3, Act::Equity("900"))],
        &[(3, "loss-1", "the day's profit and loss fell to -100 USD, -100 USD or less")],
    ),
    (
        "kind = 'drawdown'\nabove_fraction = '0.1'\nhysteresis_fraction = '0.05'",
        &[
            (1, Act::Equity("1000")),
            (2, Act::Equity("900")),
            (3, Act::Equity("950")),
            (4, Act::Equity("2000")),
        ],
        &[
            (2, "drawdown-1", "the fall from the peak reached 100 USD, 100 USD or more"),
            (3, "drawdown-2", "the fall from the peak is back at 50 USD, below 100 USD"),
        ],
    ),
    (
        "kind = 'kill_switch'",
        &[
            (1, Act::State(TradingState::ReduceOnly)),
            (2, Act::State(TradingState::ReduceOnly)),
            (3, Act::State(TradingState::Halted)),
            (4, Act::State(TradingState::ReduceOnly)),
            (5, Act::State(TradingState::Active)),
        ],
        &[
            (1, "kill_switch-1", "the kill switch was engaged, trading is reduce_only: because"),
            (3, "kill_switch-2", "the kill switch was engaged, trading is halted: because"),
            (5, "kill_switch-3", "the kill switch was released: because"),
        ],
    ),
    (
        "kind = 'risk_state'",
        &[(1, Act::State(TradingState::Halted)), (2, Act::State(TradingState::ReduceOnly))],
        &[
            (1, "risk_state-1", "trading went from active to halted: because"),
            (2, "risk_state-2", "trading went from halted to reduce_only: because"),
        ],
    ),
    (
        "kind = 'risk_breach'",
        &[(1, Act::Breach)],
        &[(1, "risk_breach-1", "the limit max_drawdown was reached")],
    ),
    (
        "kind = 'fill'\nnotional = '100'",
        &[(1, Act::Order(Fate::Fill("99.99"))), (2, Act::Order(Fate::Fill("100")))],
        &[(2, "fill-1", "a filled: buy 1 BTC-USD.X at 100, worth 100 USD")],
    ),
    (
        "kind = 'rejects'\ncount = 2",
        &[
            (1, Act::Order(Fate::Reject)),
            (2, Act::Order(Fate::Accept)),
            (3, Act::Order(Fate::Reject)),
            (4, Act::Order(Fate::Reject)),
            (5, Act::Order(Fate::Reject)),
        ],
        &[(4, "rejects-1", "2 orders in a row were rejected, the last with: no")],
    ),
    (
        "kind = 'order_unknown'",
        &[(1, Act::Order(Fate::Lose))],
        &[(1, "order_unknown-1", "what became of an order is not known: no answer")],
    ),
    (
        "kind = 'feed'\nafter_s = 10",
        &[
            (1, Act::Feed(None, FeedState::Live)),
            (5, Act::Feed(Some(BTC), FeedState::Stale)),
            (9, Act::Feed(Some(BTC), FeedState::Live)),
            (10, Act::Feed(None, FeedState::Down)),
            (25, Act::Feed(Some(BTC), FeedState::Live)),
            (30, Act::Feed(Some(ETH), FeedState::Live)),
        ],
        &[
            (20, "feed-1", "no live data of X (BTC-USD.X, ETH-USD.X) for 10 s"),
            (30, "feed-2", "X (BTC-USD.X, ETH-USD.X) is live again after 20 s"),
        ],
    ),
    (
        "kind = 'feed'\nafter_s = 10\ninstruments = ['ETH-USD.X']",
        &[
            (1, Act::Feed(None, FeedState::Down)),
            (12, Act::Wait),
            (13, Act::Feed(Some(BTC), FeedState::Live)),
        ],
        &[(11, "feed-1", "no live data of X (ETH-USD.X) for 10 s")],
    ),
    (
        "kind = 'daily_summary'\nat = '00:01'",
        &[(1, Act::Order(Fate::Accept)), (100, Act::Wait), (86_500, Act::Wait)],
        &[
            (60, "daily_summary-1", "daily summary: equity 0 USD, the day 0 USD, 0 fills, trading is active"),
            (
                86_460,
                "daily_summary-2",
                "daily summary: equity 0 USD, the day 0 USD, 0 fills, trading is active",
            ),
        ],
    ),
];

/// Breaks when a rule says something else than before, at another moment, or with another id.
#[test]
fn rules_say_what_they_watch() {
    for (rule, script, expected) in ROWS {
        let told = World::new(&rules(&format!("[[rule]]\n{rule}"))).play(script);
        let told: Vec<(u64, &str, &str)> =
            told.iter().map(|(at, alert)| (*at, alert.alert.as_str(), alert.text.as_str())).collect();
        assert_eq!(told, *expected, "{rule}");
    }
}

/// Breaks when an alert does not carry what it is about, its numbers or its weight.
#[test]
fn alerts_carry_their_numbers() {
    let toml = "[[rule]]\nkind = 'fill'\nnotional = '0'\nseverity = 'warning'\n[[rule]]\nkind = 'equity'\nbelow = '10'\n\
                hysteresis = '1'";
    let mut world = World::new(&rules(toml));
    let told =
        world.play(&[(1, Act::Order(Fate::Fill("250"))), (2, Act::Equity("9")), (3, Act::Equity("20"))]);
    let (_, fill) = &told[0];
    assert_eq!(fill.severity, Severity::Warning);
    assert_eq!(fill.instrument, Some(BTC.parse().unwrap()));
    assert_eq!(fill.strategy, Some("a".parse().unwrap()));
    assert_eq!(fill.order.map(|order| order.n), Some(1));
    let number =
        |name: &str| fill.figures.iter().find(|figure| figure.name == name).map(|f| f.value.as_str());
    assert_eq!(
        (number("notional"), number("price"), number("quantity")),
        (Some("250 USD"), Some("250"), Some("1"))
    );
    let weights: Vec<Severity> = told[1..].iter().map(|(_, alert)| alert.severity).collect();
    assert_eq!(weights, [Severity::Warning, Severity::Info]);
    assert!(told[1].1.figures.iter().any(|figure| figure.name == "equity" && figure.value == "9 USD"));
}

/// Breaks when a core without rules states, arms or keeps anything for alerts.
#[test]
fn without_rules_there_is_nothing() {
    assert!(reprise_alerts::AlertService::new(&[]).unwrap().is_none());
}

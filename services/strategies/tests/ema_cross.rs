//! `ema-cross` against an independent naive reference, decision by decision.

#[cfg(test)]
mod desk;

use desk::{BTC, Desk, ETH, instance, instrument};
use proptest::prelude::*;
use reprise_model::{Input, Qty, Side};
use reprise_strategies::Registry;

/// A decision: which price of the instrument led to it, and which way it went.
type Decision = (usize, Side);

/// The published rule, written as plainly as can be: for every prefix of the prices both averages are computed from
/// the first price on.
fn naive_decisions(prices: &[f64], fast: u32, slow: u32) -> Vec<Decision> {
    let average = |prices: &[f64], n: u32| {
        let a = 2.0 / (f64::from(n) + 1.0);
        let mut e = prices[0];
        for price in &prices[1..] {
            e = e + a * (price - e);
        }
        e
    };
    let above: Vec<bool> =
        (1..=prices.len()).map(|len| average(&prices[..len], fast) > average(&prices[..len], slow)).collect();
    let is_quiet = |at: usize| at < fast.max(slow) as usize;
    (1..prices.len())
        .filter(|&at| above[at] != above[at - 1] && !is_quiet(at))
        .map(|at| (at, if above[at] { Side::Buy } else { Side::Sell }))
        .collect()
}

fn walk() -> impl Strategy<Value = Vec<(bool, i64, i64)>> {
    // Which instrument, a step of the bid in ticks, a spread in ticks (negative: a crossed quote).
    prop::collection::vec((any::<bool>(), -30i64..=30, -1i64..4), 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Breaks when one decision of `ema-cross` differs from the published rule: another order of operations, another
    /// warm-up, a quote that is not counted, or averages that leak between instruments.
    #[test]
    fn quotes_lead_to_the_decisions_of_the_reference(steps in walk(), fast in 1u32..20, slow in 1u32..30) {
        let params = format!(r#"{{"fast": {fast}, "slow": "{slow}", "qty": "0.5"}}"#);
        let one = instance("one", "ema-cross", "", &params);
        let mut desk = Desk::new(&[instrument(BTC), instrument(ETH)], vec![one], &Registry::builtin());
        let mut ticks = [9_701_234i64, 182_345];
        let mut prices = [Vec::new(), Vec::new()];
        let mut decided = [Vec::new(), Vec::new()];
        for (is_eth, step, spread) in steps {
            let which = usize::from(is_eth);
            ticks[which] += step;
            let text = |ticks: i64| format!("{}.{:02}", ticks / 100, ticks % 100);
            let (bid, ask) = (text(ticks[which]), text(ticks[which] + spread));
            prices[which].push((bid.parse::<f64>().unwrap() + ask.parse::<f64>().unwrap()) / 2.0);
            let before = desk.requests().len();
            desk.advance_ms(7);
            desk.quote([BTC, ETH][which], &bid, &ask);
            for (_, terms) in &desk.requests()[before..] {
                prop_assert_eq!(terms.instrument.as_str(), [BTC, ETH][which]);
                prop_assert_eq!(terms.qty, Qty::parse("0.5").unwrap());
                prop_assert_eq!(&terms.note, &None);
                decided[which].push((prices[which].len() - 1, terms.side));
            }
        }
        for which in 0..2 {
            prop_assert_eq!(&decided[which], &naive_decisions(&prices[which], fast, slow));
        }
    }

    /// Breaks when `source = "bar"` takes other prices than the closes, or quotes still count.
    #[test]
    fn bars_lead_to_the_decisions_of_the_reference(closes in prop::collection::vec(100i64..200, 1..120)) {
        let mut desk = Desk::of("ema-cross", r#"{"fast": 3, "slow": 8, "source": "bar", "qty": 1}"#);
        let mut decided = Vec::new();
        let prices: Vec<f64> = closes.iter().map(|close| *close as f64).collect();
        for (at, close) in closes.iter().enumerate() {
            desk.advance_ms(60_000);
            desk.quote(BTC, &(300 - close).to_string(), &(301 - close).to_string());
            let before = desk.requests().len();
            desk.bar(BTC, &close.to_string());
            decided.extend(desk.requests()[before..].iter().map(|(_, terms)| (at, terms.side)));
        }
        prop_assert_eq!(desk.requests().len(), decided.len());
        prop_assert_eq!(decided, naive_decisions(&prices, 3, 8));
    }
}

/// Breaks when an order is not filled whole at the quote that caused it, or when the default size is not tradable.
#[test]
fn orders_fill_at_the_quote_that_caused_them() {
    let rows = [
        (r#"{"fast": 1, "slow": 3, "qty": 0.25}"#, "buy market 0.25", "filled 0.25 at 120.01"),
        (r#"{"fast": 1, "slow": 3, "notional": 50}"#, "buy market 0.416", "filled 0.416 at 120.01"),
        // Worth less than the minimum notional of 10: one lot more than what 10 buys.
        (r#"{"fast": 1, "slow": 3, "notional": "1"}"#, "buy market 0.084", "filled 0.084 at 120.01"),
    ];
    for (params, request, fill) in rows {
        let mut desk = Desk::of("ema-cross", params);
        for bid in ["100", "100", "100", "100", "120"] {
            desk.advance_ms(10);
            let ask = format!("{bid}.01");
            desk.quote(BTC, bid, &ask);
        }
        assert_eq!(desk.news(), [format!("1 one: {request}"), format!("1 {fill}")], "{params}");
    }
}

/// Breaks when a one-sided quote, which has no mid, moves the averages or counts as one of the first quotes.
#[test]
fn one_sided_quotes_do_not_count() {
    let mut desk = Desk::of("ema-cross", r#"{"fast": 1, "slow": 3, "qty": 1}"#);
    for (bid, ask) in [("100", "101"), ("", "500"), ("100", "101"), ("1", ""), ("100", "101"), ("120", "121")]
    {
        desk.advance_ms(10);
        desk.quote(BTC, bid, ask);
    }
    // The fourth two-sided quote is the first that may trade.
    assert_eq!(desk.news(), ["1 one: buy market 1", "1 filled 1 at 121"]);
}

/// Breaks when bars built from quotes close at another moment than with the first event at or after their end.
#[test]
fn bars_are_built_from_mids_where_asked() {
    let params = r#"{"fast": 1, "slow": 2, "source": "bar", "bar_interval_ms": 1000, "qty": 1}"#;
    let mut desk = Desk::of("ema-cross", params);
    // Closes 100, 100, then 130: the third bar is the first that may trade, and it is known at 3000 ms.
    let rows = [(0, "100"), (400, "150"), (999, "100"), (1_000, "90"), (1_900, "100"), (2_500, "130")];
    for (at_ms, mid) in rows {
        desk.now = reprise_model::Ts(desk::START).plus_ns(at_ms * 1_000_000);
        desk.quote(BTC, mid, mid);
    }
    // An imported bar does not count beside the built ones.
    desk.bar(BTC, "500");
    assert!(desk.news().is_empty());
    desk.now = reprise_model::Ts(desk::START).plus_ns(3_000 * 1_000_000);
    desk.step(Input::ClockAdvanced(reprise_model::event::ClockAdvanced {}));
    assert_eq!(desk.news(), ["1 one: buy market 1", "1 filled 1 at 130"]);
}

//! What the built-in strategies do, step by step: tables of quotes and the orders that they lead to.

#[cfg(test)]
mod desk;

use desk::{BTC, Desk, ETH, START, instance, instrument, qty};
use reprise_model::{Cash, Qty, Ts};
use reprise_strategies::Registry;

/// A quote (bid and ask), and what it leads to.
type Row<'a> = (&'a str, &'a str, &'a [&'a str]);

fn play(desk: &mut Desk, rows: &[Row<'_>]) {
    for (at, (bid, ask, lines)) in rows.iter().enumerate() {
        desk.advance_ms(10);
        desk.quote(BTC, bid, ask);
        assert_eq!(desk.news(), *lines, "row {at}: quote {bid}/{ask}");
    }
}

/// Breaks when mean reversion trades without bands, enters twice in one crossing, passes its bound, or does not come
/// back at the middle.
#[test]
fn mean_reversion_fades_the_bands() {
    let mut desk = Desk::of("mean-reversion", r#"{"qty": "1", "max_units": 2}"#);
    play(&mut desk, &[("50", "50", &[])]);
    desk.set_bands(BTC, Some(("90", "100", "110")));
    play(
        &mut desk,
        &[
            ("100", "100", &[]),
            ("90", "90", &[]),
            ("89", "89.5", &["1 one: buy market 1", "1 filled 1 at 89.5"]),
            ("80", "80", &[]),
            ("95", "95", &[]),
            ("88", "88", &["2 one: buy market 1", "2 filled 1 at 88"]),
            ("95", "95", &[]),
            // Two units are the bound.
            ("88", "88", &[]),
            ("99.99", "99.99", &[]),
            ("", "100", &[]),
            ("100", "100.02", &["3 one: sell market 2", "3 filled 2 at 100"]),
            ("111", "111", &["4 one: sell market 1", "4 filled 1 at 111"]),
            // From above the band to below it: the exit comes first.
            ("85", "86", &["5 one: buy market 1", "5 filled 1 at 86"]),
            ("95", "95", &[]),
            ("85", "85", &["6 one: buy market 1", "6 filled 1 at 85"]),
        ],
    );
    desk.set_bands(BTC, None);
    play(&mut desk, &[("300", "300", &[])]);
    assert_eq!(desk.position(BTC, "one"), "1");
}

/// Breaks when mean reversion asks again while an order is on its way, or never again after one was denied.
#[test]
fn mean_reversion_waits_for_its_order() {
    let mut desk = Desk::of("mean-reversion", r#"{"qty": "1", "short": false}"#);
    desk.set_bands(BTC, Some(("90", "100", "110")));
    desk.knobs.borrow_mut().forbidden.push("one".to_owned());
    play(
        &mut desk,
        &[("80", "80", &["1 one: buy market 1", "1 denied new 801 not_allowed"]), ("95", "95", &[])],
    );
    desk.knobs.borrow_mut().forbidden.clear();
    desk.knobs.borrow_mut().venue_sleeps = true;
    play(
        &mut desk,
        &[
            ("80", "80", &["2 one: buy market 1"]),
            ("95", "95", &[]),
            ("80", "80", &[]),
            // It does not sell what it does not own.
            ("120", "120", &[]),
        ],
    );
}

/// Breaks when the market maker quotes outside the bands, crosses the market, moves for less than its threshold, or
/// leaves a quote without bands.
#[test]
fn market_maker_quotes_inside_the_bands() {
    let mut desk = Desk::of("market-maker", r#"{"qty": "1", "requote_ticks": 10, "skew": 0}"#);
    play(&mut desk, &[("99.99", "100.01", &[])]);
    desk.set_bands(BTC, Some(("98", "100", "102")));
    play(
        &mut desk,
        &[
            // Half the distance between the bands is 2, the width 0.5: one unit of price either side of the mid.
            ("99.99", "100.01", &["1 one: buy limit 1 at 99", "2 one: sell limit 1 at 101"]),
            ("100.08", "100.10", &[]),
            ("100.09", "100.11", &["1 replaced 99.1", "2 replaced 101.1"]),
            ("100.88", "100.90", &["1 replaced 99.89", "2 replaced 101.89"]),
            // The ask would lie above the band.
            ("101.49", "101.51", &["1 replaced 100.5", "2 replaced 102"]),
            // The mid is outside the bands: both quotes go.
            ("102.40", "102.42", &["2 filled 1 at 102", "1 canceled strategy"]),
            ("99.99", "100.01", &["3 one: buy limit 1 at 99", "4 one: sell limit 1 at 101"]),
            ("99.99", "", &["3 canceled strategy", "4 canceled strategy"]),
            ("99.99", "100.01", &["5 one: buy limit 1 at 99", "6 one: sell limit 1 at 101"]),
        ],
    );
    desk.set_bands(BTC, None);
    play(&mut desk, &[("99.99", "100.01", &["5 canceled strategy", "6 canceled strategy"])]);
    // Bands so narrow that half of them is less than a tick; and a quote never crosses the best price.
    desk.set_bands(BTC, Some(("99.99", "100", "100.01")));
    play(
        &mut desk,
        &[("99.99", "100.01", &["7 one: buy limit 1 at 99.99", "8 one: sell limit 1 at 100.01"])],
    );
}

/// Breaks when inventory does not lean the quotes, or does not stop the side that makes it grow.
#[test]
fn market_maker_leans_against_its_inventory() {
    let mut desk = Desk::of("market-maker", r#"{"qty": "1", "max_units": 2, "skew": "0.5", "short": false}"#);
    desk.set_bands(BTC, Some(("96", "100", "104")));
    play(
        &mut desk,
        &[
            // Nothing to sell yet.
            ("99.99", "100.01", &["1 one: buy limit 1 at 98"]),
            ("97.99", "98", &["1 filled 1 at 98"]),
            // Half the load: the center leans by 0.5 × 2 × 0.5.
            ("99.99", "100.01", &["2 one: buy limit 1 at 97.5", "3 one: sell limit 1 at 101.5"]),
            ("97.4", "97.5", &["2 filled 1 at 97.5", "3 replaced 98.95"]),
            // Two units are the bound: no bid.
            ("98", "98.02", &["3 replaced 99.01"]),
        ],
    );
    assert_eq!(desk.position(BTC, "one"), "2");
}

/// Breaks when a refused quote is sent again with every tick, or never again; or when a quote that cannot be replaced
/// stays where it is.
#[test]
fn market_maker_waits_after_a_refusal() {
    let mut desk = Desk::of("market-maker", r#"{"qty": "1", "retry_ms": 50, "skew": 0}"#);
    desk.set_bands(BTC, Some(("98", "100", "102")));
    desk.knobs.borrow_mut().forbidden.push("one".to_owned());
    let both_denied = [
        "1 one: buy limit 1 at 99",
        "1 denied new 801 not_allowed",
        "2 one: sell limit 1 at 101",
        "2 denied new 801 not_allowed",
    ];
    play(&mut desk, &[("99.99", "100.01", &both_denied), ("99.99", "100.01", &[])]);
    desk.knobs.borrow_mut().forbidden.clear();
    desk.advance_ms(50);
    play(&mut desk, &[("99.99", "100.01", &["3 one: buy limit 1 at 99", "4 one: sell limit 1 at 101"])]);
    desk.knobs.borrow_mut().forbid_replace = true;
    let withdrawn = [
        "3 denied replace 801 not_allowed",
        "4 denied replace 801 not_allowed",
        "3 canceled strategy",
        "4 canceled strategy",
    ];
    play(&mut desk, &[("100.09", "100.11", &withdrawn), ("100.09", "100.11", &[])]);
    desk.advance_ms(50);
    play(&mut desk, &[("100.09", "100.11", &["5 one: buy limit 1 at 99.1", "6 one: sell limit 1 at 101.1"])]);
}

/// The quantities of the orders, and when each was asked for in milliseconds since the start.
fn slices(desk: &Desk) -> Vec<(u64, String)> {
    desk.requests()
        .iter()
        .map(|(ts, terms)| (ts.since(Ts(START)) / 1_000_000, terms.qty.to_string()))
        .collect()
}

/// Breaks when slices come at other times, are not equal, or do not add up to the whole.
#[test]
fn twap_slices_add_up() {
    let rows: [(&str, &[(u64, &str)]); 6] = [
        (
            r#"{"total_qty": "1", "slices": 4, "duration_ms": 400}"#,
            &[(0, "0.25"), (100, "0.25"), (200, "0.25"), (300, "0.25")],
        ),
        (
            r#"{"total_qty": "1", "slices": 3, "duration_ms": 300}"#,
            &[(0, "0.333"), (100, "0.333"), (200, "0.334")],
        ),
        // A slice is worth at least the minimum notional of 10 at a price of 100.
        (r#"{"total_qty": "0.25", "slices": 9, "duration_ms": 200}"#, &[(0, "0.125"), (100, "0.125")]),
        (r#"{"total_notional": 100, "slices": 2, "duration_ms": 200}"#, &[(0, "0.5"), (100, "0.5")]),
        // Off the lot: risk denies what does not fit, and nothing is rounded in silence.
        (r#"{"total_qty": "0.2005", "slices": 2, "duration_ms": 200}"#, &[(0, "0.1"), (100, "0.1005")]),
        (r#"{"total_qty": "0.001", "slices": 5}"#, &[(0, "0.001")]),
    ];
    for (params, expected) in rows {
        let mut desk = Desk::of("twap", params);
        desk.quote(BTC, "100", "100");
        desk.advance_ms(1_000_000);
        desk.quote(BTC, "100", "100");
        let expected: Vec<(u64, String)> =
            expected.iter().map(|(at, qty)| (*at, (*qty).to_owned())).collect();
        assert_eq!(slices(&desk), expected, "{params}");
    }
}

/// Breaks when what a slice left is lost, or is traded twice.
#[test]
fn twap_catches_up() {
    let mut desk = Desk::of("twap", r#"{"total_qty": "1", "slices": 4, "duration_ms": 400, "side": "sell"}"#);
    desk.knobs.borrow_mut().depth = Some(qty("0.1"));
    desk.quote(BTC, "100", "101");
    assert_eq!(desk.news(), ["1 one: sell market 0.25", "1 part 0.1 at 100", "1 canceled immediate"]);
    desk.knobs.borrow_mut().depth = None;
    desk.knobs.borrow_mut().forbidden.push("one".to_owned());
    desk.advance_ms(100);
    desk.clock();
    assert_eq!(desk.news(), ["2 one: sell market 0.4", "2 denied new 801 not_allowed"]);
    desk.knobs.borrow_mut().forbidden.clear();
    desk.knobs.borrow_mut().venue_sleeps = true;
    desk.advance_ms(100);
    desk.clock();
    assert_eq!(desk.news(), ["3 one: sell market 0.65"]);
    // The third order is still open; only the last slice is missing beside it.
    desk.knobs.borrow_mut().venue_sleeps = false;
    desk.advance_ms(100);
    desk.clock();
    assert_eq!(desk.news(), ["4 one: sell market 0.25", "4 filled 0.25 at 100"]);
    desk.advance_ms(1_000);
    desk.clock();
    assert!(desk.news().is_empty());
}

/// Breaks when a limited slice pays more than it may.
#[test]
fn twap_keeps_within_its_limit() {
    let params = r#"{"total_qty": "1", "slices": 2, "duration_ms": 200, "limit_offset": "0.00015"}"#;
    let mut desk = Desk::of("twap", params);
    desk.quote(BTC, "100", "100.1");
    // 100.1 × 1.00015 = 100.115015, down to the tick.
    assert_eq!(desk.news(), ["1 one: buy limit 0.5 at 100.11", "1 filled 0.5 at 100.1"]);
}

/// Breaks when an order in one instrument waits for another, or takes another's quantity.
#[test]
fn twap_works_each_instrument_alone() {
    let one = instance("one", "twap", "", r#"{"total_qty": "1", "slices": 2, "duration_ms": 100}"#);
    let mut desk = Desk::new(&[instrument(BTC), instrument(ETH)], vec![one], &Registry::builtin());
    desk.quote(BTC, "100", "100");
    desk.advance_ms(20);
    desk.quote(ETH, "", "");
    desk.quote(ETH, "50", "50");
    desk.advance_ms(1_000);
    desk.clock();
    let ends: Vec<(u64, String)> = [0, 20, 50, 70].map(|at| (at, "0.5".to_owned())).to_vec();
    assert_eq!(slices(&desk), ends);
    assert_eq!((desk.position(BTC, "one"), desk.position(ETH, "one")), ("1".to_owned(), "1".to_owned()));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Breaks when any total, cut into any number of slices, does not add up to itself in equal parts but the last.
    #[test]
    fn twap_adds_up_for_any_total(lots in 1i64..5_000, slices in 1u32..60, duration_ms in 0u64..10_000) {
        let total = Qty::parse(&format!("{}.{:03}", lots / 1_000, lots % 1_000)).unwrap();
        let params =
            format!(r#"{{"total_qty": "{total}", "slices": {slices}, "duration_ms": {duration_ms}}}"#);
        let mut desk = Desk::of("twap", &params);
        desk.quote(BTC, "100", "100");
        desk.advance_ms(20_000);
        desk.clock();
        proptest::prop_assert_eq!(desk.position(BTC, "one"), total.to_string());
        let sizes: Vec<Qty> = desk.requests().iter().map(|(_, terms)| terms.qty).collect();
        proptest::prop_assert!(sizes.len() <= slices as usize);
        let (last, equal) = sizes.split_last().unwrap();
        proptest::prop_assert!(equal.iter().all(|slice| slice == &equal[0] && slice <= last));
        let least: Cash = "10".parse().unwrap();
        let is_worth = |slice: &Qty| Cash::notional("100".parse().unwrap(), *slice).unwrap() >= least;
        proptest::prop_assert!(equal.iter().all(is_worth));
    }
}

/// Breaks when a built-in kind with its defaults cannot trade an instrument that is priced by bars alone, or is dear,
/// or is cheap.
#[test]
fn defaults_trade_on_any_instrument() {
    use reprise_model::QuoteSource;
    let rows = [("0.0002", "0.00000001", "1"), ("3.5", "0.001", "0.1"), ("97012.34", "0.01", "0.00000001")];
    for (mid, tick, lot) in rows {
        for kind in ["ema-cross", "mean-reversion", "market-maker", "twap"] {
            let source = if kind == "ema-cross" { QuoteSource::Quotes } else { QuoteSource::Bars };
            let definition = reprise_strategies::Instrument {
                tick: tick.parse().unwrap(),
                lot: lot.parse().unwrap(),
                quote_source: source,
                ..instrument(BTC)
            };
            let params = if kind == "ema-cross" { r#"{"fast": 1, "slow": 2}"# } else { "{}" };
            let mut desk =
                Desk::new(&[definition], vec![instance("one", kind, "", params)], &Registry::builtin());
            // A price a fifth lower, then the price again.
            let mid: reprise_model::Price = mid.parse().unwrap();
            let low = mid.checked_mul_rate("0.8".parse().unwrap()).unwrap();
            let high = mid.checked_mul_rate("1.2".parse().unwrap()).unwrap();
            let texts = [low, mid, high].map(|price| price.floor_to(tick.parse().unwrap()).to_string());
            desk.set_bands(BTC, Some((&texts[0], &texts[1], &texts[2])));
            for price in [&texts[1], &texts[1], &texts[1], &"0.000001".to_owned(), &texts[1]] {
                desk.advance_ms(1_000);
                match source {
                    QuoteSource::Bars => desk.bar(BTC, price),
                    _ => desk.quote(BTC, price, price),
                }
            }
            let news = desk.news().join("; ");
            assert!(!news.is_empty() && !news.contains("denied"), "{kind} at {mid}: {news:?}");
        }
    }
}

/// Breaks when the defaults that a configuration writes out are not the defaults, in value or in form.
#[test]
fn written_out_defaults_are_the_defaults() {
    use reprise_strategies::{ParamMap, ParamValue, Params, Rate, Side, params, text};

    params! {
        /// One of each type.
        pub struct Every {
            /// A whole number.
            pub small: u32 = 12,
            /// A large one.
            pub large: u64 = u64::MAX,
            /// A decimal.
            pub rate: Rate = text("0.000000000001"),
            /// A number.
            pub number: f64 = 0.1,
            /// A flag.
            pub flag: bool = true,
            /// A text that looks like a number.
            pub name: String = "12".to_owned(),
            /// A side.
            pub side: Side = Side::Sell,
            /// One that is set.
            pub some: Option<u32> = Some(3),
            /// One that is not.
            pub none: Option<u32> = None,
        }
    }

    let written: ParamMap = Every::table().into_iter().map(|p| (p.name.to_owned(), p.value)).collect();
    assert_eq!(Every::read(&written), Ok(Every::default()));
    assert!(
        written["none"].is_null() && written["small"].is_u64() && written["flag"].is_boolean(),
        "{written:?}"
    );
    let text = serde_json::to_string(&written).unwrap();
    assert_eq!(Every::read(&serde_json::from_str(&text).unwrap()), Ok(Every::default()), "{text}");
    assert_eq!(Some(7_u32).value(), serde_json::json!(7));
    for kind in Registry::builtin().kinds() {
        let written: ParamMap = kind.params.iter().map(|p| (p.name.to_owned(), p.value.clone())).collect();
        let built = Registry::builtin().build("one".parse().unwrap(), &kind.name, &written);
        assert!(built.is_ok(), "{}: {:?}", kind.name, built.err());
    }
}

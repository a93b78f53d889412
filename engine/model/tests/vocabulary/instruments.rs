//! The rules of prices and sizes, with the venues' own examples.

use proptest::prelude::*;
use reprise_model::{
    Cash, FeeAsset, Instrument, InstrumentClass, Price, PriceRuleBreach, Qty, QuoteSource, Rate,
};

fn price(text: &str) -> Price {
    Price::parse(text).expect("a price")
}

fn instrument(tick: &str, significant_digits: Option<u32>) -> Instrument {
    Instrument {
        instrument: "A-B.V".parse().expect("an instrument"),
        class: InstrumentClass::Perpetual,
        base: "A".parse().expect("an asset"),
        quote: "B".parse().expect("an asset"),
        tick: price(tick),
        significant_digits,
        lot: Qty::parse("0.001").expect("a quantity"),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

/// Breaks when an order is refused that the venue takes, or sent that it refuses.
#[test]
fn price_rules() {
    use PriceRuleBreach::{NotPositive, OffTick, TooManyDigits};
    // Five significant digits and six decimals less those of the size: here none, so a tick of 1e-6.
    let fine = instrument("0.000001", Some(5));
    let coarse = instrument("0.1", Some(5));
    let plain = instrument("0.05", None);
    let rows = [
        (&fine, "1234.5", Ok(())),
        (&fine, "1234.56", Err(TooManyDigits)),
        (&fine, "0.001234", Ok(())),
        (&fine, "0.0012345", Err(OffTick)),
        (&fine, "123456", Ok(())),
        (&fine, "123456789", Ok(())),
        (&fine, "123456.5", Err(TooManyDigits)),
        (&fine, "100000.5", Err(TooManyDigits)),
        (&fine, "0.12345", Ok(())),
        (&fine, "0.123456", Err(TooManyDigits)),
        (&fine, "0", Err(NotPositive)),
        (&coarse, "1234.5", Ok(())),
        (&coarse, "12.34", Err(OffTick)),
        (&plain, "97012.35", Ok(())),
        (&plain, "97012.34", Err(OffTick)),
        (&plain, "123456789.05", Ok(())),
        (&plain, "0", Err(NotPositive)),
    ];
    for (instrument, text, expected) in rows {
        assert_eq!(instrument.check_price(price(text)), expected, "{text} at a tick of {}", instrument.tick);
    }
}

/// Breaks when a quantity passes that is no whole number of lots, or none at all.
#[test]
fn lot_rules() {
    let rows =
        [("0.001", true), ("1", true), ("0.0015", false), ("0", false), ("-1", false), ("1000000.123", true)];
    for (text, allowed) in rows {
        let found = instrument("1", None).allows_qty(Qty::parse(text).expect("a quantity"));
        assert_eq!(found, allowed, "{text}");
    }
}

/// Breaks when rounding by side gives a worse price than the venue takes: whole numbers are always allowed,
/// however many digits they have.
#[test]
fn roundings_by_side() {
    let rows = [
        ("0.1", Some(5), "123456.7", "123456", "123457"),
        ("0.1", Some(5), "1234.56", "1234.5", "1234.6"),
        ("0.000001", Some(5), "0.0012345", "0.001234", "0.001235"),
        ("0.000001", Some(5), "99999.5", "99999", "100000"),
        ("0.000001", Some(5), "9.99999", "9.9999", "10"),
        ("0.05", None, "97012.34", "97012.3", "97012.35"),
        ("0.05", None, "97012.35", "97012.35", "97012.35"),
        ("1", None, "0.4", "0", "1"),
    ];
    for (tick, digits, from, below, above) in rows {
        let instrument = instrument(tick, digits);
        let found = (instrument.price_at_or_below(price(from)), instrument.price_at_or_above(price(from)));
        assert_eq!(found, (price(below), Ok(price(above))), "{from} at a tick of {tick}, digits {digits:?}");
    }
}

proptest! {
    /// Breaks when a rounded price breaks the rule, lies on the wrong side, or is not the nearest there is: the
    /// twin walks from tick to tick.
    #[test]
    fn roundings_are_the_nearest_that_follow(
        decimals in 0_u32..4,
        digits in proptest::option::of(2_u32..6),
        units in 1_u64..2_000_000,
        fraction in 0_u64..100,
    ) {
        let scale = 10_u64.pow(decimals);
        let text = |n: u64| match decimals {
            0 => n.to_string(),
            _ => format!("{}.{:0width$}", n / scale, n % scale, width = decimals as usize),
        };
        let instrument = instrument(&format!("1e-{decimals}"), digits);
        let finer = Price::parse(&format!("{fraction}e-{}", decimals + 2)).expect("small");
        let from = price(&text(units)).checked_add(finer).expect("small");
        let follows = |n: u64| instrument.check_price(price(&text(n))).is_ok();

        let below = (1..=units).rev().find(|&n| follows(n)).map_or(Price::ZERO, |n| price(&text(n)));
        prop_assert_eq!(instrument.price_at_or_below(from), below);
        let first = units + u64::from(fraction > 0);
        let above = (first..).find(|&n| follows(n)).map(|n| price(&text(n)));
        prop_assert_eq!(instrument.price_at_or_above(from).ok(), above);
    }
}

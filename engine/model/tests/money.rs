//! Money, checked three ways: tables of rows, properties against naive twins, and the extremes.

use proptest::prelude::*;
use reprise_model::{Cash, MoneyError, Price, Qty, Rate};

/// The bound in units of 1e-12.
const BOUND: i128 = 1_000_000_000_000_000_000_000_000_000;

/// A count of units as decimal text with all twelve decimals.
fn text_of(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let magnitude = units.unsigned_abs();
    format!("{sign}{}.{:012}", magnitude / 1_000_000_000_000, magnitude % 1_000_000_000_000)
}

fn cash(units: i128) -> Cash {
    Cash::parse(&text_of(units)).expect("within the bound")
}

fn qty(units: i128) -> Qty {
    Qty::parse(&text_of(units)).expect("within the bound")
}

fn price(units: i128) -> Price {
    Price::parse(&text_of(units)).expect("within the bound")
}

fn named(text: &str) -> Price {
    Price::parse(text).expect("a price")
}

/// Units of every magnitude alike: a random width, then random bits of that width.
fn any_units() -> impl Strategy<Value = i128> {
    (0u32..=90, any::<u128>(), any::<bool>()).prop_map(|(width, bits, negative)| {
        let magnitude = ((bits & ((1u128 << width) - 1)) as i128).min(BOUND);
        if negative { -magnitude } else { magnitude }
    })
}

/// Units with few decimals, as venues print them, beside the ones above.
fn usual_units() -> impl Strategy<Value = i128> {
    prop_oneof![
        any_units(),
        (0i128..1_000_000_000_000, 0u32..=12).prop_map(|(n, power)| n * 10i128.pow(power))
    ]
}

/// The name of an error's variant, for tables.
fn kind(error: &MoneyError) -> &'static str {
    match error {
        MoneyError::Empty => "empty",
        MoneyError::NotANumber { .. } => "not a number",
        MoneyError::NotCanonical { .. } => "not canonical",
        MoneyError::TooPrecise { .. } => "too precise",
        MoneyError::Overflow => "overflow",
        MoneyError::Negative { .. } => "negative",
        MoneyError::DivisionByZero { .. } => "division by zero",
        MoneyError::NotFinite { .. } => "not finite",
    }
}

/// A result as one word for tables: the canonical text or the error's name.
fn shown<T: ToString>(result: &Result<T, MoneyError>) -> String {
    result.as_ref().map_or_else(|error| kind(error).to_owned(), ToString::to_string)
}

fn check(rows: &[(&str, &str)], read: impl Fn(&str) -> String) {
    for (text, expected) in rows {
        assert_eq!(read(text), *expected, "reading {text:?}");
    }
}

// Breaks if: a venue's or a person's way to write a number is misread, or nonsense is taken for one.
#[test]
fn lenient_grammar() {
    let rows = [
        ("0", "0"),
        ("-0", "0"),
        ("+1.50", "1.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("007", "7"),
        ("1e-5", "0.00001"),
        ("1E5", "100000"),
        ("1.5e+3", "1500"),
        ("123456e-12", "0.000000123456"),
        ("0e999999999999999999999", "0"),
        ("0.0000000000000000000", "0"),
        ("1.000000000000000000", "1"),
        ("0.000000000001", "0.000000000001"),
        ("0.0000000000001", "too precise"),
        ("1.0000000000001", "too precise"),
        ("1e-13", "too precise"),
        ("1e-99999999999999999999", "too precise"),
        ("1000000000000000", "1000000000000000"),
        ("1e15", "1000000000000000"),
        ("-1e15", "-1000000000000000"),
        ("1000000000000000.000000000001", "overflow"),
        ("1e16", "overflow"),
        ("9999999999999999", "overflow"),
        ("1e99999999999999999999", "overflow"),
        ("", "empty"),
        (" 1", "not a number"),
        ("1 ", "not a number"),
        ("+", "not a number"),
        ("-", "not a number"),
        (".", "not a number"),
        ("--1", "not a number"),
        ("1.2.3", "not a number"),
        ("1e", "not a number"),
        ("1e1.5", "not a number"),
        ("e5", "not a number"),
        ("1,000", "not a number"),
        ("1_000", "not a number"),
        ("0x10", "not a number"),
        ("NaN", "not a number"),
        ("inf", "not a number"),
        ("١", "not a number"),
    ];
    check(&rows, |text| shown(&Cash::parse(text)));
}

// Breaks if: two texts of one value both pass, so that equal journals differ in bytes.
#[test]
fn canonical_form_is_the_only_one() {
    let rows = [
        ("0", "0"),
        ("100", "100"),
        ("0.5", "0.5"),
        ("-1.25", "-1.25"),
        ("64123.45", "64123.45"),
        ("18446744.073709551617", "18446744.073709551617"),
        ("1000000000000000", "1000000000000000"),
        ("-999999999999999.999999999999", "-999999999999999.999999999999"),
        ("0.000000000001", "0.000000000001"),
        ("-0", "not canonical"),
        ("-0.0", "not canonical"),
        ("0.0", "not canonical"),
        ("01", "not canonical"),
        ("00", "not canonical"),
        ("00.5", "not canonical"),
        ("+1", "not canonical"),
        ("1.", "not canonical"),
        (".5", "not canonical"),
        ("1.50", "not canonical"),
        ("1e5", "not canonical"),
        ("1.0000000000000", "not canonical"),
        ("00000000000000000000000000000000001", "not canonical"),
        ("1000000000000000.000000000001", "overflow"),
        ("9999999999999999", "overflow"),
        ("99999999999999999999999999999999999999999", "overflow"),
        // These are 1 and 0.5 if 64 bits wrap.
        ("18446744073709551617", "overflow"),
        ("18446744073709551616.5", "overflow"),
        ("0.1234567890123", "too precise"),
        ("1.5x", "not a number"),
        ("1-", "not a number"),
        ("-", "not a number"),
        ("", "empty"),
    ];
    check(&rows, |text| shown(&Cash::parse_canonical(text.as_bytes())));
    let not_utf8 = Cash::parse_canonical(b"1\xff");
    assert_eq!(shown(&not_utf8), "not a number");
}

// Breaks if: a damaged byte in a journal is read as some other number; every byte at every place is tried
// in short texts (read eight bytes at once) and in long ones (read in a loop).
#[test]
fn no_damaged_byte_passes() {
    for text in [
        "7",
        "42",
        "0.5",
        "1.25",
        "-17.5",
        "123.45",
        "1234567",
        "64123.45",
        "-64123.45",
        "123456789.123456789",
    ] {
        for at in 0..text.len() {
            for byte in 0..=255 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                let lenient = std::str::from_utf8(&bytes).ok().and_then(|text| Cash::parse(text).ok());
                let expected = lenient.filter(|value| value.to_string().as_bytes() == bytes);
                assert_eq!(Cash::parse_canonical(&bytes).ok(), expected, "{text} with {byte} at {at}");
            }
        }
    }
}

// Breaks if: the division by multiplication behind the digits is off for some four of them.
#[test]
fn every_four_digits_are_written() {
    for n in 0..10_000i64 {
        let value = Cash::from_int(n * 10_001).unwrap();
        assert_eq!(value.to_string(), (n * 10_001).to_string());
    }
}

// Breaks if: float noise from a venue is refused, or rounded the wrong way at a half.
#[test]
fn rounded_reading() {
    let rows = [
        ("33.35399601000002", 8, "33.35399601"),
        ("2.5833652000000003", 12, "2.5833652"),
        ("0.5", 0, "0"),
        ("1.5", 0, "2"),
        ("2.5", 0, "2"),
        ("2.50000000000000000000000000001", 0, "3"),
        ("-2.5", 0, "-2"),
        ("-0.4", 0, "0"),
        ("0.05", 1, "0"),
        ("0.15", 1, "0.2"),
        ("0.049999", 1, "0"),
        ("5e-13", 12, "0"),
        ("5.1e-13", 12, "0.000000000001"),
        ("9e-14", 12, "0"),
        ("1e-400", 12, "0"),
        ("1.23456789012345", 99, "1.234567890123"),
        ("1000000000000000.0000000000001", 12, "1000000000000000"),
        ("1000000000000000.4", 0, "1000000000000000"),
        ("1000000000000000.6", 0, "overflow"),
        ("nan", 2, "not a number"),
    ];
    for (text, decimals, expected) in rows {
        assert_eq!(shown(&Cash::parse_rounded(text, decimals)), expected, "{text} to {decimals}");
    }
}

// Breaks if: a float from an indicator becomes another number than documented (exact binary, half-even).
#[test]
fn rounded_from_floats() {
    let rows = [
        (2.675, 2, "2.67"),
        (0.125, 2, "0.12"),
        (0.375, 2, "0.38"),
        (-0.125, 2, "-0.12"),
        (0.1, 12, "0.1"),
        (-0.0, 12, "0"),
        (5e-324, 12, "0"),
        (1e15, 12, "1000000000000000"),
        (1.000000000000001e15, 0, "overflow"),
        (f64::MAX, 2, "overflow"),
        (f64::NAN, 2, "not finite"),
        (f64::NEG_INFINITY, 2, "not finite"),
    ];
    for (value, decimals, expected) in rows {
        assert_eq!(shown(&Cash::from_f64_rounded(value, decimals)), expected, "{value} to {decimals}");
    }
    assert_eq!(shown(&Price::from_f64_rounded(-0.001, 2)), "0", "what rounds to zero is a price");
    assert_eq!(shown(&Price::from_f64_rounded(-0.01, 2)), "negative");
}

// Breaks if: a price can be negative.
#[test]
fn prices_are_never_negative() {
    assert_eq!(shown(&Price::parse("-1")), "negative");
    assert_eq!(shown(&Price::parse_canonical(b"-1")), "negative");
    assert_eq!(shown(&Price::from_int(-1)), "negative");
    assert_eq!(shown(&Price::ONE.checked_sub(Price::MAX)), "negative");
    assert_eq!(shown(&Price::ONE.checked_mul_rate(Rate::ONE.neg())), "negative");
    assert_eq!(shown(&Cash::ONE.per_unit(Qty::ONE.neg())), "negative");
    assert_eq!(shown(&Price::from_f64_floor(-1.0, Price::ONE)), "negative");
    assert_eq!(shown(&Price::parse("-0")), "0");
    let sentence = Price::parse("-1.50").unwrap_err().to_string();
    assert_eq!(sentence, "a price cannot be negative, and this one would be -1.5");
}

// Breaks if: tick and significant-figure rules deny good prices or let bad ones through.
#[test]
fn steps_and_significant_digits() {
    let rows = [
        ("100.3", "0.25", "100.25", "100.5", "100.25"),
        ("100.5", "0.25", "100.5", "100.5", "100.5"),
        ("1.5", "1", "1", "2", "2"),
        ("2.5", "1", "2", "3", "2"),
        ("0.1", "0", "0.1", "0.1", "0.1"),
        ("0.3", "1", "0", "1", "0"),
        ("1000000000000000", "0.3", "999999999999999.9", "overflow", "999999999999999.9"),
        ("1000000000000000", "7", "999999999999994", "overflow", "999999999999994"),
    ];
    for (value, tick, floor, ceil, nearest) in rows {
        let (value, tick) = (named(value), named(tick));
        assert_eq!(value.floor_to(tick).to_string(), floor, "{value} down to {tick}");
        assert_eq!(shown(&value.ceil_to(tick)), ceil, "{value} up to {tick}");
        assert_eq!(value.nearest_to(tick).to_string(), nearest, "{value} to {tick}");
        assert_eq!(value.is_multiple_of(tick), shown(&value.ceil_to(tick)) == value.to_string());
    }
    let rows = [
        ("0", 0, 3, "0", "0"),
        ("1234.56", 6, 5, "1234.5", "1234.6"),
        ("0.0012345", 5, 3, "0.00123", "0.00124"),
        ("1200", 2, 5, "1200", "1200"),
        ("99999.9", 6, 5, "99999", "100000"),
        ("123456", 6, 5, "123450", "123460"),
        ("1.05", 3, 0, "1.05", "1.05"),
        ("999999999999999.999999999999", 27, 1, "900000000000000", "1000000000000000"),
        ("1000000000000000", 1, 1, "1000000000000000", "1000000000000000"),
    ];
    for (value, significant, digits, floor, ceil) in rows {
        let value = named(value);
        assert_eq!(value.significant_digits(), significant, "digits of {value}");
        assert_eq!(value.floor_significant(digits).to_string(), floor, "{value} down to {digits}");
        assert_eq!(shown(&value.ceil_significant(digits)), ceil, "{value} up to {digits}");
    }
    let half = Qty::parse("0.5").unwrap();
    let sold = Qty::parse("-1.74").unwrap();
    assert_eq!(sold.floor_to(half).to_string(), "-1.5");
    assert_eq!(sold.nearest_to(half).to_string(), "-1.5");
    assert!(!sold.is_multiple_of(half) && sold.floor_to(half).is_multiple_of(half));
}

// Breaks if: arithmetic is off by a unit, rounds twice, or hides a division by zero.
#[test]
fn arithmetic_table() {
    let (cash, qty) = (|t: &str| Cash::parse(t).unwrap(), |t: &str| Qty::parse(t).unwrap());
    let rate = |t: &str| Rate::parse(t).unwrap();
    let rows = [
        (shown(&Cash::notional(named("64123.45"), qty("-0.015"))), "-961.85175"),
        (shown(&Cash::notional(named("0.000001"), qty("0.0000005"))), "0"),
        (shown(&Cash::notional(named("0.000001"), qty("0.0000015"))), "0.000000000002"),
        (shown(&Cash::notional(Price::MAX, Qty::ONE)), "1000000000000000"),
        (shown(&Cash::notional(Price::MAX, qty("1.000000000001"))), "overflow"),
        (shown(&cash("100").checked_mul_rate(rate("-0.0004"))), "-0.04"),
        (shown(&cash("3").checked_mul_price(named("1.1"))), "3.3"),
        (shown(&cash("1").checked_mul_int(-7)), "-7"),
        (shown(&Cash::MAX.checked_mul_int(i64::MIN)), "overflow"),
        (shown(&cash("10").prorate(qty("1"), qty("3"))), "3.333333333333"),
        (shown(&cash("-20").prorate(qty("1"), qty("-3"))), "6.666666666667"),
        (shown(&cash("10").prorate(qty("1"), Qty::ZERO)), "division by zero"),
        (shown(&cash("-10").per_unit(qty("-4"))), "2.5"),
        (shown(&cash("10").per_unit(Qty::ZERO)), "division by zero"),
        (shown(&cash("1").ratio(cash("-8"))), "-0.125"),
        (shown(&cash("1").ratio(Cash::ZERO)), "division by zero"),
        (shown(&rate("0.5").checked_mul(rate("0.25"))), "0.125"),
        (shown(&Cash::sum([cash("1"), cash("-3"), cash("0.5")])), "-1.5"),
        (shown(&Cash::sum([Cash::MAX, Cash::ONE])), "overflow"),
        (shown(&Cash::from_int(i64::MIN)), "overflow"),
        (Price::mid(named("1"), named("2")).to_string(), "1.5"),
        (Price::mid(named("0.000000000001"), Price::ZERO).to_string(), "0"),
        (Price::mid(named("0.000000000001"), named("0.000000000002")).to_string(), "0.000000000002"),
        (Price::mid(Price::MAX, Price::MAX).to_string(), "1000000000000000"),
        (Price::distance(named("1"), named("2.5")).to_string(), "1.5"),
        (shown(&Qty::bought_with(cash("100"), named("30"), qty("0.1"))), "3.3"),
        (shown(&Qty::bought_with(cash("90"), named("30"), qty("1"))), "3"),
        // Half a unit each: the third would cost a unit and a half, which rounds to two.
        (shown(&Qty::bought_with(cash("1e-12"), named("0.5"), qty("1e-12"))), "0.000000000002"),
        // The fifth costs two and a half, which rounds to two.
        (shown(&Qty::bought_with(cash("2e-12"), named("0.5"), qty("1e-12"))), "0.000000000005"),
        (shown(&Qty::bought_with(cash("-1"), named("30"), qty("1"))), "0"),
        (shown(&Qty::bought_with(cash("1"), Price::ZERO, qty("1"))), "division by zero"),
        (shown(&Qty::bought_with(Cash::MAX, named("0.5"), Qty::ONE)), "overflow"),
    ];
    for (at, (found, expected)) in rows.iter().enumerate() {
        assert_eq!(found, expected, "row {at}");
    }
    assert_eq!((cash("-2").signum(), Cash::ZERO.signum(), cash("2").signum()), (-1, 0, 1));
    assert_eq!((cash("-2").abs(), cash("2").neg().is_negative()), (cash("2"), true));
}

// Breaks if: configuration (TOML) or messages (JSON) cannot hold money in the ways people write it.
#[test]
fn serde_in_and_out() {
    let json = |text: &str| serde_json::from_str::<Cash>(text).map_err(|error| error.to_string());
    for (text, expected) in
        [("\"0.5\"", "0.5"), ("0.1", "0.1"), ("-3", "-3"), ("1e-7", "0.0000001"), ("7.0", "7")]
    {
        assert_eq!(json(text).unwrap().to_string(), expected, "from {text}");
    }
    assert!(json("\"1x\"").unwrap_err().contains("\"1x\" is not a decimal number"));
    assert!(json("true").unwrap_err().contains("expected a decimal number"));
    assert!(json("18446744073709551615").unwrap_err().contains("beyond 1e15"));
    assert!(serde_json::from_str::<Price>("-1").unwrap_err().to_string().contains("cannot be negative"));
    assert_eq!(serde_json::to_string(&Price::parse("1.50").unwrap()).unwrap(), "\"1.5\"");
    let table: std::collections::BTreeMap<String, Rate> =
        toml::from_str("a = 0.5\nb = \"0.5\"\nc = 2").unwrap();
    assert_eq!(format!("{table:?}"), r#"{"a": Rate(0.5), "b": Rate(0.5), "c": Rate(2)}"#);
    assert_eq!(
        format!("[{:>8}|{:<6}|{:+}|{:.1}]", Cash::ONE, Cash::ONE, Cash::ONE, named("1.25")),
        "[       1|1     |+1|1.25]"
    );
    let long = Cash::parse(&"x".repeat(100)).unwrap_err().to_string();
    assert!(long.contains(&format!("\"{}…\"", "x".repeat(40))), "{long}");
}

// Breaks if: some pair of extreme values panics instead of giving an error.
#[test]
fn extremes_never_panic() {
    let near = [0, 1, 2, 3, 10, 1_000_000_000_000, 1 << 52, 1 << 53, 1 << 63, 1 << 64, 1 << 89, BOUND / 3];
    let mut units: Vec<i128> = near.iter().flat_map(|n| [*n, -n, BOUND - n, n - BOUND]).collect();
    units.push(BOUND);
    let mut seen = 0;
    for a in &units {
        for b in &units {
            let (x, y, p) = (cash(*a), qty(*b), price(a.abs()));
            let q = price(b.abs());
            let results = [
                x.checked_add(cash(*b)).is_ok(),
                x.checked_sub(cash(*b)).is_ok(),
                Cash::notional(p, y).is_ok(),
                x.prorate(qty(*a), y).is_ok(),
                x.prorate(y, qty(*a)).is_ok(),
                x.per_unit(y).is_ok(),
                x.ratio(cash(*b)).is_ok(),
                x.checked_mul_int(*b as i64).is_ok(),
                p.checked_sub(q).is_ok(),
                p.ceil_to(q).is_ok(),
                Qty::bought_with(x, q, y).is_ok(),
                Price::mid(p, q) <= Price::MAX,
                Price::distance(p, q) <= Price::MAX,
                p.nearest_to(q) <= Price::MAX,
                y.nearest_to(qty(*a)).abs() <= Qty::MAX,
                p.floor_significant(3) <= p.ceil_significant(3).unwrap(),
                Price::from_f64_ceil(x.to_f64(), q).is_ok(),
            ];
            seen += results.len();
        }
    }
    assert_eq!(seen, units.len() * units.len() * 17);
}

// Breaks if: an indicator sees another float than the decimal's nearest, so signals differ from a
// program that parses the text itself.
#[test]
fn to_f64_is_what_std_parses() {
    let mut state = 0x5EED_u64;
    let mut next = || {
        // splitmix64, so that a failure names its row by number.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut text = Vec::new();
    for row in 0..2_000_000u32 {
        let width = (next() % 90) as u32;
        let bits = (u128::from(next()) << 64) | u128::from(next());
        let magnitude = (bits & ((1 << width) - 1)) as i128;
        // Every third is near a power of two, where halves and carries live.
        let near = if row % 3 == 0 { (1i128 << width) - (magnitude & 7) + 3 } else { magnitude };
        let units = near.clamp(0, BOUND) * if row % 2 == 0 { 1 } else { -1 };
        let value = Cash::parse(&text_of(units)).unwrap();
        text.clear();
        value.write_to(&mut text);
        let expected: f64 = std::str::from_utf8(&text).unwrap().parse().unwrap();
        let found = value.to_f64();
        assert_eq!(found.to_bits(), expected.to_bits(), "row {row}: {value} gave {found}, not {expected}");
    }
}

/// `a * b / d` half-even, as one does it on paper: decimal digits, one at a time.
fn on_paper(a: i128, b: i128, d: i128) -> Option<i128> {
    let digits = |n: i128| -> Vec<u32> {
        n.unsigned_abs().to_string().bytes().rev().map(|c| u32::from(c - b'0')).collect()
    };
    let (x, y) = (digits(a), digits(b));
    let mut product = vec![0u32; x.len() + y.len() + 1];
    for (i, p) in x.iter().enumerate() {
        for (j, q) in y.iter().enumerate() {
            product[i + j] += p * q;
        }
    }
    for i in 0..product.len() - 1 {
        product[i + 1] += product[i] / 10;
        product[i] %= 10;
    }
    let divisor = d.unsigned_abs();
    let (mut quotient, mut rest) = (0u128, 0u128);
    for digit in product.iter().rev() {
        rest = rest * 10 + u128::from(*digit);
        quotient = quotient.checked_mul(10)?.checked_add(rest / divisor)?;
        rest %= divisor;
    }
    if rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1) {
        quotient += 1;
    }
    let signed = i128::try_from(quotient).ok().filter(|q| *q <= BOUND)?;
    Some(if (a < 0) ^ (b < 0) ^ (d < 0) { -signed } else { signed })
}

fn bits(result: Result<Cash, MoneyError>) -> Option<i128> {
    result.ok().map(Cash::to_bits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    // Breaks if: what is written cannot be read back as the same value, or the two readers disagree.
    #[test]
    fn text_roundtrip(units in usual_units()) {
        let value = cash(units);
        let mut written = Vec::new();
        value.write_to(&mut written);
        let text = value.to_string();
        prop_assert_eq!(text.as_bytes(), &written[..]);
        prop_assert_eq!(value.to_bits(), units);
        prop_assert_eq!(Cash::parse(&text), Ok(value));
        prop_assert_eq!(Cash::parse_canonical(&written), Ok(value));
        prop_assert_eq!(value.decimals() as usize, text.split_once('.').map_or(0, |(_, d)| d.len()));
        let digits = text.replace(['-', '.'], "");
        let digits = digits.trim_start_matches('0').trim_end_matches('0').len();
        prop_assert_eq!(price(units.abs()).significant_digits() as usize, digits);
    }

    // Breaks if: the canonical reader takes a text that is not exactly what would be written.
    #[test]
    fn canonical_agrees_with_lenient(text in prop_oneof![
        "-?[0-9]{0,17}(\\.[0-9]{0,13})?",
        "-?[0-9]{1,5}(\\.[0-9]{1,4})?",
        "[-+.0-9:/x]{1,9}",
    ]) {
        match Cash::parse_canonical(text.as_bytes()) {
            Ok(value) => {
                prop_assert_eq!(value.to_string(), text.clone());
                prop_assert_eq!(Cash::parse(&text), Ok(value));
            }
            Err(_) => prop_assert_ne!(Cash::parse(&text).map(|v| v.to_string()), Ok(text)),
        }
    }

    // Breaks if: any text at all makes a reader panic.
    #[test]
    fn no_text_panics(text in "[-+0-9.eE]{0,40}|\\PC{0,60}", decimals in 0u32..20) {
        let read = [Cash::parse(&text), Cash::parse_rounded(&text, decimals), Cash::parse_canonical(text.as_bytes())];
        prop_assert!(read.iter().flatten().all(|value| value.abs() <= Cash::MAX));
    }

    // Breaks if: products or shares are wrong in some path (63-bit, 128-bit, 256-bit) or round otherwise.
    #[test]
    fn products_as_on_paper(a in usual_units(), b in usual_units(), c in usual_units()) {
        const ONE: i128 = 1_000_000_000_000;
        prop_assert_eq!(bits(Cash::notional(price(a.abs()), qty(b))), on_paper(a.abs(), b, ONE));
        prop_assert_eq!(cash(a).checked_mul_rate(Rate::ONE), Ok(cash(a)));
        if c != 0 {
            prop_assert_eq!(bits(cash(a).prorate(qty(b), qty(c))), on_paper(a, b, c));
            prop_assert_eq!(cash(a).ratio(cash(c)).ok().map(Rate::to_bits), on_paper(a, ONE, c));
        }
    }

    // Breaks if: a buy sized to the cash at hand costs more than that, or leaves a lot unbought.
    #[test]
    fn bought_is_the_most_affordable(a in usual_units(), b in usual_units(), c in usual_units()) {
        let (budget, at, lot) = (cash(a.abs()), price(b.abs().max(1)), qty(c.abs().max(1)));
        if let Ok(bought) = Qty::bought_with(budget, at, lot) {
            prop_assert!(bought.is_multiple_of(lot));
            prop_assert!(Cash::notional(at, bought).unwrap() <= budget);
            if let Ok(more) = bought.checked_add(lot) {
                prop_assert!(Cash::notional(at, more).map_or(true, |cost| cost > budget));
            }
        }
    }

    // Breaks if: a float limit price lands on the wrong side of the float.
    #[test]
    fn floats_to_ticks_and_decimals(mantissa in any::<u64>(), exponent in -70i32..51, tick in usual_units(), decimals in 0u32..13) {
        // Between 1e-21 and 2e15, scaled by exact halvings and doublings.
        let value = (0..exponent.abs()).fold(mantissa as f64 / u64::MAX as f64, |v, _| if exponent < 0 { v / 2.0 } else { v * 2.0 });
        let tick = price(tick.abs());
        // std prints the exact binary value at this many digits; its first twelve decimals are the floor.
        let exact = format!("{value:.1074}");
        let (cut, rest) = exact.split_at(exact.find('.').unwrap() + 13);
        let inexact = rest.bytes().any(|digit| digit != b'0');
        let floor = Price::parse(cut).map(|units| units.floor_to(tick));
        prop_assert_eq!(&floor, &Price::from_f64_floor(value, tick));
        let up = if inexact { price(1) } else { Price::ZERO };
        let ceil = Price::parse(cut).and_then(|units| units.checked_add(up)).and_then(|units| units.ceil_to(tick));
        prop_assert_eq!(ceil, Price::from_f64_ceil(value, tick));
        prop_assert_eq!(Cash::parse_rounded(&exact, decimals), Cash::from_f64_rounded(value, decimals));
    }

    // Breaks if: rounding to a step goes past a nearer one, or leaves the grid.
    #[test]
    fn steps_bracket(a in usual_units(), b in usual_units()) {
        let (value, tick) = (price(a.abs()), price(b.abs()));
        let (floor, nearest) = (value.floor_to(tick), value.nearest_to(tick));
        prop_assert!(floor <= value && floor.is_multiple_of(tick) && nearest.is_multiple_of(tick));
        if let Ok(ceil) = value.ceil_to(tick) {
            prop_assert!(ceil >= value && ceil.is_multiple_of(tick));
            let (down, up) = (Price::distance(value, floor), Price::distance(ceil, value));
            prop_assert_eq!(Price::distance(value, nearest), down.min(up));
        }
    }
}

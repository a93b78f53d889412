//! Which representation money should have: four candidates, the six things the engine does with money.
//!
//! Run with `cargo bench -p reprise-model --bench money`. Inputs are seeded; each figure is the best of
//! many rounds, in nanoseconds an operation, since others share the machine.

use reprise_model::{Cash, Price, Qty};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::cmp::Ordering;
use std::hint::black_box;
use std::io::Write;

/// Numbers in each set: too many for a branch predictor to learn by heart.
const COUNT: usize = 1 << 15;
/// Rounds of which the best counts.
const ROUNDS: usize = 40;

/// What a representation must do; `None` is an overflow or a text it cannot hold.
trait Candidate: Copy {
    const NAME: &'static str;
    /// A price and a quantity, in the same representation.
    type Factors: Copy;
    fn parse(text: &[u8]) -> Option<Self>;
    fn write(self, out: &mut Vec<u8>);
    fn order(self, other: Self) -> Ordering;
    fn add(self, other: Self) -> Option<Self>;
    fn factors(price: &[u8], qty: &[u8]) -> Option<Self::Factors>;
    fn notional(factors: Self::Factors) -> Option<Self>;
    fn float(self) -> f64;
}

/// The one in use: `i128` units of 1e-12.
impl Candidate for Cash {
    const NAME: &'static str = "i128 x 1e-12 (ours)";
    type Factors = (Price, Qty);

    #[inline]
    fn parse(text: &[u8]) -> Option<Self> {
        Self::parse_canonical(text).ok()
    }

    fn write(self, out: &mut Vec<u8>) {
        self.write_to(out);
    }

    fn order(self, other: Self) -> Ordering {
        self.cmp(&other)
    }

    fn add(self, other: Self) -> Option<Self> {
        self.checked_add(other).ok()
    }

    fn factors(price: &[u8], qty: &[u8]) -> Option<(Price, Qty)> {
        Some((Price::parse_canonical(price).ok()?, Qty::parse_canonical(qty).ok()?))
    }

    fn notional((price, qty): (Price, Qty)) -> Option<Self> {
        Self::notional(price, qty).ok()
    }

    fn float(self) -> f64 {
        self.to_f64()
    }
}

/// `i64` units of 1e-8: what most engines use. Holds neither 1e-12 nor more than 9.2e10.
#[derive(Clone, Copy)]
struct Small(i64);

/// `i64` digits and a count of decimals: a floating decimal.
#[derive(Clone, Copy)]
struct Scaled {
    mantissa: i64,
    scale: u8,
}

/// Digits with the point taken out, and the number of decimals; the shared part of two parsers.
fn digits(text: &[u8]) -> Option<(i64, usize)> {
    let (negative, body) = match text {
        [b'-', body @ ..] => (true, body),
        body => (false, body),
    };
    let (mut value, mut decimals, mut point) = (0i64, 0, false);
    for byte in body {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
            decimals += usize::from(point);
        } else if *byte == b'.' && !point {
            point = true;
        } else {
            return None;
        }
    }
    (!body.is_empty()).then_some((if negative { -value } else { value }, decimals))
}

/// Writes `value / 10^scale` without trailing zeros; the shared part of two writers.
fn write_digits(value: i64, scale: usize, out: &mut Vec<u8>) {
    let mut buffer = [b'0'; 24];
    let (mut rest, mut at) = (value.unsigned_abs(), buffer.len());
    let (mut written, mut shown) = (0, scale == 0);
    while rest != 0 || written <= scale {
        let digit = (rest % 10) as u8;
        rest /= 10;
        shown |= digit != 0 || written == scale;
        if shown {
            if written == scale && at != buffer.len() {
                at -= 1;
                buffer[at] = b'.';
            }
            at -= 1;
            buffer[at] = b'0' + digit;
        }
        written += 1;
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    out.extend_from_slice(&buffer[at..]);
}

const TENS: [i64; 19] = {
    let mut table = [1i64; 19];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// `value / divisor` half-even.
fn divide(value: i128, divisor: i128) -> Option<i64> {
    let (quotient, rest) = (value / divisor, (value % divisor).abs());
    let up = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 != 0);
    i64::try_from(if up { quotient + value.signum() } else { quotient }).ok()
}

impl Candidate for Small {
    const NAME: &'static str = "i64 x 1e-8";
    type Factors = (Self, Self);

    fn parse(text: &[u8]) -> Option<Self> {
        let (value, decimals) = digits(text)?;
        value.checked_mul(*TENS.get(8usize.checked_sub(decimals)?)?).map(Self)
    }

    fn write(self, out: &mut Vec<u8>) {
        write_digits(self.0, 8, out);
    }

    fn order(self, other: Self) -> Ordering {
        self.0.cmp(&other.0)
    }

    fn add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    fn factors(price: &[u8], qty: &[u8]) -> Option<(Self, Self)> {
        Some((Self::parse(price)?, Self::parse(qty)?))
    }

    fn notional((price, qty): (Self, Self)) -> Option<Self> {
        divide(i128::from(price.0) * i128::from(qty.0), 100_000_000).map(Self)
    }

    fn float(self) -> f64 {
        // Right below 2^53 units only; more would need the same care as ours.
        self.0 as f64 / 1e8
    }
}

impl Scaled {
    /// Both mantissas at the larger scale.
    fn align(self, other: Self) -> (i128, i128, u8) {
        let scale = self.scale.max(other.scale);
        let raise = |v: Self| i128::from(v.mantissa) * i128::from(TENS[usize::from(scale - v.scale)]);
        (raise(self), raise(other), scale)
    }
}

impl Candidate for Scaled {
    const NAME: &'static str = "i64 digits + u8 scale";
    type Factors = (Self, Self);

    fn parse(text: &[u8]) -> Option<Self> {
        let (mantissa, decimals) = digits(text)?;
        u8::try_from(decimals).ok().filter(|scale| *scale <= 18).map(|scale| Self { mantissa, scale })
    }

    fn write(self, out: &mut Vec<u8>) {
        write_digits(self.mantissa, usize::from(self.scale), out);
    }

    fn order(self, other: Self) -> Ordering {
        let (a, b, _) = self.align(other);
        a.cmp(&b)
    }

    fn add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.align(other);
        Some(Self { mantissa: i64::try_from(a + b).ok()?, scale })
    }

    fn factors(price: &[u8], qty: &[u8]) -> Option<(Self, Self)> {
        Some((Self::parse(price)?, Self::parse(qty)?))
    }

    fn notional((price, qty): (Self, Self)) -> Option<Self> {
        let product = i128::from(price.mantissa) * i128::from(qty.mantissa);
        let scale = price.scale + qty.scale;
        if let (Ok(mantissa), true) = (i64::try_from(product), scale <= 12) {
            return Some(Self { mantissa, scale });
        }
        let cut = scale.saturating_sub(12);
        divide(product, i128::from(TENS[usize::from(cut)]))
            .map(|mantissa| Self { mantissa, scale: scale - cut })
    }

    fn float(self) -> f64 {
        self.mantissa as f64 / TENS[usize::from(self.scale)] as f64
    }
}

impl Candidate for Decimal {
    const NAME: &'static str = "rust_decimal";
    type Factors = (Self, Self);

    fn parse(text: &[u8]) -> Option<Self> {
        Self::from_str_exact(std::str::from_utf8(text).ok()?).ok()
    }

    fn write(self, out: &mut Vec<u8>) {
        // Writing to a vec cannot fail.
        let _ = write!(out, "{self}");
    }

    fn order(self, other: Self) -> Ordering {
        self.cmp(&other)
    }

    fn add(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn factors(price: &[u8], qty: &[u8]) -> Option<(Self, Self)> {
        Some((Self::parse(price)?, Self::parse(qty)?))
    }

    fn notional((price, qty): (Self, Self)) -> Option<Self> {
        price.checked_mul(qty).map(|product| product.round_dp(12))
    }

    fn float(self) -> f64 {
        self.to_f64().unwrap_or_default()
    }
}

/// Best nanoseconds an operation over all rounds.
#[expect(clippy::disallowed_types, reason = "a benchmark reads the clock; the room itself does not")]
fn time(mut round: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = std::time::Instant::now();
        round();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e9 / COUNT as f64
}

/// Keeps a result from being optimised away.
fn sink<T>(value: T) {
    let _ = black_box(value);
}

/// Times the six operations; NaN where the candidate cannot hold the set.
fn measure<C: Candidate>(left: &[Vec<u8>], right: &[Vec<u8>]) -> [f64; 6] {
    let values: Option<Vec<C>> = left.iter().map(|text| C::parse(text)).collect();
    let factors: Option<Vec<_>> = left.iter().zip(right).map(|(price, qty)| C::factors(price, qty)).collect();
    let (Some(values), Some(factors)) = (values, factors) else { return [f64::NAN; 6] };
    let mut out = Vec::with_capacity(COUNT * 40);
    [
        time(|| left.iter().for_each(|text| sink(C::parse(text)))),
        time(|| {
            out.clear();
            values.iter().for_each(|value| value.write(&mut out));
            black_box(&out);
        }),
        time(|| values.windows(2).for_each(|two| sink(two[0].order(two[1])))),
        time(|| values.windows(2).for_each(|two| sink(two[0].add(two[1])))),
        time(|| factors.iter().for_each(|factors| sink(C::notional(*factors)))),
        time(|| values.iter().for_each(|value| sink(value.float()))),
    ]
}

/// Canonical texts of `low..high` over `10^decimals`, from a seeded splitmix64.
fn texts(seed: u64, low: u64, high: u64, decimals: &[usize]) -> Vec<Vec<u8>> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let one = |_| {
        let scale = decimals[next() as usize % decimals.len()];
        let digits = (low + next() % (high - low)) as i64;
        let mut text = Vec::new();
        write_digits(digits, scale, &mut text);
        text
    };
    (0..COUNT).map(one).collect()
}

fn table(title: &str, left: &[Vec<u8>], right: &[Vec<u8>]) {
    let sample: Vec<_> =
        left.iter().zip(right).take(3).map(|(a, b)| [a, b].map(|t| String::from_utf8_lossy(t))).collect();
    println!(
        "\n{title}: {sample:?}\n{:<24}{:>8}{:>8}{:>8}{:>8}{:>9}{:>8}",
        "ns/op", "parse", "format", "compare", "add", "notional", "to_f64"
    );
    let rows = [
        (Cash::NAME, measure::<Cash>(left, right)),
        (Small::NAME, measure::<Small>(left, right)),
        (Scaled::NAME, measure::<Scaled>(left, right)),
        (Decimal::NAME, measure::<Decimal>(left, right)),
    ];
    for (name, [parse, format, compare, add, notional, float]) in rows {
        println!("{name:<24}{parse:>8.1}{format:>8.1}{compare:>8.1}{add:>8.1}{notional:>9.1}{float:>8.1}");
    }
}

fn main() {
    let prices = texts(1, 1_000_000, 10_000_000, &[2]);
    let sizes = texts(2, 1, 1_000_000, &[3, 4, 5]);
    table("usual (prices of 2 decimals, sizes of 3 to 5)", &prices, &sizes);
    let prices = texts(3, 1, 10_000_000, &[2, 4, 6, 8]);
    let sizes = texts(4, 1, 100_000_000, &[0, 1, 2, 8]);
    table("mixed scales", &prices, &sizes);
    let costs = texts(5, 1_000_000_000_000_000, 900_000_000_000_000_000, &[9, 10]);
    let sizes = texts(6, 1_000_000_000_000, 1_000_000_000_000_000, &[12]);
    table("wide (costs to 9e8, 12 decimals)", &costs, &sizes);
}

//! The one representation behind [`crate::money`]: a signed count of 1e-12 units in an `i128`.
//!
//! Nothing here knows what a price or a quantity is; nothing outside the crate can see a unit.
//! Every result is range-checked against [`Fixed::MAX`], so no operation wraps or panics.
//! The text form is in `text`; this file holds the arithmetic and the two doors to `f64`.
//!
//! Why this representation: nanoseconds an operation by `benches/money.rs`, best of 40 rounds on a shared
//! two-core machine (ratios hold, absolute figures move), for prices like 64285.19 and sizes like 17.0934:
//!
//! | | parse | format | compare | add | notional | to `f64` |
//! | --- | ---: | ---: | ---: | ---: | ---: | ---: |
//! | `i128` of 1e-12 (this) | 9.8 | 12.8 | 1.1 | 1.7 | 12.5 | 2.2 |
//! | `i64` of 1e-8 | 9.7 | 30.6 | 0.7 | 0.7 | 7.2 | 1.5 |
//! | `i64` digits, `u8` scale | 9.8 | 18.5 | 2.3 | 2.6 | 1.2 | 1.5 |
//! | `rust_decimal` | 18.3 | 57.4 | 6.3 | 5.4 | 11.1 | 25.8 |
//!
//! - `i64` of 1e-8 is the fastest at sums but ends at 9.2e10 and cannot write 1e-12: no room for tokens
//!   priced in millionths, nor for a notional kept to the last digit.
//! - A scale beside the digits makes each comparison and sum an alignment, one value has several forms,
//!   and a product overflows into a division as soon as both sides use their digits (26 against 17 for
//!   wide costs).
//! - `rust_decimal` has the room and costs 2 to 12 times as much at all but the product of short numbers
//!   (77 against 17 for wide costs).
//! - The figures for text say more of the code than of the representation: the first two rivals read and
//!   write digit by digit, this eight digits at a time.

mod text;

use ethnum::U256;

/// Fractional decimal digits held: one unit is 1e-12.
pub(crate) const DECIMALS: u32 = 12;
/// Units in 1.
const ONE: u64 = 1_000_000_000_000;
/// `ONE` is `2^12 * 5^12`; division by it is a shift and a division by this 28-bit number.
const FIVE_POW_12: u64 = 244_140_625;
/// The largest magnitude, in units: 1e15.
const MAX: u128 = 1_000_000_000_000_000 * ONE as u128;

/// Powers of ten up to the largest magnitude in units (1e27).
const POW10: [u128; 28] = {
    let mut table = [1u128; 28];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// Why an amount could not be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text had no characters.
    #[error("the text is empty where a decimal number is expected")]
    Empty,
    /// The text is not a decimal number.
    #[error("{text:?} is not a decimal number (write it like 1250 or -0.5)")]
    NotANumber {
        /// The text, clipped to 40 characters.
        text: Box<str>,
    },
    /// The text is a number, but not in the only form the journal uses.
    #[error("{text:?} is a number but not in canonical form, which is {canonical}")]
    NotCanonical {
        /// The text, clipped to 40 characters.
        text: Box<str>,
        /// The same number as the journal writes it.
        canonical: Box<str>,
    },
    /// The number has non-zero digits past the twelfth decimal.
    #[error("{text:?} has more than 12 decimals; round it first")]
    TooPrecise {
        /// The text, clipped to 40 characters.
        text: Box<str>,
    },
    /// The magnitude is beyond 1e15.
    #[error("the amount is beyond 1e15, the largest magnitude held")]
    Overflow,
    /// A price would be below zero.
    #[error("a price cannot be negative, and this one would be {value}")]
    Negative {
        /// The value, in canonical form.
        value: Box<str>,
    },
    /// The divisor is zero.
    #[error("{dividend} cannot be divided by zero")]
    DivisionByZero {
        /// The amount that was to be divided, in canonical form.
        dividend: Box<str>,
    },
    /// A floating-point number was NaN or infinite.
    #[error("{value} is not a finite number")]
    NotFinite {
        /// What it was.
        value: Box<str>,
    },
}

/// A signed decimal: a count of 1e-12 units, never beyond `±MAX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Fixed(i128);

/// Which multiple of a step to take when a value lies between two.
#[derive(Clone, Copy)]
pub(crate) enum Towards {
    /// The multiple nearer to zero.
    Zero,
    /// The multiple farther from zero.
    Away,
    /// The nearer multiple; halfway, the even one.
    Nearest,
}

impl Fixed {
    /// 0.
    pub(crate) const ZERO: Self = Self(0);
    /// 1.
    pub(crate) const ONE: Self = Self(ONE as i128);
    /// 1e15.
    pub(crate) const MAX: Self = Self(MAX as i128);

    /// The count of units.
    #[inline]
    pub(crate) const fn units(self) -> i128 {
        self.0
    }

    /// A signed count of units, if within the bound.
    #[inline]
    fn from_units(units: i128) -> Result<Self, MoneyError> {
        if units.unsigned_abs() <= MAX { Ok(Self(units)) } else { Err(MoneyError::Overflow) }
    }

    /// A sign and a magnitude in units, if within the bound.
    #[inline]
    fn from_parts(negative: bool, magnitude: u128) -> Result<Self, MoneyError> {
        if magnitude > MAX {
            return Err(MoneyError::Overflow);
        }
        let units = magnitude as i128;
        Ok(Self(if negative { -units } else { units }))
    }

    /// A whole number.
    #[inline]
    pub(crate) fn from_int(value: i64) -> Result<Self, MoneyError> {
        // |i64| * 1e12 < 2^103: cannot wrap.
        Self::from_units(i128::from(value) * i128::from(ONE))
    }

    /// `self + other`.
    #[inline]
    pub(crate) fn add(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_units(self.0 + other.0)
    }

    /// `self - other`.
    #[inline]
    pub(crate) fn sub(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_units(self.0 - other.0)
    }

    /// `-self`; total because the bound is symmetric.
    #[inline]
    pub(crate) const fn neg(self) -> Self {
        Self(-self.0)
    }

    /// `|self|`.
    #[inline]
    pub(crate) const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// `self * count`, exact.
    pub(crate) fn mul_int(self, count: i64) -> Result<Self, MoneyError> {
        Self::from_units(self.0.checked_mul(i128::from(count)).ok_or(MoneyError::Overflow)?)
    }

    /// `self * other`, rounded half-even to a unit once.
    #[inline]
    pub(crate) fn mul(self, other: Self) -> Result<Self, MoneyError> {
        let (a, b) = (self.0.unsigned_abs(), other.0.unsigned_abs());
        if (a | b) >> 63 != 0 {
            return self.mul_div(other, Self::ONE);
        }
        // Both fit 63 bits, that is 9.2 million each: most notionals, in one hardware multiplication.
        let (quotient, remainder) = div_rem_one(u128::from(a as u64) * u128::from(b as u64));
        let rounded = half_even(quotient, u128::from(remainder), u128::from(ONE));
        Self::from_parts((self.0 < 0) != (other.0 < 0), rounded)
    }

    /// `self * factor / divisor`, rounded half-even to a unit once, from a 256-bit product.
    pub(crate) fn mul_div(self, factor: Self, divisor: Self) -> Result<Self, MoneyError> {
        let (a, b, d) = (self.0.unsigned_abs(), factor.0.unsigned_abs(), divisor.0.unsigned_abs());
        if d == 0 {
            return Err(MoneyError::DivisionByZero { dividend: self.to_box() });
        }
        let (quotient, remainder) = match a.checked_mul(b) {
            Some(product) => div_rem(product, d),
            None => {
                let (product, wide) = (U256::from(a) * U256::from(b), U256::from(d));
                let quotient = product / wide;
                if quotient > U256::from(MAX) {
                    return Err(MoneyError::Overflow);
                }
                // Both are below 2^128: the quotient was just compared, the remainder is below `d`.
                (quotient.as_u128(), (product - quotient * wide).as_u128())
            }
        };
        if quotient > MAX {
            return Err(MoneyError::Overflow);
        }
        let negative = (self.0 < 0) ^ (factor.0 < 0) ^ (divisor.0 < 0);
        Self::from_parts(negative, half_even(quotient, remainder, d))
    }

    /// Half of `self + other`, rounded half-even to a unit.
    #[inline]
    pub(crate) fn mid(self, other: Self) -> Self {
        let sum = self.0 + other.0;
        let floor = sum >> 1;
        // An odd sum lies exactly between two units; take the even one.
        Self(floor + (sum & 1 & floor))
    }

    /// Whether `self` is a whole number of steps. A zero step divides everything.
    #[inline]
    pub(crate) fn is_multiple_of(self, step: Self) -> bool {
        let step = step.0.unsigned_abs();
        step == 0 || div_rem(self.0.unsigned_abs(), step).1 == 0
    }

    /// The multiple of `step` chosen by `towards`. A zero step leaves the value as it is.
    #[inline]
    pub(crate) fn to_multiple(self, step: Self, towards: Towards) -> Result<Self, MoneyError> {
        let (magnitude, step) = (self.0.unsigned_abs(), step.0.unsigned_abs());
        if step == 0 {
            return Ok(self);
        }
        let (count, remainder) = div_rem(magnitude, step);
        let below = magnitude - remainder;
        let up = remainder != 0
            && match towards {
                Towards::Zero => false,
                Towards::Away => true,
                Towards::Nearest => half_even(count, remainder, step) != count,
            };
        Self::from_parts(self.0 < 0, if up { below + step } else { below })
    }

    /// The multiple of `step` nearer to zero: never out of range.
    #[inline]
    pub(crate) fn truncate_to(self, step: Self) -> Self {
        self.to_multiple(step, Towards::Zero).unwrap_or(self)
    }

    /// The nearest multiple of `step` that is within the bound.
    #[inline]
    pub(crate) fn nearest_to(self, step: Self) -> Self {
        self.to_multiple(step, Towards::Nearest).unwrap_or_else(|_| self.truncate_to(step))
    }

    /// The largest multiple of `step` whose product with `price`, rounded as [`Fixed::mul`] rounds, is at
    /// most `self`. All three are taken as non-negative; a zero step counts as one unit.
    pub(crate) fn largest_within(self, price: Self, step: Self) -> Result<Self, MoneyError> {
        let (budget, step) = (self.0.unsigned_abs(), step.0.unsigned_abs().max(1));
        let price = price.0.unsigned_abs();
        if price == 0 {
            return Err(MoneyError::DivisionByZero { dividend: self.to_box() });
        }
        // A product rounds to at most `budget` while it is below `budget + 1/2`, and at exactly that
        // half when `budget` is even. In half units: count * 2 * price * step <= (2 * budget + 1) * ONE.
        let limit = U256::from(2 * budget + 1) * U256::from(ONE);
        let each = U256::from(price) * U256::from(step) * U256::from(2u32);
        let mut count = limit / each;
        if budget & 1 == 1 && count * each == limit {
            count -= U256::ONE;
        }
        if count > U256::from(MAX) {
            return Err(MoneyError::Overflow);
        }
        Self::from_parts(false, count.as_u128().checked_mul(step).ok_or(MoneyError::Overflow)?)
    }

    /// Fractional digits of the canonical text, 0 to 12.
    pub(crate) fn decimals(self) -> u32 {
        DECIMALS.saturating_sub(self.trailing_zeros())
    }

    /// Digits from the first to the last non-zero one; 0 for zero.
    pub(crate) fn significant_digits(self) -> u32 {
        if self.0 == 0 { 0 } else { self.0.unsigned_abs().ilog10() + 1 - self.trailing_zeros() }
    }

    /// `self` cut or raised to `digits` significant digits; 0 digits leaves it as it is.
    pub(crate) fn to_significant(self, digits: u32, towards: Towards) -> Result<Self, MoneyError> {
        let held = self.0.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
        if digits == 0 || held <= digits {
            return Ok(self);
        }
        // held <= 28, so the step is at most 10^27: the bound itself.
        self.to_multiple(Self(POW10[(held - digits) as usize] as i128), towards)
    }

    /// Decimal zeros at the end of the unit count (28 for zero).
    fn trailing_zeros(self) -> u32 {
        let magnitude = self.0.unsigned_abs();
        if magnitude == 0 {
            return 28;
        }
        let (mut rest, mut zeros) = (magnitude, 0);
        loop {
            let (quotient, remainder) = div_rem(rest, 10);
            if remainder != 0 {
                return zeros;
            }
            (rest, zeros) = (quotient, zeros + 1);
        }
    }
}

/// The two doors between decimals and binary floating point.
impl Fixed {
    /// The nearest `f64`, halves to the even mantissa: what `text.parse::<f64>()` gives for the
    /// canonical text, without the text.
    #[inline]
    pub(crate) fn to_f64(self) -> f64 {
        const EXACT: u64 = 1 << 53;
        let magnitude = self.0.unsigned_abs();
        let Ok(small) = u64::try_from(magnitude) else {
            return self.to_f64_exact();
        };
        // An exact integer over an exact power of ten: the one division rounds once, correctly. A 64-bit
        // count less six zeros is always below 2^53.
        let value = if small < EXACT {
            small as f64 / 1e12
        } else if small.is_multiple_of(1_000_000) {
            (small / 1_000_000) as f64 / 1e6
        } else {
            return self.to_f64_exact();
        };
        if self.0 < 0 { -value } else { value }
    }

    /// As [`Fixed::to_f64`], for any value: a 63-bit quotient with a sticky bit, rounded by the cast.
    fn to_f64_exact(self) -> f64 {
        let magnitude = self.0.unsigned_abs();
        if magnitude == 0 {
            return 0.0;
        }
        // Bring the top bit to place 90, so that the quotient by 5^12 has 63 or 64 bits, far more than
        // the 53 kept; its lowest bit then only has to say whether anything non-zero follows.
        let shift = magnitude.leading_zeros() as i32 - 37;
        let scaled = magnitude << shift;
        let top = (scaled >> 64) as u64;
        let middle = ((top % FIVE_POW_12) << 32) | u64::from((scaled >> 32) as u32);
        let low = ((middle % FIVE_POW_12) << 32) | u64::from(scaled as u32);
        let quotient = ((middle / FIVE_POW_12) << 32) | (low / FIVE_POW_12);
        let sticky = u64::from(!low.is_multiple_of(FIVE_POW_12));
        let value = (quotient | sticky) as f64 * power_of_two(-(shift + 12));
        if self.0 < 0 { -value } else { value }
    }

    /// The exact binary value rounded half-even to `decimals` (more than 12 count as 12).
    pub(crate) fn from_f64_rounded(value: f64, decimals: u32) -> Result<Self, MoneyError> {
        let decimals = decimals.min(DECIMALS);
        let split = SplitFloat::new(value, decimals)?;
        let rounded = half_even(split.whole, split.rest, split.divisor);
        Self::from_parts(value < 0.0, rounded * POW10[(DECIMALS - decimals) as usize])
    }

    /// The multiple of `step` next to the exact binary value, towards zero or away from it. A zero step
    /// counts as one unit.
    pub(crate) fn from_f64_stepped(value: f64, step: Self, towards: Towards) -> Result<Self, MoneyError> {
        let split = SplitFloat::new(value, DECIMALS)?;
        // Rounding to units first and to the step after is exact: both go the same way, and every
        // multiple of the step is a whole number of units.
        let up = matches!(towards, Towards::Away) && split.rest != 0;
        Self::from_parts(value < 0.0, split.whole + u128::from(up))?.to_multiple(step, towards)
    }
}

/// A float's magnitude times a power of ten, exactly: `whole + rest / divisor`.
struct SplitFloat {
    whole: u128,
    rest: u128,
    divisor: u128,
}

impl SplitFloat {
    /// Splits `|value| * 10^decimals`.
    fn new(value: f64, decimals: u32) -> Result<Self, MoneyError> {
        if !value.is_finite() {
            return Err(MoneyError::NotFinite { value: value.to_string().into() });
        }
        let bits = value.to_bits();
        let field = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        // |value| = mantissa * 2^exponent; a zero field is a subnormal, without the hidden bit.
        let (mantissa, exponent) =
            if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        if exponent >= 0 {
            // The hidden bit is set, so |value| is 2^52 or more: 4.5e15, beyond the bound.
            return Err(MoneyError::Overflow);
        }
        // mantissa * 10^12 < 2^93, so past 127 places only `rest`, below one half, is left anyway.
        let places = exponent.unsigned_abs().min(127);
        let scaled = u128::from(mantissa) * POW10[decimals as usize];
        let divisor = 1u128 << places;
        Ok(Self { whole: scaled >> places, rest: scaled & (divisor - 1), divisor })
    }
}

/// `2^exponent` for exponents of normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// `quotient` or the next one up, for a remainder of `remainder / divisor`: nearest, halves to even.
/// This is the one rounding of money.
#[inline]
fn half_even(quotient: u128, remainder: u128, divisor: u128) -> u128 {
    let rest = divisor - remainder;
    // Without a branch: which way a remainder falls cannot be predicted.
    let up = (remainder > rest) | ((remainder == rest) & (quotient & 1 == 1));
    quotient + u128::from(up)
}

/// Quotient and remainder by `ONE`, without the slow 128-bit library division: three steps of
/// schoolbook division by 5^12, each a 64-bit division by a constant (a multiplication).
#[inline]
fn div_rem_one(value: u128) -> (u128, u64) {
    const MASK: u64 = (1 << 36) - 1;
    let shifted = value >> 12;
    let top = (shifted >> 72) as u64;
    // A remainder is below 2^28; with 36 more bits it still fits 64.
    let middle = ((top % FIVE_POW_12) << 36) | ((shifted >> 36) as u64 & MASK);
    let low = ((middle % FIVE_POW_12) << 36) | (shifted as u64 & MASK);
    let quotient = (u128::from(top / FIVE_POW_12) << 72)
        | (u128::from(middle / FIVE_POW_12) << 36)
        | u128::from(low / FIVE_POW_12);
    (quotient, ((low % FIVE_POW_12) << 12) | (value as u64 & 0xfff))
}

/// Quotient and remainder, in 64 bits when both fit; `divisor` is not zero.
#[inline]
fn div_rem(value: u128, divisor: u128) -> (u128, u128) {
    match (u64::try_from(value), u64::try_from(divisor)) {
        (Ok(value), Ok(divisor)) => (u128::from(value / divisor), u128::from(value % divisor)),
        _ => (value / divisor, value % divisor),
    }
}

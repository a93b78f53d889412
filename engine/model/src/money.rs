//! Money: [`Price`], [`Qty`], [`Cash`] and [`Rate`], exact decimals that cannot be mixed up.
//!
//! Each holds multiples of 1e-12 up to ±1e15; what lies beyond is [`MoneyError::Overflow`], never a wrap
//! or a panic. Sums and differences are exact. A product or quotient is taken in full width and rounded
//! once, half-even, to 1e-12: the only rounding here besides those that are asked for by name.
//! The text form is canonical: equal values are equal bytes.

pub use crate::decimal::MoneyError;
use crate::decimal::{Fixed, Towards};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// What the four types share. The type itself says which values it admits, in `admit`.
macro_rules! money {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Fixed);

        impl $name {
            /// 0.
            pub const ZERO: Self = Self(Fixed::ZERO);
            /// 1.
            pub const ONE: Self = Self(Fixed::ONE);
            /// The largest value, 1e15.
            pub const MAX: Self = Self(Fixed::MAX);

            /// Reads `[+-]digits[.digits][e[+-]digits]`; one side of the point may be empty.
            ///
            /// # Errors
            /// Not a number, a non-zero digit past the twelfth decimal, or a value not admitted.
            pub fn parse(text: &str) -> Result<Self, MoneyError> {
                Self::admit(Fixed::parse(text)?)
            }

            /// As [`Self::parse`], with any number of digits, rounded half-even to `decimals` (more than
            /// 12 count as 12): for sources that print float noise.
            ///
            /// # Errors
            /// Not a number, or a value not admitted after rounding.
            pub fn parse_rounded(text: &str, decimals: u32) -> Result<Self, MoneyError> {
                Self::admit(Fixed::parse_rounded(text, decimals)?)
            }

            /// Reads the canonical form only, which is what the journal holds.
            ///
            /// # Errors
            /// [`MoneyError::NotCanonical`] for a number written another way; else as [`Self::parse`].
            #[inline]
            pub fn parse_canonical(text: &[u8]) -> Result<Self, MoneyError> {
                Self::admit(Fixed::parse_canonical(text)?)
            }

            /// The canonical form that begins `text` and is ended by a quote, and its length in bytes;
            /// nothing if there is none.
            #[inline(always)]
            pub(crate) fn canonical_before_quote(text: &[u8]) -> Option<(Self, usize)> {
                let (value, length) = Fixed::canonical_before_quote(text)?;
                Some((Self::admit(value).ok()?, length))
            }

            /// Appends the canonical form.
            #[inline]
            pub fn write_to(self, out: &mut Vec<u8>) {
                self.0.write_to(out);
            }

            /// A whole number.
            ///
            /// # Errors
            /// Beyond the bound, or not admitted.
            #[inline]
            pub fn from_int(value: i64) -> Result<Self, MoneyError> {
                Self::admit(Fixed::from_int(value)?)
            }

            /// The float's exact binary value, rounded half-even to `decimals` (more than 12 count as
            /// 12). So 2.675, which in binary is a little less, gives 2.67 at two decimals.
            ///
            /// # Errors
            /// NaN, infinite, beyond the bound, or not admitted after rounding.
            pub fn from_f64_rounded(value: f64, decimals: u32) -> Result<Self, MoneyError> {
                Self::admit(Fixed::from_f64_rounded(value, decimals)?)
            }

            /// The nearest `f64`, halves to the even mantissa: as `str::parse::<f64>` of the canonical
            /// text. For estimates and display; never for accounts.
            #[inline]
            pub fn to_f64(self) -> f64 {
                self.0.to_f64()
            }

            /// A number that is equal for equal values. Only for hashing: its scale may change.
            #[inline]
            pub const fn to_bits(self) -> i128 {
                self.0.units()
            }

            /// `self + other`, exact.
            ///
            /// # Errors
            /// Beyond the bound.
            #[inline]
            pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
                Self::admit(self.0.add(other.0)?)
            }

            /// `self - other`, exact.
            ///
            /// # Errors
            /// Beyond the bound, or not admitted.
            #[inline]
            pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
                Self::admit(self.0.sub(other.0)?)
            }

            /// `self * rate`, rounded half-even to 1e-12.
            ///
            /// # Errors
            /// Beyond the bound, or not admitted.
            #[inline]
            pub fn checked_mul_rate(self, rate: Rate) -> Result<Self, MoneyError> {
                Self::admit(self.0.mul(rate.0)?)
            }

            /// Whether it is 0.
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0.units() == 0
            }

            /// Whether it is above 0.
            #[inline]
            pub const fn is_positive(self) -> bool {
                self.0.units() > 0
            }

            /// Digits after the point in the canonical form, 0 to 12.
            pub fn decimals(self) -> u32 {
                self.0.decimals()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.display(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = MoneyError;

            fn from_str(text: &str) -> Result<Self, MoneyError> {
                Self::parse(text)
            }
        }

        /// The canonical form, as a string.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        /// From a string as [`Self::parse`] reads it, an integer, or a float (its shortest decimal text).
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::admit(deserializer.deserialize_any(DecimalVisitor)?).map_err(de::Error::custom)
            }
        }
    };
}

/// What the signed ones share besides.
macro_rules! signed {
    ($name:ident) => {
        impl $name {
            /// Every value within the bound is admitted.
            #[inline]
            const fn admit(value: Fixed) -> Result<Self, MoneyError> {
                Ok(Self(value))
            }

            /// `-self`.
            #[inline]
            #[must_use]
            pub const fn neg(self) -> Self {
                Self(self.0.neg())
            }

            /// `|self|`.
            #[inline]
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }

            /// Whether it is below 0.
            #[inline]
            pub const fn is_negative(self) -> bool {
                self.0.units() < 0
            }

            /// -1, 0 or 1.
            #[inline]
            pub const fn signum(self) -> i32 {
                self.0.units().signum() as i32
            }
        }
    };
}

money! {
    /// Units of the quote asset for one of the base asset; never negative.
    Price
}
money! {
    /// A number of base-asset units or contracts; negative when sold or short.
    Qty
}
money! {
    /// An amount of one asset; negative when owed or paid.
    Cash
}
money! {
    /// A fraction: 0.0004 is four basis points. Negative for a rebate.
    Rate
}
signed!(Qty);
signed!(Cash);
signed!(Rate);

impl Price {
    /// A price is zero or more.
    #[inline]
    fn admit(value: Fixed) -> Result<Self, MoneyError> {
        if value.units() < 0 { Err(MoneyError::Negative { value: value.to_box() }) } else { Ok(Self(value)) }
    }

    /// Half-way between two prices, rounded half-even to 1e-12.
    #[inline]
    pub fn mid(a: Self, b: Self) -> Self {
        Self(a.0.mid(b.0))
    }

    /// `self * count`, exact: so many ticks.
    ///
    /// # Errors
    /// Beyond the bound, or below zero.
    #[inline]
    pub fn checked_mul_int(self, count: i64) -> Result<Self, MoneyError> {
        Self::admit(self.0.mul_int(count)?)
    }

    /// The absolute difference of two prices.
    #[inline]
    pub fn distance(a: Self, b: Self) -> Self {
        // Both lie between 0 and the bound, so the difference does too.
        Self(a.0.sub(b.0).unwrap_or_default().abs())
    }

    /// Whether it is a whole number of ticks; every price is one of a zero tick.
    #[inline]
    pub fn is_multiple_of(self, tick: Self) -> bool {
        self.0.is_multiple_of(tick.0)
    }

    /// The largest multiple of `tick` at or below it; itself for a zero tick.
    #[inline]
    #[must_use]
    pub fn floor_to(self, tick: Self) -> Self {
        Self(self.0.truncate_to(tick.0))
    }

    /// The smallest multiple of `tick` at or above it; itself for a zero tick.
    ///
    /// # Errors
    /// That multiple is beyond the bound.
    #[inline]
    pub fn ceil_to(self, tick: Self) -> Result<Self, MoneyError> {
        self.0.to_multiple(tick.0, Towards::Away).map(Self)
    }

    /// The nearest multiple of `tick` within the bound; half-way, the even multiple; itself for a zero
    /// tick.
    #[inline]
    #[must_use]
    pub fn nearest_to(self, tick: Self) -> Self {
        Self(self.0.nearest_to(tick.0))
    }

    /// Digits from the first non-zero one to the last: 4 for 0.01205, 2 for 1200, 0 for 0.
    pub fn significant_digits(self) -> u32 {
        self.0.significant_digits()
    }

    /// The largest price at or below it with at most `digits` significant digits; itself for 0 digits.
    #[must_use]
    pub fn floor_significant(self, digits: u32) -> Self {
        // Towards zero the result is never out of range.
        Self(self.0.to_significant(digits, Towards::Zero).unwrap_or(self.0))
    }

    /// The smallest price at or above it with at most `digits` significant digits; itself for 0 digits.
    ///
    /// # Errors
    /// None today: the bound is a power of ten, and no rounding up passes one. A `Result` as its sibling
    /// [`Self::ceil_to`] has, so that callers do not lean on that.
    pub fn ceil_significant(self, digits: u32) -> Result<Self, MoneyError> {
        self.0.to_significant(digits, Towards::Away).map(Self)
    }

    /// The largest multiple of `tick` at or below the exact binary value; a zero tick counts as 1e-12.
    ///
    /// # Errors
    /// Negative, NaN, infinite or beyond the bound.
    pub fn from_f64_floor(value: f64, tick: Self) -> Result<Self, MoneyError> {
        Self::from_f64_stepped(value, tick, Towards::Zero)
    }

    /// The smallest multiple of `tick` at or above the exact binary value; a zero tick counts as 1e-12.
    ///
    /// # Errors
    /// Negative, NaN, infinite, or a multiple beyond the bound.
    pub fn from_f64_ceil(value: f64, tick: Self) -> Result<Self, MoneyError> {
        Self::from_f64_stepped(value, tick, Towards::Away)
    }

    fn from_f64_stepped(value: f64, tick: Self, towards: Towards) -> Result<Self, MoneyError> {
        if value < 0.0 {
            return Err(MoneyError::Negative { value: value.to_string().into() });
        }
        Fixed::from_f64_stepped(value, tick.0, towards).map(Self)
    }
}

impl Qty {
    /// Whether it is a whole number of lots; every quantity is one of a zero lot.
    #[inline]
    pub fn is_multiple_of(self, lot: Self) -> bool {
        self.0.is_multiple_of(lot.0)
    }

    /// The multiple of `lot` next to it towards zero; itself for a zero lot.
    #[inline]
    #[must_use]
    pub fn floor_to(self, lot: Self) -> Self {
        Self(self.0.truncate_to(lot.0))
    }

    /// The nearest multiple of `lot` within the bound; half-way, the even multiple; itself for a zero
    /// lot.
    #[inline]
    #[must_use]
    pub fn nearest_to(self, lot: Self) -> Self {
        Self(self.0.nearest_to(lot.0))
    }

    /// The largest multiple of `lot` whose [`Cash::notional`] at `price` is at most `cash`; 0 when `cash`
    /// is negative. A zero lot counts as 1e-12.
    ///
    /// # Errors
    /// The price is zero, or the quantity is beyond the bound.
    pub fn bought_with(cash: Cash, price: Price, lot: Self) -> Result<Self, MoneyError> {
        if cash.is_negative() {
            return Ok(Self::ZERO);
        }
        cash.0.largest_within(price.0, lot.0).map(Self)
    }
}

impl Cash {
    /// `price * qty`, signed as `qty`, rounded half-even to 1e-12 once.
    ///
    /// # Errors
    /// Beyond the bound.
    #[inline]
    pub fn notional(price: Price, qty: Qty) -> Result<Self, MoneyError> {
        price.0.mul(qty.0).map(Self)
    }

    /// `self * price`: an amount converted at a rate of exchange, rounded half-even to 1e-12.
    ///
    /// # Errors
    /// Beyond the bound.
    #[inline]
    pub fn checked_mul_price(self, price: Price) -> Result<Self, MoneyError> {
        self.0.mul(price.0).map(Self)
    }

    /// `self * count`, exact.
    ///
    /// # Errors
    /// Beyond the bound.
    pub fn checked_mul_int(self, count: i64) -> Result<Self, MoneyError> {
        self.0.mul_int(count).map(Self)
    }

    /// `self * part / whole`, rounded half-even to 1e-12 once: the cost of a part of a position.
    ///
    /// # Errors
    /// `whole` is zero, or the result is beyond the bound.
    #[inline]
    pub fn prorate(self, part: Qty, whole: Qty) -> Result<Self, MoneyError> {
        self.0.mul_div(part.0, whole.0).map(Self)
    }

    /// `self / qty`, the average price, rounded half-even to 1e-12.
    ///
    /// # Errors
    /// `qty` is zero, the signs differ, or the price is beyond the bound.
    #[inline]
    pub fn per_unit(self, qty: Qty) -> Result<Price, MoneyError> {
        Price::admit(self.0.mul_div(Fixed::ONE, qty.0)?)
    }

    /// `self / other`, rounded half-even to 1e-12.
    ///
    /// # Errors
    /// `other` is zero, or the ratio is beyond the bound.
    #[inline]
    pub fn ratio(self, other: Self) -> Result<Rate, MoneyError> {
        self.0.mul_div(Fixed::ONE, other.0).map(Rate)
    }

    /// The sum, exact.
    ///
    /// # Errors
    /// A partial sum is beyond the bound.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

impl Rate {
    /// `self * other`, rounded half-even to 1e-12.
    ///
    /// # Errors
    /// Beyond the bound.
    #[inline]
    pub fn checked_mul(self, other: Self) -> Result<Self, MoneyError> {
        self.checked_mul_rate(other)
    }
}

/// Reads a decimal from whatever the format at hand calls a number.
struct DecimalVisitor;

impl de::Visitor<'_> for DecimalVisitor {
    type Value = Fixed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, as \"0.5\" or 0.5")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Fixed, E> {
        Fixed::parse(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Fixed, E> {
        Fixed::from_int(value).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Fixed, E> {
        i64::try_from(value).map_err(|_| MoneyError::Overflow).and_then(Fixed::from_int).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Fixed, E> {
        // The shortest text that reads back as this float: what a person wrote in the file.
        Fixed::parse(&value.to_string()).map_err(E::custom)
    }
}

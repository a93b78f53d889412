//! Decimal text, both ways: the lenient grammar of people and venues, and the canonical form.
//!
//! Canonical is `-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?`, at most 12 decimals, never "-0": one text for one
//! value, so equal journals are equal bytes.

use crate::codec::leading_digits;

use super::{DECIMALS, Fixed, MAX, MoneyError, ONE, POW10, div_rem_one};
use std::str;

/// Characters of a refused text that an error repeats.
const CLIP: usize = 40;
/// Units in one of the last place, by the number of decimals.
const UNITS_AT: [u64; DECIMALS as usize + 1] = {
    let mut table = [ONE; DECIMALS as usize + 1];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] / 10;
        i += 1;
    }
    table
};
/// Digits before the point in the largest value, 1e15.
const MAX_INTEGER_DIGITS: usize = 16;

impl Fixed {
    /// Appends the canonical text.
    #[inline]
    pub(crate) fn write_to(self, out: &mut Vec<u8>) {
        let magnitude = self.0.unsigned_abs();
        let (integer, fraction) = match u64::try_from(magnitude) {
            Ok(small) => (small / ONE, small % ONE),
            // At most 1e15, so the integer part fits.
            Err(_) => {
                let (integer, fraction) = div_rem_one(magnitude);
                (integer as u64, fraction)
            }
        };
        if self.0 < 0 {
            out.push(b'-');
        }
        if integer < EIGHT {
            push_without_leading_zeros(out, eight_digits(integer));
        } else {
            push_without_leading_zeros(out, eight_digits(integer / EIGHT));
            push_digits(out, eight_digits(integer % EIGHT));
        }
        if fraction == 0 {
            return;
        }
        out.push(b'.');
        let (high, low) = (eight_digits(fraction / 10_000), fraction % 10_000);
        if low == 0 {
            push_without_trailing_zeros(out, high);
        } else {
            push_digits(out, high);
            push_without_trailing_zeros(out, eight_digits(low * 10_000));
        }
    }

    /// The canonical text, owned, for errors.
    #[cold]
    pub(crate) fn to_box(self) -> Box<str> {
        self.to_text().into()
    }

    /// The canonical text under a formatter's width, fill and sign; precision is ignored, since money is
    /// never cut for show.
    pub(crate) fn display(self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad_integral(self.0 >= 0, "", &self.abs().to_text())
    }

    fn to_text(self) -> String {
        let mut out = Vec::new();
        self.write_to(&mut out);
        // Only digits, a point and a sign are ever written, so this is always text.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Reads the lenient grammar; refuses a non-zero digit past the twelfth decimal.
    pub(crate) fn parse(text: &str) -> Result<Self, MoneyError> {
        let number = Number::read(text)?;
        let (magnitude, dropped) = number.round(DECIMALS)?;
        if dropped {
            return Err(MoneyError::TooPrecise { text: clip(text) });
        }
        Self::from_parts(number.negative, magnitude)
    }

    /// Reads the lenient grammar with any number of digits, rounded half-even to `decimals` (more than
    /// 12 count as 12).
    pub(crate) fn parse_rounded(text: &str, decimals: u32) -> Result<Self, MoneyError> {
        let number = Number::read(text)?;
        let (magnitude, _) = number.round(decimals.min(DECIMALS))?;
        Self::from_parts(number.negative, magnitude)
    }

    /// Reads the canonical form up to a quote, and gives its length; nothing if it is not canonical.
    #[inline(always)]
    pub(crate) fn canonical_before_quote(text: &[u8]) -> Option<(Self, usize)> {
        let (units, length) = canonical_start(text)?;
        (text.get(length) == Some(&b'"')).then_some((Self(units), length))
    }

    /// Reads the canonical form only.
    #[inline]
    pub(crate) fn parse_canonical(text: &[u8]) -> Result<Self, MoneyError> {
        match canonical_units(text) {
            Some(units) => Ok(Self(units)),
            None => Err(why_not_canonical(text)),
        }
    }
}

/// Eight ASCII zeros.
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;
/// One past the largest number of eight digits.
const EIGHT: u64 = 100_000_000;

/// Appends eight digits. Always eight bytes at once: a copy of unknown length is a call.
#[inline]
fn push_digits(out: &mut Vec<u8>, digits: u64) {
    out.extend_from_slice(&(digits | ASCII_ZEROS).to_le_bytes());
}

/// Appends eight digits without the zeros in front, but at least one digit.
#[inline]
fn push_without_leading_zeros(out: &mut Vec<u8>, digits: u64) {
    let zeros = digits.trailing_zeros().min(56) / 8;
    push_shifted(out, (digits | ASCII_ZEROS) >> (zeros * 8), zeros);
}

/// Appends eight digits without the zeros at the end.
#[inline]
fn push_without_trailing_zeros(out: &mut Vec<u8>, digits: u64) {
    push_shifted(out, digits | ASCII_ZEROS, digits.leading_zeros() / 8);
}

/// Appends eight bytes, then drops the last `unused` of them.
#[inline]
fn push_shifted(out: &mut Vec<u8>, bytes: u64, unused: u32) {
    out.extend_from_slice(&bytes.to_le_bytes());
    out.truncate(out.len() - unused as usize);
}

/// The eight decimal digits of `value` (below 1e8), one a byte, the first in the lowest byte: halves to
/// four digits, to two, to one, each step on all parts at once.
#[inline]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    // x * 10486 >> 20 is x / 100 for x < 10^4, and x * 103 >> 10 is x / 10 for x < 100.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - tens * 10) << 8)
}

/// The units of a canonical text, or nothing if it is not one.
#[inline]
fn canonical_units(text: &[u8]) -> Option<i128> {
    canonical_start(text).filter(|(_, length)| *length == text.len()).map(|(units, _)| units)
}

/// The units of the canonical number that begins `text`, and its length. The journal decoder's hot path.
#[inline(always)]
fn canonical_start(text: &[u8]) -> Option<(i128, usize)> {
    let negative = text.first() == Some(&b'-');
    let body = &text[usize::from(negative)..];
    let (integer, mut length) = leading_digits(body);
    let leading_zero = length > 1 && body[0] == b'0';
    if length == 0 || length > MAX_INTEGER_DIGITS || leading_zero {
        return None;
    }
    let mut units = u128::from(integer) * u128::from(ONE);
    if let [b'.', decimals @ ..] = &body[length..] {
        let (fraction, digits) = leading_digits(decimals);
        if digits == 0 || digits > DECIMALS as usize || decimals[digits - 1] == b'0' {
            return None;
        }
        units += u128::from(fraction * UNITS_AT[digits]);
        length += 1 + digits;
    }
    if units > MAX || (negative && units == 0) {
        return None;
    }
    let units = units as i128;
    Some((if negative { -units } else { units }, length + usize::from(negative)))
}

/// The error for a text that [`canonical_units`] refused: the lenient reader's, if it refuses too.
#[cold]
fn why_not_canonical(text: &[u8]) -> MoneyError {
    let Ok(text) = str::from_utf8(text) else {
        return MoneyError::NotANumber { text: clip(&String::from_utf8_lossy(text)) };
    };
    match Fixed::parse(text) {
        Ok(value) => MoneyError::NotCanonical { text: clip(text), canonical: value.to_box() },
        Err(error) => error,
    }
}

/// `text`, or its first characters and an ellipsis.
#[cold]
fn clip(text: &str) -> Box<str> {
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// A number as written: digits, a point somewhere, a power of ten.
struct Number<'a> {
    negative: bool,
    /// Digits with at most one point among them, at least one digit.
    mantissa: &'a [u8],
    /// Digits before the decimal point, after the exponent has moved it.
    point: i64,
}

impl<'a> Number<'a> {
    /// Splits `[+-]? digits [. digits] ([eE] [+-]? digits)?`; one side of the point may be empty.
    fn read(text: &'a str) -> Result<Self, MoneyError> {
        if text.is_empty() {
            return Err(MoneyError::Empty);
        }
        Self::split(text.as_bytes()).ok_or_else(|| MoneyError::NotANumber { text: clip(text) })
    }

    fn split(text: &'a [u8]) -> Option<Self> {
        let (negative, body) = split_sign(text);
        let (mantissa, exponent) = match body.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&body[..at], read_exponent(&body[at + 1..])?),
            None => (body, 0),
        };
        let whole = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let decimals = mantissa.get(whole + 1..).unwrap_or_default();
        let all_digits = mantissa[..whole].iter().chain(decimals).all(u8::is_ascii_digit);
        if !all_digits || whole + decimals.len() == 0 {
            return None;
        }
        Some(Self { negative, mantissa, point: i64::try_from(whole).ok()?.saturating_add(exponent) })
    }

    /// The digits, first to last.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.mantissa.iter().filter(|byte| **byte != b'.').map(|byte| byte - b'0')
    }

    /// The magnitude in units, rounded half-even at `decimals` (at most 12), and whether anything
    /// non-zero was rounded off.
    fn round(&self, decimals: u32) -> Result<(u128, bool), MoneyError> {
        let zeros = self.digits().take_while(|digit| *digit == 0).count();
        let mut rest = self.digits().skip(zeros).peekable();
        if rest.peek().is_none() {
            return Ok((0, false));
        }
        // The power of ten that the first non-zero digit stands for.
        let weight = self.point.saturating_sub(i64::try_from(zeros).unwrap_or(i64::MAX)).saturating_sub(1);
        if weight >= MAX_INTEGER_DIGITS as i64 {
            return Err(MoneyError::Overflow);
        }
        // How many digits stand at or before the last decimal kept: at most 28.
        let kept = weight.saturating_add(1 + i64::from(decimals));
        let mut whole = 0u128;
        for _ in 0..kept {
            whole = whole * 10 + u128::from(rest.next().unwrap_or(0));
        }
        // With `kept` below zero there are zeros, not written, before the first digit.
        let next = if kept < 0 { 0 } else { rest.next().unwrap_or(0) };
        let more = rest.any(|digit| digit != 0);
        let up = next > 5 || (next == 5 && (more || whole & 1 == 1));
        let magnitude = (whole + u128::from(up)) * POW10[(DECIMALS - decimals) as usize];
        Ok((magnitude, next != 0 || more))
    }
}

/// Whether the text starts with a minus, and what follows the sign.
fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    }
}

/// The exponent after the `e`, held within a quarter of `i64`: no text is long enough to bring such a
/// number back into range.
fn read_exponent(text: &[u8]) -> Option<i64> {
    const FAR: i64 = i64::MAX / 4;
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits
        .iter()
        .fold(0i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte - b'0')).min(FAR));
    Some(if negative { -magnitude } else { magnitude })
}

//! Decimal text, both ways: the lenient grammar of people and venues, and the canonical form.
//!
//! Canonical is `-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?`, at most 12 decimals, never "-0": one text for one
//! value, so equal journals are equal bytes.

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

/// The units of a canonical text, or nothing if it is not one. The journal decoder's hot path.
#[inline]
fn canonical_units(text: &[u8]) -> Option<i128> {
    let (negative, body) = match text {
        [b'-', body @ ..] => (true, body),
        body => (false, body),
    };
    let units = if body.len() <= 8 { short_units(body)? } else { long_units(body)? };
    if units > MAX || (negative && units == 0) {
        return None;
    }
    Some(if negative { -(units as i128) } else { units as i128 })
}

/// Canonical text of up to 8 bytes without a sign, all bytes at once: a loop over them costs a
/// mispredicted branch whenever the length or the place of the point changes.
#[inline]
fn short_units(text: &[u8]) -> Option<u128> {
    const ONES: u64 = u64::MAX / 0xff;
    let len = text.len();
    // The first character in the lowest byte; zero bytes after the last.
    let bytes = load(text)?;
    // The top bit of every byte that is a point, exact up to and including the first one.
    let marks = bytes ^ (ONES * b'.' as u64);
    let marks = marks.wrapping_sub(ONES) & !marks & (ONES * 0x80);
    let has_point = marks != 0;
    let whole = if has_point { marks.trailing_zeros() as usize / 8 } else { len };
    let count = len - usize::from(has_point);
    let decimals = count - whole;
    let leading_zero = text[0] == b'0' && whole > 1;
    let bad_fraction = has_point && (decimals == 0 || text[len - 1] == b'0');
    if whole == 0 || leading_zero || bad_fraction {
        return None;
    }
    // Close the gap of the point, then move the last digit to the highest byte: zeros come in front.
    let before = u64::MAX >> (64 - 8 * whole);
    let packed = (bytes & before) | ((bytes >> 8) & !before);
    let digits = (packed ^ (ONES * b'0' as u64)) << (64 - 8 * count);
    if (digits | digits.wrapping_add(ONES * 0x76)) & (ONES * 0x80) != 0 {
        return None;
    }
    Some(u128::from(eight_to_number(digits)) * u128::from(UNITS_AT[decimals]))
}

/// One to eight bytes as a little-endian number, by loads of fixed size that overlap.
#[inline]
fn load(text: &[u8]) -> Option<u64> {
    if let Ok(all) = text.try_into() {
        return Some(u64::from_le_bytes(all));
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return Some(u64::from(first) | (u64::from(last) << (8 * (text.len() - 4))));
    }
    match *text {
        [a] => Some(u64::from(a)),
        [a, b] => Some(u64::from(a) | (u64::from(b) << 8)),
        [a, b, c] => Some(u64::from(a) | (u64::from(b) << 8) | (u64::from(c) << 16)),
        _ => None,
    }
}

/// The number of eight digits, one a byte, the first in the lowest: pairs, then fours, then all.
#[inline]
fn eight_to_number(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits * 10 + (digits >> 8);
    // Wrapping, because what passes the top is not part of the sum kept in the upper half.
    let odd = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let even = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    odd.wrapping_add(even) >> 32
}

/// Canonical text of any length without a sign.
fn long_units(body: &[u8]) -> Option<u128> {
    let (integer, length) = leading_digits(body);
    let leading_zero = length > 1 && body[0] == b'0';
    if length == 0 || length > MAX_INTEGER_DIGITS || leading_zero {
        return None;
    }
    let mut units = u128::from(integer) * u128::from(ONE);
    if let [point, decimals @ ..] = &body[length..] {
        let (fraction, length) = leading_digits(decimals);
        let whole_rest = *point == b'.' && length == decimals.len();
        if !whole_rest || length == 0 || length > DECIMALS as usize || decimals[length - 1] == b'0' {
            return None;
        }
        units += u128::from(fraction * UNITS_AT[length]);
    }
    Some(units)
}

/// The number at the start of `text` and its length in digits. Past 19 digits the number is
/// meaningless: callers look at the length first.
#[inline]
fn leading_digits(text: &[u8]) -> (u64, usize) {
    let (mut value, mut length) = (0u64, 0);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // Wrapping, because a too long run is refused by its length.
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (value, length)
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

//! Eight bytes at a time: how the decoder reads digits and finds the end of plain strings.
//!
//! A word is eight bytes in little-endian order, so the first byte is the lowest. The masks have the top bit
//! of a byte set where something was found; they are exact up to the first such byte, which is all that is
//! looked at: carries and borrows only run upwards.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Powers of ten up to 1e8.
const POW10: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The first eight bytes, `None` when there are fewer.
#[inline(always)]
pub(crate) fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// How many bytes stand before the first that a mask marks; 8 when it marks none.
#[inline(always)]
pub(crate) fn before(mask: u64) -> usize {
    (mask.trailing_zeros() / 8) as usize
}

/// Marks quotes and backslashes.
#[inline(always)]
pub(crate) fn quotes(word: u64) -> u64 {
    zero_bytes(word ^ (ONES * b'"' as u64)) | zero_bytes(word ^ (ONES * b'\\' as u64))
}

/// Marks what is not visible ASCII.
#[inline(always)]
pub(crate) fn invisible(word: u64) -> u64 {
    let below = word.wrapping_sub(ONES * 0x21) & !word;
    let above = word | word.wrapping_add(ONES);
    (below | above) & TOPS
}

#[inline(always)]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// The digits that begin a word: their number, and how many they are.
#[inline(always)]
fn digits(word: u64) -> (u64, usize) {
    let values = word ^ ZEROS;
    let len = before((values | values.wrapping_add(ONES * 0x76)) & TOPS);
    // Moving the digits to the top puts zeros before them.
    let values = values.checked_shl(64 - 8 * len as u32).unwrap_or(0);
    // To pairs, to fours, to eight: each step joins all neighbours at once.
    let pairs = values.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000 << 32 | 1) >> 32, len)
}

/// The number that begins `text` and its length in digits. Past 19 digits the number is meaningless, and past
/// 24 the length is 24: callers look at the length first.
#[inline(always)]
#[must_use]
pub fn leading_digits(text: &[u8]) -> (u64, usize) {
    let (mut value, mut len) = (0_u64, 0);
    while len < 24 {
        let Some(word) = word(&text[len..]) else { return last_digits(text, value, len) };
        let (more, count) = digits(word);
        value = value.wrapping_mul(POW10[count]).wrapping_add(more);
        len += count;
        if count < 8 {
            break;
        }
    }
    (value, len)
}

/// Goes on digit by digit where fewer than eight bytes are left.
#[inline]
fn last_digits(text: &[u8], mut value: u64, mut len: usize) -> (u64, usize) {
    for byte in &text[len..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        len += 1;
    }
    (value, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte at a time.
    fn naive(text: &[u8]) -> (u64, usize) {
        let len = text.iter().take(24).take_while(|b| b.is_ascii_digit()).count();
        let value =
            text[..len].iter().fold(0_u64, |n, b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0')));
        (value, len)
    }

    /// Breaks when a number in a journal reads as another one.
    #[test]
    fn digits_read_as_one_by_one() {
        let number = b"9081726354433221100998877";
        for end in 0..=number.len() {
            for stop in 0..=255_u8 {
                for rest in ["", "1", "\"", "},\"crc\":\"", "99999999999", "\u{ff}\0"] {
                    let text = [&number[..end], &[stop], rest.as_bytes()].concat();
                    let (value, len) = naive(&text);
                    assert_eq!(leading_digits(&text), (value, len), "{text:?}");
                }
            }
        }
        assert_eq!(leading_digits(b"18446744073709551615,\"kind\""), (u64::MAX, 20));
    }

    /// Breaks when a string ends in the wrong place, or a byte slips into a name that cannot be there.
    #[test]
    fn masks_mark_the_first_byte() {
        for first in 0..=255_u8 {
            for second in [0, b'!', b'"', b'\\', b'A', 0x7f, 0x80, 0xff] {
                let bytes = [b'A', b'z', first, second, b'~', b'!', second, first];
                let word = word(&bytes).unwrap();
                let expected = |f: fn(u8) -> bool| bytes.iter().position(|b| f(*b)).unwrap_or(8);
                assert_eq!(before(quotes(word)), expected(|b| b == b'"' || b == b'\\'), "{bytes:?}");
                assert_eq!(before(invisible(word)), expected(|b| !(0x21..0x7f).contains(&b)), "{bytes:?}");
            }
        }
    }
}

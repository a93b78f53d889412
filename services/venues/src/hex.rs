//! Hexadecimal text of bytes, as Hyperliquid writes addresses, signatures and client order ids.

/// `0x` and two lower-case digits a byte.
pub(crate) fn prefixed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    push(&mut text, bytes);
    text
}

/// Appends two lower-case digits a byte.
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

/// Reads up to `2 * N` digits after an optional `0x`; leading zeros may be left out.
pub(crate) fn right_aligned<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if digits.is_empty() || digits.len() > 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (place, digit) in digits.iter().rev().enumerate() {
        let nibble = char::from(*digit).to_digit(16)? as u8;
        bytes[N - 1 - place / 2] |= nibble << (4 * (place % 2));
    }
    Some(bytes)
}

/// Reads exactly `2 * N` digits after an optional `0x`.
pub(crate) fn exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() == 2 * N { right_aligned(digits) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an address or a signature is read as other bytes than it says.
    #[test]
    fn text_is_bytes() {
        let rows = [
            ("0x00ff", Some([0, 255]), Some([0, 255])),
            ("00fF", Some([0, 255]), Some([0, 255])),
            ("0xff", Some([0, 255]), None),
            ("0xf", Some([0, 15]), None),
            ("0x100", Some([1, 0]), None),
            ("0x", None, None),
            ("0x0g", None, None),
            ("0x10000", None, None),
        ];
        for (text, aligned, whole) in rows {
            assert_eq!((right_aligned::<2>(text), exact::<2>(text)), (aligned, whole), "{text}");
        }
        assert_eq!(prefixed(&[0, 255, 16]), "0x00ff10");
    }
}

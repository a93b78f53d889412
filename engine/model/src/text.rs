//! Short text kept inline: names that events carry by the million without an allocation.

use std::fmt;

use crate::codec::{Field, ReadError, Reader, Writer, words};

/// Eight bytes each: the room of the longest label.
const WORDS: usize = 5;

/// Visible ASCII text of at most `N` bytes, without quotes and backslashes, so that it needs no escape in JSON.
///
/// It is `Copy` and lives in the event itself; equality is a comparison of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

/// Why a text cannot be a [`Label`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// No text at all.
    #[error("a name is empty")]
    Empty,
    /// More bytes than the label has room for.
    #[error("the name '{text}' has {len} bytes; at most {max} fit")]
    TooLong {
        /// The start of the text.
        text: String,
        /// Its length in bytes.
        len: usize,
        /// The room there is, in bytes.
        max: usize,
    },
    /// A byte that a name cannot hold.
    #[error("the name '{text}' holds a character that is not visible ASCII, or a quote or backslash")]
    BadByte {
        /// The text with what cannot be shown replaced.
        text: String,
    },
}

impl<const N: usize> Label<N> {
    /// The text as a label, or why it cannot be one.
    ///
    /// # Errors
    /// When the text is empty, longer than `N` bytes, or holds anything but visible ASCII without `"` and `\`.
    pub fn new(text: &str) -> Result<Self, LabelError> {
        Self::from_bytes(text.as_bytes()).ok_or_else(|| Self::explain(text))
    }

    /// The bytes as a label, `None` when they cannot be one.
    #[must_use]
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > N || !text.iter().all(|&b| is_label_byte(b)) {
            return None;
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self { len: u8::try_from(text.len()).ok()?, bytes })
    }

    /// The label that begins `text` and is ended by a quote, and its length; nothing if there is none, or too
    /// few bytes follow to look at eight at a time.
    #[inline(always)]
    pub(crate) fn before_quote(text: &[u8]) -> Option<(Self, usize)> {
        const { assert!(N <= 8 * WORDS) };
        // Words at fixed places stay in registers; bytes copied to places known only at run time would have to
        // be stored and read back.
        let (mut parts, mut len) = ([0; WORDS], N + 1);
        for (i, part) in parts.iter_mut().enumerate() {
            let word = words::word(text.get(8 * i..)?)?;
            let plain = words::before(words::quotes(word) | words::invisible(word));
            if plain < 8 {
                *part = word & ((1 << (8 * plain)) - 1);
                len = 8 * i + plain;
                break;
            }
            *part = word;
        }
        if len == 0 || len > N || text[len] != b'"' {
            return None;
        }
        let mut bytes = [0; N];
        for (to, part) in bytes.chunks_mut(8).zip(parts) {
            to.copy_from_slice(&part.to_le_bytes()[..to.len()]);
        }
        Some((Self { len: len as u8, bytes }, len))
    }

    fn explain(text: &str) -> LabelError {
        if text.is_empty() {
            LabelError::Empty
        } else if text.len() > N {
            LabelError::TooLong { text: text.chars().take(40).collect(), len: text.len(), max: N }
        } else {
            LabelError::BadByte { text: text.escape_default().to_string() }
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The bytes of the text.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

fn is_label_byte(b: u8) -> bool {
    (0x21..0x7f).contains(&b) && b != b'"' && b != b'\\'
}

impl<const N: usize> PartialOrd for Label<N> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Label<N> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl<const N: usize> fmt::Display for Label<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Label<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> Field for Label<N> {
    #[inline]
    fn write(&self, w: &mut Writer) {
        w.quoted(self.as_bytes());
    }

    #[inline]
    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        if let [b'"', rest @ ..] = r.rest()
            && let Some((label, len)) = Self::before_quote(rest)
        {
            r.advance(len + 2);
            return Ok(label);
        }
        let at = r.position();
        let text = r.plain_string()?;
        Self::from_bytes(text).ok_or_else(|| ReadError::value(at, "a short name of visible ASCII", text))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "minLength": 1, "maxLength": N})
    }
}

impl<const N: usize> serde::Serialize for Label<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, const N: usize> serde::Deserialize<'de> for Label<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a name that would need an escape, or would not fit, slips into the journal.
    #[test]
    fn names_are_short_and_plain() {
        let rows = [
            ("BTC-USD", true),
            ("", false),
            ("12345678", true),
            ("123456789", false),
            ("a b", false),
            ("a\"b", false),
            ("a\\b", false),
            ("é", false),
            ("a\nb", false),
        ];
        for (text, good) in rows {
            let label = Label::<8>::new(text);
            assert_eq!(label.is_ok(), good, "{text:?}: {label:?}");
            if let Ok(label) = label {
                assert_eq!(label.as_str(), text);
            }
        }
    }

    /// Breaks when names sort by length instead of by text, which would change every sorted listing.
    #[test]
    fn names_sort_as_text() {
        let mut names = ["b", "aa", "a", "ab"].map(|t| Label::<8>::new(t).unwrap());
        names.sort();
        assert_eq!(names.map(|n| n.to_string()), ["a", "aa", "ab", "b"]);
    }
}

//! A short way for events that come by the million: literals and values in a fixed row, all there, nothing
//! unknown among them. Whatever is otherwise goes the long way, from the start, which also finds the error.

use super::words;

/// A value that stands between quotes.
///
/// A trait and not a function that is handed over: that would not be inlined, and values of 16 bytes would
/// go through memory at each call.
pub(crate) trait Quoted: Sized {
    /// The value that begins `text` and is ended by a quote, and its length; nothing if there is none.
    fn before_quote(text: &[u8]) -> Option<(Self, usize)>;
}

/// A cursor that only knows yes and no.
pub(crate) struct Usual<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Usual<'a> {
    #[inline(always)]
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes it moved past.
    #[inline(always)]
    pub fn passed(&self) -> usize {
        self.at
    }

    /// Moves past a literal.
    #[inline(always)]
    pub fn literal<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        if self.text.get(self.at..)?.first_chunk::<N>() != Some(literal) {
            return None;
        }
        self.at += N;
        Some(())
    }

    /// Reads a value that is ended by a quote, and moves past that.
    #[inline(always)]
    pub fn quoted<T: Quoted>(&mut self) -> Option<T> {
        let (value, len) = T::before_quote(self.text.get(self.at..)?)?;
        self.at += len + 1;
        Some(value)
    }

    /// Reads an integer of at most 19 digits.
    #[inline(always)]
    pub fn unsigned(&mut self) -> Option<u64> {
        let rest = self.text.get(self.at..)?;
        let (n, len) = words::leading_digits(rest);
        let canonical = len > 0 && len <= 19 && (len == 1 || rest[0] != b'0');
        self.at += len;
        canonical.then_some(n)
    }
}

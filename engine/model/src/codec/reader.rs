//! The canonical decoder: a cursor over one line, no tree, no allocation on the way of market data.

use super::{Field, words};

/// A cursor over the canonical JSON of one value.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    first: bool,
    unknown: Vec<String>,
}

/// Why bytes could not be read as the value that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes do not hold the expected value.
    #[error("at byte {at}: expected {expected}, found '{found}'")]
    Unexpected {
        /// Offset in the bytes that were read.
        at: usize,
        /// What should stand there.
        expected: &'static str,
        /// The start of what stands there.
        found: String,
    },
    /// A field that must be there is not, or stands out of order.
    #[error("at byte {at}: field '{name}' is missing or out of order")]
    MissingField {
        /// Offset in the bytes that were read.
        at: usize,
        /// The field's name.
        name: &'static str,
    },
    /// Something follows the value.
    #[error("at byte {at}: something follows the end of the value")]
    Trailing {
        /// Offset in the bytes that were read.
        at: usize,
    },
}

impl ReadError {
    /// A value that does not read.
    #[must_use]
    #[cold]
    pub fn value(at: usize, expected: &'static str, found: &[u8]) -> Self {
        let shown = &found[..found.len().min(40)];
        Self::Unexpected { at, expected, found: String::from_utf8_lossy(shown).escape_debug().to_string() }
    }
}

impl<'a> Reader<'a> {
    /// A cursor at the start of the bytes.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, first: false, unknown: Vec::new() }
    }

    /// Offset of the cursor.
    #[must_use]
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The bytes from the cursor on.
    #[must_use]
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Names of the fields that were met and not known, in order.
    #[must_use]
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The next byte, without moving on.
    #[must_use]
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[cold]
    fn unexpected(&self, expected: &'static str) -> ReadError {
        ReadError::value(self.at, expected, self.rest())
    }

    /// Moves past a literal.
    ///
    /// # Errors
    /// When the literal does not stand at the cursor.
    #[inline(always)]
    pub fn literal(&mut self, literal: &'static str) -> Result<(), ReadError> {
        if self.rest().starts_with(literal.as_bytes()) {
            self.at += literal.len();
            return Ok(());
        }
        Err(self.unexpected(literal))
    }

    /// Moves past a literal if it stands at the cursor.
    #[inline(always)]
    pub fn skip_literal(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Begins an object.
    ///
    /// # Errors
    /// When no object begins at the cursor.
    #[inline]
    pub fn open(&mut self) -> Result<(), ReadError> {
        self.literal("{")?;
        self.first = true;
        Ok(())
    }

    /// Reads the field `name`, whose quoted key with its colon is `key`; `names` are all fields of the object.
    ///
    /// # Errors
    /// When the field is missing and may not be, or its value does not read.
    #[inline(always)]
    pub fn field<T: Field>(
        &mut self,
        name: &'static str,
        key: &'static str,
        names: &[&'static str],
    ) -> Result<T, ReadError> {
        if self.skip_key(key) {
            let value = T::read(self)?;
            self.first = false;
            return Ok(value);
        }
        self.field_not_next(name, key, names)
    }

    // Inlined even where the compiler would not: then the key's length is known and comparing it is one or
    // two instructions instead of a call.
    #[inline(always)]
    fn skip_key(&mut self, key: &str) -> bool {
        let rest = self.rest();
        let comma = usize::from(!self.first);
        if rest.len() > comma && (self.first || rest[0] == b',') && rest[comma..].starts_with(key.as_bytes())
        {
            self.at += comma + key.len();
            return true;
        }
        false
    }

    /// The slow way of [`Self::field`]: the field was left out, or fields from a later version stand before it.
    #[inline(never)]
    fn field_not_next<T: Field>(
        &mut self,
        name: &'static str,
        key: &'static str,
        names: &[&'static str],
    ) -> Result<T, ReadError> {
        while let Some(found) = self.next_key()? {
            if names.contains(&found.as_str()) {
                break;
            }
            self.skip_field(found)?;
        }
        if self.skip_key(key) {
            let value = T::read(self)?;
            self.first = false;
            return Ok(value);
        }
        T::absent().ok_or(ReadError::MissingField { at: self.at, name })
    }

    /// The next key of the object at hand, without moving on.
    fn next_key(&mut self) -> Result<Option<String>, ReadError> {
        if self.peek() == Some(b'}') {
            return Ok(None);
        }
        let (at, first) = (self.at, self.first);
        if !first {
            self.literal(",")?;
        }
        let key = self.string()?;
        (self.at, self.first) = (at, first);
        Ok(Some(key))
    }

    fn skip_field(&mut self, name: String) -> Result<(), ReadError> {
        if !self.first {
            self.literal(",")?;
        }
        self.string()?;
        self.literal(":")?;
        self.skip_value()?;
        self.first = false;
        self.unknown.push(name);
        Ok(())
    }

    /// Ends an object; fields that stand before its end and are not among its `names` are noted.
    ///
    /// # Errors
    /// When the object does not end properly, or one of its own fields stands twice or out of order.
    #[inline(always)]
    pub fn close(&mut self, names: &[&'static str]) -> Result<(), ReadError> {
        if self.peek() != Some(b'}') {
            self.skip_last_fields(names)?;
        }
        self.at += 1;
        self.first = false;
        Ok(())
    }

    #[inline(never)]
    fn skip_last_fields(&mut self, names: &[&'static str]) -> Result<(), ReadError> {
        while let Some(name) = self.next_key()? {
            if names.contains(&name.as_str()) {
                return Err(self.unexpected("each field once, in order"));
            }
            self.skip_field(name)?;
        }
        Ok(())
    }

    /// Moves on by bytes that were looked at already.
    #[inline(always)]
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// A string without escapes, as its bytes.
    ///
    /// # Errors
    /// When no such string stands at the cursor.
    #[inline]
    pub fn plain_string(&mut self) -> Result<&'a [u8], ReadError> {
        let rest = self.rest();
        if rest.first() != Some(&b'"') {
            return Err(self.unexpected("a string"));
        }
        let mut end = 1;
        while let Some(word) = rest.get(end..).and_then(words::word) {
            let plain = words::before(words::quotes(word));
            end += plain;
            if plain < 8 {
                break;
            }
        }
        let tail = rest[end..].iter().position(|b| matches!(b, b'"' | b'\\'));
        match tail.map(|more| end + more) {
            Some(end) if rest[end] == b'"' => {
                self.at += end + 1;
                Ok(&rest[1..end])
            }
            Some(_) => Err(self.unexpected("a string without escapes")),
            None => Err(self.unexpected("a string that ends")),
        }
    }

    /// Any string.
    ///
    /// # Errors
    /// When no valid JSON string stands at the cursor.
    pub fn string(&mut self) -> Result<String, ReadError> {
        let at = self.at;
        let raw = self.raw_value()?;
        serde_json::from_slice(raw).map_err(|_| ReadError::value(at, "a string", raw))
    }

    /// The bytes of the next value, whatever it is.
    ///
    /// # Errors
    /// When no value stands at the cursor, or it does not end.
    pub fn raw_value(&mut self) -> Result<&'a [u8], ReadError> {
        let start = self.at;
        self.skip_value()?;
        Ok(&self.bytes[start..self.at])
    }

    fn skip_value(&mut self) -> Result<(), ReadError> {
        let rest = self.rest();
        let (mut depth, mut in_string, mut end) = (0_usize, false, 0_usize);
        while end < rest.len() {
            let byte = rest[end];
            if in_string {
                match byte {
                    b'\\' => end += 1,
                    b'"' => in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 0 => break,
                    b'}' | b']' => depth -= 1,
                    b',' if depth == 0 => break,
                    _ => {}
                }
            }
            end += 1;
            if depth == 0 && !in_string && matches!(byte, b'"' | b'}' | b']') {
                break;
            }
        }
        if end == 0 || end > rest.len() || depth > 0 || in_string {
            return Err(self.unexpected("a whole value"));
        }
        self.at += end;
        Ok(())
    }

    /// An unsigned integer of at most 19 digits, or 20 that fit.
    ///
    /// # Errors
    /// When no integer stands at the cursor, or it does not fit 64 bits, or has a leading zero.
    #[inline]
    pub fn unsigned(&mut self) -> Result<u64, ReadError> {
        let rest = self.rest();
        let (n, len) = words::leading_digits(rest);
        if len == 0 || (len > 1 && rest[0] == b'0') {
            return Err(self.unexpected("an integer"));
        }
        if len > 19 {
            return self.twenty_digits(len);
        }
        self.at += len;
        Ok(n)
    }

    /// Twenty digits may fit 64 bits.
    #[cold]
    fn twenty_digits(&mut self, len: usize) -> Result<u64, ReadError> {
        let n = std::str::from_utf8(&self.rest()[..len]).ok().and_then(|digits| digits.parse().ok());
        let Some(n) = n else { return Err(self.unexpected("an integer of 64 bits")) };
        self.at += len;
        Ok(n)
    }

    /// A signed integer.
    ///
    /// # Errors
    /// When no integer of 64 bits stands at the cursor.
    pub fn signed(&mut self) -> Result<i64, ReadError> {
        let at = self.at;
        let negative = self.skip_literal("-");
        let n = i128::from(self.unsigned()?);
        if negative && n == 0 {
            return Err(ReadError::value(at, "zero without a sign", &self.bytes[at..]));
        }
        i64::try_from(if negative { -n } else { n })
            .map_err(|_| ReadError::value(at, "an integer of 64 bits", &self.bytes[at..]))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// When something is.
    pub fn finish(&self) -> Result<(), ReadError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(ReadError::Trailing { at: self.at }) }
    }
}

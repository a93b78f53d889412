//! The canonical encoder: appends to one reused buffer.

/// Writes canonical JSON into a buffer of its own.
#[derive(Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
    epochs_hidden: bool,
}

impl Writer {
    /// An empty writer for journal lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that leaves the epoch out of order ids: for digests, which must not depend on when or how
    /// often a run was started.
    #[must_use]
    pub fn for_digest() -> Self {
        Self { buf: Vec::new(), epochs_hidden: true }
    }

    /// True when order ids are written without their epoch.
    #[must_use]
    pub fn hides_epochs(&self) -> bool {
        self.epochs_hidden
    }

    /// What was written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.buf
    }

    /// Forgets what was written, keeps the room.
    pub fn clear(&mut self) {
        self.buf.clear();
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.buf
    }

    /// The buffer itself, for values that write themselves.
    #[inline]
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Begins an object.
    #[inline]
    pub fn open(&mut self) {
        self.buf.push(b'{');
    }

    /// Ends an object.
    #[inline]
    pub fn close(&mut self) {
        self.buf.push(b'}');
    }

    /// A key with its quotes and colon (`"bid":`), after a comma where one is due.
    #[inline]
    pub fn key(&mut self, quoted_with_colon: &str) {
        if self.buf.last() != Some(&b'{') {
            self.buf.push(b',');
        }
        self.buf.extend_from_slice(quoted_with_colon.as_bytes());
    }

    /// A string that is known to need no escapes.
    #[inline]
    pub fn quoted(&mut self, plain: &[u8]) {
        self.buf.push(b'"');
        self.buf.extend_from_slice(plain);
        self.buf.push(b'"');
    }

    /// Any string, escaped where JSON asks for it.
    pub fn string(&mut self, text: &str) {
        self.buf.push(b'"');
        for c in text.chars() {
            match c {
                '"' => self.raw(b"\\\""),
                '\\' => self.raw(b"\\\\"),
                '\n' => self.raw(b"\\n"),
                '\r' => self.raw(b"\\r"),
                '\t' => self.raw(b"\\t"),
                c if u32::from(c) < 0x20 => self.raw(format!("\\u{:04x}", u32::from(c)).as_bytes()),
                c => self.raw(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.buf.push(b'"');
    }

    /// An unsigned integer.
    #[inline]
    pub fn unsigned(&mut self, mut n: u64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        self.buf.extend_from_slice(&digits[at..]);
    }

    /// A signed integer.
    pub fn signed(&mut self, n: i64) {
        if n < 0 {
            self.buf.push(b'-');
        }
        self.unsigned(n.unsigned_abs());
    }
}

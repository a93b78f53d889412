//! One line of the journal: the envelope around an event's payload, both ways.
//!
//! ```text
//! input    {"seq":7,"ts":9,"kind":"market.quote","outcomes":2,"data":{…},"crc":"5f3a9c01"}
//! outcome  {"seq":8,"ts":9,"kind":"order.requested","cause":7,"data":{…},"crc":"…"}
//! record   {"after":9,"ts":9,"kind":"journal.synced","data":{…},"crc":"…"}
//! ```
//!
//! The order of keys is part of the format; `outcomes` is left out when it is 0. The crc is CRC32C of the
//! line's bytes before `,"crc"`, seeded with the crc stored on the previous line, 0 at the start of a run:
//! the stored crc seeds, so a reader can judge a line from it and its neighbour alone.

use reprise_model::codec::{Writer, leading_digits};
use reprise_model::event::Class;
use reprise_model::{Input, Outcome, Record, Seq, Ts};

/// Bytes of `,"crc":"xxxxxxxx"}`.
pub(crate) const TAIL_LEN: usize = 18;
/// The most frequent kind.
pub(crate) const QUOTE: &[u8] = b"market.quote";
const TAIL_KEY: &[u8; 8] = b",\"crc\":\"";

/// The envelope of a line, its payload not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Told by the keys: `after` is a record's, `cause` an outcome's.
    pub class: Class,
    /// The line's own number; for a record the last one before it.
    pub seq: Seq,
    /// When it happened, in nanoseconds of Unix time.
    pub ts: Ts,
    /// The kind's name.
    pub kind: &'a [u8],
    /// How many outcomes follow an input; 0 for other classes.
    pub outcomes: u32,
    /// An outcome's immediate parent; 0 for other classes.
    pub cause: Seq,
    /// The value of `data`.
    pub payload: &'a [u8],
    /// What the crc covers.
    pub covered: &'a [u8],
    /// The stored crc.
    pub crc: u32,
}

impl Envelope<'_> {
    /// The crc that the line's bytes have after a line with the crc `previous`.
    #[must_use]
    #[inline]
    pub fn crc_after(&self, previous: u32) -> u32 {
        crc32c::crc32c_append(previous, self.covered)
    }
}

/// Why bytes are no line of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at} of the line: expected {expected}")]
pub struct LineFault {
    /// Offset in the line.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Splits a line (without its newline) into its parts; the crc is not compared.
///
/// # Errors
/// When the bytes are not an envelope in the one form there is.
#[inline]
pub fn decode(line: &[u8]) -> Result<Envelope<'_>, LineFault> {
    let Some(end) = line.len().checked_sub(TAIL_LEN) else {
        return Err(LineFault { at: line.len(), expected: "a whole line" });
    };
    let (covered, tail) = line.split_at(end);
    let Some(crc) = decode_tail(tail) else {
        return Err(LineFault { at: end, expected: "the end ,\"crc\":\"<8 hexadecimal digits>\"}" });
    };
    let mut c = Cursor { bytes: covered, at: 0 };
    let is_record = !c.skip(b"{\"seq\":");
    if is_record {
        c.literal(b"{\"after\":", "{\"seq\": or {\"after\":")?;
    }
    let seq = Seq(c.unsigned()?);
    c.literal(b",\"ts\":", ",\"ts\":")?;
    let ts = Ts(c.unsigned()?);
    if !is_record && c.skip(b",\"kind\":\"market.quote\",\"data\":") {
        // By far the most frequent line.
        let (kind, payload) = (QUOTE, &covered[c.at..]);
        return Ok(Envelope {
            class: Class::Input,
            seq,
            ts,
            kind,
            outcomes: 0,
            cause: Seq(0),
            payload,
            covered,
            crc,
        });
    }
    c.literal(b",\"kind\":\"", ",\"kind\":\"")?;
    let kind = c.word()?;
    let (mut class, mut outcomes, mut cause) = (Class::Record, 0, Seq(0));
    if !is_record {
        class = Class::Input;
        if c.skip(b",\"cause\":") {
            class = Class::Outcome;
            cause = Seq(c.unsigned()?);
        } else if c.skip(b",\"outcomes\":") {
            outcomes = c.count()?;
        }
    }
    c.literal(b",\"data\":", "the fields of its class in order, then ,\"data\":")?;
    Ok(Envelope { class, seq, ts, kind, outcomes, cause, payload: &covered[c.at..], covered, crc })
}

/// The crc in `,"crc":"xxxxxxxx"}`.
#[inline]
fn decode_tail(tail: &[u8]) -> Option<u32> {
    let (key, rest) = tail.split_first_chunk::<8>()?;
    let (hex, end) = rest.split_first_chunk::<8>()?;
    if key != TAIL_KEY || end != b"\"}" {
        return None;
    }
    decode_hex(*hex)
}

/// Eight lower-case hexadecimal digits.
#[inline]
pub(crate) fn decode_hex(hex: [u8; 8]) -> Option<u32> {
    let (mut value, mut bad) = (0, 0);
    for byte in hex {
        let nibble = NIBBLES[usize::from(byte)];
        bad |= nibble;
        value = value << 4 | u32::from(nibble & 0xf);
    }
    (bad < 0x10).then_some(value)
}

/// The value of each lower-case hexadecimal digit, 0x10 for other bytes.
const NIBBLES: [u8; 256] = {
    let mut table = [0x10; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn skip<const N: usize>(&mut self, literal: &[u8; N]) -> bool {
        let found = self.bytes[self.at..].first_chunk::<N>() == Some(literal);
        if found {
            self.at += N;
        }
        found
    }

    #[inline]
    fn literal<const N: usize>(
        &mut self,
        literal: &[u8; N],
        expected: &'static str,
    ) -> Result<(), LineFault> {
        if self.skip(literal) { Ok(()) } else { Err(LineFault { at: self.at, expected }) }
    }

    /// An integer of 64 bits without leading zeros.
    #[inline(always)]
    fn unsigned(&mut self) -> Result<u64, LineFault> {
        let rest = &self.bytes[self.at..];
        let (n, len) = leading_digits(rest);
        if len == 0 || (rest[0] == b'0' && len > 1) {
            return Err(LineFault { at: self.at, expected: "an integer" });
        }
        if len > 19 {
            return self.twenty_digits(len);
        }
        self.at += len;
        Ok(n)
    }

    /// Twenty digits may fit 64 bits.
    #[cold]
    fn twenty_digits(&mut self, len: usize) -> Result<u64, LineFault> {
        let digits = std::str::from_utf8(&self.bytes[self.at..self.at + len]);
        match digits.ok().and_then(|digits| digits.parse().ok()) {
            Some(n) => {
                self.at += len;
                Ok(n)
            }
            None => Err(LineFault { at: self.at, expected: "an integer of 64 bits" }),
        }
    }

    /// A number of outcomes: not 0, for which the key is left out.
    #[inline]
    fn count(&mut self) -> Result<u32, LineFault> {
        let at = self.at;
        match u32::try_from(self.unsigned()?) {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(LineFault { at, expected: "a number of outcomes above 0" }),
        }
    }

    /// A kind up to its closing quote.
    #[inline]
    fn word(&mut self) -> Result<&'a [u8], LineFault> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().take_while(|b| matches!(b, b'a'..=b'z' | b'.' | b'_')).count();
        if len == 0 || rest.get(len) != Some(&b'"') {
            return Err(LineFault { at: self.at, expected: "the name of a kind" });
        }
        self.at += len + 1;
        Ok(&rest[..len])
    }
}

/// Appends an input's line up to its crc.
#[inline]
pub fn encode_input(w: &mut Writer, seq: Seq, ts: Ts, input: &Input, outcomes: u32) {
    begin(w, b"{\"seq\":", seq, ts, input.kind());
    if outcomes > 0 {
        w.raw(b",\"outcomes\":");
        w.unsigned(u64::from(outcomes));
    }
    w.raw(b",\"data\":");
    input.write_data(w);
}

/// Appends an outcome's line up to its crc: the bytes that a recomputed outcome must equal.
#[inline]
pub fn encode_outcome(w: &mut Writer, seq: Seq, ts: Ts, cause: Seq, outcome: &Outcome) {
    begin(w, b"{\"seq\":", seq, ts, outcome.kind());
    w.raw(b",\"cause\":");
    w.unsigned(cause.0);
    w.raw(b",\"data\":");
    outcome.write_data(w);
}

/// Appends a record's line up to its crc.
pub fn encode_record(w: &mut Writer, after: Seq, ts: Ts, record: &Record) {
    begin(w, b"{\"after\":", after, ts, record.kind());
    w.raw(b",\"data\":");
    record.write_data(w);
}

#[inline]
fn begin(w: &mut Writer, first_key: &[u8], number: Seq, ts: Ts, kind: &str) {
    w.raw(first_key);
    w.unsigned(number.0);
    w.raw(b",\"ts\":");
    w.unsigned(ts.0);
    w.raw(b",\"kind\":\"");
    w.raw(kind.as_bytes());
    w.raw(b"\"");
}

/// Ends the line that begins at `start` of the buffer: appends crc, brace and newline, and gives the crc.
#[inline]
pub fn end_line(buffer: &mut Vec<u8>, start: usize, previous_crc: u32) -> u32 {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let crc = crc32c::crc32c_append(previous_crc, &buffer[start..]);
    let mut tail = *b",\"crc\":\"00000000\"}\n";
    for (i, byte) in tail[8..16].iter_mut().enumerate() {
        *byte = DIGITS[(crc >> (28 - 4 * i)) as usize & 0xf];
    }
    buffer.extend_from_slice(&tail);
    crc
}

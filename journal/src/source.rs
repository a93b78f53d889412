//! The lines of a journal's segments, one after the other, through one buffer: memory does not grow with
//! the journal.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use reprise_model::Seq;

use crate::error::{Damage, DamageKind, JournalError};
use crate::position::Position;
use crate::segment::{Segment, SegmentBytes};

/// What is read at once: small enough to stay in a core's own cache.
const BUFFER_BYTES: usize = 256 << 10;
/// A line longer than this is damage: no event comes near it.
pub(crate) const MAX_LINE_BYTES: usize = 64 << 20;

/// Reads lines.
pub(crate) struct LineSource {
    segments: Vec<Segment>,
    /// How many segments were opened.
    opened: usize,
    current: Option<SegmentBytes>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the segment's uncompressed bytes.
    base: u64,
    /// Where the line at hand begins and ends in the buffer.
    line: Range<usize>,
    /// Where the next line begins.
    next: usize,
    /// How much of the buffer is filled.
    filled: usize,
    /// The number of the line at hand in its segment, from 1.
    line_number: u64,
    progress: Progress,
}

/// How far a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the segment files that were read; a sealed segment counts when its end is reached.
    pub read_bytes: u64,
    /// Bytes of all segment files.
    pub total_bytes: u64,
}

impl LineSource {
    /// Nothing is opened yet.
    pub fn new(segments: Vec<Segment>) -> Self {
        let total_bytes = segments.iter().map(|s| s.file_bytes).sum();
        Self {
            segments,
            opened: 0,
            current: None,
            buffer: vec![0; BUFFER_BYTES],
            base: 0,
            line: 0..0,
            next: 0,
            filled: 0,
            line_number: 0,
            progress: Progress { read_bytes: 0, total_bytes },
        }
    }

    /// Goes on behind a place in one of the segments; false when it is not there.
    ///
    /// # Errors
    /// When the segment cannot be read.
    pub fn seek(&mut self, position: &Position) -> Result<bool, JournalError> {
        let Some(at) = self.segments.iter().position(|s| s.number == position.segment) else {
            return Ok(false);
        };
        let Some(bytes) = position.open(&self.segments[at])? else { return Ok(false) };
        self.current = Some(bytes);
        self.opened = at + 1;
        (self.base, self.line_number) = (position.offset, position.lines());
        let passed: u64 = self.segments[..at].iter().map(|s| s.file_bytes).sum();
        let sealed = self.segments[at].sealed;
        self.progress.read_bytes = passed + if sealed { 0 } else { position.offset };
        Ok(true)
    }

    /// Where the next line begins: the segment's number, the lines and bytes before it in the segment.
    pub fn place(&self) -> (u32, u64, u64) {
        (self.segment().number, self.line_number, self.base + self.next as u64)
    }

    /// All segments, as they were when they were listed.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment that the last line came from.
    pub fn segment(&self) -> &Segment {
        &self.segments[self.opened.saturating_sub(1)]
    }

    /// The file that the last line came from.
    pub fn file(&self) -> &Path {
        &self.segment().path
    }

    /// How far the reader is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The line at hand, without its newline.
    #[inline]
    pub fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// Where the line at hand begins in its segment's uncompressed bytes.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base + self.line.start as u64
    }

    /// The number of the line at hand in its segment, from 1.
    #[inline]
    pub fn line_number(&self) -> u64 {
        self.line_number
    }

    /// Damage that begins with the line at hand.
    #[cold]
    pub fn damage(&self, kind: DamageKind, after: Seq, reason: String) -> Damage {
        let (file, offset, line) = (self.file().to_owned(), self.offset(), self.line_number);
        Damage { kind, file, offset, line, after, reason }
    }

    /// Damage that begins behind the line at hand.
    #[cold]
    pub fn damage_behind(&self, kind: DamageKind, after: Seq, reason: String) -> Damage {
        let (file, offset) = (self.file().to_owned(), self.base + self.next as u64);
        Damage { kind, file, offset, line: self.line_number + 1, after, reason }
    }

    /// Goes to the next line; false behind the last line of the last segment.
    ///
    /// # Errors
    /// When a segment cannot be read, or does not end with a newline, or a line is absurdly long. Damage is
    /// told as [`JournalError::Corrupt`], with `after` still to be filled in. The error is boxed so that the
    /// usual answer comes in registers.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, Box<JournalError>> {
        if let Some(len) = memchr::memchr(b'\n', &self.buffer[self.next..self.filled]) {
            self.take(len);
            return Ok(true);
        }
        self.refill()
    }

    #[inline]
    fn take(&mut self, len: usize) {
        self.line = self.next..self.next + len;
        self.next += len + 1;
        self.line_number += 1;
    }

    /// Reads on until a newline is in the buffer.
    #[cold]
    fn refill(&mut self) -> Result<bool, Box<JournalError>> {
        loop {
            if self.current.is_none() && !self.open_next()? {
                return Ok(false);
            }
            self.buffer.copy_within(self.next..self.filled, 0);
            self.base += self.next as u64;
            (self.next, self.filled, self.line) = (0, self.filled - self.next, 0..0);
            if self.filled == self.buffer.len() {
                if self.filled >= MAX_LINE_BYTES {
                    return Err(self.fault(DamageKind::NotALine, "the line is longer than 64 MiB"));
                }
                self.buffer.resize(self.filled * 2, 0);
            }
            let unended = self.filled;
            if self.fill()? == 0 {
                if unended > 0 {
                    return Err(self.fault(DamageKind::HalfLine, "the line is cut short: no newline ends it"));
                }
                self.leave_segment();
                continue;
            }
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[unended..self.filled]) {
                self.take(unended + at);
                return Ok(true);
            }
        }
    }

    /// One read into the free end of the buffer.
    fn fill(&mut self) -> Result<usize, Box<JournalError>> {
        // A journal is read as it was when it was opened, also while it grows.
        let left = self.segment().file_bytes.saturating_sub(self.base + self.filled as u64);
        let Some(bytes) = self.current.as_mut() else { return Ok(0) };
        let room = self.buffer.len() - self.filled;
        let room = if bytes.is_sealed() { room } else { room.min(usize::try_from(left).unwrap_or(room)) };
        loop {
            match bytes.read(&mut self.buffer[self.filled..self.filled + room]) {
                Ok(n) => {
                    self.filled += n;
                    if !bytes.is_sealed() {
                        self.progress.read_bytes += n as u64;
                    }
                    return Ok(n);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) if bytes.is_sealed() && e.raw_os_error().is_none() => {
                    return Err(
                        self.fault(DamageKind::Sealed, &format!("the sealed segment does not unpack: {e}"))
                    );
                }
                Err(e) => return Err(Box::new(JournalError::io("read", self.file(), e))),
            }
        }
    }

    fn open_next(&mut self) -> Result<bool, Box<JournalError>> {
        let Some(segment) = self.segments.get(self.opened) else { return Ok(false) };
        self.current = Some(SegmentBytes::open(segment)?);
        self.opened += 1;
        (self.base, self.line, self.next, self.filled, self.line_number) = (0, 0..0, 0, 0, 0);
        Ok(true)
    }

    fn leave_segment(&mut self) {
        if self.current.take().is_some_and(|c| c.is_sealed()) {
            self.progress.read_bytes += self.segment().file_bytes;
        }
    }

    #[cold]
    fn fault(&self, kind: DamageKind, reason: &str) -> Box<JournalError> {
        Box::new(JournalError::Corrupt(self.damage_behind(kind, Seq(0), reason.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of lengths that put newlines before, at and behind each end of the buffer.
    fn text() -> Vec<u8> {
        let lengths =
            (0..400).map(|n| n * 17 % 1_300).chain([BUFFER_BYTES - 1, BUFFER_BYTES, 3 * BUFFER_BYTES, 0, 5]);
        let mut text = Vec::new();
        for (n, length) in lengths.enumerate() {
            text.resize(text.len() + length, b'a' + (n % 26) as u8);
            text.push(b'\n');
        }
        text
    }

    fn segment(dir: &Path, sealed: bool, bytes: &[u8]) -> Segment {
        let path = dir.join(if sealed { "000001.jsonl.zst" } else { "000001.jsonl" });
        let packed = if sealed { zstd::encode_all(bytes, 1).unwrap() } else { bytes.to_vec() };
        std::fs::write(&path, &packed).unwrap();
        Segment { number: 1, sealed, path, file_bytes: packed.len() as u64 }
    }

    /// Breaks when a line is lost, torn or misplaced where the buffer ends, in either form of a segment.
    #[test]
    fn lines_are_those_of_the_text() {
        let text = text();
        let mut expected = text.split(|b| *b == b'\n').collect::<Vec<_>>();
        assert_eq!(expected.pop(), Some(&b""[..]));
        for sealed in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let first = segment(dir.path(), sealed, &text);
            let mut source = LineSource::new(vec![first.clone(), first]);
            let mut offset = 0;
            for (n, line) in expected.iter().chain(&expected).enumerate() {
                assert!(source.advance().unwrap(), "line {n} is missing");
                let in_segment = n % expected.len();
                offset = if in_segment == 0 { 0 } else { offset };
                assert!(source.line() == *line, "line {n}");
                assert_eq!((source.offset(), source.line_number()), (offset, in_segment as u64 + 1));
                offset += line.len() as u64 + 1;
            }
            assert!(!source.advance().unwrap());
            assert_eq!(source.progress().read_bytes, source.progress().total_bytes);
        }
    }

    /// Breaks when memory grows with the journal instead of with its longest line.
    #[test]
    fn the_buffer_does_not_grow() {
        let dir = tempfile::tempdir().unwrap();
        let line = [b'x'; 239];
        let text = [&line[..], b"\n"].concat().repeat(20_000);
        let mut source = LineSource::new(vec![segment(dir.path(), false, &text)]);
        let mut lines = 0;
        while source.advance().unwrap() {
            lines += 1;
        }
        assert_eq!((lines, source.buffer.len()), (20_000, BUFFER_BYTES));
    }

    /// Breaks when a file without newlines is read into memory without end.
    #[test]
    fn a_line_without_end_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let mut segment = segment(dir.path(), false, b"");
        segment.file_bytes = MAX_LINE_BYTES as u64 + 10;
        let file = std::fs::OpenOptions::new().write(true).open(&segment.path).unwrap();
        file.set_len(segment.file_bytes).unwrap();
        let mut source = LineSource::new(vec![segment]);
        let found = source.advance().unwrap_err();
        assert_eq!(found.damage().unwrap().kind, DamageKind::NotALine);
        assert!(source.buffer.len() <= MAX_LINE_BYTES);
    }
}

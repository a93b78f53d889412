//! The lines of a journal's segments, one after the other, through one buffer: memory does not grow with
//! the journal.

use std::io::Read;
use std::path::Path;

use reprise_model::Seq;

use crate::error::{Damage, DamageKind, JournalError};
use crate::segment::{Segment, SegmentBytes};

/// What is read at once: small enough to stay in a core's own cache.
const BUFFER_BYTES: usize = 256 << 10;
/// A line longer than this is damage: no event comes near it.
pub(crate) const MAX_LINE_BYTES: usize = 64 << 20;

/// A line in the buffer of a [`LineSource`], valid until the next one is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// Where the line begins in its segment's uncompressed bytes.
    pub offset: u64,
    /// The line's number in its segment, from 1.
    pub line: u64,
}

/// Reads lines.
pub(crate) struct LineSource {
    segments: Vec<Segment>,
    /// How many segments were opened.
    opened: usize,
    current: Option<SegmentBytes>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` is in the segment.
    offset: u64,
    line: u64,
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
            start: 0,
            end: 0,
            offset: 0,
            line: 0,
            progress: Progress { read_bytes: 0, total_bytes },
        }
    }

    /// The segment that the last line came from.
    pub fn segment(&self) -> &Segment {
        &self.segments[self.opened.saturating_sub(1)]
    }

    /// The file that the last line came from.
    pub fn file(&self) -> &Path {
        &self.segment().path
    }

    /// The place behind the last line.
    pub fn end(&self) -> Span {
        Span { start: self.start, end: self.start, offset: self.offset, line: self.line + 1 }
    }

    /// How far the reader is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// A line's bytes, without its newline.
    #[inline]
    pub fn bytes(&self, span: Span) -> &[u8] {
        &self.buffer[span.start..span.end]
    }

    /// The place of a fault that begins where `span` does.
    #[cold]
    pub fn damage(&self, span: Span, kind: DamageKind, after: Seq, reason: String) -> Damage {
        Damage { kind, file: self.file().to_owned(), offset: span.offset, line: span.line, after, reason }
    }

    /// The next line; `None` after the last line of the last segment.
    ///
    /// # Errors
    /// When a segment cannot be read, or does not end with a newline, or a line is absurdly long.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<Span>, SourceError> {
        if let Some(len) = memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
            return Ok(Some(self.take(len)));
        }
        self.refill()
    }

    #[inline]
    fn take(&mut self, len: usize) -> Span {
        self.line += 1;
        let span = Span { start: self.start, end: self.start + len, offset: self.offset, line: self.line };
        self.start += len + 1;
        self.offset += len as u64 + 1;
        span
    }

    /// Reads on until a newline is in the buffer.
    #[cold]
    fn refill(&mut self) -> Result<Option<Span>, SourceError> {
        loop {
            if self.current.is_none() && !self.open_next()? {
                return Ok(None);
            }
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == self.buffer.len() {
                if self.end >= MAX_LINE_BYTES {
                    return Err(self.fault(DamageKind::NotALine, "the line is longer than 64 MiB"));
                }
                self.buffer.resize(self.end * 2, 0);
            }
            let old_end = self.end;
            let read = self.fill()?;
            if read == 0 {
                if old_end > 0 {
                    return Err(self.fault(DamageKind::HalfLine, "the line is cut short: no newline ends it"));
                }
                self.leave_segment();
                continue;
            }
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[old_end..self.end]) {
                return Ok(Some(self.take(old_end + at)));
            }
        }
    }

    /// One read into the free end of the buffer.
    fn fill(&mut self) -> Result<usize, SourceError> {
        let Some(bytes) = self.current.as_mut() else { return Ok(0) };
        loop {
            match bytes.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
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
                Err(e) => return Err(SourceError::Journal(JournalError::io("read", self.file(), e))),
            }
        }
    }

    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some(segment) = self.segments.get(self.opened) else { return Ok(false) };
        self.current = Some(SegmentBytes::open(segment).map_err(SourceError::Journal)?);
        self.opened += 1;
        (self.start, self.end, self.offset, self.line) = (0, 0, 0, 0);
        Ok(true)
    }

    fn leave_segment(&mut self) {
        if self.current.take().is_some_and(|c| c.is_sealed()) {
            self.progress.read_bytes += self.segment().file_bytes;
        }
    }

    #[cold]
    fn fault(&self, kind: DamageKind, reason: &str) -> SourceError {
        SourceError::Fault(self.end(), kind, reason.to_owned())
    }
}

/// Why there is no next line.
pub(crate) enum SourceError {
    /// The bytes at the place are no line.
    Fault(Span, DamageKind, String),
    /// The segment cannot be read at all.
    Journal(JournalError),
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
                let Ok(Some(span)) = source.next_line() else { panic!("line {n} is missing") };
                let in_segment = n % expected.len();
                offset = if in_segment == 0 { 0 } else { offset };
                assert!(source.bytes(span) == *line, "line {n}");
                assert_eq!((span.offset, span.line), (offset, in_segment as u64 + 1));
                offset += line.len() as u64 + 1;
            }
            assert!(matches!(source.next_line(), Ok(None)));
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
        while let Ok(Some(_)) = source.next_line() {
            lines += 1;
        }
        assert_eq!((lines, source.buffer.len()), (20_000, BUFFER_BYTES));
    }

    /// Breaks when a file without newlines is read into memory without end.
    #[test]
    fn a_line_without_end_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let segment = segment(dir.path(), false, b"");
        let file = std::fs::OpenOptions::new().write(true).open(&segment.path).unwrap();
        file.set_len(MAX_LINE_BYTES as u64 + 10).unwrap();
        let mut source = LineSource::new(vec![segment]);
        let found = source.next_line();
        assert!(matches!(found, Err(SourceError::Fault(_, DamageKind::NotALine, _))));
        assert!(source.buffer.len() <= MAX_LINE_BYTES);
    }
}

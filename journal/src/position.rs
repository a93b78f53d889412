//! A place in a journal, between two batches: where something that was saved beside it stands.

use std::io::{self, Read, Seek, SeekFrom};

use reprise_model::{Seq, Ts};
use serde::{Deserialize, Serialize};

use crate::line;
use crate::order::Order;
use crate::segment::{Segment, SegmentBytes};

/// A place between two batches, with all that is needed to go on reading behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The segment's number.
    pub segment: u32,
    /// The offset in the segment's uncompressed bytes.
    pub offset: u64,
    /// The last sequence number before it.
    pub seq: Seq,
    /// The last input's time.
    pub ts: Ts,
    /// The crc stored on the line before it.
    pub crc: u32,
    /// Lines before it in the segment.
    lines: u64,
    /// Whether the run has ended there.
    ended: bool,
    /// Whether inputs are left out.
    sparse: bool,
}

/// The end of every line from its crc's digits on: `5f3a9c01"}` and a newline.
const CRC_END: usize = 11;

impl Position {
    /// The place behind so many lines and bytes of a segment; no batch may be open.
    #[inline]
    pub(crate) fn new(segment: u32, lines: u64, offset: u64, order: &Order) -> Self {
        let &Order { crc, seq, ts, ended, sparse, .. } = order;
        Self { segment, offset, seq, ts, crc, lines, ended, sparse }
    }

    pub(crate) fn order(&self) -> Order {
        let &Self { seq, ts, crc, ended, sparse, .. } = self;
        Order { crc, seq, ts, pending: 0, sparse, ended }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Opens the segment behind the place; `None` when the segment has another line before it, or ends earlier.
    pub(crate) fn open(&self, segment: &Segment) -> Result<Option<SegmentBytes>, crate::error::JournalError> {
        let fail = |e| crate::error::JournalError::io("read", &segment.path, e);
        let mut bytes = SegmentBytes::open(segment)?;
        if self.offset == 0 {
            return Ok(Some(bytes));
        }
        let Some(skipped) = self.offset.checked_sub(CRC_END as u64) else { return Ok(None) };
        if let SegmentBytes::Plain(file) = &mut bytes {
            file.seek(SeekFrom::Start(skipped)).map_err(fail)?;
        } else {
            // What is packed can only be read from its start.
            io::copy(&mut Read::take(&mut bytes, skipped), &mut io::sink()).map_err(fail)?;
        }
        let mut end = [0; CRC_END];
        match bytes.read_exact(&mut end) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(fail(e)),
        }
        let crc = end.first_chunk::<8>().and_then(|hex| line::decode_hex(*hex));
        Ok((crc == Some(self.crc) && end[8..] == *b"\"}\n").then_some(bytes))
    }
}

//! What was durable, told by a damaged tail: the records `journal.synced` in it that are whole in themselves.
//!
//! Behind damage the chain proves nothing, but one line still can be judged with its neighbour: its crc is
//! seeded with the crc stored there, or, if just that is damaged, with the one computed from the neighbour.
//! A damaged byte may also have become a newline, or been one, so two lines may have been one and one two.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use reprise_model::Seq;

use super::scan::synced_through;
use crate::error::JournalError;
use crate::line::{self, Envelope, TAIL_LEN};
use crate::manifest::SegmentSummary;
use crate::segment::Segment;
use crate::source::MAX_LINE_BYTES;

/// How every record begins.
const RECORD_START: &[u8] = b"{\"after\":";

/// What stands between a line's covered bytes and its crc.
const CRC_KEY: &[u8] = b",\"crc\":\"";

/// The crcs that a line leaves for the next: the stored one, and those computed from it as if it, or its
/// part before the key `crc`, were whole.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    stored: Option<u32>,
    computed: [Option<u32>; 2],
}

impl Left {
    fn by(line: &[u8], before: Self) -> Self {
        let ends = [line.len().checked_sub(TAIL_LEN), memchr::memmem::rfind(line, CRC_KEY)];
        let computed = ends.map(|end| Some(crc32c::crc32c_append(before.stored?, &line[..end?])));
        Self { stored: stored_crc(line), computed }
    }
}

/// What the last two lines leave.
#[derive(Debug, Clone, Copy, Default)]
struct Seeds {
    last: Left,
    one_before: Left,
}

impl Seeds {
    fn fit(self, line: &Envelope<'_>) -> bool {
        let left = |l: Left| [l.stored, l.computed[0], l.computed[1]];
        let seeds = [left(self.last), left(self.one_before)];
        seeds.as_flattened().iter().flatten().any(|seed| line.crc_after(*seed) == line.crc)
    }

    fn after(self, line: &[u8]) -> Self {
        Self { last: Left::by(line, self.last), one_before: self.last }
    }
}

/// The eight digits where a line's crc stands, whatever is around them.
fn stored_crc(line: &[u8]) -> Option<u32> {
    let hex = line.get(line.len().checked_sub(10)?..)?.first_chunk::<8>()?;
    line::decode_hex(*hex)
}

/// The highest sequence number that whole `journal.synced` records in the plain segments behind the whole
/// batches say is durable; 0 when there is none.
pub(super) fn in_tail(
    files: &[Segment],
    whole: &[SegmentSummary],
    whole_crc: u32,
) -> Result<Seq, JournalError> {
    let whole_end = Left { stored: Some(whole_crc), ..Left::default() };
    let mut seeds = Seeds { last: whole_end, ..Seeds::default() };
    let mut highest = Seq(0);
    let first = whole.last().map_or(1, |s| s.number);
    for file in files.iter().filter(|f| f.number >= first && !f.sealed) {
        let from = whole.iter().find(|s| s.number == file.number).map_or(0, |s| s.bytes);
        let fail = |e| JournalError::io("read", &file.path, e);
        let mut opened = File::open(&file.path).map_err(fail)?;
        opened.seek(SeekFrom::Start(from)).map_err(fail)?;
        let mut lines = BufReader::with_capacity(256 << 10, opened);
        let mut line = Vec::new();
        while read_line(&mut lines, &mut line).map_err(fail)? {
            highest = highest.max(in_line(&line, seeds));
            seeds = seeds.after(&line);
        }
    }
    Ok(highest)
}

/// The highest number in one line, which may be several whose newlines were damaged.
fn in_line(line: &[u8], seeds: Seeds) -> Seq {
    let mut highest = Seq(0);
    for at in memchr::memmem::find_iter(line, RECORD_START) {
        let seeds = if at == 0 { seeds } else { seeds.after(&line[..at - 1]) };
        // A record is short; only its own end can end it.
        let ends = memchr::memmem::find_iter(&line[at..], b"\"}").map(|end| at + end + 2).take(8);
        for end in ends {
            let Ok(envelope) = line::decode(&line[at..end]) else { continue };
            if let Some(through) = synced_through(&envelope).filter(|_| seeds.fit(&envelope)) {
                highest = highest.max(through);
            }
        }
    }
    highest
}

/// Reads up to and without a newline, or as much as any line has.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = std::io::Read::take(from, MAX_LINE_BYTES as u64).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(read > 0)
}

//! What a journal holds, as one digest: how another run names it as its source.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use reprise_model::event::RunEnded;
use reprise_model::{Seq, codec};

use crate::error::JournalError;
use crate::hash::LineHash;
use crate::line;
use crate::order::RUN_ENDED;
use crate::reader::JournalReader;
use crate::segment::{Segment, SegmentBytes, list_whole};

/// How much of a journal's end is looked at for its `run.ended`.
const TAIL_BYTES: usize = 1 << 20;

/// A journal's content in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// BLAKE3 of the uncompressed lines up to and without `run.ended`, in hexadecimal.
    pub digest: String,
    /// The last sequence number.
    pub last: Seq,
}

/// The content of a journal: what its `run.ended` says, or, of a run that has not ended, computed by reading
/// it all.
///
/// # Errors
/// When the journal cannot be read; one that has not ended is also checked as it is read.
pub fn content(path: &Path) -> Result<Content, JournalError> {
    match content_at_end(path)? {
        Some(content) => Ok(content),
        None => content_by_reading(path),
    }
}

fn content_at_end(path: &Path) -> Result<Option<Content>, JournalError> {
    let Some(last) = list_whole(path)?.pop() else { return Ok(None) };
    let tail = tail_of(&last)?;
    let mut lines = tail.split(|&b| b == b'\n').rev().filter_map(|l| line::decode(l).ok());
    let Some(newest) = lines.next() else { return Ok(None) };
    let last = newest.seq;
    let ended = std::iter::once(newest).chain(lines).find(|l| l.kind == RUN_ENDED);
    Ok(ended
        .and_then(|l| codec::from_bytes::<RunEnded>(l.payload).ok())
        .map(|ended| Content { digest: ended.content, last }))
}

/// The content of a journal as its bytes are, whatever its `run.ended` says; chain and order of every line are
/// checked as it is read.
///
/// # Errors
/// When the journal is damaged or cannot be read.
pub fn content_by_reading(path: &Path) -> Result<Content, JournalError> {
    let mut reader = JournalReader::open(path)?;
    let mut hash = LineHash::new();
    let mut has_ended = false;
    while let Some((envelope, line)) = reader.next_whole_line()? {
        has_ended |= envelope.kind == RUN_ENDED;
        if !has_ended {
            hash.line(line);
        }
    }
    Ok(Content { digest: hash.hex(), last: reader.last_seq() })
}

/// The last bytes of a segment; a sealed one must be read from its start.
fn tail_of(segment: &Segment) -> Result<Vec<u8>, JournalError> {
    let fail = |e| JournalError::io("read", &segment.path, e);
    let mut bytes = SegmentBytes::open(segment)?;
    if let SegmentBytes::Plain(file) = &mut bytes {
        let skipped = segment.file_bytes.saturating_sub(TAIL_BYTES as u64);
        file.seek(SeekFrom::Start(skipped)).map_err(fail)?;
    }
    let (mut tail, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match bytes.read(&mut chunk).map_err(fail)? {
            0 => return Ok(tail),
            n => tail.extend_from_slice(&chunk[..n]),
        }
        if tail.len() > 2 * TAIL_BYTES {
            tail.drain(..tail.len() - TAIL_BYTES);
        }
    }
}

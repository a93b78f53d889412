//! What a journal holds, as one digest: how another run names it as its source.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use reprise_model::event::{Class, RunEnded};
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
    /// BLAKE3 of the uncompressed lines up to and without the `run.ended` that ends them, in hexadecimal; of all
    /// lines when the last epoch has not ended.
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
    let lines = tail.split(|&b| b == b'\n').rev().filter_map(|l| line::decode(l).ok());
    let mut lines = lines.peekable();
    let Some(last) = lines.peek().map(|newest| newest.seq) else { return Ok(None) };
    // Only its own outcomes stand behind the run's end; an epoch that goes on has other lines there.
    let newest = lines.find(|l| l.class != Class::Outcome);
    Ok(newest
        .filter(|l| l.kind == RUN_ENDED)
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
    let mut before_end = None;
    while let Some((envelope, line)) = reader.next_whole_line()? {
        if envelope.kind == RUN_ENDED {
            before_end = Some(hash.hex());
        }
        hash.line(line);
    }
    let digest = before_end.filter(|_| reader.ended()).unwrap_or_else(|| hash.hex());
    Ok(Content { digest, last: reader.last_seq() })
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

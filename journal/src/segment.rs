//! The files of a journal: `000001.jsonl`, `000002.jsonl`, …; a sealed segment ends in `.jsonl.zst`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Damage, DamageKind, JournalError};

/// The largest window that a sealed segment may ask the decoder to keep: 16 MiB.
const WINDOW_LOG_MAX: u32 = 24;
/// More segments than any journal has; the name has six digits.
pub(crate) const MAX_SEGMENTS: u32 = 999_999;

/// One segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// 1, 2, 3, …
    pub number: u32,
    /// Whether it is packed with zstd.
    pub sealed: bool,
    /// The file.
    pub path: PathBuf,
    /// The file's size in bytes when it was looked at, packed if it is sealed; no more of it is read.
    pub file_bytes: u64,
}

/// The name of a plain segment.
#[must_use]
pub fn plain_name(number: u32) -> String {
    format!("{number:06}.jsonl")
}

/// The name of a sealed segment.
#[must_use]
pub fn sealed_name(number: u32) -> String {
    format!("{number:06}.jsonl.zst")
}

/// The number in a segment's name, and whether it is sealed.
fn parse_name(name: &str) -> Option<(u32, bool)> {
    let (digits, sealed) = match name.strip_suffix(".jsonl.zst") {
        Some(digits) => (digits, true),
        None => (name.strip_suffix(".jsonl")?, false),
    };
    let well_formed = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
    let number = well_formed.then(|| digits.parse().ok()).flatten().filter(|n| *n > 0)?;
    Some((number, sealed))
}

/// The segments of a journal, and what stands beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// One for each number that is there, in order; the plain file where both forms are there.
    pub segments: Vec<Segment>,
    /// Sealed forms of segments whose plain form is there too: sealing was interrupted.
    pub twins: Vec<Segment>,
    /// The first number that is missing between others.
    pub gap: Option<u32>,
}

/// The segments at a path: a folder's, or the one that the path itself is.
///
/// # Errors
/// When nothing is there, or it cannot be listed.
pub(crate) fn list(path: &Path) -> Result<Listing, JournalError> {
    let meta = fs::metadata(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => JournalError::NotFound { path: path.to_owned() },
        _ => JournalError::io("open", path, e),
    })?;
    if !meta.is_dir() {
        let sealed = path.extension().is_some_and(|e| e == "zst");
        let segment = Segment { number: 1, sealed, path: path.to_owned(), file_bytes: meta.len() };
        return Ok(Listing { segments: vec![segment], ..Listing::default() });
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| JournalError::io("list", path, e))? {
        let entry = entry.map_err(|e| JournalError::io("list", path, e))?;
        let Some((number, sealed)) = entry.file_name().to_str().and_then(parse_name) else { continue };
        let path = entry.path();
        let file_bytes = fs::metadata(&path).map_err(|e| JournalError::io("look at", &path, e))?.len();
        all.push(Segment { number, sealed, path, file_bytes });
    }
    all.sort_by_key(|s| (s.number, s.sealed));
    let mut listing = Listing::default();
    for segment in all {
        match listing.segments.last() {
            Some(last) if last.number == segment.number => listing.twins.push(segment),
            last => {
                let expected = last.map_or(1, |l| l.number + 1);
                if segment.number != expected && listing.gap.is_none() {
                    listing.gap = Some(expected);
                }
                listing.segments.push(segment);
            }
        }
    }
    Ok(listing)
}

/// The segments at a path, which must be a whole row of at least one.
///
/// # Errors
/// When nothing is there, no segment is among what is there, or one is missing.
pub(crate) fn list_whole(path: &Path) -> Result<Vec<Segment>, JournalError> {
    let listing = list(path)?;
    if listing.segments.is_empty() {
        let reason = format!("it has no segment such as {}", plain_name(1));
        return Err(JournalError::NotAJournal { path: path.to_owned(), reason });
    }
    if let Some(gap) = listing.gap {
        return Err(JournalError::Corrupt(missing_segment(path, gap)));
    }
    Ok(listing.segments)
}

/// The damage of a segment that is missing between others.
pub(crate) fn missing_segment(dir: &Path, number: u32) -> Damage {
    Damage {
        kind: DamageKind::MissingSegment,
        file: dir.join(plain_name(number)),
        offset: 0,
        line: 1,
        after: reprise_model::Seq(0),
        reason: "the segment is missing".to_owned(),
    }
}

/// The uncompressed bytes of one segment.
pub(crate) enum SegmentBytes {
    Plain(File),
    Sealed(Box<zstd::stream::read::Decoder<'static, io::BufReader<File>>>),
}

impl SegmentBytes {
    /// Opens a segment.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(segment: &Segment) -> Result<Self, JournalError> {
        let fail = |e| JournalError::io("open", &segment.path, e);
        let file = File::open(&segment.path).map_err(fail)?;
        if !segment.sealed {
            return Ok(Self::Plain(file));
        }
        let mut decoder = zstd::stream::read::Decoder::new(file).map_err(fail)?;
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(fail)?;
        Ok(Self::Sealed(Box::new(decoder)))
    }

    /// True when a failed read means damaged bytes rather than a failing disk.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }
}

impl Read for SegmentBytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buf),
            Self::Sealed(decoder) => decoder.read(buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a file that is no segment is read as one, or a segment is passed over.
    #[test]
    fn names() {
        let rows = [
            ("000001.jsonl", Some((1, false))),
            ("000042.jsonl.zst", Some((42, true))),
            ("999999.jsonl", Some((999_999, false))),
            ("000000.jsonl", None),
            ("1.jsonl", None),
            ("0000001.jsonl", None),
            ("+00001.jsonl", None),
            ("000001.jsonl.zst.tmp", None),
            ("000001.json", None),
            ("manifest.json", None),
        ];
        for (name, expected) in rows {
            assert_eq!(parse_name(name), expected, "{name}");
        }
        assert_eq!(parse_name(&plain_name(7)), Some((7, false)));
        assert_eq!(parse_name(&sealed_name(7)), Some((7, true)));
    }

    /// Breaks when a missing middle segment or the leftover of a crash in sealing goes unnoticed.
    #[test]
    fn listings() {
        let rows = [
            ("000001.jsonl 000002.jsonl", "000001.jsonl 000002.jsonl", 0, None),
            ("000001.jsonl 000001.jsonl.zst", "000001.jsonl", 1, None),
            ("000001.jsonl.zst 000003.jsonl", "000001.jsonl.zst 000003.jsonl", 0, Some(2)),
            ("000002.jsonl", "000002.jsonl", 0, Some(1)),
            ("notes.txt", "", 0, None),
        ];
        for (files, segments, twins, gap) in rows {
            let dir = tempfile::tempdir().unwrap();
            for file in files.split(' ') {
                fs::write(dir.path().join(file), b"x").unwrap();
            }
            let listing = list(dir.path()).unwrap();
            let names: Vec<_> =
                listing.segments.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
            assert_eq!(names.join(" "), segments, "{files:?}");
            assert_eq!((listing.twins.len(), listing.gap), (twins, gap), "{files:?}");
        }
    }
}

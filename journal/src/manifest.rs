//! `manifest.json`: what the segments hold, derived from them and rebuilt at any time.
//!
//! It has one use that the segments cannot serve themselves: a run that ended, or was sealed, and then lost
//! whole batches at its end reads as one that goes on; the manifest beside it still tells.

use std::fs;
use std::path::Path;

use reprise_model::Seq;
use serde::{Deserialize, Serialize};

use crate::error::JournalError;
use crate::files;

/// The manifest's file in a run's folder.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The version of the manifest's form.
const FORMAT: u32 = 1;

/// What a journal's segments hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    /// The run's id.
    pub run: String,
    /// True when `run.ended` and its outcomes are there.
    pub ended: bool,
    /// True when the segments were synced to disk before this was written.
    pub synced: bool,
    /// The segments that take no more lines, in order.
    pub segments: Vec<SegmentSummary>,
}

/// What one segment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSummary {
    /// 1, 2, 3, …
    pub number: u32,
    /// Lines in it.
    pub lines: u64,
    /// Its uncompressed bytes.
    pub bytes: u64,
    /// The last sequence number at its end.
    pub last_seq: u64,
    /// The crc stored on its last line, 8 hexadecimal digits.
    pub last_crc: String,
    /// Its packed form, once it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedForm>,
}

/// The digests of a sealed segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedForm {
    /// BLAKE3 of the uncompressed bytes.
    pub blake3: String,
    /// Size of the packed file in bytes.
    pub file_bytes: u64,
    /// BLAKE3 of the packed file.
    pub file_blake3: String,
}

impl SegmentSummary {
    /// An empty segment that follows a line with this number and crc.
    pub(crate) fn begin(number: u32, last_seq: Seq, last_crc: u32) -> Self {
        let mut summary =
            Self { number, lines: 0, bytes: 0, last_seq: 0, last_crc: String::new(), sealed: None };
        summary.end_at(last_seq, last_crc);
        summary
    }

    /// Sets where the segment ends.
    pub(crate) fn end_at(&mut self, last_seq: Seq, last_crc: u32) {
        self.last_seq = last_seq.0;
        self.last_crc = format!("{last_crc:08x}");
    }
}

impl Manifest {
    /// A manifest of these segments.
    #[must_use]
    pub fn new(run: String, ended: bool, synced: bool, segments: Vec<SegmentSummary>) -> Self {
        Self { format: FORMAT, run, ended, synced, segments }
    }

    /// The one form in which a manifest is written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Numbers, strings and lists of them always have a JSON form.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a folder's manifest, `None` when there is none; the inner error says why what is there is no
    /// manifest in the one form.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Result<Self, String>>, JournalError> {
        let path = dir.join(MANIFEST_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e)
                if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(e) => return Err(JournalError::io("read", &path, e)),
        };
        let read = match serde_json::from_slice::<Self>(&bytes) {
            Ok(manifest) if manifest.format != FORMAT => Err(format!("its format is {}", manifest.format)),
            Ok(manifest) if manifest.to_bytes() != bytes => {
                Err("its bytes are not in the one form".to_owned())
            }
            Ok(manifest) => Ok(manifest),
            Err(e) => Err(e.to_string()),
        };
        Ok(Some(read))
    }

    /// Puts the manifest in its place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, dir: &Path, durable: bool) -> Result<(), JournalError> {
        files::replace(&dir.join(MANIFEST_FILE), &self.to_bytes(), durable)
    }
}

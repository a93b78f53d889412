//! Sealing: packing a journal's segments with zstd, each into a file of its own.
//!
//! The order makes a crash harmless at every step: a packed file is complete, read back and durable before
//! it takes its name; the manifest tells of it before the plain file goes. A plain segment that is there is
//! always the one that is read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{Damage, DamageKind, JournalError};
use crate::files;
use crate::hash::hash_file;
use crate::lock::Lock;
use crate::manifest::{Manifest, SealedForm};
use crate::segment::{Segment, SegmentBytes, sealed_name};
use crate::verify::{Verdict, judge};

/// Packs quotes to about a tenth at several hundred MB a second.
const LEVEL: i32 = 3;

/// What sealing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Segments that are sealed now.
    pub segments: u32,
    /// Of them those that this call sealed.
    pub newly: u32,
    /// Their uncompressed bytes.
    pub bytes: u64,
    /// Their packed bytes.
    pub file_bytes: u64,
}

/// Seals all segments of a journal that verifies; what is sealed already stays as it is.
///
/// # Errors
/// When the journal does not verify, is being written, or the disk is full.
pub fn seal(dir: &Path) -> Result<Sealed, JournalError> {
    let _lock = Lock::take(dir)?;
    let mut stat = match judge(dir, true)? {
        Verdict::Clean(stat) => stat,
        Verdict::Corrupt(damage) => return Err(JournalError::Corrupt(damage)),
        Verdict::BeingWritten { .. } => return Err(JournalError::Locked { path: dir.to_owned() }),
        Verdict::CouldNotJudge { reason } => {
            return Err(JournalError::NotJudged { path: dir.to_owned(), reason });
        }
    };
    let listing = crate::segment::list(dir)?;
    let mut sealed = Sealed::default();
    for (segment, summary) in listing.segments.iter().zip(&mut stat.segments) {
        if !segment.sealed {
            summary.sealed = Some(pack(dir, segment)?);
            sealed.newly += 1;
        }
        sealed.segments += 1;
        sealed.bytes += summary.bytes;
        sealed.file_bytes += summary.sealed.as_ref().map_or(0, |form| form.file_bytes);
    }
    files::sync_dir(dir)?;
    Manifest::new(stat.run.clone(), stat.ended, true, stat.segments.clone()).write(dir, true)?;
    for segment in listing.segments.iter().filter(|s| !s.sealed) {
        fs::remove_file(&segment.path).map_err(|e| JournalError::io("remove", &segment.path, e))?;
    }
    files::sync_dir(dir)?;
    Ok(sealed)
}

/// Packs one segment beside itself.
fn pack(dir: &Path, segment: &Segment) -> Result<SealedForm, JournalError> {
    let path = dir.join(sealed_name(segment.number));
    let temporary = path.with_extension("zst.tmp");
    let fail = |e| JournalError::io("write", &temporary, e);
    let out = files::private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(&temporary)
        .map_err(fail)?;
    let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL).map_err(fail)?;
    encoder.include_checksum(true).map_err(fail)?;
    let mut hash = blake3::Hasher::new();
    copy_through(&mut SegmentBytes::open(segment)?, |bytes| {
        hash.update(bytes);
        encoder.write_all(bytes)
    })
    .map_err(fail)?;
    let out = encoder.finish().map_err(fail)?;
    out.sync_all().map_err(fail)?;
    let blake3 = hash.finalize().to_hex().to_string();
    let packed = Segment { sealed: true, path: temporary.clone(), ..segment.clone() };
    if hash_unpacked(&packed)?.1 != blake3 {
        return Err(JournalError::Corrupt(Damage {
            kind: DamageKind::Sealed,
            file: temporary,
            offset: 0,
            line: 1,
            after: reprise_model::Seq(0),
            reason: "what was packed does not unpack to the same bytes; the segment was left as it is"
                .to_owned(),
        }));
    }
    let (file_bytes, file_blake3) = hash_file(&temporary)?;
    fs::rename(&temporary, &path).map_err(|e| JournalError::io("rename", &temporary, e))?;
    Ok(SealedForm { blake3, file_bytes, file_blake3 })
}

/// Size and BLAKE3 of a segment's uncompressed bytes.
///
/// # Errors
/// When it cannot be read or does not unpack.
pub(crate) fn hash_unpacked(segment: &Segment) -> Result<(u64, String), JournalError> {
    let (mut hash, mut len) = (blake3::Hasher::new(), 0);
    copy_through(&mut SegmentBytes::open(segment)?, |bytes| {
        hash.update(bytes);
        len += bytes.len() as u64;
        Ok(())
    })
    .map_err(|e| JournalError::io("unpack", &segment.path, e))?;
    Ok((len, hash.finalize().to_hex().to_string()))
}

fn copy_through(from: &mut impl Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; 128 << 10];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => to(&piece[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

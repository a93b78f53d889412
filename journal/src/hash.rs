//! BLAKE3 of lines and of files.

use std::path::Path;

use crate::error::JournalError;

/// Lines are hashed in pieces of this size: BLAKE3 is several times faster on long ones.
const PIECE_BYTES: usize = 128 << 10;

/// BLAKE3 of lines and their newlines.
pub(crate) struct LineHash {
    hash: blake3::Hasher,
    piece: Vec<u8>,
}

impl LineHash {
    pub fn new() -> Self {
        Self { hash: blake3::Hasher::new(), piece: Vec::new() }
    }

    /// Adds a line, given without its newline.
    pub fn line(&mut self, line: &[u8]) {
        self.piece.extend_from_slice(line);
        self.piece.push(b'\n');
        if self.piece.len() >= PIECE_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hash.update(&self.piece);
        self.piece.clear();
    }

    /// The hash so far, in hexadecimal.
    pub fn hex(&mut self) -> String {
        self.flush();
        self.hash.finalize().to_hex().to_string()
    }
}

/// Size and BLAKE3 of a file as it is on disk.
pub(crate) fn hash_file(path: &Path) -> Result<(u64, String), JournalError> {
    let mut hash = blake3::Hasher::new();
    let copied = std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut hash));
    let bytes = copied.map_err(|e| JournalError::io("read", path, e))?;
    Ok((bytes, hash.finalize().to_hex().to_string()))
}

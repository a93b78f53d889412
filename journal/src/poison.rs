//! An input that the engine could not take, kept beside the journal that does not hold it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use reprise_model::codec;
use reprise_model::codec::Writer;
use reprise_model::{Input, Seq, Ts};

use crate::line;

/// The file in the run's folder.
pub const POISON_FILE: &str = "poison.jsonl";

/// Keeps an input as the line it would have been, with the reason in place of its checksum; gives the file.
///
/// # Errors
/// When the file cannot be written.
pub fn keep_poison(dir: &Path, (seq, ts, input): (Seq, Ts, &Input), reason: &str) -> io::Result<PathBuf> {
    let mut w = Writer::new();
    line::encode_input(&mut w, seq, ts, input, 0);
    let mut line = w.into_bytes();
    line.extend_from_slice(b",\"halt\":");
    line.extend_from_slice(&codec::to_bytes(&reason.to_owned()));
    line.extend_from_slice(b"}\n");
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = dir.join(POISON_FILE);
    options.open(&path)?.write_all(&line)?;
    Ok(path)
}

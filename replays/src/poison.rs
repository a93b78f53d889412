//! The input at which the engine halted, kept beside the run that could not take it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use reprise_core::Halt;
use reprise_journal::line;
use reprise_model::codec::Writer;
use reprise_model::{Input, Seq, Ts};

/// The file in the run's folder.
pub const POISON_FILE: &str = "poison.jsonl";

/// Keeps the input as the line it would have been, with the reason of the halt in place of its checksum.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(dir: &Path, (seq, ts, input): (Seq, Ts, &Input), halt: &Halt) -> io::Result<()> {
    let mut w = Writer::new();
    line::encode_input(&mut w, seq, ts, input, 0);
    let mut line = w.into_bytes();
    line.extend_from_slice(b",\"halt\":");
    serde_json::to_writer(&mut line, &halt.to_string())?;
    line.extend_from_slice(b"}\n");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(dir.join(POISON_FILE))?.write_all(&line)
}

//! Files and folders that only their owner can read, and the order in which they become durable.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::JournalError;

/// Options that make new files readable and writable by their owner only.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a new file that must not be there yet.
pub(crate) fn create_new(path: &Path) -> Result<File, JournalError> {
    private(OpenOptions::new().write(true).create_new(true))
        .open(path)
        .map_err(|e| JournalError::io("create", path, e))
}

/// Makes a folder, and those above it, for their owner only.
pub(crate) fn create_dir(path: &Path) -> Result<(), JournalError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| JournalError::io("create", path, e))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), JournalError> {
    #[cfg(unix)]
    File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| JournalError::io("sync", path, e))?;
    Ok(())
}

/// Puts a whole file in place, so that a reader sees the old one or the new one and never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8], durable: bool) -> Result<(), JournalError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = (|| -> io::Result<()> {
        let mut file =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&temporary)?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    })();
    written.map_err(|e| JournalError::io("write", path, e))?;
    match path.parent() {
        Some(dir) if durable => sync_dir(dir),
        _ => Ok(()),
    }
}

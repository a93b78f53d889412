//! One writer at a time: a lock on a file in the run's folder, released by the operating system when the
//! process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::JournalError;
use crate::files::private;

/// The lock's file in a run's folder.
pub const LOCK_FILE: &str = ".lock";

/// How often a lock that is held is tried, and how long is waited between.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// The right to write a journal, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a run's folder.
    ///
    /// # Errors
    /// When another process holds it, or the file cannot be made.
    pub fn take(dir: &Path) -> Result<Self, JournalError> {
        if !dir.exists() {
            return Err(JournalError::NotFound { path: dir.to_owned() });
        }
        let path = dir.join(LOCK_FILE);
        let file = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(&path)
            .map_err(|e| JournalError::io("open", &path, e))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // Whoever asks whether it is held holds it for a moment.
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::Error(e)) => return Err(JournalError::io("lock", &path, e)),
            }
        }
        Err(JournalError::Locked { path: dir.to_owned() })
    }

    /// Whether a writer holds the lock of a folder at this moment.
    #[must_use]
    pub fn is_held(dir: &Path) -> bool {
        let Ok(file) = File::open(dir.join(LOCK_FILE)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when two writers can hold one journal, or a lock outlives its holder.
    #[test]
    fn one_holder() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!Lock::is_held(dir.path()));
        let lock = Lock::take(dir.path()).unwrap();
        assert!(Lock::is_held(dir.path()));
        assert!(matches!(Lock::take(dir.path()), Err(JournalError::Locked { .. })));
        drop(lock);
        assert!(!Lock::is_held(dir.path()));
        Lock::take(dir.path()).unwrap();
    }
}

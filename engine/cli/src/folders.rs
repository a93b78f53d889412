//! Folders and files of the command line, looked at before any work is done with them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// runs/demo-1, or the first after it that is free.
pub fn free_folder(runs: &Path, name: &str) -> Result<PathBuf> {
    (1_u32..)
        .map(|n| runs.join(format!("{name}-{n}")))
        .find(|dir| !dir.exists())
        .with_context(|| format!("every {}/{name}-N exists; name a folder with -o", runs.display()))
}

/// Says early that a folder is taken, before minutes of reading.
pub fn refuse_used_folder(dir: &Path) -> Result<()> {
    let mut entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            bail!("{} is a file, or lies below one; name a new folder with -o", dir.display())
        }
        Err(error) => {
            return Err(error).with_context(|| format!("the folder {} cannot be read", dir.display()));
        }
    };
    ensure!(entries.next().is_none(), "{} is not empty; name a new folder with -o", dir.display());
    Ok(())
}

/// A single file may be a segment of a journal. One that is neither that nor compressed was most likely meant to be
/// imported first, and is no damaged journal.
pub fn refuse_other_file(run: &Path) -> Result<()> {
    const JOURNAL: &[u8] = b"{\"seq\":";
    const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
    if !run.is_file() {
        return Ok(());
    }
    let mut start = Vec::new();
    let file = File::open(run).with_context(|| format!("{} cannot be read", run.display()))?;
    file.take(JOURNAL.len() as u64)
        .read_to_end(&mut start)
        .with_context(|| format!("{} cannot be read", run.display()))?;
    let is_journal = start == JOURNAL || start.starts_with(ZSTD);
    ensure!(
        is_journal,
        "{} is a file and no journal; make a run of it first: reprise import --format FORMAT {0} -o RUNDIR",
        run.display()
    );
    Ok(())
}

//! Snapshots: the core as it was at a place of the journal, so that a restart need not begin at its first line.
//!
//! A file beside the segments, `snapshot-<seq>.json`: a line that says what it is of, and a line that is the saved
//! core. It is derived from the journal and safe to delete; a restart without one steps through the whole journal.
//! One that is damaged, or of another run, version or configuration, or lies behind the journal's end, is passed
//! over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reprise_core::{Core, STATE_VERSION};
use reprise_journal::Position;
use reprise_model::Seq;
use serde::{Deserialize, Serialize};

/// How many snapshots stay: the newest, and the one before it in case the newest is damaged.
const KEPT: usize = 2;
/// A save that takes longer than this is told of: the engine stood still meanwhile.
const LONG_SAVE: Duration = Duration::from_millis(50);

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The run's id.
    pub run: String,
    /// The engine's version.
    pub engine: String,
    /// The version of the state's encoding.
    pub state_version: u32,
    /// BLAKE3 of the recorded configuration, as far as it decides.
    pub config: String,
    /// The place in the journal.
    pub position: Position,
    /// BLAKE3 of the saved core.
    pub content: String,
}

/// What every snapshot of a run says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub run: String,
    pub config: String,
}

/// Takes snapshots from time to time.
#[derive(Debug)]
pub(crate) struct SnapshotKeeper {
    dir: PathBuf,
    origin: Origin,
    every: Duration,
    last: Instant,
    /// The file that is being written.
    writing: Option<JoinHandle<()>>,
    /// True once it was said that the run cannot be saved.
    has_warned: bool,
}

impl SnapshotKeeper {
    /// `None` when no snapshots are wanted.
    pub fn new(dir: &Path, origin: Origin, every_s: u64) -> Option<Self> {
        (every_s > 0).then(|| Self {
            dir: dir.to_owned(),
            origin,
            every: Duration::from_secs(every_s),
            last: Instant::now(),
            writing: None,
            has_warned: false,
        })
    }

    pub fn is_due(&self) -> bool {
        self.last.elapsed() >= self.every && self.writing.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Saves the core here and writes the file elsewhere. A snapshot that cannot be kept is told of, and the run
    /// goes on: it is a help, not the truth.
    pub fn take(&mut self, core: &Core, position: Position) {
        self.last = Instant::now();
        let Some(saved) = core.save() else {
            if !self.has_warned {
                self.has_warned = true;
                tracing::warn!(
                    "a strategy cannot be saved, so no snapshots are kept; a restart steps through the whole journal"
                );
            }
            return;
        };
        let took = self.last.elapsed();
        if took > LONG_SAVE {
            tracing::warn!(
                took_ms = took.as_millis() as u64,
                bytes = saved.len(),
                "saving the state took long"
            );
        }
        let header = Header {
            run: self.origin.run.clone(),
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            state_version: STATE_VERSION,
            config: self.origin.config.clone(),
            position,
            content: blake3::hash(&saved).to_hex().to_string(),
        };
        let dir = self.dir.clone();
        let write = move || {
            if let Err(error) = keep(&dir, &header, &saved) {
                tracing::warn!(%error, "a snapshot cannot be kept");
            }
        };
        self.writing = std::thread::Builder::new().name("snapshot".to_owned()).spawn(write).ok();
    }
}

impl Drop for SnapshotKeeper {
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            // A snapshot that failed said so itself.
            let _ = writing.join();
        }
    }
}

fn name_of(seq: Seq) -> String {
    format!("snapshot-{:012}.json", seq.0)
}

/// Writes a snapshot whole or not at all, and removes those that are too many.
fn keep(dir: &Path, header: &Header, saved: &[u8]) -> io::Result<()> {
    let path = dir.join(name_of(header.position.seq));
    let unfinished = path.with_extension("tmp");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    serde_json::to_writer(&mut file, header)?;
    file.write_all(b"\n")?;
    file.write_all(saved)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    for old in listed(dir)?.into_iter().skip(KEPT) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// The snapshots of a folder, newest first.
fn listed(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("snapshot-") && name.ends_with(".json") {
            found.push(path);
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// The newest snapshot that fits, and the place it is of. `last` is the last number that the journal holds: what
/// lies behind it was torn off with the journal's end, and is removed before other events get the same numbers.
pub(crate) fn newest(dir: &Path, origin: &Origin, last: Seq) -> Option<(Position, Vec<u8>)> {
    let snapshots = match listed(dir) {
        Ok(snapshots) => snapshots,
        Err(error) => {
            tracing::warn!(%error, "snapshots cannot be listed");
            return None;
        }
    };
    for path in snapshots {
        if path.file_name().and_then(|name| name.to_str()) > Some(name_of(last).as_str()) {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(file = %path.display(), %error, "a snapshot of what was cut cannot be removed");
            }
            continue;
        }
        match read(&path, origin, last) {
            Ok((position, saved)) => return Some((position, saved)),
            Err(reason) => {
                tracing::warn!(file = %path.display(), reason, "a snapshot is passed over");
            }
        }
    }
    None
}

fn read(path: &Path, origin: &Origin, last: Seq) -> Result<(Position, Vec<u8>), String> {
    let mut text = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut text)).map_err(|error| error.to_string())?;
    let end = text.iter().position(|&byte| byte == b'\n').ok_or("it has no first line")?;
    let header: Header = serde_json::from_slice(&text[..end]).map_err(|error| error.to_string())?;
    let saved = text[end + 1..].strip_suffix(b"\n").ok_or("it is cut short")?;
    if header.run != origin.run {
        return Err(format!("it is of the run {}", header.run));
    }
    if (header.engine.as_str(), header.state_version) != (env!("CARGO_PKG_VERSION"), STATE_VERSION) {
        return Err(format!("version {} of the engine wrote it", header.engine));
    }
    if header.config != origin.config {
        return Err("it was made under another configuration".to_owned());
    }
    if header.position.seq > last {
        return Err(format!("it is of seq {}, and the journal ends at {last}", header.position.seq));
    }
    if blake3::hash(saved).to_hex().to_string() != header.content {
        return Err("it is damaged".to_owned());
    }
    Ok((header.position, saved.to_vec()))
}

#[cfg(test)]
mod tests;

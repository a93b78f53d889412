//! What was delivered when the engine took no more records: kept beside the journal until the next epoch journals it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use reprise_model::event::AlertDelivered;

/// The file beside the journal: one `alert.delivered` a line, as JSON.
pub const LATE_FILE: &str = "alerts-delivered.jsonl";

/// What the file holds; a line that does not read was cut short, and its alert is sent again.
fn read(dir: &Path) -> Vec<AlertDelivered> {
    let text = std::fs::read_to_string(dir.join(LATE_FILE)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Adds to the file, durably.
pub(crate) fn add(dir: &Path, records: &[AlertDelivered]) -> io::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut file = private(dir)?;
    for record in records {
        writeln!(file, "{}", serde_json::to_string(record)?)?;
    }
    file.sync_all()
}

/// What the file holds and the journal does not have; the file goes when that is nothing.
pub(crate) fn missing(dir: &Path, journaled: &[AlertDelivered]) -> io::Result<Vec<AlertDelivered>> {
    let mut late = read(dir);
    let is_known = |record: &AlertDelivered| {
        journaled.iter().any(|other| (other.channel, other.alert) == (record.channel, record.alert))
    };
    late.retain(|record| !is_known(record));
    if late.is_empty() && dir.join(LATE_FILE).exists() {
        std::fs::remove_file(dir.join(LATE_FILE))?;
    }
    Ok(late)
}

fn private(dir: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(dir.join(LATE_FILE))
}

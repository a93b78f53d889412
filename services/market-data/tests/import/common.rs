//! What the tests of imports share: files on disk, and inputs as text.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use reprise_market_data::import::{Format, Import, ImportError, ImportPlan, Report};
use reprise_model::codec::Writer;
use reprise_model::{Input, Instrument, Ts};

/// Files in a folder of their own.
pub struct Files {
    folder: tempfile::TempDir,
    pub paths: Vec<PathBuf>,
}

impl Files {
    /// Writes files; a name that ends in `.zip` becomes an archive with one entry, named behind a colon.
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (name, bytes) in files {
            let (name, entry) =
                name.split_once(':').map_or((*name, None), |(name, entry)| (name, Some(entry)));
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match entry {
                Some(entry) => write_zip(&path, entry, bytes),
                None => std::fs::write(&path, bytes).unwrap(),
            }
            paths.push(path);
        }
        Self { folder, paths }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn plan(&self, format: Format) -> ImportPlan {
        ImportPlan { format, files: self.paths.clone(), ..ImportPlan::default() }
    }
}

fn write_zip(path: &Path, entry: &str, bytes: &[u8]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    zip.start_file(entry, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap();
}

/// What an import gave.
pub struct Imported {
    pub instruments: Vec<Instrument>,
    pub events: Vec<(Ts, Input)>,
    pub report: Report,
}

/// Runs both passes.
pub fn import(plan: ImportPlan) -> Result<Imported, ImportError> {
    let import = Import::scan(plan, |_| {})?;
    let mut events = import.events();
    let mut found = Vec::new();
    while let Some(event) = events.next_event()? {
        found.push(event);
    }
    let report = events.report();
    assert_eq!(report.events, found.len() as u64);
    Ok(Imported { instruments: import.instruments().to_vec(), events: found, report })
}

/// An input as it stands in a journal.
pub fn shown(event: &(Ts, Input)) -> String {
    let mut w = Writer::new();
    event.1.write_data(&mut w);
    format!("{} {} {}", event.0, event.1.kind(), String::from_utf8_lossy(w.as_bytes()))
}

/// The folder of real recordings, or `None` with a word about it.
pub fn recordings() -> Option<PathBuf> {
    let shared = std::env::var_os("REPRISE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/market");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there are no recordings at {}; set REPRISE_SHARED to their folder", folder.display());
    None
}

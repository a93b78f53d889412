//! Journals taken apart and put together again, honestly or not.

use std::fs;
use std::path::Path;

use reprise_core::Decided;
use reprise_journal::{Body, JournalReader, line, plain_name};
use reprise_model::event::RunStarted;
use reprise_model::{Input, Seq, Ts};
use serde_json::Value;

/// An input and what was decided because of it.
#[derive(Debug, Clone)]
pub struct Batch {
    pub seq: Seq,
    pub ts: Ts,
    pub input: Input,
    pub decided: Vec<Decided>,
}

/// A journal's first line and all its batches.
pub fn batches(run: &Path) -> (Box<RunStarted>, Vec<Batch>) {
    let mut reader = JournalReader::open(run).unwrap();
    let mut begun = None;
    let mut batches: Vec<Batch> = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        match entry.body {
            Body::Input { input: Input::RunStarted(started), .. } => begun = Some(started),
            Body::Input { input, .. } => {
                batches.push(Batch { seq: entry.seq, ts: entry.ts, input, decided: Vec::new() });
            }
            Body::Outcome { outcome, cause } => {
                let decided = Decided { seq: entry.seq, ts: entry.ts, cause, outcome };
                batches.last_mut().unwrap().decided.push(decided);
            }
            Body::Record(_) => {}
            Body::Unknown { kind, .. } => panic!("{kind}"),
        }
    }
    (begun.unwrap(), batches)
}

/// Every line without its checksum and closing brace.
pub fn bodies(run: &Path) -> Vec<String> {
    let mut reader = JournalReader::open(run).unwrap();
    let mut bodies = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        bodies.push(String::from_utf8(entry.covered.to_vec()).unwrap());
    }
    bodies
}

/// A line of [`bodies`] as a value.
pub fn value(body: &str) -> Value {
    serde_json::from_str(&format!("{body}}}")).unwrap()
}

/// The kind of a line of [`bodies`].
pub fn kind(body: &str) -> String {
    value(body)["kind"].as_str().unwrap().to_owned()
}

/// Writes lines as a journal in a new folder, with checksums that fit and the right content in `run.ended`: as a
/// later engine would, or a careful forger.
pub fn write(out: &Path, bodies: &[String]) {
    fs::create_dir_all(out).unwrap();
    let (mut bytes, mut crc) = (Vec::new(), 0);
    for body in bodies {
        let mut body = body.clone();
        if body.contains(r#""kind":"run.ended""#) {
            let at = body.find(r#""content":""#).unwrap() + r#""content":""#.len();
            body.replace_range(at..at + 64, blake3::hash(&bytes).to_hex().as_str());
        }
        let start = bytes.len();
        bytes.extend_from_slice(body.as_bytes());
        crc = line::end_line(&mut bytes, start, crc);
    }
    fs::write(out.join(plain_name(1)), bytes).unwrap();
}

/// Copies a folder's files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

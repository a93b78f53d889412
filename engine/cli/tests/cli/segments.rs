//! A journal in the hands of somebody who knows the format: lines are taken apart, changed, and chained again.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kit::Place;

/// A line without its checksum.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    pub seq: u64,
    pub ts: u64,
    pub kind: String,
    #[serde(default)]
    pub outcomes: u64,
    pub cause: Option<u64>,
    pub data: Box<RawValue>,
}

impl Line {
    fn text(&self) -> String {
        let Self { seq, ts, kind, outcomes, cause, data } = self;
        let parent = match (cause, outcomes) {
            (Some(cause), _) => format!(r#","cause":{cause}"#),
            (None, 0) => String::new(),
            (None, outcomes) => format!(r#","outcomes":{outcomes}"#),
        };
        format!(r#"{{"seq":{seq},"ts":{ts},"kind":"{kind}"{parent},"data":{data}"#)
    }

    /// The raw text of a member of the event.
    pub fn member(&self, name: &str) -> Option<String> {
        let text = self.data.get();
        let at = text.find(&format!(r#""{name}":"#))? + name.len() + 3;
        let rest = &text[at..];
        let end = match rest.strip_prefix('"') {
            Some(inner) => inner.find('"')? + 2,
            None => rest.find([',', '}', ']'])?,
        };
        Some(rest[..end].to_owned())
    }

    /// Puts another value in the place of a member's.
    pub fn put(&mut self, name: &str, value: &str) {
        let was = self.member(name).unwrap_or_else(|| panic!("{} has no {name}", self.text()));
        let text =
            self.data.get().replacen(&format!(r#""{name}":{was}"#), &format!(r#""{name}":{value}"#), 1);
        self.data = RawValue::from_string(text).unwrap();
    }
}

/// The lines of a run's first segment.
pub fn lines_of(place: &Place, run: &str) -> Vec<Line> {
    let bytes = place.read(&format!("{run}/000001.jsonl"));
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// Writes lines as a run's only segment: every checksum follows from the line before, and `run.ended` tells the
/// content. The manifest goes, since it can be made again.
pub fn write_lines(place: &Place, run: &str, lines: &[Line]) {
    let (mut bytes, mut crc) = (Vec::new(), 0);
    for line in lines {
        let mut line = line.clone();
        if line.kind == "run.ended" {
            let content = blake3::hash(&bytes).to_hex();
            line.put("content", &format!("\"{content}\""));
        }
        let text = line.text();
        crc = crc32c::crc32c_append(crc, text.as_bytes());
        bytes.extend_from_slice(format!("{text},\"crc\":\"{crc:08x}\"}}\n").as_bytes());
    }
    place.write(&format!("{run}/000001.jsonl"), bytes);
    let _ = std::fs::remove_file(place.path(&format!("{run}/manifest.json")));
}

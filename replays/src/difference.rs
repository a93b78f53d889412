//! The first difference between what was recorded and what is recomputed.

use serde::Serialize;
use serde_json::Value;

/// The field of an event in which record and recomputation part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The event's number.
    pub seq: u64,
    /// Its kind, as recorded; as recomputed when nothing was recorded.
    pub kind: String,
    /// The field: `seq`, `ts`, `kind`, `cause`, or the path of one of the event's own, such as `qty`. `event`
    /// when one side has no event at all.
    pub field: String,
    /// What the journal says; `null` when it says nothing.
    pub recorded: Value,
    /// What the engine decides; `null` when it decides nothing.
    pub recomputed: Value,
}

/// Compares two lines up to their checksums; `None` when they are the same.
#[must_use]
pub fn between(recorded: Option<&[u8]>, recomputed: Option<&[u8]>) -> Option<Difference> {
    if recorded == recomputed {
        return None;
    }
    let (recorded, recomputed) = (recorded.map(parse), recomputed.map(parse));
    let shown = recorded.as_ref().or(recomputed.as_ref()).cloned().unwrap_or_default();
    let (field, recorded, recomputed) = match (recorded, recomputed) {
        (Some(recorded), Some(recomputed)) => first_field(&recorded, &recomputed),
        (recorded, recomputed) => {
            ("event".to_owned(), recorded.unwrap_or(Value::Null), recomputed.unwrap_or(Value::Null))
        }
    };
    Some(Difference {
        seq: shown["seq"].as_u64().unwrap_or_default(),
        kind: shown["kind"].as_str().unwrap_or_default().to_owned(),
        field,
        recorded,
        recomputed,
    })
}

/// A line without its checksum and closing brace.
fn parse(covered: &[u8]) -> Value {
    let mut line = covered.to_vec();
    line.push(b'}');
    serde_json::from_slice(&line).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(covered).into_owned()))
}

fn first_field(recorded: &Value, recomputed: &Value) -> (String, Value, Value) {
    for key in ["seq", "kind", "ts", "cause"] {
        if recorded[key] != recomputed[key] {
            return (key.to_owned(), recorded[key].clone(), recomputed[key].clone());
        }
    }
    first_within(String::new(), &recorded["data"], &recomputed["data"])
        .unwrap_or_else(|| ("line".to_owned(), recorded.clone(), recomputed.clone()))
}

/// The first place at which two values part, deepest first.
fn first_within(path: String, recorded: &Value, recomputed: &Value) -> Option<(String, Value, Value)> {
    if recorded == recomputed {
        return None;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (recorded, recomputed) {
        (Value::Object(a), Value::Object(b)) => {
            let absent = Value::Null;
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.map(|key| (below(key), a.get(key).unwrap_or(&absent), b.get(key).unwrap_or(&absent)))
                .find_map(|(path, a, b)| first_within(path, a, b))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (a, b))| first_within(below(&at.to_string()), a, b))
        }
        _ => Some((path, recorded.clone(), recomputed.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when `verify` names the wrong field of a forged line.
    #[test]
    fn the_first_field_is_named() {
        let line = |seq: u64, kind: &str, body: &str| format!(r#"{{"seq":{seq},"ts":1,"kind":"{kind}","cause":1,"data":{body}"#);
        let rows = [
            ((2, "a", r#"{"qty":"1"}"#), (2, "a", r#"{"qty":"1"}"#), None),
            ((2, "a", r#"{"qty":"1"}"#), (2, "a", r#"{"qty":"2"}"#), Some("qty")),
            ((2, "a", r#"{"h":{"x":1,"y":2}}"#), (2, "a", r#"{"h":{"x":1,"y":3}}"#), Some("h.y")),
            ((2, "a", r#"{"l":[1,2]}"#), (2, "a", r#"{"l":[1,3]}"#), Some("l.1")),
            ((2, "a", r#"{}"#), (2, "a", r#"{"qty":"2"}"#), Some("qty")),
            ((2, "a", "{}"), (2, "b", "{}"), Some("kind")),
            ((2, "a", "{}"), (3, "a", "{}"), Some("seq")),
        ];
        for (a, b, field) in rows {
            let (a, b) = (line(a.0, a.1, a.2), line(b.0, b.1, b.2));
            let found = between(Some(a.as_bytes()), Some(b.as_bytes()));
            assert_eq!(found.as_ref().map(|d| d.field.as_str()), field, "{a} against {b}");
        }
    }
}

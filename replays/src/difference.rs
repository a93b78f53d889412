//! The first difference between what was recorded and what is recomputed.

use std::fmt;

use reprise_journal::line::Envelope;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// The field of an event in which record and recomputation part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The event's number.
    pub seq: u64,
    /// Its kind, as recorded; as recomputed when nothing was recorded.
    pub kind: String,
    /// The field: `kind`, `ts`, `cause`, or the path of one of the event's own, such as `qty`. `event` when one
    /// side has no event of that number; `halt` when the engine halts at an input that was taken.
    pub field: String,
    /// What the journal says; `null` when it says nothing.
    pub recorded: Value,
    /// What the engine decides; `null` when it decides nothing.
    pub recomputed: Value,
}

/// Compares two outcomes; `None` when they are the same. Of two with different numbers the earlier one has no
/// counterpart: it was taken out of the journal, or slipped into it.
#[must_use]
pub fn between(recorded: Option<&Envelope<'_>>, recomputed: Option<&Envelope<'_>>) -> Option<Difference> {
    let (recorded, recomputed) = match (recorded, recomputed) {
        (Some(was), Some(is)) if was.seq < is.seq => (recorded, None),
        (Some(was), Some(is)) if was.seq > is.seq => (None, recomputed),
        both => both,
    };
    let shown = recorded.or(recomputed)?;
    let (field, was, is) = match (recorded, recomputed) {
        (Some(was), Some(is)) if was.covered == is.covered => return None,
        (Some(was), Some(is)) => first_field(was, is),
        (was, is) => ("event".to_owned(), was.map_or(Value::Null, whole), is.map_or(Value::Null, whole)),
    };
    let kind = text(shown.kind);
    Some(Difference { seq: shown.seq.0, kind, field, recorded: was, recomputed: is })
}

/// An event as one value.
fn whole(event: &Envelope<'_>) -> Value {
    serde_json::json!({
        "seq": event.seq.0, "ts": event.ts.0, "kind": text(event.kind), "cause": event.cause.0,
        "data": value(&text(event.payload)),
    })
}

fn first_field(was: &Envelope<'_>, is: &Envelope<'_>) -> (String, Value, Value) {
    let rows = [
        ("kind", Value::from(text(was.kind)), Value::from(text(is.kind))),
        ("ts", Value::from(was.ts.0), Value::from(is.ts.0)),
        ("cause", Value::from(was.cause.0), Value::from(is.cause.0)),
    ];
    if let Some((key, was, is)) = rows.into_iter().find(|(_, was, is)| was != is) {
        return (key.to_owned(), was, is);
    }
    let (was, is) = (text(was.payload), text(is.payload));
    first_within(String::new(), &was, &is).unwrap_or_else(|| ("data".to_owned(), value(&was), value(&is)))
}

/// The first place in the recorded text at which two values part, deepest first; `None` when only their
/// spelling differs.
fn first_within(path: String, was: &str, is: &str) -> Option<(String, Value, Value)> {
    if was == is {
        return None;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if let (Ok(was), Ok(is)) = (serde_json::from_str::<Members>(was), serde_json::from_str::<Members>(is)) {
        return pairs(&was.0, &is.0).into_iter().find_map(|(key, was, is)| first_within(below(key), was, is));
    }
    if let (Ok(was), Ok(is)) =
        (serde_json::from_str::<Vec<&RawValue>>(was), serde_json::from_str::<Vec<&RawValue>>(is))
        && was.len() == is.len()
    {
        return was
            .iter()
            .zip(is)
            .enumerate()
            .find_map(|(at, (was, is))| first_within(below(&at.to_string()), was.get(), is.get()));
    }
    let path = if path.is_empty() { "data".to_owned() } else { path };
    Some((path, value(was), value(is)))
}

/// The members of two objects side by side, in the order of the first; `null` stands for one that is missing.
/// A key that is repeated has no partner the second time.
fn pairs<'a>(
    was: &'a [(String, &'a RawValue)],
    is: &'a [(String, &'a RawValue)],
) -> Vec<(&'a str, &'a str, &'a str)> {
    let find = |members: &[(String, &'a RawValue)], key: &str| {
        members.iter().find(|(known, _)| known == key).map_or("null", |(_, value)| value.get())
    };
    let mut all: Vec<(&str, &str, &str)> = Vec::new();
    for (key, value) in was {
        let is_repeated = all.iter().any(|(known, ..)| known == key);
        all.push((key, value.get(), if is_repeated { "null" } else { find(is, key) }));
    }
    let only_is = is.iter().filter(|(key, _)| !was.iter().any(|(known, _)| known == key));
    all.extend(only_is.map(|(key, value)| (key.as_str(), "null", value.get())));
    all
}

/// An object's members in the order in which they stand, repeated ones too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        d.deserialize_map(InOrder).map(Self)
    }
}

/// A value, or the text itself where it is none.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use reprise_journal::line;

    use super::*;

    fn line(seq: u64, kind: &str, ts: u64, data: &str) -> Vec<u8> {
        let body = format!(r#"{{"seq":{seq},"ts":{ts},"kind":"{kind}","cause":1,"data":{data}"#);
        let mut line = body.into_bytes();
        line::end_line(&mut line, 0, 0);
        line.pop();
        line
    }

    /// Breaks when `verify` names the wrong field of a forged line, or stumbles over one that does not read.
    #[test]
    fn the_first_field_is_named() {
        let rows = [
            ((2, "a", 1, r#"{"qty":"1"}"#), (2, "a", 1, r#"{"qty":"1"}"#), None),
            ((2, "a", 1, r#"{"qty":"1"}"#), (2, "a", 1, r#"{"qty":"2"}"#), Some("qty")),
            ((2, "a", 1, r#"{"h":{"x":1,"y":2}}"#), (2, "a", 1, r#"{"h":{"x":1,"y":3}}"#), Some("h.y")),
            ((2, "a", 1, r#"{"l":[1,2]}"#), (2, "a", 1, r#"{"l":[1,3]}"#), Some("l.1")),
            ((2, "a", 1, r#"{"l":[1,2]}"#), (2, "a", 1, r#"{"l":[1]}"#), Some("l")),
            ((2, "a", 1, r#"{"l":[{"q":1}]}"#), (2, "a", 1, r#"{"l":[{"q":2}]}"#), Some("l.0.q")),
            ((2, "a", 1, "{}"), (2, "a", 1, r#"{"qty":"2"}"#), Some("qty")),
            ((2, "a", 1, r#"{"qty":"2"}"#), (2, "a", 1, "{}"), Some("qty")),
            // The order of the line, not of the alphabet.
            ((2, "a", 1, r#"{"z":1,"b":1}"#), (2, "a", 1, r#"{"z":2,"b":2}"#), Some("z")),
            ((2, "a", 1, r#"{"z":1,"z":1}"#), (2, "a", 1, r#"{"z":1}"#), Some("z")),
            ((2, "a", 1, r#"{"z":1,"b":1}"#), (2, "a", 1, r#"{"b":1,"z":1}"#), Some("data")),
            ((2, "a", 1, r#"{"z": 1}"#), (2, "a", 1, r#"{"z":1}"#), Some("data")),
            ((2, "a", 1, r#"{"z":"#), (2, "a", 1, r#"{"z":1}"#), Some("data")),
            ((2, "a", 1, "\"\""), (2, "a", 1, "{}"), Some("data")),
            ((2, "a", 1, "{}"), (2, "b", 1, "{}"), Some("kind")),
            ((2, "a", 1, "{}"), (2, "a", 2, "{}"), Some("ts")),
            ((3, "a", 1, "{}"), (2, "a", 1, "{}"), Some("event")),
            ((2, "a", 1, "{}"), (3, "b", 2, "{}"), Some("event")),
            ((2, "a", 1, "{}"), (1, "b", 2, "{}"), Some("event")),
        ];
        for (a, b, field) in rows {
            let (a, b) = (line(a.0, a.1, a.2, a.3), line(b.0, b.1, b.2, b.3));
            let (was, is) = (line::decode(&a).unwrap(), line::decode(&b).unwrap());
            let found = between(Some(&was), Some(&is));
            let context = format!("{} against {}", a.escape_ascii(), b.escape_ascii());
            assert_eq!(found.as_ref().map(|d| d.field.as_str()), field, "{context}");
            let seq = was.seq.min(is.seq).0;
            assert!(found.is_none_or(|d| d.seq == seq), "{context}");
            let alone = between(Some(&was), None).unwrap();
            assert_eq!(
                (alone.field.as_str(), alone.seq, alone.recomputed),
                ("event", was.seq.0, Value::Null),
                "{context}"
            );
        }
    }
}

//! The JSON Schema of a journal's lines, generated from the types that write them.

use reprise_model::codec::Field;
use reprise_model::event::{Class, KINDS, KindRow};
use reprise_model::{SCHEMA_VERSION, Seq, Ts};
use serde_json::{Value, json};

/// The JSON Schema (2020-12) of one line: one alternative for each kind in the table of kinds.
#[must_use]
pub fn line_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A line of a Reprise journal, schema version {SCHEMA_VERSION}"),
        "description": "Keys stand in the order of 'x-key-order'; numbers are integers; there is no white space. \
            'crc' is CRC32C of the line's bytes before ,\"crc\", seeded with the crc stored on the previous line \
            (0 at the start of a run), as 8 lower-case hexadecimal digits.",
        "oneOf": KINDS.iter().map(kind_schema).collect::<Vec<_>>(),
    })
}

fn kind_schema(row: &KindRow) -> Value {
    let mut properties = serde_json::Map::new();
    let (number, about) = match row.class {
        Class::Record => ("after", "The last sequence number before the record."),
        Class::Input | Class::Outcome => ("seq", "The event's place in the run, from 1."),
    };
    properties.insert(number.to_owned(), described(Seq::schema(), about));
    properties.insert("ts".to_owned(), described(Ts::schema(), "Unix time in nanoseconds."));
    properties.insert("kind".to_owned(), json!({"const": row.kind}));
    let mut order = vec![number, "ts", "kind"];
    let mut required = order.clone();
    match row.class {
        Class::Input => {
            let outcomes = json!({"type": "integer", "minimum": 1, "maximum": u32::MAX,
                "description": "How many outcomes follow; left out when none do."});
            properties.insert("outcomes".to_owned(), outcomes);
            order.push("outcomes");
        }
        Class::Outcome => {
            properties.insert("cause".to_owned(), described(Seq::schema(), "The immediate parent."));
            order.push("cause");
            required.push("cause");
        }
        Class::Record => {}
    }
    properties.insert("data".to_owned(), (row.schema)());
    properties.insert("crc".to_owned(), json!({"type": "string", "pattern": "^[0-9a-f]{8}$"}));
    order.extend(["data", "crc"]);
    required.extend(["data", "crc"]);
    json!({
        "title": row.kind,
        "description": row.about.trim(),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "x-class": row.class.as_str(),
        "x-durability": row.durability.as_str(),
        "x-key-order": order,
    })
}

fn described(mut schema: Value, about: &str) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), about.into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a kind is missing in the published schema, or stands in it with the keys of another class.
    #[test]
    fn every_kind_has_its_alternative() {
        let schema = line_schema();
        let alternatives = schema["oneOf"].as_array().unwrap();
        assert_eq!(alternatives.len(), KINDS.len());
        for (row, alternative) in KINDS.iter().zip(alternatives) {
            let properties = alternative["properties"].as_object().unwrap();
            assert_eq!(properties["kind"]["const"], row.kind);
            assert!(properties["data"].is_object(), "{}", row.kind);
            let has = |key: &str| properties.contains_key(key);
            let expected = match row.class {
                Class::Input => (true, true, false, false),
                Class::Outcome => (true, false, true, false),
                Class::Record => (false, false, false, true),
            };
            assert_eq!((has("seq"), has("outcomes"), has("cause"), has("after")), expected, "{}", row.kind);
        }
    }
}

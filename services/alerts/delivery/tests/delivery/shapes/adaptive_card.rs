//! What Teams takes: the envelope of a workflow, and the shape of Adaptive Cards 1.4 as their schema has it
//! (adaptivecards.io/schemas/1.4.0/adaptive-card.json), as a check.

use serde_json::Value;

type Checked = Result<(), String>;

/// What may stand at a key.
enum Is {
    Text,
    Flag,
    Count,
    OneOf(&'static [&'static str]),
    /// An array of objects of these types.
    ListOf(&'static [&'static str]),
    /// Anything: what the schema leaves open, and what is not used here.
    Open,
}

use Is::{Count, Flag, ListOf, OneOf, Open, Text};

/// A type: its name, the keys that it must have, and all keys with what may stand there.
struct Type {
    name: &'static str,
    needs: &'static [&'static str],
    keys: &'static [(&'static str, Is)],
}

const SPACINGS: Is = OneOf(&["default", "none", "small", "medium", "large", "extraLarge", "padding"]);
const COLOURS: Is = OneOf(&["default", "dark", "light", "accent", "good", "warning", "attention"]);
const ELEMENTS: &[&str] = &["TextBlock", "FactSet", "Container"];

const TYPES: &[Type] = &[
    Type {
        name: "AdaptiveCard",
        needs: &["type", "version"],
        keys: &[
            ("$schema", Text),
            ("version", OneOf(&["1.0", "1.1", "1.2", "1.3", "1.4"])),
            ("body", ListOf(ELEMENTS)),
            ("actions", Open),
            ("selectAction", Open),
            ("fallbackText", Text),
            ("backgroundImage", Open),
            ("minHeight", Text),
            ("refresh", Open),
            ("authentication", Open),
            ("speak", Text),
            ("lang", Text),
            ("verticalContentAlignment", OneOf(&["top", "center", "bottom"])),
        ],
    },
    Type {
        name: "TextBlock",
        needs: &["type", "text"],
        keys: &[
            ("text", Text),
            ("color", COLOURS),
            ("fontType", OneOf(&["default", "monospace"])),
            ("horizontalAlignment", OneOf(&["left", "center", "right"])),
            ("isSubtle", Flag),
            ("maxLines", Count),
            ("size", OneOf(&["default", "small", "medium", "large", "extraLarge"])),
            ("weight", OneOf(&["default", "lighter", "bolder"])),
            ("wrap", Flag),
        ],
    },
    Type { name: "FactSet", needs: &["type", "facts"], keys: &[("facts", ListOf(&["Fact"]))] },
    Type { name: "Fact", needs: &["title", "value"], keys: &[("title", Text), ("value", Text)] },
    Type {
        name: "Container",
        needs: &["type", "items"],
        keys: &[
            ("items", ListOf(ELEMENTS)),
            ("style", OneOf(&["default", "emphasis", "good", "attention", "warning", "accent"])),
            ("bleed", Flag),
        ],
    },
];

/// The keys that every element may have.
const OF_ELEMENTS: &[(&str, Is)] = &[
    ("id", Text),
    ("isVisible", Flag),
    ("separator", Flag),
    ("spacing", SPACINGS),
    ("height", OneOf(&["auto", "stretch"])),
    ("fallback", Open),
    ("requires", Open),
];

fn object(value: &Value, types: &[&str]) -> Checked {
    // A fact need not say that it is one.
    let said = value.get("type").map_or(Some("Fact"), Value::as_str).unwrap_or_default();
    let Some(of) = TYPES.iter().find(|of| of.name == said && types.contains(&said)) else {
        return Err(format!("{said:?} where {types:?} may stand: {value}"));
    };
    let Some(keys) = value.as_object() else { return Err(format!("no object: {value}")) };
    if let Some(missing) = of.needs.iter().find(|key| !keys.contains_key(**key)) {
        return Err(format!("a {said} without '{missing}'"));
    }
    for (key, value) in keys.iter().filter(|(key, _)| *key != "type") {
        let more = if ELEMENTS.contains(&said) { OF_ELEMENTS } else { &[] };
        let Some((_, is)) = of.keys.iter().chain(more).find(|(name, _)| name == key) else {
            return Err(format!("a {said} has no '{key}'"));
        };
        holds(value, is).map_err(|what| format!("{said}.{key}: {what}"))?;
    }
    Ok(())
}

fn holds(value: &Value, is: &Is) -> Checked {
    let fits = match is {
        Text => value.is_string(),
        Flag => value.is_boolean(),
        Count => value.is_u64(),
        // The schema has words with either case of their first letter.
        OneOf(words) => value.as_str().is_some_and(|said| words.iter().any(|w| w.eq_ignore_ascii_case(said))),
        ListOf(types) => {
            let items = value.as_array().filter(|items| !items.is_empty());
            return items
                .ok_or_else(|| format!("no items: {value}"))?
                .iter()
                .try_for_each(|i| object(i, types));
        }
        Open => true,
    };
    if fits { Ok(()) } else { Err(format!("{value} may not stand there")) }
}

/// Whether Teams takes it.
pub fn check(message: &Value) -> Checked {
    let size = message.to_string().len();
    if size >= 28 * 1_024 {
        return Err(format!("{size} bytes"));
    }
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default()
    };
    if keys(message) != ["attachments", "type"] || message["type"] != "message" {
        return Err(format!("no envelope: {message}"));
    }
    let attachments = message["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [attachment] = attachments else { return Err(format!("one attachment: {message}")) };
    let has_type = attachment["contentType"] == "application/vnd.microsoft.card.adaptive";
    let is_known =
        keys(attachment).iter().all(|k| ["content", "contentType", "contentUrl"].contains(&k.as_str()));
    if !has_type || !is_known || !attachment["contentUrl"].is_null() {
        return Err(format!("no attachment of a card: {attachment}"));
    }
    object(&attachment["content"], &["AdaptiveCard"])
}

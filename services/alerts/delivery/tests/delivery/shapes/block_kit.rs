//! What Slack takes: the limits of Block Kit (docs.slack.dev/reference/block-kit), as a check.

use serde_json::{Map, Value};

type Checked<T = ()> = Result<T, String>;

fn fail<T>(what: impl Into<String>) -> Checked<T> {
    Err(what.into())
}

/// An object with no other keys than these, the first so many of them required.
fn object<'a>(value: &'a Value, keys: &[&str], required: usize) -> Checked<&'a Map<String, Value>> {
    let Some(object) = value.as_object() else { return fail(format!("no object: {value}")) };
    if let Some(unknown) = object.keys().find(|key| !keys.contains(&key.as_str())) {
        return fail(format!("'{unknown}' is not known in {value}"));
    }
    match keys[..required].iter().find(|key| !object.contains_key(**key)) {
        Some(missing) => fail(format!("'{missing}' is missing in {value}")),
        None => Ok(object),
    }
}

/// Lengths are counted as Slack's own clients count them, in UTF-16.
fn text(value: &Value, longest: usize) -> Checked {
    let Some(text) = value.as_str() else { return fail(format!("no text: {value}")) };
    let length = text.encode_utf16().count();
    if text.trim().is_empty() || length > longest {
        return fail(format!("{length} characters of {longest}: {text:?}"));
    }
    Ok(())
}

fn text_object(value: &Value, kinds: &[&str], longest: usize) -> Checked {
    let kind = value["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        return fail(format!("a text of type {kind:?} where {kinds:?} may stand"));
    }
    let (keys, flag) = match kind {
        "plain_text" => (["type", "text", "emoji"], "emoji"),
        _ => (["type", "text", "verbatim"], "verbatim"),
    };
    if object(value, &keys, 2)?.get(flag).is_some_and(|flag| !flag.is_boolean()) {
        return fail(format!("'{flag}' is true or false: {value}"));
    }
    text(&value["text"], longest)?;
    // Only as entities may they stand there, or within what Slack itself gives a meaning.
    let said = value["text"].as_str().unwrap_or_default();
    if kind == "mrkdwn" && said.contains(['<', '>']) {
        return fail(format!("something that Slack may take for a mention or a link: {said}"));
    }
    Ok(())
}

fn items(value: &Value, most: usize) -> Checked<&Vec<Value>> {
    match value.as_array() {
        Some(items) if (1..=most).contains(&items.len()) => Ok(items),
        _ => fail(format!("1 to {most} items: {value}")),
    }
}

fn block(block: &Value) -> Checked {
    let both = ["mrkdwn", "plain_text"];
    match block["type"].as_str() {
        Some("header") => {
            object(block, &["type", "text", "block_id"], 2)?;
            text_object(&block["text"], &["plain_text"], 150)
        }
        Some("section") => {
            let keys = object(block, &["type", "text", "fields", "block_id", "accessory", "expand"], 1)?;
            if !keys.contains_key("text") && !keys.contains_key("fields") {
                return fail("a section has a text or fields");
            }
            if let Some(text) = keys.get("text") {
                text_object(text, &both, 3_000)?;
            }
            let Some(fields) = keys.get("fields") else { return Ok(()) };
            items(fields, 10)?.iter().try_for_each(|field| text_object(field, &both, 2_000))
        }
        Some("context") => {
            object(block, &["type", "elements", "block_id"], 2)?;
            let elements = items(&block["elements"], 10)?;
            elements.iter().try_for_each(|element| text_object(element, &both, 3_000))
        }
        Some("divider") => object(block, &["type", "block_id"], 1).map(drop),
        _ => fail(format!("a block of an unknown type: {block}")),
    }
}

/// Whether Slack takes it; `more` are keys beside the content, such as the bot's channel.
pub fn check(message: &Value, more: &[&str]) -> Checked {
    let keys: Vec<&str> = ["text", "blocks"].into_iter().chain(more.iter().copied()).collect();
    object(message, &keys, keys.len())?;
    // The text is what notifications show; far longer ones are cut by Slack.
    text(&message["text"], 40_000)?;
    if message["text"].as_str().is_some_and(|text| text.contains(['<', '>'])) {
        return fail("the fallback mentions or links");
    }
    items(&message["blocks"], 50)?.iter().try_for_each(block)
}

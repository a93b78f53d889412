//! A validator for the part of JSON Schema that the vocabulary emits, so that schemas are held to what the
//! encoder writes without a library.

use serde_json::Value;

/// Every keyword that may stand in a schema; another one would be skipped by the checks below.
const KEYWORDS: &[&str] = &[
    "type",
    "properties",
    "required",
    "additionalProperties",
    "dependentRequired",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "enum",
    "pattern",
    "description",
];

/// Whether a value fits a schema.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let rules = schema.as_object().ok_or("a schema is an object")?;
    if let Some(other) = rules.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
        return Err(format!("the keyword '{other}' is not checked here"));
    }
    check_type(schema, value)?;
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{value} is not one of {allowed:?}"));
    }
    match value {
        Value::String(text) => check_string(schema, text),
        Value::Number(_) => check_number(schema, value),
        Value::Array(items) => check_array(schema, items),
        Value::Object(fields) => check_object(schema, fields),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn check_type(schema: &Value, value: &Value) -> Result<(), String> {
    let fits = match schema["type"].as_str() {
        None => true,
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => return Err(format!("the type '{other}' is not checked here")),
    };
    if fits { Ok(()) } else { Err(format!("{value} is no {}", schema["type"])) }
}

fn check_string(schema: &Value, text: &str) -> Result<(), String> {
    let len = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|min| len < min)
        || schema["maxLength"].as_u64().is_some_and(|max| len > max)
    {
        return Err(format!("'{text}' has {len} characters"));
    }
    match schema["pattern"].as_str() {
        Some(pattern) if !matches(pattern, text)? => Err(format!("'{text}' does not match {pattern}")),
        _ => Ok(()),
    }
}

/// The few patterns there are, each spelled out.
fn matches(pattern: &str, text: &str) -> Result<bool, String> {
    let unsigned = |text: &str| {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        let whole_fits = digits(whole) && (whole == "0" || !whole.starts_with('0'));
        whole_fits && fraction.is_none_or(|f| digits(f) && !f.ends_with('0'))
    };
    match pattern {
        r"^(0|[1-9]\d*)(\.\d*[1-9])?$" => Ok(unsigned(text)),
        r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$" => Ok(unsigned(text.strip_prefix('-').unwrap_or(text))),
        r"^\d+-\d+$" => Ok(text.split_once('-').is_some_and(|(a, b)| {
            [a, b].iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })),
        "^[0-9a-f]{16}$" => {
            Ok(text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
        }
        other => Err(format!("the pattern {other} is not checked here")),
    }
}

fn check_number(schema: &Value, value: &Value) -> Result<(), String> {
    let of = |value: &Value| value.as_u64().map(i128::from).or(value.as_i64().map(i128::from));
    let (n, min, max) = (of(value), of(&schema["minimum"]), of(&schema["maximum"]));
    if min.is_some_and(|min| n < Some(min)) || max.is_some_and(|max| n > Some(max)) {
        return Err(format!("{value} is out of range"));
    }
    Ok(())
}

fn check_array(schema: &Value, items: &[Value]) -> Result<(), String> {
    let len = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|min| len < min)
        || schema["maxItems"].as_u64().is_some_and(|max| len > max)
    {
        return Err(format!("{len} items"));
    }
    let prefix = schema["prefixItems"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, item) in items.iter().enumerate() {
        match (prefix.get(at), schema.get("items")) {
            (Some(rule), _) | (None, Some(rule)) => {
                check(rule, item).map_err(|why| format!("[{at}] {why}"))?
            }
            (None, None) => {}
        }
    }
    Ok(())
}

fn check_object(schema: &Value, fields: &serde_json::Map<String, Value>) -> Result<(), String> {
    let names = |rule: &Value| -> Vec<String> {
        rule.as_array().into_iter().flatten().filter_map(|n| n.as_str().map(str::to_owned)).collect()
    };
    for name in names(&schema["required"]) {
        if !fields.contains_key(&name) {
            return Err(format!("'{name}' is missing"));
        }
    }
    for (name, value) in fields {
        match schema["properties"].get(name) {
            Some(rule) => check(rule, value).map_err(|why| format!("{name}: {why}"))?,
            None if schema["additionalProperties"] == Value::Bool(false) => {
                return Err(format!("'{name}' is not in the schema"));
            }
            None => {}
        }
        for needed in names(&schema["dependentRequired"][name]) {
            if !fields.contains_key(&needed) {
                return Err(format!("'{name}' stands without '{needed}'"));
            }
        }
    }
    Ok(())
}

/// Breaks when the validator above lets anything pass, so that the schemas would be checked by nothing.
#[test]
fn the_validator_refuses() {
    use reprise_model::event::kind_row;
    let quote = (kind_row("market.quote").expect("a row").schema)();
    let requested = (kind_row("order.requested").expect("a row").schema)();
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let rows = [
        (&quote, r#"{"instrument":"A.B"}"#, None),
        (&quote, r#"{}"#, Some("'instrument' is missing")),
        (&quote, r#"[]"#, Some("is no")),
        (&quote, r#"{"instrument":"A.B","bid":"1"}"#, Some("'bid' stands without 'bid_size'")),
        (&quote, r#"{"instrument":"A.B","bid":"-1","bid_size":"1"}"#, Some("bid: '-1' does not match")),
        (&quote, r#"{"instrument":"A.B","bid":"1.0","bid_size":"1"}"#, Some("bid: '1.0' does not match")),
        (&quote, r#"{"instrument":"A.B","venue_ts":-1}"#, Some("venue_ts: -1 is out of range")),
        (&quote, r#"{"instrument":"","later":1}"#, Some("characters")),
        (&quote, r#"{"instrument":"A.B","later":1}"#, Some("'later' is not in the schema")),
        (&requested, r#"{"order":"1"}"#, Some("missing")),
    ];
    for (schema, text, expected) in rows {
        let result = check(schema, &json(text));
        match expected {
            None => assert_eq!(result, Ok(()), "{text}"),
            Some(says) => {
                let why = result.expect_err(text);
                assert!(why.contains(says), "{text}: {why}");
            }
        }
    }
}

//! What an operator may command: from a request's body to an event in the journal, checked on the way.

use std::fmt;

use reprise_model::event::{Command, OperatorCommand};
use reprise_model::{InstrumentId, OrderId, Seq};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::refused::Refused;
use crate::shown::Commanded;
use crate::source::{Source, SourceError};

/// What a field of a command holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Words.
    Text,
    /// Yes or no.
    Flag,
    /// An order's id.
    Order,
    /// An instrument's id.
    Instrument,
}

/// A field of a command's body.
#[derive(Debug, Clone, Copy)]
pub struct CommandField {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for.
    pub about: &'static str,
}

const fn field(name: &'static str, kind: FieldKind, required: bool, about: &'static str) -> CommandField {
    CommandField { name, kind, required, about }
}

const BY: CommandField =
    field("by", FieldKind::Text, false, "Who gives the command; `operator` when left out.");
const REASON: CommandField = field("reason", FieldKind::Text, false, "Why, for the journal.");
const NEEDED_REASON: CommandField = field("reason", FieldKind::Text, true, "Why, for the journal.");
const ALL: CommandField = field("all", FieldKind::Flag, false, "Cancel resting reduce-only protection too.");
const FLATTEN: CommandField =
    field("flatten", FieldKind::Flag, false, "Sell what was bought and buy back what was sold, too.");
const ORDER: CommandField = field("order", FieldKind::Order, false, "Cancel only this order.");
const IN: CommandField = field("instrument", FieldKind::Instrument, false, "Only in this instrument.");
const KEY: CommandField = field("key", FieldKind::Text, true, "The limit, as in `[risk]`.");
const VALUE: CommandField = field("value", FieldKind::Text, true, "Its new value; `off` takes it away.");

/// The fields that a command's body may have.
#[must_use]
pub const fn fields_of(command: Command) -> &'static [CommandField] {
    match command {
        Command::Pause | Command::Resume => &[BY, REASON],
        Command::ReduceOnly => &[BY, REASON, ALL],
        Command::CancelAll => &[BY, REASON, ORDER, IN, ALL],
        Command::Kill => &[BY, REASON, FLATTEN, ALL],
        Command::Release => &[BY, NEEDED_REASON],
        Command::SetLimit => &[BY, REASON, KEY, VALUE, IN],
    }
}

/// The JSON Schema of a command's body.
#[must_use]
pub fn schema_of(command: Command) -> Value {
    let fields = fields_of(command);
    let one = |field: &CommandField| {
        let kind = match field.kind {
            FieldKind::Flag => json!({"type": "boolean", "description": field.about}),
            FieldKind::Text | FieldKind::Order | FieldKind::Instrument => {
                json!({"type": "string", "maxLength": MOST_TEXT, "description": field.about})
            }
        };
        (field.name.to_owned(), kind)
    };
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({
        "type": "object", "properties": fields.iter().map(one).collect::<Map<_, _>>(), "required": required,
        "additionalProperties": false,
    })
}

/// Characters of a text, at most.
const MOST_TEXT: usize = 500;
/// Who gives a command when nobody says so.
const NOBODY: &str = "operator";

/// Reads a command from a request's body.
pub(crate) fn read(command: Command, body: &[u8]) -> Result<OperatorCommand, Refused> {
    let fields = fields_of(command);
    let Said(said) = Said::of(body)?;
    if let Some(name) = said.keys().find(|name| !fields.iter().any(|field| field.name == **name)) {
        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let name: String = name.chars().take(40).filter(|c| !c.is_control()).collect();
        return Err(Refused::unfit(format!(
            "there is no field '{name}' here; there are: {}",
            known.join(", ")
        )));
    }
    let mut read = OperatorCommand::new(command, NOBODY, "");
    for field in fields {
        match said.get(field.name) {
            Some(value) => take(&mut read, field, value)?,
            None if field.required => {
                return Err(Refused::unfit(format!("'{}' is missing: {}", field.name, field.about)));
            }
            None => {}
        }
    }
    Ok(read)
}

/// What a body says, field by field.
struct Said(Map<String, Value>);

impl Said {
    fn of(body: &[u8]) -> Result<Self, Refused> {
        if body.trim_ascii().is_empty() {
            return Ok(Self(Map::new()));
        }
        serde_json::from_slice(body).map_err(|_| {
            let words = "the body is a JSON object that says each thing once, such as {\"reason\":\"…\"}";
            Refused::new(axum::http::StatusCode::BAD_REQUEST, words)
        })
    }
}

/// A field that is said twice is no field: who reads the first one and who reads the last would disagree.
impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Said;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Said, A::Error> {
                let mut said = Map::new();
                while let Some((name, value)) = fields.next_entry::<String, Value>()? {
                    if said.insert(name, value).is_some() {
                        return Err(A::Error::custom("a field is said twice"));
                    }
                }
                Ok(Said(said))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

fn take(read: &mut OperatorCommand, field: &CommandField, value: &Value) -> Result<(), Refused> {
    let unfit = |what: &str| Refused::unfit(format!("'{}' is {what}", field.name));
    if field.kind == FieldKind::Flag {
        let flag = value.as_bool().ok_or_else(|| unfit("true or false"))?;
        match field.name {
            "flatten" => read.flatten = flag,
            _ => read.all = flag,
        }
        return Ok(());
    }
    let text = value.as_str().map(str::trim).ok_or_else(|| unfit("text"))?;
    if text.chars().count() > MOST_TEXT || text.chars().any(char::is_control) {
        return Err(unfit("text of at most 500 characters on one line"));
    }
    if text.is_empty() && (field.required || field.name == "by") {
        return Err(unfit("empty, and must not be"));
    }
    match field.name {
        "by" => read.by = text.to_owned(),
        "reason" => read.reason = text.to_owned(),
        "key" => read.key = Some(text.to_owned()),
        "value" => read.value = Some(text.to_owned()),
        "order" => read.order = Some(text.parse::<OrderId>().map_err(|_| unfit("an order's id"))?),
        _ => read.instrument = Some(text.parse::<InstrumentId>().map_err(|_| unfit("an instrument's id"))?),
    }
    Ok(())
}

/// Gives a command to the engine, once it is known that it makes sense there.
pub(crate) fn give(source: &dyn Source, command: OperatorCommand) -> Result<Commanded, Refused> {
    if source.is_read_only() {
        return Err(SourceError::ReadOnly.into());
    }
    check(source, &command)?;
    let (name, by, reason) = (command.command.to_string(), command.by.clone(), command.reason.clone());
    let seq: Seq = source.command(command)?;
    Ok(Commanded { seq, command: name, by, reason })
}

/// A command that the core would pass over in silence is refused in words. A kill asks nobody anything.
fn check(source: &dyn Source, command: &OperatorCommand) -> Result<(), Refused> {
    if let (Some(key), Some(value)) = (&command.key, &command.value) {
        let mut copy = source.limits()?;
        copy.set(key, value, command.instrument).map_err(|error| SourceError::Limit(error.to_string()))?;
    }
    if let Some(instrument) = command.instrument {
        let is_known = source.snapshot()?.markets.iter().any(|market| market.instrument == instrument);
        if !is_known {
            return Err(SourceError::Instrument(instrument).into());
        }
    }
    if let Some(order) = command.order
        && !source.is_open(order)?
    {
        return Err(SourceError::Order(order).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a body that is not what the command takes becomes a command all the same.
    #[test]
    fn bodies() {
        let long = format!("{{\"reason\":\"{}\"}}", "x".repeat(501));
        let rows: &[(Command, &str, Result<(), &str>)] = &[
            (Command::Pause, "", Ok(())),
            (Command::Pause, " {} ", Ok(())),
            (Command::Pause, r#"{"by":"ann","reason":"lunch"}"#, Ok(())),
            (Command::Pause, r#"{"by":""}"#, Err("empty")),
            (Command::Pause, r#"{"flatten":true}"#, Err("no field 'flatten'")),
            (Command::Pause, "[]", Err("JSON object")),
            (Command::Pause, r#"{"by":1}"#, Err("text")),
            (Command::Pause, "{\"by\":\"a\\nb\"}", Err("one line")),
            (Command::Pause, &long, Err("500")),
            (Command::Kill, r#"{"flatten":true,"all":false}"#, Ok(())),
            (Command::Kill, r#"{"flatten":false,"flatten":true}"#, Err("each thing once")),
            (Command::Kill, r#"{"flatten":false,"flat\u0074en":true}"#, Err("each thing once")),
            (Command::Kill, r#"{"reason":{"a":1,"a":2}}"#, Err("text")),
            (Command::Kill, "{} {}", Err("JSON object")),
            (Command::Kill, r#"{"flatten":"yes"}"#, Err("true or false")),
            (Command::Release, "{}", Err("'reason' is missing")),
            (Command::Release, r#"{"reason":"  "}"#, Err("empty")),
            (Command::Release, r#"{"reason":"fixed"}"#, Ok(())),
            (Command::SetLimit, r#"{"key":"max_drawdown"}"#, Err("'value' is missing")),
            (Command::CancelAll, r#"{"order":"1-2","instrument":"BTC-USD.COINBASE"}"#, Ok(())),
            (Command::CancelAll, r#"{"order":"one"}"#, Err("an order's id")),
            (Command::CancelAll, r#"{"instrument":"BTC"}"#, Err("an instrument's id")),
        ];
        for (command, body, expected) in rows {
            match (read(*command, body.as_bytes()), expected) {
                (Ok(read), Ok(())) => assert_eq!(read.command, *command),
                (Err(refused), Err(words)) => assert!(refused.words.contains(words), "{body}: {refused:?}"),
                (found, _) => panic!("{command} {body}: {found:?}"),
            }
        }
    }
}

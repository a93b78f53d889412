//! `reprise check-config`: what a configuration means, or where it is wrong.

use anyhow::Result;
use reprise_assembly::{Registry, table_of, to_recorded};
use serde_json::{Value, json};

use crate::args::CheckConfigArgs;
use crate::exit;
use crate::layers::{config_of, layers_of};
use crate::output::{print_json, print_line, print_table};

/// Checks.
pub fn run(args: &CheckConfigArgs, registry: &Registry) -> Result<u8> {
    let layers = layers_of(&args.config)?;
    let config = config_of(&layers, registry)?;
    let rows = table_of(&config, &layers);
    match (args.print, args.json) {
        (true, true) => {
            let values: Vec<_> = rows
                .iter()
                .map(|(path, value, origin)| json!({"key": path, "value": value, "origin": origin.to_string()}))
                .collect();
            print_json(&json!({"valid": true, "values": values}))?;
        }
        (false, true) => print_json(&json!({"valid": true, "config": to_recorded(&config)}))?,
        (true, false) => {
            let rows: Vec<Vec<String>> = rows
                .into_iter()
                .map(|(path, value, origin)| vec![path, in_words(&value), origin.to_string()])
                .collect();
            print_table(&["key", "value", "from"], &rows, &[])?;
        }
        (false, false) => {
            print_line("the configuration is valid; --print shows each value and where it comes from")?
        }
    }
    Ok(exit::DONE)
}

/// A value as a person reads it.
fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Object(members) if members.is_empty() => "none".to_owned(),
        other => other.to_string(),
    }
}

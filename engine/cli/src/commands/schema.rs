//! `reprise schema`: the journal's JSON Schema, and the tables it is made from.

use anyhow::Result;
use reprise_model::Code;
use reprise_model::event::KINDS;
use serde_json::json;

use crate::args::{SchemaArgs, SchemaTopic};
use crate::exit;
use crate::output::{print_json, print_table};

/// Prints.
pub fn run(args: &SchemaArgs) -> Result<u8> {
    match args.topic {
        SchemaTopic::Journal => print_json(&reprise_journal::line_schema())?,
        SchemaTopic::Kinds => print_kinds(args.json)?,
        SchemaTopic::Refusals => print_refusals(args.json)?,
    }
    Ok(exit::DONE)
}

fn print_kinds(as_json: bool) -> Result<()> {
    if as_json {
        let rows: Vec<_> = KINDS
            .iter()
            .map(|row| {
                json!({
                    "kind": row.kind, "class": row.class, "durability": row.durability, "verify": row.verify,
                    "backtest": row.backtest, "what_if": row.what_if, "about": row.about.trim(),
                })
            })
            .collect();
        return print_json(&rows);
    }
    let rows: Vec<Vec<String>> = KINDS
        .iter()
        .map(|row| {
            let words =
                [row.class.as_str(), row.durability.as_str(), row.verify.as_str(), row.backtest.as_str()];
            let mut cells = vec![row.kind.to_owned()];
            cells.extend(words.map(str::to_owned));
            cells.extend([row.what_if.to_string(), row.about.trim().to_owned()]);
            cells
        })
        .collect();
    print_table(
        &["kind", "class", "durability", "verify", "backtest", "what-if", "what happened"],
        &rows,
        &[],
    )
}

fn print_refusals(as_json: bool) -> Result<()> {
    if as_json {
        let rows: Vec<_> = Code::ALL
            .iter()
            .map(|code| json!({"code": code.number(), "rule": code.rule(), "meaning": code.meaning().trim()}))
            .collect();
        return print_json(&rows);
    }
    let rows: Vec<Vec<String>> = Code::ALL
        .iter()
        .map(|code| vec![code.number().to_string(), code.rule().to_owned(), code.meaning().trim().to_owned()])
        .collect();
    print_table(&["code", "rule", "meaning"], &rows, &[0])
}

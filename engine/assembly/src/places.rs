//! Where in a TOML file each key stands, so that errors can name the line.

use std::path::Path;

use toml_edit::{Array, Document, Item, TableLike, Value};

use crate::error::ConfigError;

/// Every key and array element of a TOML text with its line, from 1.
pub(crate) fn places_of(file: &Path, text: &str) -> Result<Vec<(Vec<String>, usize)>, ConfigError> {
    let document = Document::parse(text).map_err(|error| ConfigError::NotToml {
        file: file.to_owned(),
        line: line_of(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut places = Vec::new();
    in_table(document.as_table(), &mut Vec::new(), &mut |path, at| {
        places.push((path.to_vec(), line_of(text.as_bytes(), at)));
    });
    Ok(places)
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &[u8], at: usize) -> usize {
    text[..at.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

fn in_table(table: &dyn TableLike, path: &mut Vec<String>, found: &mut impl FnMut(&[String], usize)) {
    for (key, item) in table.iter() {
        path.push(key.to_owned());
        let place = table.get_key_value(key).and_then(|(key, _)| key.span()).or_else(|| item.span());
        if let Some(span) = place {
            found(path, span.start);
        }
        in_item(item, path, found);
        path.pop();
    }
}

fn in_item(item: &Item, path: &mut Vec<String>, found: &mut impl FnMut(&[String], usize)) {
    if let Some(inner) = item.as_table_like() {
        in_table(inner, path, found);
    } else if let Some(tables) = item.as_array_of_tables() {
        for (at, inner) in tables.iter().enumerate() {
            path.push(at.to_string());
            if let Some(span) = inner.span() {
                found(path, span.start);
            }
            in_table(inner, path, found);
            path.pop();
        }
    } else if let Some(array) = item.as_array() {
        in_array(array, path, found);
    }
}

fn in_array(array: &Array, path: &mut Vec<String>, found: &mut impl FnMut(&[String], usize)) {
    for (at, value) in array.iter().enumerate() {
        path.push(at.to_string());
        if let Some(span) = value.span() {
            found(path, span.start);
        }
        match value {
            Value::InlineTable(inner) => in_table(inner, path, found),
            Value::Array(inner) => in_array(inner, path, found),
            _ => {}
        }
        path.pop();
    }
}

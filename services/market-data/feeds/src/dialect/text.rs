//! Reading values from venues' JSON without a tree and without floats.

use reprise_model::event::Level;
use reprise_model::{MoneyError, Price, Qty};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Characters of a text that an error repeats.
const CLIP: usize = 80;

/// A JSON value as it was written, a string without its quotes: numbers keep every digit, and what is a number at
/// one time and a string at another reads the same. Nothing is unescaped: names and numbers need no escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(raw)))
    }
}

/// Why a value is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misread {
    #[error("not the JSON that was expected: {0}")]
    Json(String),
    #[error("{field}: {fault}")]
    Number { field: &'static str, fault: MoneyError },
    #[error("{field} is '{text}', and must be above 0")]
    NotPositive { field: &'static str, text: String },
    #[error("{field} is '{text}', and must be {expected}")]
    Word { field: &'static str, text: String, expected: &'static str },
}

pub(crate) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Misread> {
    serde_json::from_str(text).map_err(|fault| Misread::Json(fault.to_string()))
}

pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

pub(crate) fn word(field: &'static str, text: &str, expected: &'static str) -> Misread {
    Misread::Word { field, text: clip(text), expected }
}

pub(crate) fn price(field: &'static str, text: &str) -> Result<Price, Misread> {
    let price = Price::parse(text).map_err(|fault| Misread::Number { field, fault })?;
    if price.is_positive() { Ok(price) } else { Err(Misread::NotPositive { field, text: clip(text) }) }
}

/// A size that may be zero.
pub(crate) fn size(field: &'static str, text: &str) -> Result<Qty, Misread> {
    let qty = Qty::parse(text).map_err(|fault| Misread::Number { field, fault })?;
    if qty.is_negative() { Err(Misread::NotPositive { field, text: clip(text) }) } else { Ok(qty) }
}

/// A size above zero.
pub(crate) fn traded(field: &'static str, text: &str) -> Result<Qty, Misread> {
    let qty = size(field, text)?;
    if qty.is_zero() { Err(Misread::NotPositive { field, text: clip(text) }) } else { Ok(qty) }
}

pub(crate) fn level(price_text: &str, size_text: &str) -> Result<Level, Misread> {
    Ok(Level { price: price("a level's price", price_text)?, qty: size("a level's size", size_text)? })
}

/// One side of a quote; a size of zero or an empty text is an absent side.
pub(crate) fn side(price_text: &str, size_text: &str) -> Result<Option<Level>, Misread> {
    if price_text.is_empty() || size_text.is_empty() || size("a quote's size", size_text)?.is_zero() {
        return Ok(None);
    }
    level(price_text, size_text).map(Some)
}

//! The canonical JSON of events: one spelling for each value, so that bytes can be compared and hashed.
//!
//! An object's keys stand in the order of declaration; optional fields that are `None`, and flags that are
//! false, are left out; there is no white space; prices, sizes and money are decimal strings. [`Field`] is
//! implemented for every value an event can hold, and [`object!`](crate::object) declares a struct together
//! with its encoding, decoding and JSON Schema, so that the three cannot drift apart.
//!
//! The decoder is specific to this schema: it expects the canonical order and never builds a tree, which is
//! what lets a year of ticks replay in minutes. A field it does not know is skipped and noted (see
//! [`Reader::unknown`]), never silently dropped.

mod declare;
mod reader;
mod values;
mod writer;

pub use reader::{ReadError, Reader};
pub use values::RawJson;
pub use writer::Writer;

#[doc(hidden)]
pub use serde;
#[doc(hidden)]
pub use serde_json::Value as SchemaValue;

/// A value that an event can hold.
pub trait Field: Sized {
    /// Appends the canonical form.
    fn write(&self, w: &mut Writer);

    /// Reads the canonical form.
    ///
    /// # Errors
    /// When the bytes at the cursor are not this value's canonical form.
    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError>;

    /// True when the field is left out of its object.
    fn is_absent(&self) -> bool {
        false
    }

    /// The value of a field that was left out; `None` when it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// The JSON Schema of the canonical form.
    fn schema() -> serde_json::Value;
}

/// The canonical form of one value, as bytes.
pub fn to_bytes<T: Field>(value: &T) -> Vec<u8> {
    let mut w = Writer::new();
    value.write(&mut w);
    w.into_bytes()
}

/// Reads one whole value; nothing may follow it.
///
/// # Errors
/// When the bytes are not the value's canonical form, or go on after it.
pub fn from_bytes<T: Field>(bytes: &[u8]) -> Result<T, ReadError> {
    let mut r = Reader::new(bytes);
    let value = T::read(&mut r)?;
    r.finish()?;
    Ok(value)
}

/// The JSON Schema of an object: each field's name, what it is, its schema, and whether it must be there.
#[doc(hidden)]
#[must_use]
pub fn object_schema(fields: &[(&str, &str, SchemaValue, bool)]) -> SchemaValue {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (name, about, schema, must) in fields {
        let mut schema = schema.clone();
        if let (Some(object), false) = (schema.as_object_mut(), about.trim().is_empty()) {
            object.insert("description".to_owned(), about.trim().into());
        }
        properties.insert((*name).to_owned(), schema);
        if *must {
            required.push(*name);
        }
    }
    serde_json::json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}

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

#[doc(hidden)]
pub mod carried;
mod declare;
mod reader;
pub(crate) mod usual;
mod values;
pub(crate) mod words;
mod writer;

pub use reader::{ReadError, Reader};
pub use values::RawJson;
pub use words::leading_digits;
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

/// An object whose fields can stand among those of another.
pub trait Object: Sized {
    /// The names of its fields, a slice for each field of the declaration.
    const PARTS: &'static [&'static [&'static str]];

    /// The names of its fields in their order.
    const NAMES: &'static [&'static str];

    /// Appends its fields without braces.
    fn write_fields(&self, w: &mut Writer);

    /// Reads its fields without braces; `names` are all fields of the object they stand in.
    ///
    /// # Errors
    /// When a field is missing, out of order, or does not read.
    fn read_fields(r: &mut Reader<'_>, names: &[&'static str]) -> Result<Self, ReadError>;
}

impl<T: Object> Object for Box<T> {
    const PARTS: &'static [&'static [&'static str]] = T::PARTS;
    const NAMES: &'static [&'static str] = T::NAMES;

    fn write_fields(&self, w: &mut Writer) {
        T::write_fields(self, w);
    }

    fn read_fields(r: &mut Reader<'_>, names: &[&'static str]) -> Result<Self, ReadError> {
        T::read_fields(r, names).map(Box::new)
    }
}

/// How many names there are in all.
#[doc(hidden)]
#[must_use]
pub const fn count_names(parts: &[&[&str]]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < parts.len() {
        count += parts[at].len();
        at += 1;
    }
    count
}

/// The names in one array.
#[doc(hidden)]
#[must_use]
pub const fn join_names<const N: usize>(parts: &[&[&'static str]]) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut next, mut part) = (0, 0);
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            names[next] = parts[part][at];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    names
}

/// One field of an object for its JSON Schema.
#[doc(hidden)]
#[derive(Debug)]
pub struct SchemaField {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The schema of its value.
    pub schema: SchemaValue,
    /// Whether it must be there.
    pub required: bool,
    /// Whether its own fields stand among the others.
    pub flattened: bool,
}

/// The JSON Schema of an object.
#[doc(hidden)]
#[must_use]
pub fn object_schema(fields: &[SchemaField]) -> SchemaValue {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for field in fields {
        if field.flattened {
            let members = field.schema["properties"].as_object();
            properties
                .extend(members.into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())));
            required.extend(field.schema["required"].as_array().into_iter().flatten().cloned());
            continue;
        }
        let mut schema = field.schema.clone();
        if let (Some(object), false) = (schema.as_object_mut(), field.about.trim().is_empty()) {
            object.insert("description".to_owned(), field.about.trim().into());
        }
        properties.insert(field.name.to_owned(), schema);
        if field.required {
            required.push(field.name.into());
        }
    }
    serde_json::json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}

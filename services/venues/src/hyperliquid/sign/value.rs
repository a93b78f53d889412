//! An action as JSON with its keys in the order in which they were written, and its MessagePack.
//!
//! The signature covers the MessagePack of the action, keys in order, so that the order is part of what is
//! signed. The encoding takes the shortest form of every integer, length and string, as Python's does.
//!
//! Source: github.com/msgpack/msgpack, `spec.md`.

use std::fmt;

use rmp::encode::{self, ByteBuf};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::SignError;

/// JSON that keeps the order of keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Negative(i64),
    /// A number with a fraction; no action that is known has one.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Keys and values, in order.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// Reads JSON text.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(json: &str) -> Result<Self, SignError> {
        serde_json::from_str(json).map_err(|error| SignError::NotJson { reason: error.to_string() })
    }

    /// What a typed action looks like; the order of keys is the order of its fields.
    ///
    /// # Errors
    /// When the type has no JSON form.
    pub fn of(action: &impl Serialize) -> Result<Self, SignError> {
        let json = serde_json::to_string(action)
            .map_err(|error| SignError::NotJson { reason: error.to_string() })?;
        Self::parse(&json)
    }

    /// The value of a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, of a text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, of a whole number that is not negative.
    #[must_use]
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// The MessagePack.
    #[must_use]
    pub fn to_msgpack(&self) -> Vec<u8> {
        let mut buffer = ByteBuf::new();
        self.pack(&mut buffer);
        buffer.into_vec()
    }

    /// Writing into memory cannot fail: the errors of all these results hold none. Lengths past four billion
    /// cannot come from a text that fits a request.
    fn pack(&self, to: &mut ByteBuf) {
        match self {
            Self::Nil => {
                let _ = encode::write_nil(to);
            }
            Self::Bool(value) => {
                let _ = encode::write_bool(to, *value);
            }
            Self::Unsigned(value) => {
                let _ = encode::write_uint(to, *value);
            }
            Self::Negative(value) => {
                let _ = encode::write_sint(to, *value);
            }
            Self::Float(value) => {
                let _ = encode::write_f64(to, *value);
            }
            Self::Text(text) => {
                let _ = encode::write_str(to, text);
            }
            Self::List(values) => {
                let _ = encode::write_array_len(to, values.len() as u32);
                values.iter().for_each(|value| value.pack(to));
            }
            Self::Map(entries) => {
                let _ = encode::write_map_len(to, entries.len() as u32);
                for (key, value) in entries {
                    let _ = encode::write_str(to, key);
                    value.pack(to);
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Nil)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Unsigned(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
                Ok(u64::try_from(value).map_or(Value::Negative(value), Value::Unsigned))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Float(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
                Ok(Value::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Value::List(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Value::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Negative(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// Breaks when a value is packed otherwise than Python's msgpack packs it, so that signatures fail at
    /// the venue. The right-hand sides were made with that library.
    #[test]
    fn packing_takes_the_shortest_form() {
        let rows = [
            ("null", "0xc0"),
            ("[true,false]", "0x92c3c2"),
            ("127", "0x7f"),
            ("128", "0xcc80"),
            ("255", "0xccff"),
            ("256", "0xcd0100"),
            ("65536", "0xce00010000"),
            ("4294967296", "0xcf0000000100000000"),
            ("18446744073709551615", "0xcfffffffffffffffff"),
            ("-1", "0xff"),
            ("-32", "0xe0"),
            ("-33", "0xd0df"),
            ("-128", "0xd080"),
            ("-129", "0xd1ff7f"),
            ("-32769", "0xd2ffff7fff"),
            ("-2147483649", "0xd3ffffffff7fffffff"),
            ("1.0", "0xcb3ff0000000000000"),
            (r#""""#, "0xa0"),
            (r#""é""#, "0xa2c3a9"),
            (r#"{"b":1,"a":[]}"#, "0x82a16201a16190"),
        ];
        for (json, packed) in rows {
            let value = Value::parse(json).unwrap();
            assert_eq!(hex::prefixed(&value.to_msgpack()), packed, "{json}");
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
        for (count, head) in [(15, "0x9f"), (16, "0xdc0010"), (65536, "0xdd00010000")] {
            let packed = Value::List(vec![Value::Nil; count]).to_msgpack();
            assert!(hex::prefixed(&packed).starts_with(head), "{count} items");
        }
        for (bytes, head) in [(31, "0xbf"), (32, "0xd920"), (255, "0xd9ff"), (256, "0xda0100")] {
            let packed = Value::Text("x".repeat(bytes)).to_msgpack();
            assert!(hex::prefixed(&packed).starts_with(head), "{bytes} bytes");
        }
    }
}

//! How plain values and money stand in an event.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::usual::Quoted;
use super::{Field, ReadError, Reader, Writer};
use crate::money::{Cash, Price, Qty, Rate};

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl Field for $ty {
            #[inline]
            fn write(&self, w: &mut Writer) {
                w.unsigned(u64::from(*self));
            }

            #[inline]
            fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
                let at = r.position();
                let n = r.unsigned()?;
                Self::try_from(n).map_err(|_| ReadError::value(at, "a smaller integer", n.to_string().as_bytes()))
            }

            fn schema() -> Value {
                json!({"type": "integer", "minimum": 0, "maximum": <$ty>::MAX})
            }
        }
    )* };
}
integers!(u8, u16, u32, u64);

/// A count that is left out when there is nothing to count.
impl Field for NonZeroU32 {
    fn write(&self, w: &mut Writer) {
        w.unsigned(u64::from(self.get()));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let n = r.unsigned()?;
        u32::try_from(n)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| ReadError::value(at, "an integer from 1 to 4294967295", n.to_string().as_bytes()))
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": u32::MAX})
    }
}

impl Field for i64 {
    fn write(&self, w: &mut Writer) {
        w.signed(*self);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        r.signed()
    }

    fn schema() -> Value {
        json!({"type": "integer"})
    }
}

/// A flag is left out when it is false, so it never stands there as `false`.
impl Field for bool {
    fn write(&self, w: &mut Writer) {
        w.raw(if *self { b"true" } else { b"false" });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        r.literal("true").map(|()| true)
    }

    fn is_absent(&self) -> bool {
        !*self
    }

    fn absent() -> Option<Self> {
        Some(false)
    }

    fn schema() -> Value {
        json!({"type": "boolean", "enum": [true]})
    }
}

impl Field for String {
    fn write(&self, w: &mut Writer) {
        w.string(self);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let raw = r.raw_value()?;
        serde_json::from_slice::<Self>(raw)
            .ok()
            .filter(|text| is_canonical_string(text, raw))
            .ok_or_else(|| ReadError::value(at, "a string, escaped only where it must be", raw))
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

/// A text has many spellings in JSON (`A` is also `\u0041`) and one here.
fn is_canonical_string(text: &str, raw: &[u8]) -> bool {
    // Whatever needs an escape cannot stand there without one, so without any the spelling is the only one.
    text.len() + 2 == raw.len() || {
        let mut w = Writer::new();
        w.string(text);
        w.as_bytes() == raw
    }
}

impl<T: Field> Field for Option<T> {
    #[inline]
    fn write(&self, w: &mut Writer) {
        if let Some(value) = self {
            value.write(w);
        }
    }

    #[inline]
    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        T::read(r).map(Some)
    }

    #[inline]
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Field> Field for Box<T> {
    fn write(&self, w: &mut Writer) {
        T::write(self, w);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        T::read(r).map(Box::new)
    }

    fn is_absent(&self) -> bool {
        T::is_absent(self)
    }

    fn absent() -> Option<Self> {
        T::absent().map(Box::new)
    }

    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Field> Field for Vec<T> {
    fn write(&self, w: &mut Writer) {
        w.raw(b"[");
        for (i, item) in self.iter().enumerate() {
            if i > 0 {
                w.raw(b",");
            }
            item.write(w);
        }
        w.raw(b"]");
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        r.literal("[")?;
        let mut items = Vec::new();
        if r.skip_literal("]") {
            return Ok(items);
        }
        loop {
            items.push(T::read(r)?);
            if !r.skip_literal(",") {
                break;
            }
        }
        r.literal("]")?;
        Ok(items)
    }

    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }
}

macro_rules! money {
    ($($ty:ident $pattern:literal),*) => { $(
        impl Quoted for $ty {
            #[inline(always)]
            fn before_quote(text: &[u8]) -> Option<(Self, usize)> {
                Self::canonical_before_quote(text)
            }
        }

        impl Field for $ty {
            #[inline]
            fn write(&self, w: &mut Writer) {
                let buf = w.buffer();
                buf.push(b'"');
                self.write_to(buf);
                buf.push(b'"');
            }

            #[inline]
            fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
                if let [b'"', rest @ ..] = r.rest()
                    && let Some((value, len)) = <$ty as Quoted>::before_quote(rest)
                {
                    r.advance(len + 2);
                    return Ok(value);
                }
                let at = r.position();
                let text = r.plain_string()?;
                $ty::parse_canonical(text).map_err(|_| ReadError::value(at, "a canonical decimal string", text))
            }

            fn schema() -> Value {
                json!({"type": "string", "pattern": $pattern})
            }
        }
    )* };
}
money!(
    Price r"^(0|[1-9]\d*)(\.\d*[1-9])?$",
    Qty r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$",
    Cash r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$",
    Rate r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$"
);

/// JSON that the engine carries without reading it: an effective configuration, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawJson(String);

impl RawJson {
    /// The value in compact form.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        Self(value.to_string())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for RawJson {
    fn write(&self, w: &mut Writer) {
        w.raw(self.0.as_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let raw = r.raw_value()?;
        match std::str::from_utf8(raw) {
            Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ReadError::value(at, "a JSON value", raw)),
        }
    }

    fn schema() -> Value {
        json!({})
    }
}

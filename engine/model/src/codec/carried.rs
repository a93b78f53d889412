//! How values of events stand in other JSON: in their one canonical form.
//!
//! What the engine saves is JSON by serde. The values of events have a spelling already, so serde is handed that
//! and asked for it; nothing is spelled twice.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Field, from_bytes, to_bytes};

/// The canonical form, for a serializer of `serde_json`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Field, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = String::from_utf8(to_bytes(value)).map_err(S::Error::custom)?;
    RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads the canonical form, from a deserializer of `serde_json` that reads text.
///
/// # Errors
/// When it is not the canonical form, or those of the deserializer.
pub fn deserialize<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_bytes(raw.get().as_bytes()).map_err(D::Error::custom)
}

/// Gives types serde by their canonical form.
#[doc(hidden)]
#[macro_export]
macro_rules! carried {
    ($($ty:ty),* $(,)?) => { $(
        impl $crate::codec::serde::Serialize for $ty {
            fn serialize<S: $crate::codec::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                $crate::codec::carried::serialize(self, s)
            }
        }

        impl<'de> $crate::codec::serde::Deserialize<'de> for $ty {
            fn deserialize<D: $crate::codec::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                $crate::codec::carried::deserialize(d)
            }
        }
    )* };
}

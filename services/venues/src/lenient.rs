//! Readers for fields that venues write in more than one way: numbers as strings, booleans as strings, and
//! empty text where there is nothing.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

/// `true`, `"true"`, `"TRUE"`; `false`, `"false"`, `""`, `null`.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Truth;
    impl Visitor<'_> for Truth {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false, bare or quoted")
        }

        fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
            match text {
                _ if text.eq_ignore_ascii_case("true") => Ok(true),
                _ if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
                other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
            }
        }

        fn visit_unit<E: Error>(self) -> Result<bool, E> {
            Ok(false)
        }
    }
    deserializer.deserialize_any(Truth)
}

/// A whole number, bare or quoted.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Whole;
    impl Visitor<'_> for Whole {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number, bare or quoted")
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
            u64::try_from(value).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_any(Whole)
}

/// A value in a string; `""` and `null` are none.
pub(crate) fn or_empty<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct OrEmpty<T>(PhantomData<T>);
    impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for OrEmpty<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value in a string, or an empty string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
            if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(E::custom) }
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Option<T>, E> {
            self.visit_str(&value.to_string())
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Option<T>, E> {
            self.visit_str(&value.to_string())
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Option<T>, E> {
            // The shortest text that reads back as this float: what the venue wrote.
            self.visit_str(&value.to_string())
        }

        fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    deserializer.deserialize_any(OrEmpty(PhantomData))
}

/// Text, or none: `null` is empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    or_empty(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reprise_model::Cash;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        #[serde(default, deserialize_with = "boolean")]
        b: bool,
        #[serde(default, deserialize_with = "whole")]
        n: u64,
        #[serde(default, deserialize_with = "or_empty")]
        c: Option<Cash>,
        #[serde(default, deserialize_with = "text")]
        t: String,
    }

    /// Breaks when a field that venues write in two ways is read in one, or nonsense is taken for a value.
    #[test]
    fn both_ways_are_read() {
        let some = |text: &str| Cash::parse(text).ok();
        let rows = [
            (r#"{"b":true,"n":7,"c":"0.10","t":"x"}"#, Some((true, 7, some("0.1"), "x"))),
            (r#"{"b":"true","n":"7","c":0.1,"t":null}"#, Some((true, 7, some("0.1"), ""))),
            (r#"{"b":"FALSE","n":"0","c":"","t":""}"#, Some((false, 0, None, ""))),
            (r#"{"b":"","c":null}"#, Some((false, 0, None, ""))),
            (r#"{"b":null,"c":-3}"#, Some((false, 0, some("-3"), ""))),
            (r#"{"b":"yes"}"#, None),
            (r#"{"n":-1}"#, None),
            (r#"{"n":"1.5"}"#, None),
            (r#"{"c":"one"}"#, None),
        ];
        for (json, expected) in rows {
            let expected = expected.map(|(b, n, c, t)| Row { b, n, c, t: t.to_owned() });
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        }
    }
}

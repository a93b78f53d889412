//! The two macros that declare what an event can hold: objects and closed sets of words.

/// Declares a struct with its canonical encoding, decoding and JSON Schema, and serde by the same encoding.
///
/// A field marked `@flatten` is itself an object, whose fields stand among the others.
///
/// ```
/// reprise_model::object! {
///     /// A point.
///     pub struct Point {
///         /// Abscissa.
///         pub x: u32,
///         /// Ordinate, left out when it is not known.
///         pub y: Option<u32>,
///     }
/// }
/// reprise_model::object! {
///     /// A point with a name.
///     pub struct Place {
///         /// The name.
///         pub name: String,
///         /// The point.
///         @flatten pub point: Point,
///     }
/// }
/// let bytes = reprise_model::codec::to_bytes(&Place { name: "a".into(), point: Point { x: 1, y: None } });
/// assert_eq!(bytes, br#"{"name":"a","x":1}"#);
/// ```
#[macro_export]
macro_rules! object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])* $(@$flat:ident)? $fvis:vis $field:ident : $ty:ty ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[doc = $doc])* $fvis $field: $ty, )*
        }

        impl $crate::codec::Object for $name {
            const PARTS: &'static [&'static [&'static str]] =
                &[$( $crate::object_field!(names $($flat)? $field : $ty) ),*];
            const NAMES: &'static [&'static str] = &$crate::codec::join_names::<
                { $crate::codec::count_names(<Self as $crate::codec::Object>::PARTS) },
            >(<Self as $crate::codec::Object>::PARTS);

            #[inline]
            fn write_fields(&self, w: &mut $crate::codec::Writer) {
                let _ = &w;
                $( $crate::object_field!(write $($flat)? self w $field); )*
            }

            #[inline]
            fn read_fields(
                r: &mut $crate::codec::Reader<'_>,
                names: &[&'static str],
            ) -> Result<Self, $crate::codec::ReadError> {
                let _ = (&r, names);
                $( let $field = $crate::object_field!(read $($flat)? r names $field); )*
                Ok(Self { $($field),* })
            }
        }

        impl $crate::codec::Field for $name {
            #[inline]
            fn write(&self, w: &mut $crate::codec::Writer) {
                w.open();
                $crate::codec::Object::write_fields(self, w);
                w.close();
            }

            #[inline]
            fn read(r: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::ReadError> {
                let names = <Self as $crate::codec::Object>::NAMES;
                r.open()?;
                let object = $crate::codec::Object::read_fields(r, names)?;
                r.close(names)?;
                Ok(object)
            }

            fn schema() -> $crate::codec::SchemaValue {
                $crate::codec::object_schema(&[
                    $( $crate::codec::SchemaField {
                        name: stringify!($field),
                        about: concat!("", $($doc),*),
                        schema: <$ty as $crate::codec::Field>::schema(),
                        required: <$ty as $crate::codec::Field>::absent().is_none(),
                        flattened: $crate::object_field!(is_flat $($flat)?),
                    }, )*
                ])
            }
        }

        $crate::carried!($name);
    };
}

/// What [`object!`] does with one field, flattened or not.
#[doc(hidden)]
#[macro_export]
macro_rules! object_field {
    (names flatten $field:ident : $ty:ty) => {
        <$ty as $crate::codec::Object>::NAMES
    };
    (names $field:ident : $ty:ty) => {
        &[stringify!($field)]
    };
    (write flatten $self:ident $w:ident $field:ident) => {
        $crate::codec::Object::write_fields(&$self.$field, $w)
    };
    (write $self:ident $w:ident $field:ident) => {
        if !$crate::codec::Field::is_absent(&$self.$field) {
            $w.key(concat!("\"", stringify!($field), "\":"));
            $crate::codec::Field::write(&$self.$field, $w);
        }
    };
    (read flatten $r:ident $names:ident $field:ident) => {
        $crate::codec::Object::read_fields($r, $names)?
    };
    (read $r:ident $names:ident $field:ident) => {
        $r.field(stringify!($field), concat!("\"", stringify!($field), "\":"), $names)?
    };
    (is_flat flatten) => {
        true
    };
    (is_flat) => {
        false
    };
}

/// Declares an enum whose variants are words on the wire.
///
/// ```
/// reprise_model::words! {
///     /// A colour.
///     pub enum Colour {
///         /// Warm.
///         Red = "red",
///         /// Cold.
///         Blue = "blue",
///     }
/// }
/// assert_eq!(Colour::Red.as_str(), "red");
/// assert_eq!("blue".parse(), Ok(Colour::Blue));
/// ```
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$vmeta:meta])* $variant:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $( $(#[$vmeta])* $variant, )*
        }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| {
                    format!("'{text}' is not one of {}", [$($word),*].join(", "))
                })
            }
        }

        impl $crate::codec::Field for $name {
            #[inline]
            fn write(&self, w: &mut $crate::codec::Writer) {
                w.quoted(self.as_str().as_bytes());
            }

            #[inline]
            fn read(r: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::ReadError> {
                let at = r.position();
                let text = r.plain_string()?;
                $( if text == $word.as_bytes() { return Ok(Self::$variant); } )*
                Err($crate::codec::ReadError::value(at, concat!("a word of ", stringify!($name)), text))
            }

            fn schema() -> $crate::codec::SchemaValue {
                $crate::codec::SchemaValue::from_iter([
                    ("type".to_owned(), $crate::codec::SchemaValue::from("string")),
                    ("enum".to_owned(), $crate::codec::SchemaValue::from(vec![$($word),*])),
                ])
            }
        }

        impl<'de> $crate::codec::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codec::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <String as $crate::codec::serde::Deserialize>::deserialize(d)?;
                text.parse().map_err(<D::Error as $crate::codec::serde::de::Error>::custom)
            }
        }

        impl $crate::codec::serde::Serialize for $name {
            fn serialize<S: $crate::codec::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }
    };
}

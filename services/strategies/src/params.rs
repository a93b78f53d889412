//! Parameters of strategies: typed structs with a default and a meaning for each field.
//!
//! The [`params!`](crate::params!) macro declares such a struct once; what the configuration says is read into
//! it, and the list of parameters that users see is made from it.

use reprise_model::{Cash, Price, Qty, Rate, Side};
use serde_json::Value;

use crate::error::{meant, nearest};

/// What a configuration says about an instance's parameters, by name.
pub type ParamMap = serde_json::Map<String, Value>;

/// One parameter, as users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it takes, in words.
    pub takes: &'static str,
    /// Its default, as one would write it; "not set" without one.
    pub default: String,
    /// Its default as a value of the configuration; null without one.
    pub value: Value,
    /// What it means.
    pub about: &'static str,
}

impl Param {
    /// The row of a field.
    #[must_use]
    pub fn of<T: ParamValue>(name: &'static str, about: &'static str, default: &T) -> Self {
        Self { name, takes: T::TAKES, default: default.show(), value: default.value(), about: about.trim() }
    }
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// There is none of that name.
    #[error("there is no parameter '{param}'{}; {}", meant(.suggestion), offered(.known))]
    Unknown {
        /// What was given.
        param: String,
        /// What was probably meant.
        suggestion: Option<String>,
        /// Every parameter there is.
        known: Vec<&'static str>,
    },
    /// Its value is of the wrong kind, or out of range.
    #[error("the parameter '{param}' is {given}; it takes {takes}")]
    Value {
        /// Which.
        param: &'static str,
        /// Its value.
        given: String,
        /// What it takes, in words.
        takes: String,
    },
}

impl ParamError {
    /// A value that the strategy cannot work with; `takes` says what it could.
    #[must_use]
    pub fn value(param: &'static str, given: impl ToString, takes: impl Into<String>) -> Self {
        Self::Value { param, given: given.to_string(), takes: takes.into() }
    }
}

fn offered(known: &[&'static str]) -> String {
    if known.is_empty() {
        return "this strategy has none".to_owned();
    }
    format!("the parameters are {}", known.join(", "))
}

/// A struct of parameters; [`params!`](crate::params!) writes this for you.
pub trait Params: Sized {
    /// Every parameter, in order of declaration.
    fn table() -> Vec<Param>;

    /// Reads what a configuration says; what it leaves out keeps its default.
    ///
    /// # Errors
    /// An unknown name, or a value of the wrong kind.
    fn read(given: &ParamMap) -> Result<Self, ParamError>;
}

/// No parameters at all.
impl Params for () {
    fn table() -> Vec<Param> {
        Vec::new()
    }

    fn read(given: &ParamMap) -> Result<Self, ParamError> {
        check_names(given, &[])
    }
}

/// Something a parameter can be. Numbers may come as numbers or as text, because a command line has only text.
pub trait ParamValue: Sized {
    /// What it takes, in words.
    const TAKES: &'static str;

    /// Reads a value, `None` when it is of the wrong kind.
    fn read(value: &Value) -> Option<Self>;

    /// The value as one would write it.
    fn show(&self) -> String;

    /// The value as a configuration holds it; [`Self::read`] reads it back.
    fn value(&self) -> Value {
        Value::String(self.show())
    }
}

macro_rules! whole_numbers {
    ($($ty:ty),*) => { $(
        impl ParamValue for $ty {
            const TAKES: &'static str = "a whole number";

            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(number) => number.as_u64()?.try_into().ok(),
                    Value::String(text) => text.parse().ok(),
                    _ => None,
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn value(&self) -> Value {
                Value::from(*self)
            }
        }
    )* };
}
whole_numbers!(u32, u64);

macro_rules! decimals {
    ($($ty:ty),*) => { $(
        impl ParamValue for $ty {
            const TAKES: &'static str = "a decimal number";

            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(_) | Value::String(_) => serde_json::from_value(value.clone()).ok(),
                    _ => None,
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )* };
}
decimals!(Price, Qty, Cash, Rate);

impl ParamValue for bool {
    const TAKES: &'static str = "true or false";

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(given) => Some(*given),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn value(&self) -> Value {
        Value::from(*self)
    }
}

impl ParamValue for f64 {
    const TAKES: &'static str = "a number";

    fn read(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn value(&self) -> Value {
        Value::from(*self)
    }
}

impl ParamValue for String {
    const TAKES: &'static str = "a text";

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl ParamValue for Side {
    const TAKES: &'static str = "'buy' or 'sell'";

    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl<T: ParamValue> ParamValue for Option<T> {
    const TAKES: &'static str = T::TAKES;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            _ => T::read(value).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "not set".to_owned(), T::show)
    }

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::value)
    }
}

/// A default written as text: `notional: Cash = text("100")`.
///
/// # Panics
/// When the text is not such a value, which is a mistake in the strategy's source.
#[must_use]
pub fn text<T: ParamValue>(default: &str) -> T {
    let value = T::read(&Value::from(default));
    assert!(value.is_some(), "the default '{default}' is not {}", T::TAKES);
    value.unwrap_or_else(|| unreachable!("asserted above"))
}

/// Refuses names that are not in the table.
#[doc(hidden)]
pub fn check_names(given: &ParamMap, known: &[&'static str]) -> Result<(), ParamError> {
    match given.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ParamError::Unknown {
            param: name.clone(),
            suggestion: nearest(name, known.iter().copied()),
            known: known.to_vec(),
        }),
    }
}

/// The value that is given, or the default.
#[doc(hidden)]
pub fn take<T: ParamValue>(given: &ParamMap, param: &'static str, default: T) -> Result<T, ParamError> {
    match given.get(param) {
        None => Ok(default),
        Some(value) => T::read(value).ok_or_else(|| ParamError::value(param, value, T::TAKES)),
    }
}

/// Declares a struct of parameters: each field with its meaning and its default.
///
/// ```
/// use reprise_strategies::{Cash, ParamMap, Params, params, text};
///
/// params! {
///     /// Parameters of a breakout.
///     pub struct BreakoutParams {
///         /// Bars in the channel.
///         pub length: u32 = 20,
///         /// What each order is worth, in quote units.
///         pub notional: Cash = text("100"),
///     }
/// }
///
/// let mut given = ParamMap::new();
/// given.insert("length".to_owned(), "55".into());
/// let params = BreakoutParams::read(&given)?;
/// assert_eq!((params.length, params.notional.to_string()), (55, "100".to_owned()));
///
/// given.insert("lenght".to_owned(), 55.into());
/// let error = BreakoutParams::read(&given).unwrap_err();
/// assert!(error.to_string().contains("did you mean 'length'?"), "{error}");
/// # Ok::<(), reprise_strategies::ParamError>(())
/// ```
#[macro_export]
macro_rules! params {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])* $fvis:vis $field:ident : $ty:ty = $default:expr ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $doc])* $fvis $field: $ty, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $crate::Params for $name {
            fn table() -> Vec<$crate::Param> {
                let defaults = Self::default();
                vec![ $( $crate::Param::of(stringify!($field), concat!($($doc),*), &defaults.$field), )* ]
            }

            fn read(given: &$crate::ParamMap) -> Result<Self, $crate::ParamError> {
                $crate::check_names(given, &[$(stringify!($field)),*])?;
                let defaults = Self::default();
                Ok(Self { $( $field: $crate::take(given, stringify!($field), defaults.$field)?, )* })
            }
        }
    };
}

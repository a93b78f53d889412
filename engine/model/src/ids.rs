//! Names and numbers of things.

use std::fmt;
use std::str::FromStr;

use crate::codec::usual::Quoted;
use crate::codec::{Field, ReadError, Reader, Writer};
use crate::text::{Label, LabelError};

/// Why a text is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a name at all.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// An instrument without its venue.
    #[error("the instrument '{text}' names no venue; write SYMBOL.VENUE, such as BTC-USD.COINBASE")]
    NoVenue {
        /// The text.
        text: String,
    },
    /// An order id that is not `<epoch>-<n>`.
    #[error("'{text}' is not an order id; write <epoch>-<n>, such as 0-17")]
    NotAnOrderId {
        /// The text.
        text: String,
    },
    /// A run tag that is not sixteen hexadecimal digits.
    #[error("'{text}' is not a run tag of 16 lower-case hexadecimal digits")]
    NotARunTag {
        /// The text.
        text: String,
    },
}

macro_rules! label_id {
    ($(#[$meta:meta])* $name:ident, $len:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Label<$len>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The bytes of the text.
            #[must_use]
            #[inline]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Field for $name {
            #[inline]
            fn write(&self, w: &mut Writer) {
                self.0.write(w);
            }

            #[inline]
            fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
                Label::read(r).map(Self)
            }

            fn schema() -> serde_json::Value {
                Label::<$len>::schema()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

label_id!(
    /// An instrument at a venue: `SYMBOL.VENUE`, such as `BTC-USD.COINBASE`. At most 39 bytes.
    InstrumentId,
    39
);
label_id!(
    /// A strategy instance, as the configuration names it. At most 31 bytes.
    StrategyId,
    31
);
label_id!(
    /// A currency or coin, such as `USD` or `BTC`. At most 15 bytes.
    Asset,
    15
);

impl InstrumentId {
    /// The part before the last dot.
    #[must_use]
    pub fn symbol(&self) -> &str {
        self.as_str().rsplit_once('.').map_or(self.as_str(), |(symbol, _)| symbol)
    }

    /// The part after the last dot.
    #[must_use]
    pub fn venue(&self) -> &str {
        self.as_str().rsplit_once('.').map_or("", |(_, venue)| venue)
    }
}

impl Quoted for InstrumentId {
    #[inline(always)]
    fn before_quote(text: &[u8]) -> Option<(Self, usize)> {
        Label::before_quote(text).map(|(label, len)| (Self(label), len))
    }
}

impl FromStr for InstrumentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let label = Label::new(text)?;
        match text.rsplit_once('.') {
            Some((symbol, venue)) if !symbol.is_empty() && !venue.is_empty() => Ok(Self(label)),
            _ => Err(IdError::NoVenue { text: text.to_owned() }),
        }
    }
}

impl FromStr for StrategyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Ok(Self(Label::new(text)?))
    }
}

impl FromStr for Asset {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Ok(Self(Label::new(text)?))
    }
}

macro_rules! number {
    ($(#[$meta:meta])* $name:ident($ty:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $ty);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Field for $name {
            #[inline]
            fn write(&self, w: &mut Writer) {
                self.0.write(w);
            }

            #[inline]
            fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
                Field::read(r).map(Self)
            }

            fn schema() -> serde_json::Value {
                <$ty as Field>::schema()
            }
        }
    };
}

number!(
    /// The place of an event in its run: 1, 2, 3, … over segments and epochs.
    Seq(u64)
);
number!(
    /// A moment: nanoseconds since 1970-01-01 00:00:00 UTC.
    Ts(u64)
);
number!(
    /// A timer, counted in the core.
    TimerId(u64)
);

impl Seq {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Ts {
    /// The last moment there is; nothing is ever due at it.
    pub const NEVER: Self = Self(u64::MAX);

    /// This moment and `ns` nanoseconds; never later than [`Self::NEVER`].
    #[must_use]
    pub fn plus_ns(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds since an earlier moment, 0 when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// An order: the epoch it was born in and its number in the run.
///
/// `n` is counted in the core and goes on over epochs, so it names the order in the run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// The epoch in which the order was requested: 0 offline, Unix seconds or later live.
    pub epoch: u32,
    /// The order's number in the run, from 1.
    pub n: u32,
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.n)
    }
}

impl FromStr for OrderId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.split_once('-')
            .and_then(|(epoch, n)| Some(Self { epoch: epoch.parse().ok()?, n: n.parse().ok()? }))
            .ok_or_else(|| IdError::NotAnOrderId { text: text.chars().take(40).collect() })
    }
}

/// Its text, so that it can be a key.
impl serde::Serialize for OrderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for OrderId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Journal lines hold `<epoch>-<n>`; digests hold `-<n>`, so that they do not depend on when a run was started.
impl Field for OrderId {
    fn write(&self, w: &mut Writer) {
        w.raw(b"\"");
        if !w.hides_epochs() {
            w.unsigned(u64::from(self.epoch));
        }
        w.raw(b"-");
        w.unsigned(u64::from(self.n));
        w.raw(b"\"");
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let text = r.plain_string()?;
        std::str::from_utf8(text)
            .ok()
            .and_then(|t| t.parse::<Self>().ok())
            .filter(|id| id.to_string().as_bytes() == text)
            .ok_or_else(|| ReadError::value(at, "an order id <epoch>-<n>", text))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "pattern": r"^\d+-\d+$"})
    }
}

crate::carried!(RunTag);

/// Sixty-four bits that tell one run from all others; part of every client order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunTag(pub u64);

impl fmt::Display for RunTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for RunTag {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        u64::from_str_radix(text, 16)
            .ok()
            .map(Self)
            .filter(|tag| tag.to_string() == text)
            .ok_or_else(|| IdError::NotARunTag { text: text.chars().take(40).collect() })
    }
}

impl Field for RunTag {
    fn write(&self, w: &mut Writer) {
        w.quoted(self.to_string().as_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, ReadError> {
        let at = r.position();
        let text = r.plain_string()?;
        std::str::from_utf8(text)
            .ok()
            .and_then(|t| t.parse().ok())
            .ok_or_else(|| ReadError::value(at, "a run tag of 16 hexadecimal digits", text))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "pattern": "^[0-9a-f]{16}$"})
    }
}

/// The 128-bit id under which a venue knows an order; reversible, so that an order found at a venue tells
/// which run sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientOrderId(pub u128);

impl ClientOrderId {
    /// Run tag (64 bits), epoch (32), number (32).
    #[must_use]
    pub fn new(run: RunTag, order: OrderId) -> Self {
        Self(u128::from(run.0) << 64 | u128::from(order.epoch) << 32 | u128::from(order.n))
    }

    /// The run that sent the order.
    #[must_use]
    pub fn run(self) -> RunTag {
        RunTag((self.0 >> 64) as u64)
    }

    /// The order's id in that run.
    #[must_use]
    pub fn order(self) -> OrderId {
        OrderId { epoch: (self.0 >> 32) as u32, n: self.0 as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_bytes, to_bytes};

    /// Breaks when an instrument without a venue is taken for one.
    #[test]
    fn instruments_name_their_venue() {
        let rows = [
            ("BTC-USD.COINBASE", Some(("BTC-USD", "COINBASE"))),
            ("A.B.C", Some(("A.B", "C"))),
            ("BTCUSD", None),
            (".X", None),
            ("X.", None),
            ("", None),
        ];
        for (text, parts) in rows {
            let id = text.parse::<InstrumentId>().ok();
            assert_eq!(id.as_ref().map(|i| (i.symbol(), i.venue())), parts, "{text:?}");
        }
    }

    /// Breaks when an order found at a venue can no longer be traced to the run that sent it.
    #[test]
    fn client_order_ids_are_reversible() {
        for (tag, epoch, n) in
            [(0, 0, 0), (u64::MAX, u32::MAX, u32::MAX), (0x0123_4567_89ab_cdef, 1_763_675_591, 42)]
        {
            let order = OrderId { epoch, n };
            let id = ClientOrderId::new(RunTag(tag), order);
            assert_eq!((id.run(), id.order()), (RunTag(tag), order));
        }
    }

    /// Breaks when the decision digest starts to depend on the epoch.
    #[test]
    fn digests_leave_the_epoch_out() {
        let mut w = Writer::for_digest();
        OrderId { epoch: 1_763_675_591, n: 7 }.write(&mut w);
        assert_eq!(w.as_bytes(), b"\"-7\"");
        assert_eq!(to_bytes(&OrderId { epoch: 3, n: 7 }), b"\"3-7\"");
        assert_eq!(from_bytes(b"\"3-7\""), Ok(OrderId { epoch: 3, n: 7 }));
        assert!(from_bytes::<OrderId>(b"\"03-7\"").is_err());
    }
}

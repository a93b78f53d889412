//! What a check found: numbers as they were measured, written out only when somebody reads them.

use std::fmt;

use reprise_model::{Cash, Code, InstrumentId, MoneyError, Price, Qty, Rate, Refusal, Ts};

/// Something that was measured or allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Base units.
    Qty(Qty),
    /// Quote units per base unit.
    Price(Price),
    /// Units of the quote or the reporting asset.
    Cash(Cash),
    /// A fraction.
    Rate(Rate),
    /// A number of things, or of milliseconds.
    Count(u64),
    /// A moment.
    At(Ts),
    /// An instrument.
    Instrument(InstrumentId),
    /// Words.
    Word(&'static str),
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qty(qty) => qty.fmt(f),
            Self::Price(price) => price.fmt(f),
            Self::Cash(cash) => cash.fmt(f),
            Self::Rate(rate) => rate.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::At(ts) => ts.fmt(f),
            Self::Instrument(id) => id.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

macro_rules! measures {
    ($($ty:ty => $variant:ident),* $(,)?) => { $(
        impl From<$ty> for Measure {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        }
    )* };
}
measures!(
    Qty => Qty, Price => Price, Cash => Cash, Rate => Rate, u64 => Count, Ts => At, InstrumentId => Instrument,
    &'static str => Word,
);

/// What a check that applies to an order found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finding {
    pub(crate) passed: bool,
    pub(crate) measured: Measure,
    pub(crate) limit: Measure,
}

/// Why a check could not be made; the order is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unjudged {
    /// Something that must be known is not: refused under that code.
    Missing(Code),
    /// A number left its range.
    Money(MoneyError),
}

impl From<MoneyError> for Unjudged {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl Unjudged {
    pub(crate) fn refusal(&self, asked: Code) -> Refusal {
        match self {
            Self::Missing(code) if *code == asked => Refusal::measured(*code, "unknown", "known"),
            Self::Missing(code) => Refusal::measured(*code, "unknown", format!("known to judge {asked}")),
            Self::Money(error) => {
                Refusal::measured(Code::Overflow, error, format!("computable to judge {asked}"))
            }
        }
    }
}

/// `None` when the check does not apply: its limit is off, or the order is exempt.
pub(crate) type Checked = Result<Option<Finding>, Unjudged>;

/// The check was made.
pub(crate) fn found(passed: bool, measured: impl Into<Measure>, limit: impl Into<Measure>) -> Checked {
    Ok(Some(Finding { passed, measured: measured.into(), limit: limit.into() }))
}

/// Measured against a ceiling.
pub(crate) fn at_most<T: PartialOrd + Copy + Into<Measure>>(measured: T, limit: T) -> Checked {
    found(measured <= limit, measured, limit)
}

/// The check does not apply.
pub(crate) const NOT_ASKED: Checked = Ok(None);

impl Finding {
    pub(crate) fn refusal(&self, code: Code) -> Refusal {
        Refusal::measured(code, self.measured, self.limit)
    }
}

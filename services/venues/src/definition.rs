//! What the venues' lists do not say and a definition needs, and why a definition may fail.

use reprise_model::{IdError, MoneyError, Rate};

/// What an account pays at a venue, as fractions of what is traded; a negative one is a rebate.
///
/// The public lists of instruments do not tell it: it depends on the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// For a fill that gave liquidity.
    pub maker: Rate,
    /// For a fill that took liquidity.
    pub taker: Rate,
}

/// Why what a venue lists cannot be an instrument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// Its name, or an asset's, cannot be an id.
    #[error("'{listed}' cannot be an instrument: {source}")]
    Name {
        /// The venue's name of it.
        listed: String,
        /// What is wrong with it.
        source: IdError,
    },
    /// A number is none, or is missing.
    #[error("'{listed}' cannot be an instrument: its {field}: {source}")]
    Number {
        /// The venue's name of it.
        listed: String,
        /// Which number.
        field: &'static str,
        /// What is wrong with it.
        source: MoneyError,
    },
    /// It is of a kind that is not spot and not a linear perpetual.
    #[error("'{listed}' is of the kind '{kind}', which is not traded here")]
    Kind {
        /// The venue's name of it.
        listed: String,
        /// The venue's word for the kind.
        kind: String,
    },
    /// Something it refers to is not listed.
    #[error("'{listed}' refers to {what}, which the venue does not list")]
    Dangling {
        /// The venue's name of it.
        listed: String,
        /// What is missing.
        what: String,
    },
}

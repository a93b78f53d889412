//! What can be wrong with the strategies that a configuration names.

use reprise_model::{InstrumentId, StrategyId};

use crate::params::ParamError;

/// Why the strategies cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// A kind that nobody registered.
    #[error("strategy '{id}': there is no strategy kind '{kind}'{}; the kinds are {}", meant(.suggestion), .known.join(", "))]
    UnknownKind {
        /// The instance.
        id: StrategyId,
        /// What it asks for.
        kind: String,
        /// The kind that was probably meant.
        suggestion: Option<String>,
        /// Every kind there is.
        known: Vec<String>,
    },
    /// A parameter is wrong.
    #[error("strategy '{id}' ({kind}): {source}")]
    Param {
        /// The instance.
        id: StrategyId,
        /// Its kind.
        kind: String,
        /// What is wrong.
        source: Box<ParamError>,
    },
    /// An instrument that is not defined.
    #[error("strategy '{id}' names the instrument {instrument}{}, which is not defined; defined are {}", meant(.suggestion), list(.known))]
    UnknownInstrument {
        /// The instance.
        id: StrategyId,
        /// What it names.
        instrument: InstrumentId,
        /// The instrument that was probably meant.
        suggestion: Option<String>,
        /// Every instrument there is.
        known: Vec<InstrumentId>,
    },
    /// Two instances with one id.
    #[error("two strategies have the id '{id}'; positions are kept by id, so give each its own")]
    DuplicateId {
        /// The id.
        id: StrategyId,
    },
    /// An id that belongs to a part of the engine.
    #[error("the strategy id '{id}' is the name of a part of the engine; choose another id")]
    ReservedId {
        /// The id.
        id: StrategyId,
    },
    /// A kind was registered twice.
    #[error("the strategy kind '{kind}' is registered already; choose another name")]
    DuplicateKind {
        /// The name.
        kind: String,
    },
}

/// The words that point to what was probably meant.
pub(crate) fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean '{name}'?)")).unwrap_or_default()
}

fn list(known: &[InstrumentId]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    known.iter().map(InstrumentId::as_str).collect::<Vec<_>>().join(", ")
}

/// The known name that a misspelt one is nearest to, if one is near.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= 1.max(name.len() / 3))
        .min()
        .map(|(_, name)| name.to_owned())
}

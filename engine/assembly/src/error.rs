//! What can be wrong with a configuration.

use std::path::PathBuf;

use reprise_model::MoneyError;
use reprise_strategies::StrategyError;

use crate::layers::Origin;

/// A configuration that cannot be used: what is wrong, where, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("the configuration {} cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{}:{line}: not TOML: {reason}", file.display())]
    NotToml {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// A setting has no path.
    #[error("'{said}' sets nothing; write {form}")]
    BadPath {
        /// What was said.
        said: String,
        /// How settings of that origin are written.
        form: &'static str,
    },
    /// A key that is not known.
    #[error("{origin}: unknown key '{path}'; {}", suggest(suggestion.as_deref(), known))]
    UnknownKey {
        /// The key's path.
        path: String,
        /// Who said it.
        origin: Origin,
        /// The nearest key that is known.
        suggestion: Option<String>,
        /// Every key that is known there.
        known: Vec<String>,
    },
    /// A value that does not fit its key.
    #[error("{origin}: '{path}': {reason}")]
    BadValue {
        /// The key's path.
        path: String,
        /// Who said it.
        origin: Origin,
        /// Why it does not fit.
        reason: String,
    },
    /// A strategy that is spoken of and not there.
    #[error("{origin}: there is no strategy '{said}'; {}", list("there are", names))]
    NoSuchStrategy {
        /// Who spoke of it.
        origin: Origin,
        /// Its id or number, as it was said.
        said: String,
        /// The strategies there are, by id.
        names: Vec<String>,
    },
    /// A parameter of one strategy, where there are several.
    #[error("{origin}: strategy.{key} could mean any of {}; write strategy.ID.{key}", names.join(", "))]
    WhichStrategy {
        /// Who said it.
        origin: Origin,
        /// The parameter.
        key: String,
        /// The strategies there are, by id.
        names: Vec<String>,
    },
    /// The strategies cannot be built.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The opening balances, converted into the reporting asset, leave the range of exact numbers.
    #[error("the balances in account.balances are more than can be counted: {0}")]
    Opening(MoneyError),
    /// Another error, with who said what it is about.
    #[error("{origin}: {error}")]
    At {
        /// Who said it.
        origin: Origin,
        /// What is wrong with it.
        error: Box<ConfigError>,
    },
    /// A value that makes no sense, or values that contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

fn suggest(nearest: Option<&str>, known: &[String]) -> String {
    nearest.map_or_else(|| list("the keys here are", known), |name| format!("did you mean '{name}'?"))
}

fn list(words: &str, names: &[String]) -> String {
    if names.is_empty() { "there are none".to_owned() } else { format!("{words} {}", names.join(", ")) }
}

//! What can be wrong with a configuration.

use std::path::PathBuf;

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
    #[error("'{said}' sets nothing; write section.key=value, with quotes around a part that holds a dot")]
    BadPath {
        /// What was said.
        said: String,
    },
    /// A key that is not known.
    #[error("{origin}: unknown key '{path}'{}", suggest(suggestion.as_deref()))]
    UnknownKey {
        /// The key's path.
        path: String,
        /// Who said it.
        origin: Origin,
        /// The nearest key that is known.
        suggestion: Option<String>,
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
    /// The strategies cannot be built.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// Values that contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

fn suggest(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

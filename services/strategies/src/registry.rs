//! The kinds of strategies there are, by name, with what users must know of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reprise_model::StrategyId;

use crate::builtin;
use crate::error::{StrategyError, nearest};
use crate::params::{Param, ParamError, ParamMap, Params};
use crate::strategy::Strategy;

type Build = Box<dyn Fn(&ParamMap) -> Result<Box<dyn Strategy>, ParamError>>;

/// A kind of strategy.
pub struct StrategyKind {
    /// Its name in the configuration.
    pub name: String,
    /// What it does, in a sentence or two.
    pub about: String,
    /// Its parameters.
    pub params: Vec<Param>,
    build: Build,
}

impl std::fmt::Debug for StrategyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, about, params, build: _ } = self;
        f.debug_struct("StrategyKind")
            .field("name", name)
            .field("about", about)
            .field("params", params)
            .finish_non_exhaustive()
    }
}

/// All kinds of strategies, by name.
#[derive(Debug, Default)]
pub struct Registry {
    kinds: BTreeMap<String, StrategyKind>,
}

impl Registry {
    /// No kinds at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The kinds that come with Reprise.
    #[must_use]
    pub fn builtin() -> Self {
        let mut registry = Self::empty();
        builtin::register(&mut registry);
        registry
    }

    /// Adds a kind. `build` makes an instance from its parameters, which say themselves what there is to set.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register<P: Params, S: Strategy + 'static>(
        &mut self,
        name: &str,
        about: &str,
        build: impl Fn(P) -> Result<S, ParamError> + 'static,
    ) -> Result<&mut Self, StrategyError> {
        if self.kinds.contains_key(name) {
            return Err(StrategyError::DuplicateKind { kind: name.to_owned() });
        }
        self.insert(name, about, build);
        Ok(self)
    }

    pub(crate) fn insert<P: Params, S: Strategy + 'static>(
        &mut self,
        name: &str,
        about: &str,
        build: impl Fn(P) -> Result<S, ParamError> + 'static,
    ) {
        let kind = StrategyKind {
            name: name.to_owned(),
            about: about.to_owned(),
            params: P::table(),
            build: Box::new(move |given| Ok(Box::new(build(P::read(given)?)?))),
        };
        self.kinds.insert(name.to_owned(), kind);
    }

    /// Every kind, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &StrategyKind> {
        self.kinds.values()
    }

    /// A kind by its name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&StrategyKind> {
        self.kinds.get(name)
    }

    /// Makes an instance.
    ///
    /// # Errors
    /// An unknown kind, or wrong parameters.
    pub fn build(
        &self,
        id: StrategyId,
        kind: &str,
        params: &ParamMap,
    ) -> Result<Box<dyn Strategy>, StrategyError> {
        let Some(found) = self.kinds.get(kind) else {
            return Err(StrategyError::UnknownKind {
                id,
                kind: kind.to_owned(),
                suggestion: nearest(kind, self.kinds.keys().map(String::as_str)),
                known: self.kinds.keys().cloned().collect(),
            });
        };
        (found.build)(params).map_err(|source| StrategyError::Param {
            id,
            kind: kind.to_owned(),
            source: Box::new(source),
        })
    }

    /// The kinds with their parameters, as text for a terminal.
    #[must_use]
    pub fn help(&self) -> String {
        let mut text = String::new();
        for kind in self.kinds() {
            let _ = writeln!(text, "{}\n    {}", kind.name, kind.about);
            for param in &kind.params {
                let _ = writeln!(
                    text,
                    "    {:<18} {} [{}; default: {}]",
                    param.name, param.about, param.takes, param.default
                );
            }
            text.push('\n');
        }
        text
    }
}

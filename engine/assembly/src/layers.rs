//! What was said: values by path, each with who said it. Defaults < files < environment < `--set`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use toml_edit::{Document, Item, TableLike};

use crate::error::ConfigError;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said it.
    Default,
    /// A file, and the line in it.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// `--set`, or another option of the command line.
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine(option) => f.write_str(option),
        }
    }
}

/// The prefix of environment variables that set configuration: `REPRISE__RISK__LIMITS__MAX_OPEN_ORDERS`.
pub const ENVIRONMENT_PREFIX: &str = "REPRISE__";

/// Values and their origins, laid over each other.
#[derive(Debug, Default, Clone)]
pub struct Layers {
    values: Table,
    origins: BTreeMap<Vec<String>, Origin>,
}

impl Layers {
    /// Lays a TOML file over what was said before.
    ///
    /// # Errors
    /// When the file cannot be read or is not TOML.
    pub fn add_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        self.add_text(file, &text)
    }

    /// Lays TOML text over what was said before; `file` is the name that errors give.
    ///
    /// # Errors
    /// When the text is not TOML.
    pub fn add_text(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let document = Document::parse(text).map_err(|error| ConfigError::NotToml {
            file: file.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        let values: Table = toml::from_str(text).map_err(|error| ConfigError::NotToml {
            file: file.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        let mut found = BTreeMap::new();
        collect_lines(document.as_table(), &mut Vec::new(), &mut |path, at| {
            found.insert(path, Origin::File { file: file.to_owned(), line: line_of(text, at) });
        });
        self.lay(values, found);
        Ok(())
    }

    /// Lays environment variables with the prefix [`ENVIRONMENT_PREFIX`] over what was said before; sections
    /// and keys are separated by two underscores.
    ///
    /// # Errors
    /// When a name does not hold a path.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
        let mut sorted: Vec<_> = variables.filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).collect();
        sorted.sort();
        for (name, text) in sorted {
            let path: Vec<String> =
                name[ENVIRONMENT_PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
            if path.iter().any(String::is_empty) {
                return Err(ConfigError::BadPath { said: name });
            }
            self.set(&path, parse_value(&text), Origin::Environment(name));
        }
        Ok(())
    }

    /// Lays one `key=value` over what was said before. The key is a dotted path, quoted where a part holds a
    /// dot; the value is TOML, or else a plain string.
    ///
    /// # Errors
    /// When there is no `=`, or the key is no path.
    pub fn add_setting(&mut self, said: &str) -> Result<(), ConfigError> {
        let bad = || ConfigError::BadPath { said: said.to_owned() };
        let (key, text) = said.split_once('=').ok_or_else(bad)?;
        let path: Vec<String> =
            toml_edit::Key::parse(key.trim()).map_err(|_| bad())?.iter().map(|k| k.get().to_owned()).collect();
        self.set(&path, parse_value(text.trim()), Origin::CommandLine(format!("--set {said}")));
        Ok(())
    }

    /// Sets one value.
    pub fn set(&mut self, path: &[String], value: Value, origin: Origin) {
        let mut path = path.to_vec();
        self.name_the_single_strategy(&mut path);
        let mut layer = value;
        for key in path.iter().rev() {
            layer = match key.parse::<usize>() {
                Ok(_) if path.first().is_some_and(|first| first == STRATEGIES) && path.get(1) == Some(key) => layer,
                _ => Value::Table(Table::from_iter([(key.clone(), layer)])),
            };
        }
        let origins = BTreeMap::from([(path, origin)]);
        if let Value::Table(layer) = layer {
            self.lay(layer, origins);
        }
    }

    /// `strategy.fast` means the fast of the one strategy there is.
    fn name_the_single_strategy(&self, path: &mut Vec<String>) {
        if path.len() > 1 && path[0] == STRATEGIES && path[1].parse::<usize>().is_err() {
            path.insert(1, "0".to_owned());
        }
    }

    fn lay(&mut self, layer: Table, origins: BTreeMap<Vec<String>, Origin>) {
        for (key, value) in layer {
            if key == STRATEGIES {
                self.lay_strategies(value);
            } else {
                merge(&mut self.values, key, value);
            }
        }
        for (mut path, origin) in origins {
            self.name_the_single_strategy(&mut path);
            self.origins.insert(path, origin);
        }
    }

    /// A table of strategy keys is laid over the one strategy there is; an array replaces them all.
    fn lay_strategies(&mut self, value: Value) {
        let Value::Table(over) = value else {
            self.origins.retain(|path, _| path.first().is_none_or(|first| first != STRATEGIES));
            self.values.insert(STRATEGIES.to_owned(), value);
            return;
        };
        let all = self.values.entry(STRATEGIES.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(all) = all {
            if all.is_empty() {
                all.push(Value::Table(Table::new()));
            }
            for instance in all {
                if let Value::Table(instance) = instance {
                    for (key, value) in over.clone() {
                        merge(instance, key, value);
                    }
                }
            }
        }
    }

    /// Makes `kind` the only strategy. The instruments of a single instance stay; parameters that were said for
    /// another kind go.
    pub fn choose_strategy(&mut self, kind: &str) {
        let mut chosen = Table::new();
        if let Some(Value::Array(all)) = self.values.get(STRATEGIES)
            && let [Value::Table(single)] = all.as_slice()
        {
            if single.get("kind").and_then(Value::as_str) == Some(kind) {
                return;
            }
            if let Some(instruments) = single.get("instruments") {
                chosen.insert("instruments".to_owned(), instruments.clone());
            }
        }
        chosen.insert("kind".to_owned(), Value::String(kind.to_owned()));
        self.lay_strategies(Value::Array(vec![Value::Table(chosen)]));
        let path = vec![STRATEGIES.to_owned(), "0".to_owned(), "kind".to_owned()];
        self.origins.insert(path, Origin::CommandLine(format!("--strategy {kind}")));
    }

    /// Everything that was said.
    #[must_use]
    pub fn values(&self) -> &Table {
        &self.values
    }

    /// Who said the value at a path, or the nearest thing around it.
    #[must_use]
    pub fn origin(&self, path: &[String]) -> Origin {
        (1..=path.len())
            .rev()
            .find_map(|len| self.origins.get(&path[..len]))
            .or_else(|| self.origins.iter().find(|(known, _)| known.starts_with(path)).map(|(_, origin)| origin))
            .cloned()
            .unwrap_or(Origin::Default)
    }
}

const STRATEGIES: &str = "strategy";

fn merge(into: &mut Table, key: String, value: Value) {
    match (into.get_mut(&key), value) {
        (Some(Value::Table(old)), Value::Table(new)) => {
            for (key, value) in new {
                merge(old, key, value);
            }
        }
        (_, value) => {
            into.insert(key, value);
        }
    }
}

fn parse_value(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

/// Calls `found` with the path and place of every key that holds a value.
fn collect_lines(table: &dyn TableLike, path: &mut Vec<String>, found: &mut impl FnMut(Vec<String>, usize)) {
    for (key, item) in table.iter() {
        path.push(key.to_owned());
        if let Some(inner) = item.as_table_like() {
            collect_lines(inner, path, found);
        }
        if let Some(tables) = item.as_array_of_tables() {
            for (at, inner) in tables.iter().enumerate() {
                path.push(at.to_string());
                collect_lines(inner, path, found);
                path.pop();
            }
        }
        let place = table.get_key_value(key).and_then(|(key, _)| key.span()).or_else(|| Item::span(item));
        if let Some(span) = place {
            found(path.clone(), span.start);
        }
        path.pop();
    }
}

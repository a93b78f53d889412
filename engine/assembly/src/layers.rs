//! What was said: values by path, each with who said it. Defaults < files < environment < `--set`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::ConfigError;
use crate::meaning::shown;
use crate::places::{line_of, places_of};

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

/// Tables whose keys are names of things. A name keeps its case; every other key is lower case.
const TABLES_OF_NAMES: &[&[&str]] = &[
    &["account", "balances"],
    &["account", "pegs"],
    &["account", "conversions"],
    &["instruments"],
    &["risk", "instruments"],
];

const STRATEGIES: &str = "strategy";

/// Who said what stands at a path.
type Origins = BTreeMap<Vec<String>, Origin>;

/// Values and their origins, laid over each other.
#[derive(Debug, Default, Clone)]
pub struct Layers {
    values: Table,
    origins: Origins,
}

impl Layers {
    /// Lays a TOML file over what was said before.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or speaks of a strategy that is not there.
    pub fn add_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let bytes = std::fs::read(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = line_of(error.as_bytes(), at);
            ConfigError::NotToml { file: file.to_owned(), line, reason: "a byte is not UTF-8".to_owned() }
        })?;
        self.add_text(file, &text)
    }

    /// Lays TOML text over what was said before; `file` is the name that errors give.
    ///
    /// # Errors
    /// When the text is not TOML, or speaks of a strategy that is not there.
    pub fn add_text(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let places = places_of(file, text)?;
        let values: Table = toml::from_str(text).map_err(|error| ConfigError::NotToml {
            file: file.to_owned(),
            line: line_of(text.as_bytes(), error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        let origin = |line| Origin::File { file: file.to_owned(), line };
        self.lay(values, places.into_iter().map(|(path, line)| (path, origin(line))).collect())
    }

    /// Lays environment variables with the prefix [`ENVIRONMENT_PREFIX`] over what was said before; sections
    /// and keys are separated by two underscores.
    ///
    /// # Errors
    /// When a name does not hold a path, a value is not UTF-8, or speaks of a strategy that is not there.
    pub fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        let mut ours: Vec<(String, OsString)> =
            variables.map(|(name, value)| (name.to_string_lossy().into_owned(), value)).collect();
        ours.retain(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX));
        ours.sort();
        for (name, value) in ours {
            let path = environment_path(&name[ENVIRONMENT_PREFIX.len()..]);
            if path.iter().any(String::is_empty) {
                return Err(ConfigError::BadPath { said: name, form: "REPRISE__SECTION__KEY" });
            }
            let origin = Origin::Environment(name);
            let text = value.into_string().map_err(|value| ConfigError::BadValue {
                path: shown(&path),
                origin: origin.clone(),
                reason: format!("{value:?} is not UTF-8"),
            })?;
            self.set(&path, parse_value(&text), origin)?;
        }
        Ok(())
    }

    /// Lays one `key=value` over what was said before. The key is a dotted path, quoted where a part holds a
    /// dot; the value is TOML, or else a plain string.
    ///
    /// # Errors
    /// When there is no `=`, the key is no path, or it speaks of a strategy that is not there.
    pub fn add_setting(&mut self, said: &str) -> Result<(), ConfigError> {
        let form = "section.key=value, with quotes around a part that holds a dot";
        let bad = || ConfigError::BadPath { said: said.to_owned(), form };
        let (key, text) = said.split_once('=').ok_or_else(bad)?;
        let keys = toml_edit::Key::parse(key.trim()).map_err(|_| bad())?;
        let path: Vec<String> = keys.iter().map(|key| key.get().to_owned()).collect();
        // A webhook's URL that stands here by mistake is a secret, and origins are shown.
        let is_secret = path.last().is_some_and(|last| last == "webhook_url");
        let shown = if is_secret { format!("{}=…", key.trim()) } else { said.to_owned() };
        self.set(&path, parse_value(text.trim()), Origin::CommandLine(format!("--set {shown}")))
    }

    /// Sets one value.
    ///
    /// # Errors
    /// When the path speaks of a strategy that is not there.
    pub fn set(&mut self, path: &[String], value: Value, origin: Origin) -> Result<(), ConfigError> {
        let mut origins = Origins::new();
        note(&value, &mut path.to_vec(), &origin, &mut origins);
        let wrap = |inner, key: &String| Value::Table(Table::from_iter([(key.clone(), inner)]));
        match path.iter().rev().fold(value, wrap) {
            Value::Table(layer) => self.lay(layer, origins),
            _ => Ok(()),
        }
    }

    fn lay(&mut self, mut layer: Table, origins: Origins) -> Result<(), ConfigError> {
        let (of_strategies, mut others): (Origins, Origins) =
            origins.into_iter().partition(|(path, _)| is_of_strategies(path));
        match layer.remove(STRATEGIES) {
            Some(Value::Table(said)) => self.lay_on_instances(said, of_strategies)?,
            Some(list) => {
                self.origins.retain(|path, _| !is_of_strategies(path));
                self.values.insert(STRATEGIES.to_owned(), list);
                others.extend(of_strategies);
            }
            None => {}
        }
        lay_over(&mut self.values, layer, &mut Vec::new(), &mut self.origins);
        self.origins.extend(others);
        Ok(())
    }

    /// `strategy.NAME.key` and `strategy.N.key` speak of one instance, `strategy.key` of the single one there is.
    fn lay_on_instances(&mut self, said: Table, origins: Origins) -> Result<(), ConfigError> {
        for (key, value) in said {
            let of_key = |(path, _): &(&Vec<String>, &Origin)| path.get(1) == Some(&key);
            let origin = origins.iter().find(of_key).map_or(Origin::Default, |(_, origin)| origin.clone());
            let (at, is_named) = self.instance_meant(&key, &value, &origin)?;
            let mut instance = vec![STRATEGIES.to_owned(), at.to_string()];
            let rest = if is_named { 2 } else { 1 };
            let moved = origins.iter().filter(of_key).map(|(path, origin)| {
                let path = instance.iter().chain(path.iter().skip(rest)).cloned().collect();
                (path, origin.clone())
            });
            let moved: Origins = moved.collect();
            let said = match value {
                Value::Table(said) if is_named => said,
                value => Table::from_iter([(key, value)]),
            };
            if let Some(Value::Array(all)) = self.values.get_mut(STRATEGIES)
                && let Some(Value::Table(into)) = all.get_mut(at)
            {
                lay_over(into, said, &mut instance, &mut self.origins);
            }
            self.origins.extend(moved);
        }
        Ok(())
    }

    /// Which instance a key below `strategy` speaks of, and whether the key is its name or number.
    fn instance_meant(
        &mut self,
        key: &str,
        value: &Value,
        origin: &Origin,
    ) -> Result<(usize, bool), ConfigError> {
        let all = self.values.entry(STRATEGIES.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        let names = names_of(all);
        if value.is_table() {
            let by_number = key.parse().ok().filter(|at| *at < names.len());
            let at = by_number.or_else(|| names.iter().position(|name| name == key));
            let missing = || ConfigError::NoSuchStrategy {
                origin: origin.clone(),
                said: key.to_owned(),
                names: names.clone(),
            };
            return at.map(|at| (at, true)).ok_or_else(missing);
        }
        match (all, names.len()) {
            (_, 1) => Ok((0, false)),
            (Value::Array(all), 0) => {
                all.push(Value::Table(Table::new()));
                Ok((0, false))
            }
            (_, 0) => Ok((0, false)),
            _ => Err(ConfigError::WhichStrategy { origin: origin.clone(), key: key.to_owned(), names }),
        }
    }

    /// Keeps only the strategies of that name, by id or else by kind, as they are configured. Where none is, an
    /// instance of that kind takes the place of all, on the instruments of the single one that was there.
    pub fn choose_strategy(&mut self, name: &str) {
        let all = match self.values.get(STRATEGIES) {
            Some(Value::Array(all)) => all.clone(),
            _ => Vec::new(),
        };
        let says = |instance: &Value, key: &str| instance.get(key).and_then(Value::as_str) == Some(name);
        let places = |key: &str| -> Vec<usize> { (0..all.len()).filter(|&at| says(&all[at], key)).collect() };
        let kept =
            [places("id"), places("kind")].into_iter().find(|found| !found.is_empty()).unwrap_or_default();
        let origins = std::mem::take(&mut self.origins);
        let (mut of_strategies, others): (Origins, Origins) =
            origins.into_iter().partition(|(path, _)| is_of_strategies(path));
        self.origins = others;
        let mut chosen: Vec<Value> = kept.iter().filter_map(|&at| all.get(at).cloned()).collect();
        let mut places = kept;
        if chosen.is_empty() {
            let mut instance = Table::from_iter([("kind".to_owned(), Value::String(name.to_owned()))]);
            if let [Value::Table(single)] = all.as_slice()
                && let Some(instruments) = single.get("instruments")
            {
                instance.insert("instruments".to_owned(), instruments.clone());
            }
            of_strategies.retain(|path, _| path.get(2).is_some_and(|key| key == "instruments"));
            let kind = [STRATEGIES, "0", "kind"].map(str::to_owned).to_vec();
            of_strategies.insert(kind, Origin::CommandLine(format!("--strategy {name}")));
            (chosen, places) = (vec![Value::Table(instance)], vec![0]);
        }
        for (to, from) in places.into_iter().enumerate() {
            let from = from.to_string();
            let of_one = of_strategies.iter().filter(|(path, _)| path.get(1) == Some(&from));
            self.origins.extend(of_one.map(|(path, origin)| {
                let mut path = path.clone();
                path[1] = to.to_string();
                (path, origin.clone())
            }));
        }
        self.values.insert(STRATEGIES.to_owned(), Value::Array(chosen));
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
            .or_else(|| {
                self.origins.iter().find(|(known, _)| known.starts_with(path)).map(|(_, origin)| origin)
            })
            .cloned()
            .unwrap_or(Origin::Default)
    }

    /// Who said the value that a path has in the end: nobody, if the path was never spoken of.
    #[must_use]
    pub fn origin_of_value(&self, path: &[String]) -> Origin {
        let mut tables = Some(&self.values);
        let mut here: Option<&Value> = None;
        for (depth, key) in path.iter().enumerate() {
            let next = match (tables.take(), here) {
                (Some(values), _) | (None, Some(Value::Table(values))) => values.get(key),
                (None, Some(Value::Array(items))) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
                // One value was said for a whole table, such as a number of nanoseconds for a latency.
                (None, _) => return self.origin(&path[..depth]),
            };
            let Some(next) = next else { return Origin::Default };
            here = Some(next);
        }
        self.origin(path)
    }
}

fn is_of_strategies(path: &[String]) -> bool {
    path.first().is_some_and(|first| first == STRATEGIES)
}

/// The instances' ids; the kind, where no id is given.
fn names_of(all: &Value) -> Vec<String> {
    let name = |instance: &Value| {
        let said = instance.get("id").or_else(|| instance.get("kind"));
        said.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    all.as_array().into_iter().flatten().map(name).collect()
}

/// Notes the origin of a value and of everything in it.
fn note(value: &Value, path: &mut Vec<String>, origin: &Origin, into: &mut Origins) {
    into.insert(path.clone(), origin.clone());
    let inner: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => return,
    };
    for (key, value) in inner {
        path.push(key);
        note(value, path, origin, into);
        path.pop();
    }
}

/// Lays a table over the one at `path`: tables are merged, elements of a list are met by their number, everything
/// else is replaced, and who said what is replaced is forgotten.
fn lay_over(into: &mut Table, layer: Table, path: &mut Vec<String>, origins: &mut Origins) {
    for (key, value) in layer {
        path.push(key.clone());
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => lay_over(old, new, path, origins),
            (Some(Value::Array(old)), Value::Table(new)) if are_elements(old, &new) => {
                for (at, value) in new {
                    path.push(at.clone());
                    let element = at.parse::<usize>().ok().and_then(|at| old.get_mut(at));
                    if let (Some(Value::Table(element)), Value::Table(value)) = (element, value) {
                        lay_over(element, value, path, origins);
                    }
                    path.pop();
                }
            }
            (_, value) => {
                origins.retain(|known, _| !known.starts_with(path));
                into.insert(key, value);
            }
        }
        path.pop();
    }
}

/// True when every key is the number of a table in the list, and says a part of it.
fn are_elements(list: &[Value], said: &Table) -> bool {
    said.iter().all(|(key, value)| {
        let element = key.parse::<usize>().ok().and_then(|at| list.get(at));
        value.is_table() && element.is_some_and(Value::is_table)
    })
}

/// `RISK__LIMITS__PRICE_COLLAR` is `risk.limits.price_collar`; names such as `USD` keep their case.
fn environment_path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    for part in name.split("__") {
        let is_name = TABLES_OF_NAMES.iter().any(|table| path == *table);
        path.push(if is_name { part.to_owned() } else { part.to_ascii_lowercase() });
    }
    path
}

fn parse_value(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    let single = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    single.unwrap_or_else(|| Value::String(text.to_owned()))
}

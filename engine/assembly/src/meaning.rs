//! From what was said to what it means, with errors that name the file, the line and the nearest known key.

use serde::de::IntoDeserializer;

use reprise_strategies::Registry;

use crate::assemble::assemble;
use crate::check::check;
use crate::config::Config;
use crate::error::ConfigError;
use crate::layers::{Layers, Origin};

/// The configuration that the layers mean, checked, with the defaults of every parameter written out.
///
/// # Errors
/// When a key is not known, a value does not fit its key, or the strategies cannot be built.
pub fn interpret(layers: &Layers, registry: &Registry) -> Result<Config, ConfigError> {
    let values = toml::Value::Table(layers.values().clone());
    let said: Result<Config, _> = serde_path_to_error::deserialize(values.into_deserializer());
    let mut config = said.map_err(|error| {
        let path = path_segments(error.path());
        explain(layers, path, error.into_inner().message())
    })?;
    check(&config).map_err(|fault| {
        let origin = layers.origin(&fault.path);
        ConfigError::BadValue { path: shown(&fault.path), origin, reason: fault.reason }
    })?;
    assemble(&config, registry, &[], 0).map_err(|error| error.located(&config, layers))?;
    write_out(&mut config, registry);
    Ok(config)
}

/// Writes out what the configuration leaves to defaults that are not its own: ids and parameters.
fn write_out(config: &mut Config, registry: &Registry) {
    for strategy in &mut config.strategy {
        strategy.id = strategy.id.or_else(|| strategy.kind.parse().ok());
        for param in registry.kind(&strategy.kind).into_iter().flat_map(|kind| &kind.params) {
            if !param.value.is_null() && !strategy.params.contains_key(param.name) {
                strategy.params.insert(param.name.to_owned(), param.value.clone());
            }
        }
    }
}

/// The configuration that a journal recorded.
///
/// # Errors
/// When it holds what this version does not know.
pub fn from_recorded(json: &str) -> Result<Config, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let recorded: Result<Config, _> = serde_path_to_error::deserialize(&mut deserializer);
    recorded.map_err(|error| {
        ConfigError::Contradiction(format!(
            "the recorded configuration does not read at '{}': {}",
            error.path(),
            error.inner()
        ))
    })
}

/// The configuration as a journal records it.
#[must_use]
pub fn to_recorded(config: &Config) -> serde_json::Value {
    serde_json::to_value(config).unwrap_or_default()
}

/// A configuration as a file would say it, so that others can be laid over it.
///
/// # Errors
/// When it holds what TOML cannot say.
pub fn to_toml(config: &Config) -> Result<String, ConfigError> {
    toml::to_string(config)
        .map_err(|error| ConfigError::Contradiction(format!("it cannot be written as TOML: {error}")))
}

fn path_segments(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => "?".to_owned(),
        })
        .collect()
}

fn explain(layers: &Layers, mut path: Vec<String>, reason: &str) -> ConfigError {
    let Some((unknown, known)) = unknown_field(reason) else {
        let origin = layers.origin(&path);
        return ConfigError::BadValue { path: shown(&path), origin, reason: plain(reason) };
    };
    if path.last() != Some(&unknown) {
        path.push(unknown.clone());
    }
    let suggestion = nearest(&unknown, known.iter().map(String::as_str));
    ConfigError::UnknownKey { origin: layers.origin(&path), path: shown(&path), suggestion, known }
}

/// A reason without the names of our types and those of serde.
fn plain(reason: &str) -> String {
    let reason = match reason.split_once("expected struct ") {
        Some((before, name)) => {
            let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            format!("{before}expected a table of keys{rest}")
        }
        None => reason.trim().to_owned(),
    };
    let reason = reason
        .replace("expected a sequence", "expected a list")
        .replace("expected a map", "expected a table");
    match reason.strip_prefix("missing field ") {
        Some(field) => format!("the key {} is missing", field.replace('`', "'")),
        None => reason,
    }
}

/// A path as it is written in a setting.
#[must_use]
pub fn shown(path: &[String]) -> String {
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let parts: Vec<String> =
        path.iter().map(|part| if plain(part) { part.clone() } else { format!("\"{part}\"") }).collect();
    parts.join(".")
}

/// The name in serde's "unknown field `x`, expected one of `a`, `b`", and the names it expected.
fn unknown_field(reason: &str) -> Option<(String, Vec<String>)> {
    let rest = reason.trim_start().strip_prefix("unknown field `")?;
    let mut names = rest.split('`').step_by(2).map(str::to_owned);
    let unknown = names.next()?;
    Some((unknown, rest.split('`').skip(2).step_by(2).map(str::to_owned).collect()))
}

/// The candidate nearest to a name, if one is near enough to be meant. A letter or two tell nothing.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .filter(|_| name.chars().count() > 2)
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Every value of a configuration with its path and who said it, in the order of the paths.
#[must_use]
pub fn table_of(config: &Config, layers: &Layers) -> Vec<(String, serde_json::Value, Origin)> {
    let mut rows = Vec::new();
    flatten(&to_recorded(config), &mut Vec::new(), &mut |path, value| {
        rows.push((shown(path), value.clone(), layers.origin_of_value(path)));
    });
    rows
}

fn flatten(
    value: &serde_json::Value,
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String], &serde_json::Value),
) {
    let members: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(object) if !object.is_empty() => {
            object.iter().map(|(key, value)| (key.clone(), value)).collect()
        }
        serde_json::Value::Array(items) if items.iter().any(serde_json::Value::is_object) => {
            items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
        }
        leaf => return found(path, leaf),
    };
    for (key, value) in members {
        path.push(key);
        flatten(value, path, found);
        path.pop();
    }
}

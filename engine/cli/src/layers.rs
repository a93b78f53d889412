//! The configuration of a command, layer by layer.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use reprise_assembly::{Config, Layers, Registry, interpret, nearest};
use reprise_model::InstrumentId;
use reprise_replays::ReplayError;

use crate::args::ConfigArgs;
use crate::environment::Environment;

/// The configuration that stands in for one that is not named.
pub const DEFAULT_NAME: &str = "conf/backtest.toml";
/// Its text, as it was when this binary was built.
pub const DEFAULT_TEXT: &str = include_str!("../../../conf/backtest.toml");

/// The configuration of a live run that stands in for one that is not named.
pub const PAPER_NAME: &str = "conf/paper.toml";
/// Its text, as it was when this binary was built.
pub const PAPER_TEXT: &str = include_str!("../../../conf/paper.toml");

/// What was said: files, environment, command line.
pub fn layers_of(args: &ConfigArgs) -> Result<Layers> {
    let mut layers = Layers::default();
    if args.files.is_empty() {
        layers.add_text(Path::new(DEFAULT_NAME), DEFAULT_TEXT)?;
    }
    for file in &args.files {
        layers.add_file(file)?;
    }
    finish(layers, args)
}

/// What was said over a built-in configuration.
pub fn layers_over(name: &str, text: &str, args: &ConfigArgs) -> Result<Layers> {
    let mut layers = Layers::default();
    layers.add_text(Path::new(name), text)?;
    finish(layers, args)
}

/// What was said for a live run: the files, or what stands in for them, and the environment with the secrets file
/// below it.
pub fn layers_live(name: &str, text: &str, args: &ConfigArgs, environment: Environment) -> Result<Layers> {
    let mut layers = Layers::default();
    if args.files.is_empty() {
        layers.add_text(Path::new(name), text)?;
    }
    for file in &args.files {
        layers.add_file(file)?;
    }
    finish_with(layers, args, environment.into_vars())
}

fn finish(layers: Layers, args: &ConfigArgs) -> Result<Layers> {
    finish_with(layers, args, std::env::vars_os())
}

fn finish_with(
    mut layers: Layers,
    args: &ConfigArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Layers> {
    // Chosen twice: first so that the environment speaks to the chosen one, then so that it cannot unchoose it.
    choose(&mut layers, args);
    layers.add_environment(environment)?;
    choose(&mut layers, args);
    for setting in &args.settings {
        layers.add_setting(setting)?;
    }
    Ok(layers)
}

fn choose(layers: &mut Layers, args: &ConfigArgs) {
    if let Some(name) = &args.strategy {
        layers.choose_strategy(name);
    }
}

/// What it means.
pub fn config_of(layers: &Layers, registry: &Registry) -> Result<Config> {
    Ok(interpret(layers, registry)?)
}

/// An error that names who said what is wrong, where the configuration is to blame.
pub fn located(error: ReplayError, config: &Config, layers: &Layers) -> ReplayError {
    match error {
        ReplayError::Config(error) => ReplayError::Config(error.located(config, layers)),
        other => other,
    }
}

/// Instruments that the configuration speaks of and the run does not hold, each as a warning. One configuration
/// may serve many recordings, so that this is no error; a misspelt name would go unnoticed, so that it is said.
pub fn unknown_instruments(config: &Config, instruments: &[InstrumentId]) -> Vec<String> {
    let amended = config.instruments.keys().map(|id| ("instruments", id));
    let limited = config.risk.instruments.keys().map(|id| ("risk.instruments", id));
    let allowed = config.risk.allow_list.iter().map(|id| ("risk.allow_list", id));
    let banded = config.risk.bands.iter().flat_map(|b| &b.instruments).map(|id| ("risk.bands", id));
    let converting = config.account.conversions.values().map(|id| ("account.conversions", id));
    let spoken_of = amended.chain(limited).chain(allowed).chain(banded).chain(converting);
    spoken_of
        .filter(|(_, id)| !instruments.contains(id))
        .map(|(section, id)| {
            let meant = nearest(id.as_str(), instruments.iter().map(InstrumentId::as_str));
            let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            format!("{section} speaks of {id}, which the run does not hold{meant}")
        })
        .collect()
}

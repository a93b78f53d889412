//! The configuration of a command, layer by layer.

use std::path::Path;

use anyhow::Result;
use reprise_assembly::{Config, Layers, interpret};

use crate::args::ConfigArgs;

/// The configuration that stands in for one that is not named.
pub const DEFAULT_NAME: &str = "conf/backtest.toml";
/// Its text, as it was when this binary was built.
pub const DEFAULT_TEXT: &str = include_str!("../../../conf/backtest.toml");

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

fn finish(mut layers: Layers, args: &ConfigArgs) -> Result<Layers> {
    layers.add_environment(std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    }))?;
    if let Some(kind) = &args.strategy {
        layers.choose_strategy(kind);
    }
    for setting in &args.settings {
        layers.add_setting(setting)?;
    }
    Ok(layers)
}

/// What it means.
pub fn config_of(layers: &Layers) -> Result<Config> {
    Ok(interpret(layers)?)
}

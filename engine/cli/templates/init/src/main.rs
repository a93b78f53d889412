//! `reprise` with strategies of my own beside the built-in ones.

mod my_strategy;

use std::process::ExitCode;

use reprise_strategies::Registry;

use my_strategy::Breakout;

fn main() -> ExitCode {
    let mut registry = Registry::builtin();
    if let Err(error) = registry.register("breakout", Breakout::ABOUT, Breakout::new) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    reprise_cli::run(registry)
}

//! The `reprise` command line, as a library: a user's own crate registers its strategies and calls [`run`], and
//! has every command.

mod args;
mod commands;
mod duration;
mod environment;
mod exit;
mod folders;
mod layers;
mod logs;
mod output;

use std::process::ExitCode;

use clap::Parser;

pub use reprise_strategies::Registry;

use args::{Args, Command};

/// Parses the command line, does what it says, prints, and gives the exit code.
#[must_use]
pub fn run(registry: Registry) -> ExitCode {
    exit::report_file_size_limit();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Whoever cannot be told still gets the exit code.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    match dispatch(args.command, &registry) {
        Ok(code) => ExitCode::from(code),
        Err(error) if exit::is_closed_pipe(&error) => ExitCode::from(exit::DONE),
        Err(error) => {
            output::say(format_args!("error: {}", exit::in_words(&error)));
            ExitCode::from(exit::code_of(&error))
        }
    }
}

fn dispatch(command: Command, registry: &Registry) -> anyhow::Result<u8> {
    match command {
        Command::Demo(args) => commands::demo::run(&args, registry),
        Command::Import(args) => commands::import::run(&args),
        Command::Backtest(args) => commands::backtest::run(&args, registry),
        Command::Run(args) => commands::run::run(&args, registry),
        Command::Record(args) => commands::run::record(&args, registry),
        Command::Status(args) => commands::control::status(&args),
        Command::Orders(args) => commands::control::orders(&args),
        Command::Positions(args) => commands::control::positions(&args),
        Command::Limits(args) => commands::control::limits(&args),
        Command::Pause(args) => commands::control::pause(&args),
        Command::Resume(args) => commands::control::resume(&args),
        Command::ReduceOnly(args) => commands::control::reduce_only(&args),
        Command::CancelAll(args) => commands::control::cancel_all(&args),
        Command::Kill(args) => commands::control::kill(&args),
        Command::Release(args) => commands::control::release(&args),
        Command::SetLimit(args) => commands::control::set_limit(&args),
        Command::Top(args) => commands::control::top::run(&args),
        Command::Console(args) => commands::console::run(&args, registry),
        Command::VenueSim(args) => commands::venue_sim::run(&args),
        Command::Verify(args) => commands::verify::run(&args, registry),
        Command::Journal(args) => commands::journal::run(&args),
        Command::Alerts(args) => commands::alerts::run(&args.command, registry),
        Command::CheckConfig(args) => commands::check_config::run(&args, registry),
        Command::Doctor(args) => commands::doctor::run(&args, registry),
        Command::Strategies(args) => commands::strategies::run(&args, registry),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Init(args) => commands::init::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
    }
}

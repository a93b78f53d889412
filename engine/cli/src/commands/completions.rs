//! `reprise completions`: a script that completes commands and options.

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs};
use crate::exit;
use crate::output::NOT_WRITTEN;

/// Prints the script.
pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "reprise", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script).context(NOT_WRITTEN)?;
    Ok(exit::DONE)
}

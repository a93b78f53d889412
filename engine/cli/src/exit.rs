//! Exit codes, and which error has which.

use reprise_assembly::ConfigError;
use reprise_journal::JournalError;
use reprise_replays::ReplayError;

/// Done.
pub const DONE: u8 = 0;
/// An error.
pub const ERROR: u8 = 1;
/// The command line makes no sense, or something could not be judged.
pub const USAGE: u8 = 2;
/// `verify` and `journal verify`: it could not be judged.
pub const NOT_JUDGED: u8 = 2;
/// The configuration is wrong.
pub const CONFIGURATION: u8 = 4;
/// Verification found a difference.
pub const DIFFERENT: u8 = 6;
/// The journal is damaged.
pub const DAMAGED: u8 = 8;

/// The exit code of an error.
#[must_use]
pub fn code_of(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of_one).unwrap_or(ERROR)
}

fn code_of_one(error: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if error.is::<ConfigError>() {
        return Some(CONFIGURATION);
    }
    if let Some(journal) = error.downcast_ref::<JournalError>() {
        return Some(code_of_journal(journal));
    }
    match error.downcast_ref::<ReplayError>()? {
        ReplayError::Config(_) => Some(CONFIGURATION),
        ReplayError::Journal(journal) => Some(code_of_journal(journal)),
        ReplayError::NoSource { .. } => Some(NOT_JUDGED),
        ReplayError::NoStart { .. } => Some(DAMAGED),
        ReplayError::Halted { .. } | ReplayError::Money(_) => Some(ERROR),
    }
}

fn code_of_journal(error: &JournalError) -> u8 {
    if error.damage().is_some() { DAMAGED } else { ERROR }
}

/// True when whoever read our output stopped reading: no error of ours.
#[must_use]
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

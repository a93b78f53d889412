//! Exit codes, and which error has which.

use reprise_assembly::ConfigError;
use reprise_journal::JournalError;
use reprise_replays::ReplayError;
use reprise_runtime::RuntimeError;

use crate::commands::control::ControlError;

/// Done.
pub const DONE: u8 = 0;
/// An error.
pub const ERROR: u8 = 1;
/// The command line makes no sense, or something could not be judged.
pub const USAGE: u8 = 2;
/// `verify` and `journal verify`: it could not be judged.
pub const NOT_JUDGED: u8 = 2;
/// There is no run to look at or to command.
pub const NOT_RUNNING: u8 = 3;
/// The configuration is wrong.
pub const CONFIGURATION: u8 = 4;
/// The run did not answer in time.
pub const TIMEOUT: u8 = 5;
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
    if let Some(live) = error.downcast_ref::<RuntimeError>() {
        return Some(code_of_live(live));
    }
    if let Some(control) = error.downcast_ref::<ControlError>() {
        return Some(code_of_control(control));
    }
    error.downcast_ref::<ReplayError>().and_then(code_of_replay)
}

fn code_of_control(error: &ControlError) -> u8 {
    match error {
        ControlError::NotRunning { .. } => NOT_RUNNING,
        ControlError::Timeout { .. } => TIMEOUT,
        ControlError::Refused { .. } => ERROR,
    }
}

fn code_of_live(error: &RuntimeError) -> u8 {
    match error {
        RuntimeError::Config(_) => CONFIGURATION,
        RuntimeError::Journal(journal) => code_of_journal(journal),
        RuntimeError::Differs { .. } => DIFFERENT,
        RuntimeError::Halted { .. } | RuntimeError::NotResumable { .. } | RuntimeError::System { .. } => {
            ERROR
        }
    }
}

fn code_of_replay(error: &ReplayError) -> Option<u8> {
    match error {
        ReplayError::Config(_) => Some(CONFIGURATION),
        ReplayError::Journal(journal) => Some(code_of_journal(journal)),
        ReplayError::NoSource { .. } => Some(NOT_JUDGED),
        ReplayError::NoStart { .. } => Some(DAMAGED),
        ReplayError::CutShort { failure, .. } => code_of_replay(failure),
        ReplayError::Halted { .. } | ReplayError::NoInputs { .. } | ReplayError::Money(_) => Some(ERROR),
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

/// The error and its causes in one line. A cause that the error before it quotes already is not said again.
#[must_use]
pub fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}

/// A write past the file size limit of the shell (`ulimit -f`) is then an error like a full disk, and not a signal
/// that ends the process without a word.
pub fn report_file_size_limit() {
    #[cfg(unix)]
    {
        let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Where it cannot be registered, the system's way holds.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
    }
}

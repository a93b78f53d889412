//! Can the file of secrets be used, and can nobody else read it.

use std::path::Path;

use super::row::Row;
use crate::environment::{Environment, SECRETS_FILE};
use crate::exit;

const CHECK: &str = "secrets file";

/// Its row, and what the environment says with it; without it where it cannot be used.
pub fn check() -> (Vec<Row>, Environment) {
    match Environment::read() {
        Ok(environment) if Path::new(SECRETS_FILE).exists() => {
            (vec![Row::ok(CHECK, format!("{SECRETS_FILE} reads, and is for its owner alone"))], environment)
        }
        Ok(environment) if let Some(credential) = Environment::credential() => {
            (vec![Row::ok(CHECK, format!("{} reads; it was handed over", credential.display()))], environment)
        }
        Ok(environment) => {
            let found = format!("there is no {SECRETS_FILE} here; secrets come from the environment");
            (vec![Row::skipped(CHECK, found)], environment)
        }
        Err(error) => {
            let remedy =
                format!("chmod 600 {SECRETS_FILE}, owned by whoever runs reprise, with a NAME=VALUE a line");
            (vec![Row::failed(CHECK, exit::in_words(&error), remedy)], Environment::of_process())
        }
    }
}

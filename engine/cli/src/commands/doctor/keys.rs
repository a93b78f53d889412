//! Which secrets are there, and are they what they should be. None is ever shown, nor a part of it: every word here
//! is our own.

use reprise_venues::coinbase::auth::{ApiKey, KeyError};
use reprise_venues::hyperliquid::sign::{Address, SecretKey};

use super::World;
use super::row::Row;
use crate::commands::control::TOKEN;

const COINBASE: &str = "coinbase key";
const HYPERLIQUID: &str = "hyperliquid key";
const CONTROL: &str = "control token";
/// The variables of the venues' keys.
pub const COINBASE_NAME: &str = "COINBASE_API_KEY";
pub const COINBASE_SECRET: &str = "COINBASE_API_SECRET";
const HYPERLIQUID_SECRET: &str = "HYPERLIQUID_PRIVATE_KEY";
const HYPERLIQUID_ADDRESS: &str = "HYPERLIQUID_ACCOUNT_ADDRESS";
/// A token of fewer characters can be guessed.
const SHORTEST_TOKEN: usize = 20;

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let secret = |name| world.environment.secret(name);
    vec![
        coinbase(secret(COINBASE_NAME), secret(COINBASE_SECRET)),
        hyperliquid(secret(HYPERLIQUID_SECRET), secret(HYPERLIQUID_ADDRESS)),
        control(world, secret(TOKEN)),
    ]
}

fn coinbase(name: Option<String>, secret: Option<String>) -> Row {
    let secret = match (name, secret) {
        (None, None) => return Row::skipped(COINBASE, "none is set; trading on paper needs none"),
        (Some(_), None) => return half(COINBASE, COINBASE_NAME, COINBASE_SECRET),
        (None, Some(_)) => return half(COINBASE, COINBASE_SECRET, COINBASE_NAME),
        (Some(_), Some(secret)) => secret,
    };
    // The key's own name is not for others either.
    let why = match ApiKey::new(COINBASE_NAME, &secret) {
        Ok(_) => return Row::ok(COINBASE, "it is set and parses"),
        Err(KeyError::NotAKey { .. }) => "it is neither PEM nor base64",
        Err(KeyError::OtherPem { .. }) => {
            "it is a PEM block of another kind than EC PRIVATE KEY or PRIVATE KEY"
        }
        Err(KeyError::Damaged { reason, .. }) => reason,
        Err(KeyError::NoRandomness | KeyError::NotAPublicKey) => "it cannot be used",
    };
    let remedy = format!(
        "set {COINBASE_SECRET} to the whole key, from -----BEGIN to -----END, its line ends written \\n"
    );
    Row::failed(COINBASE, format!("{COINBASE_SECRET} is no key: {why}"), remedy)
}

fn hyperliquid(secret: Option<String>, address: Option<String>) -> Row {
    let (secret, address) = match (secret, address) {
        (None, None) => return Row::skipped(HYPERLIQUID, "none is set; trading on paper needs none"),
        (Some(_), None) => return half(HYPERLIQUID, HYPERLIQUID_SECRET, HYPERLIQUID_ADDRESS),
        (None, Some(_)) => return half(HYPERLIQUID, HYPERLIQUID_ADDRESS, HYPERLIQUID_SECRET),
        (Some(secret), Some(address)) => (secret, address),
    };
    let Ok(key) = secret.parse::<SecretKey>() else {
        let remedy =
            format!("set {HYPERLIQUID_SECRET} to 0x and the 64 hexadecimal digits of the agent wallet's key");
        return Row::failed(HYPERLIQUID, format!("{HYPERLIQUID_SECRET} is not a key of 32 bytes"), remedy);
    };
    let Ok(account) = address.parse::<Address>() else {
        let remedy =
            format!("set {HYPERLIQUID_ADDRESS} to 0x and the 40 hexadecimal digits of the master account");
        return Row::failed(HYPERLIQUID, format!("{HYPERLIQUID_ADDRESS} is not an address"), remedy);
    };
    if key.address() == account {
        let remedy = "approve an agent wallet at the venue and use its key: it can trade and not withdraw";
        return Row::warning(HYPERLIQUID, "it parses, and it is the master account's own", remedy);
    }
    Row::ok(HYPERLIQUID, "it is set and parses, and so does the account's address")
}

fn half(check: &str, set: &str, missing: &str) -> Row {
    let found = format!("{set} is set and {missing} is not");
    Row::failed(check, found, format!("set {missing} too, or neither"))
}

fn control(world: &World, token: Option<String>) -> Row {
    if world.config.as_ref().is_some_and(|config| config.control.address().is_none()) {
        return Row::skipped(CONTROL, "control.listen is empty: nothing is served");
    }
    let remedy = format!("set {TOKEN} in conf/secrets.env; openssl rand -hex 32 makes one");
    match token {
        None => Row::warning(
            CONTROL,
            format!("{TOKEN} is not set: a run cannot be commanded, not even killed"),
            remedy,
        ),
        Some(token) if token.len() < SHORTEST_TOKEN => {
            Row::warning(CONTROL, format!("{TOKEN} has fewer than {SHORTEST_TOKEN} characters"), remedy)
        }
        Some(_) => Row::ok(CONTROL, format!("{TOKEN} is set")),
    }
}

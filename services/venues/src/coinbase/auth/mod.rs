//! Who asks: API keys and the tokens made with them.
//!
//! Source: docs.cdp.coinbase.com, "Coinbase App authentication": a JWT signed with ES256 or EdDSA, good for
//! 120 s, made anew for every request and every authenticated subscription.

mod der;
mod key;
mod token;

pub use key::{ApiKey, KeyError, PublicKey};
pub use token::{Claims, LIFETIME_S, Token, TokenError, uri, verify};

use ring::rand::{SecureRandom, SystemRandom};

use crate::hex;

/// A random nonce: 32 hexadecimal digits.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn fresh_nonce() -> Result<String, KeyError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    let mut text = String::with_capacity(32);
    hex::push(&mut text, &bytes);
    Ok(text)
}

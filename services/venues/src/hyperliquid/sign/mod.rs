//! Signing: how the venue knows who sent an action, and how the simulator does.
//!
//! An exchange action is packed, hashed with its nonce, vault and expiry into the *connection id*, and that
//! is signed as EIP-712 data. Actions that move money are signed field by field instead.
//!
//! Source: the venue's official Python SDK (`hyperliquid/utils/signing.py`), whose signatures are the vectors
//! of the tests.

mod key;
mod nonce;
mod typed;
mod value;

pub use key::{Address, SecretKey, Signature};
pub use nonce::Nonces;
pub use typed::UserAction;
pub use value::Value;

use serde::{Deserialize, Serialize};

/// Why something cannot be signed, or a signature cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not JSON.
    #[error("the action is not JSON: {reason}")]
    NotJson {
        /// What is wrong.
        reason: String,
    },
    /// Not a private key.
    #[error("the wallet's key is not a private key: write 0x and 64 hexadecimal digits")]
    NotAKey,
    /// Not an address.
    #[error("'{text}' is not an address: write 0x and 40 hexadecimal digits")]
    NotAnAddress {
        /// The text, clipped.
        text: String,
    },
    /// No key can have made it.
    #[error("the signature is one that no key can have made")]
    NotASignature,
    /// A field that is signed is missing or of another kind.
    #[error("the action {action} lacks the field '{field}', or it is of another kind")]
    Field {
        /// Which action.
        action: &'static str,
        /// Which field.
        field: &'static str,
    },
}

/// For which network an action is signed: a signature for one is worth nothing on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Real money.
    Mainnet,
    /// Play money.
    Testnet,
}

impl Network {
    const fn source(self) -> &'static [u8] {
        match self {
            Self::Mainnet => b"a",
            Self::Testnet => b"b",
        }
    }

    /// What a user's action says in `hyperliquidChain`.
    #[must_use]
    pub const fn chain(self) -> &'static str {
        match self {
            Self::Mainnet => "Mainnet",
            Self::Testnet => "Testnet",
        }
    }
}

/// What is signed together with an exchange action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The action's number, Unix milliseconds or a little more; see [`Nonces`].
    pub nonce: u64,
    /// The vault or sub-account it is for, if it is not the signer's own.
    pub vault: Option<Address>,
    /// Refuse it from this time on, Unix milliseconds.
    pub expires_after: Option<u64>,
}

impl Scope {
    /// For the signer's own account, without an end.
    #[must_use]
    pub const fn new(nonce: u64) -> Self {
        Self { nonce, vault: None, expires_after: None }
    }
}

/// The hash by which an exchange action is known.
#[must_use]
pub fn connection_id(action: &Value, scope: &Scope) -> [u8; 32] {
    let mut bytes = action.to_msgpack();
    bytes.extend_from_slice(&scope.nonce.to_be_bytes());
    match &scope.vault {
        None => bytes.push(0),
        Some(vault) => {
            bytes.push(1);
            bytes.extend_from_slice(&vault.0);
        }
    }
    if let Some(time) = scope.expires_after {
        bytes.push(0);
        bytes.extend_from_slice(&time.to_be_bytes());
    }
    key::keccak(&bytes)
}

/// Signs an exchange action.
#[must_use]
pub fn sign_l1(key: &SecretKey, action: &Value, scope: &Scope, network: Network) -> Signature {
    key.sign(&typed::agent_digest(connection_id(action, scope), network))
}

/// Who signed an exchange action. A signature over anything else gives some address all the same: one that
/// nobody has.
///
/// # Errors
/// When no key can have made the signature.
pub fn recover_l1(
    signature: &Signature,
    action: &Value,
    scope: &Scope,
    network: Network,
) -> Result<Address, SignError> {
    signature.signer(&typed::agent_digest(connection_id(action, scope), network))
}

/// Signs a user's action; `signatureChainId` and `hyperliquidChain` are fields of it.
///
/// # Errors
/// When a field is missing or of another kind.
pub fn sign_user(key: &SecretKey, action: &Value, kind: UserAction) -> Result<Signature, SignError> {
    Ok(key.sign(&typed::user_digest(action, kind)?))
}

/// Who signed a user's action.
///
/// # Errors
/// When a field is missing or of another kind, or no key can have made the signature.
pub fn recover_user(signature: &Signature, action: &Value, kind: UserAction) -> Result<Address, SignError> {
    signature.signer(&typed::user_digest(action, kind)?)
}

//! The two kinds of keys that Coinbase gives out, in the forms it gives them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    UnparsedPublicKey,
};

use super::der::{self, Der};

/// Why a secret is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor base64.
    #[error(
        "the secret of the key '{name}' is neither a PEM block nor base64; paste it whole, from -----BEGIN to -----END"
    )]
    NotAKey {
        /// The key's name.
        name: String,
    },
    /// A PEM block of another kind.
    #[error(
        "the secret of the key '{name}' is a PEM block '{label}'; EC PRIVATE KEY and PRIVATE KEY can be used"
    )]
    OtherPem {
        /// The key's name.
        name: String,
        /// The block's label.
        label: String,
    },
    /// Neither P-256 nor Ed25519, or damaged.
    #[error("the secret of the key '{name}' is no whole P-256 or Ed25519 key: {reason}")]
    Damaged {
        /// The key's name.
        name: String,
        /// What is wrong; never a part of the secret.
        reason: &'static str,
    },
    /// The operating system gave no random numbers to sign with.
    #[error("the operating system gives no random numbers, so nothing can be signed")]
    NoRandomness,
    /// A public key that cannot be read.
    #[error("this is no public key of P-256 or Ed25519 in PEM (-----BEGIN PUBLIC KEY-----)")]
    NotAPublicKey,
}

enum Signer {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

/// An API key: its name and what it signs with. The secret is in no `Debug` text.
pub struct ApiKey {
    name: String,
    signer: Signer,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ApiKey {
    /// A key from its name and its secret: P-256 in PEM (SEC1 or PKCS8), Ed25519 in PEM (PKCS8), or Ed25519 as
    /// the base64 of 64 bytes (seed and public part) or of the 32-byte seed.
    ///
    /// # Errors
    /// When the secret is none of these; the text never holds any of it.
    pub fn new(name: &str, secret: &str) -> Result<Self, KeyError> {
        let damaged = |reason| KeyError::Damaged { name: name.to_owned(), reason };
        let signer = match der::pem(secret) {
            Some((label, bytes)) => match label.as_str() {
                "EC PRIVATE KEY" => ec(&bytes).map_err(damaged)?,
                "PRIVATE KEY" => pkcs8(&bytes).map_err(damaged)?,
                _ => return Err(KeyError::OtherPem { name: name.to_owned(), label }),
            },
            None => {
                let packed: String = secret.split_whitespace().collect();
                let bytes =
                    STANDARD.decode(packed).map_err(|_| KeyError::NotAKey { name: name.to_owned() })?;
                raw_ed25519(&bytes).map_err(damaged)?
            }
        };
        Ok(Self { name: name.to_owned(), signer })
    }

    /// The key's name, such as `organizations/…/apiKeys/…`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the algorithm in a token's header.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.signer {
            Signer::Es256(_) => "ES256",
            Signer::EdDsa(_) => "EdDSA",
        }
    }

    /// The public part.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match &self.signer {
            Signer::Es256(pair) => PublicKey::P256(pair.public_key().as_ref().to_vec()),
            Signer::EdDsa(pair) => PublicKey::Ed25519(pair.public_key().as_ref().to_vec()),
        }
    }

    /// The signature of a message: 64 bytes for either algorithm (RFC 7518, 3.4; RFC 8037, 3.1).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match &self.signer {
            Signer::Es256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map_err(|_| KeyError::NoRandomness)?
                .as_ref()
                .to_vec(),
            Signer::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

/// SEC1: version, private key, `[0]` curve, `[1]` public key.
fn ec(bytes: &[u8]) -> Result<Signer, &'static str> {
    const SHAPE: &str = "its EC private key is cut short or not DER";
    let mut inside = Der(bytes).open(der::SEQUENCE).ok_or(SHAPE)?;
    inside.take(der::INTEGER).ok_or(SHAPE)?;
    let private = inside.take(der::OCTET_STRING).ok_or(SHAPE)?;
    inside.skip(0xa0);
    let public = inside.open(der::CONTEXT_1).and_then(|mut holder| holder.bits()).ok_or(
        "it holds no public part; `openssl ec -in key.pem` writes the key with it, or take a new key at the venue",
    )?;
    let (algorithm, rng) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &rng)
        .map_err(|_| "its parts do not make a key of the curve P-256")?;
    Ok(Signer::Es256(Box::new(pair)))
}

/// PKCS8: version, algorithm, and the key in the algorithm's own form.
fn pkcs8(bytes: &[u8]) -> Result<Signer, &'static str> {
    const SHAPE: &str = "its PKCS8 structure is cut short or not DER";
    let mut inside = Der(bytes).open(der::SEQUENCE).ok_or(SHAPE)?;
    inside.take(der::INTEGER).ok_or(SHAPE)?;
    let algorithm =
        inside.open(der::SEQUENCE).and_then(|mut holder| holder.take(der::OBJECT_ID)).ok_or(SHAPE)?;
    match algorithm {
        der::EC_PUBLIC_KEY => ec(inside.take(der::OCTET_STRING).ok_or(SHAPE)?),
        der::ED25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
            .map(|pair| Signer::EdDsa(Box::new(pair)))
            .map_err(|_| "its Ed25519 key is cut short"),
        _ => Err("its algorithm is another one"),
    }
}

fn raw_ed25519(bytes: &[u8]) -> Result<Signer, &'static str> {
    let pair = match bytes.split_at_checked(32) {
        Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
        Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        None => return Err("an Ed25519 secret has 32 or 64 bytes"),
    };
    pair.map(|pair| Signer::EdDsa(Box::new(pair)))
        .map_err(|_| "its seed and its public part do not belong together")
}

/// The public part of a key, by which a token is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of P-256, uncompressed.
    P256(Vec<u8>),
    /// The 32 bytes of an Ed25519 key.
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// When it is no such block of a P-256 or Ed25519 key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let read = || {
            let (label, bytes) = der::pem(text)?;
            let mut inside = Der(&bytes).open(der::SEQUENCE).filter(|_| label == "PUBLIC KEY")?;
            let algorithm = inside.open(der::SEQUENCE)?.take(der::OBJECT_ID)?;
            let key = inside.bits()?;
            match (algorithm, key.len()) {
                (der::EC_PUBLIC_KEY, 65) => Some(Self::P256(key.to_vec())),
                (der::ED25519, 32) => Some(Self::Ed25519(key.to_vec())),
                _ => None,
            }
        };
        read().ok_or(KeyError::NotAPublicKey)
    }

    /// Whether this key made the signature, under the algorithm that the token names.
    pub(super) fn made(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::P256(point), "ES256") => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Self::Ed25519(key), "EdDSA") => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

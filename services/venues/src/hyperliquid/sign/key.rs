//! Keys, addresses and signatures of the curve secp256k1, as Ethereum uses them.

use std::fmt;
use std::str::FromStr;

use k256::ecdsa::{self, RecoveryId, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

use super::SignError;
use crate::hex;

/// Keccak-256, the hash of Ethereum.
pub(super) fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Whose an order is: the last 20 bytes of the hash of a public key. Always written in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::prefixed(&self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Self, SignError> {
        hex::exact(text)
            .map(Self)
            .ok_or_else(|| SignError::NotAnAddress { text: text.chars().take(50).collect() })
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Address {
    fn of(key: &VerifyingKey) -> Self {
        let point = key.to_sec1_point(false);
        // The first byte says that the point is not compressed.
        let hash = keccak(&point.as_bytes()[1..]);
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        Self(address)
    }
}

/// The private key of a wallet. It is in no `Debug` text.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.address())
    }
}

impl FromStr for SecretKey {
    type Err = SignError;

    /// Reads 64 hexadecimal digits, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, SignError> {
        let bytes: [u8; 32] = hex::exact(text.trim()).ok_or(SignError::NotAKey)?;
        SigningKey::from_slice(&bytes).map(Self).map_err(|_| SignError::NotAKey)
    }
}

impl SecretKey {
    /// The wallet's address.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of(self.0.verifying_key())
    }

    /// The signature of a hash; the same one every time (RFC 6979).
    pub(super) fn sign(&self, digest: &[u8; 32]) -> Signature {
        let (signature, recovery) = self.0.sign_prehash_recoverable(digest);
        let (r, s) = signature.split_bytes();
        Signature { r: r.into(), s: s.into(), v: 27 + recovery.to_byte() }
    }
}

/// A signature from which the signer's address can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The first half.
    #[serde(with = "scalar")]
    pub r: [u8; 32],
    /// The second half.
    #[serde(with = "scalar")]
    pub s: [u8; 32],
    /// 27 or 28: which of the two keys that could have made it.
    pub v: u8,
}

impl Signature {
    /// Who made the signature of a hash.
    pub(super) fn signer(&self, digest: &[u8; 32]) -> Result<Address, SignError> {
        let bad = |_| SignError::NotASignature;
        let signature = ecdsa::Signature::from_scalars(self.r, self.s).map_err(bad)?;
        let id = if self.v >= 27 { self.v - 27 } else { self.v };
        let recovery = RecoveryId::from_byte(id).ok_or(SignError::NotASignature)?;
        VerifyingKey::recover_from_prehash(digest, &signature, recovery)
            .map(|key| Address::of(&key))
            .map_err(bad)
    }
}

/// Hexadecimal, written with all 64 digits, read with leading zeros left out too.
mod scalar {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::hex;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::prefixed(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::right_aligned(&text).ok_or_else(|| {
            serde::de::Error::custom("a half of a signature is 0x and up to 64 hexadecimal digits")
        })
    }
}

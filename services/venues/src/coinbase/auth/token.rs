//! Making and checking the short-lived tokens (JWT, RFC 7519) by which Coinbase knows who asks.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::key::{ApiKey, KeyError, PublicKey};

/// How long a token is good, in seconds.
pub const LIFETIME_S: u64 = 120;
/// Who issues tokens, as the venue wants it said.
const ISSUER: &str = "cdp";
/// How far the two clocks may be apart, in seconds, when a token is checked.
const LEEWAY_S: u64 = 30;

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    nonce: String,
    typ: Option<String>,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The key's name.
    pub sub: String,
    /// Who issued it: `cdp`.
    pub iss: String,
    /// Good from, Unix seconds.
    pub nbf: u64,
    /// Good until, Unix seconds.
    pub exp: u64,
    /// `METHOD host/path` of a REST request; none for a socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// A token; good for two minutes, so it is a secret and in no `Debug` text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The text for `Authorization: Bearer …` or a subscription's `jwt`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl ApiKey {
    /// The token of one REST request. `host` carries its port if it has one; `path` begins with a slash and
    /// has no query. `now_s` is the Unix time in seconds; `nonce` is a fresh random text.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn rest_token(
        &self,
        method: &str,
        host: &str,
        path: &str,
        now_s: u64,
        nonce: &str,
    ) -> Result<Token, KeyError> {
        self.token(Some(uri(method, host, path)), now_s, nonce)
    }

    /// The token of one subscription on a socket.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn socket_token(&self, now_s: u64, nonce: &str) -> Result<Token, KeyError> {
        self.token(None, now_s, nonce)
    }

    fn token(&self, uri: Option<String>, now_s: u64, nonce: &str) -> Result<Token, KeyError> {
        let header = Header {
            alg: self.algorithm().to_owned(),
            kid: self.name().to_owned(),
            nonce: nonce.to_owned(),
            typ: Some("JWT".to_owned()),
        };
        let claims = Claims {
            sub: self.name().to_owned(),
            iss: ISSUER.to_owned(),
            nbf: now_s,
            exp: now_s + LIFETIME_S,
            uri,
        };
        let mut text = format!("{}.{}", part(&header), part(&claims));
        let signature = self.sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Token(text))
    }
}

/// The claim `uri` of a REST request.
#[must_use]
pub fn uri(method: &str, host: &str, path: &str) -> String {
    format!("{} {host}{path}", method.to_ascii_uppercase())
}

/// Structs of strings and numbers always have a JSON text.
fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64 with JSON inside.
    #[error("the token is not a JWT")]
    NotAToken,
    /// An algorithm that the venue does not take.
    #[error("the token is signed with '{algorithm}'; ES256 and EdDSA are taken")]
    Algorithm {
        /// What its header says.
        algorithm: String,
    },
    /// Issuer or key name are not what they should be.
    #[error("the token's claim '{claim}' is '{found}' where '{expected}' is expected")]
    Claim {
        /// Which claim.
        claim: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// Not yet or no longer good.
    #[error("the token is good from {nbf} to {exp}, and it is {now}")]
    Time {
        /// From, Unix seconds.
        nbf: u64,
        /// Until, Unix seconds.
        exp: u64,
        /// Now, Unix seconds.
        now: u64,
    },
    /// The signature is not the key's.
    #[error("the token's signature was not made by the key '{key}'")]
    Signature {
        /// The key's name.
        key: String,
    },
}

/// Checks a token as the venue does: its form, issuer, key name, time, `uri`, and its signature where `key`
/// finds the public key of its name. A token whose `uri` is `None` is a socket's.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(
    token: &str,
    now_s: u64,
    uri: Option<&str>,
    key: impl FnOnce(&str) -> Option<PublicKey>,
) -> Result<Claims, TokenError> {
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::NotAToken)?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::NotAToken)?;
    let header: Header = unpack(header)?;
    let claims: Claims = unpack(claims)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::NotAToken)?;
    if header.alg != "ES256" && header.alg != "EdDSA" {
        return Err(TokenError::Algorithm { algorithm: header.alg });
    }
    let claim = |claim, found: &str, expected: &str| match found == expected {
        true => Ok(()),
        false => Err(TokenError::Claim { claim, found: found.to_owned(), expected: expected.to_owned() }),
    };
    claim("iss", &claims.iss, ISSUER)?;
    claim("sub", &claims.sub, &header.kid)?;
    claim("uri", claims.uri.as_deref().unwrap_or_default(), uri.unwrap_or_default())?;
    let good = claims.nbf.saturating_sub(LEEWAY_S)..=claims.exp.saturating_add(LEEWAY_S);
    if !good.contains(&now_s) || claims.exp > claims.nbf.saturating_add(LIFETIME_S) {
        return Err(TokenError::Time { nbf: claims.nbf, exp: claims.exp, now: now_s });
    }
    if key(&claims.sub).is_some_and(|key| !key.made(&header.alg, message.as_bytes(), &signature)) {
        return Err(TokenError::Signature { key: claims.sub });
    }
    Ok(claims)
}

fn unpack<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::NotAToken)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::NotAToken)
}

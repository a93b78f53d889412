//! Who asks: the token in a request's `Authorization` header or in a subscription.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use reprise_venues::coinbase::auth;

use super::respond::Fault;
use super::{Api, VENUE};

/// The API key that signed a request: the name of an account.
#[derive(Debug, Clone)]
pub(super) struct Signer(pub(super) String);

impl FromRequestParts<Api> for Signer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Fault> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = header(header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Fault::unauthorized("no bearer token"))?;
        let host = header(header::HOST).unwrap_or_default();
        let uri = auth::uri(parts.method.as_str(), host, parts.uri.path());
        api.signer(token, Some(&uri)).map_err(Fault::unauthorized)
    }
}

impl Api {
    /// Checks a token and tells whose it is. One for a socket has no `uri`.
    pub(super) fn signer(&self, token: &str, uri: Option<&str>) -> Result<Signer, String> {
        let now_s = self.shared.venue_now(VENUE).0 / 1_000_000_000;
        let claims = auth::verify(token, now_s, uri, |name| self.keys.get(name).cloned())
            .map_err(|error| error.to_string())?;
        if !self.keys.contains_key(&claims.sub) {
            tracing::debug!(key = claims.sub, "no public key is known: the signature is not checked");
        }
        Ok(Signer(claims.sub))
    }
}

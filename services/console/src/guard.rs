//! Who may ask for what: hosts, origins, the token.
//!
//! *Host.* A page of another site that has its name point at this address (DNS rebinding) sends that name as Host;
//! so a name is only taken when it is `localhost` or configured. Plain addresses cannot be rebound.
//! *Origin.* A browser says whose page asks. Where it does, the page must be this one.
//! *Token.* Whatever changes state takes `Authorization: Bearer …`. Without a configured token nothing that changes
//! state is served at all. Where the address is not loopback, reading takes it too.

use std::fmt;
use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};

use crate::refused::Refused;

/// The secret that commands take; only its hash is kept, and it is never shown.
#[derive(Clone)]
pub struct Token(blake3::Hash);

impl Token {
    /// The token; `None` for an empty one, which protects nothing.
    #[must_use]
    pub fn new(secret: &str) -> Option<Self> {
        let secret = secret.trim();
        (!secret.is_empty()).then(|| Self(blake3::hash(secret.as_bytes())))
    }

    /// True for the same secret. Hashes are compared in constant time, so that how long it takes tells nothing.
    fn is(&self, offered: &[u8]) -> bool {
        self.0 == blake3::hash(offered)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: the page itself, and whether the process lives.
    Nothing,
    /// To look.
    Look,
    /// To change state.
    Change,
}

/// Who may ask.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// The token.
    pub token: Option<Token>,
    /// Names taken as Host, beside `localhost` and plain addresses.
    pub hosts: Vec<String>,
    /// Reading takes the token too.
    pub guards_reading: bool,
}

impl Guard {
    /// Lets a request through, or says why not.
    pub(crate) fn admit(&self, request: &Parts, need: Need) -> Result<(), Refused> {
        let headers = &request.headers;
        let host = self.host(headers)?;
        if request.uri.authority().is_some_and(|named| *named != host) {
            return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, "a request names one Host"));
        }
        same_origin(headers, &host, need)?;
        match need {
            Need::Nothing => Ok(()),
            Need::Look if !self.guards_reading => Ok(()),
            Need::Look | Need::Change => self.bearer(headers),
        }
    }

    fn host(&self, headers: &HeaderMap) -> Result<Authority, Refused> {
        let refused = |words: &str| Refused::new(StatusCode::MISDIRECTED_REQUEST, words);
        let mut said = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (said.next(), said.next()) else {
            return Err(refused("a request names one Host"));
        };
        let authority: Authority = host
            .to_str()
            .ok()
            .and_then(|host| host.parse().ok())
            .filter(|authority: &Authority| !authority.as_str().contains('@'))
            .ok_or_else(|| refused("the Host is no host"))?;
        let name = authority.host();
        let plain = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let is_known = name.eq_ignore_ascii_case("localhost")
            || plain.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_known {
            return Ok(authority);
        }
        Err(refused("this Host is not served here; name it in control.hosts"))
    }

    fn bearer(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let Some(token) = &self.token else {
            let words =
                "nothing that changes state is served: no REPRISE_CONTROL_TOKEN is set where the engine runs";
            return Err(Refused::new(StatusCode::FORBIDDEN, words));
        };
        let mut said = headers.get_all(header::AUTHORIZATION).iter();
        let offered = match (said.next(), said.next()) {
            (Some(one), None) => bearer_of(one.as_bytes()),
            _ => None,
        };
        match offered {
            Some(offered) if token.is(offered) => Ok(()),
            _ => {
                let words = "this takes the token: Authorization: Bearer REPRISE_CONTROL_TOKEN";
                Err(Refused::new(StatusCode::UNAUTHORIZED, words))
            }
        }
    }
}

/// What follows the scheme, whose name knows no case (RFC 9110, 11.1; RFC 6750, 2.1).
fn bearer_of(header: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = header.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}

/// A browser that says whose page asks must say that it is this one's.
fn same_origin(headers: &HeaderMap, host: &Authority, need: Need) -> Result<(), Refused> {
    let refused = || Refused::new(StatusCode::FORBIDDEN, "pages of other origins are not served");
    if let Some(site) = headers.get("sec-fetch-site") {
        // A link somewhere else may lead here; what is shown then is the page, and no answer to another page.
        let is_navigation =
            need != Need::Change && headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
        if !(site == "same-origin" || site == "none" || is_navigation) {
            return Err(refused());
        }
    }
    let mut said = headers.get_all(header::ORIGIN).iter();
    match (said.next(), said.next()) {
        (None, None) => Ok(()),
        (Some(origin), None) => {
            let own = ["http://", "https://"].map(|scheme| format!("{scheme}{host}"));
            let is_own =
                origin.to_str().is_ok_and(|origin| own.iter().any(|own| own.eq_ignore_ascii_case(origin)));
            if is_own { Ok(()) } else { Err(refused()) }
        }
        _ => Err(refused()),
    }
}

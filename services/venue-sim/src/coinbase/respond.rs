//! Answers in the venue's form, and the small texts they are made of.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use reprise_model::Ts;
use reprise_venues::coinbase::time;
use serde_json::{Value, json};

use crate::shared::Closed;

/// An answer that says what is wrong with a request.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    error: &'static str,
    message: String,
}

impl Fault {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "INVALID_ARGUMENT", message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: "NOT_FOUND", message: message.into() }
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "Unauthorized", message: message.into() }
    }
}

impl From<Closed> for Fault {
    fn from(_: Closed) -> Self {
        let message = "the simulator is ending".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, error: "UNAVAILABLE", message }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if self.status == StatusCode::UNAUTHORIZED {
            // The venue answers so in plain text; why is in the log alone.
            tracing::warn!(reason = self.message, "a request is not authorised");
            return (self.status, "Unauthorized\n").into_response();
        }
        let body = json!({"error": self.error, "error_details": self.message, "message": self.message});
        (self.status, Json(body)).into_response()
    }
}

/// What a handler answers.
pub(super) type Answer = Result<Json<Value>, Fault>;

pub(super) async fn no_such_path(uri: Uri) -> Fault {
    Fault::not_found(format!("there is nothing at {}", uri.path()))
}

/// The parameters of a query; some may be given more than once.
#[derive(Debug)]
pub(super) struct Params(pub(super) Vec<(String, String)>);

impl Params {
    /// The first value of a parameter that is not empty.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// A whole number, or what it is when it is not given.
    pub(super) fn whole(&self, name: &str, otherwise: u64) -> Result<u64, Fault> {
        match self.one(name) {
            None => Ok(otherwise),
            Some(text) => {
                text.parse().map_err(|_| Fault::bad_request(format!("'{name}' is no whole number: {text}")))
            }
        }
    }

    /// A time, when it is given.
    pub(super) fn time(&self, name: &str) -> Result<Option<Ts>, Fault> {
        let Some(text) = self.one(name) else { return Ok(None) };
        match time::parse(text) {
            Some(ts) => Ok(Some(ts)),
            None => Err(Fault::bad_request(format!("'{name}' is no RFC 3339 time: {text}"))),
        }
    }
}

/// An id of the venue's form, made from what it names; the same for the same.
pub(super) fn uuid(kind: u16, number: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// The number in an id that [`uuid`] made.
pub(super) fn number_of(kind: u16, text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text.rsplit_once('-')?.1, 16).ok()?;
    (uuid(kind, number) == text).then_some(number)
}

/// Orders.
pub(super) const ORDER: u16 = 1;
/// Fills.
pub(super) const FILL: u16 = 2;
/// Accounts of one asset.
pub(super) const ACCOUNT: u16 = 3;
/// Portfolios.
pub(super) const PORTFOLIO: u16 = 4;

/// A page of a list: where it begins, and how long it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    begins: usize,
    most: usize,
}

impl Page {
    /// The page that `cursor` and `limit` ask for.
    pub(super) fn of(params: &Params, usual: u64, most: u64) -> Result<Self, Fault> {
        let limit = params.whole("limit", usual)?.clamp(1, most);
        let begins = params.whole("cursor", 0)?;
        Ok(Self { begins: begins as usize, most: limit as usize })
    }

    /// The page of a list, and the cursor of the next; empty after the last.
    pub(super) fn cut<T>(self, list: impl Iterator<Item = T>) -> (Vec<T>, String) {
        let mut rest = list.skip(self.begins);
        let page: Vec<T> = rest.by_ref().take(self.most).collect();
        let cursor = rest.next().map(|_| (self.begins + self.most).to_string());
        (page, cursor.unwrap_or_default())
    }
}

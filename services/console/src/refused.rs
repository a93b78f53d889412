//! A request that is not done, in words.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::source::SourceError;

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub status: StatusCode,
    pub words: String,
}

impl Refused {
    pub fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into() }
    }

    /// What was said makes no sense.
    pub fn unfit(words: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, words)
    }
}

impl From<SourceError> for Refused {
    fn from(error: SourceError) -> Self {
        let status = match error {
            SourceError::Silent => StatusCode::SERVICE_UNAVAILABLE,
            SourceError::Unanswered => StatusCode::GATEWAY_TIMEOUT,
            SourceError::ReadOnly => StatusCode::CONFLICT,
            SourceError::Limit(_) | SourceError::Instrument(_) | SourceError::Order(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
        };
        Self::new(status, error.to_string())
    }
}

impl From<Refused> for Response<Body> {
    fn from(refused: Refused) -> Self {
        let mut response = Response::new(Body::from(json!({"error": refused.words}).to_string()));
        *response.status_mut() = refused.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if refused.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

//! One small HTTP client for the venues' public endpoints: JSON in, JSON out, one attempt, errors that name
//! address and status and never a header.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An answer larger than this is refused: the largest honest one, Coinbase's list of products, has 3 MB.
const LARGEST_ANSWER: usize = 64 << 20;
/// As much of an error's body as is worth reading, in characters.
const WORDS_OF_ERROR: usize = 300;

/// Why a request gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client could not be made.
    #[error("no HTTP client could be made: {reason}")]
    Setup {
        /// What is wrong.
        reason: String,
    },
    /// The venue could not be reached, or the connection broke.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// No whole answer came in time.
    #[error("{url} did not answer within {after:?}")]
    TimedOut {
        /// The address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The venue asks for fewer requests (429).
    #[error("{url} refuses for now, too many requests were made{}", pause(.retry_after.as_ref()))]
    RateLimited {
        /// The address.
        url: String,
        /// How long the venue asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The venue answered with an error.
    #[error("{url} answered {status}: {said}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        said: String,
    },
    /// The answer is not what the protocol says it is.
    #[error("{url} gave an answer that cannot be read: {reason}")]
    Unreadable {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer has no end that is worth waiting for.
    #[error("{url} gave an answer of more than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// What would have been read.
        limit: usize,
    },
}

fn pause(retry_after: Option<&Duration>) -> String {
    retry_after.map_or(String::new(), |wait| format!("; it asks to wait {} s", wait.as_secs()))
}

impl HttpError {
    /// True when the same request may succeed later: the network, a time-out, a rate limit, a 5xx.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::RateLimited { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::Setup { .. } | Self::Unreadable { .. } | Self::TooLarge { .. } => false,
        }
    }
}

/// A client of one base address.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    timeout: Duration,
}

impl Http {
    /// A client of `base_url` (with or without a slash at its end) whose requests end within `timeout`.
    ///
    /// # Errors
    /// When no client can be made, for instance because the system has no certificates.
    pub fn new(base_url: &str, timeout: Duration) -> Result<Self, HttpError> {
        // Where the process has installed one already, that one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("reprise/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .build()
            .map_err(|error| HttpError::Setup { reason: chain(&error) })?;
        Ok(Self::with_client(base_url, client, timeout))
    }

    /// As [`Self::new`] with a client of the caller's, for instance one that trusts a test's certificate.
    #[must_use]
    pub fn with_client(base_url: &str, client: Client, timeout: Duration) -> Self {
        Self { client, base: base_url.trim_end_matches('/').to_owned(), timeout }
    }

    /// The base address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET base + path`.
    ///
    /// # Errors
    /// When no answer comes, it is an error, or not the JSON that is expected.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, HttpError> {
        let url = format!("{}{path}", self.base);
        self.answer(self.client.get(&url), url).await
    }

    /// `POST base + path` with a JSON body.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, HttpError> {
        let url = format!("{}{path}", self.base);
        self.answer(self.client.post(&url).json(body), url).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        url: String,
    ) -> Result<T, HttpError> {
        let broken = |error: &reqwest::Error| self.broken(&url, error);
        let mut response = request.timeout(self.timeout).send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(HttpError::RateLimited { retry_after: retry_after(response.headers()), url });
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + part.len() > LARGEST_ANSWER {
                return Err(HttpError::TooLarge { url, limit: LARGEST_ANSWER });
            }
            body.extend_from_slice(&part);
        }
        if !status.is_success() {
            let said = String::from_utf8_lossy(&body).chars().take(WORDS_OF_ERROR).collect();
            return Err(HttpError::Status { url, status: status.as_u16(), said });
        }
        serde_json::from_slice(&body)
            .map_err(|error| HttpError::Unreadable { url, reason: error.to_string() })
    }

    fn broken(&self, url: &str, error: &reqwest::Error) -> HttpError {
        let url = url.to_owned();
        if error.is_timeout() {
            HttpError::TimedOut { url, after: self.timeout }
        } else {
            HttpError::Unreachable { url, reason: chain(error) }
        }
    }
}

/// The wait that an answer asks for, in seconds; dates are not used by these venues.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// What an error says and why; reqwest's outermost text names the address alone.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text
}

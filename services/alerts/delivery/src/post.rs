//! One POST of JSON: one attempt, an answer of which a little is read, and failures that name no address.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use crate::secret::Secret;

/// As much of an answer as is read, in bytes: honest ones have a few words.
const LARGEST_ANSWER: usize = 64 << 10;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// Posts JSON.
#[derive(Debug, Clone)]
pub(crate) struct Poster(Client);

impl Poster {
    /// A client whose requests end within `timeout`.
    pub(crate) fn new(timeout: Duration, is_local: bool) -> Result<Self, String> {
        // Where the process has installed a provider already, that one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("reprise/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            // A redirect would take the message, and the token with it, to somebody else.
            .redirect(Policy::none());
        let client = if is_local { client.no_proxy() } else { client };
        client.build().map(Self).map_err(|error| innermost(&error))
    }

    /// One attempt. A failure says what went wrong and never where.
    pub(crate) async fn post(
        &self,
        url: &str,
        token: Option<&Secret>,
        json: Vec<u8>,
    ) -> Result<Answer, String> {
        let mut request =
            self.0.post(url).header("content-type", "application/json; charset=utf-8").body(json);
        if let Some(token) = token {
            request = request.bearer_auth(token.reveal());
        }
        let mut response = request.send().await.map_err(|error| in_words(&error))?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| in_words(&error))? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST_ANSWER {
                return Err("the answer is far longer than any that is meant".to_owned());
            }
        }
        Ok(Answer { status, retry_after, body })
    }
}

/// The wait that an answer asks for, in seconds.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer came in time".to_owned();
    }
    format!("no answer came: {}", innermost(error))
}

/// The innermost cause: those around it name the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

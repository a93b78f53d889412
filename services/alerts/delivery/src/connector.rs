//! The HTTP side of `slack-morphism`, over the client that Teams uses too: http on this machine is allowed, redirects
//! are not, an attempt is one attempt, and a webhook's answer is looked at before it counts.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use slack_morphism::errors::{
    SlackClientApiError, SlackClientError, SlackClientHttpError, SlackClientProtocolError,
    SlackClientSystemError, SlackRateLimitError,
};
use slack_morphism::multipart_form::FileMultipartData;
use slack_morphism::{
    ClientResult, SlackClientApiCallContext, SlackClientHttpConnector, SlackClientId, SlackClientSecret,
    SlackEnvelopeMessage,
};
use url::Url;

use crate::post::{Answer, Poster};
use crate::secret::Secret;

/// What carries Slack's requests.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    poster: Poster,
    api_url: String,
}

impl Connector {
    pub(crate) fn new(poster: Poster, api_url: &str) -> Self {
        Self { poster, api_url: api_url.trim_end_matches('/').to_owned() }
    }
}

/// Only messages are posted; nothing else of Slack is asked for here.
fn not_carried<'a, RS: Send + 'a>() -> BoxFuture<'a, ClientResult<RS>> {
    ready(Err(system("only messages are posted here"))).boxed()
}

fn system(message: impl Into<String>) -> SlackClientError {
    SlackClientError::SystemError(SlackClientSystemError::new().with_message(message.into()))
}

fn unreadable(error: serde_json::Error) -> SlackClientError {
    SlackClientError::ProtocolError(SlackClientProtocolError::new(error))
}

/// What an answer means. A webhook says `ok` or nothing, a method an object with `ok`; anything else is none of Slack.
fn judge<RS: for<'de> Deserialize<'de>>(answer: &Answer, is_webhook: bool) -> ClientResult<RS> {
    match answer.status {
        status if status == StatusCode::TOO_MANY_REQUESTS => Err(SlackClientError::RateLimitError(
            SlackRateLimitError::new().opt_retry_after(answer.retry_after),
        )),
        status if !status.is_success() => Err(SlackClientError::HttpError(SlackClientHttpError::new(status))),
        _ if is_webhook && matches!(answer.body.trim_ascii(), b"" | b"ok") => {
            serde_json::from_str("{}").map_err(unreadable)
        }
        _ => {
            let said: SlackEnvelopeMessage = match serde_json::from_slice(&answer.body) {
                Ok(said) => said,
                Err(_) if is_webhook => return serde_json::from_slice(&answer.body).map_err(unreadable),
                Err(error) => return Err(unreadable(error)),
            };
            if !said.ok {
                let code = said.error.unwrap_or_else(|| "no reason".to_owned());
                return Err(SlackClientError::ApiError(SlackClientApiError::new(code)));
            }
            serde_json::from_slice(&answer.body).map_err(unreadable)
        }
    }
}

impl SlackClientHttpConnector for Connector {
    fn http_get_uri<'a, RS>(
        &'a self,
        _full_uri: Url,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        not_carried()
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _full_uri: Url,
        _client_id: &'a SlackClientId,
        _client_secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        not_carried()
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        full_uri: Url,
        request_body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: Serialize + Send + Sync,
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        async move {
            let json = serde_json::to_vec(request_body).map_err(unreadable)?;
            let token = context.token.map(|token| Secret::new(token.token_value.0.as_str()));
            let answer = self.poster.post(full_uri.as_str(), token.as_ref(), json).await.map_err(system)?;
            judge(&answer, token.is_none())
        }
        .boxed()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _full_uri: Url,
        _file: Option<FileMultipartData<'p>>,
        _params: &'p PT,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        not_carried()
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _full_uri: Url,
        _content_type: String,
        _data: &'a [u8],
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        not_carried()
    }

    fn create_method_uri_path(&self, method_relative_uri: &str) -> ClientResult<Url> {
        Ok(format!("{}/{method_relative_uri}", self.api_url).parse()?)
    }
}

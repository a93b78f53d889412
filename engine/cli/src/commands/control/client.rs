//! A client of the control API.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::{Map, Value};

use crate::environment::Environment;

/// The variable with the token.
pub const TOKEN: &str = "REPRISE_CONTROL_TOKEN";
/// The variable with the address.
const URL: &str = "REPRISE_CONTROL_URL";

/// Why a run cannot be looked at or commanded.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens there.
    #[error("no run answers at {url}: start one, or name another with --url")]
    NotRunning {
        /// Where.
        url: String,
    },
    /// Somebody listens and says nothing.
    #[error("the run at {url} did not answer in time{hint}")]
    Timeout {
        /// Where.
        url: String,
        /// What may have happened all the same.
        hint: &'static str,
    },
    /// The run refuses.
    #[error("the run refuses: {words}")]
    Refused {
        /// In its words.
        words: String,
    },
}

/// A client. Its token is never printed.
pub struct Client {
    base: String,
    token: Option<String>,
    patience: Duration,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

impl Client {
    /// A client of the run at an address, of the environment's, or of the usual one.
    pub fn new(url: Option<&str>, patience: Duration) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let environment = Environment::read()?;
        let usual = format!("http://{}", reprise_assembly::CONTROL_LISTEN);
        let base = url.map(str::to_owned).or_else(|| environment.secret(URL)).unwrap_or(usual);
        let base = if base.contains("://") { base } else { format!("http://{base}") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let http = reqwest::Client::builder().no_proxy().timeout(patience).build();
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            token: environment.secret(TOKEN),
            patience,
            runtime: runtime.context("no client can be made")?,
            http: http.context("no client can be made")?,
        })
    }

    /// Something that is shown.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.ask(self.http.get(format!("{}/{path}", self.base)), "")
    }

    /// A command.
    pub fn post(&self, path: &str, body: Map<String, Value>) -> Result<Value> {
        let request = self.http.post(format!("{}/{path}", self.base)).json(&Value::Object(body));
        self.ask(request, "; it may still do it, see reprise status")
    }

    fn ask(&self, request: reqwest::RequestBuilder, hint: &'static str) -> Result<Value> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answered = self.runtime.block_on(async {
            tokio::time::timeout(self.patience, async {
                let answer = request.send().await?;
                Ok::<_, reqwest::Error>((answer.status(), answer.text().await?))
            })
            .await
        });
        let url = self.base.clone();
        let (status, text) = match answered {
            Err(_) => return Err(ControlError::Timeout { url, hint }.into()),
            Ok(Err(error)) if error.is_timeout() => return Err(ControlError::Timeout { url, hint }.into()),
            Ok(Err(error)) if error.is_connect() => return Err(ControlError::NotRunning { url }.into()),
            Ok(Err(error)) => return Err(error).with_context(|| format!("{url} cannot be asked")),
            Ok(Ok(answer)) => answer,
        };
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status) {
            return Err(ControlError::Timeout { url, hint }.into());
        }
        let said: Value = serde_json::from_str(&text).with_context(|| format!("{url} is no control API"))?;
        if status.is_success() {
            return Ok(said);
        }
        let words = said["error"].as_str().unwrap_or("it does not say why").to_owned();
        Err(ControlError::Refused { words }.into())
    }
}

//! Where alerts are told, and what can go wrong there.

use std::time::Duration;

use reprise_model::event::ChannelName;

use crate::connector::Connector;
use crate::message::Message;
use crate::post::Poster;
use crate::secret::Secret;
use crate::slack::{Bot, Webhook};
use crate::teams::Workflow;

/// Where alerts are told, as the configuration says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Slack's methods, without the method.
    pub slack_api_url: String,
    /// The channel that the bot posts to.
    pub slack_channel: Option<String>,
    /// Slack's incoming webhook, on this machine.
    pub slack_webhook_url: Option<String>,
    /// The Teams workflow, on this machine.
    pub teams_webhook_url: Option<String>,
    /// An attempt ends after so long.
    pub timeout: Duration,
}

/// What the environment says; it goes before the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// SLACK_BOT_TOKEN.
    pub slack_bot_token: Option<Secret>,
    /// SLACK_WEBHOOK_URL.
    pub slack_webhook_url: Option<Secret>,
    /// TEAMS_WEBHOOK_URL.
    pub teams_webhook_url: Option<Secret>,
}

/// Why a channel cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The URL will not do.
    #[error("{variable} is no https URL, nor an http URL on this machine; check it where it is set")]
    BadUrl {
        /// The variable that holds it.
        variable: &'static str,
    },
    /// A bot without a channel.
    #[error(
        "SLACK_BOT_TOKEN is set and no channel: set alerts.slack.channel to where the bot posts, such as #trading, or \
         SLACK_WEBHOOK_URL instead of the token"
    )]
    NoChannel,
    /// No client can be made.
    #[error("no HTTP client can be made: {reason}")]
    NoClient {
        /// Why not.
        reason: String,
    },
}

/// Why an attempt failed. No address, and nothing that the other side sent, stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What went wrong.
    pub reason: String,
    /// How long the other side asks to wait.
    pub retry_after: Option<Duration>,
    /// True when the same message will never do.
    pub is_lasting: bool,
}

impl Failure {
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None, is_lasting: false }
    }

    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { is_lasting: true, ..Self::passing(reason) }
    }

    /// 400 and 413 are about the message; every other status may be another one later, also that of a webhook that is
    /// not there yet or a bot that was not invited.
    pub(crate) fn of_status(who: &str, status: u16) -> Self {
        Self { is_lasting: matches!(status, 400 | 413), ..Self::passing(format!("{who} answered {status}")) }
    }
}

/// Where alerts are told.
#[derive(Debug)]
pub struct Channel {
    name: ChannelName,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Webhook(Webhook),
    Bot(Bot),
    Workflow(Workflow),
}

impl Channel {
    /// Its name in the journal: `slack`, `teams`.
    #[must_use]
    pub fn name(&self) -> ChannelName {
        self.name
    }

    /// One attempt.
    ///
    /// # Errors
    /// When it is not known to have arrived.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        match &self.way {
            Way::Webhook(webhook) => webhook.send(message).await,
            Way::Bot(bot) => bot.send(message).await,
            Way::Workflow(workflow) => workflow.send(message).await,
        }
    }
}

/// The channels that are wanted. Slack is one: with a token and a channel the bot posts, else the webhook is used.
///
/// # Errors
/// When one cannot be used as it is said.
pub fn channels(settings: &ChannelSettings, secrets: &Secrets) -> Result<Vec<Channel>, ChannelError> {
    let mut found = Vec::new();
    if let Some(way) = slack(settings, secrets)? {
        found.push(Channel { name: name("slack"), way });
    }
    let teams = secret_or(secrets.teams_webhook_url.as_ref(), settings.teams_webhook_url.as_deref());
    if let Some(url) = teams {
        let poster = poster(&url, "TEAMS_WEBHOOK_URL", settings.timeout)?;
        found.push(Channel { name: name("teams"), way: Way::Workflow(Workflow { poster, url }) });
    }
    Ok(found)
}

fn slack(settings: &ChannelSettings, secrets: &Secrets) -> Result<Option<Way>, ChannelError> {
    let webhook = secret_or(secrets.slack_webhook_url.as_ref(), settings.slack_webhook_url.as_deref());
    let api_url = Secret::new(settings.slack_api_url.as_str());
    match (&secrets.slack_bot_token, &settings.slack_channel, webhook) {
        (Some(token), Some(channel), _) => {
            let poster = poster(&api_url, "alerts.slack.api_url", settings.timeout)?;
            Ok(Some(Way::Bot(Bot::new(Connector::new(poster, api_url.reveal()), token, channel))))
        }
        (_, _, Some(url)) => {
            let poster = poster(&url, "SLACK_WEBHOOK_URL", settings.timeout)?;
            Ok(Some(Way::Webhook(Webhook::new(Connector::new(poster, api_url.reveal()), url))))
        }
        (Some(_), None, None) => Err(ChannelError::NoChannel),
        (None, _, None) => Ok(None),
    }
}

/// What the environment says, else what the configuration says.
fn secret_or(secret: Option<&Secret>, said: Option<&str>) -> Option<Secret> {
    secret.filter(|secret| !secret.reveal().is_empty()).cloned().or_else(|| said.map(Secret::new))
}

fn poster(url: &Secret, variable: &'static str, timeout: Duration) -> Result<Poster, ChannelError> {
    let bad = ChannelError::BadUrl { variable };
    let parsed: url::Url = url.reveal().parse().map_err(|_| bad.clone())?;
    let is_local = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(bad),
    };
    match parsed.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => return Err(bad),
    }
    Poster::new(timeout, is_local).map_err(|reason| ChannelError::NoClient { reason })
}

fn name(text: &str) -> ChannelName {
    #[expect(clippy::expect_used, reason = "a short word")]
    ChannelName::new(text).expect("the name of a channel is a label")
}

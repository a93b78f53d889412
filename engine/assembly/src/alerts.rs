//! What a configuration says about alerts: the rules, which decide, and where alerts are told, which does not.
//! Secrets are no part of it: what is written here is recorded in the journal.

use reprise_alerts::RuleSettings;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// The rules: `[[alerts.rule]]`.
    pub rule: Vec<RuleSettings>,
    /// Slack.
    pub slack: SlackConfig,
    /// Microsoft Teams.
    pub teams: TeamsConfig,
    /// What the process tells of itself.
    pub process: ProcessAlertsConfig,
    /// How it is tried.
    pub delivery: AlertDeliveryConfig,
}

impl AlertsConfig {
    /// The part of it that decides: the rules.
    #[must_use]
    pub fn deciding(&self) -> Self {
        Self { rule: self.rule.clone(), ..Self::default() }
    }
}

/// Slack. The bot's token and the webhook's URL are secrets: SLACK_BOT_TOKEN, SLACK_WEBHOOK_URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// An incoming webhook on this machine, for trying.
    #[serde(deserialize_with = "slack_webhook", skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<LoopbackUrl>,
    /// Where the bot's methods are, without the method.
    pub api_url: String,
    /// The channel that the bot posts to, by its id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self { webhook_url: None, api_url: "https://slack.com/api".to_owned(), channel: None }
    }
}

/// Microsoft Teams. The workflow's URL is a secret: TEAMS_WEBHOOK_URL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeamsConfig {
    /// A workflow on this machine, for trying.
    #[serde(deserialize_with = "teams_webhook", skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<LoopbackUrl>,
}

/// What the process tells of itself: the core does not see it, so it is told without being in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessAlertsConfig {
    /// That the run begins, and that it ended in order.
    pub start_stop: bool,
    /// That the engine halted.
    pub halt: bool,
    /// That events wait for the disk longer than so many seconds, and no longer; 0 for never.
    pub journal_lag_s: u64,
}

impl Default for ProcessAlertsConfig {
    fn default() -> Self {
        Self { start_stop: false, halt: true, journal_lag_s: 0 }
    }
}

/// How the delivery of alerts is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertDeliveryConfig {
    /// An attempt ends after so long, in milliseconds.
    pub timeout_ms: u64,
    /// The wait after the first failure, in milliseconds; it doubles with each.
    pub first_retry_ms: u64,
    /// The longest wait, in seconds; one that the other side asks for may be longer.
    pub longest_retry_s: u64,
    /// An alert that is older is given up, and not taken up again after a restart, in seconds.
    pub give_up_after_s: u64,
    /// How long the end of a run waits for what is still to be delivered, in milliseconds.
    pub finish_ms: u64,
}

impl Default for AlertDeliveryConfig {
    fn default() -> Self {
        Self {
            timeout_ms: 10_000,
            first_retry_ms: 1_000,
            longest_retry_s: 60,
            give_up_after_s: 86_400,
            finish_ms: 3_000,
        }
    }
}

/// An `http` URL on this machine: nobody elsewhere can use it, so that it is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LoopbackUrl(String);

impl LoopbackUrl {
    /// The URL, when it is on this machine.
    #[must_use]
    pub fn new(url: &str) -> Option<Self> {
        is_loopback(url).then(|| Self(url.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True for an `http` URL whose host is this machine by name or number.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => return v6.split(']').next() == Some("::1"),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_number = host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    !authority.contains(['@', '\\']) && (is_number || host == "localhost")
}

fn webhook<'de, D: Deserializer<'de>>(d: D, variable: &str) -> Result<Option<LoopbackUrl>, D::Error> {
    // What was said is not repeated: it may be a secret in the wrong place.
    let said = Option::<String>::deserialize(d)?;
    let loopback = |url: String| {
        LoopbackUrl::new(&url).ok_or_else(|| {
            de::Error::custom(format!(
                "a webhook's URL is a secret, and a configuration is recorded in the journal: put it into the \
                 environment or conf/secrets.env as {variable}; only an http URL on this machine may stand here"
            ))
        })
    };
    said.filter(|url| !url.is_empty()).map(loopback).transpose()
}

fn slack_webhook<'de, D: Deserializer<'de>>(d: D) -> Result<Option<LoopbackUrl>, D::Error> {
    webhook(d, "SLACK_WEBHOOK_URL")
}

fn teams_webhook<'de, D: Deserializer<'de>>(d: D) -> Result<Option<LoopbackUrl>, D::Error> {
    webhook(d, "TEAMS_WEBHOOK_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a webhook that others can reach may stand in a configuration, which is recorded.
    #[test]
    fn only_loopback_urls_stand_in_a_configuration() {
        let rows = [
            ("http://127.0.0.1:8080/hook", true),
            ("http://localhost/services/T/B/x", true),
            ("http://127.3.2.1", true),
            ("http://[::1]:9/x", true),
            ("https://hooks.slack.com/services/T/B/x", false),
            ("http://hooks.slack.com/services/T/B/x", false),
            ("http://127.0.0.1@evil.example/x", false),
            ("http://localhost:80@evil.example/x", false),
            ("http://127.0.0.1.evil.example/x", false),
            ("http://evil.example/127.0.0.1", false),
            ("http://evil.example\\@localhost/", false),
            ("https://127.0.0.1/x", false),
            ("127.0.0.1", false),
        ];
        for (url, expected) in rows {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
        let refused = toml::from_str::<AlertsConfig>("slack.webhook_url = \"https://hooks.example/hunter2\"");
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("SLACK_WEBHOOK_URL"), "{said}");
        let refused = toml::from_str::<AlertsConfig>("teams.webhook_url = \"https://hooks.example/hunter2\"");
        assert!(refused.unwrap_err().message().contains("TEAMS_WEBHOOK_URL"));
    }
}

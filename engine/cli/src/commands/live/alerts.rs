//! The delivery of a live run's alerts: from configuration and environment to channels.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use reprise_alert_delivery::{
    Channel, ChannelSettings, Delivery, DeliverySettings, ProcessAlerts, Secret, Secrets, Timing, channels,
};
use reprise_assembly::{AlertsConfig, Config, LoopbackUrl};
use reprise_runtime::Engine;

use crate::environment::Environment;

/// The channels that are wanted.
pub fn channels_of(config: &AlertsConfig, environment: &Environment) -> Result<Vec<Channel>> {
    let text = |url: &Option<LoopbackUrl>| url.as_ref().map(|url| url.as_str().to_owned());
    let settings = ChannelSettings {
        slack_api_url: config.slack.api_url.clone(),
        slack_channel: config.slack.channel.clone(),
        slack_webhook_url: text(&config.slack.webhook_url),
        teams_webhook_url: text(&config.teams.webhook_url),
        timeout: Duration::from_millis(config.delivery.timeout_ms),
    };
    let secret = |name: &str| environment.secret(name).map(Secret::new);
    let secrets = Secrets {
        slack_bot_token: secret("SLACK_BOT_TOKEN"),
        slack_webhook_url: secret("SLACK_WEBHOOK_URL"),
        teams_webhook_url: secret("TEAMS_WEBHOOK_URL"),
    };
    Ok(channels(&settings, &secrets)?)
}

/// Begins to deliver; `None` without a channel.
pub fn start(engine: &mut Engine, dir: &Path, config: &Config) -> Result<Option<Delivery>> {
    let alerts = &config.alerts;
    let channels = channels_of(alerts, &Environment::read()?)?;
    if channels.is_empty() {
        if !alerts.rule.is_empty() {
            tracing::warn!(
                rules = alerts.rule.len(),
                "alerts are journaled and nobody is told: set SLACK_WEBHOOK_URL, SLACK_BOT_TOKEN or TEAMS_WEBHOOK_URL"
            );
        }
        return Ok(None);
    }
    let delivery = &alerts.delivery;
    let settings = DeliverySettings {
        dir: dir.to_owned(),
        timing: Timing {
            first_retry: Duration::from_millis(delivery.first_retry_ms),
            longest_retry: Duration::from_secs(delivery.longest_retry_s),
            give_up_after: Duration::from_secs(delivery.give_up_after_s),
            finish: Duration::from_millis(delivery.finish_ms),
        },
        process: ProcessAlerts {
            start_stop: alerts.process.start_stop,
            halt: alerts.process.halt,
            journal_lag: Duration::from_secs(alerts.process.journal_lag_s),
        },
    };
    Delivery::start(engine, channels, settings).map(Some).context("no thread for the delivery of alerts")
}

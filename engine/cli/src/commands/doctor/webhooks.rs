//! Are the places where alerts are told well formed, and is somebody there. Nothing is posted, and what is secret
//! about an address, its path, goes nowhere.

use reprise_assembly::Config;
use reqwest::Url;

use super::World;
use super::net::{EACH, block_on, knock};
use super::row::Row;
use crate::commands::live::channels_of;
use crate::environment::Environment;
use crate::exit;

const ALERTS: &str = "alerts";
const TEST: &str = "reprise alerts test posts a message to each";

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let Some(config) = &world.config else {
        return vec![Row::skipped(ALERTS, "the configuration does not say where they are told")];
    };
    let alerts = &config.alerts;
    match channels_of(alerts, &world.environment) {
        Ok(channels) if channels.is_empty() && alerts.rule.is_empty() => {
            vec![Row::skipped(ALERTS, "there are no rules, and nobody is told")]
        }
        Ok(channels) if channels.is_empty() => {
            let found = format!("{} rules, and nobody is told", alerts.rule.len());
            vec![Row::warning(
                ALERTS,
                found,
                "set SLACK_WEBHOOK_URL or TEAMS_WEBHOOK_URL in conf/secrets.env",
            )]
        }
        Ok(_) => targets(config, &world.environment).iter().map(Target::row).collect(),
        Err(error) => {
            let remedy = "correct what it names: a webhook's URL is copied whole, with https://; docs/ALERTS.md says how";
            vec![Row::failed(ALERTS, exit::in_words(&error), remedy)]
        }
    }
}

/// Where a channel's messages go.
struct Target {
    check: &'static str,
    url: String,
    /// What is doubtful about its shape, and what to do.
    doubt: Option<(&'static str, &'static str)>,
}

fn targets(config: &Config, environment: &Environment) -> Vec<Target> {
    let alerts = &config.alerts;
    let bot = environment.secret("SLACK_BOT_TOKEN").zip(alerts.slack.channel.as_ref());
    let slack = match bot {
        Some((token, _)) => {
            let doubt = (!token.starts_with("xox")).then_some((
                "SLACK_BOT_TOKEN does not begin as Slack's do",
                "copy the Bot User OAuth Token, xoxb-…",
            ));
            Some(Target { check: "slack", url: alerts.slack.api_url.clone(), doubt })
        }
        None => {
            let said = alerts.slack.webhook_url.as_ref().map(|url| url.as_str().to_owned());
            let url = environment.secret("SLACK_WEBHOOK_URL").or(said);
            url.map(|url| Target { check: "slack", doubt: slack_doubt(&url), url })
        }
    };
    let said = alerts.teams.webhook_url.as_ref().map(|url| url.as_str().to_owned());
    let teams = environment.secret("TEAMS_WEBHOOK_URL").or(said);
    let teams = teams.map(|url| Target { check: "teams", doubt: teams_doubt(&url), url });
    slack.into_iter().chain(teams).collect()
}

fn slack_doubt(url: &str) -> Option<(&'static str, &'static str)> {
    let url: Url = url.parse().ok()?;
    let parts: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    let is_slacks = url.host_str() == Some("hooks.slack.com");
    let is_whole = matches!(parts[..], ["services", _, _, _] | ["workflows" | "triggers", ..]);
    (is_slacks && !is_whole).then_some((
        "SLACK_WEBHOOK_URL is not whole: it should be /services/T…/B…/… at hooks.slack.com",
        "copy it again from the app's page Incoming Webhooks",
    ))
}

fn teams_doubt(url: &str) -> Option<(&'static str, &'static str)> {
    let url: Url = url.parse().ok()?;
    let host = url.host_str()?;
    let is_connector = host.ends_with("webhook.office.com") || host == "outlook.office.com";
    is_connector.then_some((
        "TEAMS_WEBHOOK_URL is one of an Office 365 connector, and those are gone",
        "make a workflow 'When a Teams webhook request is received' and use its URL",
    ))
}

impl Target {
    fn row(&self) -> Row {
        if let Some((found, remedy)) = self.doubt {
            return Row::failed(self.check, found, remedy);
        }
        let Ok(url) = self.url.parse::<Url>() else {
            return Row::failed(self.check, "its URL does not read", "copy it again, whole");
        };
        match block_on(EACH * 2, async { knock(&url).await }) {
            Some(Ok(took)) => {
                Row::ok(self.check, format!("well formed; its host answers in {took:.0?}. {TEST}"))
            }
            Some(Err(silence)) => Row::failed(self.check, silence.found, silence.remedy),
            None => Row::failed(
                self.check,
                "its host does not answer",
                "check the network, and the service's status page",
            ),
        }
    }
}

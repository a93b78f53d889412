//! Slack: a message in Block Kit, by an incoming webhook or a bot.
//!
//! Limits of Block Kit: a header has 150 characters at most, a section's text 3,000, a section ten fields of 2,000
//! (docs.slack.dev/reference/block-kit/blocks).

use serde::Deserialize;
use slack_morphism::api::{SlackApiChatPostMessageRequest, SlackApiPostWebhookMessageRequest};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{
    SlackBlock, SlackBlockMarkDownText, SlackBlockPlainText, SlackContextBlock, SlackHeaderBlock,
    SlackMessageContent, SlackSectionBlock,
};
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackChannelId, SlackClient};
use url::Url;

use crate::channel::Failure;
use crate::connector::Connector;
use crate::message::{Message, cut};
use crate::secret::Secret;

/// Fields that a section can have.
const FIELDS: usize = 10;
/// A header's characters.
const HEADER: usize = 150;
/// Errors of Slack that say that this message will never do.
const REFUSES_THE_MESSAGE: &[&str] = &[
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_payload",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
];

/// The message in Block Kit, with a plain text for notifications.
pub(crate) fn content(message: &Message) -> SlackMessageContent {
    let mark_down = |text: String| SlackBlockMarkDownText::new(text);
    let mut blocks: Vec<SlackBlock> = vec![
        SlackHeaderBlock::new(SlackBlockPlainText::new(cut(&message.title(), HEADER)).into()).into(),
        SlackSectionBlock::new().with_text(mark_down(escaped(&message.text)).into()).into(),
    ];
    for facts in message.facts.chunks(FIELDS) {
        let field = |(name, value): &(String, String)| {
            mark_down(format!("*{}*\n{}", escaped(name), escaped(value))).into()
        };
        blocks.push(SlackSectionBlock::new().with_fields(facts.iter().map(field).collect()).into());
    }
    let command = format!("`{}`", escaped(&message.command.replace('`', "'")));
    blocks.push(SlackSectionBlock::new().with_text(mark_down(command).into()).into());
    blocks.push(SlackContextBlock::new(vec![mark_down(escaped(&message.place)).into()]).into());
    SlackMessageContent::new()
        .with_text(escaped(&format!("{}: {}", message.title(), message.text)))
        .with_blocks(blocks)
}

/// The three characters that mean something in Slack's texts.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An incoming webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    client: SlackClient<Connector>,
    url: Secret,
}

impl Webhook {
    pub(crate) fn new(connector: Connector, url: Secret) -> Self {
        Self { client: SlackClient::new(connector), url }
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let url: Url =
            self.url.reveal().parse().map_err(|_| Failure::lasting("the webhook's URL is none"))?;
        let request = SlackApiPostWebhookMessageRequest::new(content(message));
        self.client.post_webhook_message(&url, &request).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

/// A bot that posts to a channel.
#[derive(Debug)]
pub(crate) struct Bot {
    client: SlackClient<Connector>,
    token: SlackApiToken,
    channel: String,
}

/// All that matters of the answer is that it is one.
#[derive(Debug, Deserialize)]
struct Posted {}

impl Bot {
    pub(crate) fn new(connector: Connector, token: &Secret, channel: &str) -> Self {
        let token = SlackApiToken::new(SlackApiTokenValue(token.reveal().to_owned()));
        Self { client: SlackClient::new(connector), token, channel: channel.to_owned() }
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let request =
            SlackApiChatPostMessageRequest::new(SlackChannelId(self.channel.clone()), content(message));
        let session = self.client.open_session(&self.token);
        let posted = session.http_session_api.http_post("chat.postMessage", &request, None).await;
        posted.map(|Posted {}| ()).map_err(|error| failure(&error))
    }
}

/// What went wrong, without what the other side sent: it may quote the request.
fn failure(error: &SlackClientError) -> Failure {
    match error {
        SlackClientError::RateLimitError(error) => Failure {
            retry_after: error.retry_after,
            ..Failure::passing("Slack asks for fewer messages (429)")
        },
        SlackClientError::HttpError(error) => Failure::of_status("Slack", error.status_code.as_u16()),
        SlackClientError::ApiError(error) => {
            let code: String =
                error.code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
            let is_lasting = REFUSES_THE_MESSAGE.contains(&code.as_str());
            Failure { is_lasting, ..Failure::passing(format!("Slack refuses: {code}")) }
        }
        SlackClientError::SystemError(error) => {
            Failure::passing(error.message.clone().unwrap_or_else(|| "no answer came".to_owned()))
        }
        _ => Failure::passing("the answer is none of Slack"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]
mod tests {
    use super::*;
    use reprise_model::event::Severity;
    use serde_json::{Value, json};

    fn message(facts: usize, text: &str) -> Message {
        Message {
            id: "fills-7".to_owned(),
            severity: Severity::Warning,
            text: text.to_owned(),
            facts: (0..facts).map(|n| (format!("number {n}"), format!("{n} USD"))).collect(),
            place: "run paper-1, seq 42, 2025-03-25 23:07:00.773 UTC".to_owned(),
            command: "reprise journal cat runs/paper-1 --from 40 --to 42".to_owned(),
        }
    }

    fn text_of<'a>(block: &'a Value, kind: &str, longest: usize) -> &'a str {
        assert_eq!(block["type"], kind, "{block}");
        let text = block["text"].as_str().unwrap();
        assert!(!text.is_empty() && text.chars().count() <= longest, "{text}");
        text
    }

    /// Breaks when a message is not what Block Kit allows, or leaves out what happened, the numbers, the run or the
    /// command.
    #[test]
    fn blocks_are_block_kits() {
        for facts in [0, 1, 10, 20] {
            let sent = serde_json::to_value(content(&message(facts, "a < b & c"))).unwrap();
            assert_eq!(sent["text"], "warning: fills-7: a &lt; b &amp; c");
            let blocks = sent["blocks"].as_array().unwrap();
            assert_eq!(blocks.len(), 4 + facts.div_ceil(FIELDS));
            assert_eq!(
                blocks[0],
                json!({"type": "header", "text": {"type": "plain_text", "text": "warning: fills-7"}})
            );
            let mut told = Vec::new();
            for block in &blocks[1..] {
                match block["type"].as_str().unwrap() {
                    "section" => {
                        if let Some(fields) = block["fields"].as_array() {
                            assert!((1..=FIELDS).contains(&fields.len()));
                            told.extend(
                                fields.iter().map(|field| text_of(field, "mrkdwn", 2_000).to_owned()),
                            );
                        } else {
                            told.push(text_of(&block["text"], "mrkdwn", 3_000).to_owned());
                        }
                    }
                    "context" => told.push(text_of(&block["elements"][0], "mrkdwn", 3_000).to_owned()),
                    other => panic!("a block of type {other}"),
                }
            }
            assert_eq!(told[0], "a &lt; b &amp; c");
            assert_eq!(told[told.len() - 2], "`reprise journal cat runs/paper-1 --from 40 --to 42`");
            assert!(told[told.len() - 1].contains("run paper-1, seq 42"));
            assert_eq!(told.iter().filter(|text| text.contains(" USD")).count(), facts);
        }
    }
}

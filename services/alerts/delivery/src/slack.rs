//! Slack: a message in Block Kit, by an incoming webhook or a bot.
//!
//! Limits of Block Kit: a header has 150 characters at most, a section's text 3,000, a section ten fields of 2,000
//! (docs.slack.dev/reference/block-kit/blocks). What is beyond them is refused as a whole, so everything is cut to
//! them as it is sent, that is, after it was escaped.

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
/// A section's characters.
const SECTION: usize = 3_000;
/// A field's characters, which its name and its value share.
const FIELD: usize = 1_990;
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
    // Verbatim: what looks like a name or an address in somebody's reason calls nobody and leads nowhere.
    let mark_down = |text: String| SlackBlockMarkDownText::new(text).with_verbatim(true);
    let text = escaped(&message.text, SECTION);
    let mut blocks: Vec<SlackBlock> = vec![
        SlackHeaderBlock::new(SlackBlockPlainText::new(cut(&message.title(), HEADER)).into()).into(),
        SlackSectionBlock::new().with_text(mark_down(or_dash(text.clone())).into()).into(),
    ];
    for facts in message.facts.chunks(FIELDS) {
        let field = |(name, value): &(String, String)| {
            let (name, value) = (escaped(name, FIELD / 2), escaped(value, FIELD / 2));
            mark_down(format!("*{name}*\n{value}")).into()
        };
        blocks.push(SlackSectionBlock::new().with_fields(facts.iter().map(field).collect()).into());
    }
    let command = format!("`{}`", escaped(&message.command.replace('`', "'"), SECTION - 2));
    blocks.push(SlackSectionBlock::new().with_text(mark_down(command).into()).into());
    let place = or_dash(escaped(&message.place, SECTION));
    blocks.push(SlackContextBlock::new(vec![mark_down(place).into()]).into());
    SlackMessageContent::new().with_text(format!("{}: {text}", message.title())).with_blocks(blocks)
}

/// A text without a character is refused.
fn or_dash(text: String) -> String {
    if text.trim().is_empty() { "–".to_owned() } else { text }
}

/// A text with the three characters escaped that mean something in Slack's texts, as far as it is then no longer.
fn escaped(text: &str, longest: usize) -> String {
    let (mut escaped, mut length) = (String::with_capacity(text.len()), 0);
    let mut buffer = [0; 4];
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut buffer),
        };
        length += piece.chars().map(char::len_utf16).sum::<usize>();
        if length > longest {
            break;
        }
        escaped.push_str(piece);
    }
    escaped
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
        let channel = SlackChannelId(self.channel.clone());
        // What an address in a text leads to is not fetched and not shown.
        let request = SlackApiChatPostMessageRequest::new(channel, content(message))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
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
            let code = as_word(&error.code);
            let is_lasting = REFUSES_THE_MESSAGE.contains(&code);
            Failure { is_lasting, ..Failure::passing(format!("Slack refuses: {code}")) }
        }
        SlackClientError::SystemError(error) => {
            Failure::passing(error.message.clone().unwrap_or_else(|| "no answer came".to_owned()))
        }
        _ => Failure::passing("the answer is none of Slack"),
    }
}

/// A code of Slack's, which are words; anything else may be what was sent there, and is not repeated.
fn as_word(code: &str) -> &str {
    let is_word = code.len() <= 60 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_word { code } else { "with no code of Slack's" }
}

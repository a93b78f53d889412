//! Microsoft Teams: an Adaptive Card to a workflow's webhook. Any 2xx counts; 202 is usual and proves no delivery.
//!
//! The card is of version 1.4 (adaptivecards.io/explorer); a message of 28 KB or more is refused.

use serde_json::{Value, json};

use crate::channel::Failure;
use crate::message::Message;
use crate::post::Poster;
use crate::secret::Secret;
use reprise_model::event::Severity;

/// The most bytes of a message, with room for the envelope that the service puts around it.
const MOST_BYTES: usize = 24_000;

/// The message as Teams takes it.
pub(crate) fn payload(message: &Message) -> Value {
    let mut facts = message.facts.len();
    loop {
        let payload = with_facts(message, facts);
        if facts == 0 || payload.to_string().len() <= MOST_BYTES {
            return payload;
        }
        facts /= 2;
    }
}

fn with_facts(message: &Message, facts: usize) -> Value {
    let colour = match message.severity {
        Severity::Info => "Good",
        Severity::Warning => "Warning",
        Severity::Critical => "Attention",
    };
    let block = |text: &str| json!({"type": "TextBlock", "text": escaped(text), "wrap": true});
    let mut title = block(&message.title());
    title["size"] = "Large".into();
    title["weight"] = "Bolder".into();
    title["color"] = colour.into();
    let mut command = block(&message.command);
    command["fontType"] = "Monospace".into();
    let mut place = block(&message.place);
    place["isSubtle"] = true.into();
    place["size"] = "Small".into();
    let mut body = vec![title, block(&message.text)];
    if facts > 0 {
        let fact =
            |(name, value): &(String, String)| json!({"title": escaped(name), "value": escaped(value)});
        let facts: Vec<Value> = message.facts[..facts].iter().map(fact).collect();
        body.push(json!({"type": "FactSet", "facts": facts}));
    }
    body.extend([command, place]);
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

/// The characters that a card's texts take for Markdown, but for the underscore: within words, as in ids, it means
/// nothing, and a backslash before it would be in the way of whoever copies them.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\*[]`".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A workflow's webhook.
#[derive(Debug)]
pub(crate) struct Workflow {
    pub poster: Poster,
    pub url: Secret,
}

impl Workflow {
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let json = payload(message).to_string().into_bytes();
        let answer = self.poster.post(self.url.reveal(), None, json).await.map_err(Failure::passing)?;
        match answer.status.as_u16() {
            200..=299 => Ok(()),
            429 => Err(Failure {
                retry_after: answer.retry_after,
                ..Failure::passing("Teams asks for fewer messages (429)")
            }),
            status => Err(Failure { retry_after: answer.retry_after, ..Failure::of_status("Teams", status) }),
        }
    }
}

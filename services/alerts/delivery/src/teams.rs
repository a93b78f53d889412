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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]
mod tests {
    use super::*;

    /// What the published schema says of the elements that are used: their keys, each with its type or its words.
    const SHAPE: &[(&str, &[(&str, &[&str])])] = &[
        (
            "TextBlock",
            &[
                ("type", &["TextBlock"]),
                ("text", &["string"]),
                ("wrap", &["boolean"]),
                ("isSubtle", &["boolean"]),
                ("size", &["Default", "Small", "Medium", "Large", "ExtraLarge"]),
                ("weight", &["Default", "Lighter", "Bolder"]),
                ("color", &["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]),
                ("fontType", &["Default", "Monospace"]),
            ],
        ),
        ("FactSet", &[("type", &["FactSet"]), ("facts", &["facts"])]),
    ];

    fn fits(value: &Value, allowed: &[&str]) -> bool {
        match allowed {
            ["string"] => value.is_string(),
            ["boolean"] => value.is_boolean(),
            ["facts"] => value.as_array().is_some_and(|facts| {
                !facts.is_empty()
                    && facts.iter().all(|fact| {
                        let fact = fact.as_object().unwrap();
                        fact.len() == 2 && fact["title"].is_string() && fact["value"].is_string()
                    })
            }),
            words => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }

    fn check(payload: &Value) {
        assert_eq!(payload["type"], "message");
        let attachments = payload["attachments"].as_array().unwrap();
        assert_eq!(attachments.len(), 1);
        assert_eq!(attachments[0]["contentType"], "application/vnd.microsoft.card.adaptive");
        assert!(attachments[0]["contentUrl"].is_null());
        let card = &attachments[0]["content"];
        let keys: Vec<&str> = card.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["$schema", "body", "type", "version"]);
        assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
        for element in card["body"].as_array().unwrap() {
            let (_, shape) = SHAPE.iter().find(|(kind, _)| element["type"] == *kind).unwrap();
            assert!(element.get("text").is_some() || element.get("facts").is_some(), "{element}");
            for (key, value) in element.as_object().unwrap() {
                let (_, allowed) = shape.iter().find(|(name, _)| name == key).unwrap();
                assert!(fits(value, allowed), "{key}: {value}");
            }
        }
        assert!(payload.to_string().len() < 28_000, "{} bytes", payload.to_string().len());
    }

    /// Breaks when a card is not of the published shape, grows past what Teams takes, or leaves out what it is to say.
    #[test]
    fn cards_are_of_the_published_shape() {
        let long = "\u{1f6d1}\\".repeat(500);
        for facts in [0, 1, 20] {
            for text in ["equity fell to 9 USD_", &long] {
                let message = Message {
                    id: "equity-1".to_owned(),
                    severity: Severity::ALL[facts % 3],
                    text: text.to_owned(),
                    facts: vec![("name".to_owned(), text.chars().take(200).collect()); facts],
                    place: "run a".to_owned(),
                    command: "reprise journal verify runs/a_b".to_owned(),
                };
                let sent = payload(&message);
                check(&sent);
                let body = sent["attachments"][0]["content"]["body"].as_array().unwrap();
                let texts: Vec<&str> = body.iter().filter_map(|element| element["text"].as_str()).collect();
                let expected = [&message.title(), text, &message.command, &message.place].map(|t| escaped(t));
                assert_eq!(texts, expected);
            }
        }
    }
}

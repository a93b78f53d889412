//! Whether what is sent is well formed: our own checks of what the services publish.

pub mod adaptive_card;
pub mod block_kit;

use serde_json::{Value, json};

/// Breaks when the check of Block Kit lets something pass that Slack refuses.
#[test]
fn the_check_of_blocks_sees_faults() {
    let text = |length: usize| json!({"type": "mrkdwn", "text": "x".repeat(length)});
    let of = |blocks: Value| json!({"text": "t", "blocks": blocks});
    let section = |field: Value| of(json!([{"type": "section", "fields": [field]}]));
    let header = |kind: &str, length: usize| {
        of(json!([{"type": "header", "text": {"type": kind, "text": "x".repeat(length)}}]))
    };
    let rows = [
        (header("plain_text", 150), true),
        (header("plain_text", 151), false),
        (header("mrkdwn", 10), false),
        (of(json!([{"type": "section", "text": text(3_000)}])), true),
        (of(json!([{"type": "section", "text": text(3_001)}])), false),
        (of(json!([{"type": "section", "text": text(0)}])), false),
        (of(json!([{"type": "section"}])), false),
        (section(text(2_000)), true),
        (section(text(2_001)), false),
        (section(json!({"type": "mrkdwn", "text": "<!channel>"})), false),
        (section(json!({"type": "mrkdwn", "text": "a", "emoji": true})), false),
        (of(json!([{"type": "section", "fields": vec![text(1); 10]}])), true),
        (of(json!([{"type": "section", "fields": vec![text(1); 11]}])), false),
        (of(json!([{"type": "section", "text": text(1), "colour": "red"}])), false),
        (of(json!([{"type": "context", "elements": [text(1)]}])), true),
        (of(json!([{"type": "context", "elements": []}])), false),
        (of(json!([{"type": "poem"}])), false),
        (of(json!(vec![json!({"type": "divider"}); 50])), true),
        (of(json!(vec![json!({"type": "divider"}); 51])), false),
        (json!({"blocks": [{"type": "divider"}]}), false),
        (json!({"text": "<@U1>", "blocks": [{"type": "divider"}]}), false),
    ];
    for (message, is_good) in rows {
        assert_eq!(block_kit::check(&message, &[]).is_ok(), is_good, "{message}");
    }
}

/// Breaks when the check of cards lets something pass that the published schema refuses.
#[test]
fn the_check_of_cards_sees_faults() {
    let card = |body: Value| {
        json!({"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {"type": "AdaptiveCard", "version": "1.4", "body": body},
        }]})
    };
    let good = card(json!([{"type": "TextBlock", "text": "a", "size": "Large", "spacing": "none"}]));
    let with = |pointer: &str, value: Value| {
        let mut other = good.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other
    };
    let fact = |fact: Value| card(json!([{"type": "FactSet", "facts": [fact]}]));
    let rows = [
        (good.clone(), true),
        (with("/type", json!("card")), false),
        (with("/attachments/0/contentType", json!("application/json")), false),
        (with("/attachments/0/contentUrl", json!("https://x")), false),
        (with("/attachments", json!([])), false),
        (with("/attachments/0/content/version", json!("1.5")), false),
        (with("/attachments/0/content/type", json!("Card")), false),
        (with("/attachments/0/content/body", json!([])), false),
        (card(json!([{"type": "TextBlock"}])), false),
        (card(json!([{"type": "TextBlock", "text": 7}])), false),
        (card(json!([{"type": "TextBlock", "text": "a", "size": "Huge"}])), false),
        (card(json!([{"type": "TextBlock", "text": "a", "wrap": "yes"}])), false),
        (card(json!([{"type": "TextBlock", "text": "a", "style": "heading"}])), false),
        (card(json!([{"type": "Fact", "title": "a", "value": "b"}])), false),
        (card(json!([{"type": "Table"}])), false),
        (card(json!([{"type": "Container", "items": [{"type": "TextBlock", "text": "a"}]}])), true),
        (card(json!([{"type": "Container", "items": [{"type": "TextBlock"}]}])), false),
        (fact(json!({"title": "a", "value": "b"})), true),
        (fact(json!({"title": "a"})), false),
        (fact(json!({"title": "a", "value": 1})), false),
        (fact(json!({"title": "a", "value": "b", "unit": "c"})), false),
        (card(json!([{"type": "FactSet", "facts": []}])), false),
        (card(json!([{"type": "TextBlock", "text": "x".repeat(28 * 1_024)}])), false),
    ];
    for (message, is_good) in rows {
        assert_eq!(adaptive_card::check(&message).is_ok(), is_good, "{message}");
    }
}

//! Questions and actions over the socket: what would otherwise be a POST.

use reprise_venues::hyperliquid::wire::PostRequest;
use serde_json::{Value, json};

use super::super::{Front, Unanswered, exchange, info};
use super::End;

/// The content of the answer.
pub(super) async fn answer(front: &Front, id: u64, request: PostRequest) -> Result<Value, End> {
    let response = match request {
        PostRequest::Info(question) => {
            let kind = question.get("type").cloned().unwrap_or_default();
            let answer = info::answer_value(front, question).await;
            answer.map(|data| json!({"type": "info", "payload": {"type": kind, "data": data}}))
        }
        PostRequest::Action(payload) => {
            // The order of keys is kept, so the text is the one that was signed.
            let body = serde_json::to_string(&payload).unwrap_or_default();
            let answer = exchange::answer(front, &body).await;
            answer.map(|payload| json!({"type": "action", "payload": payload}))
        }
    };
    let response = match response {
        Ok(response) => response,
        Err(Unanswered::Closed(closed)) => return Err(closed.into()),
        Err(Unanswered::Unreadable) => {
            json!({"type": "error", "payload": format!("422 {}", Unanswered::Unreadable)})
        }
    };
    Ok(json!({"id": id, "response": response}))
}

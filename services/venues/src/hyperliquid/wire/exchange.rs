//! What `/exchange` answers.

use reprise_model::{Price, Qty};
use serde::Deserialize;

use crate::hyperliquid::action::Cloid;

/// The answer: taken as a whole, or refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "status", content = "response", rename_all = "lowercase")]
pub enum ExchangeAnswer {
    /// Taken; each order has its own answer inside.
    Ok(ExchangeContent),
    /// Refused, in the venue's words.
    Err(String),
}

/// What an action that was taken led to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExchangeContent {
    /// `order`, `cancel`, `default` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// One answer an order; none for `default`.
    #[serde(default)]
    pub data: Option<ExchangeStatuses>,
}

/// The answers, in the order of the action's orders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExchangeStatuses {
    /// One an order.
    #[serde(default)]
    pub statuses: Vec<OrderOutcome>,
}

/// What became of one order, or of one cancel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderOutcome {
    /// In the book.
    Resting(RestingOrder),
    /// Filled at once, in whole or in part.
    Filled(FilledOrder),
    /// Refused, in the venue's words.
    Error(String),
    /// Canceled, modified.
    Success,
    /// An exit that waits for its entry.
    WaitingForFill,
    /// An order that waits for the mark price.
    WaitingForTrigger,
}

/// An order in the book.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RestingOrder {
    /// The venue's id.
    pub oid: u64,
    /// The caller's id.
    #[serde(default)]
    pub cloid: Option<Cloid>,
}

/// An order that was filled at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilledOrder {
    /// How much.
    pub total_sz: Qty,
    /// At which average price.
    pub avg_px: Price,
    /// The venue's id.
    pub oid: u64,
    /// The caller's id.
    #[serde(default)]
    pub cloid: Option<Cloid>,
}

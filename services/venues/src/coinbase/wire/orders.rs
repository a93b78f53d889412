//! Orders and fills as REST speaks of them.

use reprise_model::{Cash, Price, Qty, Side};
use serde::{Deserialize, Serialize};

use crate::lenient;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderSide {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl From<Side> for OrderSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

impl From<OrderSide> for Side {
    fn from(side: OrderSide) -> Self {
        match side {
            OrderSide::Buy => Self::Buy,
            OrderSide::Sell => Self::Sell,
        }
    }
}

/// Where the venue says an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Taken, not in the book yet.
    Pending,
    /// In the book.
    Open,
    /// Filled whole.
    Filled,
    /// Canceled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// Refused after it was taken.
    Failed,
    /// Waits to enter the book.
    Queued,
    /// Its cancel waits.
    CancelQueued,
    /// Its edit waits.
    EditQueued,
    /// `UNKNOWN_ORDER_STATUS` or a word that is not known.
    #[serde(other, rename = "UNKNOWN_ORDER_STATUS")]
    Unknown,
}

impl OrderState {
    /// True when nothing more will happen to the order.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Expired | Self::Failed)
    }
}

/// From which side the market reaches a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopDirection {
    /// The last trade is at the stop or above.
    #[serde(rename = "STOP_DIRECTION_STOP_UP")]
    Up,
    /// The last trade is at the stop or below.
    #[serde(rename = "STOP_DIRECTION_STOP_DOWN")]
    Down,
}

/// Terms of a market order: one of the two sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// How much quote to spend; buys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_size: Option<Cash>,
    /// How much base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_size: Option<Qty>,
}

/// Terms of an immediate-or-cancel limit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitIoc {
    /// How much, in base.
    pub base_size: Qty,
    /// The limit.
    pub limit_price: Price,
}

/// Terms of a limit order that rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitGtc {
    /// How much, in base.
    pub base_size: Qty,
    /// The limit.
    pub limit_price: Price,
    /// Refuse rather than take.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub post_only: bool,
}

/// Terms of a limit order with an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitGtd {
    /// How much, in base.
    pub base_size: Qty,
    /// The limit.
    pub limit_price: Price,
    /// Its end, RFC 3339.
    pub end_time: String,
    /// Refuse rather than take.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub post_only: bool,
}

/// Terms of a fill-or-kill limit order.
pub type LimitFok = LimitIoc;

/// Terms of a stop-limit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLimitGtc {
    /// How much, in base.
    pub base_size: Qty,
    /// The limit once triggered.
    pub limit_price: Price,
    /// The trigger.
    pub stop_price: Price,
    /// From which side.
    pub stop_direction: StopDirection,
}

/// Terms of a stop-limit order with an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLimitGtd {
    /// How much, in base.
    pub base_size: Qty,
    /// The limit once triggered.
    pub limit_price: Price,
    /// The trigger.
    pub stop_price: Price,
    /// Its end, RFC 3339.
    pub end_time: String,
    /// From which side.
    pub stop_direction: StopDirection,
}

/// Terms of a pair of exits: a limit that takes the profit, a stop that ends the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerBracketGtc {
    /// How much, in base; left out where the order is attached to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_size: Option<Qty>,
    /// The limit.
    pub limit_price: Price,
    /// The stop.
    pub stop_trigger_price: Price,
}

/// As [`TriggerBracketGtc`], with an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerBracketGtd {
    /// How much, in base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_size: Option<Qty>,
    /// The limit.
    pub limit_price: Price,
    /// The stop.
    pub stop_trigger_price: Price,
    /// Its end, RFC 3339.
    pub end_time: String,
}

/// Terms of an order that the venue works over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwapGtd {
    /// How much quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_size: Option<Cash>,
    /// How much base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_size: Option<Qty>,
    /// Its start, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Its end, RFC 3339.
    pub end_time: String,
    /// The limit.
    pub limit_price: Price,
    /// Into how many parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_buckets: Option<String>,
    /// The size of a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_size: Option<String>,
    /// The time between parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_duration: Option<String>,
}

/// Terms of a ladder of limit orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaledGtc {
    /// The rungs, and how they were made, in the venue's own form.
    #[serde(flatten)]
    pub terms: serde_json::Map<String, serde_json::Value>,
}

/// The kinds of orders; the one key of the object is the kind's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderConfiguration {
    /// At what the market offers; the rest is canceled.
    MarketMarketIoc(Market),
    /// At what the market offers, all or nothing.
    MarketMarketFok(Market),
    /// Limit, immediate or cancel.
    SorLimitIoc(LimitIoc),
    /// Limit, rests until canceled.
    LimitLimitGtc(LimitGtc),
    /// Limit, rests until its end.
    LimitLimitGtd(LimitGtd),
    /// Limit, all or nothing.
    LimitLimitFok(LimitFok),
    /// A limit order once the stop is reached.
    StopLimitStopLimitGtc(StopLimitGtc),
    /// The same, with an end.
    StopLimitStopLimitGtd(StopLimitGtd),
    /// A pair of exits.
    TriggerBracketGtc(TriggerBracketGtc),
    /// The same, with an end.
    TriggerBracketGtd(TriggerBracketGtd),
    /// Worked over time by the venue.
    TwapLimitGtd(TwapGtd),
    /// A ladder of limits.
    ScaledLimitGtc(ScaledGtc),
}

/// Body of `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// The caller's id of the order, a UUID; the key by which a repeated request is known.
    pub client_order_id: String,
    /// What to trade.
    pub product_id: String,
    /// Which way.
    pub side: OrderSide,
    /// How.
    pub order_configuration: OrderConfiguration,
    /// Margin products only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leverage: Option<String>,
    /// Margin products only: `CROSS` or `ISOLATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_type: Option<String>,
    /// Orders with the same id do not meet each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_trade_prevention_id: Option<String>,
    /// A pair of exits, placed once this order is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_order_configuration: Option<OrderConfiguration>,
}

/// Answer of `POST /orders`; HTTP 200 also when the order was refused.
#[derive(Debug, Clone, Deserialize)]
pub struct CreateOrderAnswer {
    /// Whether the order was taken.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub success: bool,
    /// The order, when it was.
    pub success_response: Option<CreatedOrder>,
    /// Why not, when it was not.
    pub error_response: Option<OrderRefused>,
    /// The reason in older answers.
    #[serde(default, deserialize_with = "lenient::text")]
    pub failure_reason: String,
}

/// An order that was taken.
#[derive(Debug, Clone, Deserialize)]
pub struct CreatedOrder {
    /// The venue's id.
    pub order_id: String,
    /// The caller's id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub client_order_id: String,
}

/// Why an order was refused; which fields are filled varies.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OrderRefused {
    /// The code, such as `INSUFFICIENT_FUND`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error: String,
    /// In words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
    /// In more words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_details: String,
    /// The code of a refusal before the order was tried.
    #[serde(default, deserialize_with = "lenient::text")]
    pub preview_failure_reason: String,
    /// The code of a refusal after.
    #[serde(default, deserialize_with = "lenient::text")]
    pub new_order_failure_reason: String,
}

/// Body of `POST /orders/batch_cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrders {
    /// The venue's ids, at most 100.
    pub order_ids: Vec<String>,
}

/// Answer of `POST /orders/batch_cancel`.
#[derive(Debug, Clone, Deserialize)]
pub struct CancelAnswer {
    /// One for each order.
    pub results: Vec<CancelResult>,
}

/// What became of one cancel.
#[derive(Debug, Clone, Deserialize)]
pub struct CancelResult {
    /// Whether it was taken.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub success: bool,
    /// Why not.
    #[serde(default, deserialize_with = "lenient::text")]
    pub failure_reason: String,
    /// Of which order.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_id: String,
}

/// Body of `POST /orders/edit`: both price and size are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditOrder {
    /// The venue's id.
    pub order_id: String,
    /// The limit from now on.
    #[serde(default, deserialize_with = "lenient::or_empty", skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The whole size from now on, filled part included.
    #[serde(default, deserialize_with = "lenient::or_empty", skip_serializing_if = "Option::is_none")]
    pub size: Option<Qty>,
}

/// Answer of `POST /orders/edit`.
#[derive(Debug, Clone, Deserialize)]
pub struct EditOrderAnswer {
    /// Whether it was taken.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub success: bool,
    /// Why not; each an object that holds a reason.
    #[serde(default)]
    pub errors: Vec<serde_json::Value>,
}

/// An order as listings have it.
#[derive(Debug, Clone, Deserialize)]
pub struct Order {
    /// The venue's id.
    pub order_id: String,
    /// The caller's id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub client_order_id: String,
    /// What is traded.
    pub product_id: String,
    /// Which way.
    pub side: OrderSide,
    /// Where it stands.
    pub status: OrderState,
    /// Its terms; none for a kind that is not known.
    #[serde(default, deserialize_with = "known_configuration")]
    pub order_configuration: Option<OrderConfiguration>,
    /// `GOOD_UNTIL_CANCELLED`, `IMMEDIATE_OR_CANCEL` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time_in_force: String,
    /// When it was taken.
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_time: String,
    /// Executed in all, in base.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub filled_size: Option<Qty>,
    /// At which average price.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub average_filled_price: Option<Price>,
    /// Executed in all, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub filled_value: Option<Cash>,
    /// In how many executions.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub number_of_fills: Option<u64>,
    /// Fees in all, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub total_fees: Option<Cash>,
    /// A cancel is on its way.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub pending_cancel: bool,
    /// The size was given in quote.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub size_in_quote: bool,
    /// Why it was refused.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reject_reason: String,
    /// In words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reject_message: String,
    /// Why it was canceled.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cancel_message: String,
}

fn known_configuration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OrderConfiguration>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Answer of `GET /orders/historical/{order_id}`.
#[derive(Debug, Clone, Deserialize)]
pub struct OrderAnswer {
    /// The order.
    pub order: Order,
}

/// Answer of `GET /orders/historical/batch`, a page.
#[derive(Debug, Clone, Deserialize)]
pub struct OrderList {
    /// The orders of this page.
    pub orders: Vec<Order>,
    /// Whether there is another page.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub has_next: bool,
    /// What to ask for it with.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cursor: String,
}

/// One execution.
#[derive(Debug, Clone, Deserialize)]
pub struct Fill {
    /// The venue's id of the entry, one for each side of a trade.
    #[serde(default, deserialize_with = "lenient::text")]
    pub entry_id: String,
    /// The venue's id of the trade.
    pub trade_id: String,
    /// Of which order.
    pub order_id: String,
    /// When.
    #[serde(default, deserialize_with = "lenient::text")]
    pub trade_time: String,
    /// `FILL`, `REVERSAL`, `CORRECTION`, `SYNTHETIC`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub trade_type: String,
    /// At which price.
    pub price: Price,
    /// How much: base, or quote when `size_in_quote`.
    pub size: Qty,
    /// The fee, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub commission: Option<Cash>,
    /// What was traded.
    pub product_id: String,
    /// Which way.
    pub side: OrderSide,
    /// `MAKER`, `TAKER`, or unknown.
    #[serde(default, deserialize_with = "lenient::text")]
    pub liquidity_indicator: String,
    /// The size is in quote.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub size_in_quote: bool,
}

/// Answer of `GET /orders/historical/fills`, a page; an empty cursor ends it.
#[derive(Debug, Clone, Deserialize)]
pub struct FillList {
    /// The fills of this page, newest first.
    pub fills: Vec<Fill>,
    /// What to ask for the next page with.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cursor: String,
}

//! Why an order is refused, in the venue's names.

use reprise_model::{Code, Refusal};
use serde_json::{Value, json};

/// A refusal as the venue tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// `new_order_failure_reason`.
    pub(super) error: &'static str,
    /// `preview_failure_reason`.
    pub(super) preview: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(error: &'static str, preview: &'static str, message: impl Into<String>) -> Self {
        Self { error, preview, message: message.into() }
    }

    pub(super) fn unknown_product(product: &str) -> Self {
        let message = format!("'{product}' is no product");
        Self::new("UNKNOWN_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID", message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG", message)
    }

    /// The exchange's refusal in the venue's names.
    pub(super) fn of(refusal: &Refusal) -> Self {
        let (error, preview) = match refusal.code {
            Code::InsufficientFunds => ("INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
            Code::PostOnly => ("INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
            Code::PriceRule => ("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION"),
            Code::Lot => ("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION"),
            Code::MinNotional => ("INVALID_REQUEST", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
            Code::Overflow => ("INVALID_REQUEST", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
            Code::NoLiquidity => ("INVALID_NO_LIQUIDITY", "PREVIEW_INVALID_NO_LIQUIDITY"),
            Code::UnknownInstrument => ("UNKNOWN_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
            Code::AlreadyExpired | Code::Malformed => ("INVALID_REQUEST", "PREVIEW_INVALID_ORDER_CONFIG"),
            _ => ("UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON"),
        };
        let told = |text: &Option<String>| text.clone().unwrap_or_default();
        let message = match (&refusal.measured, &refusal.limit) {
            (None, None) => refusal.code.meaning().trim().to_owned(),
            _ => format!(
                "{} (asked: {}, allowed: {})",
                refusal.code.meaning().trim(),
                told(&refusal.measured),
                told(&refusal.limit)
            ),
        };
        Self { error, preview, message }
    }

    /// The answer to the order.
    pub(super) fn body(&self, configuration: &Value) -> Value {
        json!({
            "success": false,
            "failure_reason": self.error,
            "order_id": "",
            "error_response": {
                "error": self.error,
                "message": self.message,
                "error_details": self.message,
                "preview_failure_reason": self.preview,
                "new_order_failure_reason": self.error,
            },
            "order_configuration": configuration,
        })
    }
}

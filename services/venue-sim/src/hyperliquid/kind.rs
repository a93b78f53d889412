//! What kind of order the client asked for, remembered in the order's tag.
//!
//! The paper venue knows stops, which wait for the market to run away. A take-profit waits for the market to
//! come: it rests as a limit order at its trigger price, which fills when the market is there.

use reprise_model::{Price, Side};
use reprise_venues::hyperliquid::action::{OrderKind, OrderWire, Tif, TpSl};

use crate::ledger::OrderRecord;

/// The kind of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    shape: Shape,
    /// The limit price that was asked for, where the terms do not hold it.
    limit: Option<Price>,
    /// An exit of the whole position.
    pub(super) is_position: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Limit(Tif),
    Trigger { tpsl: TpSl, is_market: bool },
}

impl Kind {
    /// The kind of an order that is asked for.
    pub(super) fn asked(order: &OrderWire, is_position: bool) -> Self {
        match order.kind {
            OrderKind::Limit { tif } => Self { shape: Shape::Limit(tif), limit: None, is_position },
            OrderKind::Trigger { is_market, tpsl, .. } => {
                Self { shape: Shape::Trigger { tpsl, is_market }, limit: Some(order.price), is_position }
            }
        }
    }

    /// The text that is kept with the order.
    pub(super) fn tag(self) -> String {
        let mut tag = match self.shape {
            Shape::Limit(tif) => format!("{tif:?}"),
            Shape::Trigger { tpsl, is_market } => {
                format!("{tpsl:?} {}", if is_market { "market" } else { "limit" })
            }
        };
        if let Some(limit) = self.limit {
            tag.push_str(&format!(" {limit}"));
        }
        if self.is_position {
            tag.push_str(" position");
        }
        tag
    }

    /// The kind of an order that was entered. One that nobody asked for, such as a liquidation, is a market
    /// order.
    pub(super) fn of(record: &OrderRecord) -> Self {
        let mut words = record.tag.split(' ');
        let first = words.next().unwrap_or_default();
        let shape = match first {
            "Gtc" => Shape::Limit(Tif::Gtc),
            "Ioc" => Shape::Limit(Tif::Ioc),
            "Alo" => Shape::Limit(Tif::Alo),
            "Tp" | "Sl" => Shape::Trigger {
                tpsl: if first == "Tp" { TpSl::Tp } else { TpSl::Sl },
                is_market: words.next() == Some("market"),
            },
            _ => Shape::Limit(Tif::FrontendMarket),
        };
        let mut kind = Self { shape, limit: None, is_position: false };
        for word in words {
            if word == "position" {
                kind.is_position = true;
            } else {
                kind.limit = word.parse().ok();
            }
        }
        kind
    }

    /// The limit price as the client gave it.
    pub(super) fn limit_price(self, record: &OrderRecord) -> Price {
        self.limit.or(record.terms.price).or(record.average_price()).unwrap_or(Price::ZERO)
    }

    /// The price the order waits for, of one that waits.
    pub(super) fn trigger_price(self, record: &OrderRecord) -> Option<Price> {
        match self.shape {
            Shape::Limit(_) => None,
            Shape::Trigger { tpsl: TpSl::Sl, .. } => record.terms.stop_price,
            Shape::Trigger { tpsl: TpSl::Tp, .. } => record.terms.price,
        }
    }

    /// What it waits for, in the venue's words.
    pub(super) fn condition(self, record: &OrderRecord) -> String {
        match (self.shape, self.trigger_price(record)) {
            (Shape::Trigger { tpsl, .. }, Some(price)) => {
                let above = triggers_above(tpsl, record.terms.side);
                format!("Price {} {price}", if above { "above" } else { "below" })
            }
            _ => "N/A".to_owned(),
        }
    }

    /// The venue's name of the kind.
    pub(super) fn name(self) -> &'static str {
        match self.shape {
            Shape::Limit(Tif::FrontendMarket) => "Market",
            Shape::Limit(_) => "Limit",
            Shape::Trigger { tpsl: TpSl::Sl, is_market: true } => "Stop Market",
            Shape::Trigger { tpsl: TpSl::Sl, is_market: false } => "Stop Limit",
            Shape::Trigger { tpsl: TpSl::Tp, is_market: true } => "Take Profit Market",
            Shape::Trigger { tpsl: TpSl::Tp, is_market: false } => "Take Profit Limit",
        }
    }

    /// How long it stays in force; nothing for one that waits.
    pub(super) fn tif(self) -> Option<&'static str> {
        match self.shape {
            Shape::Limit(Tif::Gtc) => Some("Gtc"),
            Shape::Limit(Tif::Ioc) => Some("Ioc"),
            Shape::Limit(Tif::Alo) => Some("Alo"),
            Shape::Limit(Tif::FrontendMarket) => Some("FrontendMarket"),
            Shape::Trigger { .. } => None,
        }
    }
}

/// Whether the mark comes to a trigger from below.
pub(super) fn triggers_above(tpsl: TpSl, side: Side) -> bool {
    matches!((tpsl, side), (TpSl::Tp, Side::Sell) | (TpSl::Sl, Side::Buy))
}

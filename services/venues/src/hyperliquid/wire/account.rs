//! An account: margin, positions, orders, fills, funding.

use reprise_model::{Cash, Price, Qty, Rate};
use serde::Deserialize;

use super::market::SideLetter;
use crate::hyperliquid::action::Cloid;
use crate::lenient;

/// Answer of `clearinghouseState`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClearinghouseState {
    /// The positions.
    pub asset_positions: Vec<AssetPosition>,
    /// The whole account.
    pub margin_summary: MarginSummary,
    /// The part of it that is margin for positions without margin of their own.
    pub cross_margin_summary: MarginSummary,
    /// What may be taken out.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub withdrawable: Option<Cash>,
    /// When, Unix milliseconds.
    #[serde(default)]
    pub time: u64,
}

/// Sums over an account, in USDC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarginSummary {
    /// Money and unrealised profit.
    pub account_value: Cash,
    /// Held by positions.
    pub total_margin_used: Cash,
    /// The positions' value.
    pub total_ntl_pos: Cash,
    /// Money without the positions.
    pub total_raw_usd: Cash,
}

/// A position and its kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AssetPosition {
    /// The position.
    pub position: Position,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// In which coin.
    pub coin: String,
    /// Its size; negative is short.
    pub szi: Qty,
    /// Average price of entry.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub entry_px: Option<Price>,
    /// Its value.
    pub position_value: Cash,
    /// What it has gained.
    pub unrealized_pnl: Cash,
    /// Where it is liquidated, if anywhere.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub liquidation_px: Option<Price>,
    /// What it holds.
    pub margin_used: Cash,
    /// The leverage set for the coin.
    pub leverage: Leverage,
}

/// The leverage set for a coin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Leverage {
    /// `cross` or `isolated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many times.
    pub value: u32,
}

/// Answer of `spotClearinghouseState`.
#[derive(Debug, Clone, Deserialize)]
pub struct SpotState {
    /// The balances.
    pub balances: Vec<SpotBalance>,
}

/// What an account has of one token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SpotBalance {
    /// Of which.
    pub coin: String,
    /// In all.
    pub total: Cash,
    /// Of it held by open orders.
    pub hold: Cash,
}

/// An open order, as `openOrders`, `frontendOpenOrders`, `orderStatus` and `orderUpdates` have it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenOrder {
    /// In which coin.
    pub coin: String,
    /// Which way.
    pub side: SideLetter,
    /// The limit price.
    pub limit_px: Price,
    /// Still open.
    pub sz: Qty,
    /// The venue's id.
    pub oid: u64,
    /// When it was placed, Unix milliseconds.
    pub timestamp: u64,
    /// As it was placed.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub orig_sz: Option<Qty>,
    /// The caller's id.
    #[serde(default)]
    pub cloid: Option<Cloid>,
    /// Refuse rather than grow or turn the position.
    #[serde(default)]
    pub reduce_only: bool,
    /// It waits for the mark price.
    #[serde(default)]
    pub is_trigger: bool,
    /// Until the mark price is here.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub trigger_px: Option<Price>,
    /// `Limit`, `Stop Market`, `Take Profit Limit` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_type: String,
    /// `Gtc`, `Ioc`, `Alo` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tif: String,
}

/// One message of `orderUpdates`, and what `orderStatus` finds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderUpdate {
    /// The order.
    pub order: OpenOrder,
    /// `open`, `filled`, `canceled`, `triggered`, `rejected`, or a word that ends with `Canceled` or `Rejected`.
    pub status: String,
    /// Since when, Unix milliseconds.
    pub status_timestamp: u64,
}

impl OrderUpdate {
    /// True when nothing more will happen to the order.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.status == "filled" || self.is_canceled() || self.is_rejected()
    }

    /// True when it was canceled, for whatever reason.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.status == "canceled" || self.status.ends_with("Canceled") || self.status == "scheduledCancel"
    }

    /// True when it was refused, for whatever reason.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.status == "rejected" || self.status.ends_with("Rejected")
    }
}

/// Answer of `orderStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderStatusAnswer {
    /// `order`, or `unknownOid`.
    pub status: String,
    /// The order, if it is known.
    pub order: Option<OrderStatusDetail>,
}

/// An order and where it stands.
pub type OrderStatusDetail = OrderUpdate;

/// One execution of an own order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFill {
    /// In which coin.
    pub coin: String,
    /// At which price.
    pub px: Price,
    /// How much.
    pub sz: Qty,
    /// Which way.
    pub side: SideLetter,
    /// When, Unix milliseconds.
    pub time: u64,
    /// The position before it.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub start_position: Option<Qty>,
    /// `Open Long`, `Close Short`, `Buy` and so on.
    #[serde(default, deserialize_with = "lenient::text")]
    pub dir: String,
    /// What it realised.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub closed_pnl: Option<Cash>,
    /// The transaction.
    #[serde(default, deserialize_with = "lenient::text")]
    pub hash: String,
    /// Of which order.
    pub oid: u64,
    /// The caller's id of it.
    #[serde(default)]
    pub cloid: Option<Cloid>,
    /// It took liquidity.
    pub crossed: bool,
    /// The fee; negative is a rebate.
    pub fee: Cash,
    /// In which token.
    #[serde(default, deserialize_with = "lenient::text")]
    pub fee_token: String,
    /// The venue's id of the trade.
    pub tid: u64,
}

/// Message of `userFills`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFills {
    /// Old ones: the first message of a subscription.
    #[serde(default)]
    pub is_snapshot: bool,
    /// Whose.
    pub user: String,
    /// The fills.
    pub fills: Vec<UserFill>,
}

/// A payment of funding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Funding {
    /// When, Unix milliseconds.
    pub time: u64,
    /// For which coin.
    pub coin: String,
    /// What came in; negative was paid.
    pub usdc: Cash,
    /// The position it was paid on.
    pub szi: Qty,
    /// The rate.
    pub funding_rate: Rate,
}

/// Message of `userFundings`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFundings {
    /// Old ones: the first message of a subscription.
    #[serde(default)]
    pub is_snapshot: bool,
    /// Whose.
    pub user: String,
    /// The payments.
    pub fundings: Vec<Funding>,
}

//! What is asked of `/exchange`: actions in the exact key order that is signed, and the signed request.
//!
//! Source: hyperliquid.gitbook.io, "Exchange endpoint", and the official SDK for the order of keys.

use std::fmt;
use std::str::FromStr;

use reprise_model::{ClientOrderId, Price, Qty};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::sign::{Address, Network, Scope, SecretKey, SignError, Signature, Value, sign_l1};
use crate::hex;

/// The caller's id of an order: `0x` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cloid(pub u128);

impl From<ClientOrderId> for Cloid {
    fn from(id: ClientOrderId) -> Self {
        Self(id.0)
    }
}

impl fmt::Display for Cloid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#034x}", self.0)
    }
}

impl fmt::Debug for Cloid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Cloid {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Self, SignError> {
        text.strip_prefix("0x")
            .and_then(hex::exact)
            .map(|bytes| Self(u128::from_be_bytes(bytes)))
            .ok_or_else(|| SignError::NotAnAddress { text: text.chars().take(50).collect() })
    }
}

impl Serialize for Cloid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cloid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("a cloid is 0x and 32 hexadecimal digits"))
    }
}

/// An order by either of its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrderRef {
    /// The venue's.
    Oid(u64),
    /// The caller's.
    Cloid(Cloid),
}

/// How long a limit order stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tif {
    /// Until canceled.
    Gtc,
    /// Immediate or cancel.
    Ioc,
    /// Add liquidity only.
    Alo,
    /// What the venue's own page sends for a market order.
    FrontendMarket,
}

/// Whether a trigger takes a profit or stops a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TpSl {
    /// Takes the profit.
    Tp,
    /// Stops the loss.
    Sl,
}

/// A limit order, or an order that waits for the mark price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderKind {
    /// A limit order.
    Limit {
        /// How long it stays in force.
        tif: Tif,
    },
    /// Waits until the mark price reaches the trigger.
    #[serde(rename_all = "camelCase")]
    Trigger {
        /// Then a market order within the limit price, else a limit order.
        is_market: bool,
        /// The trigger.
        trigger_px: Price,
        /// What it is for; with the side it tells from where the mark comes.
        tpsl: TpSl,
    },
}

/// An order as it is signed. Prices and sizes must have at most eight decimals
/// ([`super::rules::fits_wire`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWire {
    /// The asset's number.
    #[serde(rename = "a")]
    pub asset: u32,
    /// Buy or sell.
    #[serde(rename = "b")]
    pub is_buy: bool,
    /// The limit price.
    #[serde(rename = "p")]
    pub price: Price,
    /// The size in base.
    #[serde(rename = "s")]
    pub size: Qty,
    /// Refuse rather than grow or turn the position.
    #[serde(rename = "r")]
    pub reduce_only: bool,
    /// How.
    #[serde(rename = "t")]
    pub kind: OrderKind,
    /// The caller's id.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cloid: Option<Cloid>,
}

/// What the orders of one action are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Grouping {
    /// Nothing.
    Na,
    /// An order and its exits, which are as large as the order.
    NormalTpsl,
    /// Exits of the position, which follow its size.
    PositionTpsl,
}

/// A front end's fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// Who gets it.
    pub b: Address,
    /// How much, in tenths of a basis point.
    pub f: u64,
}

/// A cancel by the venue's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelWire {
    /// The asset's number.
    #[serde(rename = "a")]
    pub asset: u32,
    /// The venue's id.
    #[serde(rename = "o")]
    pub oid: u64,
}

/// A cancel by the caller's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelByCloidWire {
    /// The asset's number.
    pub asset: u32,
    /// The caller's id.
    pub cloid: Cloid,
}

/// An order that takes the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModifyWire {
    /// The order that goes.
    pub oid: OrderRef,
    /// The order that comes.
    pub order: OrderWire,
}

/// What is asked of the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// New orders.
    Order {
        /// The orders.
        orders: Vec<OrderWire>,
        /// What they are to each other.
        grouping: Grouping,
        /// A front end's fee.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        builder: Option<Builder>,
    },
    /// Cancels by the venue's ids.
    Cancel {
        /// Which.
        cancels: Vec<CancelWire>,
    },
    /// Cancels by the caller's ids.
    CancelByCloid {
        /// Which.
        cancels: Vec<CancelByCloidWire>,
    },
    /// One order in place of another.
    Modify {
        /// The order that goes.
        oid: OrderRef,
        /// The order that comes.
        order: OrderWire,
    },
    /// Orders in place of others.
    BatchModify {
        /// Which for which.
        modifies: Vec<ModifyWire>,
    },
    /// The leverage of a coin from now on.
    UpdateLeverage {
        /// The asset's number.
        asset: u32,
        /// The whole account is the margin, not a part set aside.
        is_cross: bool,
        /// How many times.
        leverage: u32,
    },
    /// Moves margin to or from a position that has its own.
    UpdateIsolatedMargin {
        /// The asset's number.
        asset: u32,
        /// Always true.
        is_buy: bool,
        /// How much, in millionths of a USDC.
        ntli: i64,
    },
    /// Cancels everything at a time, unless it is moved on before: a dead man's switch.
    ScheduleCancel {
        /// When, Unix milliseconds; left out, nothing is scheduled any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<u64>,
    },
    /// Nothing: uses up a nonce, so that an action in flight with the same one cannot be taken any more.
    Noop,
}

/// A request as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeRequest<'a> {
    /// The action, as it was written.
    #[serde(borrow)]
    pub action: &'a RawValue,
    /// Its number.
    pub nonce: u64,
    /// Who sent it.
    pub signature: Signature,
    /// The vault or sub-account it is for.
    #[serde(default)]
    pub vault_address: Option<Address>,
    /// Refuse it from this time on, Unix milliseconds.
    #[serde(default)]
    pub expires_after: Option<u64>,
}

impl ExchangeRequest<'_> {
    /// What was signed together with the action.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope { nonce: self.nonce, vault: self.vault_address, expires_after: self.expires_after }
    }
}

/// The body of a signed request: the text of the action that is sent is the text that was signed.
///
/// # Errors
/// None today; an action that has no JSON form would be one.
pub fn signed_body(
    key: &SecretKey,
    action: &Action,
    scope: &Scope,
    network: Network,
) -> Result<String, SignError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        action: &'a Value,
        nonce: u64,
        signature: Signature,
        vault_address: Option<Address>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_after: Option<u64>,
    }
    let action = Value::of(action)?;
    let body = Body {
        signature: sign_l1(key, &action, scope, network),
        action: &action,
        nonce: scope.nonce,
        vault_address: scope.vault,
        expires_after: scope.expires_after,
    };
    serde_json::to_string(&body).map_err(|error| SignError::NotJson { reason: error.to_string() })
}

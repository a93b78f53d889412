//! `/info`: everything that can be asked without a signature.

use std::collections::BTreeMap;

use reprise_model::Price;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::sign::Address;
use super::wire::{
    AssetContext, ClearinghouseState, L2Book, Meta, OpenOrder, OrderStatusAnswer, SpotMeta, SpotState,
    UserFill,
};
use crate::http::{Http, HttpError};

/// A client of `/info`.
#[derive(Debug, Clone)]
pub struct InfoRest {
    http: Http,
}

impl InfoRest {
    /// A client of the venue behind `http`, whose base is [`super::API_URL`] or a test's.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Any question; see the methods for those with typed answers.
    ///
    /// # Errors
    /// When the venue gives no answer of this type.
    pub async fn ask<T: DeserializeOwned>(&self, question: &Value) -> Result<T, HttpError> {
        self.http.post("/info", question).await
    }

    /// The perpetuals.
    ///
    /// # Errors
    /// When the venue gives no answer that can be read; so for all below.
    pub async fn meta(&self) -> Result<Meta, HttpError> {
        self.ask(&json!({"type": "meta"})).await
    }

    /// The spot pairs.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn spot_meta(&self) -> Result<SpotMeta, HttpError> {
        self.ask(&json!({"type": "spotMeta"})).await
    }

    /// The perpetuals, and for each its mark, oracle and funding.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn meta_and_asset_ctxs(&self) -> Result<(Meta, Vec<AssetContext>), HttpError> {
        self.ask(&json!({"type": "metaAndAssetCtxs"})).await
    }

    /// The mid of every coin.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn all_mids(&self) -> Result<BTreeMap<String, Price>, HttpError> {
        self.ask(&json!({"type": "allMids"})).await
    }

    /// The displayed orders of a coin, 20 levels a side.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn l2_book(&self, coin: &str) -> Result<L2Book, HttpError> {
        self.ask(&json!({"type": "l2Book", "coin": coin})).await
    }

    /// Positions and margin of an account.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn clearinghouse_state(&self, user: Address) -> Result<ClearinghouseState, HttpError> {
        self.ask(&json!({"type": "clearinghouseState", "user": user})).await
    }

    /// Spot balances of an account.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn spot_state(&self, user: Address) -> Result<SpotState, HttpError> {
        self.ask(&json!({"type": "spotClearinghouseState", "user": user})).await
    }

    /// Open orders of an account, triggers included.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn open_orders(&self, user: Address) -> Result<Vec<OpenOrder>, HttpError> {
        self.ask(&json!({"type": "frontendOpenOrders", "user": user})).await
    }

    /// One order of an account, by the venue's id or the caller's.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn order_status(
        &self,
        user: Address,
        order: super::action::OrderRef,
    ) -> Result<OrderStatusAnswer, HttpError> {
        self.ask(&json!({"type": "orderStatus", "user": user, "oid": order})).await
    }

    /// Fills of an account from one time to another, both included, Unix milliseconds, oldest first; at most
    /// 2000 an answer.
    ///
    /// # Errors
    /// As [`Self::meta`].
    pub async fn fills_by_time(
        &self,
        user: Address,
        from_ms: u64,
        to_ms: Option<u64>,
    ) -> Result<Vec<UserFill>, HttpError> {
        let mut question = json!({"type": "userFillsByTime", "user": user, "startTime": from_ms});
        if let Some(to_ms) = to_ms {
            question["endTime"] = to_ms.into();
        }
        self.ask(&question).await
    }
}

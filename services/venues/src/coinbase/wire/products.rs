//! Products, books, accounts: what REST tells about markets and the account.

use reprise_model::{Cash, Price, Qty};
use serde::{Deserialize, Serialize};

use crate::lenient;

/// Answer of `GET /products` and `GET /market/products`.
#[derive(Debug, Clone, Deserialize)]
pub struct ProductList {
    /// The products.
    pub products: Vec<Product>,
}

/// What can be traded. The fields that decide whether and how it can be.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// Its name, such as `BTC-USD`.
    pub product_id: String,
    /// `SPOT`, `FUTURE`, or a later kind.
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_type: String,
    /// What is bought and sold.
    #[serde(default, deserialize_with = "lenient::text")]
    pub base_currency_id: String,
    /// What it is paid in.
    #[serde(default, deserialize_with = "lenient::text")]
    pub quote_currency_id: String,
    /// Sizes are multiples of this.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub base_increment: Option<Qty>,
    /// Amounts of quote are multiples of this.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub quote_increment: Option<Price>,
    /// Prices are multiples of this.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub price_increment: Option<Price>,
    /// The least size.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub base_min_size: Option<Qty>,
    /// The greatest size.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub base_max_size: Option<Qty>,
    /// The least value, in quote.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub quote_min_size: Option<Cash>,
    /// The last price.
    #[serde(default, deserialize_with = "lenient::or_empty")]
    pub price: Option<Price>,
    /// `online`, or why not.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: String,
    /// The product whose book it shares: `BTC-USD` for `BTC-USDC`; empty for a product with a book of its own.
    #[serde(default, deserialize_with = "lenient::text")]
    pub alias: String,
    /// The products that share its book.
    #[serde(default)]
    pub alias_to: Vec<String>,
    /// Not listed any more.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_disabled: bool,
    /// Not traded now.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub trading_disabled: bool,
    /// Orders can only be canceled.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub cancel_only: bool,
    /// Only limit orders are taken.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub limit_only: bool,
    /// Only post-only orders are taken.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub post_only: bool,
    /// In an auction.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub auction_mode: bool,
    /// May be looked at and not traded.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub view_only: bool,
}

impl Product {
    /// The name under which market channels report it: a product that shares another's book comes back as
    /// that one.
    #[must_use]
    pub fn market_name(&self) -> &str {
        if self.alias.is_empty() { &self.product_id } else { &self.alias }
    }

    /// True when orders of every kind are taken now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let restricted = self.is_disabled
            || self.trading_disabled
            || self.cancel_only
            || self.limit_only
            || self.post_only
            || self.auction_mode
            || self.view_only;
        !restricted && (self.status.is_empty() || self.status.eq_ignore_ascii_case("online"))
    }
}

/// Answer of `GET /product_book` and `GET /market/product_book`.
#[derive(Debug, Clone, Deserialize)]
pub struct BookAnswer {
    /// The book.
    pub pricebook: ProductBook,
}

/// The displayed orders of a product.
#[derive(Debug, Clone, Deserialize)]
pub struct ProductBook {
    /// Of which product.
    pub product_id: String,
    /// Buyers, best first.
    pub bids: Vec<BookLevel>,
    /// Sellers, best first.
    pub asks: Vec<BookLevel>,
    /// The venue's time.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time: String,
}

/// A price and what is displayed at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLevel {
    /// In quote units.
    pub price: Price,
    /// In base units.
    pub size: Qty,
}

/// Answer of `GET /time`.
#[derive(Debug, Clone, Deserialize)]
pub struct ServerTime {
    /// As text.
    pub iso: String,
    /// Unix milliseconds.
    #[serde(rename = "epochMillis", deserialize_with = "lenient::whole")]
    pub epoch_ms: u64,
}

/// An amount of one currency.
#[derive(Debug, Clone, Deserialize)]
pub struct Amount {
    /// How much.
    pub value: Cash,
    /// Of what.
    pub currency: String,
}

/// What the account has of one currency.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// The venue's id of it.
    pub uuid: String,
    /// Of what.
    pub currency: String,
    /// What is free.
    pub available_balance: Amount,
    /// What open orders hold.
    pub hold: Option<Amount>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub active: bool,
    /// Whether it can be used now.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub ready: bool,
}

/// Answer of `GET /accounts`, a page.
#[derive(Debug, Clone, Deserialize)]
pub struct AccountList {
    /// The accounts of this page.
    pub accounts: Vec<Account>,
    /// Whether there is another page.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub has_next: bool,
    /// What to ask for it with.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cursor: String,
}

/// Answer of `GET /key_permissions`.
#[derive(Debug, Clone, Deserialize)]
pub struct KeyPermissions {
    /// The key may read.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub can_view: bool,
    /// The key may trade.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub can_trade: bool,
    /// The key may move money out: a trading engine's should not.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub can_transfer: bool,
    /// The portfolio that the key acts in.
    #[serde(default, deserialize_with = "lenient::text")]
    pub portfolio_uuid: String,
    /// That portfolio's kind.
    #[serde(default, deserialize_with = "lenient::text")]
    pub portfolio_type: String,
}

//! The public REST endpoints: no key is needed, and none is sent.

use super::REST_PREFIX;
use super::wire::{BookAnswer, Product, ProductBook, ProductList, ServerTime};
use crate::http::{Http, HttpError};

/// A client of the public endpoints.
#[derive(Debug, Clone)]
pub struct PublicRest {
    http: Http,
}

impl PublicRest {
    /// A client of the venue behind `http`, whose base is [`super::REST_URL`] or a test's.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// All products, those that share another's book included.
    ///
    /// # Errors
    /// When the venue gives no list.
    pub async fn products(&self) -> Result<Vec<Product>, HttpError> {
        let path = format!("{REST_PREFIX}/market/products?get_all_products=true");
        self.http.get::<ProductList>(&path).await.map(|list| list.products)
    }

    /// One product.
    ///
    /// # Errors
    /// When the venue does not know it or does not answer.
    pub async fn product(&self, product_id: &str) -> Result<Product, HttpError> {
        self.http.get(&format!("{REST_PREFIX}/market/products/{product_id}")).await
    }

    /// The displayed orders of a product, at most `limit` levels a side.
    ///
    /// # Errors
    /// When the venue does not know it or does not answer.
    pub async fn book(&self, product_id: &str, limit: u32) -> Result<ProductBook, HttpError> {
        let path = format!("{REST_PREFIX}/market/product_book?product_id={product_id}&limit={limit}");
        self.http.get::<BookAnswer>(&path).await.map(|answer| answer.pricebook)
    }

    /// The venue's time.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn time(&self) -> Result<ServerTime, HttpError> {
        self.http.get(&format!("{REST_PREFIX}/time")).await
    }
}

//! Who is let in, and what is told of markets and accounts.

use reprise_venues::coinbase::PublicRest;
use reprise_venues::coinbase::auth::ApiKey;
use reprise_venues::http::Http;
use serde_json::json;

use super::support::{API, DEADLINE, Venue, key, now_s};
use crate::recording::{busy, still};

/// Breaks when somebody is let in with a token that the venue refuses, or kept out with a good one.
#[tokio::test]
async fn tokens_are_checked() {
    let venue = Venue::of(&still());
    let client = venue.client("checked").await;
    let (host, path) = (venue.host(), format!("{API}/accounts"));
    let token = |key: &ApiKey, method, host: &str, path: &str, at: u64| {
        key.rest_token(method, host, path, at, "nonce").unwrap().as_str().to_owned()
    };
    let good = token(&client.key, "GET", &host, &path, now_s());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let rows = [
        (good.clone(), 200, "as it should be"),
        (
            token(&key("unknown", 9), "GET", &host, &path, now_s()),
            200,
            "a key whose signature is not checked",
        ),
        (token(&key("checked", 9), "GET", &host, &path, now_s()), 401, "another key of the same name"),
        (token(&client.key, "POST", &host, &path, now_s()), 401, "another method"),
        (token(&client.key, "GET", "api.coinbase.com", &path, now_s()), 401, "another host"),
        (token(&client.key, "GET", &host, "/api/v3/brokerage/orders", now_s()), 401, "another path"),
        (token(&client.key, "GET", &host, &path, now_s() - 300), 401, "expired"),
        (token(&client.key, "GET", &host, &path, now_s() + 300), 401, "from the future"),
        (format!("{signed}.{}", signature.to_ascii_lowercase()), 401, "a broken signature"),
        ("nonsense".to_owned(), 401, "no token"),
        (String::new(), 401, "none at all"),
    ];
    for (token, expected, what) in rows {
        let (status, body) = client.send(reqwest::Method::GET, "/accounts", &token, None).await.unwrap();
        assert_eq!(status, expected, "{what}: {body}");
    }
}

/// Breaks when what our own client reads at the venue is not told.
#[tokio::test]
async fn our_client_reads_the_answers() {
    let venue = Venue::of(&still());
    venue.client("someone").await;
    let rest = PublicRest::new(Http::new(&format!("http://{}", venue.host()), DEADLINE).unwrap());
    let products = rest.products().await.unwrap();
    assert_eq!(products.len(), 1);
    assert_eq!((products[0].product_id.as_str(), products[0].is_open()), ("BTC-USD", true));
    assert_eq!(rest.product("BTC-USD").await.unwrap().quote_increment, "0.01".parse().ok());
    let book = rest.book("BTC-USD", 10).await.unwrap();
    assert_eq!(
        (book.bids[0].price, book.asks[0].price),
        ("97000".parse().unwrap(), "97010".parse().unwrap())
    );
    let time = rest.time().await.unwrap();
    assert!(time.epoch_ms.abs_diff(now_s() * 1_000) < 5_000);
}

/// Breaks when a question has another status, or an answer lacks what it is asked for.
#[tokio::test]
async fn questions_have_answers() {
    let venue = Venue::of(&busy());
    let client = venue.client("someone").await;
    let rows = [
        ("/products", 200, "/products/0/product_id", json!("BTC-USD")),
        ("/products?product_ids=NONE", 200, "/num_products", json!(0)),
        ("/products?product_type=FUTURE", 200, "/num_products", json!(0)),
        ("/products/BTC-USD", 200, "/quote_increment", json!("0.01")),
        ("/products/NONE", 404, "/error", json!("NOT_FOUND")),
        ("/products/BTC-USD/candles?granularity=ONE_MINUTE", 200, "/candles/0/low", json!("97000")),
        ("/products/BTC-USD/candles?granularity=ONE_WEEK", 400, "/error", json!("INVALID_ARGUMENT")),
        ("/products/BTC-USD/candles?start=5&end=6", 200, "/candles", json!([])),
        // Who sold, met a buyer: the maker's side is told.
        ("/products/BTC-USD/ticker?limit=1", 200, "/trades/0/side", json!("BUY")),
        ("/product_book?product_id=BTC-USD&limit=1", 200, "/pricebook/bids/0/price", json!("97000")),
        ("/product_book", 400, "/error", json!("INVALID_ARGUMENT")),
        ("/best_bid_ask?product_ids=BTC-USD", 200, "/pricebooks/0/product_id", json!("BTC-USD")),
        ("/market/products/BTC-USD", 200, "/base_increment", json!("0.00000001")),
        ("/time", 200, "/nothing", json!(null)),
        ("/key_permissions", 200, "/can_trade", json!(true)),
        ("/transaction_summary", 200, "/fee_tier/taker_fee_rate", json!("0.006")),
        ("/portfolios", 200, "/portfolios/0/type", json!("DEFAULT")),
        ("/accounts?limit=1", 200, "/accounts/0/currency", json!("BTC")),
        ("/accounts?limit=1&cursor=1", 200, "/accounts/0/currency", json!("ETH")),
        ("/accounts/none", 404, "/error", json!("NOT_FOUND")),
        ("/orders/historical/none", 404, "/error", json!("NOT_FOUND")),
        ("/orders/historical/batch?limit=x", 400, "/error", json!("INVALID_ARGUMENT")),
        ("/orders/historical/batch", 200, "/has_next", json!(false)),
        ("/unheard_of", 404, "/error", json!("NOT_FOUND")),
    ];
    for (path, expected, pointer, value) in rows {
        let (status, body) = client.get(path).await;
        assert_eq!(status, expected, "{path}: {body}");
        assert_eq!(body.pointer(pointer).cloned().unwrap_or_default(), value, "{path}: {body}");
    }
    let uuid = client.get("/accounts").await.1["accounts"][0]["uuid"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/accounts/{uuid}")).await.1["account"]["currency"], "BTC");
    let public = client.send(reqwest::Method::GET, "/market/products", "", None).await.unwrap();
    assert_eq!((public.0, &public.1["num_products"]), (200, &json!(1)));
}

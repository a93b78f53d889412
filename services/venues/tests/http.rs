//! The HTTP client against a server that answers what it is told.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use std::time::Duration;

use reprise_model::Rate;
use reprise_venues::Fees;
use reprise_venues::coinbase::PublicRest;
use reprise_venues::http::{Http, HttpError};
use reprise_venues::hyperliquid::{InfoRest, Universe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every connection with the same bytes and gives the requests that came; `None` never answers.
async fn server(answer: Option<&str>) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let answer = answer.map(str::to_owned);
    let task = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            if let Some(answer) = &answer {
                let _ = stream.write_all(answer.as_bytes()).await;
            } else {
                open.push(stream);
            }
        }
    });
    (base, task)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
}

async fn ask(answer: Option<&str>) -> Result<serde_json::Value, HttpError> {
    let (base, task) = server(answer).await;
    let http = Http::new(&base, Duration::from_millis(if answer.is_some() { 5_000 } else { 100 })).unwrap();
    let got = http.get("/x").await;
    task.abort();
    got
}

/// Breaks when a venue's refusal is taken for an answer, or what it asks for is lost.
#[tokio::test]
async fn refusals_say_what_they_are() {
    assert_eq!(ask(Some(&http("200 OK", "", "[1]"))).await.unwrap(), serde_json::json!([1]));
    let limited = ask(Some(&http("429 Too Many Requests", "retry-after: 7\r\n", "{}"))).await.unwrap_err();
    assert!(matches!(limited, HttpError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 7));
    assert!(limited.to_string().ends_with("asks to wait 7 s") && limited.is_transient(), "{limited}");
    let silent = ask(Some(&http("429 Too Many Requests", "", "null"))).await.unwrap_err();
    assert!(matches!(silent, HttpError::RateLimited { retry_after: None, .. }), "{silent}");
    for (status, number, is_transient) in [("503 Gone", 503, true), ("404 Not Found", 404, false)] {
        let error = ask(Some(&http(status, "", "no such thing"))).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient);
        assert!(
            matches!(&error, HttpError::Status { status, said, .. } if *status == number && said == "no such thing")
        );
    }
    let broken = ask(Some(&http("200 OK", "", "[1"))).await.unwrap_err();
    assert!(matches!(broken, HttpError::Unreadable { .. }) && !broken.is_transient(), "{broken}");
    let cut = ask(Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1")).await.unwrap_err();
    assert!(matches!(cut, HttpError::Unreachable { .. }), "{cut}");
    let late = ask(None).await.unwrap_err();
    assert!(matches!(late, HttpError::TimedOut { .. }) && late.to_string().contains("127.0.0.1"), "{late}");
}

fn fees() -> Fees {
    Fees { maker: Rate::parse("0.0001").unwrap(), taker: Rate::parse("0.0005").unwrap() }
}

/// Breaks when a product's rules, or the name under which its market is shown, are read wrong.
#[tokio::test]
async fn products_become_instruments() {
    let body = r#"{"products":[
        {"product_id":"BTC-USD","product_type":"SPOT","base_currency_id":"BTC","quote_currency_id":"USD",
         "base_increment":"0.00000001","quote_increment":"0.01","price_increment":"0.01","quote_min_size":"1",
         "price":"97012.34","status":"online","alias":"","alias_to":["BTC-USDC"],"new_field":{"x":[1]}},
        {"product_id":"BTC-USDC","product_type":"SPOT","base_currency_id":"BTC","quote_currency_id":"USDC",
         "base_increment":"0.00000001","quote_increment":"0.01","quote_min_size":"1","price":"",
         "status":"online","alias":"BTC-USD","alias_to":[],"view_only":"true"},
        {"product_id":"BIT-28NOV25-CDE","product_type":"FUTURE","base_increment":"1","price_increment":"5"},
        {"product_id":"ODD-USD","product_type":"SPOT","base_increment":""}],"num_products":4}"#;
    let (base, task) = server(Some(&http("200 OK", "", body))).await;
    let rest = PublicRest::new(Http::new(&base, Duration::from_secs(5)).unwrap());
    let products = rest.products().await.unwrap();
    task.abort();
    let [bitcoin, alias, future, odd] = products.as_slice() else { unreachable!("four products") };
    let definition = bitcoin.definition(fees()).unwrap();
    assert_eq!(definition.instrument.as_str(), "BTC-USD.COINBASE");
    assert_eq!((definition.base.as_str(), definition.quote.as_str()), ("BTC", "USD"));
    assert_eq!(
        (definition.tick.to_string().as_str(), definition.lot.to_string().as_str()),
        ("0.01", "0.00000001")
    );
    assert_eq!((definition.min_notional.to_string().as_str(), definition.taker_fee), ("1", fees().taker));
    assert_eq!((bitcoin.market_name(), bitcoin.is_open()), ("BTC-USD", true));
    assert_eq!((alias.market_name(), alias.is_open()), ("BTC-USD", false));
    assert_eq!(alias.definition(fees()).unwrap().instrument.as_str(), "BTC-USDC.COINBASE");
    assert!(future.definition(fees()).unwrap_err().to_string().contains("FUTURE"));
    let missing = odd.definition(fees()).unwrap_err().to_string();
    assert!(missing.contains("ODD-USD") && missing.contains("price increment"), "{missing}");
}

/// Breaks when a coin's rules or the number that orders carry are read wrong.
#[tokio::test]
async fn coins_become_instruments() {
    let meta = r#"{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40,"marginTableId":56},
        {"szDecimals":1,"name":"OLD","maxLeverage":3,"isDelisted":true},
        {"szDecimals":0,"name":"kPEPE","maxLeverage":10}],"marginTables":[]}"#;
    let spot = r#"{"universe":[{"tokens":[1,0],"name":"PURR/USDC","index":0,"isCanonical":true},
        {"tokens":[9,0],"name":"@107","index":107,"isCanonical":false}],
        "tokens":[{"name":"USDC","szDecimals":8,"index":0,"tokenId":"0x0"},{"name":"PURR","szDecimals":0,"index":1}]}"#;
    let (base, task) = server(Some(&http("200 OK", "", meta))).await;
    let perpetuals = InfoRest::new(Http::new(&base, Duration::from_secs(5)).unwrap()).meta().await.unwrap();
    task.abort();
    let spot = serde_json::from_str(spot).unwrap();
    let (universe, left_out) = Universe::new(&perpetuals, Some(&spot), fees(), fees());
    let rows: Vec<_> = universe
        .iter()
        .map(|(coin, listed)| {
            let d = &listed.definition;
            let maintenance = d.maintenance_margin.map_or(String::new(), |margin| margin.to_string());
            (coin, listed.asset, d.instrument.to_string(), d.tick.to_string(), d.lot.to_string(), maintenance)
        })
        .collect();
    let row = |coin, asset, id: &str, tick: &str, lot: &str, margin: &str| {
        (coin, asset, id.to_owned(), tick.to_owned(), lot.to_owned(), margin.to_owned())
    };
    assert_eq!(
        rows,
        [
            row("BTC", 0, "BTC-PERP.HYPERLIQUID", "0.1", "0.00001", "0.0125"),
            row("PURR/USDC", 10_000, "PURR/USDC.HYPERLIQUID", "0.00000001", "1", ""),
            row("kPEPE", 2, "kPEPE-PERP.HYPERLIQUID", "0.000001", "1", "0.05"),
        ]
    );
    let id = "kPEPE-PERP.HYPERLIQUID".parse().unwrap();
    assert_eq!(universe.instrument(&id).and_then(|listed| universe.name(listed.asset)), Some("kPEPE"));
    assert_eq!(left_out.len(), 1);
    assert!(left_out[0].to_string().contains("@107"), "{}", left_out[0]);
}

//! Whatever comes in over the wire or out of a file of secrets: an error, never a panic.

use proptest::prelude::*;
use reprise_venues::coinbase::auth::{ApiKey, PublicKey, verify};
use reprise_venues::coinbase::time;
use reprise_venues::coinbase::wire as coinbase;
use reprise_venues::hyperliquid::action::{Action, ExchangeRequest};
use reprise_venues::hyperliquid::sign::{Scope, Signature, Value, recover_l1};
use reprise_venues::hyperliquid::wire as hyperliquid;

/// Pieces of what is expected, cut and put together at random.
fn pieces() -> impl Strategy<Value = String> {
    let known = [
        "-----BEGIN EC PRIVATE KEY-----",
        "-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----",
        "-----END PUBLIC KEY-----",
        "MIGHAgEA",
        "MHcCAQEEI",
        "MC4CAQAwBQYDK2Vw",
        "\n",
        "\\n",
        ".",
        "eyJhbGciOiJFUzI1NiJ9",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"type\"",
        "\"order\"",
        "\"orders\"",
        "\"events\"",
        "\"channel\"",
        "\"method\"",
        "\"subscribe\"",
        "null",
        "1e999",
        "-0",
        "18446744073709551616",
        "\"0x\"",
        "2025-01-14T22:11:18",
        "Z",
        "é",
        "\u{0}",
        "+02:00",
    ];
    let piece = prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "\\PC{0,4}"];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Breaks when a damaged key, token or message ends the process instead of being refused.
    #[test]
    fn text_is_read_or_refused(text in pieces()) {
        let _ = ApiKey::new("name", &text);
        let _ = PublicKey::from_pem(&text);
        let _ = verify(&text, 1_763_675_591, None, |_| None);
        let _ = time::parse(&text);
        let _ = serde_json::from_str::<coinbase::Envelope<'_>>(&text);
        let _ = serde_json::from_str::<coinbase::CreateOrder>(&text);
        let _ = serde_json::from_str::<hyperliquid::Request>(&text);
        let _ = serde_json::from_str::<Action>(&text);
        let _ = serde_json::from_str::<ExchangeRequest<'_>>(&text);
        if let Ok(value) = Value::parse(&text) {
            prop_assert!(!value.to_msgpack().is_empty());
            let again = serde_json::to_string(&value).ok().and_then(|text| Value::parse(&text).ok());
            prop_assert_eq!(again, Some(value));
        }
    }

    /// Breaks when a damaged DER structure or signature ends the process instead of being refused.
    #[test]
    fn bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..90), v in any::<u8>()) {
        use base64::Engine;
        let packed = base64::engine::general_purpose::STANDARD.encode(&bytes);
        for label in ["EC PRIVATE KEY", "PRIVATE KEY", "PUBLIC KEY"] {
            let pem = format!("-----BEGIN {label}-----\n{packed}\n-----END {label}-----");
            prop_assert!(ApiKey::new("name", &pem).is_err());
            let _ = PublicKey::from_pem(&pem);
        }
        let half = |from: usize| std::array::from_fn(|i| bytes.get(from + i).copied().unwrap_or_default());
        let signature = Signature { r: half(0), s: half(32), v };
        let network = reprise_venues::hyperliquid::sign::Network::Mainnet;
        let _ = recover_l1(&signature, &Value::Nil, &Scope::new(1), network);
    }
}

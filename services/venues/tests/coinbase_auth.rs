//! Coinbase's keys in every form they come in, and the tokens made with them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reprise_venues::coinbase::auth::{ApiKey, KeyError, PublicKey, TokenError, fresh_nonce, uri, verify};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

const NAME: &str = "organizations/o/apiKeys/k";
const NOW: u64 = 1_763_675_591;

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A key's forms (secret), and its public part in PEM.
struct Forms {
    secrets: Vec<(&'static str, String)>,
    public: String,
    without_public_part: Option<String>,
}

fn p256() -> Forms {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pkcs8 = pkcs8.as_ref();
    // The private key is the 32 bytes behind `04 20`, the public one the last 65.
    let at = pkcs8.windows(2).position(|two| two == [0x04, 0x20]).unwrap() + 2;
    let (private, public) = (&pkcs8[at..at + 32], &pkcs8[pkcs8.len() - 65..]);
    let curve = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let head = [&[0x02, 0x01, 0x01, 0x04, 0x20], private, &curve].concat();
    let sec1 = [&[0x30, 0x77], &head[..], &[0xa1, 0x44, 0x03, 0x42, 0x00], public].concat();
    let bare = [&[0x30, 0x31], &head[..]].concat();
    let algorithm =
        [&[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], &curve[2..]]
            .concat();
    let spki = [&algorithm[..], &[0x03, 0x42, 0x00], public].concat();
    let sec1_pem = pem("EC PRIVATE KEY", &sec1);
    Forms {
        secrets: vec![
            ("SEC1", sec1_pem.clone()),
            ("SEC1 in one line", sec1_pem.replace('\n', "\\n")),
            ("SEC1 behind the curve", format!("{}{sec1_pem}", pem("EC PARAMETERS", &curve[2..]))),
            ("PKCS8", pem("PRIVATE KEY", pkcs8)),
        ],
        public: pem("PUBLIC KEY", &spki),
        without_public_part: Some(pem("EC PRIVATE KEY", &bare)),
    }
}

fn ed25519() -> Forms {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let at = pkcs8.as_ref().windows(4).position(|four| four == [0x04, 0x22, 0x04, 0x20]).unwrap() + 4;
    let seed = &pkcs8.as_ref()[at..at + 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    let public = pair.public_key().as_ref();
    let oid = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    let first_version = [&[0x30, 0x2e, 0x02, 0x01, 0x00], &oid[..], &[0x04, 0x22, 0x04, 0x20], seed].concat();
    let spki = [&[0x30, 0x2a], &oid[..], &[0x03, 0x21, 0x00], public].concat();
    Forms {
        secrets: vec![
            ("PKCS8", pem("PRIVATE KEY", pkcs8.as_ref())),
            ("PKCS8 of the first version", pem("PRIVATE KEY", &first_version)),
            ("64 bytes", STANDARD.encode([seed, public].concat())),
            ("32 bytes", STANDARD.encode(seed)),
        ],
        public: pem("PUBLIC KEY", &spki),
        without_public_part: None,
    }
}

/// Breaks when a key in one of the forms in which the venue hands it out does not sign.
#[test]
fn every_form_of_a_key_signs() {
    for (algorithm, forms) in [("ES256", p256()), ("EdDSA", ed25519())] {
        let public = PublicKey::from_pem(&forms.public).unwrap();
        for (form, secret) in &forms.secrets {
            let key =
                ApiKey::new(NAME, secret).unwrap_or_else(|error| unreachable!("{algorithm} {form}: {error}"));
            assert_eq!(key.public_key(), public, "{algorithm} {form}");
            let token =
                key.rest_token("get", "api.coinbase.com", "/api/v3/brokerage/orders", NOW, "n1").unwrap();
            let (header, _) = token.as_str().split_once('.').unwrap();
            let header: serde_json::Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
            assert_eq!(
                header,
                serde_json::json!({"alg": algorithm, "kid": NAME, "nonce": "n1", "typ": "JWT"})
            );
            let wanted = "GET api.coinbase.com/api/v3/brokerage/orders";
            let claims = verify(token.as_str(), NOW, Some(wanted), |name| {
                assert_eq!(name, NAME);
                Some(public.clone())
            });
            let claims = claims.unwrap();
            assert_eq!((claims.nbf, claims.exp, claims.iss.as_str()), (NOW, NOW + 120, "cdp"));
            assert_eq!(claims.uri.as_deref(), Some(wanted));
        }
        if let Some(bare) = forms.without_public_part {
            let error = ApiKey::new(NAME, &bare).unwrap_err();
            assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
        }
    }
}

/// Breaks when a token that the venue would refuse is taken.
#[test]
fn tokens_are_checked() {
    let (ours, other) = (p256(), ed25519());
    let key = ApiKey::new(NAME, &ours.secrets[0].1).unwrap();
    let public = |forms: &Forms| PublicKey::from_pem(&forms.public).ok();
    let rest = key.rest_token("POST", "localhost:8080", "/x", NOW, "n").unwrap();
    let socket = key.socket_token(NOW, "n").unwrap();
    let place = uri("POST", "localhost:8080", "/x");
    let check = |token: &str, now, uri: Option<&str>, forms: &Forms| {
        verify(token, now, uri, |_| public(forms)).map(|claims| claims.sub)
    };
    assert_eq!(check(rest.as_str(), NOW, Some(&place), &ours), Ok(NAME.to_owned()));
    assert_eq!(check(socket.as_str(), NOW + 120, None, &ours), Ok(NAME.to_owned()));
    let is_claim = |result| matches!(result, Err(TokenError::Claim { claim: "uri", .. }));
    assert!(is_claim(check(rest.as_str(), NOW, None, &ours)));
    assert!(is_claim(check(rest.as_str(), NOW, Some("GET localhost:8080/x"), &ours)));
    assert!(is_claim(check(socket.as_str(), NOW, Some(&place), &ours)));
    for now in [NOW - 31, NOW + 151] {
        assert!(matches!(check(rest.as_str(), now, Some(&place), &ours), Err(TokenError::Time { .. })));
    }
    let wrong_key = Err(TokenError::Signature { key: NAME.to_owned() });
    assert_eq!(check(rest.as_str(), NOW, Some(&place), &other), wrong_key);
    assert_eq!(check(rest.as_str(), NOW, Some(&place), &p256()), wrong_key);
    let (message, _) = rest.as_str().rsplit_once('.').unwrap();
    let (_, signature) = socket.as_str().rsplit_once('.').unwrap();
    assert_eq!(check(&format!("{message}.{signature}"), NOW, Some(&place), &ours), wrong_key);
    assert!(
        verify(rest.as_str(), NOW, Some(&place), |_| None).is_ok(),
        "a key that is not known is not checked"
    );
    for nonsense in ["", "a", "a.b.c", "..", &rest.as_str()[1..]] {
        assert_eq!(check(nonsense, NOW, None, &ours), Err(TokenError::NotAToken), "{nonsense}");
    }
}

/// Breaks when a secret shows up in a log or in an error.
#[test]
fn secrets_are_not_printed() {
    let forms = ed25519();
    let secret = &forms.secrets[2].1;
    let key = ApiKey::new(NAME, secret).unwrap();
    let token = key.socket_token(NOW, &fresh_nonce().unwrap()).unwrap();
    assert_eq!(format!("{key:?}"), format!("ApiKey {{ name: {NAME:?}, .. }}"));
    assert_eq!(format!("{token:?}"), "Token(…)");
    let cut = &secret[..secret.len() - 8];
    for bad in [cut, "not base64!", "", &pem("RSA PRIVATE KEY", cut.as_bytes()), &pem("PRIVATE KEY", b"0")] {
        let error = ApiKey::new(NAME, bad).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains(NAME) && !said.contains(&cut[..8]), "{said}");
    }
    assert_ne!(fresh_nonce().unwrap(), fresh_nonce().unwrap());
    assert_eq!(PublicKey::from_pem(secret), Err(KeyError::NotAPublicKey));
}

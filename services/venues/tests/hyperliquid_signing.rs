//! Our signatures against those of the venue's official Python SDK (0.24.0), made from random actions and
//! published test keys: `vectors/hyperliquid_signing.json`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use reprise_venues::hyperliquid::action::{Action, ExchangeRequest, signed_body};
use reprise_venues::hyperliquid::sign::{
    Address, Network, Scope, SecretKey, Signature, UserAction, Value, connection_id, recover_l1,
    recover_user, sign_l1, sign_user,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    kind: String,
    action: Value,
    nonce: Option<u64>,
    vault_address: Option<Address>,
    expires_after: Option<u64>,
    network: Network,
    private_key: String,
    address: Address,
    msgpack: Option<String>,
    connection_id: Option<String>,
    signature: Signature,
}

impl Vector {
    fn key(&self) -> SecretKey {
        self.private_key.parse().unwrap()
    }

    fn scope(&self) -> Scope {
        Scope { nonce: self.nonce.unwrap(), vault: self.vault_address, expires_after: self.expires_after }
    }
}

fn vectors(kind: &str) -> Vec<Vector> {
    let all: Vec<Vector> = serde_json::from_str(include_str!("vectors/hyperliquid_signing.json")).unwrap();
    all.into_iter().filter(|vector| vector.kind == kind).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Breaks when an exchange action is packed, hashed or signed otherwise than the official SDK does it, so that
/// the venue refuses every order.
#[test]
fn exchange_actions_are_signed_as_the_sdk_signs_them() {
    let vectors = vectors("l1");
    assert_eq!(vectors.len(), 39);
    for vector in &vectors {
        let (name, scope) = (&vector.name, vector.scope());
        assert_eq!(Some(hex(&vector.action.to_msgpack())), vector.msgpack, "{name}");
        let id = format!("0x{}", hex(&connection_id(&vector.action, &scope)));
        assert_eq!(Some(id), vector.connection_id, "{name}");
        let signature = sign_l1(&vector.key(), &vector.action, &scope, vector.network);
        assert_eq!(signature, vector.signature, "{name}");
        assert_eq!(vector.key().address(), vector.address, "{name}");
    }
}

/// Breaks when the typed actions write their keys in another order than the one that is signed.
#[test]
fn typed_actions_keep_the_order_of_keys() {
    let mut typed = 0;
    for vector in vectors("l1") {
        let json = serde_json::to_string(&vector.action).unwrap();
        let Ok(action) = serde_json::from_str::<Action>(&json) else {
            assert_eq!(vector.name, "vaultTransfer", "{json}");
            continue;
        };
        typed += 1;
        assert_eq!(Value::of(&action).unwrap(), vector.action, "{}", vector.name);
        let body = signed_body(&vector.key(), &action, &vector.scope(), vector.network).unwrap();
        let request: ExchangeRequest<'_> = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (request.scope(), request.signature),
            (vector.scope(), vector.signature),
            "{}",
            vector.name
        );
        assert_eq!(request.action.get(), json);
    }
    assert_eq!(typed, 38);
}

/// Breaks when the simulator takes an action for another wallet's, or takes one that was changed.
#[test]
fn signers_are_recovered() {
    for vector in vectors("l1") {
        let scope = vector.scope();
        let who = |action: &Value, scope: &Scope, network| {
            recover_l1(&vector.signature, action, scope, network).ok()
        };
        let signer = Some(vector.address);
        assert_eq!(who(&vector.action, &scope, vector.network), signer, "{}", vector.name);
        let other = match vector.network {
            Network::Mainnet => Network::Testnet,
            Network::Testnet => Network::Mainnet,
        };
        assert_ne!(who(&vector.action, &scope, other), signer);
        assert_ne!(who(&vector.action, &Scope { nonce: scope.nonce + 1, ..scope }, vector.network), signer);
        assert_ne!(who(&vector.action, &Scope { expires_after: Some(1), ..scope }, vector.network), signer);
        assert_ne!(
            who(&vector.action, &Scope { vault: Some(Address([7; 20])), ..scope }, vector.network),
            signer
        );
        let Value::Map(mut entries) = vector.action.clone() else { unreachable!() };
        entries.push(("extra".to_owned(), Value::Nil));
        assert_ne!(who(&Value::Map(entries), &scope, vector.network), signer);
    }
}

/// Breaks when an action that moves money or names an agent is signed otherwise than the official SDK does it.
#[test]
fn user_actions_are_signed_as_the_sdk_signs_them() {
    let vectors = vectors("user");
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let kind = UserAction::of_type(vector.name.trim_end_matches("Unnamed")).unwrap();
        let signature = sign_user(&vector.key(), &vector.action, kind).unwrap();
        assert_eq!(signature, vector.signature, "{}", vector.name);
        assert_eq!(recover_user(&signature, &vector.action, kind).unwrap(), vector.address);
        let Value::Map(mut entries) = vector.action else { unreachable!() };
        entries.retain(|(key, _)| key != "agentName");
        let without = Value::Map(entries.clone());
        let same = recover_user(&signature, &without, kind).is_ok_and(|signer| signer == vector.address);
        assert_eq!(same, vector.name != "approveAgent", "an agent without a name is one with an empty name");
        entries.retain(|(key, _)| key != "signatureChainId");
        assert!(sign_user(&vector.private_key.parse().unwrap(), &Value::Map(entries), kind).is_err());
    }
}

/// Breaks when a private key shows up in a log.
#[test]
fn keys_are_not_printed() {
    let key: SecretKey = format!("0x{}01", "00".repeat(31)).parse().unwrap();
    assert_eq!(format!("{key:?}"), "SecretKey(of 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf)");
    for bad in ["", "0x", "0x00", "zz", &"0".repeat(64), &"f".repeat(64)] {
        let refused = bad.parse::<SecretKey>().unwrap_err().to_string();
        assert!(bad.len() < 3 || !refused.contains(bad), "{refused}");
    }
}

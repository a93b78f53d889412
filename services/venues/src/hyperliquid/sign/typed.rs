//! EIP-712: what exactly is hashed and signed.
//!
//! Source: eips.ethereum.org/EIPS/eip-712; the venue's types as its official SDK has them.

use super::key::{Address, keccak};
use super::{Network, SignError, Value};

const DOMAIN_TYPE: &[u8] =
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const AGENT_TYPE: &[u8] = b"Agent(string source,bytes32 connectionId)";
/// Exchange actions are signed for a chain of their own, whatever the network.
const EXCHANGE_CHAIN: u64 = 1337;

fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

fn address_word(address: Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    word
}

fn domain(name: &[u8], chain: u64) -> [u8; 32] {
    // The verifying contract is the zero address, the version 1.
    keccak(&[keccak(DOMAIN_TYPE), keccak(name), keccak(b"1"), word(chain), word(0)].concat())
}

fn digest(domain: [u8; 32], structure: &[[u8; 32]]) -> [u8; 32] {
    keccak(&[&[0x19, 0x01], &domain[..], &keccak(&structure.concat())].concat())
}

/// The hash that is signed for an exchange action.
pub(super) fn agent_digest(connection_id: [u8; 32], network: Network) -> [u8; 32] {
    let source = keccak(network.source());
    digest(domain(b"Exchange", EXCHANGE_CHAIN), &[keccak(AGENT_TYPE), source, connection_id])
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Truth,
    Wallet,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "uint64",
            Self::Truth => "bool",
            Self::Wallet => "address",
        }
    }

    fn encode(self, value: &Value) -> Option<[u8; 32]> {
        match (self, value) {
            (Self::Text, Value::Text(text)) => Some(keccak(text.as_bytes())),
            (Self::Number, Value::Unsigned(number)) => Some(word(*number)),
            (Self::Truth, Value::Bool(truth)) => Some(word(u64::from(*truth))),
            (Self::Wallet, Value::Text(text)) => text.parse().ok().map(address_word),
            _ => None,
        }
    }
}

macro_rules! user_actions {
    ($( $(#[$doc:meta])* $variant:ident $wire:literal $name:literal [$($field:literal $kind:ident),*] ),* $(,)?) => {
        /// Actions that a wallet signs field by field, so that a person can read what is signed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum UserAction {
            $( $(#[$doc])* $variant, )*
        }

        impl UserAction {
            /// The action that `type` names.
            #[must_use]
            pub fn of_type(wire: &str) -> Option<Self> {
                match wire {
                    $( $wire => Some(Self::$variant), )*
                    _ => None,
                }
            }

            const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            const fn fields(self) -> &'static [(&'static str, Kind)] {
                match self { $( Self::$variant => &[("hyperliquidChain", Kind::Text), $(($field, Kind::$kind)),*], )* }
            }
        }
    };
}

user_actions! {
    /// USDC of the perpetuals' account to another address.
    UsdSend "usdSend" "UsdSend" ["destination" Text, "amount" Text, "time" Number],
    /// A spot asset to another address.
    SpotSend "spotSend" "SpotSend" ["destination" Text, "token" Text, "amount" Text, "time" Number],
    /// Out of the venue.
    Withdraw "withdraw3" "Withdraw" ["destination" Text, "amount" Text, "time" Number],
    /// USDC between the spot and the perpetuals' account.
    UsdClassTransfer "usdClassTransfer" "UsdClassTransfer" ["amount" Text, "toPerp" Truth, "nonce" Number],
    /// An asset between accounts and exchanges of the venue.
    SendAsset "sendAsset" "SendAsset" [
        "destination" Text, "sourceDex" Text, "destinationDex" Text, "token" Text, "amount" Text,
        "fromSubAccount" Text, "nonce" Number
    ],
    /// Another wallet may trade for this one.
    ApproveAgent "approveAgent" "ApproveAgent" ["agentAddress" Wallet, "agentName" Text, "nonce" Number],
    /// A front end may take a fee.
    ApproveBuilderFee "approveBuilderFee" "ApproveBuilderFee" [
        "maxFeeRate" Text, "builder" Wallet, "nonce" Number
    ],
    /// Stake with a validator.
    TokenDelegate "tokenDelegate" "TokenDelegate" [
        "validator" Wallet, "wei" Number, "isUndelegate" Truth, "nonce" Number
    ],
}

/// The hash that is signed for a user's action.
pub(super) fn user_digest(action: &Value, kind: UserAction) -> Result<[u8; 32], SignError> {
    let lacks = |field| SignError::Field { action: kind.name(), field };
    let chain = action
        .get("signatureChainId")
        .and_then(Value::as_text)
        .and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok())
        .ok_or_else(|| lacks("signatureChainId"))?;
    let mut type_text = format!("HyperliquidTransaction:{}(", kind.name());
    let mut structure = vec![[0; 32]];
    // An agent without a name is signed as one with an empty name, and sent without the field.
    let unnamed = Value::Text(String::new());
    for (at, (field, of)) in kind.fields().iter().enumerate() {
        if at > 0 {
            type_text.push(',');
        }
        type_text.extend([of.name(), " ", field]);
        let value = action.get(field).or_else(|| (*field == "agentName").then_some(&unnamed));
        structure.push(value.and_then(|value| of.encode(value)).ok_or_else(|| lacks(field))?);
    }
    type_text.push(')');
    structure[0] = keccak(type_text.as_bytes());
    Ok(digest(domain(b"HyperliquidSignTransaction", chain), &structure))
}

//! Hyperliquid.

pub mod action;
mod definition;
mod rest;
pub mod rules;
pub mod sign;
pub mod wire;

pub use definition::Universe;
pub use rest::InfoRest;

use reprise_model::{IdError, InstrumentId};

/// The venue's part of an instrument's id.
pub const VENUE: &str = "HYPERLIQUID";
/// What perpetuals are margined in and most spot pairs are paid in.
pub const COLLATERAL: &str = "USDC";
/// Where `/info` and `/exchange` are.
pub const API_URL: &str = "https://api.hyperliquid.xyz";
/// The socket.
pub const WS_URL: &str = "wss://api.hyperliquid.xyz/ws";
/// Where `/info` and `/exchange` of the test network are.
pub const TESTNET_API_URL: &str = "https://api.hyperliquid-testnet.xyz";
/// The socket of the test network.
pub const TESTNET_WS_URL: &str = "wss://api.hyperliquid-testnet.xyz/ws";

/// What a perpetual's symbol ends with; the venue's own name is without it.
const PERPETUAL: &str = "-PERP";

/// True for the venue's name of a spot pair: `PURR/USDC`, `@107`.
#[must_use]
pub fn is_spot(coin: &str) -> bool {
    coin.starts_with('@') || coin.contains('/')
}

/// The id of what the venue calls a coin: `BTC` is `BTC-PERP.HYPERLIQUID`, `@107` is `@107.HYPERLIQUID`.
///
/// # Errors
/// When the name is too long or holds characters that no name has.
pub fn instrument_id(coin: &str) -> Result<InstrumentId, IdError> {
    let suffix = if is_spot(coin) { "" } else { PERPETUAL };
    format!("{coin}{suffix}.{VENUE}").parse()
}

/// The venue's name of an instrument, `None` for another venue's.
#[must_use]
pub fn coin(instrument: &InstrumentId) -> Option<&str> {
    let symbol = (instrument.venue() == VENUE).then(|| instrument.symbol())?;
    Some(symbol.strip_suffix(PERPETUAL).unwrap_or(symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an order or a subscription names another coin than the instrument it is for.
    #[test]
    fn names_go_both_ways() {
        for (name, id) in [
            ("BTC", "BTC-PERP.HYPERLIQUID"),
            ("kPEPE", "kPEPE-PERP.HYPERLIQUID"),
            ("@107", "@107.HYPERLIQUID"),
            ("PURR/USDC", "PURR/USDC.HYPERLIQUID"),
        ] {
            let instrument = instrument_id(name).unwrap();
            assert_eq!((instrument.as_str(), coin(&instrument)), (id, Some(name)));
        }
        assert_eq!(coin(&"BTC-USD.COINBASE".parse().unwrap()), None);
    }
}

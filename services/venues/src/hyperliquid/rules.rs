//! The venue's rules of numbers: what may stand on the wire, and which prices and sizes it takes.
//!
//! Source: hyperliquid.gitbook.io, "Tick and lot size": a price has at most five significant digits and at
//! most 6 (perpetuals) or 8 (spot) − szDecimals decimals; an integer is always allowed; sizes have at most
//! szDecimals decimals.

use reprise_model::{Cash, Price, Qty};

/// Decimals that a number on the wire may have.
pub const WIRE_DECIMALS: u32 = 8;
/// Significant digits that a price may have, unless it is an integer.
pub const SIGNIFICANT_DIGITS: u32 = 5;
/// The least value of an order, in USDC.
pub const MIN_NOTIONAL: i64 = 10;

/// Which of the venue's two markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Perpetual contracts.
    Perpetual,
    /// Spot pairs.
    Spot,
}

impl Market {
    /// The most decimals that a price may have.
    #[must_use]
    pub const fn price_decimals(self, size_decimals: u32) -> u32 {
        let most: u32 = match self {
            Self::Perpetual => 6,
            Self::Spot => 8,
        };
        most.saturating_sub(size_decimals)
    }

    /// Whether the venue takes a price.
    #[must_use]
    pub fn allows_price(self, price: Price, size_decimals: u32) -> bool {
        let decimals = price.decimals();
        price.is_positive()
            && (decimals == 0
                || (decimals <= self.price_decimals(size_decimals)
                    && price.significant_digits() <= SIGNIFICANT_DIGITS))
    }
}

/// Whether the venue takes a size.
#[must_use]
pub fn allows_size(size: Qty, size_decimals: u32) -> bool {
    size.is_positive() && size.decimals() <= size_decimals
}

/// Whether an order's value is at least the least one.
#[must_use]
pub fn allows_value(price: Price, size: Qty) -> bool {
    match (Cash::notional(price, size), Cash::from_int(MIN_NOTIONAL)) {
        (Ok(value), Ok(least)) => value >= least,
        _ => false,
    }
}

/// Whether a number with so many decimals may stand on the wire. Its text is the canonical one: plain digits,
/// no zeros at the end, never `-0`.
#[must_use]
pub const fn fits_wire(decimals: u32) -> bool {
    decimals <= WIRE_DECIMALS
}

/// 10^-decimals as text, from which ticks and lots are read.
pub(super) fn step(decimals: u32) -> String {
    format!("1e-{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a price that the venue takes is held back, or one that it refuses is sent.
    #[test]
    fn prices_follow_the_rule() {
        use Market::{Perpetual, Spot};
        let rows = [
            (Perpetual, 1, "1234.5", true),
            (Perpetual, 1, "1234.56", false),
            (Perpetual, 0, "0.001234", true),
            (Perpetual, 0, "0.0012345", false),
            (Perpetual, 1, "0.01234", true),
            (Perpetual, 1, "0.012345", false),
            (Perpetual, 5, "97012", true),
            (Perpetual, 5, "97012.3", false),
            (Perpetual, 5, "123456", true),
            (Perpetual, 5, "0", false),
            (Perpetual, 7, "0.1", false),
            (Spot, 0, "0.0001234", true),
            (Spot, 2, "0.000123", true),
            (Spot, 2, "0.0001234", false),
            (Spot, 8, "12345678", true),
        ];
        for (market, size_decimals, price, allowed) in rows {
            let price = Price::parse(price).unwrap();
            assert_eq!(
                market.allows_price(price, size_decimals),
                allowed,
                "{market:?} {size_decimals} {price}"
            );
        }
    }

    /// Breaks when the text of a number on the wire is not what the venue hashes, so that the signature fails.
    #[test]
    fn numbers_are_plain_text() {
        let rows = [
            ("100.0", "100", true),
            ("1e2", "100", true),
            ("0.00000001", "0.00000001", true),
            ("0.000000001", "0.000000001", false),
            ("-0", "0", true),
            ("0.10", "0.1", true),
        ];
        for (given, text, fits) in rows {
            let size = Qty::parse(given).unwrap();
            assert_eq!((size.to_string().as_str(), fits_wire(size.decimals())), (text, fits), "{given}");
        }
        assert!(allows_size(Qty::ONE, 0) && !allows_size(Qty::ZERO, 0));
        let (price, size) = (Price::parse("99.99").unwrap(), Qty::parse("0.1").unwrap());
        assert!(!allows_value(price, size) && allows_value(price, Qty::ONE));
    }
}

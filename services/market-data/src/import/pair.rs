//! What a symbol says about what is bought and what it is paid in.

use reprise_model::Asset;

/// Assets in which others are quoted. The longest one that ends a symbol is its quote.
const QUOTES: [&str; 20] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDE", "USD1", "USD", "DAI", "EUR", "GBP", "JPY", "TRY", "BRL",
    "AUD", "CHF", "CAD", "BTC", "ETH", "BNB",
];

/// Base and quote of a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub base: String,
    pub quote: String,
    /// True when the symbol does not say what it is paid in.
    pub guessed: bool,
}

impl Pair {
    /// Reads `BTC-USD`, `BTC/USD`, `BTC_USD` and `BTCUSD`, in any case. What it is paid in is taken to be
    /// USD when the symbol does not say.
    pub(crate) fn of(symbol: &str) -> Self {
        let upper = symbol.to_ascii_uppercase();
        let symbol = upper.strip_suffix("-PERP").unwrap_or(&upper);
        let mut parts = symbol.split(['-', '/', '_']).filter(|part| !part.is_empty());
        match (parts.next(), parts.next()) {
            (Some(base), Some(quote)) => Self::known(base, quote),
            (Some(joined), None) => Self::split(joined),
            _ => Self::unknown(symbol),
        }
    }

    /// Reads `BTCUSD`, where nothing stands between the two.
    fn split(joined: &str) -> Self {
        QUOTES
            .iter()
            .filter_map(|quote| joined.strip_suffix(quote).map(|base| (base, *quote)))
            .filter(|(base, _)| !base.is_empty())
            .max_by_key(|(_, quote)| quote.len())
            .map_or_else(|| Self::unknown(joined), |(base, quote)| Self::known(base, quote))
    }

    pub(crate) fn known(base: &str, quote: &str) -> Self {
        Self { base: base.to_owned(), quote: quote.to_owned(), guessed: false }
    }

    pub(crate) fn unknown(base: &str) -> Self {
        Self { base: base.to_owned(), quote: "USD".to_owned(), guessed: true }
    }

    /// The two as assets; a base that is too long for one is cut.
    pub(crate) fn assets(&self) -> Option<(Asset, Asset)> {
        let base: String = self.base.chars().take(15).collect();
        Some((base.parse().ok()?, self.quote.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when cash of the wrong asset would be spent on an instrument whose definition was inferred.
    #[test]
    fn symbols_name_two_assets() {
        for (symbol, base, quote, guessed) in [
            ("BTC-USD", "BTC", "USD", false),
            ("btc/usdt", "BTC", "USDT", false),
            ("ETH_BTC", "ETH", "BTC", false),
            ("BTCUSDT", "BTC", "USDT", false),
            ("btcusd", "BTC", "USD", false),
            ("BTCFDUSD", "BTC", "FDUSD", false),
            ("SOLETH", "SOL", "ETH", false),
            ("1000PEPEUSDT", "1000PEPE", "USDT", false),
            ("USD", "USD", "USD", true),
            ("BTC-PERP", "BTC", "USD", true),
            ("BTC-USD-PERP", "BTC", "USD", false),
            ("ACME", "ACME", "USD", true),
            ("-", "-", "USD", true),
        ] {
            let expected = Pair { base: base.to_owned(), quote: quote.to_owned(), guessed };
            assert_eq!(Pair::of(symbol), expected, "{symbol}");
            assert!(Pair::of(symbol).assets().is_some(), "{symbol}");
        }
    }
}

//! Coinbase's protocol as a client meets it.

//! The vocabulary, tested: the order life, every kind's encoding, the table of kinds, the rules of prices.

mod arbitrary;
mod encoding;
mod instruments;
mod kinds;
mod life;
mod schema;

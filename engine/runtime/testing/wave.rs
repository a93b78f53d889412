//! A wave of prices that a quick trend follower trades on, the same at every run.

/// The price, in cents, after so many steps; with some noise.
pub fn wave(n: u64) -> u64 {
    let phase = n % 60;
    10_000 + phase.min(60 - phase) * 12 + n * 7919 % 5
}

//! Real runs, watched: what is scraped and what a collector gets, against what the journal has.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test stops at the first thing that is not as expected; counts are exact in a float"
)]

mod documents;
mod scraping;
mod support;
mod traces;

//! Imports from the outside: exact events, real recordings, bad input.

mod bad_input;
mod common;
mod formats;
mod recordings;

//! Imports from the outside: exact events, real recordings, bad input.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod common;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod recordings;

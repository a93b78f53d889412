//! The journal from outside: what is written is read back, damage is found, crashes are recovered from.

mod properties;
mod recovering;
mod sealing;
mod support;
mod verifying;
mod writing;

//! The product as its users meet it: the binary, run on files in a folder of its own.

mod bad_configuration;
mod bad_input;
mod bad_journals;
mod bad_places;
mod bars;
mod configuration;
mod contract;
mod demo;
mod ema_cross;
mod forged;
mod kit;
mod market;
mod recordings;
mod same_decisions;
mod segments;

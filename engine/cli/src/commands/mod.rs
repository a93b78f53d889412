//! The commands, one file each.

pub mod alerts;
pub mod backtest;
pub mod check_config;
pub mod completions;
pub mod console;
pub mod control;
pub mod demo;
pub mod doctor;
pub mod import;
pub mod init;
pub mod journal;
pub mod live;
pub mod run;
pub mod schema;
pub mod strategies;
pub mod venue_sim;
pub mod verify;

//! Coinbase's protocol as a client meets it.

mod faults;
mod orders;
mod rest;
mod sockets;
mod support;

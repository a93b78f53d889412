//! What both venues share of the network: accepting connections, plain and over TLS; requests and frames, with
//! the faults that strike them.

pub mod http;
pub mod tls;
pub mod ws;

pub use http::{Listener, serve};
pub use ws::{Incoming, Lost, Socket, upgrade};

//! What can go wrong when the simulator starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use reprise_journal::JournalError;
use reprise_model::{InstrumentId, MoneyError};

use crate::faults::ScriptError;

/// Why the simulator does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The recording does not open or does not read.
    #[error("the recording {} cannot be played: {source}", run.display())]
    Recording {
        /// Its folder or file.
        run: PathBuf,
        /// Why.
        source: Box<JournalError>,
    },
    /// The recording holds nothing that could be shown.
    #[error(
        "the recording {} holds no market events; a backtest's journal names its inputs instead of holding \
         them, so play the recording it was made from",
        run.display()
    )]
    NoMarket {
        /// Its folder or file.
        run: PathBuf,
    },
    /// Two mappings, or a mapping and the recording, contradict each other.
    #[error("--map {from}={to}: {reason}")]
    Map {
        /// The recording's instrument.
        from: InstrumentId,
        /// What it was to become.
        to: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither venue was asked for.
    #[error("no venue to serve: give an address for Coinbase, for Hyperliquid, or for both")]
    NoVenue,
    /// A file does not read.
    #[error("{} cannot be read: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate or key is not what it should be.
    #[error("{} cannot be used for TLS: {reason}", path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The public key of an API key does not read.
    #[error("the public key of '{name}' ({}) cannot be used: {reason}", path.display())]
    CoinbaseKey {
        /// The API key's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The script of faults is wrong.
    #[error("{}: {source}", path.display())]
    Faults {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ScriptError,
    },
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The runtime or its thread does not start.
    #[error("the simulator's thread cannot start: {0}")]
    Thread(std::io::Error),
    /// A balance left the range of exact numbers.
    #[error("the opening balances are out of range: {0}")]
    Balances(#[from] MoneyError),
    /// The simulator's thread ended by a fault of its own.
    #[error("the simulator ended unexpectedly; the log says why")]
    Ended,
}

//! Why a run cannot be watched.

use std::net::SocketAddr;

/// Why a run cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The address cannot be listened on.
    #[error("metrics cannot be served on {listen}: {source}; set metrics.listen to an address that is free")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The recorder cannot be made.
    #[error("metrics cannot be kept: {0}")]
    Recorder(String),
    /// Spans cannot be sent.
    #[error("spans cannot be sent: {0}; check traces.otlp_url")]
    Exporter(String),
    /// No thread can be made.
    #[error("no thread for {what}: {source}")]
    Thread {
        /// What for.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

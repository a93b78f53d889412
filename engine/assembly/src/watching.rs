//! What a configuration says about watching a run from outside: metrics and traces. None of it decides anything.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Metrics for Prometheus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where metrics are served, such as `127.0.0.1:9464`; nowhere when not set. Port 0 takes a free one, which is
    /// logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
}

/// Traces of orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesConfig {
    /// The OTLP/HTTP collector that spans are sent to, such as `http://127.0.0.1:4318`; none when not set. It is
    /// recorded with the run, so it holds no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_url: Option<String>,
}

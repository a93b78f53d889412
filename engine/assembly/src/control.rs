//! What a configuration says about who may watch and command a run: the control API and the console.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where the control API is served when nothing else is said.
pub const CONTROL_LISTEN: &str = "127.0.0.1:9465";

/// The control API and the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlConfig {
    /// Where it is served, such as 127.0.0.1:9465; port 0 takes a free one; nowhere when empty.
    pub listen: String,
    /// An address that is not loopback may be served; reading takes the token then, too.
    pub remote: bool,
    /// Names under which browsers may ask for it, beside localhost and plain addresses.
    pub hosts: Vec<String>,
}

impl Default for ControlConfig {
    fn default() -> Self {
        Self { listen: CONTROL_LISTEN.to_owned(), remote: false, hosts: Vec::new() }
    }
}

impl ControlConfig {
    /// The address that is listened on; `None` when there is to be none, or it does not read.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// The key that makes no sense, and why.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.listen.is_empty() {
            return Ok(());
        }
        let Some(address) = self.address() else {
            let words =
                format!("'{}' is no address; write one such as {CONTROL_LISTEN}, or \"\"", self.listen);
            return Err(("listen", words));
        };
        if !address.ip().is_loopback() && !self.remote {
            let words = format!(
                "{address} can be reached by others; write a loopback address, or set control.remote"
            );
            return Err(("listen", words));
        }
        Ok(())
    }
}

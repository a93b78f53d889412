//! Loopback servers that speak the protocols of the venues.

//! Live market data: sessions with the venues, one module a venue.

mod outlet;

pub use outlet::{Closed, Outlet};

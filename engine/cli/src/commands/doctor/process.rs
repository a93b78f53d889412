//! What the system allows the process.

use super::World;
use super::row::Row;

/// Its rows.
#[cfg(unix)]
pub fn check(_: &World) -> Vec<Row> {
    use rustix::process::{Resource, getrlimit};
    const CHECK: &str = "open files";
    /// Journal, snapshots, feeds, console and their connections.
    const NEEDED: u64 = 128;
    /// With room for many listeners.
    const PLENTY: u64 = 1024;
    let allowed = getrlimit(Resource::Nofile);
    let in_words = |limit: Option<u64>| limit.map_or("any number".to_owned(), |limit| limit.to_string());
    let found = format!("{} may be open, at most {}", in_words(allowed.current), in_words(allowed.maximum));
    let remedy = "ulimit -n 4096, or LimitNOFILE= in the unit";
    vec![match allowed.current {
        Some(limit) if limit < NEEDED => Row::failed(CHECK, found, remedy),
        Some(limit) if limit < PLENTY => Row::warning(CHECK, found, remedy),
        _ => Row::ok(CHECK, found),
    }]
}

/// Its rows.
#[cfg(not(unix))]
pub fn check(_: &World) -> Vec<Row> {
    vec![Row::skipped("open files", "this system is not asked")]
}

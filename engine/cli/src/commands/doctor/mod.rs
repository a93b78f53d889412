//! `reprise doctor`: is everything there that a run needs, and what to do where it is not.
//!
//! A file a family of checks. The families run side by side, each on a thread of its own, and all of them end within
//! [`PATIENCE`]: what has not answered by then has failed. Nothing is posted, nothing is left behind, and no secret
//! is shown.

mod addresses;
mod clock;
mod configuration;
mod disk;
mod feeds;
mod keys;
mod net;
mod process;
mod row;
mod secrets_file;
mod venues;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use reprise_assembly::{Config, Registry};
use serde_json::json;

use crate::args::DoctorArgs;
use crate::environment::Environment;
use crate::exit;
use crate::output::{print_json, print_line, print_table};
use row::{Row, Verdict};

/// All of it ends within this time, although nothing answers.
const PATIENCE: Duration = Duration::from_secs(14);

/// What is checked.
struct World {
    /// `None` when it is wrong, which is a row of its own.
    config: Option<Config>,
    environment: Environment,
    /// The folder of the run, or the one that runs go to.
    folder: PathBuf,
}

/// A family of checks.
type Family = (&'static str, fn(&World) -> Vec<Row>);

/// What needs nobody else.
const AT_HOME: &[Family] = &[
    ("disk", disk::check),
    ("keys", keys::check),
    ("addresses", addresses::check),
    ("process", process::check),
    ("clock", clock::check),
];

/// What asks others.
const OUTSIDE: &[Family] =
    &[("venues", venues::check), ("feeds", feeds::check), ("webhooks", webhooks::check)];

/// Checks.
pub fn run(args: &DoctorArgs, registry: &Registry) -> Result<u8> {
    // Before any connection; where one is installed already, that one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (secrets, environment) = secrets_file::check();
    let (configuration, mut config) = configuration::check(&args.config, environment.clone(), registry);
    if let Some(config) = &mut config {
        config.venues.coinbase.official_sdk |= environment.is_on("USE_OFFICIAL_SDK");
    }
    let world = Arc::new(World { config, environment, folder: args.output.clone() });
    let families = AT_HOME.iter().chain(if args.offline { &[] } else { OUTSIDE });
    let began = Instant::now();
    let waiting = families.map(|family| begin(family, &world)).collect::<Result<Vec<_>>>()?;
    let mut rows = [configuration, secrets].concat();
    for (name, answer) in waiting {
        rows.extend(until(name, &answer, PATIENCE.saturating_sub(began.elapsed())));
    }
    if args.offline {
        rows.push(Row::skipped("venues and webhooks", "--offline: nobody outside was asked"));
    }
    print(&rows, args.json)?;
    Ok(if count(&rows, Verdict::Failed) > 0 { exit::ERROR } else { exit::DONE })
}

fn begin(family: &Family, world: &Arc<World>) -> Result<(&'static str, Receiver<Vec<Row>>)> {
    let (name, check) = *family;
    let (give, take) = mpsc::channel();
    let world = Arc::clone(world);
    let work = move || {
        // Whoever waited may have stopped.
        let _ = give.send(check(&world));
    };
    thread::Builder::new().name(name.to_owned()).spawn(work).context("no thread for a check")?;
    Ok((name, take))
}

fn until(name: &str, answer: &Receiver<Vec<Row>>, patience: Duration) -> Vec<Row> {
    answer.recv_timeout(patience).unwrap_or_else(|_| {
        let found = format!("no answer within {} s", PATIENCE.as_secs());
        vec![Row::failed(
            name,
            found,
            "something hangs: a disk, a name server, the machine; run it again with --offline",
        )]
    })
}

fn count(rows: &[Row], verdict: Verdict) -> usize {
    rows.iter().filter(|row| row.verdict == verdict).count()
}

fn print(rows: &[Row], json: bool) -> Result<()> {
    let failed = count(rows, Verdict::Failed);
    if json {
        return print_json(&json!({"healthy": failed == 0, "checks": rows}));
    }
    let cells = |row: &Row| {
        let remedy = row.remedy.as_ref().map(|remedy| format!("\n→ {remedy}")).unwrap_or_default();
        vec![row.check.clone(), row.verdict.as_str().to_owned(), format!("{}{remedy}", row.found)]
    };
    print_table(&["check", "verdict", "found"], &rows.iter().map(cells).collect::<Vec<_>>(), &[])?;
    print_line(format_args!(
        "{} ok, {} warnings, {failed} failed, {} skipped",
        count(rows, Verdict::Ok),
        count(rows, Verdict::Warning),
        count(rows, Verdict::Skipped),
    ))
}

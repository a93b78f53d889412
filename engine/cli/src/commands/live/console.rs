//! The control API and the console of a live run.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use reprise_assembly::{CONTROL_LISTEN, Config, ControlConfig};
use reprise_console::{Desk, Guard, Keeping, Live, Server, Token};
use reprise_runtime::Engine;

use crate::commands::control::TOKEN;
use crate::environment::Environment;
use crate::output::warn;

/// What watches over a run until it has ended.
pub struct Serving {
    server: Server,
    keeping: Keeping,
}

impl Serving {
    /// The run has ended.
    pub fn finish(self) {
        self.keeping.stop();
        self.server.stop();
    }
}

/// Begins to serve, where the configuration says; `None` when it says nowhere.
pub fn start(engine: &mut Engine, dir: &Path, config: &Config) -> Result<Option<Serving>> {
    let control = &config.control;
    let Some(listen) = control.address() else { return Ok(None) };
    let environment = Environment::read()?;
    let token = environment.secret(TOKEN).as_deref().and_then(Token::new);
    if token.is_none() {
        tracing::info!("no {TOKEN} is set: the run can be looked at and not be commanded over HTTP");
    }
    let run = dir.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy());
    let (live, keeping) = Live::watch(engine, &run).context("no thread for the console")?;
    let guards_reading = !listen.ip().is_loopback();
    let desk = Desk::new(live, Guard { token, hosts: control.hosts.clone(), guards_reading });
    let server = match Server::start(listen, desk) {
        Ok(server) => server,
        // Two runs on one machine, most likely, of which the other one has the usual place.
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_usual(control) => {
            keeping.stop();
            warn(format_args!(
                "{listen} is taken: this run has no console; set control.listen to another address"
            ));
            return Ok(None);
        }
        Err(error) => {
            keeping.stop();
            return Err(error)
                .with_context(|| format!("{listen}, which is control.listen, cannot be listened on"));
        }
    };
    tracing::info!(address = %server.address(), "console: http://{}/", server.address());
    Ok(Some(Serving { server, keeping }))
}

fn is_usual(control: &ControlConfig) -> bool {
    control.listen == CONTROL_LISTEN
}

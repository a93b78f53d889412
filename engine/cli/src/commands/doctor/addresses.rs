//! Are the addresses that a run listens on free, and on this machine alone.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::World;
use super::row::Row;

/// How long whoever has an address already may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// An address, and how a run would answer there.
struct Served {
    check: &'static str,
    key: &'static str,
    at: SocketAddr,
    path: &'static str,
    says: &'static str,
    /// What strangers could do there.
    open: &'static str,
}

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let Some(config) = &world.config else {
        return vec![Row::skipped("addresses", "the configuration does not say which")];
    };
    let control = config.control.address().map(|at| Served {
        check: "control address",
        key: "control.listen",
        at,
        path: "/livez",
        says: "ok",
        open: "others can reach it, and only the token keeps them from commanding the run",
    });
    let metrics = config.metrics.listen.map(|at| Served {
        check: "metrics address",
        key: "metrics.listen",
        at,
        path: "/metrics",
        says: "reprise_",
        open: "others can read positions and profit there",
    });
    let nowhere = |check| Row::skipped(check, "nothing is to be served");
    vec![
        control.map_or_else(|| nowhere("control address"), |served| served.row()),
        metrics.map_or_else(|| nowhere("metrics address"), |served| served.row()),
    ]
}

impl Served {
    fn row(&self) -> Row {
        let Self { check, key, at, .. } = self;
        match TcpListener::bind(at) {
            Ok(_) if at.ip().is_loopback() => {
                Row::ok(*check, format!("{at} is free, and on this machine alone"))
            }
            Ok(_) => Row::warning(
                *check,
                format!("{at} is free; {}", self.open),
                format!("set {key} to a loopback address"),
            ),
            Err(error) if error.kind() == ErrorKind::AddrInUse && self.is_a_run() => {
                let remedy = format!(
                    "nothing, if that is the run you mean; for a second run set {key} to another port"
                );
                Row::warning(*check, format!("{at} is taken by a run that answers"), remedy)
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                let remedy = format!(
                    "ss -ltnp 'sport = :{}' names it; end it, or set {key} to another port",
                    at.port()
                );
                Row::failed(*check, format!("{at} is taken by another program"), remedy)
            }
            Err(error) => Row::failed(
                *check,
                format!("{at} cannot be listened on: {error}"),
                format!("set {key} to 127.0.0.1 and a port above 1023"),
            ),
        }
    }

    /// True when a run answers there.
    fn is_a_run(&self) -> bool {
        let answer = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect_timeout(&self.at, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(stream, "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.path, self.at)?;
            let mut text = Vec::new();
            // The beginning says enough, and whoever sends for ever is not waited for.
            stream.take(4096).read_to_end(&mut text)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        };
        answer().is_ok_and(|text| text.starts_with("HTTP/1.1 200") && text.contains(self.says))
    }
}

//! A run under a supervisor: what a systemd unit of `Type=notify` is told, and when.
//!
//! `READY=1` once the engine answers, which it does with its journal begun and its feeds started; `WATCHDOG=1` only
//! after each look at the engine that it has answered, so that an engine that is stuck is restarted, however alive the
//! process may look; `STOPPING=1` when it ends. Without `NOTIFY_SOCKET` nobody is told anything.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use reprise_model::event::FeedState;
use reprise_runtime::{Controller, EngineView};

/// Where the supervisor listens, a path or a name that begins with `@`.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How long the supervisor waits for a sign of life, in microseconds, and which process it waits for.
const WATCHDOG_US: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";
/// How often it is looked where nobody waits for a sign of life.
const USUALLY: Duration = Duration::from_secs(5);
/// Signs of life in the time that the supervisor waits: one may be lost, and one may be late.
const SIGNS: u32 = 4;

/// Who is told, until the run is over.
pub struct Supervised {
    supervisor: Supervisor,
    ended: Sender<()>,
    looking: JoinHandle<()>,
}

impl Supervised {
    /// Begins to tell the supervisor that the environment names; `None` without one.
    pub fn start(controller: Controller) -> Result<Option<Self>> {
        let Some(supervisor) = Supervisor::of_environment()? else { return Ok(None) };
        let every = supervisor.patience.map_or(USUALLY, |patience| patience / SIGNS);
        Self::begin(supervisor, controller, every).map(Some)
    }

    fn begin(supervisor: Supervisor, controller: Controller, every: Duration) -> Result<Self> {
        let (ended, is_over) = mpsc::channel();
        let teller = supervisor.another()?;
        let look = move || watch(&teller, &controller, every, &is_over);
        let looking = thread::Builder::new().name("supervised".to_owned()).spawn(look);
        Ok(Self { supervisor, ended, looking: looking.context("no thread to tell the supervisor")? })
    }

    /// The engine has ended, and what is left takes a moment.
    pub fn finish(self) {
        drop(self.ended);
        // It looks for an instant at most.
        let _ = self.looking.join();
        self.supervisor.tell("STOPPING=1\nSTATUS=the run has ended");
    }
}

/// Looks at the engine from time to time and tells what it says, until the run is over.
fn watch(supervisor: &Supervisor, controller: &Controller, every: Duration, is_over: &Receiver<()>) {
    let mut is_ready = false;
    loop {
        // An engine that does not answer gets no sign of life.
        if let Some(seen) = controller.ask(every, Seen::of) {
            let first = if is_ready { "" } else { "READY=1\n" };
            let last = if seen.is_ending { "STOPPING=1\n" } else { "" };
            is_ready = true;
            supervisor.tell(&format!("{first}{last}WATCHDOG=1\nSTATUS={}", seen.words));
        }
        match is_over.recv_timeout(every) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What a look at the engine shows.
struct Seen {
    is_ending: bool,
    words: String,
}

impl Seen {
    fn of(view: &EngineView<'_>) -> Self {
        let mut words = format!("seq {}", view.seq);
        if let Some(core) = view.core {
            let state = core.state();
            let (mut live, mut markets) = (0, 0);
            for (_, market) in state.markets.iter() {
                markets += 1;
                live += u32::from(market.feed == Some(FeedState::Live));
            }
            let open = state.orders.open().count();
            words.push_str(&format!(
                ", {}, {live} of {markets} markets live, {open} open orders",
                state.trading()
            ));
        }
        Self { is_ending: view.is_ending, words }
    }
}

/// The other side of the socket.
#[derive(Debug)]
struct Supervisor {
    socket: UnixDatagram,
    /// How long it waits for a sign of life.
    patience: Option<Duration>,
}

impl Supervisor {
    fn of_environment() -> Result<Option<Self>> {
        let Some(name) = std::env::var_os(SOCKET).filter(|name| !name.is_empty()) else { return Ok(None) };
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number(WATCHDOG_PID).is_none_or(|pid| pid == u64::from(std::process::id()));
        let patience = number(WATCHDOG_US).filter(|us| *us > 0 && is_ours).map(Duration::from_micros);
        let socket =
            connected(&name).with_context(|| format!("the supervisor that {SOCKET} names cannot be told"))?;
        Ok(Some(Self { socket, patience }))
    }

    fn another(&self) -> Result<Self> {
        let socket = self.socket.try_clone().context("no second way to the supervisor")?;
        Ok(Self { socket, patience: self.patience })
    }

    /// Tells it. A supervisor that takes nothing ends the run by itself if it wants to.
    fn tell(&self, words: &str) {
        if let Err(error) = self.socket.send(words.as_bytes()) {
            tracing::debug!(%error, "the supervisor was not told");
        }
    }
}

fn connected(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(hidden) => SocketAddr::from_abstract_name(hidden)?,
        None => SocketAddr::from_pathname(name)?,
    };
    socket.connect_addr(&address)?;
    // A supervisor that does not read must not hold up whoever tells it.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use reprise_assembly::{Config, Registry};
    use reprise_model::event::RunMode;
    use reprise_runtime::Engine;

    use super::*;

    /// Nothing here takes as long.
    const PATIENCE: Duration = Duration::from_secs(20);
    const EVERY: Duration = Duration::from_millis(40);

    /// A supervisor's socket under a hidden name, and the way to it.
    fn supervisor() -> (UnixDatagram, Supervisor) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("reprise-supervised-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listening = UnixDatagram::bind_addr(&address).unwrap();
        listening.set_read_timeout(Some(PATIENCE)).unwrap();
        let socket = connected(OsStr::new(&format!("@{name}"))).unwrap();
        (listening, Supervisor { socket, patience: None })
    }

    fn heard(listening: &UnixDatagram) -> String {
        let mut bytes = [0; 1024];
        let length = listening.recv(&mut bytes).expect("the supervisor is told in time");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// Nothing is told for so long.
    fn is_silent(listening: &UnixDatagram, long: Duration) -> bool {
        listening.set_read_timeout(Some(long)).unwrap();
        let is_silent = listening.recv(&mut [0; 1024]).is_err();
        listening.set_read_timeout(Some(PATIENCE)).unwrap();
        is_silent
    }

    /// What was told and not read yet; the last of it.
    fn last_of(listening: &UnixDatagram) -> String {
        listening.set_nonblocking(true).unwrap();
        let (mut last, mut bytes) = (String::new(), [0; 1024]);
        while let Ok(length) = listening.recv(&mut bytes) {
            last = String::from_utf8(bytes[..length].to_vec()).unwrap();
        }
        listening.set_nonblocking(false).unwrap();
        last
    }

    /// An engine on a thread of its own, which runs when it is told to.
    fn engine(run: PathBuf) -> (Controller, Sender<()>, JoinHandle<()>) {
        let (give, take) = mpsc::channel();
        let (go, is_to_go) = mpsc::channel();
        let work = move || {
            let engine =
                Engine::create(&run, &Config::default(), &Registry::builtin(), RunMode::Paper).unwrap();
            give.send(engine.controller()).unwrap();
            is_to_go.recv_timeout(PATIENCE).unwrap();
            engine.run().unwrap();
        };
        let thread = thread::spawn(work);
        (take.recv_timeout(PATIENCE).unwrap(), go, thread)
    }

    /// Breaks when an engine that is stuck passes for one that lives, or one that goes on for one that is stuck; when
    /// it is ready before it runs; or when its end is not told.
    #[test]
    fn only_an_engine_that_answers_lives() {
        let dir = tempfile::tempdir().unwrap();
        let (controller, go, running) = engine(dir.path().join("run"));
        let (listening, supervisor) = supervisor();
        let supervised = Supervised::begin(supervisor, controller.clone(), EVERY).unwrap();
        assert!(is_silent(&listening, EVERY * 5), "an engine that does not run is not ready");

        go.send(()).unwrap();
        let first = heard(&listening);
        assert!(first.starts_with("READY=1\n") && first.contains("WATCHDOG=1"), "{first}");
        assert!(first.contains("STATUS=seq ") && first.contains("active, 0 of 0 markets live"), "{first}");
        let second = heard(&listening);
        assert!(second.starts_with("WATCHDOG=1\n"), "ready is told once: {second}");

        let (release, released) = mpsc::channel::<()>();
        let (stuck, is_stuck) = mpsc::channel();
        let stick = controller.clone();
        let look = move |_: &EngineView<'_>| {
            stuck.send(()).unwrap();
            released.recv_timeout(PATIENCE).unwrap();
        };
        let sticking = thread::spawn(move || stick.ask(PATIENCE, look));
        is_stuck.recv_timeout(PATIENCE).unwrap();
        last_of(&listening);
        assert!(is_silent(&listening, EVERY * 10), "an engine that is stuck gives no sign of life");
        release.send(()).unwrap();
        assert!(heard(&listening).contains("WATCHDOG=1"), "it goes on");

        assert!(controller.stop("the test is over"));
        running.join().unwrap();
        sticking.join().unwrap();
        supervised.finish();
        let last = last_of(&listening);
        assert!(last.starts_with("STOPPING=1\n"), "{last}");
    }
}

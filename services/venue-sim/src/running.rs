//! Starting and stopping: the thread that everything runs on, and the handle that whoever started it holds.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;

use reprise_model::InstrumentId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::error::SimError;
use crate::faults::{Faults, Kind, Script};
use crate::floor::Floor;
use crate::house::House;
use crate::net::{Listener, serve, tls};
use crate::player::Player;
use crate::settings::{Settings, Venue};
use crate::shared::{NewsDesk, Shared};
use crate::{coinbase, hyperliquid};

/// Under which name an instrument of the recording is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The recording's instrument.
    pub source: InstrumentId,
    /// Where.
    pub venue: Venue,
    /// The venue's name of it.
    pub name: String,
}

/// A simulator that runs; dropping it ends it.
#[derive(Debug)]
pub struct Running {
    /// Where Coinbase is served.
    pub coinbase: Option<SocketAddr>,
    /// Where Coinbase is served over TLS.
    pub coinbase_tls: Option<SocketAddr>,
    /// Where Hyperliquid is served.
    pub hyperliquid: Option<SocketAddr>,
    /// What is shown under which name, at the venues that are served.
    pub mappings: Vec<Shown>,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// How many times each kind of fault has struck so far.
    #[must_use]
    pub fn faults_struck(&self) -> BTreeMap<Kind, u64> {
        self.shared.faults_struck()
    }

    /// What connections hold: for looking into a running simulator.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Waits until the simulator ends, which without [`Self::stop`] it only does by a fault of its own.
    pub async fn ended(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }

    /// Ends it: connections are dropped where they stand.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the simulator's thread ended by a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread tells when it is ready.
struct Ready {
    coinbase: Option<SocketAddr>,
    coinbase_tls: Option<SocketAddr>,
    hyperliquid: Option<SocketAddr>,
    mappings: Vec<Shown>,
    shared: Shared,
}

/// Starts a simulator on a thread of its own and waits until it listens.
///
/// # Errors
/// When the recording, the script of faults, a mapping, a key, a certificate or an address is not usable.
pub fn start(settings: Settings) -> Result<Running, SimError> {
    let (tell_ready, ready) = std::sync::mpsc::sync_channel(1);
    let (stop, stopped) = oneshot::channel();
    let (tell_ended, ended) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("venue-sim".to_owned())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = tell_ready.send(Err(SimError::Thread(error)));
                    return;
                }
            };
            runtime.block_on(live(settings, &tell_ready, stopped));
            drop(tell_ended);
        })
        .map_err(SimError::Thread)?;
    let Ready { coinbase, coinbase_tls, hyperliquid, mappings, shared } =
        ready.recv().map_err(|_| SimError::Ended)??;
    Ok(Running {
        coinbase,
        coinbase_tls,
        hyperliquid,
        mappings,
        shared,
        stop: Some(stop),
        ended: Some(ended),
        thread: Some(thread),
    })
}

/// Runs a simulator until `stop` is done: the entry for a command line.
///
/// # Errors
/// As [`start`], and when it ends before it was stopped.
pub fn run(settings: Settings, on_ready: impl FnOnce(&Running), stop: impl Future) -> Result<(), SimError> {
    let mut running = start(settings)?;
    on_ready(&running);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SimError::Thread)?;
    let was_stopped = runtime.block_on(async {
        tokio::select! {
            _ = stop => true,
            () = running.ended() => false,
        }
    });
    let struck = running.faults_struck();
    running.stop();
    for (kind, times) in struck {
        tracing::info!(kind = kind.as_str(), times, "faults struck");
    }
    if was_stopped { Ok(()) } else { Err(SimError::Ended) }
}

/// The life of the thread.
async fn live(
    settings: Settings,
    tell_ready: &std::sync::mpsc::SyncSender<Result<Ready, SimError>>,
    stopped: oneshot::Receiver<()>,
) {
    let mut servers = JoinSet::new();
    match open(settings, &mut servers).await {
        Err(error) => {
            let _ = tell_ready.send(Err(error));
        }
        Ok((ready, floor, jobs)) => {
            let _ = tell_ready.send(Ok(ready));
            tokio::select! {
                () = floor.run(jobs) => {}
                _ = stopped => {}
            }
        }
    }
}

type Opened = (Ready, Floor, mpsc::UnboundedReceiver<crate::floor::Job>);

async fn open(settings: Settings, servers: &mut JoinSet<()>) -> Result<Opened, SimError> {
    if settings.coinbase.is_none() && settings.coinbase_tls.is_none() && settings.hyperliquid.is_none() {
        return Err(SimError::NoVenue);
    }
    let (mut player, sources) = Player::open(&settings.run, settings.speed, settings.looped)?;
    let faults = settings.faults.as_deref().map(read_faults).transpose()?.unwrap_or_default();
    let acceptor = settings.coinbase_tls.as_ref().map(tls::acceptor).transpose()?;
    let keys = coinbase::read_keys(&settings.coinbase_keys)?;
    let desks = [NewsDesk::new(), NewsDesk::new()];
    let houses = [
        House::open(Venue::Coinbase, &settings, &sources, desks[0].clone())?,
        House::open(Venue::Hyperliquid, &settings, &sources, desks[1].clone())?,
    ];
    let (jobs, asked) = mpsc::unbounded_channel();
    let clock = Clock::start();
    let shared = Shared::new(settings.clone(), clock, faults, jobs, desks);

    let coinbase_router = coinbase::router(shared.clone(), keys);
    let mut listen = async |address: Option<SocketAddr>, acceptor, venue, router| match address {
        None => Ok::<_, SimError>(None),
        Some(address) => {
            let listener = Listener::bind(address, acceptor).await?;
            let address = listener.address()?;
            servers.spawn(serve(listener, venue, router, shared.clone()));
            Ok(Some(address))
        }
    };
    let coinbase = listen(settings.coinbase, None, Venue::Coinbase, coinbase_router.clone()).await?;
    let tls_address = settings.coinbase_tls.as_ref().map(|tls| tls.address);
    let coinbase_tls = listen(tls_address, acceptor, Venue::Coinbase, coinbase_router).await?;
    let hyperliquid_router = hyperliquid::router(shared.clone());
    let hyperliquid = listen(settings.hyperliquid, None, Venue::Hyperliquid, hyperliquid_router).await?;

    let is_served = |venue: Venue| match venue {
        Venue::Coinbase => coinbase.is_some() || coinbase_tls.is_some(),
        Venue::Hyperliquid => hyperliquid.is_some(),
    };
    let shown = houses.iter().filter(|house| is_served(house.venue())).flat_map(|house| {
        house.listings().iter().map(|listing| Shown {
            source: listing.source,
            venue: house.venue(),
            name: listing.name.clone(),
        })
    });
    let mappings = shown.collect();
    player.begin(shared.now());
    let ready = Ready { coinbase, coinbase_tls, hyperliquid, mappings, shared: shared.clone() };
    Ok((ready, Floor { houses, player, shared }, asked))
}

fn read_faults(path: &Path) -> Result<Faults, SimError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| SimError::File { path: path.to_owned(), source })?;
    let script = Script::parse(&text).map_err(|source| SimError::Faults { path: path.to_owned(), source })?;
    Ok(Faults::new(script))
}

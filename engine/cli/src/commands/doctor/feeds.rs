//! Does market data come: the feeds of a run, started for a few seconds. What they need of REST and WebSocket, from
//! name to parsed book, is thereby checked as a run will use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use reprise_feeds::{Closed, Feed, FeedSettings, Outlet};
use reprise_model::event::{FeedState, FeedStatus};
use reprise_model::{Input, InstrumentId, Ts};
use reprise_runtime::wall_clock;
use reqwest::Url;

use super::World;
use super::net::{EACH, Silence, block_on, reach};
use super::row::Row;
use crate::commands::live::settings_of;

/// How long markets may take to be live.
const PATIENCE: Duration = Duration::from_secs(8);

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let Some(config) = &world.config else { return Vec::new() };
    let wanted = settings_of(config).into_iter();
    let checks: Vec<_> = wanted.map(|settings| std::thread::spawn(move || of_one(settings))).collect();
    checks.into_iter().filter_map(|check| check.join().ok()).collect()
}

/// Hands on what a feed says, as long as somebody listens.
struct Told(Sender<Input>);

impl Outlet for Told {
    fn take(&mut self, _: Ts, input: Input) -> Result<(), Closed> {
        self.0.send(input).map_err(|_| Closed)
    }

    fn flush(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        false
    }
}

fn of_one(settings: FeedSettings) -> Row {
    let check = format!("{} feed", settings.venue().to_lowercase());
    let (wanted, ws_url) = match &settings {
        FeedSettings::Coinbase(coinbase) => (coinbase.products.len(), coinbase.ws_url.clone()),
        FeedSettings::Hyperliquid(hyperliquid) => (hyperliquid.coins.len(), hyperliquid.ws_url.clone()),
    };
    let check_of =
        |Silence { found, remedy }| Row::failed(check.clone(), format!("{ws_url}: {found}"), remedy);
    if let Some(silence) = unreachable(&ws_url) {
        return check_of(silence);
    }
    let (give, take) = mpsc::channel();
    let feed = match Feed::spawn(settings, Box::new(Told(give)), None, Arc::new(wall_clock)) {
        Ok(feed) => feed,
        Err(error) => return Row::failed(check, error.to_string(), "correct the venue's settings"),
    };
    let (heard, took) = Heard::until_live(&take, wanted);
    feed.stop();
    let live = heard.live().count();
    let found = format!("{live} of {wanted} markets live after {took:.1?}");
    if live == wanted {
        return Row::ok(check, format!("{found}, {} events", heard.events));
    }
    let found = format!("{ws_url}: {found}: {}", heard.why());
    let remedy = "check the address, the names of the markets, and the venue's status page; a market that hardly trades \
                  may take longer";
    if live > 0 { Row::warning(check, found, remedy) } else { Row::failed(check, found, remedy) }
}

/// Why no connection comes about, where none does: the feed would only try again.
fn unreachable(ws_url: &str) -> Option<Silence> {
    let url: Url = ws_url.parse().ok()?;
    let timed_out = || Silence { found: "no connection in time".to_owned(), remedy: "check the network" };
    block_on(EACH, async { reach(&url).await.err() }).unwrap_or_else(|| Some(timed_out()))
}

/// What a feed has said.
#[derive(Default)]
struct Heard {
    /// How each market stands.
    markets: BTreeMap<InstrumentId, FeedState>,
    /// Why the last one of them, or all, are not live.
    reason: Option<String>,
    events: u64,
}

impl Heard {
    /// Listens until every market is live, or for as long as is worth it.
    fn until_live(told: &Receiver<Input>, wanted: usize) -> (Self, Duration) {
        let (began, mut heard) = (Instant::now(), Self::default());
        while let Ok(input) = told.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
            match input {
                Input::FeedStatus(status) => heard.note(&status),
                _ => heard.events += 1,
            }
            if heard.live().count() == wanted {
                break;
            }
        }
        (heard, began.elapsed())
    }

    fn note(&mut self, status: &FeedStatus) {
        if let Some(reason) = &status.reason {
            self.reason = Some(reason.clone());
        }
        match status.instrument {
            Some(instrument) => {
                self.markets.insert(instrument, status.state);
            }
            None => self.markets.values_mut().for_each(|state| *state = status.state),
        }
    }

    fn live(&self) -> impl Iterator<Item = &InstrumentId> {
        self.markets.iter().filter(|(_, state)| **state == FeedState::Live).map(|(id, _)| id)
    }

    fn why(&self) -> String {
        match &self.reason {
            Some(reason) if !self.markets.is_empty() => reason.clone(),
            _ => "the venue's list of markets did not come".to_owned(),
        }
    }
}

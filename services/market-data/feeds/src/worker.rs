//! The loop of a feed: it does what the session says and tells it what happened, and decides nothing.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::Ts;
use reprise_venues::http::HttpError;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::capture::Capture;
use crate::counters::Counters;
use crate::definitions;
use crate::feed::Clock;
use crate::outlet::{Closed, Outlet};
use crate::session::{Action, Listing, Session, Told};
use crate::settings::FeedSettings;
use crate::transport::{Heard, Line, Wire};

/// An outlet that keeps something waiting is asked to hand it on this often.
const FLUSH: Duration = Duration::from_millis(10);
/// Captured frames reach the disk within this time.
const CAPTURE_FLUSH_NS: u64 = 1_000_000_000;
/// The longest sleep: clocks may jump, and captured frames wait for the disk.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long sending a frame may take.
const SEND: Duration = Duration::from_secs(10);

type Pending<T> = Option<Pin<Box<dyn Future<Output = T>>>>;
type Definitions = Result<Vec<Listing>, HttpError>;

/// What is on its way.
struct UnderWay<L> {
    definitions: Pending<Definitions>,
    connection: Pending<Result<L, String>>,
    line: Option<L>,
}

/// What happened next.
enum Happened<L> {
    Stopped,
    Defined(Definitions),
    Connected(Result<L, String>),
    Heard(Heard),
    Slept,
}

/// A feed at work.
pub(crate) struct Worker {
    session: Session,
    settings: FeedSettings,
    outlet: Box<dyn Outlet>,
    capture: Option<Capture>,
    captured_at: Ts,
    now: Clock,
    /// The latest time there was: a clock that jumps back stands still instead.
    latest: Ts,
    counters: Arc<Counters>,
    /// What the session answers; kept for its room.
    actions: Vec<Action>,
    to_do: VecDeque<Action>,
}

impl Worker {
    pub(crate) fn new(
        settings: FeedSettings,
        outlet: Box<dyn Outlet>,
        capture: Option<Capture>,
        now: Clock,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            session: Session::new(&settings),
            settings,
            outlet,
            capture,
            captured_at: Ts(0),
            now,
            latest: Ts(0),
            counters,
            actions: Vec::new(),
            to_do: VecDeque::new(),
        }
    }

    /// Works until it is stopped or nobody takes its events.
    pub(crate) async fn run<W: Wire + 'static>(mut self, wire: W, stop: &Notify) {
        let wire = Arc::new(wire);
        let mut way = UnderWay { definitions: None, connection: None, line: None };
        let seed = RandomState::new().build_hasher().finish();
        let mut taken = self.tell(Told::Started { seed });
        let mut goes_on = true;
        while goes_on && taken.is_ok() {
            taken = self.act(&wire, &mut way).await;
            if taken.is_err() {
                break;
            }
            let happened = way.next(stop, self.pause()).await;
            goes_on = !matches!(happened, Happened::Stopped);
            taken = self.take(happened, &mut way);
        }
        if let Some(line) = way.line.take() {
            line.close().await;
        }
        if let Some(capture) = &mut self.capture {
            capture.flush();
        }
        tracing::info!(venue = self.session.venue(), counts = ?self.session.counts(), "the feed ended");
    }

    fn time(&mut self) -> Ts {
        self.latest = self.latest.max((self.now)());
        self.latest
    }

    /// Tells the session what happened now; events go out at once, other actions wait for [`Self::act`].
    fn tell(&mut self, told: Told<'_>) -> Result<(), Closed> {
        let now = self.time();
        if let Some(capture) = &mut self.capture {
            capture.told(now, &told);
        }
        self.session.tell(now, told, &mut self.actions);
        for action in self.actions.drain(..) {
            match action {
                Action::Emit(input) => self.outlet.take(now, input)?,
                other => self.to_do.push_back(other),
            }
        }
        self.counters.write(self.session.counts());
        self.outlet.flush()
    }

    async fn act<W: Wire + 'static>(
        &mut self,
        wire: &Arc<W>,
        way: &mut UnderWay<W::Line>,
    ) -> Result<(), Closed> {
        while let Some(action) = self.to_do.pop_front() {
            match action {
                Action::Define => {
                    way.definitions = Some(Box::pin(definitions::fetch(self.settings.clone())));
                }
                Action::Connect => way.connection = Some(self.connect(wire)),
                Action::Send(text) => self.send(text, way).await?,
                Action::Disconnect { .. } => {
                    way.connection = None;
                    if let Some(line) = way.line.take() {
                        line.close().await;
                    }
                }
                Action::Emit(_) => unreachable!("events went out when they were made"),
            }
        }
        Ok(())
    }

    fn connect<W: Wire + 'static>(
        &self,
        wire: &Arc<W>,
    ) -> Pin<Box<dyn Future<Output = Result<W::Line, String>>>> {
        let wire = Arc::clone(wire);
        let limit = Duration::from_millis(self.settings.timing().connect_ms);
        Box::pin(async move {
            let late = |_| Err(format!("no connection within {} ms", limit.as_millis()));
            timeout(limit, wire.connect()).await.unwrap_or_else(late)
        })
    }

    async fn send<L: Line>(&mut self, text: String, way: &mut UnderWay<L>) -> Result<(), Closed> {
        let Some(line) = &mut way.line else { return Ok(()) };
        if let Some(capture) = &mut self.capture {
            capture.sent(self.latest, &text);
        }
        let late = |_| Err("a frame could not be sent in time".to_owned());
        match timeout(SEND, line.say(text)).await.unwrap_or_else(late) {
            Ok(()) => Ok(()),
            Err(why) => {
                way.line = None;
                self.tell(Told::Closed { code: None, why })
            }
        }
    }

    fn take<L>(&mut self, happened: Happened<L>, way: &mut UnderWay<L>) -> Result<(), Closed> {
        match happened {
            Happened::Stopped => self.tell(Told::Stopped)?,
            Happened::Defined(Ok(listings)) => self.tell(Told::Defined(listings))?,
            Happened::Defined(Err(fault)) => self.tell(Told::Undefined { why: fault.to_string() })?,
            Happened::Connected(Ok(line)) => {
                way.line = Some(line);
                self.tell(Told::Connected)?;
            }
            Happened::Connected(Err(why)) => self.tell(Told::Closed { code: None, why })?,
            Happened::Heard(Heard::Frame(text)) => self.tell(Told::Frame(&text))?,
            Happened::Heard(Heard::Closed { code, why }) => {
                way.line = None;
                self.tell(Told::Closed { code, why })?;
            }
            Happened::Slept => {
                if self.outlet.is_waiting() {
                    self.outlet.flush()?;
                }
            }
        }
        // Under a flood of frames no sleep ends, and time passes all the same.
        if self.time() >= self.session.wake_at() {
            self.tell(Told::Tick)?;
        }
        if let Some(capture) = &mut self.capture
            && self.latest.since(self.captured_at) >= CAPTURE_FLUSH_NS
        {
            self.captured_at = self.latest;
            capture.flush();
        }
        Ok(())
    }

    /// How long to sleep when nothing happens.
    fn pause(&mut self) -> Duration {
        let until_wake = Duration::from_nanos(self.session.wake_at().since(self.time()));
        let longest = if self.outlet.is_waiting() { FLUSH } else { LONGEST_SLEEP };
        until_wake.min(longest)
    }
}

impl<L: Line> UnderWay<L> {
    /// Waits for whatever happens first. What does not is not lost.
    async fn next(&mut self, stop: &Notify, pause: Duration) -> Happened<L> {
        let Self { definitions, connection, line } = self;
        let happened = tokio::select! {
            biased;
            () = stop.notified() => Happened::Stopped,
            defined = pending(definitions) => Happened::Defined(defined),
            connected = pending(connection) => Happened::Connected(connected),
            heard = hear(line) => Happened::Heard(heard),
            () = sleep(pause) => Happened::Slept,
        };
        match &happened {
            Happened::Defined(_) => self.definitions = None,
            Happened::Connected(_) => self.connection = None,
            Happened::Stopped | Happened::Heard(_) | Happened::Slept => {}
        }
        happened
    }
}

/// Waits for what is on its way; for ever when nothing is.
async fn pending<T>(pending: &mut Pending<T>) -> T {
    match pending {
        Some(pending) => pending.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn hear<L: Line>(line: &mut Option<L>) -> Heard {
    match line {
        Some(line) => line.hear().await,
        None => std::future::pending().await,
    }
}

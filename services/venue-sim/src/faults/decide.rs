//! Which fault strikes which frame or request.

use std::collections::BTreeMap;
use std::time::Duration;

use super::script::{Kind, Row, Script, Subject};
use crate::settings::Venue;

/// A frame that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The channel, as the frame names it.
    pub channel: &'a str,
    /// The instrument it is about, in the venue's words, if it is about one.
    pub instrument: Option<&'a str>,
}

/// A request that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its path.
    pub path: &'a str,
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFate {
    /// It goes.
    Send,
    /// It is lost; its sequence number is used up.
    Lose,
    /// It goes later, and those behind it after it.
    Delay(Duration),
    /// It goes twice.
    Twice,
    /// It goes after the next one.
    AfterNext,
    /// A sequence number is skipped before it (where there are none it is lost).
    Skip,
    /// The connection is cut instead.
    Cut,
    /// Half of it goes.
    Broken,
    /// JSON that nobody knows goes instead.
    Unknown,
    /// A frame of a channel that nobody knows goes first.
    AfterUnknown,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFate {
    /// It is carried out and answered.
    Answer,
    /// It is carried out and answered this much later.
    Delay(Duration),
    /// It is refused with 429 and not carried out.
    RateLimit,
    /// It is carried out and answered with 503.
    ErrorAfter,
    /// It is carried out and not answered; the connection is cut.
    LostReply,
    /// The connection is cut and it is not carried out.
    Cut,
    /// It is carried out and half of the answer goes.
    Broken,
    /// It is carried out and answered with JSON that nobody knows.
    Unknown,
}

/// A row of the script and what it has done so far.
#[derive(Debug)]
struct Armed {
    row: Row,
    /// Frames or requests that it could have struck.
    met: u64,
    struck: u64,
    /// When it began, for those that begin by count.
    began: Option<Duration>,
}

impl Armed {
    /// True when it is under way at a moment. `met` counts what it concerns, the one at hand included.
    fn is_active(&mut self, now: Duration) -> bool {
        if self.row.strikes().is_some_and(|strikes| self.struck >= strikes) {
            return false;
        }
        let began = match (self.began, self.row.at, self.row.after) {
            (Some(began), _, _) => began,
            (None, Some(at), _) if now >= at => at,
            (None, None, after) if self.met > after.unwrap_or_default() => {
                // Without a beginning it lasts from when the simulator was ready.
                if after.is_some() { now } else { Duration::ZERO }
            }
            _ => return false,
        };
        self.began = Some(began);
        self.row.lasts.is_none_or(|lasts| now < began + lasts)
    }

    fn concerns_venue(&self, venue: Venue) -> bool {
        self.row.venue.is_none_or(|wanted| wanted == venue)
    }

    fn concerns_frame(&self, venue: Venue, frame: &Frame<'_>) -> bool {
        let is_channel = |wanted: &String| wanted == frame.channel;
        let is_instrument = |wanted: &String| frame.instrument == Some(wanted.as_str());
        self.row.subject() == Subject::Frames
            && self.concerns_venue(venue)
            && self.row.channel.as_ref().is_none_or(is_channel)
            && self.row.instrument.as_ref().is_none_or(is_instrument)
    }

    fn concerns_request(&self, venue: Venue, request: &Request<'_>) -> bool {
        let is_path = |wanted: &String| request.path.contains(wanted.as_str());
        self.row.subject() == Subject::Requests
            && self.concerns_venue(venue)
            && self.row.path.as_ref().is_none_or(is_path)
    }
}

/// A script under way. Where several rows strike the same frame or request, the first of the script does.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

impl Faults {
    /// The script from its beginning.
    #[must_use]
    pub fn new(script: Script) -> Self {
        let armed = script.fault.into_iter().map(|row| Armed { row, met: 0, struck: 0, began: None });
        Self { armed: armed.collect() }
    }

    /// True when nothing can go wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// What becomes of a frame; `now` counts from when the simulator was ready.
    pub fn on_frame(&mut self, now: Duration, venue: Venue, frame: &Frame<'_>) -> FrameFate {
        let mut strikes = None;
        for (at, armed) in self.armed.iter_mut().enumerate() {
            if armed.concerns_frame(venue, frame) {
                armed.met += 1;
                if armed.is_active(now) && strikes.is_none() {
                    strikes = Some(at);
                }
            }
        }
        let Some(at) = strikes else { return FrameFate::Send };
        let row = self.strike(at, venue, frame.channel);
        match row.kind {
            Kind::Delay => FrameFate::Delay(row.delay()),
            Kind::Duplicate => FrameFate::Twice,
            Kind::Reorder => FrameFate::AfterNext,
            Kind::Gap => FrameFate::Skip,
            Kind::Disconnect => FrameFate::Cut,
            Kind::Malformed => FrameFate::Broken,
            Kind::UnknownBody => FrameFate::Unknown,
            Kind::UnknownChannel => FrameFate::AfterUnknown,
            Kind::Drop | Kind::Silent | Kind::Stall => FrameFate::Lose,
            Kind::RateLimit | Kind::ErrorAfter | Kind::LostReply | Kind::ClockSkew => FrameFate::Send,
        }
    }

    /// What becomes of a request.
    pub fn on_request(&mut self, now: Duration, venue: Venue, request: &Request<'_>) -> RequestFate {
        let mut strikes = None;
        for (at, armed) in self.armed.iter_mut().enumerate() {
            if armed.concerns_request(venue, request) {
                armed.met += 1;
                if armed.is_active(now) && strikes.is_none() {
                    strikes = Some(at);
                }
            }
        }
        let Some(at) = strikes else { return RequestFate::Answer };
        let row = self.strike(at, venue, request.path);
        match row.kind {
            Kind::Delay => RequestFate::Delay(row.delay()),
            Kind::RateLimit => RequestFate::RateLimit,
            Kind::ErrorAfter => RequestFate::ErrorAfter,
            Kind::LostReply => RequestFate::LostReply,
            Kind::Disconnect => RequestFate::Cut,
            Kind::Malformed => RequestFate::Broken,
            Kind::UnknownBody => RequestFate::Unknown,
            Kind::Drop
            | Kind::Duplicate
            | Kind::Reorder
            | Kind::Gap
            | Kind::Silent
            | Kind::UnknownChannel
            | Kind::ClockSkew
            | Kind::Stall => RequestFate::Answer,
        }
    }

    /// By how much the venue's clock is off, in milliseconds; ahead when positive.
    pub fn skew_ms(&mut self, now: Duration, venue: Venue) -> i64 {
        let mut skew_ms = 0;
        for armed in &mut self.armed {
            if armed.row.subject() == Subject::Clock && armed.concerns_venue(venue) {
                // A clock is looked at all the time: it counts as struck once.
                armed.met = 1;
                if armed.is_active(now) {
                    armed.struck = 1;
                    skew_ms += armed.row.by_ms();
                }
            }
        }
        skew_ms
    }

    /// How many times each kind has struck so far.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<Kind, u64> {
        let mut struck = BTreeMap::new();
        for armed in self.armed.iter().filter(|armed| armed.struck > 0) {
            *struck.entry(armed.row.kind).or_insert(0) += armed.struck;
        }
        struck
    }

    fn strike(&mut self, at: usize, venue: Venue, place: &str) -> &Row {
        let armed = &mut self.armed[at];
        armed.struck += 1;
        let (kind, struck) = (armed.row.kind.as_str(), armed.struck);
        if struck == 1 {
            tracing::info!(fault = at + 1, kind, %venue, place, "a fault strikes");
        } else {
            tracing::debug!(fault = at + 1, kind, %venue, place, struck, "a fault strikes again");
        }
        &self.armed[at].row
    }
}

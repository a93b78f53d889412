//! The life of a session: definitions, connections, silence, and what is asked of the venue.

use reprise_model::event::InstrumentDefined;
use reprise_model::{Input, Ts};

use super::backoff::Backoff;
use super::followed::Followed;
use super::outbox::Message;
use super::{Action, Link, Listing, NS_A_MS, Open, Session};
use crate::dialect::Request;

/// A connection that lived for so long and is rotated by the venue is made anew at once.
const ROTATION_NS: u64 = 10_000_000_000;
/// After so long with good data the waits between attempts start over.
const GOOD_NS: u64 = 60_000_000_000;
/// Definitions older than this are fetched again with the next connection.
const DEFINITIONS_NS: u64 = 600_000_000_000;
/// The close code of an end in good order.
const NORMAL: u16 = 1000;
/// When nothing at all was answered after so many questions, the connection is given up.
const TRIES: u32 = 3;

impl Session {
    pub(super) fn on_started(&mut self, seed: u64, out: &mut Vec<Action>) {
        self.backoff = Backoff::new(seed);
        self.definitions.backoff = Backoff::new(!seed);
        "starting".clone_into(&mut self.status.why);
        self.tell_states(out);
        self.define(out);
    }

    fn define(&mut self, out: &mut Vec<Action>) {
        if !self.definitions.asked {
            self.definitions.asked = true;
            self.definitions.again_at = Ts::NEVER;
            out.push(Action::Define);
        }
    }

    pub(super) fn on_defined(&mut self, now: Ts, listings: Vec<Listing>, out: &mut Vec<Action>) {
        if self.link == Link::Stopped {
            return;
        }
        let listed: Vec<_> = listings.into_iter().filter(|one| self.symbols.contains(&one.symbol)).collect();
        if listed.is_empty() && self.followed.is_empty() {
            let why = format!("the venue lists none of {}", self.symbols.join(", "));
            return self.on_undefined(now, &why);
        }
        self.definitions.asked = false;
        self.definitions.came_at = Some(now);
        self.definitions.backoff.reset();
        for symbol in self.symbols.iter().filter(|symbol| !listed.iter().any(|one| one.symbol == **symbol)) {
            tracing::warn!(
                venue = self.venue(),
                symbol,
                "the venue does not list it; nothing will come about it"
            );
        }
        let known = self.followed.len();
        for listing in listed {
            self.enter(listing, out);
        }
        self.tell_states(out);
        match self.link {
            Link::Idle { at: Ts::NEVER } => self.connect(now, out),
            Link::Open(_) => self.ask_for(now, &(known..self.followed.len()).collect::<Vec<_>>(), false),
            Link::Idle { .. } | Link::Connecting | Link::Stopped => {}
        }
    }

    /// A definition that is new or has changed.
    fn enter(&mut self, listing: Listing, out: &mut Vec<Action>) {
        let Listing { symbol, heard_as, mut definition } = listing;
        definition.quote_source = self.quote_source;
        let defined =
            Input::InstrumentDefined(Box::new(InstrumentDefined { definition: definition.clone() }));
        match self.followed.iter_mut().find(|one| one.symbol == symbol) {
            Some(one) if one.definition == definition => return,
            Some(one) => one.definition = definition,
            None => self.followed.push(Followed::new(symbol, heard_as, definition, self.wants)),
        }
        out.push(Action::Emit(defined));
    }

    pub(super) fn on_undefined(&mut self, now: Ts, why: &str) {
        self.definitions.asked = false;
        if self.followed.is_empty() && self.link != Link::Stopped {
            let wait_ns = self.definitions.backoff.next_ns();
            self.definitions.again_at = now.plus_ns(wait_ns);
            self.complain(why, wait_ns);
        } else {
            tracing::debug!(venue = self.venue(), why, "definitions did not come; those of before hold");
        }
    }

    /// Says once that no data comes, and after that for those who look closely.
    fn complain(&mut self, why: &str, wait_ns: u64) {
        let (venue, wait_ms) = (self.venue(), wait_ns / NS_A_MS);
        if std::mem::replace(&mut self.complained, true) {
            tracing::debug!(venue, why, wait_ms, "still no market data");
        } else {
            tracing::warn!(venue, why, wait_ms, "no market data comes; trying again until it does");
        }
    }

    fn connect(&mut self, now: Ts, out: &mut Vec<Action>) {
        self.link = Link::Connecting;
        self.counts.reconnects += u64::from(std::mem::replace(&mut self.attempted, true));
        out.push(Action::Connect);
        if self.definitions.came_at.is_some_and(|at| now.since(at) >= DEFINITIONS_NS) {
            self.define(out);
        }
    }

    pub(super) fn on_connected(&mut self, now: Ts, out: &mut Vec<Action>) {
        if self.link != Link::Connecting {
            return;
        }
        self.link = Link::Open(Open { since: now, heard: now, pinged: now, silent: false, good_since: None });
        self.sequence.begin();
        self.outbox.clear();
        for text in self.dialect.greeting() {
            self.outbox.push(Message { text, completes: Vec::new() });
        }
        for one in &mut self.followed {
            one.begin(now);
        }
        let all: Vec<usize> = (0..self.followed.len()).collect();
        self.ask_for(now, &all, false);
        self.tell_states(out);
    }

    /// Asks for everything about some instruments, anew if it was asked for before.
    pub(super) fn ask_for(&mut self, now: Ts, these: &[usize], anew: bool) {
        let mut symbols: Vec<&str> = Vec::new();
        for &at in these {
            self.followed[at].ask(now);
        }
        for &at in these {
            let symbol = self.followed[at].heard_as.as_str();
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        if symbols.is_empty() {
            return;
        }
        let ends = if anew { self.dialect.requests(Request::Unsubscribe, &symbols) } else { Vec::new() };
        let begins = self.dialect.requests(Request::Subscribe, &symbols);
        for text in ends.into_iter().chain(begins) {
            self.outbox.push(Message { text, completes: Vec::new() });
        }
        self.outbox.complete_with(these);
    }

    pub(super) fn on_closed(&mut self, now: Ts, code: Option<u16>, why: &str, out: &mut Vec<Action>) {
        let rotated = match self.link {
            Link::Idle { .. } | Link::Stopped => return,
            Link::Connecting => false,
            Link::Open(open) => {
                if open.good_since.is_some_and(|since| now.since(since) >= GOOD_NS) {
                    self.backoff.reset();
                }
                code == Some(NORMAL) && now.since(open.since) >= ROTATION_NS
            }
        };
        let wait_ns = if rotated { 0 } else { self.backoff.next_ns() };
        self.link = Link::Idle { at: now.plus_ns(wait_ns) };
        self.outbox.clear();
        if rotated {
            tracing::info!(venue = self.venue(), why, "the venue ended the connection; connecting anew");
        } else {
            self.complain(why, wait_ns);
        }
        why.clone_into(&mut self.status.why);
        self.tell_states(out);
    }

    fn give_up(&mut self, now: Ts, why: String, out: &mut Vec<Action>) {
        out.push(Action::Disconnect { why: why.clone() });
        self.on_closed(now, None, &why, out);
    }

    pub(super) fn on_tick(&mut self, now: Ts, out: &mut Vec<Action>) {
        if now >= self.definitions.again_at {
            self.define(out);
        }
        match self.link {
            Link::Idle { at } if now >= at => self.connect(now, out),
            Link::Open(open) => self.watch(now, open, out),
            Link::Idle { .. } | Link::Connecting | Link::Stopped => {}
        }
    }

    fn watch(&mut self, now: Ts, mut open: Open, out: &mut Vec<Action>) {
        let quiet_ms = now.since(open.heard) / NS_A_MS;
        if now >= open.heard.plus_ns(self.drop_ns()) {
            return self.give_up(now, format!("nothing came for {quiet_ms} ms"), out);
        }
        if !open.silent && now >= open.heard.plus_ns(self.silence_ns()) {
            open.silent = true;
            self.status.why = format!("nothing came for {quiet_ms} ms");
        }
        if now >= self.ping_at(open) {
            open.pinged = now;
            if let Some((ping, _)) = self.dialect.ping() {
                self.outbox.push_first(ping.to_owned());
            }
        }
        self.link = Link::Open(open);
        let stale_ns = self.timing.stale_after_ms.saturating_mul(NS_A_MS);
        for one in self.followed.iter_mut().filter(|one| now >= one.silent_at(stale_ns)) {
            one.fall_silent(format!("nothing came about it for {} ms", self.timing.stale_after_ms));
        }
        self.ask_again(now, out);
        self.tell_states(out);
    }

    /// Asks for what was not answered in time, and gives the connection up when nothing at all is.
    fn ask_again(&mut self, now: Ts, out: &mut Vec<Action>) {
        let answer_ns = self.answer_ns();
        let overdue = |one: &Followed| now >= one.overdue_at(answer_ns);
        let late: Vec<usize> = (0..self.followed.len()).filter(|at| overdue(&self.followed[*at])).collect();
        if late.is_empty() {
            return;
        }
        for &at in &late {
            self.followed[at].miss();
        }
        if self.followed.iter().all(|one| one.tries >= TRIES) {
            return self.give_up(now, "no subscription was answered".to_owned(), out);
        }
        self.ask_for(now, &late, true);
    }

    /// A ping is due at its time, and once when half of the time passed after which silence is told.
    fn ping_at(&self, open: Open) -> Ts {
        let Some((_, every_ns)) = self.dialect.ping() else { return Ts::NEVER };
        let doubtful = open.heard.plus_ns(self.silence_ns() / 2);
        let regular = open.pinged.plus_ns(every_ns);
        if open.pinged < doubtful { regular.min(doubtful) } else { regular }
    }

    pub(super) fn on_stopped(&mut self, out: &mut Vec<Action>) {
        self.link = Link::Stopped;
        self.definitions.again_at = Ts::NEVER;
        self.outbox.clear();
        "the feed was stopped".clone_into(&mut self.status.why);
        self.tell_states(out);
    }

    pub(super) fn send_what_may_be_sent(&mut self, now: Ts, out: &mut Vec<Action>) {
        while let Some(message) = self.outbox.next(now) {
            for at in message.completes {
                self.followed[at].asked_at = now;
            }
            out.push(Action::Send(message.text));
        }
    }

    /// When the session wants to be told that time passed, at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Ts {
        let of_link = match self.link {
            Link::Idle { at } => at,
            Link::Connecting | Link::Stopped => Ts::NEVER,
            Link::Open(open) => {
                let silence = if open.silent { self.drop_ns() } else { self.silence_ns() };
                let stale_ns = self.timing.stale_after_ms.saturating_mul(NS_A_MS);
                let of_followed = self
                    .followed
                    .iter()
                    .map(|one| one.silent_at(stale_ns).min(one.overdue_at(self.answer_ns())));
                of_followed
                    .fold(Ts::NEVER, Ts::min)
                    .min(open.heard.plus_ns(silence))
                    .min(self.ping_at(open))
                    .min(self.outbox.wake_at())
            }
        };
        of_link.min(self.definitions.again_at)
    }

    fn silence_ns(&self) -> u64 {
        self.timing.silence_ms.saturating_mul(NS_A_MS)
    }

    fn drop_ns(&self) -> u64 {
        self.timing.drop_ms.saturating_mul(NS_A_MS)
    }

    fn answer_ns(&self) -> u64 {
        self.timing.answer_ms.saturating_mul(NS_A_MS)
    }
}

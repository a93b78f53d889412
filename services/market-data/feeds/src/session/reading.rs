//! What a frame does to the session: its place in the sequence, then item by item.

use reprise_model::Ts;
use reprise_model::event::FeedState;

use super::sequence::Place;
use super::{Action, Link, Session};
use crate::dialect::{BookSaid, Frame, Item, Lost};

impl Session {
    pub(super) fn on_frame(&mut self, now: Ts, text: &str, out: &mut Vec<Action>) {
        self.counts.frames += 1;
        self.counts.bytes += text.len() as u64;
        let mut frame = Frame::default();
        self.dialect.read(text, &mut frame);
        let place = frame.number.as_ref().map(|number| (number.n, self.sequence.place(number)));
        if let Some((_, Place::Old)) = place {
            // What comes late counts as lost already, and is no sign of life.
            self.counts.duplicates += 1;
            return;
        }
        let Link::Open(open) = &mut self.link else { return };
        open.heard = now;
        open.silent = false;
        if let Some((n, Place::Gap { after })) = place {
            self.lose_all(now, &format!("message {n} came after {after}"), out);
        }
        for item in frame.items {
            self.on_item(now, item, frame.number.is_some(), out);
        }
        self.tell_states(out);
        self.note_good(now);
    }

    /// Remembers since when data is good.
    fn note_good(&mut self, now: Ts) {
        if let Link::Open(open) = &mut self.link
            && open.good_since.is_none()
            && self.followed.iter().any(|one| one.told == Some(FeedState::Live))
        {
            open.good_since = Some(now);
            if std::mem::take(&mut self.complained) {
                tracing::info!(venue = self.dialect.venue(), "market data comes");
            }
        }
    }

    fn on_item(&mut self, now: Ts, item: Item<'_>, is_numbered: bool, out: &mut Vec<Action>) {
        match item {
            Item::Book(said) => self.on_book(now, said, out),
            Item::Quote(said) => {
                let mut known = false;
                for at in 0..self.followed.len() {
                    if self.followed[at].heard_as == said.symbol {
                        known = true;
                        let taken = self.followed[at].take_quote(now, &said, &mut self.counts, out);
                        self.believe(now, at, taken, out);
                    }
                }
                self.counts.unknown += u64::from(!known);
            }
            Item::Trades(said) => {
                let mut known = false;
                for one in self.followed.iter_mut().filter(|one| one.heard_as == said.symbol) {
                    known = true;
                    one.take_trades(now, &said, &mut self.counts, out);
                }
                self.counts.unknown += u64::from(!known);
            }
            Item::Mark { symbol, mark, oracle } => {
                let mut known = false;
                for one in self.followed.iter_mut().filter(|one| one.heard_as == symbol) {
                    known = true;
                    one.take_mark(now, mark, oracle, out);
                }
                self.counts.unknown += u64::from(!known);
            }
            Item::Refusal(words) => {
                self.counts.refusals += 1;
                tracing::warn!(venue = self.venue(), words, "the venue refused something");
            }
            Item::Life => {}
            Item::Unknown => self.counts.unknown += 1,
            Item::Unreadable { lost, why } => self.on_unreadable(now, lost, &why, is_numbered, out),
        }
    }

    fn on_book(&mut self, now: Ts, said: BookSaid<'_>, out: &mut Vec<Action>) {
        let heard = |session: &Self, from: usize| {
            (from..session.followed.len()).find(|at| session.followed[*at].heard_as == said.symbol)
        };
        let Some(mut at) = heard(self, 0) else {
            self.counts.unknown += 1;
            return;
        };
        while let Some(next) = heard(self, at + 1) {
            let taken = self.followed[at].take_book(now, said.clone(), &mut self.counts, out);
            self.believe(now, at, taken, out);
            at = next;
        }
        let taken = self.followed[at].take_book(now, said, &mut self.counts, out);
        self.believe(now, at, taken, out);
    }

    /// What cannot be true means that something was lost.
    fn believe(&mut self, now: Ts, at: usize, taken: Result<(), String>, out: &mut Vec<Action>) {
        if let Err(why) = taken {
            self.counts.gaps += 1;
            self.lose(now, &[at], &why, out);
        }
    }

    fn on_unreadable(
        &mut self,
        now: Ts,
        lost: Lost<'_>,
        why: &str,
        is_numbered: bool,
        out: &mut Vec<Action>,
    ) {
        self.counts.malformed += 1;
        tracing::warn!(venue = self.venue(), why, "a frame could not be read");
        let reason = format!("a frame could not be read: {why}");
        if !is_numbered {
            self.sequence.doubt();
        }
        match lost {
            Lost::Little => {}
            Lost::Anything => self.lose_all(now, &reason, out),
            Lost::Of(symbol) => {
                let these: Vec<usize> =
                    (0..self.followed.len()).filter(|at| self.followed[*at].heard_as == symbol).collect();
                if these.is_empty() {
                    return;
                }
                self.counts.gaps += 1;
                self.lose(now, &these, &reason, out);
            }
        }
    }

    fn lose_all(&mut self, now: Ts, why: &str, out: &mut Vec<Action>) {
        self.counts.gaps += 1;
        why.clone_into(&mut self.status.why);
        let all: Vec<usize> = (0..self.followed.len()).collect();
        self.lose(now, &all, why, out);
    }

    /// Voids what is known of some instruments, says so before anything else is said, and asks for them anew.
    ///
    /// What is being asked for already is not asked for again: its answer is yet to come, and holds.
    fn lose(&mut self, now: Ts, these: &[usize], why: &str, out: &mut Vec<Action>) {
        let to_ask: Vec<usize> = these.iter().copied().filter(|at| self.followed[*at].lose(why)).collect();
        self.tell_states(out);
        self.ask_for(now, &to_ask, true);
    }
}

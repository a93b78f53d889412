//! `feed.status`: what was said of the feeds, so that nothing is said twice and no change is left out.

use reprise_model::event::{FeedState, FeedStatus};
use reprise_model::{Input, InstrumentId, Label};

use super::{Action, Link, Session};

/// What was said of the venue as a whole.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The state in which the whole venue was said to be, until anything else was said.
    venue: Option<FeedState>,
    /// Why the venue is as it is, when that concerns all.
    pub why: String,
}

impl Session {
    /// The state of the connection, when it decides for every instrument.
    fn state_of_all(&self) -> Option<FeedState> {
        match &self.link {
            Link::Open(open) if open.silent => Some(FeedState::Stale),
            Link::Open(_) => None,
            Link::Idle { .. } | Link::Connecting | Link::Stopped => Some(FeedState::Down),
        }
    }

    /// Says what changed.
    pub(super) fn tell_states(&mut self, out: &mut Vec<Action>) {
        let of_all = self.state_of_all();
        let all_in_gap = of_all.is_none()
            && self.followed.len() > 1
            && self
                .followed
                .iter()
                .all(|one| one.state() == FeedState::Gap && one.told != Some(FeedState::Gap));
        let for_venue = if all_in_gap { Some(FeedState::Gap) } else { of_all };
        match for_venue {
            Some(state) => self.tell_venue(state, out),
            None => self.status.venue = None,
        }
        for at in 0..self.followed.len() {
            let state = for_venue.unwrap_or_else(|| self.followed[at].state());
            if self.followed[at].told != Some(state) {
                self.followed[at].told = Some(state);
                let why = if for_venue.is_some() { &self.status.why } else { &self.followed[at].why };
                let reason = (state != FeedState::Live).then(|| why.clone());
                let instrument = self.followed[at].id();
                out.push(self.status_event(Some(instrument), state, reason));
            }
        }
    }

    fn tell_venue(&mut self, state: FeedState, out: &mut Vec<Action>) {
        let all_know =
            |told: &[super::Followed]| !told.is_empty() && told.iter().all(|one| one.told == Some(state));
        if self.status.venue != Some(state) && !all_know(&self.followed) {
            out.push(self.status_event(None, state, Some(self.status.why.clone())));
            for one in &mut self.followed {
                one.told = Some(state);
            }
        }
        self.status.venue = Some(state);
    }

    fn status_event(
        &self,
        instrument: Option<InstrumentId>,
        state: FeedState,
        reason: Option<String>,
    ) -> Action {
        let venue = match Label::from_bytes(self.dialect.venue().as_bytes()) {
            Some(venue) => venue,
            None => unreachable!("the venues' names are labels"),
        };
        Action::Emit(Input::FeedStatus(FeedStatus { venue, instrument, state, reason, conflated: None }))
    }
}

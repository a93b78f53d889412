//! Which markets are not live, since when, and which of that was told.

use std::collections::BTreeMap;

use reprise_core::State;
use reprise_model::Ts;
use reprise_model::event::{FeedState, FeedStatus};
use serde::{Deserialize, Serialize};

use crate::settings::RuleSettings;

/// The venue itself, before it has defined an instrument.
const VENUE: &str = "";

/// What one rule knows of outages, by venue.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outages {
    venues: BTreeMap<String, Outage>,
    /// True while a timer is armed for the next that is due.
    pub is_armed: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Outage {
    /// By instrument, since when it is not live.
    since: BTreeMap<String, Ts>,
    /// Of them, those that were told, with since when.
    told: BTreeMap<String, Ts>,
    /// The last state that was not live.
    state: Option<FeedState>,
}

/// Something to tell of a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub venue: String,
    /// The instruments, empty for the venue as a whole.
    pub instruments: Vec<String>,
    /// How long it lasts, or lasted, in nanoseconds.
    pub lasted_ns: u64,
    pub state: Option<FeedState>,
}

impl Outages {
    /// A feed changed how it stands; what is over thereby, if it was told.
    pub(crate) fn note(&mut self, event: &FeedStatus, rule: &RuleSettings, state: &State) -> Option<News> {
        let now = state.now();
        let names = names(event, rule, state);
        let name = event.venue.to_string();
        if event.state == FeedState::Live && !self.venues.contains_key(&name) {
            return None;
        }
        let outage = self.venues.entry(name.clone()).or_default();
        if names.is_empty() {
            return None;
        }
        if names != [VENUE] {
            // The instruments tell more than the venue did before it had any.
            outage.since.remove(VENUE);
        }
        for name in names {
            if event.state == FeedState::Live {
                outage.since.remove(&name);
            } else {
                outage.since.entry(name).or_insert(now);
                outage.state = Some(event.state);
            }
        }
        let is_over = !outage.told.is_empty() && outage.since.is_empty();
        is_over.then(|| {
            let told = std::mem::take(&mut outage.told);
            News { venue: name, lasted_ns: longest(&told, now), instruments: known(told), state: None }
        })
    }

    /// What has lasted as long as the rule says and was not told yet.
    pub(crate) fn overdue(&mut self, rule: &RuleSettings, now: Ts) -> Vec<News> {
        let mut news = Vec::new();
        for (venue, outage) in &mut self.venues {
            let due = |(name, since): (&String, &Ts)| {
                (now.since(*since) >= rule.after_ns()).then(|| (name.clone(), *since))
            };
            let mut found: BTreeMap<String, Ts> = outage.since.iter().filter_map(due).collect();
            found.retain(|name, _| !outage.told.contains_key(name));
            if !found.is_empty() {
                outage.told.extend(found.clone());
                let lasted_ns = longest(&found, now);
                let state = outage.state;
                news.push(News { venue: venue.clone(), lasted_ns, instruments: known(found), state });
            }
        }
        news
    }

    /// When the next outage is to be told.
    pub(crate) fn next_due(&self, rule: &RuleSettings) -> Option<Ts> {
        let untold = |outage: &Outage| {
            let since = outage.since.iter().filter(|(name, _)| !outage.told.contains_key(*name));
            since.map(|(_, since)| *since).min()
        };
        self.venues.values().filter_map(untold).min().map(|since| since.plus_ns(rule.after_ns()))
    }
}

/// What a status is about, as far as the rule watches it.
fn names(event: &FeedStatus, rule: &RuleSettings, state: &State) -> Vec<String> {
    if let Some(instrument) = &event.instrument {
        return if rule.watches(instrument) { vec![instrument.to_string()] } else { Vec::new() };
    }
    let ids = state.markets.iter().map(|(_, market)| market.definition.instrument);
    let meant = ids.filter(|id| id.venue() == event.venue.as_str() && rule.watches(id));
    let names: Vec<String> = meant.map(|id| id.to_string()).collect();
    if names.is_empty() && rule.instruments.is_empty() { vec![VENUE.to_owned()] } else { names }
}

fn longest(since: &BTreeMap<String, Ts>, now: Ts) -> u64 {
    since.values().map(|since| now.since(*since)).max().unwrap_or_default()
}

fn known(names: BTreeMap<String, Ts>) -> Vec<String> {
    names.into_keys().filter(|name| name != VENUE).collect()
}

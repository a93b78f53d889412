//! What an engine would hold of the events, and the rules that every feed keeps.

use std::collections::{BTreeMap, BTreeSet};

use reprise_market_data::book::L2Book;
use reprise_model::event::{BookAction, FeedState, Level};
use reprise_model::{Input, InstrumentId};

/// What a consumer holds of one instrument, by the rules of the engine's market view.
#[derive(Debug, Default)]
pub struct Held {
    pub defined: bool,
    pub feed: Option<FeedState>,
    pub book: L2Book,
    pub book_lost: bool,
    pub quote: (Option<Level>, Option<Level>),
}

/// Takes the events as an engine would.
#[derive(Debug, Default)]
pub struct Consumer {
    pub held: BTreeMap<InstrumentId, Held>,
    pub venue: Option<FeedState>,
    pub trades: BTreeSet<(InstrumentId, String)>,
}

impl Consumer {
    pub fn take(&mut self, input: &Input) {
        match input {
            Input::InstrumentDefined(defined) => {
                self.held.entry(defined.definition.instrument).or_default().defined = true;
            }
            Input::FeedStatus(status) => {
                let news = match &status.instrument {
                    Some(id) => self.set_feed(*id, status.state),
                    None => {
                        let ids: Vec<InstrumentId> = self.held.keys().copied().collect();
                        let changed: Vec<bool> =
                            ids.iter().map(|id| self.set_feed(*id, status.state)).collect();
                        self.venue.replace(status.state) != Some(status.state) || changed.contains(&true)
                    }
                };
                assert!(news, "said twice: {status:?}");
            }
            Input::Quote(quote) => self.of(quote.instrument).quote = (quote.bid, quote.ask),
            Input::Book(book) => {
                let held = self.of(book.instrument);
                if book.action == BookAction::Snapshot {
                    held.book_lost = false;
                    held.book.replace(&book.bids, &book.asks);
                } else if !held.book_lost {
                    held.book.update(&book.bids, &book.asks);
                }
            }
            Input::Trade(trade) => {
                let id = trade.trade_id.unwrap().to_string();
                self.of(trade.instrument);
                assert!(self.trades.insert((trade.instrument, id.clone())), "trade {id} came twice");
            }
            Input::Mark(mark) => {
                self.of(mark.instrument);
            }
            other => unreachable!("not expected: {other:?}"),
        }
    }

    fn of(&mut self, id: InstrumentId) -> &mut Held {
        let held = self.held.entry(id).or_default();
        assert!(held.defined, "{id} is not defined");
        held
    }

    fn set_feed(&mut self, id: InstrumentId, state: FeedState) -> bool {
        let held = self.of(id);
        if state == FeedState::Gap {
            held.book = L2Book::default();
            held.book_lost = true;
        }
        held.feed.replace(state) != Some(state)
    }
}

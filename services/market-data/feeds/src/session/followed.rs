//! One instrument of a feed: what is known of its book and quote, whether that is whole, and what it makes of
//! what the venue says.

use reprise_market_data::book::L2Book;
use reprise_model::event::{Book, BookAction, FeedState, Level, Mark, Quote, Trade};
use reprise_model::{Input, Instrument, InstrumentId, Price, Ts};

use super::tape::Tape;
use super::{Action, Counts};
use crate::dialect::{BookSaid, QuoteSaid, TradesSaid};

/// What is wanted of every instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants {
    pub quotes: Option<QuoteRule>,
    pub books: bool,
    /// Nothing is numbered: what is late shows by the venue's time alone.
    pub late_by_time: bool,
    /// An unchanged quote is said again at most once in so long.
    pub requote_ns: u64,
}

/// What quotes are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteRule {
    /// The top of the book.
    Top,
    /// What the venue says, and the top of the book where that is newer.
    SaidOrTop,
}

/// A book, void until its first snapshot and after each loss.
#[derive(Debug, Default)]
struct BookState {
    levels: L2Book,
    is_whole: bool,
    venue_ts: Option<Ts>,
}

/// The best bid and ask, void until they were said and after each loss.
#[derive(Debug, Default)]
struct QuoteState {
    bid: Option<Level>,
    ask: Option<Level>,
    is_whole: bool,
    venue_ts: Option<Ts>,
    told_at: Ts,
}

#[derive(Debug)]
pub(crate) struct Followed {
    /// What the settings call it.
    pub symbol: String,
    /// What the venue's messages call it.
    pub heard_as: String,
    pub definition: Instrument,
    /// What was said last of its feed.
    pub told: Option<FeedState>,
    /// When it was asked for; never while the question waits to be sent.
    pub asked_at: Ts,
    /// Questions in vain since the last answer.
    pub tries: u32,
    /// Why it is as it is, when it is not live.
    pub why: String,
    wants: Wants,
    book: BookState,
    quote: QuoteState,
    tape: Tape,
    /// When something about its prices came last.
    heard: Ts,
    /// Something came since it was asked for.
    answered: bool,
    /// Nothing came for too long.
    silent: bool,
    /// Something was lost.
    gap: bool,
}

impl Followed {
    pub(crate) fn new(symbol: String, heard_as: String, definition: Instrument, wants: Wants) -> Self {
        Self {
            symbol,
            heard_as,
            definition,
            told: None,
            asked_at: Ts::NEVER,
            tries: 0,
            why: String::new(),
            wants,
            book: BookState::default(),
            quote: QuoteState::default(),
            tape: Tape::default(),
            heard: Ts(0),
            answered: false,
            silent: false,
            gap: false,
        }
    }

    pub(crate) fn id(&self) -> InstrumentId {
        self.definition.instrument
    }

    /// A connection begins: nothing of before it holds.
    pub(crate) fn begin(&mut self, now: Ts) {
        self.void();
        (self.book.venue_ts, self.quote.venue_ts) = (None, None);
        self.gap = false;
        self.tries = 0;
        self.heard = now;
        "waiting for its first data".clone_into(&mut self.why);
    }

    /// It is asked for, once more perhaps. The question may still have to wait for its turn.
    pub(crate) fn ask(&mut self, now: Ts) {
        self.asked_at = Ts::NEVER;
        self.tape.begin(now);
    }

    /// Something of it was lost; true when it has to be asked for anew.
    pub(crate) fn lose(&mut self, why: &str) -> bool {
        let was_whole = self.is_whole();
        self.void();
        self.gap = true;
        why.clone_into(&mut self.why);
        was_whole
    }

    fn void(&mut self) {
        self.book.is_whole = false;
        self.quote.is_whole = false;
        self.answered = false;
        self.silent = false;
    }

    /// Everything that is wanted is there.
    pub(crate) fn is_whole(&self) -> bool {
        let quote = self.wants.quotes.is_none() || self.quote.is_whole;
        let book = !self.wants.books || self.book.is_whole;
        self.answered && quote && book
    }

    /// How its feed stands while the connection lives.
    pub(crate) fn state(&self) -> FeedState {
        match (self.is_whole(), self.gap, self.silent) {
            (false, true, _) => FeedState::Gap,
            (false, false, _) => FeedState::Down,
            (true, _, true) => FeedState::Stale,
            (true, _, false) => FeedState::Live,
        }
    }

    /// When it counts as silent; never when it is not whole, or silent already.
    pub(crate) fn silent_at(&self, after_ns: u64) -> Ts {
        if self.silent || !self.is_whole() { Ts::NEVER } else { self.heard.plus_ns(after_ns) }
    }

    pub(crate) fn fall_silent(&mut self, why: String) {
        self.silent = true;
        self.why = why;
        // When nothing newer comes for long, the venue's clock may have been set back.
        (self.book.venue_ts, self.quote.venue_ts) = (None, None);
    }

    /// It was asked for in vain.
    pub(crate) fn miss(&mut self) {
        self.tries += 1;
        // As when it falls silent, for what is missing.
        if !self.book.is_whole {
            self.book.venue_ts = None;
        }
        if !self.quote.is_whole {
            self.quote.venue_ts = None;
        }
    }

    /// When its question counts as in vain.
    pub(crate) fn overdue_at(&self, answer_ns: u64) -> Ts {
        if self.is_whole() || self.asked_at == Ts::NEVER {
            return Ts::NEVER;
        }
        // Longer and longer after three questions: the venue may have nothing to say about it.
        self.asked_at.plus_ns(answer_ns.saturating_mul(1 << self.tries.saturating_sub(2).min(4)))
    }

    /// Something about its prices came.
    fn hear(&mut self, now: Ts) {
        self.heard = now;
        self.answered = true;
        self.silent = false;
        if self.gap && self.is_whole() {
            self.gap = false;
        }
        if self.is_whole() {
            self.tries = 0;
        }
    }

    /// Takes a book or an update of one.
    ///
    /// # Errors
    /// When it cannot be true; why not, in words.
    pub(crate) fn take_book(
        &mut self,
        now: Ts,
        said: BookSaid<'_>,
        counts: &mut Counts,
        out: &mut Vec<Action>,
    ) -> Result<(), String> {
        let BookSaid { action, bids, asks, venue_ts, .. } = said;
        match action {
            BookAction::Snapshot if self.is_late(venue_ts, self.book.venue_ts) => {
                counts.duplicates += 1;
                return Ok(());
            }
            BookAction::Snapshot => self.book.levels.replace(&bids, &asks),
            BookAction::Update if !self.book.is_whole => return Ok(()),
            BookAction::Update => self.book.levels.update(&bids, &asks),
        }
        if let (true, Some(bid), Some(ask)) =
            (self.book.levels.is_crossed(), self.book.levels.best_bid(), self.book.levels.best_ask())
        {
            return Err(format!("its book is crossed: bid {}, ask {}", bid.price, ask.price));
        }
        self.book.is_whole = true;
        self.book.venue_ts = venue_ts;
        if self.wants.books && !(action == BookAction::Update && bids.is_empty() && asks.is_empty()) {
            let book = Book { instrument: self.id(), action, bids, asks, venue_ts, conflated: None };
            out.push(Action::Emit(Input::Book(book)));
        }
        self.quote_from_top(now, venue_ts, out);
        self.hear(now);
        Ok(())
    }

    /// Whether something newer was there.
    fn is_late(&self, venue_ts: Option<Ts>, newest: Option<Ts>) -> bool {
        self.wants.late_by_time && venue_ts.is_some() && venue_ts < newest
    }

    fn quote_from_top(&mut self, now: Ts, venue_ts: Option<Ts>, out: &mut Vec<Action>) {
        let is_newer = match self.wants.quotes {
            None => false,
            Some(QuoteRule::Top) => true,
            Some(QuoteRule::SaidOrTop) if !self.quote.is_whole => {
                !self.is_late(venue_ts, self.quote.venue_ts)
            }
            Some(QuoteRule::SaidOrTop) => venue_ts > self.quote.venue_ts,
        };
        let (bid, ask) = (self.book.levels.best_bid(), self.book.levels.best_ask());
        if is_newer && self.set_quote(bid, ask, venue_ts) {
            self.tell_quote(now, venue_ts, out);
        } else if is_newer {
            self.requote(now, venue_ts, out);
        }
    }

    /// Takes the best bid and ask.
    ///
    /// # Errors
    /// When it cannot be true; why not, in words.
    pub(crate) fn take_quote(
        &mut self,
        now: Ts,
        said: &QuoteSaid<'_>,
        counts: &mut Counts,
        out: &mut Vec<Action>,
    ) -> Result<(), String> {
        if let (Some(bid), Some(ask)) = (said.bid, said.ask)
            && bid.price > ask.price
        {
            return Err(format!("its quote is crossed: bid {}, ask {}", bid.price, ask.price));
        }
        if self.wants.quotes != Some(QuoteRule::SaidOrTop) {
            return Ok(());
        }
        if self.is_late(said.venue_ts, self.quote.venue_ts) {
            counts.duplicates += 1;
            return Ok(());
        }
        self.set_quote(said.bid, said.ask, said.venue_ts);
        self.tell_quote(now, said.venue_ts, out);
        self.hear(now);
        Ok(())
    }

    /// True when it was another, or none.
    fn set_quote(&mut self, bid: Option<Level>, ask: Option<Level>, venue_ts: Option<Ts>) -> bool {
        let changed = !self.quote.is_whole || (bid, ask) != (self.quote.bid, self.quote.ask);
        (self.quote.bid, self.quote.ask, self.quote.venue_ts) = (bid, ask, venue_ts);
        self.quote.is_whole = true;
        changed
    }

    /// Says the quote again when it was not said for a while: something else about the instrument came, so it stands.
    fn requote(&mut self, now: Ts, venue_ts: Option<Ts>, out: &mut Vec<Action>) {
        let stands = self.wants.quotes.is_some() && self.quote.is_whole && !self.silent;
        if stands && now.since(self.quote.told_at) >= self.wants.requote_ns {
            self.tell_quote(now, venue_ts, out);
        }
    }

    fn tell_quote(&mut self, now: Ts, venue_ts: Option<Ts>, out: &mut Vec<Action>) {
        self.quote.told_at = now;
        let quote = Quote {
            instrument: self.id(),
            bid: self.quote.bid,
            ask: self.quote.ask,
            venue_ts,
            conflated: None,
        };
        out.push(Action::Emit(Input::Quote(quote)));
    }

    pub(crate) fn take_trades(
        &mut self,
        now: Ts,
        said: &TradesSaid<'_>,
        counts: &mut Counts,
        out: &mut Vec<Action>,
    ) {
        let news_from = self.tape.news_from(said.prints.iter().filter_map(|print| print.venue_ts));
        for print in &said.prints {
            if !self.tape.is_new(print.id) {
                counts.duplicates += 1;
                continue;
            }
            out.push(Action::Emit(Input::Trade(Trade {
                instrument: self.id(),
                price: print.price,
                qty: print.qty,
                side: Some(print.side),
                trade_id: Some(print.id),
                historical: said.old || print.venue_ts.is_some_and(|at| at < news_from),
                venue_ts: print.venue_ts,
            })));
        }
        self.hear_of(now, out);
    }

    pub(crate) fn take_mark(
        &mut self,
        now: Ts,
        mark: Option<Price>,
        oracle: Option<Price>,
        out: &mut Vec<Action>,
    ) {
        let mark = Mark { instrument: self.id(), mark, oracle, venue_ts: None };
        out.push(Action::Emit(Input::Mark(mark)));
        self.hear_of(now, out);
    }

    /// Something came that is not its price.
    fn hear_of(&mut self, now: Ts, out: &mut Vec<Action>) {
        if self.wants.quotes.is_none() && !self.wants.books {
            self.hear(now);
        }
        self.requote(now, None, out);
    }
}

//! What rows become when they are in order: books by their sequence numbers, trades without repetitions.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use reprise_model::event::{Book, BookAction, FeedState, FeedStatus};
use reprise_model::{Input, InstrumentId, Label, Ts};

use super::definitions::{SymbolIx, Symbols};
use super::row::{Kind, Payload, Print, Row};
use crate::book::{BookAssembly, BookStep};

/// Trades are told apart from repetitions among so many of an instrument's latest.
const TRADES_KEPT: usize = 4_096;
/// A trade so much older than the venue's newest one is not news.
const OLD_NS: u64 = 5_000_000_000;

/// Follows all instruments of an import.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    books: HashMap<SymbolIx, BookAssembly>,
    tapes: HashMap<SymbolIx, Tape>,
    steps: Vec<BookStep>,
    passed_over: BTreeMap<&'static str, u64>,
}

/// The trades of an instrument whose venue sends old ones again at each subscription.
#[derive(Debug, Default)]
struct Tape {
    started: bool,
    newest: Ts,
    order: VecDeque<u64>,
    ids: HashSet<u64>,
}

impl Tape {
    /// False when the trade was seen before.
    fn is_new(&mut self, id: u64) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        if self.order.len() == TRADES_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(id);
        true
    }
}

impl Assembler {
    /// Turns a row into inputs at its time.
    pub(crate) fn take(&mut self, row: Row, symbols: &Symbols, out: &mut VecDeque<(Ts, Input)>) {
        let ts = row.ts;
        match row.payload {
            Payload::One(_) if row.kind == Kind::AggregateTrade && symbols.get(row.symbol).trades => {
                self.pass_over("aggregates of trades that are there singly");
            }
            Payload::One(input) => out.push_back((ts, input)),
            Payload::Two(inputs) => {
                let (first, second) = *inputs;
                out.push_back((ts, first));
                out.push_back((ts, second));
            }
            Payload::Snapshot(snapshot) => {
                let mut steps = std::mem::take(&mut self.steps);
                self.books.entry(row.symbol).or_default().on_snapshot(*snapshot, &mut steps);
                self.emit(steps, ts, symbols.id(row.symbol), out);
            }
            Payload::Delta(delta) => {
                let mut steps = std::mem::take(&mut self.steps);
                self.books.entry(row.symbol).or_default().on_delta(*delta, &mut steps);
                self.emit(steps, ts, symbols.id(row.symbol), out);
            }
            Payload::Prints { since, prints } => self.trades(row.symbol, ts, since, prints, out),
        }
    }

    fn pass_over(&mut self, what: &'static str) {
        *self.passed_over.entry(what).or_default() += 1;
    }

    fn emit(
        &mut self,
        mut steps: Vec<BookStep>,
        ts: Ts,
        instrument: InstrumentId,
        out: &mut VecDeque<(Ts, Input)>,
    ) {
        for step in steps.drain(..) {
            out.push_back((ts, book_input(step, instrument)));
        }
        self.steps = steps;
    }

    /// The first message after a subscription repeats old trades without saying so. Those from before the
    /// file's first message are historical, and so are all that are much older than the newest one.
    fn trades(
        &mut self,
        symbol: SymbolIx,
        ts: Ts,
        since: Ts,
        prints: Vec<Print>,
        out: &mut VecDeque<(Ts, Input)>,
    ) {
        let tape = self.tapes.entry(symbol).or_default();
        let times = prints.iter().filter_map(|print| print.trade.venue_ts);
        tape.newest = times.fold(tape.newest, Ts::max);
        let first_message = !std::mem::replace(&mut tape.started, true);
        let mut repeated = 0;
        for Print { id, mut trade } in prints {
            if !tape.is_new(id) {
                repeated += 1;
                continue;
            }
            trade.historical = trade
                .venue_ts
                .is_some_and(|at| (first_message && at < since) || tape.newest.since(at) > OLD_NS);
            out.push_back((ts, Input::Trade(trade)));
        }
        if repeated > 0 {
            *self.passed_over.entry("trades that were sent again").or_default() += repeated;
        }
    }

    pub(crate) fn passed_over(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.passed_over.iter().map(|(what, count)| (*what, *count))
    }

    /// What the reader should know about the books.
    pub(crate) fn warnings(&self, symbols: &Symbols) -> Vec<String> {
        let mut books: Vec<_> = self.books.iter().map(|(at, book)| (symbols.id(*at), book)).collect();
        books.sort_unstable_by_key(|(id, _)| *id);
        let mut warnings = Vec::new();
        for (id, book) in books {
            let counts = book.counts();
            let told = [
                (counts.gaps, "gaps, at each of which the book waits for a snapshot"),
                (counts.unused, "updates left out because no snapshot came that they follow"),
                (counts.stale_snapshots, "snapshots older than the updates beside them"),
                (counts.crossed, "messages after which the best bid is not below the best ask"),
            ];
            for (count, what) in told.into_iter().filter(|(count, _)| *count > 0) {
                warnings.push(format!("{id}: in its book {count} {what}"));
            }
        }
        warnings
    }
}

fn book_input(step: BookStep, instrument: InstrumentId) -> Input {
    let status = |state, reason: String| {
        Input::FeedStatus(FeedStatus {
            venue: venue_label(&instrument),
            instrument: Some(instrument),
            state,
            reason: Some(reason),
            conflated: None,
        })
    };
    match step {
        BookStep::Healed => status(FeedState::Live, "a snapshot of the book closes the gap".to_owned()),
        BookStep::Gap { after, found } => {
            status(FeedState::Gap, format!("book updates are missing: {found} came after {after}"))
        }
        BookStep::Snapshot(s) => Input::Book(Book {
            instrument,
            action: BookAction::Snapshot,
            bids: s.bids,
            asks: s.asks,
            venue_ts: s.venue_ts,
            conflated: None,
        }),
        BookStep::Update(d) => Input::Book(Book {
            instrument,
            action: BookAction::Update,
            bids: d.bids,
            asks: d.asks,
            venue_ts: d.venue_ts,
            conflated: None,
        }),
    }
}

/// The venue of an id, cut to what a label holds.
fn venue_label(instrument: &InstrumentId) -> Label<15> {
    let venue = instrument.venue().as_bytes();
    let fallback = || Label::from_bytes(b"?");
    match Label::from_bytes(&venue[..venue.len().min(15)]).or_else(fallback) {
        Some(label) => label,
        None => unreachable!("one visible character is a label"),
    }
}

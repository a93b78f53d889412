//! Whatever a connection loses, repeats, delays, garbles or ends: what a consumer makes of the events is true
//! whenever the feed says that it is live, and the feed comes back to that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use reprise_feeds::{Action, CoinbaseChannels, CoinbaseSettings, FeedSettings, HyperliquidSettings, Told};
use reprise_market_data::book::L2Book;
use reprise_model::event::{FeedState, Level};
use reprise_model::{InstrumentId, Side};

use crate::consumer::Consumer;
use crate::support::{
    Bench, bbo, coinbase, coins, heartbeat, hl_trades, hyperliquid, l2, l2_book, market_trades, products,
};

const SYMBOLS: [&str; 2] = ["AAA-USD", "BBB-USD"];
const COINS: [&str; 2] = ["AAA", "BBB"];

/// What happens at the venue.
#[derive(Debug, Clone)]
enum Deed {
    /// Levels of a product change: price steps from the middle, and sizes.
    Change(usize, Vec<(Side, u8, u8)>),
    Trade(usize),
    Heartbeat,
    /// Nothing is sent for so long, in ms.
    Silence(u16),
}

/// What becomes of a frame on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Lost,
    Twice,
    /// So many others come before it.
    Late(u8),
    Garbled,
    /// The connection ends in its stead.
    Ended(Option<u16>),
}

fn deed() -> impl Strategy<Value = Deed> {
    let change = (any::<bool>(), 0..6u8, 0..4u8)
        .prop_map(|(bid, step, size)| (if bid { Side::Buy } else { Side::Sell }, step, size));
    prop_oneof![
        6 => (0..2usize, prop::collection::vec(change, 1..4)).prop_map(|(at, changes)| Deed::Change(at, changes)),
        3 => (0..2usize).prop_map(Deed::Trade),
        1 => Just(Deed::Heartbeat),
        1 => (10..8_000u16).prop_map(Deed::Silence),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        24 => Just(Fate::Delivered),
        2 => Just(Fate::Lost),
        2 => Just(Fate::Twice),
        2 => (1..6u8).prop_map(Fate::Late),
        1 => Just(Fate::Garbled),
        1 => prop_oneof![Just(None), Just(Some(1000)), Just(Some(1006))].prop_map(Fate::Ended),
    ]
}

/// A frame that is on its way.
#[derive(Debug, Clone)]
struct OnItsWay {
    text: String,
    /// What the venue's books were when it was sent, and its place among the frames.
    stamp: u64,
}

/// A venue, a line with faults, a session, and a consumer behind it.
struct World {
    bench: Bench,
    consumer: Consumer,
    ids: [InstrumentId; 2],
    is_coinbase: bool,
    books: [L2Book; 2],
    /// What the books were behind each frame.
    history: BTreeMap<u64, [L2Book; 2]>,
    next_trade: u64,
    connected: bool,
    subscribed: BTreeSet<usize>,
    next_number: u64,
    ahead: VecDeque<(u8, OnItsWay)>,
    fates: VecDeque<Fate>,
    /// The newest frame that came, of each instrument where nothing is numbered.
    newest: [Option<u64>; 2],
}

impl World {
    fn new(is_coinbase: bool, fates: Vec<Fate>) -> Self {
        let (settings, listings) = match is_coinbase {
            true => {
                let channels = CoinbaseChannels { quotes: true, trades: true, books: true };
                let settings = CoinbaseSettings { channels, ..coinbase(&SYMBOLS) };
                (FeedSettings::Coinbase(settings), products(&SYMBOLS))
            }
            false => {
                let mut settings: HyperliquidSettings = hyperliquid(&COINS);
                settings.channels.marks = false;
                (FeedSettings::Hyperliquid(settings), coins(&COINS))
            }
        };
        let ids = [listings[0].definition.instrument, listings[1].definition.instrument];
        let mut world = Self {
            bench: Bench::new(&settings),
            consumer: Consumer::default(),
            ids,
            is_coinbase,
            books: Default::default(),
            history: BTreeMap::new(),
            next_trade: 1,
            connected: false,
            subscribed: BTreeSet::new(),
            next_number: 0,
            ahead: VecDeque::new(),
            fates: fates.into(),
            newest: [None; 2],
        };
        world.tell(Told::Started { seed: 11 });
        world.tell(Told::Defined(listings));
        world
    }

    /// Tells the session, and does what it says as a venue would.
    fn tell(&mut self, told: Told<'_>) {
        let mut actions = Vec::new();
        self.bench.session.tell(self.bench.now, told, &mut actions);
        let mut connects = false;
        for action in actions {
            match action {
                Action::Emit(input) => self.consumer.take(&input),
                Action::Connect => connects = true,
                Action::Define => {}
                Action::Disconnect { .. } => self.cut(),
                Action::Send(text) => self.asked(&text),
            }
        }
        if connects {
            self.connected = true;
            self.next_number = if self.is_coinbase { 0 } else { self.next_number };
            self.tell(Told::Connected);
        }
    }

    fn cut(&mut self) {
        self.connected = false;
        self.subscribed.clear();
        self.ahead.clear();
        self.history.clear();
        self.newest = [None; 2];
    }

    /// A subscription is answered with a snapshot.
    fn asked(&mut self, text: &str) {
        for at in 0..2 {
            let is_for = text.contains(if self.is_coinbase { SYMBOLS[at] } else { COINS[at] });
            if !is_for {
                continue;
            }
            if text.contains("unsubscribe") && (text.contains("level2") || text.contains("l2Book")) {
                self.subscribed.remove(&at);
            } else if text.contains("level2") || text.contains("l2Book") {
                self.subscribed.insert(at);
                self.send_book(at);
            } else if text.contains("\"subscribe\"") && text.contains("trades") && self.next_trade > 1 {
                // The newest trades again, whoever heard them before.
                let from = self.next_trade.saturating_sub(4).max(1);
                let trades: Vec<u64> = (from..self.next_trade).filter(|id| *id as usize % 2 == at).collect();
                self.send_trades(at, &trades, "snapshot");
            }
        }
    }

    fn shown(&self, at: usize) -> (String, String) {
        let text = |levels: &mut dyn Iterator<Item = &Level>| {
            levels.map(|level| format!("{}x{}", level.price, level.qty)).collect::<Vec<_>>().join(" ")
        };
        (text(&mut self.books[at].bids()), text(&mut self.books[at].asks()))
    }

    fn send_book(&mut self, at: usize) {
        let (bids, asks) = self.shown(at);
        match self.is_coinbase {
            true => self.send(|n| l2(n, "snapshot", SYMBOLS[at], &bids, &asks)),
            false => self.send(|n| l2_book(COINS[at], n, &bids, &asks)),
        }
    }

    fn send_trades(&mut self, at: usize, ids: &[u64], kind: &str) {
        if ids.is_empty() {
            return;
        }
        match self.is_coinbase {
            true => {
                let trades: Vec<_> = ids.iter().map(|id| (*id, "BUY", "100x1", *id)).collect();
                self.send(|n| market_trades(n, kind, SYMBOLS[at], &trades));
            }
            false => {
                let trades: Vec<_> = ids.iter().map(|id| (*id, "B", "100x1", *id)).collect();
                self.send(|_| hl_trades(COINS[at], &trades));
            }
        }
    }

    /// A frame leaves the venue; its fate is decided.
    fn send(&mut self, text: impl FnOnce(u64) -> String) {
        if !self.connected {
            return;
        }
        let stamp = self.next_number;
        self.next_number += 1;
        self.history.insert(stamp, self.books.clone());
        let frame = OnItsWay { text: text(stamp), stamp };
        match self.fates.pop_front().unwrap_or(Fate::Delivered) {
            Fate::Delivered => self.ahead.push_back((0, frame)),
            Fate::Lost => {}
            Fate::Twice => {
                self.ahead.push_back((0, frame.clone()));
                self.ahead.push_back((0, frame));
            }
            Fate::Late(others) => self.ahead.push_back((others, frame)),
            Fate::Garbled => {
                let text = frame.text[..frame.text.len() / 2].to_owned();
                self.ahead.push_back((0, OnItsWay { text, stamp }));
            }
            Fate::Ended(code) => {
                self.cut();
                self.tell(Told::Closed { code, why: "cut".to_owned() });
            }
        }
    }

    /// What is on its way comes.
    fn deliver(&mut self) {
        while let Some(at) = self.ahead.iter().position(|(others, _)| *others == 0) {
            let Some((_, frame)) = self.ahead.remove(at) else { return };
            for (others, _) in &mut self.ahead {
                *others = others.saturating_sub(1);
            }
            self.note(&frame);
            self.tell(Told::Frame(&frame.text));
            self.check();
        }
    }

    fn note(&mut self, frame: &OnItsWay) {
        let is_whole_frame = frame.text.ends_with('}');
        for (coin, newest) in COINS.iter().zip(&mut self.newest) {
            let is_of = self.is_coinbase
                || (frame.text.contains(&format!("\"{coin}\"")) && !frame.text.contains("trades"));
            if is_whole_frame && is_of {
                *newest = (*newest).max(Some(frame.stamp));
            }
        }
    }

    /// Time passes, and the session does what is due.
    fn wait(&mut self, ms: u64) {
        let until = self.bench.now.plus_ns(ms * crate::support::MS);
        while self.bench.session.wake_at() <= until {
            self.bench.now = self.bench.now.max(self.bench.session.wake_at());
            self.tell(Told::Tick);
            self.deliver();
        }
        self.bench.now = until;
    }

    fn happen(&mut self, deed: &Deed) {
        match deed {
            Deed::Change(at, changes) => self.change(*at, changes),
            Deed::Trade(at) => {
                // Even ids are the first product's, so that a trade belongs to one.
                let id = self.next_trade + u64::from(self.next_trade as usize % 2 != *at);
                self.next_trade = id + 1;
                self.send_trades(*at, &[id], "update");
            }
            Deed::Heartbeat if self.is_coinbase => self.send(heartbeat),
            Deed::Heartbeat => {}
            Deed::Silence(ms) => {
                // What is late is so by moments: seconds later a venue whose times go back has set its clock.
                self.ahead.iter_mut().for_each(|(others, _)| *others = 0);
                self.deliver();
                self.wait(u64::from(*ms));
            }
        }
        self.wait(50);
        self.deliver();
    }

    /// Bids lie below 100 and asks above, so that the true book is never crossed.
    fn change(&mut self, at: usize, changes: &[(Side, u8, u8)]) {
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        for (side, step, size) in changes {
            let price = if *side == Side::Buy { 99 - i64::from(*step) } else { 101 + i64::from(*step) };
            let level =
                Level { price: price.to_string().parse().unwrap(), qty: size.to_string().parse().unwrap() };
            self.books[at].set(*side, level);
            if *side == Side::Buy { bids.push(level) } else { asks.push(level) }
        }
        if !self.subscribed.contains(&at) {
            return;
        }
        let text = |levels: &[Level]| {
            levels.iter().map(|l| format!("{}x{}", l.price, l.qty)).collect::<Vec<_>>().join(" ")
        };
        if self.is_coinbase {
            self.send(|n| l2(n, "update", SYMBOLS[at], &text(&bids), &text(&asks)));
        } else {
            let side =
                |level: Option<Level>| level.map_or("-".to_owned(), |l| format!("{}x{}", l.price, l.qty));
            let (bid, ask) = (side(self.books[at].best_bid()), side(self.books[at].best_ask()));
            self.send(|n| bbo(COINS[at], n, &bid, &ask));
            self.send_book(at);
        }
    }

    /// Whatever is live is true.
    fn check(&self) {
        for at in 0..2 {
            let Some(held) = self.consumer.held.get(&self.ids[at]) else { continue };
            if held.feed != Some(FeedState::Live) {
                continue;
            }
            let newest = self.newest[at].unwrap();
            let truth = &self.history[&newest][at];
            assert_eq!(held.quote, (truth.best_bid(), truth.best_ask()), "the quote at {newest}");
            if self.is_coinbase {
                assert_eq!(&held.book, truth, "the book at {newest}");
            } else {
                // A quote may be newer than the newest book.
                let of_any = self.history.range(..=newest).any(|(_, books)| books[at] == held.book);
                assert!(of_any && !held.book_lost, "no book of the venue's");
            }
        }
    }
}

fn check_world(is_coinbase: bool, deeds: &[Deed], fates: Vec<Fate>) {
    let mut world = World::new(is_coinbase, fates);
    for deed in deeds {
        world.happen(deed);
    }
    // The faults are over.
    world.fates.clear();
    for second in 0..100 {
        world.wait(1_000);
        if is_coinbase {
            world.send(heartbeat);
        }
        let size = 1 + (second % 3);
        for at in 0..2 {
            world.change(at, &[(Side::Buy, 0, size)]);
        }
        world.deliver();
    }
    for id in world.ids {
        let held = &world.consumer.held[&id];
        assert_eq!(
            held.feed,
            Some(FeedState::Live),
            "{id} did not come back: {:?}",
            world.bench.session.counts()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Breaks when a consumer of Coinbase's feed holds a wrong book or quote while the feed says live, when a trade
    /// or a state comes twice, or when a feed does not come back after faults.
    #[test]
    fn coinbase_is_true_whenever_it_is_live(
        deeds in prop::collection::vec(deed(), 1..120),
        fates in prop::collection::vec(fate(), 1..120),
    ) {
        check_world(true, &deeds, fates);
    }

    /// Breaks when a consumer of Hyperliquid's feed holds an older quote than one that came, or a book that never
    /// was, while the feed says live, when a trade or a state comes twice, or when a feed does not come back after
    /// faults.
    #[test]
    fn hyperliquid_is_true_whenever_it_is_live(
        deeds in prop::collection::vec(deed(), 1..120),
        fates in prop::collection::vec(fate(), 1..120),
    ) {
        check_world(false, &deeds, fates);
    }
}

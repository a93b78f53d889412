//! Random streams: the venue against its naive twin, and what must hold whatever happens.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use reprise_core::Decided;
use reprise_execution::{Depth, Latency, PaperSettings, QueueModel};
use reprise_model::event::{Book, BookAction, Fill, NewTerms, Quote, Trade};
use reprise_model::{
    Asset, Cash, FeeAsset, Input, Instrument, OrderType, Outcome, Price, Qty, QuoteSource, Side, TimeInForce,
};

use crate::bench::{Act, Bench, Setup, instrument, market_order};
use crate::script::told;
use crate::twin::{Event, Level, Rules, Terms, Twin};

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn level(prices: std::ops::Range<i64>) -> impl Strategy<Value = Level> {
    (prices, 1..12i64)
}

fn terms() -> impl Strategy<Value = Terms> {
    let tif =
        prop_oneof![4 => Just(TimeInForce::Gtc), 1 => Just(TimeInForce::Ioc), 1 => Just(TimeInForce::Fok)];
    let limit = proptest::option::weighted(0.75, 97..103i64);
    let stop = proptest::option::weighted(0.2, 97..104i64);
    (side(), 1..9i64, limit, stop, tif, proptest::bool::weighted(0.15), proptest::bool::weighted(0.15))
        .prop_map(|(side, qty, limit, stop, time_in_force, post_only, reduce_only)| {
            let post_only = post_only && limit.is_some() && time_in_force == TimeInForce::Gtc;
            Terms { side, qty, limit, stop, time_in_force, post_only, reduce_only }
        })
}

fn event() -> impl Strategy<Value = Event> {
    let quote =
        (proptest::option::weighted(0.9, level(99..101)), proptest::option::weighted(0.9, level(101..103)))
            .prop_map(|(bid, ask)| Event::Quote { bid, ask });
    let levels = |prices: std::ops::Range<i64>| proptest::collection::vec((prices, 0..7i64), 0..4);
    let book = (any::<bool>(), levels(96..101), levels(99..104))
        .prop_map(|(snapshot, bids, asks)| Event::Book { snapshot, bids, asks });
    let trade = (97..103i64, 1..6i64, proptest::option::of(side()), proptest::bool::weighted(0.1))
        .prop_map(|(price, qty, aggressor, historical)| Event::Trade { price, qty, aggressor, historical });
    let replace = (0..12usize, proptest::option::of(1..9i64), proptest::option::of(97..104i64))
        .prop_map(|(order, qty, limit)| Event::Replace { order, qty, limit });
    prop_oneof![
        5 => quote,
        2 => book,
        6 => trade,
        3 => terms().prop_map(Event::Order),
        1 => (0..12usize).prop_map(Event::Cancel),
        1 => replace,
    ]
}

fn stream() -> impl Strategy<Value = Vec<(u64, Event)>> {
    proptest::collection::vec((0..3u64, event()), 1..80)
}

fn rules() -> impl Strategy<Value = Rules> {
    let depth = prop_oneof![3 => Just(Depth::Book), 1 => Just(Depth::Unlimited)];
    let model = prop_oneof![
        Just(QueueModel::Pessimistic),
        Just(QueueModel::Proportional),
        Just(QueueModel::Optimistic)
    ];
    (depth, model, 0..4u64, any::<bool>()).prop_map(|(depth, model, window_ms, quotes_from_book)| Rules {
        depth,
        model,
        window_ms,
        quotes_from_book,
    })
}

fn price(value: i64) -> Price {
    Price::from_int(value).unwrap()
}

fn qty(value: i64) -> Qty {
    Qty::from_int(value).unwrap()
}

fn shown((at, size): Level) -> reprise_model::event::Level {
    reprise_model::event::Level { price: price(at), qty: qty(size) }
}

fn input(event: &Event) -> Option<Input> {
    let instrument = "BTC-USD.X".parse().unwrap();
    let levels = |levels: &[Level]| levels.iter().map(|&level| shown(level)).collect();
    Some(match event {
        Event::Quote { bid, ask } => {
            Quote { instrument, bid: bid.map(shown), ask: ask.map(shown), venue_ts: None, conflated: None }
                .into()
        }
        Event::Book { snapshot, bids, asks } => {
            let action = if *snapshot { BookAction::Snapshot } else { BookAction::Update };
            Book {
                instrument,
                action,
                bids: levels(bids),
                asks: levels(asks),
                venue_ts: None,
                conflated: None,
            }
            .into()
        }
        Event::Trade { price: at, qty: size, aggressor, historical } => Trade {
            instrument,
            price: price(*at),
            qty: qty(*size),
            side: *aggressor,
            trade_id: None,
            historical: *historical,
            venue_ts: None,
        }
        .into(),
        _ => return None,
    })
}

fn act(event: &Event) -> Option<Act> {
    let n = |order: usize| u32::try_from(order + 1).unwrap();
    Some(match event {
        Event::Order(terms) => {
            let mut order = market_order(terms.side, qty(terms.qty));
            order.price = terms.limit.map(price);
            order.stop_price = terms.stop.map(price);
            order.order_type = match (terms.limit, terms.stop) {
                (None, None) => OrderType::Market,
                (Some(_), None) => OrderType::Limit,
                (None, Some(_)) => OrderType::Stop,
                (Some(_), Some(_)) => OrderType::StopLimit,
            };
            order.time_in_force = terms.time_in_force;
            (order.post_only, order.reduce_only) = (terms.post_only, terms.reduce_only);
            Act::Order(order)
        }
        Event::Cancel(order) => Act::Cancel(n(*order)),
        Event::Replace { order, qty: size, limit } => {
            let terms = NewTerms { qty: size.map(qty), price: limit.map(price), stop_price: None };
            Act::Replace(n(*order), terms)
        }
        _ => return None,
    })
}

fn play(bench: &mut Bench, event: &Event) -> Vec<Decided> {
    match (input(event), act(event)) {
        (Some(input), _) => bench.step(&input).to_vec(),
        (None, Some(act)) => bench.act(act).to_vec(),
        (None, None) => Vec::new(),
    }
}

fn setup(rules: Rules, settings: PaperSettings, definition: Instrument) -> Setup {
    let quote_source = if rules.quotes_from_book { QuoteSource::Book } else { QuoteSource::Quotes };
    let paper = PaperSettings {
        depth: rules.depth,
        queue_model: rules.model,
        late_trade_window_ms: rules.window_ms,
        ..settings
    };
    let instruments = vec![Instrument { quote_source, ..definition }];
    Setup { instruments, paper: Some(paper), ..Setup::default() }
}

/// What the account and the position must be, from the executions alone.
#[derive(Default)]
struct Books {
    balances: BTreeMap<Asset, Cash>,
    position: Qty,
    /// Side and quantity of every order, as far as is known.
    orders: BTreeMap<u32, (Side, Qty)>,
}

impl Books {
    fn add(&mut self, asset: Asset, amount: Cash) {
        let balance = self.balances.entry(asset).or_insert(Cash::ZERO);
        *balance = balance.checked_add(amount).unwrap();
    }

    fn count(&mut self, side: Side, fill: &Fill, definition: &Instrument) {
        let signed = side.signed(fill.qty);
        self.add(definition.base, Cash::notional(Price::ONE, signed).unwrap());
        self.add(definition.quote, Cash::notional(fill.price, signed).unwrap().neg());
        self.add(fill.fee_asset, fill.fee.neg());
        self.position = self.position.checked_add(signed).unwrap();
        if fill.fee_asset == definition.base {
            self.position = self.position.checked_sub(fill.fee.to_string().parse().unwrap()).unwrap();
        }
    }

    /// Follows one outcome; every execution must fit the quantity that is known of its order then.
    fn follow(&mut self, outcome: &Outcome, definition: &Instrument) -> Result<(), TestCaseError> {
        let fill = match outcome {
            Outcome::OrderRequested(e) => {
                self.orders.insert(e.order.n, (e.terms.side, e.terms.qty));
                return Ok(());
            }
            Outcome::OrderReplaced(e) => {
                let order = self.orders.get_mut(&e.order.n).unwrap();
                order.1 = e.terms.qty.unwrap_or(order.1);
                return Ok(());
            }
            Outcome::OrderFilled(e) => &e.fill,
            Outcome::OrderPartiallyFilled(e) => &e.fill,
            _ => return Ok(()),
        };
        let (side, qty) = self.orders[&fill.order.n];
        prop_assert_eq!(fill.leaves_qty, qty.checked_sub(fill.cum_qty).unwrap());
        self.count(side, fill, definition);
        Ok(())
    }

    fn check(&self, bench: &Bench, cash: Cash) -> Result<(), TestCaseError> {
        let state = bench.core.state();
        let (ix, market) = state.markets.iter().next().unwrap();
        for (&asset, &change) in &self.balances {
            let opening = if asset == market.definition.quote { cash } else { Cash::ZERO };
            prop_assert_eq!(state.account.balance(asset).total, opening.checked_add(change).unwrap());
        }
        prop_assert_eq!(state.positions.net(ix), self.position);
        Ok(())
    }
}

/// A configuration with a seed that is printed when a property fails.
pub fn seeded(cases: u32) -> ProptestConfig {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => TestRunner::default().rng().next_u64(),
    };
    println!("replay with PROPTEST_RNG_SEED={seed}");
    ProptestConfig { rng_seed: RngSeed::Fixed(seed), ..config }
}

proptest! {
    #![proptest_config(seeded(500))]

    /// Breaks when the venue and its naive twin disagree about any statement on any stream: one of them, most
    /// likely the fast one, is wrong.
    #[test]
    fn the_venue_says_what_its_naive_twin_says(rules in rules(), stream in stream()) {
        let mut bench = Bench::new(&setup(rules, PaperSettings::default(), instrument("BTC-USD.X")));
        let mut twin = Twin::new(rules);
        let mut ms = 0;
        for (at, (wait, event)) in stream.iter().enumerate() {
            ms += wait;
            bench.now = bench.now.plus_ns(wait * 1_000_000);
            let said: Vec<String> =
                play(&mut bench, event).iter().filter_map(|decided| told(&decided.outcome, false)).collect();
            prop_assert_eq!(said, twin.step(ms, event), "at event {} ({:?})", at, event);
        }
    }

    /// Breaks when money or quantity appears or vanishes: the account must hold what the executions moved, to
    /// the last digit, with fees in either asset and rates that do not divide evenly.
    #[test]
    fn cash_and_quantity_are_conserved(
        rules in rules(),
        stream in stream(),
        in_base in any::<bool>(),
        delays in proptest::array::uniform2(prop_oneof![Just(0u64), 1..5_000_000u64]),
    ) {
        let mut definition = instrument("BTC-USD.X");
        definition.maker_fee = "-0.000033333333".parse().unwrap();
        definition.taker_fee = "0.000777777777".parse().unwrap();
        definition.fee_asset = if in_base { FeeAsset::BaseOnBuy } else { FeeAsset::Quote };
        let latency = |ns: u64| Latency::Uniform { min_ns: ns / 2, max_ns: ns };
        let settings = PaperSettings {
            entry_latency: if delays[0] == 0 { Latency::NONE } else { latency(delays[0]) },
            response_latency: if delays[1] == 0 { Latency::NONE } else { latency(delays[1]) },
            ..PaperSettings::default()
        };
        let setup = setup(rules, settings, definition.clone());
        let mut bench = Bench::new(&setup);
        let mut books = Books::default();
        let end = (0..12).map(|order| (1_000, Event::Cancel(order)));
        for (wait, event) in stream.into_iter().chain(end) {
            bench.now = bench.now.plus_ns(wait * 1_000_000);
            for decided in play(&mut bench, &event) {
                books.follow(&decided.outcome, &definition)?;
            }
            books.check(&bench, setup.cash)?;
        }
    }
}

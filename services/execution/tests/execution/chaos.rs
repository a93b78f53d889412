//! Everything at once: brackets, groups, expiries, stops, reduce-only, liquidation, latencies, two strategies.
//! Whatever the venue and the order manager make of it, some things must hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use reprise_core::Decided;
use reprise_execution::{Depth, Latency, PaperSettings, QueueModel};
use reprise_model::event::{Bar, ClockAdvanced, Funding, Level, Mark, NewTerms, Quote, Trade};
use reprise_model::{
    Cash, GroupRole, Input, Instrument, InstrumentClass, InstrumentId, NewOrder, OrderGroup, OrderType,
    Outcome, Price, Qty, QuoteSource, Side, TimeInForce,
};

use crate::bench::{Act, Bench, Setup, instrument, market_order};
use crate::random::seeded;

#[derive(Debug, Clone)]
enum Happens {
    Input(Box<Input>),
    Order(Box<NewOrder>, Option<u64>),
    Pair(Box<NewOrder>, Box<NewOrder>),
    Cancel(u32),
    Replace(u32, NewTerms),
}

fn price(at: i64) -> Price {
    Price::from_int(at).unwrap()
}

fn id() -> InstrumentId {
    "BTC-USD.X".parse().unwrap()
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn market() -> impl Strategy<Value = Input> {
    let level = |prices: std::ops::Range<i64>| {
        proptest::option::weighted(0.95, (prices, 1..20i64)).prop_map(|level| {
            level.map(|(at, size)| Level { price: price(at), qty: Qty::from_int(size).unwrap() })
        })
    };
    let quote = (level(90..102), level(100..112))
        .prop_map(|(bid, ask)| Quote { instrument: id(), bid, ask, venue_ts: None, conflated: None }.into());
    let trade = (90..112i64, 1..20i64, proptest::option::of(side())).prop_map(|(at, size, side)| {
        let qty = Qty::from_int(size).unwrap();
        Trade {
            instrument: id(),
            price: price(at),
            qty,
            side,
            trade_id: None,
            historical: false,
            venue_ts: None,
        }
        .into()
    });
    let mark = (80..122i64)
        .prop_map(|at| Mark { instrument: id(), mark: Some(price(at)), oracle: None, venue_ts: None }.into());
    let funding = (-5..6i64).prop_map(|percent| {
        let rate = format!("{percent}e-2").parse().unwrap();
        Funding { instrument: id(), rate, oracle: None, venue_ts: None }.into()
    });
    let bar = (90..112i64, 0..9i64, 0..9i64).prop_map(|(open, up, down)| {
        let [open, high, low] = [open, open + up, open - down].map(price);
        Bar { instrument: id(), interval_ns: 1_000_000, open, high, low, close: low, volume: Qty::ONE }.into()
    });
    prop_oneof![4 => quote, 3 => trade, 1 => mark, 1 => funding, 3 => bar, 1 => Just(ClockAdvanced {}.into())]
}

fn order() -> impl Strategy<Value = NewOrder> {
    let tif = prop_oneof![
        5 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
    ];
    let at = || proptest::option::of(92..110i64);
    let exits = (proptest::option::weighted(0.3, 92..110i64), proptest::option::weighted(0.3, 92..110i64));
    let flags = (proptest::bool::weighted(0.2), any::<bool>());
    (side(), 1..9i64, at(), at(), tif, exits, flags).prop_map(
        |(side, size, limit, stop, time_in_force, (tp, sl), (reduce_only, by_other))| {
            let mut terms = market_order(side, Qty::from_int(size).unwrap());
            terms.price = limit.map(price);
            terms.stop_price = stop.map(price);
            terms.order_type = match (limit, stop) {
                (None, None) => OrderType::Market,
                (Some(_), None) => OrderType::Limit,
                (None, Some(_)) => OrderType::Stop,
                (Some(_), Some(_)) => OrderType::StopLimit,
            };
            (terms.time_in_force, terms.reduce_only) = (time_in_force, reduce_only);
            (terms.take_profit, terms.stop_loss) = (tp.map(price), sl.map(price));
            terms.strategy = if by_other { "b" } else { "a" }.parse().unwrap();
            terms
        },
    )
}

fn happens() -> impl Strategy<Value = Happens> {
    let single = (order(), proptest::option::weighted(0.2, 0..9_000_000u64))
        .prop_map(|(terms, lives_ns)| Happens::Order(Box::new(terms), lives_ns));
    let pair = (order(), order()).prop_map(|(a, b)| Happens::Pair(Box::new(a), Box::new(b)));
    let replace = (1..20u32, proptest::option::of(1..9i64), proptest::option::of(92..110i64)).prop_map(
        |(n, size, at)| {
            let qty = size.map(|size| Qty::from_int(size).unwrap());
            Happens::Replace(n, NewTerms { qty, price: at.map(price), stop_price: None })
        },
    );
    prop_oneof![
        8 => market().prop_map(|input| Happens::Input(Box::new(input))),
        4 => single,
        1 => pair,
        1 => (1..20u32).prop_map(Happens::Cancel),
        1 => replace,
    ]
}

fn latency() -> impl Strategy<Value = Latency> {
    prop_oneof![
        2 => Just(Latency::NONE),
        1 => Just(Latency::Constant { ns: 1_500_000 }),
        1 => Just(Latency::Uniform { min_ns: 0, max_ns: 3_000_000 }),
    ]
}

fn settings() -> impl Strategy<Value = PaperSettings> {
    let model = prop_oneof![
        Just(QueueModel::Pessimistic),
        Just(QueueModel::Proportional),
        Just(QueueModel::Optimistic)
    ];
    let depth = prop_oneof![3 => Just(Depth::Book), 1 => Just(Depth::Unlimited)];
    (latency(), latency(), model, depth).prop_map(|(entry_latency, response_latency, queue_model, depth)| {
        PaperSettings { entry_latency, response_latency, queue_model, depth, ..PaperSettings::default() }
    })
}

/// The order pairs of which no more may be filled in all than each is for.
#[derive(Default)]
struct Pairs {
    /// Quantity and executed so far, by the number of the pair's first.
    pairs: BTreeMap<u32, (Qty, Qty)>,
    /// The first of an order's pair, and the group of both.
    first_of: BTreeMap<u32, (u32, u32)>,
    renegotiated: BTreeSet<u32>,
}

impl Pairs {
    fn follow(&mut self, outcome: &Outcome) {
        let fill = match outcome {
            Outcome::OrderRequested(e) => {
                let Some(group) = e.terms.group else { return };
                let before = e.order.n - 1;
                if group.role == GroupRole::TakeProfit {
                    self.pairs.insert(e.order.n, (e.terms.qty, Qty::ZERO));
                    self.first_of.insert(e.order.n, (e.order.n, group.id));
                } else if group.role == GroupRole::StopLoss
                    && self.first_of.get(&before) == Some(&(before, group.id))
                {
                    self.first_of.insert(e.order.n, (before, group.id));
                }
                return;
            }
            Outcome::OrderFilled(e) => &e.fill,
            Outcome::OrderPartiallyFilled(e) => &e.fill,
            _ => return,
        };
        if let Some(pair) = self.first_of.get(&fill.order.n).and_then(|(first, _)| self.pairs.get_mut(first))
        {
            pair.1 = pair.1.checked_add(fill.qty).unwrap();
        }
    }
}

fn acts(happens: Happens, bench: &Bench) -> Vec<Act> {
    match happens {
        Happens::Input(_) => Vec::new(),
        Happens::Order(mut terms, lives_ns) => {
            if let Some(lives_ns) = lives_ns {
                terms.time_in_force = TimeInForce::Gtd;
                terms.expire_ts = Some(bench.now.plus_ns(lives_ns));
            }
            vec![Act::Order(*terms)]
        }
        Happens::Pair(mut a, mut b) => {
            let group = Some(OrderGroup { id: bench.core.state().orders.next_n(), role: GroupRole::Oco });
            (a.group, b.group) = (group, group);
            vec![Act::Order(*a), Act::Order(*b)]
        }
        Happens::Cancel(n) => vec![Act::Cancel(n)],
        Happens::Replace(n, terms) => vec![Act::Replace(n, terms)],
    }
}

fn definition(is_perpetual: bool, on_bars: bool) -> Instrument {
    Instrument {
        class: if is_perpetual { InstrumentClass::Perpetual } else { InstrumentClass::Spot },
        quote_source: if on_bars { QuoteSource::Bars } else { QuoteSource::Quotes },
        maintenance_margin: Some("0.05".parse().unwrap()),
        taker_fee: "0.001".parse().unwrap(),
        ..instrument("BTC-USD.X")
    }
}

proptest! {
    #![proptest_config(seeded(300))]

    /// Breaks when some run of events halts the engine, leaves an order that no cancel ends, loses an execution
    /// between the venue and the positions, or fills both exits of a bracket.
    #[test]
    fn nothing_is_lost_and_nothing_halts(
        settings in settings(),
        is_perpetual in any::<bool>(),
        on_bars in proptest::bool::weighted(0.3),
        stream in proptest::collection::vec((0..1_500_000u64, happens()), 1..80),
    ) {
        let is_instant = settings.entry_latency.is_none() && settings.response_latency.is_none();
        let setup = Setup {
            instruments: vec![definition(is_perpetual, on_bars)],
            paper: Some(settings),
            cash: Cash::from_int(300).unwrap(),
        };
        let mut bench = Bench::new(&setup);
        let mut position = Qty::ZERO;
        let mut pairs = Pairs::default();
        let mut told: Vec<Decided> = Vec::new();
        for (wait_ns, happens) in stream {
            bench.now = bench.now.plus_ns(wait_ns);
            if let Happens::Input(input) = &happens {
                told.extend_from_slice(bench.step(input));
            } else {
                if let Happens::Replace(n, _) = happens {
                    // Another quantity by the owner's wish is another bargain.
                    pairs.renegotiated.insert(n);
                }
                for act in acts(happens, &bench) {
                    told.extend_from_slice(bench.act(act));
                }
            }
        }
        // Entries first: what they still bring asks for exits, which the second round ends.
        for _ in 0..2 {
            let open: Vec<u32> = bench.core.state().orders.open().map(|order| order.id.n).collect();
            for n in open {
                told.extend_from_slice(bench.act(Act::Cancel(n)));
            }
            bench.now = bench.now.plus_ns(1_000_000_000);
            told.extend_from_slice(bench.step(&ClockAdvanced {}.into()));
        }
        let mut sides = BTreeMap::new();
        for decided in &told {
            pairs.follow(&decided.outcome);
            let fill = match &decided.outcome {
                Outcome::OrderRequested(e) => {
                    sides.insert(e.order, e.terms.side);
                    continue;
                }
                Outcome::OrderAccepted(e) => {
                    sides.extend(e.adopted.as_ref().map(|terms| (e.order, terms.side)));
                    continue;
                }
                Outcome::OrderFilled(e) => &e.fill,
                Outcome::OrderPartiallyFilled(e) => &e.fill,
                _ => continue,
            };
            position = position.checked_add(sides[&fill.order].signed(fill.qty)).unwrap();
        }
        let state = bench.core.state();
        let (ix, _) = state.markets.iter().next().unwrap();
        prop_assert_eq!(state.positions.net(ix), position);
        prop_assert_eq!(state.orders.open_count(), 0, "open: {:?}", state.orders.open().collect::<Vec<_>>());
        if is_instant {
            let kept = |n: &u32| !pairs.renegotiated.contains(n) && !pairs.renegotiated.contains(&(n + 1));
            for (first, (qty, filled)) in pairs.pairs.iter().filter(|(n, _)| kept(n)) {
                prop_assert!(filled <= qty, "exits {} and {}: {} of {}", first, first + 1, filled, qty);
            }
        }
    }
}

//! Requests and answers under way.

use reprise_core::Decided;
use reprise_execution::{Latency, PaperSettings};
use reprise_model::event::{ClockAdvanced, Level, Quote};
use reprise_model::{Outcome, Qty, Side};

use crate::bench::{Act, Bench, START, Setup, market_order};
use crate::script::{Row, check};

const MS: u64 = 1_000_000;

const REQUESTS_AND_ANSWERS_TAKE_THEIR_TIME: &[Row] = &[
    Row {
        name: "the order meets the market of its arrival",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x3
                buy 1
                wait 4
                q 100x5 103x3
                wait 1
                q 100x5 109x3
                > accepted 1
                > filled 1 1@103 taker",
    },
    Row {
        name: "the engine learns late; the venue matches on",
        setup: "response_latency=5000000",
        script: "
                q 100x5 101x3
                buy 2 @100
                wait 4
                t 99x1 sell
                wait 1
                clock
                > accepted 1
                wait 3
                clock
                wait 1
                clock
                > filled 1 2@100 maker",
    },
    Row {
        name: "a fill that happens while the cancel is under way wins",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x3
                buy 2 @100
                wait 5
                clock
                > accepted 1
                cancel 1
                wait 4
                t 99x1 sell
                > filled 1 2@100 maker
                wait 5
                clock",
    },
    Row {
        name: "a cancel does not overtake its order, and ends what is left",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x1
                buy 2 @101
                cancel 1
                wait 5
                clock
                > accepted 1
                > part 1 1@101 taker left 1
                > canceled 1 strategy 1",
    },
    Row {
        name: "the fill is under way, the cancel leaves, the fill stands",
        setup: "response_latency=5000000",
        script: "
                q 100x5 101x3
                buy 2 @100
                wait 5
                clock
                > accepted 1
                t 99x1 sell
                cancel 1
                wait 5
                clock
                > filled 1 2@100 maker",
    },
    Row {
        name: "a replace that comes after the end is not answered",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x3
                buy 2 @100
                wait 5
                clock
                > accepted 1
                replace 1 qty=5
                wait 4
                t 99x1 sell
                > filled 1 2@100 maker
                wait 1
                clock",
    },
    Row {
        name: "executed past the new quantity while that was under way",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x3
                buy 3 @102
                wait 5
                clock
                > accepted 1
                > filled 1 3@101 taker
                q 100x5 101x2
                buy 3 @101
                wait 5
                clock
                > accepted 2
                > part 2 2@101 taker left 1
                replace 2 qty=2
                wait 5
                clock
                > rejected 2 replace malformed
                cancel 2
                wait 5
                clock
                > canceled 2 strategy 1",
    },
    Row {
        name: "expired before it arrived; expired while the engine does not know",
        setup: "entry_latency=5000000 response_latency=2000000",
        script: "
                q 100x5 101x3
                buy 2 @100 gtd=4
                wait 7
                clock
                > rejected 1 new already_expired
                buy 2 @100 gtd=6
                wait 7
                clock
                > accepted 2
                wait 1
                clock
                > expired 2 2",
    },
    Row {
        name: "a bracket's exits in flight when the position goes",
        setup: "entry_latency=5000000",
        script: "
                q 100x5 101x3
                buy 1 sl=90
                wait 5
                clock
                > accepted 1
                > filled 1 1@101 taker
                > exit 2 sell 1 stop 90 of 1
                sell 1
                wait 5
                clock
                > accepted 2
                > accepted 3
                > filled 3 1@100 taker
                q 90x1 91x1
                > canceled 2 reduce_only 1",
    },
    Row {
        name: "the venue counts what it has not told yet: reduce-only cannot turn a position twice",
        setup: "response_latency=5000000",
        script: "
                q 100x9 101x9
                buy 1
                wait 5
                clock
                > accepted 1
                > filled 1 1@101 taker
                sell 1 reduce
                sell 1 reduce
                wait 5
                clock
                > accepted 2
                > filled 2 1@100 taker
                > rejected 3 new reduce_only",
    },
];

/// Breaks when the venue acts before a request can have reached it, or the engine learns before an answer can
/// have come back.
#[test]
fn requests_and_answers_take_their_time() {
    check(REQUESTS_AND_ANSWERS_TAKE_THEIR_TIME);
}

fn drawn(latency: Latency, seed: u64) -> PaperSettings {
    PaperSettings { entry_latency: latency, response_latency: latency, seed, ..PaperSettings::default() }
}

fn quote() -> Quote {
    let level = |price: i64| {
        Some(Level { price: price.to_string().parse().unwrap(), qty: Qty::from_int(1_000).unwrap() })
    };
    Quote {
        instrument: "BTC-USD.X".parse().unwrap(),
        bid: level(100),
        ask: level(101),
        venue_ts: None,
        conflated: None,
    }
}

/// When each of the first strategy's orders was accepted, and when filled, in nanoseconds after it was sent.
fn delays(settings: PaperSettings, others: bool) -> Vec<(u64, u64)> {
    let mut bench = Bench::new(&Setup { paper: Some(settings), ..Setup::default() });
    let mut delays = Vec::new();
    for intent in 0..50 {
        if others {
            bench.step(&ClockAdvanced {}.into());
        }
        let mut acts = Vec::new();
        if others {
            let mut other = market_order(Side::Sell, Qty::ONE);
            (other.strategy, other.intent) = ("other".parse().unwrap(), intent);
            acts.push(Act::Order(other));
        }
        let mut terms = market_order(Side::Buy, Qty::ONE);
        terms.intent = intent;
        acts.push(Act::Order(terms));
        let sent = bench.now;
        let mut seen: Vec<Decided> = bench.step_with(&quote().into(), acts).to_vec();
        bench.now = bench.now.plus_ns(60_000 * MS);
        seen.extend_from_slice(bench.step(&ClockAdvanced {}.into()));
        let own = |n: u32| bench.core.state().orders.get(reprise_model::OrderId { epoch: 0, n }).unwrap();
        let own = |n: u32| own(n).terms.strategy.as_str() == "s";
        let at = |kind: &str| {
            let mut found = seen.iter().filter(|decided| match &decided.outcome {
                Outcome::OrderAccepted(e) => kind == "accepted" && own(e.order.n),
                Outcome::OrderFilled(e) => kind == "filled" && own(e.fill.order.n),
                _ => false,
            });
            found.next().expect("an answer to every order").ts.since(sent)
        };
        delays.push((at("accepted"), at("filled")));
    }
    delays
}

/// Breaks when a delay depends on anything but what it is for: an unrelated event or order would redraw every
/// delay after it, and two runs could no longer be compared.
#[test]
fn unrelated_events_do_not_redraw() {
    let latencies = [
        Latency::Constant { ns: 3 * MS },
        Latency::Uniform { min_ns: MS, max_ns: 9 * MS },
        Latency::Exponential { min_ns: MS, mean_ns: 4 * MS },
        Latency::Lognormal { median_ns: 4 * MS, sigma: 0.5 },
    ];
    for latency in latencies {
        let alone = delays(drawn(latency, 7), false);
        assert_eq!(alone, delays(drawn(latency, 7), true), "{latency:?}: redrawn by others' events");
        let is_drawn = !matches!(latency, Latency::Constant { .. });
        assert_eq!(is_drawn, alone != delays(drawn(latency, 8), false), "{latency:?}: the seed decides");
        assert_eq!(is_drawn, alone.windows(2).any(|two| two[0] != two[1]), "{latency:?}: each order its own");
        assert!(alone.iter().all(|&(accepted, filled)| accepted <= filled), "{latency:?}: answers in order");
    }
}

/// Breaks when a distribution loses its shape: wrong bounds, mean or median.
#[test]
fn distributions_have_their_shape() {
    let entries = |latency: Latency| -> Vec<u64> {
        let settings = PaperSettings { entry_latency: latency, ..PaperSettings::default() };
        let mut bench = Bench::new(&Setup { paper: Some(settings), ..Setup::default() });
        let acts = (0..2_000).map(|intent| {
            let mut terms = market_order(Side::Buy, Qty::ONE);
            terms.intent = intent;
            Act::Order(terms)
        });
        bench.step_with(&quote().into(), acts);
        bench.now = bench.now.plus_ns(3_600_000 * MS);
        let told = bench.step(&ClockAdvanced {}.into());
        let accepted = told.iter().filter(|decided| matches!(decided.outcome, Outcome::OrderAccepted(_)));
        let mut delays: Vec<u64> = accepted.map(|decided| decided.ts.since(START)).collect();
        delays.sort_unstable();
        assert_eq!(delays.len(), 2_000);
        delays
    };
    let mean = |delays: &[u64]| delays.iter().sum::<u64>() / delays.len() as u64;
    let near = |value: u64, wanted: u64| value.abs_diff(wanted) < wanted / 10;

    let uniform = entries(Latency::Uniform { min_ns: MS, max_ns: 9 * MS });
    assert!(uniform[0] >= MS && uniform[1_999] <= 9 * MS && near(mean(&uniform), 5 * MS));
    assert!(uniform[0] < MS + MS / 10 && uniform[1_999] > 9 * MS - MS / 10, "both ends are reached");
    let exponential = entries(Latency::Exponential { min_ns: MS, mean_ns: 4 * MS });
    assert!(exponential[0] >= MS && near(mean(&exponential), 4 * MS));
    let lognormal = entries(Latency::Lognormal { median_ns: 4 * MS, sigma: 0.5 });
    assert!(near(lognormal[1_000], 4 * MS), "median {}", lognormal[1_000]);
    let one_sigma = lognormal[1_682] as f64 / lognormal[1_000] as f64;
    assert!((one_sigma - libm::exp(0.5)).abs() < 0.1, "one sigma above the median: {one_sigma}");
}

/// Breaks when a configuration that makes no sense is taken, or one that does is not.
#[test]
fn settings_are_checked() {
    let rows = [
        ("", true),
        ("entry_latency = 5", true),
        ("entry_latency = -5", false),
        ("entry_latency = \"5ms\"", false),
        ("entry_latency = { kind = \"constant\", ns = 5 }", true),
        ("entry_latency = { kind = \"constant\", ms = 5 }", false),
        ("entry_latency = { kind = \"uniform\", min_ns = 5, max_ns = 6 }", true),
        ("entry_latency = { kind = \"uniform\", min_ns = 5, max_ns = 4 }", false),
        ("entry_latency = { kind = \"exponential\", min_ns = 5, mean_ns = 4 }", false),
        ("response_latency = { kind = \"lognormal\", median_ns = 5, sigma = 0.2 }", true),
        ("response_latency = { kind = \"lognormal\", median_ns = 5, sigma = nan }", false),
        ("response_latency = { kind = \"lognormal\", median_ns = 5, sigma = -1.0 }", false),
        ("response_latency = { kind = \"gamma\", median_ns = 5 }", false),
        ("bar_half_spread = \"0.001\"", true),
        ("bar_half_spread = \"-0.001\"", false),
        ("bar_half_spread = 1", false),
        ("depth = \"unlimited\"\nqueue_model = \"optimistic\"\ntrigger_by = \"mark\"", true),
        ("depth = \"deep\"", false),
        ("maker_fee = \"-0.0001\"\ntaker_fee = 0.001", true),
        ("latency = 5", false),
    ];
    for (text, good) in rows {
        let read = toml::from_str::<PaperSettings>(text);
        assert_eq!(read.is_ok(), good, "{text}: {read:?}");
        if let Ok(settings) = read {
            let written = toml::to_string(&settings).unwrap();
            assert_eq!(toml::from_str(&written), Ok(settings), "{text}: does not survive being written");
        }
    }
}

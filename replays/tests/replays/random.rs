//! Random markets, random orders, random terms: whatever happens, the books add up, the run verifies, and folding it
//! leads to the same state.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use reprise_assembly::{assemble, from_recorded};
use reprise_core::Outcomes;
use reprise_model::event::{Command, FeedState, PositionReason, TransferReason};
use reprise_model::{FeeAsset, Instrument, OrderOrigin, Outcome, Seq, Side};
use reprise_replays::{Backtest, BacktestOptions, Verdict, VerifyOptions, verify};

use crate::cases::config_of;
use crate::journals::batches;
use crate::scripted::registry;
use crate::tape::{Tape, cents, of, perpetual, spot};
use crate::twin::Ledger;

const SPOT: &str = "BTC-USD.SIM";
const PERP: &str = "BTC-USD.PERP";

/// A small generator, so that a seed is all one needs to see a failure again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    fn qty(&mut self) -> String {
        format!("{}.{:03}", self.below(4), 1 + self.below(999))
    }
}

/// An order of any sort, most of them near 100.
fn order(dice: &mut Dice) -> String {
    let mut text = format!("{} {}", dice.one_of(&["buy", "sell"]), dice.qty());
    let price = |dice: &mut Dice| cents(9_700 + dice.below(600));
    match dice.below(5) {
        0 => text += " market",
        1 | 2 => write!(text, " limit {}", price(dice)).unwrap(),
        3 => write!(text, " stop {}", price(dice)).unwrap(),
        _ => write!(text, " stop {} limit {}", price(dice), price(dice)).unwrap(),
    }
    text += dice.one_of(&["", "", "", " post", " ioc", " fok", " gtd 400", " reduce", " reduce"]);
    if dice.below(4) == 0 {
        write!(text, " tp {} sl {}", price(dice), price(dice)).unwrap();
    }
    text + dice.one_of(&[" @1", " @2"])
}

fn script(dice: &mut Dice) -> String {
    let mut text = String::new();
    for moment in 1..60 {
        if dice.below(2) == 0 {
            continue;
        }
        let action = match dice.below(8) {
            0 => format!("cancel #{}", 1 + dice.below(30)),
            1 => format!(
                "replace #{} price {} qty {}",
                1 + dice.below(30),
                cents(9_800 + dice.below(400)),
                dice.qty()
            ),
            2 => format!("oco {} / {}", order(dice), order(dice)),
            3 => format!("{}; {}", order(dice), order(dice)),
            _ => order(dice),
        };
        writeln!(text, "{moment}: {action}").unwrap();
    }
    text
}

fn configuration(dice: &mut Dice) -> String {
    let latency = |dice: &mut Dice| {
        dice.one_of(&["0", "7_000_000", "{ kind = \"uniform\", min_ns = 0, max_ns = 150_000_000 }"])
            .to_owned()
    };
    let mut text = format!(
        r#"
        [account]
        reporting_asset = "USD"
        allow_short = {}
        balances = {{ USD = "{}", BTC = "3" }}
        [engine]
        checkpoint_every = 16
        line_interval_ms = 300
        [paper]
        depth = "{}"
        queue_model = "{}"
        trigger_by = "{}"
        entry_latency = {}
        response_latency = {}
        seed = {}
        [risk]
        market_slippage = "0.01"
        max_open_orders = 12
        {}
        "#,
        dice.one_of(&["true", "false"]),
        dice.one_of(&["15", "2500"]),
        dice.one_of(&["book", "unlimited"]),
        dice.one_of(&["pessimistic", "proportional", "optimistic"]),
        dice.one_of(&["last", "quote", "mark"]),
        latency(dice),
        latency(dice),
        dice.below(1_000),
        dice.one_of(&[
            "",
            "max_daily_loss = \"40\"",
            "max_drawdown = \"30\"\non_loss = \"halt\"\nflatten_on_halt = true"
        ]),
    );
    for id in ["one", "two"] {
        write!(
            text,
            "[[strategy]]\nid = \"{id}\"\nkind = \"scripted\"\nscript = \"\"\"\n{}\"\"\"\n",
            script(dice)
        )
        .unwrap();
    }
    text
}

fn market(dice: &mut Dice, events: u64) -> Tape {
    let fees = ["0", "0.0003", "-0.000125", "0.00037"];
    let fee_asset = if dice.below(2) == 0 { FeeAsset::Quote } else { FeeAsset::BaseOnBuy };
    let maker_fee = of(dice.one_of(&fees));
    let mut tape = Tape::new(vec![
        Instrument { fee_asset, maker_fee, taker_fee: of("0.001"), ..spot(SPOT) },
        Instrument { maker_fee, max_leverage: Some(of("20")), ..perpetual(PERP) },
    ]);
    let mut bid = 10_000;
    for _ in 0..events {
        let jump = if dice.below(30) == 0 { 300 } else { 40 };
        bid = (bid + dice.below(jump)).saturating_sub(jump / 2).clamp(8_000, 12_000);
        let id = if dice.below(2) == 0 { SPOT } else { PERP };
        let side = if dice.below(2) == 0 { Side::Buy } else { Side::Sell };
        match dice.below(14) {
            0..=7 => {
                let ask = bid + 1 + dice.below(20);
                let (bid_qty, ask_qty) = (dice.qty(), dice.qty());
                tape.quote(id, &format!("{} {bid_qty}", cents(bid)), &format!("{} {ask_qty}", cents(ask)));
            }
            8 | 9 => drop(tape.trade(id, side, &cents(bid + dice.below(30)), &dice.qty())),
            10 => drop(tape.mark(PERP, &cents(bid + dice.below(50)), &cents(bid))),
            11 => drop(tape.wait(dice.below(2_000)).funding(PERP, dice.one_of(&["0.000125", "-0.0000333"]))),
            12 => drop(tape.transfer(dice.one_of(&["USD", "BTC"]), "0.5", TransferReason::Deposit)),
            _ => drop(match dice.below(12) {
                0 => tape.operator(Command::Kill, "random", |said| said.flatten = true),
                1 => tape.operator(Command::ReduceOnly, "random", |_| {}),
                2 => tape.operator(Command::CancelAll, "random", |said| said.all = true),
                3 => tape.feed(id, FeedState::Live),
                _ => tape.operator(Command::Release, "random", |_| {}),
            }),
        }
    }
    tape
}

/// The configuration and the market of a seed.
pub fn world(seed: u64, events: u64) -> (String, Tape) {
    let dice = &mut Dice(seed);
    (configuration(dice), market(dice, events))
}

/// One random run, from its seed alone; tells what happened in it.
fn run(seed: u64, events: u64) -> BTreeSet<&'static str> {
    let (text, tape) = world(seed, events);
    let config = config_of(&text);
    let scratch = tempfile::tempdir().unwrap();
    let (source, out) = (scratch.path().join("source"), scratch.path().join("out"));
    tape.record(&source);
    let context = format!("seed {seed}, {events} events");
    let options = BacktestOptions { copy_inputs: true, ..BacktestOptions::default() };
    let report = Backtest::new(&source, &config, &registry(), options).run(&out, &mut |_| {});
    let report = report.unwrap_or_else(|error| panic!("{context}: {error}"));

    let ledger = Ledger::of(&out);
    ledger.compare(&report, &context);
    ledger.conserves(&context);

    let verdict = verify(&out, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
    assert!(
        matches!(&verdict, Verdict::Identical { digest, .. } if *digest == report.digest),
        "{context}: {verdict:?}"
    );

    let (started, batches) = batches(&out);
    let recorded = from_recorded(started.config.as_str()).unwrap();
    let mut core = assemble(&recorded, &registry(), &started.instruments, started.epoch).unwrap();
    core.resume_after(Seq(1));
    let (mut folded, mut outcomes) = (core.state().clone(), Outcomes::default());
    for batch in &batches {
        core.step(batch.ts, &batch.input, &mut outcomes).unwrap();
        folded.fold(batch.seq, batch.ts, &batch.input, &batch.decided).unwrap();
    }
    assert_eq!(
        (folded.digest(), core.state().digest()),
        (report.state_digest.clone(), report.state_digest),
        "{context}"
    );
    batches.iter().flat_map(|batch| &batch.decided).filter_map(|one| happened(&one.outcome)).collect()
}

/// What random runs should not lack.
fn happened(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::OrderAccepted(e) if e.adopted.is_some() => Some("liquidation"),
        Outcome::OrderRequested(e) if e.terms.origin == OrderOrigin::Bracket => Some("bracket"),
        Outcome::OrderRequested(e) if e.terms.origin == OrderOrigin::KillSwitch => Some("flattening"),
        Outcome::PositionChanged(e) if e.reason == PositionReason::Funding => Some("funding"),
        Outcome::OrderFilled(e) if e.fill.fee_asset == of("BTC") => Some("fee in base"),
        Outcome::OrderFilled(e) if e.fill.fee.is_negative() => Some("rebate"),
        Outcome::OrderPartiallyFilled(_) => Some("partial fill"),
        Outcome::OrderReplaced(_) => Some("replacement"),
        Outcome::OrderExpired(_) => Some("expiry"),
        Outcome::RiskBreach(_) => Some("breach"),
        _ => None,
    }
}

/// How many random runs: `REPRISE_RANDOM_RUNS`, or a few.
pub fn runs() -> u32 {
    std::env::var("REPRISE_RANDOM_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(32)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Breaks when a run exists whose report, positions or balances are not what its fills, fees and funding come to,
    /// that makes or loses cash or quantity, that does not verify, or whose fold leads elsewhere. The failure names the
    /// seed; `run(seed, events)` shows it again.
    #[test]
    fn books_add_up_whatever_happens(seed in any::<u64>(), events in 20_u64..160) {
        run(seed, events);
    }
}

/// Breaks when random runs are so tame that they test little.
#[test]
fn random_runs_are_wild() {
    let seen: BTreeSet<&str> = (0..60).flat_map(|seed| run(seed, 120)).collect();
    let expected = [
        "bracket",
        "breach",
        "expiry",
        "fee in base",
        "flattening",
        "funding",
        "liquidation",
        "partial fill",
        "rebate",
        "replacement",
    ];
    assert_eq!(seen, BTreeSet::from(expected));
}

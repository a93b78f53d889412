//! The accountant: funding, the lines of positions and of the account, days and baselines.

use reprise_core::{AccountSettings, Context, Core, CoreSettings, Service, State};
use reprise_model::event::{
    AccountChanged, AccountTransferred, ClockAdvanced, Fill, Funding, Mark, OrderFilled, PositionReason,
    TransferReason,
};
use reprise_model::{Cash, Input, Label, Liquidity, NewOrder, Outcome, Qty, Rate, Side, Ts};

use crate::support::{
    Bench, CROSS, DAY, MIDNIGHT, OpenGate, PERPETUAL, SECOND, SPOT, asset, buy, cash, id, price, qty, quiet,
    quote, strategy,
};

/// At which input, in what, for whom, how much (negative sells), the fee and its asset.
type Planned = (u32, &'static str, &'static str, &'static str, (&'static str, &'static str));

/// Fills what it is told at each input, at a price of 100.
struct Filler {
    plan: Vec<Planned>,
    inputs: u32,
}

impl Filler {
    fn boxed(plan: &[Planned]) -> Box<dyn Service> {
        Box::new(Self { plan: plan.to_vec(), inputs: 0 })
    }
}

impl Service for Filler {
    fn name(&self) -> &str {
        "filler"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        self.inputs += 1;
        for (_, instrument, owner, signed, fee) in self.plan.iter().filter(|row| row.0 == self.inputs) {
            let side = if signed.starts_with('-') { Side::Sell } else { Side::Buy };
            let traded = qty(signed).abs();
            let order =
                cx.adopt(NewOrder { strategy: strategy(owner), side, qty: traded, ..buy(instrument, "100") });
            let fill = Fill {
                order,
                exec_id: Label::new("x").expect("a short name"),
                qty: traded,
                price: price("100"),
                fee: cash(fee.0),
                fee_asset: asset(fee.1),
                liquidity: Liquidity::Taker,
                cum_qty: traded,
                leaves_qty: Qty::ZERO,
            };
            cx.emit(OrderFilled { fill });
        }
    }
}

const FREE: (&str, &str) = ("0", "USD");

fn rich() -> CoreSettings {
    let mut account = AccountSettings { reporting: Some(asset("USD")), ..AccountSettings::default() };
    account.balances.insert(asset("USD"), cash("1000"));
    CoreSettings { account, ..quiet() }
}

fn bench(instruments: &[&str], filler: Box<dyn Service>) -> Bench {
    Bench::new(rich(), instruments, vec![filler, Core::accountant()], Box::new(OpenGate))
}

fn clock() -> Input {
    Input::ClockAdvanced(ClockAdvanced {})
}

fn funding(rate: &str, oracle: Option<&str>) -> Input {
    Input::Funding(Funding {
        instrument: id(PERPETUAL),
        rate: Rate::parse(rate).expect("a rate"),
        oracle: oracle.map(price),
        venue_ts: None,
    })
}

fn usd(state: &State) -> Cash {
    state.account.balance(asset("USD")).total
}

/// Breaks when funding is paid at another price, by the wrong side, for another strategy's position, or not
/// at all.
#[test]
fn funding_is_position_times_oracle_times_rate() {
    let mark = |mark: Option<&str>, oracle: Option<&str>| {
        Input::Mark(Mark {
            instrument: id(PERPETUAL),
            mark: mark.map(price),
            oracle: oracle.map(price),
            venue_ts: None,
        })
    };
    // Long 2 for one, short 3 for two: net short 1.
    type Row = (&'static str, Vec<Input>, &'static [(&'static str, &'static str)], &'static str);
    let rows: [Row; 6] = [
        ("longs pay", vec![funding("0.01", Some("110"))], &[("one", "-2.2"), ("two", "3.3")], "1001.1"),
        ("shorts pay", vec![funding("-0.01", Some("110"))], &[("one", "2.2"), ("two", "-3.3")], "998.9"),
        (
            "the oracle last known",
            vec![mark(Some("90"), Some("120")), funding("0.01", None)],
            &[("one", "-2.4"), ("two", "3.6")],
            "1001.2",
        ),
        (
            "the mark without oracle",
            vec![mark(Some("90"), None), funding("0.01", None)],
            &[("one", "-1.8"), ("two", "2.7")],
            "1000.9",
        ),
        (
            "the mid without either",
            vec![quote(PERPETUAL, "99", "101"), funding("0.01", None)],
            &[("one", "-2"), ("two", "3")],
            "1001",
        ),
        ("nothing known", vec![funding("0.01", None)], &[], "1000"),
    ];
    for (name, inputs, expected, balance) in rows {
        let plan = [(1, PERPETUAL, "one", "2", FREE), (1, PERPETUAL, "two", "-3", FREE)];
        let mut bench = bench(&[PERPETUAL], Filler::boxed(&plan));
        bench.step(MIDNIGHT, clock()).expect("a step");
        for input in inputs {
            bench.step(MIDNIGHT, input).expect("a step");
        }
        let last = bench.batches.last().expect("a batch");
        let paid: Vec<_> = last
            .outcomes
            .iter()
            .filter_map(|d| match &d.outcome {
                Outcome::PositionChanged(e) if e.reason == PositionReason::Funding => {
                    Some((e.strategy, e.funding))
                }
                _ => None,
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(owner, paid)| (strategy(owner), cash(paid))).collect();
        assert_eq!(paid, expected, "{name}");
        assert_eq!(usd(bench.core.state()), cash(balance), "{name}");
    }
}

/// Breaks when an order that fills at the very event of a funding makes the funding's line contradict the
/// position, which halts the engine; or is itself paid for.
#[test]
fn fills_beside_a_funding_are_not_paid_for() {
    let plan = [
        (1, PERPETUAL, "one", "2", FREE),
        (2, PERPETUAL, "one", "-1", FREE),
        (2, PERPETUAL, "two", "5", FREE),
    ];
    let mut bench = bench(&[PERPETUAL], Filler::boxed(&plan));
    bench.step(MIDNIGHT, clock()).expect("a step");
    let kinds = bench.kinds(MIDNIGHT, funding("0.01", Some("100")));
    let expected = [
        "order.accepted",
        "order.filled",
        "order.accepted",
        "order.filled",
        "position.changed",
        "position.changed",
        "account.changed",
    ];
    assert_eq!(kinds, expected, "one line a position");
    let state = bench.core.state();
    let ix = state.markets.find(&id(PERPETUAL)).expect("it is defined");
    let one = state.positions.get(ix, strategy("one"));
    assert_eq!((one.qty, one.funding), (qty("1"), cash("-2")));
    assert_eq!(state.positions.get(ix, strategy("two")).funding, Cash::ZERO);
    assert_eq!(usd(state), cash("998"));
}

/// Breaks when an account line tells other balances than there are, misses an asset that changed, or comes
/// more than once a cascade.
#[test]
fn lines_tell_what_changed() {
    type Row = (
        &'static str,
        (&'static str, &'static str),
        &'static [(&'static str, &'static str)],
        Option<&'static str>,
    );
    // After buying 1 BTC at 100 of 1000 USD, with a mid of 100.
    let rows: [Row; 4] = [
        ("free", FREE, &[("BTC", "1"), ("USD", "900")], Some("1000")),
        ("a fee in quote", ("2", "USD"), &[("BTC", "1"), ("USD", "898")], Some("998")),
        ("a fee in base", ("0.01", "BTC"), &[("BTC", "0.99"), ("USD", "900")], Some("999")),
        // Nothing converts it, so what is left is not known; it is not left out.
        ("a fee in a third", ("0.5", "BNB"), &[("BNB", "-0.5"), ("BTC", "1"), ("USD", "900")], None),
    ];
    for (name, fee, balances, equity) in rows {
        let mut bench = bench(&[SPOT], Filler::boxed(&[(2, SPOT, "s", "1", fee)]));
        bench.step(MIDNIGHT, quote(SPOT, "99", "101")).expect("a step");
        let batch = bench.step(MIDNIGHT, quote(SPOT, "99", "101")).expect("a step");
        let lines: Vec<&AccountChanged> = batch
            .outcomes
            .iter()
            .filter_map(|d| if let Outcome::AccountChanged(line) = &d.outcome { Some(line) } else { None })
            .collect();
        let [line] = lines[..] else { panic!("{name}: {lines:?}") };
        let told: Vec<_> = line.balances.iter().map(|b| (b.asset.to_string(), b.total)).collect();
        let expected: Vec<_> =
            balances.iter().map(|(name, total)| ((*name).to_owned(), cash(total))).collect();
        assert_eq!((told, line.equity), (expected, equity.map(cash)), "{name}");
    }
}

/// Breaks when lines come with every tick, or not once an interval while something is owned.
#[test]
fn idle_lines_come_once_an_interval() {
    let count = |plan: &[_]| {
        let mut bench = bench(&[SPOT], Filler::boxed(plan));
        for n in 0..100 {
            bench.step(MIDNIGHT + n * SECOND / 10, quote(SPOT, "99", "101")).expect("a step");
        }
        bench.outcomes().filter(|o| matches!(o, Outcome::AccountChanged(_))).count()
    };
    assert_eq!(count(&[]), 1, "the opening line alone");
    assert_eq!(count(&[(1, SPOT, "s", "1", FREE)]), 10, "opening with the fill, and nine intervals");
    assert_eq!(count(&[(2, SPOT, "s", "1", FREE)]), 11, "opening, fill, and nine intervals");
}

/// Breaks when a day begins at another time, twice, or not over a gap; or when its baseline is not what there
/// was before the first event of the day.
#[test]
fn days_begin_at_the_reset() {
    let day_starts = |reset_ns: u64, steps: &[(u64, &str)]| {
        let settings = CoreSettings { day_reset_ns: reset_ns, ..rich() };
        let services = vec![Filler::boxed(&[(1, SPOT, "s", "1", FREE)]), Core::accountant()];
        let mut bench = Bench::new(settings, &[SPOT], services, Box::new(OpenGate));
        for (ts, mid) in steps {
            bench.step(*ts, quote(SPOT, mid, mid)).expect("a step");
        }
        let mut starts: Vec<(u64, Option<Cash>)> = Vec::new();
        for line in bench.outcomes() {
            let Outcome::AccountChanged(line) = line else { continue };
            let start = (line.day_ts.map_or(0, |ts| ts.0), line.day_start);
            if starts.last() != Some(&start) {
                starts.push(start);
            }
        }
        starts
    };
    let steps = [
        (MIDNIGHT - 3 * SECOND, "100"),
        (MIDNIGHT - 2 * SECOND, "110"),
        (MIDNIGHT, "150"),
        (MIDNIGHT + 2 * DAY + SECOND, "170"),
    ];
    let at = |ts: u64, equity: &str| (ts, Some(cash(equity)));
    let midnight = [
        at(MIDNIGHT - 3 * SECOND, "1000"),
        at(MIDNIGHT, "1010"),
        at(MIDNIGHT + DAY, "1050"),
        at(MIDNIGHT + 2 * DAY, "1050"),
    ];
    assert_eq!(day_starts(0, &steps), midnight);
    let hour = 3600 * SECOND;
    let one_o_clock =
        [at(MIDNIGHT - 3 * SECOND, "1000"), at(MIDNIGHT + hour, "1050"), at(MIDNIGHT + DAY + hour, "1050")];
    assert_eq!(day_starts(hour, &steps), one_o_clock);
    assert_eq!(day_starts(DAY + hour, &steps), one_o_clock, "a reset is a time of the day");
}

/// Breaks when a deposit passes for a profit, or the peak follows equity down.
#[test]
fn baselines_know_no_transfers() {
    let mut bench = bench(&[SPOT], Filler::boxed(&[(1, SPOT, "s", "1", FREE)]));
    let deposit = Input::AccountTransferred(AccountTransferred {
        asset: asset("USD"),
        amount: cash("5000"),
        reason: TransferReason::Deposit,
    });
    for (n, input) in [quote(SPOT, "100", "100"), quote(SPOT, "130", "130"), deposit, quote(SPOT, "90", "90")]
        .into_iter()
        .enumerate()
    {
        bench.step(MIDNIGHT + n as u64 * SECOND, input).expect("a step");
    }
    let state = bench.core.state();
    assert_eq!((state.equity(), state.account.peak()), (Ok(Some(cash("990"))), Some(cash("1030"))));
    assert_eq!((usd(state), state.account.day_start()), (cash("5900"), Some(cash("1000"))));
}

/// Breaks when an amount is converted by a guess: without a peg or a price there is no equity.
#[test]
fn conversions_are_explicit() {
    let reporting = |pegs: &[(&str, &str)], conversions: &[(&str, &str)], priced: bool| {
        let mut settings = rich();
        for (name, rate) in pegs {
            settings.account.pegs.insert(asset(name), Rate::parse(rate).expect("a rate"));
        }
        for (name, via) in conversions {
            settings.account.conversions.insert(asset(name), id(via));
        }
        let definitions = [crate::support::instrument(SPOT), crate::support::instrument(CROSS)];
        let mut state = State::new(settings.into(), &definitions).expect("a state");
        if priced {
            for (n, input) in [quote(SPOT, "99", "101"), quote(CROSS, "1", "3")].iter().enumerate() {
                state.observe(reprise_model::Seq(n as u64 + 1), Ts(MIDNIGHT), input).expect("small");
            }
        }
        let of = |name| state.to_reporting(asset(name), cash("7")).expect("small").map(|c| c.to_string());
        (of("USD"), of("BTC"), of("SOL"), state.conversion_age_ns(asset("BTC")))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(reporting(&[], &[], true), (some("7"), None, None, None));
    assert_eq!(reporting(&[("BTC", "90")], &[], false), (some("7"), some("630"), None, Some(0)));
    assert_eq!(reporting(&[], &[("BTC", SPOT)], false), (some("7"), None, None, None));
    assert_eq!(reporting(&[], &[("BTC", SPOT)], true), (some("7"), some("700"), None, Some(0)));
    // Two steps: by an instrument into an asset that is pegged.
    assert_eq!(
        reporting(&[("BTC", "90")], &[("SOL", CROSS)], true),
        (some("7"), some("630"), some("1260"), Some(0))
    );
}

/// Breaks when profit and loss begin at anything but what was there in the reporting asset.
#[test]
fn the_opening_is_what_is_reported_in() {
    let mut settings = rich();
    settings.account.balances.insert(asset("BTC"), cash("3"));
    settings.account.balances.insert(asset("USDC"), cash("50"));
    settings.account.pegs.insert(asset("USDC"), Rate::parse("0.99").expect("a rate"));
    settings.account.default_quote_balance = Some(cash("77"));
    let definitions = [crate::support::instrument(SPOT), crate::support::instrument(CROSS)];
    let state = State::new(settings.into(), &definitions).expect("a state");
    assert_eq!(state.account.opening(), cash("1049.5"), "USD and what is pegged to it; BTC is the owner's");
    assert_eq!(state.equity(), Ok(Some(cash("1049.5"))));
    assert_eq!(state.account.balance(asset("BTC")).total, cash("3"), "it has a balance of its own");
    assert_eq!(state.account.balance(asset("USD")).free(), Ok(cash("1000")));
}

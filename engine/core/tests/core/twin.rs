//! The portfolio against a naive twin that counts in whole units of 1e-12, and against itself: what equity says
//! must be what the cash and the positions say, to the last digit.

use std::collections::BTreeMap;

use proptest::prelude::*;
use reprise_core::{AccountSettings, CoreSettings, InstrumentIx, State};
use reprise_model::event::{
    AccountTransferred, Fill, Hold, OrderAccepted, OrderPartiallyFilled, OrderRequested, OrderSubmitted,
    PositionChanged, PositionReason, TransferReason,
};
use reprise_model::{
    Cash, Input, Label, Liquidity, NewOrder, OrderId, Outcome, Price, Qty, Rate, Seq, Side, Ts,
};

use crate::support::{
    Dice, MIDNIGHT, PERPETUAL, SPOT, asset, buy, cash, id, instrument, price, qty, quiet, quote, strategy,
};

const ONE: i128 = 1_000_000_000_000;
const STRATEGIES: [&str; 2] = ["one", "two"];
const OPENING: &str = "1000000";

/// Units of 1e-12 in a decimal text.
fn units(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{fraction:0<12}");
    sign * padded.parse::<i128>().expect("a decimal")
}

/// `n / d`, halves to even.
fn half_even(n: i128, d: i128) -> i128 {
    let (n, d) = if d < 0 { (-n, -d) } else { (n, d) };
    let (floor, rest) = (n.div_euclid(d), n.rem_euclid(d));
    let up = rest * 2 > d || (rest * 2 == d && floor % 2 != 0);
    floor + i128::from(up)
}

fn times(a: i128, b: i128) -> i128 {
    half_even(a * b, ONE)
}

/// A position as a bookkeeper would keep it: what there is, and what it cost in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Kept {
    qty: i128,
    cost: i128,
    realized: i128,
    fees: i128,
    funding: i128,
}

impl Kept {
    /// Trades `traded` at `at`; first what closes, then what opens. Returns the profit.
    fn trade(&mut self, traded: i128, at: i128) -> i128 {
        let closes = self.qty.signum() * traded.signum() < 0;
        let closing = if closes { traded.signum() * traded.abs().min(self.qty.abs()) } else { 0 };
        let mut profit = 0;
        if closing != 0 {
            let share = half_even(self.cost * closing.abs(), self.qty.abs());
            profit = -times(at, closing) - share;
            self.cost -= share;
        }
        self.cost += times(at, traded) - times(at, closing);
        self.qty += traded;
        self.realized += profit;
        profit
    }
}

/// The whole account, kept by hand.
#[derive(Default)]
struct Ledger {
    kept: BTreeMap<(&'static str, &'static str), Kept>,
    cash: BTreeMap<&'static str, i128>,
    fees: BTreeMap<&'static str, i128>,
    transfers: BTreeMap<&'static str, i128>,
    marks: BTreeMap<&'static str, i128>,
}

impl Ledger {
    fn pay(&mut self, asset: &'static str, amount: i128) {
        *self.cash.entry(asset).or_default() += amount;
    }

    fn fill(
        &mut self,
        place: (&'static str, &'static str),
        traded: i128,
        at: i128,
        fee: (&'static str, i128),
    ) {
        let kept = self.kept.entry(place).or_default();
        let profit = kept.trade(traded, at);
        let (fee_asset, fee) = fee;
        if fee_asset == "BTC" {
            let value = times(at, fee);
            kept.qty -= fee;
            kept.cost -= value;
            kept.fees += value;
        } else if fee_asset == "USD" {
            kept.fees += fee;
        }
        if place.0 == SPOT {
            self.pay("BTC", traded);
            self.pay("USD", -times(at, traded));
        } else {
            self.pay("USD", profit);
        }
        self.pay(fee_asset, -fee);
        *self.fees.entry(fee_asset).or_default() += fee;
    }

    /// Opening + realised + unrealised − fees + funding; a BNB is worth 2.
    fn equity_by_profit(&self) -> i128 {
        let of = |(place, kept): (&(&str, &str), &Kept)| {
            let unrealized = times(self.marks[place.0], kept.qty) - kept.cost;
            kept.realized + unrealized - kept.fees + kept.funding
        };
        units(OPENING) + self.kept.iter().map(of).sum::<i128>() - 2 * self.fees.get("BNB").unwrap_or(&0)
    }

    /// What is there now, valued, without what came from outside.
    fn equity_by_value(&self) -> i128 {
        let held = |asset| self.cash.get(asset).unwrap_or(&0) - self.transfers.get(asset).unwrap_or(&0);
        let value = |(place, kept): (&(&str, &str), &Kept)| {
            let value = times(self.marks[place.0], kept.qty);
            if place.0 == SPOT { value } else { value - kept.cost }
        };
        held("USD") + 2 * held("BNB") + self.kept.iter().map(value).sum::<i128>()
    }
}

/// A state with one endless order for each strategy, instrument and side.
struct Desk {
    state: State,
    seq: u64,
    orders: BTreeMap<(&'static str, &'static str, Side), (OrderId, Qty)>,
}

impl Desk {
    fn new() -> Self {
        let mut account = AccountSettings { reporting: Some(asset("USD")), ..AccountSettings::default() };
        account.balances.insert(asset("USD"), cash(OPENING));
        account.pegs.insert(asset("BNB"), Rate::parse("2").expect("a rate"));
        let settings = CoreSettings { account, ..quiet() };
        let definitions = [instrument(SPOT), instrument(PERPETUAL)];
        let state = State::new(settings.into(), &definitions).expect("a state");
        let mut desk = Self { state, seq: 0, orders: BTreeMap::new() };
        for at in [SPOT, PERPETUAL] {
            for owner in STRATEGIES {
                for side in [Side::Buy, Side::Sell] {
                    desk.open(at, owner, side);
                }
            }
        }
        desk
    }

    fn open(&mut self, at: &'static str, owner: &'static str, side: Side) {
        let order = OrderId { epoch: 0, n: self.orders.len() as u32 + 1 };
        let terms = NewOrder { strategy: strategy(owner), side, qty: qty("1000000"), ..buy(at, "1") };
        let hold = Hold { asset: asset("USD"), amount: Cash::ZERO };
        self.apply(Box::new(OrderRequested { order, terms: terms.clone() }));
        self.apply(Box::new(OrderSubmitted { order, terms, hold }));
        self.apply(OrderAccepted { order, venue_order_id: None, adopted: None });
        self.orders.insert((at, owner, side), (order, Qty::ZERO));
    }

    fn apply(&mut self, outcome: impl Into<Outcome>) {
        self.seq += 1;
        self.state.apply(Seq(self.seq), Ts(MIDNIGHT), &outcome.into()).expect("it follows");
    }

    fn observe(&mut self, input: &Input) {
        self.seq += 1;
        self.state.observe(Seq(self.seq), Ts(MIDNIGHT), input).expect("small");
    }

    fn fill(&mut self, place: (&'static str, &'static str, Side), traded: Qty, at: Price, fee: (&str, Cash)) {
        let (order, cum) = self.orders[&place];
        let cum_qty = cum.checked_add(traded).expect("small");
        self.orders.insert(place, (order, cum_qty));
        self.apply(OrderPartiallyFilled {
            fill: Fill {
                order,
                exec_id: Label::new("x").expect("a short name"),
                qty: traded,
                price: at,
                fee: fee.1,
                fee_asset: asset(fee.0),
                liquidity: Liquidity::Taker,
                cum_qty,
                leaves_qty: Qty::ZERO,
            },
        });
    }

    fn ix(&self, at: &str) -> InstrumentIx {
        self.state.markets.find(&id(at)).expect("it is defined")
    }

    fn line(&self, at: &str, owner: &str) -> Kept {
        let p = self.state.positions.get(self.ix(at), strategy(owner));
        Kept {
            qty: units(&p.qty.to_string()),
            cost: units(&p.cost.to_string()),
            realized: units(&p.realized.to_string()),
            fees: units(&p.fees.to_string()),
            funding: units(&p.funding.to_string()),
        }
    }

    fn fund(&mut self, at: &'static str, owner: &'static str, payment: Cash) {
        let p = self.state.positions.get(self.ix(at), strategy(owner));
        self.apply(PositionChanged {
            instrument: id(at),
            strategy: strategy(owner),
            reason: PositionReason::Funding,
            qty: p.qty,
            cost: p.cost,
            realized: p.realized,
            fees: p.fees,
            funding: p.funding.checked_add(payment).expect("small"),
        });
    }
}

/// Compares everything that both of them count.
fn assert_twins(desk: &Desk, ledger: &Ledger) {
    let state = &desk.state;
    for at in [SPOT, PERPETUAL] {
        let mut net = 0;
        for owner in STRATEGIES {
            let kept = ledger.kept.get(&(at, owner)).copied().unwrap_or_default();
            assert_eq!(desk.line(at, owner), kept, "{at} {owner}");
            net += kept.qty;
        }
        assert_eq!(units(&state.positions.net(desk.ix(at)).to_string()), net, "net of {at}");
        if at == SPOT {
            let moved = ledger.transfers.get("BTC").unwrap_or(&0);
            assert_eq!(
                ledger.cash.get("BTC").unwrap_or(&0) - moved,
                net,
                "what is owned is what is positioned"
            );
        }
    }
    for (name, amount) in &ledger.cash {
        assert_eq!(units(&state.account.balance(asset(name)).total.to_string()), *amount, "cash {name}");
    }
    for (name, fee) in &ledger.fees {
        let counted = state.account.fees().find(|(a, _)| *a == asset(name)).map(|(_, fee)| fee);
        assert_eq!(counted.map(|fee| units(&fee.to_string())), Some(*fee), "fees in {name}");
    }
    let equity = state.equity().expect("small").map(|e| units(&e.to_string()));
    assert_eq!(equity, Some(ledger.equity_by_profit()), "equity by profit");
    assert_eq!(equity, Some(ledger.equity_by_value()), "equity by value");
}

fn step(dice: &mut Dice, desk: &mut Desk, ledger: &mut Ledger, decimals: u32) {
    let at = dice.pick(&[SPOT, PERPETUAL]);
    let owner = dice.pick(&STRATEGIES);
    match dice.below(12) {
        0 => {
            let (name, amount) = (dice.pick(&["USD", "BTC"]), dice.decimal(1000, 12));
            let amount = if dice.one_in(2) { format!("-{amount}") } else { amount };
            desk.observe(&Input::AccountTransferred(AccountTransferred {
                asset: asset(name),
                amount: cash(&amount),
                reason: TransferReason::Deposit,
            }));
            ledger.pay(name, units(&amount));
            *ledger.transfers.entry(name).or_default() += units(&amount);
        }
        1 => {
            let payment = format!("-{}", dice.decimal(10, 12));
            desk.fund(PERPETUAL, owner, cash(&payment));
            ledger.kept.entry((PERPETUAL, owner)).or_default().funding += units(&payment);
            ledger.pay("USD", units(&payment));
        }
        2 | 3 => mark(at, dice, desk, ledger),
        _ => {
            let side = if dice.one_in(2) { Side::Buy } else { Side::Sell };
            let (traded, paid) = (dice.decimal(4, decimals), dice.decimal(90_000, decimals));
            if units(&traded) == 0 {
                return;
            }
            let fee_asset = match dice.below(4) {
                0 if at == SPOT && side == Side::Buy => "BTC",
                1 => "BNB",
                _ => "USD",
            };
            let fee = dice.decimal(1, decimals);
            let fee = if dice.one_in(5) { format!("-{fee}") } else { fee };
            desk.fill((at, owner, side), qty(&traded), price(&paid), (fee_asset, cash(&fee)));
            let signed = if side == Side::Buy { units(&traded) } else { -units(&traded) };
            ledger.fill((at, owner), signed, units(&paid), (fee_asset, units(&fee)));
        }
    }
}

fn mark(at: &'static str, dice: &mut Dice, desk: &mut Desk, ledger: &mut Ledger) {
    let mid = format!("{}.{:03}", 1 + dice.below(90_000), dice.below(1000));
    desk.observe(&quote(at, &mid, &mid));
    ledger.marks.insert(at, units(&mid));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Breaks when a position, a balance or equity is off by one unit of 1e-12 after any number of fills,
    /// fees, fundings and transfers; when money appears or vanishes; or when the profit and loss that is
    /// reported is not the change of what is there.
    #[test]
    fn the_portfolio_is_its_twin(seed: u64, decimals in prop_oneof![Just(2_u32), Just(6), Just(10)]) {
        let (mut dice, mut desk, mut ledger) = (Dice(seed), Desk::new(), Ledger::default());
        ledger.pay("USD", units(OPENING));
        mark(SPOT, &mut dice, &mut desk, &mut ledger);
        mark(PERPETUAL, &mut dice, &mut desk, &mut ledger);
        for _ in 0..120 {
            step(&mut dice, &mut desk, &mut ledger, decimals);
            assert_twins(&desk, &ledger);
        }
    }
}

/// Breaks when closing leaves a crumb of cost behind, or when the profit of opening and closing is not what
/// was received less what was paid.
#[test]
fn profits_as_on_paper() {
    // (quantity, price) of each fill; then quantity, cost and realised profit.
    type Row = (&'static [(&'static str, &'static str)], [&'static str; 3]);
    let rows: [Row; 8] = [
        (&[("2", "100")], ["2", "200", "0"]),
        (&[("2", "100"), ("1", "130")], ["3", "330", "0"]),
        (&[("2", "100"), ("1", "130"), ("-1", "140")], ["2", "220", "30"]),
        (&[("2", "100"), ("-2", "90")], ["0", "0", "-20"]),
        (&[("2", "100"), ("-5", "110")], ["-3", "-330", "20"]),
        (&[("-3", "10"), ("1", "7")], ["-2", "-20", "3"]),
        // A third of the cost cannot be written down; the last close takes what is left.
        (&[("3", "0.333333333333"), ("-1", "1")], ["2", "0.666666666666", "0.666666666667"]),
        (&[("1", "1"), ("2", "0.5"), ("-1", "1"), ("-1", "1"), ("-1", "1")], ["0", "0", "1"]),
    ];
    for (fills, [held, cost, realized]) in rows {
        let mut position = reprise_core::Position::default();
        for (traded, at) in fills {
            position.fill(qty(traded), price(at)).expect("small");
        }
        let told = (position.qty, position.cost, position.realized);
        assert_eq!(told, (qty(held), cash(cost), cash(realized)), "{fills:?}");
    }
}

//! A naive twin of the books: an account kept by hand from the lines of a journal, in whole units of 1e-12, by one
//! who knows nothing of the engine but what the lines say.
//!
//! It reads JSON, not events; it rounds in one place, half to even; it keeps no totals that it could add up again.

mod against;

use std::collections::BTreeMap;
use std::path::Path;

use reprise_assembly::{assemble, from_recorded};
use reprise_core::Outcomes;
use reprise_model::Seq;
use reprise_replays::{Report, Tally};
use serde_json::Value;

use crate::cases::CASES;
use crate::journals::{batches, bodies, value};
use crate::scripted::registry;

/// Units in 1.
const ONE: i128 = 1_000_000_000_000;

/// Units of 1e-12 in a decimal text.
pub fn units(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    sign * format!("{whole}{fraction:0<12}").parse::<i128>().unwrap()
}

/// `n / d`, halves to even.
fn half_even(n: i128, d: i128) -> i128 {
    let (floor, rest) = (n.div_euclid(d), n.rem_euclid(d));
    let up = rest * 2 > d || (rest * 2 == d && floor % 2 != 0);
    floor + i128::from(up)
}

fn times(a: i128, b: i128) -> i128 {
    half_even(a * b, ONE)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn amount(value: &Value, key: &str) -> i128 {
    units(text(value, key))
}

fn optional(value: &Value, key: &str) -> Option<i128> {
    value[key].as_str().map(units)
}

/// What a strategy holds in an instrument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Kept {
    qty: i128,
    cost: i128,
    realized: i128,
    fees: i128,
    funding: i128,
    /// What was paid for all that was bought less what was received for all that was sold.
    paid: i128,
    /// The value of the fees that were taken in base.
    base_fees: i128,
}

/// What is known of a market.
#[derive(Debug, Clone, Default)]
struct Market {
    definition: Value,
    price: Option<i128>,
    mark: Option<i128>,
    oracle: Option<i128>,
    bids: BTreeMap<i128, i128>,
    asks: BTreeMap<i128, i128>,
    is_lost: bool,
}

impl Market {
    fn is_perpetual(&self) -> bool {
        text(&self.definition, "class") == "perpetual"
    }

    /// What a position is valued at.
    fn value(&self) -> Option<i128> {
        self.mark.filter(|_| self.is_perpetual()).or(self.price)
    }

    fn see_top(&mut self, bid: Option<i128>, ask: Option<i128>) {
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid <= ask
        {
            self.price = Some(half_even(bid + ask, 2));
        }
    }

    fn see_book(&mut self, event: &Value) {
        if text(event, "action") == "snapshot" {
            (self.bids, self.asks, self.is_lost) = Default::default();
        }
        if self.is_lost {
            return;
        }
        for (key, side) in [("bids", &mut self.bids), ("asks", &mut self.asks)] {
            for level in event[key].as_array().unwrap() {
                let (price, qty) = (units(level[0].as_str().unwrap()), units(level[1].as_str().unwrap()));
                side.insert(price, qty);
                side.retain(|_, qty| *qty > 0);
            }
        }
        if text(&self.definition, "quote_source") == "book" {
            let tops = (self.bids.keys().next_back().copied(), self.asks.keys().next().copied());
            self.see_top(tops.0, tops.1);
        }
    }
}

/// Whose order in what.
#[derive(Debug, Clone)]
struct Placed {
    strategy: String,
    instrument: String,
    sign: i128,
}

/// What was counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    submitted: u64,
    fills: u64,
    rejects: u64,
    denials: BTreeMap<String, u64>,
    cancels: BTreeMap<String, u64>,
    /// Submitted, denied, fills, volume, turnover by instrument.
    instruments: BTreeMap<String, (u64, u64, u64, i128, i128)>,
}

/// The whole account, kept by hand.
#[derive(Debug, Default)]
pub struct Ledger {
    reporting: String,
    pegs: BTreeMap<String, i128>,
    conversions: BTreeMap<String, String>,
    opening: i128,
    at_start: BTreeMap<String, i128>,
    cash: BTreeMap<String, i128>,
    transferred: BTreeMap<String, i128>,
    fees: BTreeMap<String, i128>,
    kept: BTreeMap<(String, String), Kept>,
    markets: BTreeMap<String, Market>,
    orders: BTreeMap<String, Placed>,
    counts: Counts,
    events: u64,
}

impl Ledger {
    /// Reads a whole journal that carries its inputs.
    pub fn of(run: &Path) -> Self {
        let lines: Vec<Value> = bodies(run).iter().map(|body| value(body)).collect();
        let mut ledger = Self::default();
        ledger.open(&lines[0]["data"]);
        let mut rest: Vec<&Value> = lines[1..].iter().filter(|line| !line["seq"].is_null()).collect();
        while !rest.is_empty() {
            let outcomes = rest[0]["outcomes"].as_u64().unwrap_or(0) as usize;
            let batch: Vec<&Value> = rest.drain(..=outcomes).collect();
            ledger.batch(batch[0], &batch[1..]);
        }
        ledger
    }

    fn open(&mut self, started: &Value) {
        let account = &started["config"]["account"];
        let decimals = |key: &str| {
            let all = account[key].as_object().unwrap().iter();
            all.map(|(asset, amount)| (asset.clone(), units(amount.as_str().unwrap())))
                .collect::<BTreeMap<_, _>>()
        };
        self.at_start = decimals("balances");
        self.pegs = decimals("pegs");
        let conversions = account["conversions"].as_object().unwrap().iter();
        self.conversions =
            conversions.map(|(asset, id)| (asset.clone(), id.as_str().unwrap().to_owned())).collect();
        for definition in started["instruments"].as_array().unwrap() {
            self.define(definition);
            if let Some(amount) = account["default_quote_balance"].as_str() {
                self.at_start.entry(text(definition, "quote").to_owned()).or_insert_with(|| units(amount));
            }
        }
        self.reporting = match account["reporting_asset"].as_str() {
            Some(asset) => asset.to_owned(),
            None => text(&started["instruments"][0], "quote").to_owned(),
        };
        self.cash = self.at_start.clone();
        for (asset, &amount) in &self.at_start {
            if *asset == self.reporting {
                self.opening += amount;
            } else if let Some(&peg) = self.pegs.get(asset) {
                self.opening += times(amount, peg);
            }
        }
    }

    fn define(&mut self, definition: &Value) {
        self.markets.entry(text(definition, "instrument").to_owned()).or_default().definition =
            definition.clone();
    }

    /// Timers fired before the input was seen, though their lines follow its line: what the input led to can be
    /// traced to it by causes.
    fn batch(&mut self, input: &Value, outcomes: &[&Value]) {
        let mut led = vec![input["seq"].as_u64()];
        let mut is_seen = false;
        for outcome in outcomes {
            let is_led = led.contains(&outcome["cause"].as_u64());
            if is_led {
                led.push(outcome["seq"].as_u64());
            }
            if is_led && !is_seen {
                is_seen = true;
                self.input(input);
            }
            self.outcome(text(outcome, "kind"), &outcome["data"]);
        }
        if !is_seen {
            self.input(input);
        }
    }

    fn input(&mut self, line: &Value) {
        let (kind, event) = (text(line, "kind"), &line["data"]);
        if kind != "run.ended" {
            self.events += 1;
        }
        let market = event["instrument"].as_str().and_then(|id| self.markets.get_mut(id));
        match (kind, market) {
            ("instrument.defined", _) => self.define(event),
            ("account.transferred", _) => {
                let asset = text(event, "asset").to_owned();
                *self.transferred.entry(asset.clone()).or_default() += amount(event, "amount");
                *self.cash.entry(asset).or_default() += amount(event, "amount");
            }
            ("market.quote", Some(market)) => {
                let shown =
                    |price: &str, size: &str| optional(event, price).filter(|_| amount(event, size) > 0);
                market.see_top(shown("bid", "bid_size"), shown("ask", "ask_size"));
            }
            ("market.book", Some(market)) => market.see_book(event),
            ("market.bar", Some(market)) if text(&market.definition, "quote_source") == "bars" => {
                market.price = Some(amount(event, "close"));
            }
            ("market.mark", Some(market)) => {
                market.mark = optional(event, "mark").or(market.mark);
                market.oracle = optional(event, "oracle").or(market.oracle);
            }
            ("market.funding", Some(market)) => {
                market.oracle = optional(event, "oracle").or(market.oracle);
                self.fund(text(event, "instrument"), amount(event, "rate"));
            }
            ("feed.status", Some(market)) if text(event, "state") == "gap" => {
                (market.bids, market.asks, market.is_lost) = (BTreeMap::new(), BTreeMap::new(), true);
            }
            _ => {}
        }
    }

    fn fund(&mut self, instrument: &str, rate: i128) {
        let market = &self.markets[instrument];
        let Some(price) = market.oracle.or(market.value()) else { return };
        let quote = text(&market.definition, "quote").to_owned();
        for ((id, _), kept) in &mut self.kept {
            if id == instrument {
                let payment = -times(times(price, kept.qty), rate);
                kept.funding += payment;
                *self.cash.entry(quote.clone()).or_default() += payment;
            }
        }
    }

    fn outcome(&mut self, kind: &str, event: &Value) {
        match kind {
            "order.requested" => self.place(event, event),
            "order.accepted" if !event["adopted"].is_null() => self.place(event, &event["adopted"]),
            "order.submitted" => {
                self.counts.submitted += 1;
                self.counts.instruments.entry(text(event, "instrument").to_owned()).or_default().0 += 1;
            }
            "order.denied" => {
                let instrument = self.orders[text(event, "order")].instrument.clone();
                *self.counts.denials.entry(event["code"].to_string()).or_default() += 1;
                self.counts.instruments.entry(instrument).or_default().1 += 1;
            }
            "order.rejected" => self.counts.rejects += 1,
            "order.canceled" => {
                *self.counts.cancels.entry(text(event, "reason").to_owned()).or_default() += 1
            }
            "order.filled" | "order.partially_filled" => self.fill(event),
            "position.changed" => self.compare_position(event),
            "account.changed" => self.compare_account(event),
            _ => {}
        }
    }

    fn place(&mut self, event: &Value, terms: &Value) {
        let sign = if text(terms, "side") == "buy" { 1 } else { -1 };
        let (strategy, instrument) =
            (text(terms, "strategy").to_owned(), text(terms, "instrument").to_owned());
        self.orders.insert(text(event, "order").to_owned(), Placed { strategy, instrument, sign });
    }

    fn fill(&mut self, event: &Value) {
        let Placed { strategy, instrument, sign } = self.orders[text(event, "order")].clone();
        let (qty, price, fee) = (amount(event, "qty"), amount(event, "price"), amount(event, "fee"));
        let fee_asset = text(event, "fee_asset");
        let market = &self.markets[&instrument];
        let (base, quote) = (text(&market.definition, "base"), text(&market.definition, "quote"));
        let is_perpetual = market.is_perpetual();

        self.counts.fills += 1;
        let counted = self.counts.instruments.entry(instrument.clone()).or_default();
        (counted.2, counted.3, counted.4) = (counted.2 + 1, counted.3 + qty, counted.4 + times(price, qty));

        let kept = self.kept.entry((instrument, strategy)).or_default();
        let profit = kept.trade(sign * qty, price);
        if fee_asset == quote {
            kept.fees += fee;
        } else if fee_asset == base && !is_perpetual {
            let value = times(price, fee);
            (kept.qty, kept.cost, kept.fees) = (kept.qty - fee, kept.cost - value, kept.fees + value);
            kept.base_fees += value;
        }
        let mut pay = |asset: &str, amount: i128| *self.cash.entry(asset.to_owned()).or_default() += amount;
        if is_perpetual {
            pay(quote, profit);
        } else {
            pay(base, sign * qty);
            pay(quote, -times(price, sign * qty));
        }
        pay(fee_asset, -fee);
        *self.fees.entry(fee_asset.to_owned()).or_default() += fee;
    }

    fn compare_position(&self, line: &Value) {
        let kept = self.kept[&(text(line, "instrument").to_owned(), text(line, "strategy").to_owned())];
        let said = ["qty", "cost", "realized", "fees", "funding"].map(|key| amount(line, key));
        assert_eq!(said, [kept.qty, kept.cost, kept.realized, kept.fees, kept.funding], "{line}");
    }

    fn compare_account(&self, line: &Value) {
        for balance in line["balances"].as_array().unwrap() {
            let counted = self.cash.get(text(balance, "asset")).copied().unwrap_or(0);
            assert_eq!(amount(balance, "total"), counted, "{line}");
        }
        assert_eq!(optional(line, "equity"), self.equity(), "{line}");
    }

    /// An amount in the reporting asset.
    fn converted(&self, asset: &str, amount: i128) -> Option<i128> {
        if asset == self.reporting {
            return Some(amount);
        }
        if let Some(&peg) = self.pegs.get(asset) {
            return Some(times(amount, peg));
        }
        let market = &self.markets[self.conversions.get(asset)?];
        let converted = times(amount, market.value()?);
        match text(&market.definition, "quote") {
            quote if quote == self.reporting => Some(converted),
            quote => self.pegs.get(quote).map(|&peg| times(converted, peg)),
        }
    }

    /// Realized, unrealized, fees, funding by quote asset.
    fn parts(&self) -> BTreeMap<&str, [i128; 4]> {
        let mut parts: BTreeMap<&str, [i128; 4]> = BTreeMap::new();
        for ((instrument, _), kept) in &self.kept {
            let market = &self.markets[instrument];
            let unrealized = market.value().map_or(0, |price| times(price, kept.qty) - kept.cost);
            let sums = parts.entry(text(&market.definition, "quote")).or_default();
            for (sum, part) in sums.iter_mut().zip([kept.realized, unrealized, kept.fees, kept.funding]) {
                *sum += part;
            }
        }
        parts
    }

    /// Equity as account lines tell it; `None` when something owned cannot be valued.
    fn equity(&self) -> Option<i128> {
        let mut equity = self.opening;
        for (asset, [realized, _, fees, funding]) in self.parts() {
            let settled = realized - fees + funding;
            equity += if settled == 0 { 0 } else { self.converted(asset, settled)? };
        }
        for ((instrument, _), kept) in self.kept.iter().filter(|(_, kept)| kept.qty != 0 || kept.cost != 0) {
            let market = &self.markets[instrument];
            let unrealized = times(market.value()?, kept.qty) - kept.cost;
            equity += self.converted(text(&market.definition, "quote"), unrealized)?;
        }
        Some(equity)
    }
}

impl Kept {
    /// Trades `traded` at `at`: first what closes, then what opens. Returns the profit.
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
        self.paid += times(at, traded);
        profit
    }
}

/// The report of a journal whose inputs stand in it.
fn report_of(run: &Path) -> Report {
    let (started, batches) = batches(run);
    let config = from_recorded(started.config.as_str()).unwrap();
    let mut core = assemble(&config, &registry(), &started.instruments, started.epoch).unwrap();
    core.resume_after(Seq(1));
    let (mut tally, mut outcomes) = (Tally::default(), Outcomes::default());
    for batch in &batches {
        core.step(batch.ts, &batch.input, &mut outcomes).unwrap();
        tally.add(outcomes.as_slice());
    }
    Report::new(&core, &tally, batches.len() as u64 - 1, 1.0).unwrap()
}

/// Breaks when a figure of the report, a position, a balance or an account line is not what the fills, fees and
/// funding of the journal come to; or when cash or quantity is made or lost.
#[test]
fn every_case_adds_up() {
    for case in CASES {
        let ledger = Ledger::of(&case.folder());
        ledger.compare(&report_of(&case.folder()), case.name);
        ledger.conserves(case.name);
        assert!(
            ledger.counts.fills > 0 || case.name == "denials" || case.name == "account-limits",
            "{}",
            case.name
        );
    }
}

/// Breaks when the twin's own arithmetic is wrong.
#[test]
fn the_twin_can_count() {
    for (text, expected) in [
        ("0", 0),
        ("1", ONE),
        ("-0.5", -ONE / 2),
        ("0.000000000001", 1),
        ("12.03", 12 * ONE + 30_000_000_000),
    ] {
        assert_eq!(units(text), expected, "{text}");
    }
    for (n, d, expected) in
        [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (6, 4, 2), (1, 3, 0), (-2, 3, -1)]
    {
        assert_eq!(half_even(n, d), expected, "{n} / {d}");
    }
}

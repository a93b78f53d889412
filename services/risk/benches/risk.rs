//! Nanoseconds that risk adds to a tick and to an order: `cargo bench -p reprise-risk --bench risk`.
//!
//! Each figure is a run of the core with the service at hand less a run of the same core without it, the best of
//! several rounds each. A word after `--` picks the lines that hold it.

#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time; what it measures never does")]

use std::collections::BTreeMap;
use std::time::Instant;

use reprise_core::{
    AccountSettings, Context, Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service,
    View,
};
use reprise_model::event::{
    CancelReason, Fill, Hold, Input, Level, OrderAccepted, OrderCanceled, OrderFilled, Outcome, Quote,
};
use reprise_model::{
    Cash, FeeAsset, Instrument, InstrumentClass, InstrumentId, Label, Liquidity, NewOrder, OrderId,
    OrderOrigin, OrderType, Price, Qty, QuoteSource, Rate, Refusal, Side, TimeInForce, Ts,
};
use reprise_risk::{BandKind, BandSettings, BandsService, RiskService, RiskSettings};

const TICKS: u64 = 200_000;
const ROUNDS: u32 = 7;

/// Approves everything: what the gate costs is the difference to this.
struct Open;

impl Service for Open {
    fn name(&self) -> &str {
        "open"
    }
}

impl RiskGate for Open {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        let asset = view.state.account.reporting();
        Ok(seal.approve(proposal, Hold { asset, amount: Cash::ZERO }))
    }
}

/// Asks for a resting order at every `every`th tick, and is its own venue, which takes it and cancels it.
struct Asks {
    every: u64,
    seen: u64,
    resting: u32,
    /// Asks once, and is filled.
    owns: bool,
}

impl Service for Asks {
    fn name(&self) -> &str {
        "asks"
    }

    fn on_input(&mut self, _input: &Input, cx: &mut Context<'_>) {
        self.seen += 1;
        if self.every > 0 && self.seen.is_multiple_of(self.every) || self.owns && self.seen == 2 {
            cx.request(limit_buy());
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        let Outcome::OrderSubmitted(e) = outcome else { return };
        if self.owns {
            cx.emit(OrderFilled { fill: whole_fill(e.order) });
            return;
        }
        cx.emit(OrderAccepted { order: e.order, venue_order_id: None, adopted: None });
        if self.resting > 0 {
            self.resting -= 1;
        } else {
            let leaves_qty = Qty::ONE;
            cx.emit(OrderCanceled { order: e.order, reason: CancelReason::Venue, leaves_qty });
        }
    }
}

fn id() -> InstrumentId {
    parse("BTC-USD.X")
}

fn parse<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap_or_else(|error| unreachable!("{text}: {error:?}"))
}

fn limit_buy() -> NewOrder {
    NewOrder {
        strategy: parse("s"),
        instrument: id(),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        qty: Qty::ONE,
        price: Some(parse("64000")),
        stop_price: None,
        expire_ts: None,
        post_only: false,
        reduce_only: false,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 1,
        note: None,
    }
}

fn exec_id() -> Label<39> {
    Label::new("x").unwrap_or_else(|error| unreachable!("{error}"))
}

fn whole_fill(order: OrderId) -> Fill {
    Fill {
        order,
        exec_id: exec_id(),
        qty: Qty::ONE,
        price: parse("64000"),
        fee: Cash::ZERO,
        fee_asset: parse("USD"),
        liquidity: Liquidity::Maker,
        cum_qty: Qty::ONE,
        leaves_qty: Qty::ZERO,
    }
}

fn instrument() -> Instrument {
    Instrument {
        instrument: id(),
        class: InstrumentClass::Spot,
        base: parse("BTC"),
        quote: parse("USD"),
        tick: parse("0.01"),
        significant_digits: None,
        lot: parse("0.00000001"),
        min_notional: parse("1"),
        maker_fee: Rate::ZERO,
        taker_fee: parse("0.001"),
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

fn quotes() -> Vec<Input> {
    let mut seed = 7_u64;
    (0..1_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let cents = 6_428_519 + i64::try_from(seed >> 54).unwrap_or(0);
            let price = |c: i64| parse::<Price>(&format!("{}.{:02}", c / 100, c % 100));
            let level = |c| Some(Level { price: price(c), qty: Qty::ONE });
            Quote {
                instrument: id(),
                bid: level(cents),
                ask: level(cents + 3),
                venue_ts: None,
                conflated: None,
            }
            .into()
        })
        .collect()
}

/// Nanoseconds a tick.
fn run(services: impl Fn() -> Vec<Box<dyn Service>>, gate: impl Fn() -> Box<dyn RiskGate>) -> f64 {
    let quotes = quotes();
    let account = AccountSettings {
        balances: BTreeMap::from([(parse("USD"), parse::<Cash>("1000000000"))]),
        ..AccountSettings::default()
    };
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let settings =
            CoreSettings { account: account.clone(), checkpoint_every: 0, ..CoreSettings::default() };
        let Ok(mut core) = Core::new(settings, &[instrument()], services(), gate()) else { return f64::NAN };
        let mut out = Outcomes::default();
        let start = Instant::now();
        for tick in 0..TICKS {
            let input = &quotes[(tick % 1_000) as usize];
            if let Err(halt) = core.step(Ts(1_700_000_000_000_000_000 + tick * 1_000_000), input, &mut out) {
                println!("halted: {halt}");
                return f64::NAN;
            }
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / TICKS as f64);
    }
    best
}

fn all_limits() -> RiskSettings {
    let mut settings = RiskSettings {
        max_gross_exposure: Some(parse("100000000")),
        max_net_exposure: Some(parse("100000000")),
        max_leverage: Some(parse("3")),
        max_open_orders: Some(10_000),
        max_daily_loss: Some(parse("1000000")),
        max_drawdown: Some(parse("1000000")),
        max_drawdown_fraction: Some(parse("0.5")),
        max_consecutive_rejects: Some(10),
        order_rate: Some(2_000),
        order_burst: Some(100),
        self_trade: true,
        max_data_age_ms: Some(1_000),
        ..RiskSettings::default()
    };
    settings.limits.max_order_qty = Some(parse("10"));
    settings.limits.max_order_notional = Some(parse("10000000"));
    settings.limits.max_position_qty = Some(parse("1000"));
    settings.limits.max_position_notional = Some(parse("100000000"));
    settings.limits.price_collar = Some(parse("0.1"));
    settings.limits.max_slippage = Some(parse("0.01"));
    settings
}

/// Prints what a line measures, if it is asked for.
fn show(name: &str, measure: impl FnOnce() -> f64) {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--")).peekable();
    if words.peek().is_none() || words.any(|word| name.contains(&word)) {
        println!("{name:40} {:8.1} ns", measure());
    }
}

fn main() {
    let ask = |every, resting, owns| {
        move || vec![Box::new(Asks { every, seen: 0, resting, owns }) as Box<dyn Service>]
    };
    let open = || Box::new(Open) as Box<dyn RiskGate>;
    let gate =
        |settings: RiskSettings| move || Box::new(RiskService::new(settings.clone())) as Box<dyn RiskGate>;
    let quiet = || run(ask(0, 0, false), open);

    show("tick: the core alone", quiet);
    show("tick: the gate, all limits", || run(ask(0, 0, false), gate(all_limits())) - quiet());
    show("tick: the gate, a position", || {
        run(ask(0, 0, true), gate(all_limits())) - run(ask(0, 0, true), open)
    });
    for (name, kind, interval_ms) in [
        ("tick: stddev of every quote", BandKind::Stddev, 0),
        ("tick: ewma of every quote", BandKind::Ewma, 0),
        ("tick: atr of every quote", BandKind::Atr, 0),
        ("tick: stddev of every second", BandKind::Stddev, 1_000),
    ] {
        let settings = RiskSettings {
            bands: vec![BandSettings { kind, window: 100, interval_ms, ..BandSettings::default() }],
            ..RiskSettings::default()
        };
        let services = || vec![Box::new(BandsService::new(&settings)) as Box<dyn Service>];
        show(name, || run(services, open) - run(Vec::new, open));
    }
    for resting in [0, 10, 100] {
        let alone = || run(ask(1, resting, false), open);
        show(&format!("order: the core alone, {resting} at rest"), alone);
        for (name, settings) in [("no limits", RiskSettings::default()), ("all limits", all_limits())] {
            let name = format!("order: the gate, {name}, {resting} at rest");
            show(&name, || run(ask(1, resting, false), gate(settings)) - alone());
        }
    }
}

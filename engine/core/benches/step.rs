//! What one quote costs the core: nanoseconds a step, without services and with the accountant alone.
//!
//! `cargo bench -p reprise-core --bench step` prints one line a case: the best of several rounds, because a
//! shared machine only ever adds to it. A word after `--` picks the cases that hold it.

#![expect(
    clippy::disallowed_types,
    reason = "a benchmark measures wall time; the core it measures never does"
)]

use std::hint::black_box;
use std::time::Instant;

use reprise_core::{
    Context, Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service, View,
};
use reprise_model::event::{Fill, Hold, Level, OrderAccepted, OrderFilled, Quote};
use reprise_model::{
    Asset, Cash, Code, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Label, Liquidity,
    NewOrder, OrderOrigin, OrderType, Price, Qty, QuoteSource, Rate, Refusal, Side, TimeInForce, Ts,
};

const QUOTES: usize = 1_000_000;
const ROUNDS: usize = 9;

struct OpenGate;

impl Service for OpenGate {
    fn name(&self) -> &str {
        "gate"
    }
}

impl RiskGate for OpenGate {
    fn judge(&mut self, proposal: &Proposal<'_>, _: View<'_>, seal: &Seal) -> Result<RiskApproved, Refusal> {
        let amount =
            Cash::notional(Price::ONE, proposal.terms.qty).map_err(|_| Refusal::new(Code::Overflow))?;
        Ok(seal.approve(proposal, Hold { asset: asset("USD"), amount }))
    }
}

/// Buys and sells in turn at every quote, and fills at once: what an order's whole life costs.
struct Churner {
    buys: bool,
}

impl Service for Churner {
    fn name(&self) -> &str {
        "churner"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        let Some(tick) = cx.tick() else { return };
        let instrument = cx.state().markets.get(tick.ix).definition.instrument;
        self.buys = !self.buys;
        let qty = Qty::ONE;
        let order = cx.request(NewOrder {
            strategy: "churner".parse().expect("a strategy"),
            instrument,
            side: if self.buys { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Ioc,
            qty,
            price: None,
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
        });
        cx.emit(OrderAccepted { order, venue_order_id: None, adopted: None });
        let fill = Fill {
            order,
            exec_id: Label::new("P1-1").expect("a label"),
            qty,
            price: Price::ONE,
            fee: Cash::ZERO,
            fee_asset: asset("USD"),
            liquidity: Liquidity::Taker,
            cum_qty: qty,
            leaves_qty: Qty::ZERO,
        };
        cx.emit(OrderFilled { fill });
    }
}

fn asset(name: &str) -> Asset {
    name.parse().expect("an asset")
}

fn instrument(id: InstrumentId) -> Instrument {
    Instrument {
        instrument: id,
        class: InstrumentClass::Spot,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: Price::parse("0.01").expect("a price"),
        significant_digits: None,
        lot: Qty::parse("0.0001").expect("a quantity"),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

fn ids(count: usize) -> Vec<InstrumentId> {
    (0..count).map(|n| format!("COIN{n}-USD.VENUE").parse().expect("an id")).collect()
}

/// A walk of quotes over the instruments, one tick at a time.
fn quotes(ids: &[InstrumentId]) -> Vec<Input> {
    (0..4096_i64)
        .map(|n| {
            let level = |ticks: i64| Level {
                price: Price::parse(&format!("{}.{:02}", 60_000 + (n + ticks) / 100, (n + ticks) % 100))
                    .expect("a price"),
                qty: Qty::parse("0.51").expect("a quantity"),
            };
            Input::Quote(Quote {
                instrument: ids[(n as usize).wrapping_mul(7) % ids.len()],
                bid: Some(level(0)),
                ask: Some(level(1)),
                venue_ts: Some(Ts(n as u64)),
                conflated: None,
            })
        })
        .collect()
}

/// What sees the quotes.
#[derive(Clone, Copy, PartialEq)]
enum Services {
    None,
    Accountant,
    AccountantAndOrders,
}

impl Services {
    fn make(self) -> Vec<Box<dyn Service>> {
        match self {
            Self::None => Vec::new(),
            Self::Accountant => vec![Core::accountant()],
            Self::AccountantAndOrders => vec![Box::new(Churner { buys: false }), Core::accountant()],
        }
    }
}

/// Nanoseconds a step, the best of the rounds.
fn measure(instruments: usize, services: Services) -> f64 {
    let ids = ids(instruments);
    let definitions: Vec<Instrument> = ids.iter().map(|&id| instrument(id)).collect();
    let inputs = quotes(&ids);
    let steps = if services == Services::AccountantAndOrders { QUOTES / 20 } else { QUOTES };
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let settings = CoreSettings { checkpoint_every: 0, ..CoreSettings::default() };
        let mut core =
            Core::new(settings, &definitions, services.make(), Box::new(OpenGate)).expect("a core");
        let mut out = Outcomes::default();
        let mut ts = Ts(1_763_675_591_000_000_000);
        let began = Instant::now();
        for n in 0..steps {
            ts = ts.plus_ns(1_000_000);
            core.step(ts, black_box(&inputs[n % inputs.len()]), &mut out).expect("a step");
        }
        let elapsed = began.elapsed().as_nanos() as f64 / steps as f64;
        black_box(core.state().now());
        best = best.min(elapsed);
    }
    best
}

fn main() {
    println!("{:<56} {:>10}", "one market.quote", "ns/step");
    let rows = [
        (1, Services::None, "no services"),
        (3, Services::None, "no services"),
        (50, Services::None, "no services"),
        (500, Services::None, "no services"),
        (1, Services::Accountant, "the accountant"),
        (3, Services::Accountant, "the accountant"),
        (3, Services::AccountantAndOrders, "and an order's whole life, 6 outcomes"),
    ];
    // `-- WORD` measures only the rows that hold the word; cargo adds flags of its own.
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    for (instruments, services, name) in rows {
        let label = format!("{instruments} instruments, {name}");
        if !label.contains(&wanted) {
            continue;
        }
        println!("{label:<56} {:>10.1}", measure(instruments, services));
    }
}

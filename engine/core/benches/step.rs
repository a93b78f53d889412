//! What one quote costs the core: nanoseconds a step, without services and with the accountant alone.
//!
//! `cargo bench -p reprise-core --bench step` prints one line a case: the best of several rounds, because a
//! shared machine only ever adds to it.

use std::hint::black_box;
use std::time::Instant;

use reprise_core::{Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service, View};
use reprise_model::event::{Level, Quote};
use reprise_model::{
    Cash, Code, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Price, Qty, QuoteSource, Rate,
    Refusal, Ts,
};

const QUOTES: usize = 1_000_000;
const ROUNDS: usize = 9;

struct ClosedGate;

impl Service for ClosedGate {
    fn name(&self) -> &str {
        "gate"
    }
}

impl RiskGate for ClosedGate {
    fn judge(&mut self, _: &Proposal<'_>, _: View<'_>, _: &Seal) -> Result<RiskApproved, Refusal> {
        Err(Refusal::new(Code::Halted))
    }
}

fn instrument(id: InstrumentId) -> Instrument {
    let asset = |name: &str| name.parse().expect("an asset");
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
            })
        })
        .collect()
}

/// Nanoseconds a step, the best of the rounds.
fn measure(instruments: usize, with_accountant: bool, step_ns: u64) -> f64 {
    let ids = ids(instruments);
    let definitions: Vec<Instrument> = ids.iter().map(|&id| instrument(id)).collect();
    let inputs = quotes(&ids);
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let services: Vec<Box<dyn Service>> =
            if with_accountant { vec![Core::accountant()] } else { Vec::new() };
        let settings = CoreSettings { checkpoint_every: 0, ..CoreSettings::default() };
        let mut core = Core::new(settings, &definitions, services, Box::new(ClosedGate)).expect("a core");
        let mut out = Outcomes::default();
        let mut ts = Ts(1_763_675_591_000_000_000);
        let began = Instant::now();
        for n in 0..QUOTES {
            ts = ts.plus_ns(step_ns);
            core.step(ts, black_box(&inputs[n % inputs.len()]), &mut out).expect("a step");
        }
        let elapsed = began.elapsed().as_nanos() as f64 / QUOTES as f64;
        black_box(core.state().now());
        best = best.min(elapsed);
    }
    best
}

fn main() {
    println!("{:<44} {:>10}", "one market.quote", "ns/step");
    for (instruments, with_accountant) in
        [(1, false), (3, false), (50, false), (500, false), (1, true), (3, true)]
    {
        let services = if with_accountant { "accountant" } else { "no services" };
        let label = format!("{instruments} instruments, {services}");
        println!("{label:<44} {:>10.1}", measure(instruments, with_accountant, 1_000_000));
    }
}

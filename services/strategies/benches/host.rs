//! What a quote costs when N instances of `ema-cross` see it: run with `cargo bench -p reprise-strategies --bench host`.
//! The best of many short rounds, so that what else the machine does counts as little as it can.
#![expect(clippy::disallowed_types, reason = "a bench reads the clock; the room itself does not")]

use std::hint::black_box;
use std::time::Instant;

use reprise_core::{
    AccountSettings, Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service, View,
};
use reprise_model::event::{Level, Quote};
use reprise_model::{
    Code, FeeAsset, Input, Instrument, InstrumentClass, MoneyError, Qty, QuoteSource, Rate, Refusal, Ts,
};
use reprise_strategies::{InstanceSettings, ParamMap, Registry, StrategyHost};

const ROUNDS: u64 = 400;

/// Denies everything: the bench is about quotes.
struct Closed;

impl Service for Closed {
    fn name(&self) -> &str {
        "risk"
    }
}

impl RiskGate for Closed {
    fn judge(&mut self, _: &Proposal<'_>, _: View<'_>, _: &Seal) -> Result<RiskApproved, Refusal> {
        Err(Refusal::new(Code::Halted))
    }
}

fn instrument() -> Result<Instrument, Box<dyn std::error::Error>> {
    Ok(Instrument {
        instrument: "BTC-USD.SIM".parse()?,
        class: InstrumentClass::Spot,
        base: "BTC".parse()?,
        quote: "USD".parse()?,
        tick: "0.01".parse()?,
        significant_digits: None,
        lot: "0.00000001".parse()?,
        min_notional: "1".parse()?,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    })
}

fn quotes() -> Result<Vec<Input>, Box<dyn std::error::Error>> {
    let instrument = "BTC-USD.SIM".parse()?;
    let level = |cents: u64| -> Result<Option<Level>, MoneyError> {
        let price = format!("{}.{:02}", cents / 100, cents % 100).parse()?;
        Ok(Some(Level { price, qty: Qty::ONE }))
    };
    let mut quotes = Vec::new();
    for n in 0..4_096u64 {
        // A slow wave, so that the averages cross a few times only.
        let cents = 9_700_000 + n.abs_diff(2_048);
        quotes.push(Input::Quote(Quote {
            instrument,
            bid: level(cents)?,
            ask: level(cents + 1)?,
            venue_ts: None,
            conflated: None,
        }));
    }
    Ok(quotes)
}

fn measure(instances: u32, quotes: &[Input]) -> Result<f64, Box<dyn std::error::Error>> {
    let settings = (0..instances)
        .map(|n| {
            let params: ParamMap = serde_json::from_str(r#"{"fast": 500, "slow": 1000, "qty": "0.01"}"#)?;
            let id = format!("s{n}").parse()?;
            Ok(InstanceSettings { id, kind: "ema-cross".to_owned(), instruments: Vec::new(), params })
        })
        .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let host = StrategyHost::new(settings, &Registry::builtin())?;
    let settings =
        CoreSettings { checkpoint_every: 0, account: AccountSettings::default(), ..CoreSettings::default() };
    let mut core = Core::new(settings, &[instrument()?], vec![Box::new(host)], Box::new(Closed))?;
    let mut out = Outcomes::default();
    let (mut best, mut ts) = (f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for quote in quotes {
            ts += 1_000;
            core.step(Ts(ts), black_box(quote), &mut out)?;
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / quotes.len() as f64);
    }
    black_box(core.decision_digest());
    Ok(best)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let quotes = quotes()?;
    let mut last = 0.0;
    for instances in [0, 1, 2, 4, 8, 16] {
        let ns = measure(instances, &quotes)?;
        println!("{instances:>3} instances: {ns:6.1} ns a quote ({:+.1})", ns - last);
        last = ns;
    }
    Ok(())
}

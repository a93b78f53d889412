//! What the tests are made of: short names for values, a gate that approves, a core of given services.

use reprise_core::{
    Core, CoreSettings, Decided, Halt, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service, View,
};
use reprise_model::event::{Hold, Level, Quote};
use reprise_model::{
    Asset, Cash, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, NewOrder, OrderOrigin,
    OrderType, Outcome, Price, Qty, QuoteSource, Rate, Refusal, Seq, Side, StrategyId, TimeInForce, Ts,
};

pub const SPOT: &str = "BTC-USD.VENUE";
pub const PERPETUAL: &str = "ETH-PERP.VENUE";
/// Quoted in an asset that is not the reporting one.
pub const CROSS: &str = "SOL-BTC.VENUE";
/// 2025-11-21 00:00:00 UTC.
pub const MIDNIGHT: u64 = 1_763_683_200_000_000_000;
pub const SECOND: u64 = 1_000_000_000;
pub const DAY: u64 = 86_400 * SECOND;

pub fn id(text: &str) -> InstrumentId {
    text.parse().expect("an instrument")
}

pub fn asset(text: &str) -> Asset {
    text.parse().expect("an asset")
}

pub fn strategy(text: &str) -> StrategyId {
    text.parse().expect("a strategy")
}

pub fn price(text: &str) -> Price {
    Price::parse(text).expect("a price")
}

pub fn qty(text: &str) -> Qty {
    Qty::parse(text).expect("a quantity")
}

pub fn cash(text: &str) -> Cash {
    Cash::parse(text).expect("an amount")
}

pub fn instrument(text: &str) -> Instrument {
    let (base, quote) = match text {
        SPOT => ("BTC", "USD"),
        PERPETUAL => ("ETH", "USD"),
        CROSS => ("SOL", "BTC"),
        other => (other.split('-').next().expect("a base"), "USD"),
    };
    Instrument {
        instrument: id(text),
        class: if text == PERPETUAL { InstrumentClass::Perpetual } else { InstrumentClass::Spot },
        base: asset(base),
        quote: asset(quote),
        tick: price("0.01"),
        significant_digits: None,
        lot: qty("0.001"),
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

pub fn level(at: &str, size: &str) -> Level {
    Level { price: price(at), qty: qty(size) }
}

pub fn quote(instrument: &str, bid: &str, ask: &str) -> Input {
    Input::Quote(Quote {
        instrument: id(instrument),
        bid: Some(level(bid, "1")),
        ask: Some(level(ask, "1")),
        venue_ts: None,
        conflated: None,
    })
}

/// A limit buy of one, good till canceled.
pub fn buy(instrument: &str, limit: &str) -> NewOrder {
    NewOrder {
        strategy: strategy("s"),
        instrument: id(instrument),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        qty: qty("1"),
        price: Some(price(limit)),
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

/// Approves everything, and holds the notional of a buy or the quantity of a sale.
#[derive(Default)]
pub struct OpenGate;

impl Service for OpenGate {
    fn name(&self) -> &str {
        "gate"
    }
}

pub fn hold_of(terms: &NewOrder, view: View<'_>) -> Hold {
    let ix = view.state.markets.find(&terms.instrument).expect("the bus asks about defined instruments");
    let market = view.state.markets.get(ix);
    let at = terms.price.or(market.last_mid).unwrap_or(Price::ONE);
    match terms.side {
        Side::Buy => Hold {
            asset: market.definition.quote,
            amount: Cash::notional(at, terms.qty).expect("a small order"),
        },
        Side::Sell => Hold {
            asset: market.definition.base,
            amount: Cash::notional(Price::ONE, terms.qty).expect("a small order"),
        },
    }
}

impl RiskGate for OpenGate {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        Ok(seal.approve(proposal, hold_of(proposal.terms, view)))
    }
}

/// An input with its place and what it led to, as a journal would hold it.
#[derive(Debug, Clone)]
pub struct Batch {
    pub seq: Seq,
    pub ts: Ts,
    pub input: Input,
    pub outcomes: Vec<Decided>,
}

/// A core and everything it said.
pub struct Bench {
    pub core: Core,
    pub batches: Vec<Batch>,
    out: Outcomes,
}

impl Bench {
    pub fn new(
        settings: CoreSettings,
        instruments: &[&str],
        services: Vec<Box<dyn Service>>,
        gate: Box<dyn RiskGate>,
    ) -> Self {
        let definitions: Vec<Instrument> = instruments.iter().map(|text| instrument(text)).collect();
        let core = Core::new(settings, &definitions, services, gate).expect("a core");
        Self { core, batches: Vec::new(), out: Outcomes::default() }
    }

    /// One spot instrument, an open gate, no checkpoints.
    pub fn of(services: Vec<Box<dyn Service>>) -> Self {
        Self::new(quiet(), &[SPOT], services, Box::new(OpenGate))
    }

    pub fn step(&mut self, ts: u64, input: Input) -> Result<&Batch, Halt> {
        let seq = self.core.step(Ts(ts), &input, &mut self.out)?;
        let outcomes = self.out.as_slice().to_vec();
        self.batches.push(Batch { seq, ts: Ts(ts), input, outcomes });
        Ok(self.batches.last().expect("just pushed"))
    }

    /// Steps and lists the kinds of what it led to.
    pub fn kinds(&mut self, ts: u64, input: Input) -> Vec<&'static str> {
        let batch = self.step(ts, input).expect("a step");
        batch.outcomes.iter().map(|d| d.outcome.kind()).collect()
    }

    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.batches.iter().flat_map(|batch| &batch.outcomes).map(|d| &d.outcome)
    }
}

/// Settings without checkpoints.
pub fn quiet() -> CoreSettings {
    CoreSettings { checkpoint_every: 0, ..CoreSettings::default() }
}

/// SplitMix64: a stream of numbers from a seed that a failing test prints.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A decimal text below `whole`, with a random number of decimals up to `decimals`; may be zero.
    pub fn decimal(&mut self, whole: u64, decimals: u32) -> String {
        let decimals = self.below(u64::from(decimals) + 1) as u32;
        let scale = 10_u64.pow(decimals);
        let n = self.below(whole * scale);
        match decimals {
            0 => n.to_string(),
            _ => format!("{}.{:0width$}", n / scale, n % scale, width = decimals as usize),
        }
    }
}

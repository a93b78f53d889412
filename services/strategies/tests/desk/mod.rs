//! A small desk for tests: a real core with the strategies under test, a venue that fills what it can at the quote,
//! bands that the test sets, and a gate that approves all but what the test forbids.
#![expect(dead_code, reason = "each test file uses a part of it")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use reprise_core::{
    AccountSettings, Bands, Context, Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal,
    Service, View,
};
use reprise_model::event::InstrumentDefined;
use reprise_model::event::{
    Bar, ClockAdvanced, Fill, Hold, Level, OrderAccepted, OrderCanceled, OrderFilled, OrderReplaced, Quote,
    Trade,
};
use reprise_model::{
    Cash, Code, FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Label, Liquidity, NewOrder,
    OrderId, OrderType, Outcome, Price, Qty, QuoteSource, Rate, Refusal, Side, TimeInForce, Ts,
};
use reprise_strategies::{InstanceSettings, ParamMap, Registry, StrategyHost};

pub const BTC: &str = "BTC-USD.SIM";
pub const ETH: &str = "ETH-USD.SIM";
pub const START: u64 = 1_700_000_000_000_000_000;

pub fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

pub fn id(text: &str) -> InstrumentId {
    text.parse().unwrap()
}

/// An instrument with a tick of 0.01, a lot of 0.001 and a minimum notional of 10.
pub fn instrument(text: &str) -> Instrument {
    let name = id(text);
    let (base, quote) = name.symbol().split_once('-').unwrap();
    Instrument {
        instrument: name,
        class: InstrumentClass::Spot,
        base: base.parse().unwrap(),
        quote: quote.parse().unwrap(),
        tick: price("0.01"),
        significant_digits: None,
        lot: qty("0.001"),
        min_notional: "10".parse().unwrap(),
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

/// An instance: id, kind, instruments by spaces, parameters as JSON.
pub fn instance(name: &str, kind: &str, instruments: &str, params: &str) -> InstanceSettings {
    let params: ParamMap = serde_json::from_str(params).unwrap();
    let instruments = instruments.split_whitespace().map(id).collect();
    InstanceSettings { id: name.parse().unwrap(), kind: kind.to_owned(), instruments, params }
}

/// What the test sets while the core runs.
#[derive(Default)]
pub struct Knobs {
    pub bands: BTreeMap<InstrumentId, Option<Bands>>,
    /// Refuse new orders of these strategies.
    pub forbidden: Vec<String>,
    /// Refuse replacements.
    pub forbid_replace: bool,
    /// The venue neither answers nor fills.
    pub venue_sleeps: bool,
    /// The venue fills at most so much of each market or immediate order, and cancels the rest.
    pub depth: Option<Qty>,
}

struct Approver(Rc<RefCell<Knobs>>);

impl Service for Approver {
    fn name(&self) -> &str {
        "risk"
    }
}

impl RiskGate for Approver {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        let knobs = self.0.borrow();
        let is_new = proposal.replaces.is_none();
        if (is_new && knobs.forbidden.iter().any(|id| id == proposal.terms.strategy.as_str()))
            || (!is_new && knobs.forbid_replace)
        {
            return Err(Refusal::measured(Code::NotAllowed, "the test", "nothing"));
        }
        let market = view.state.markets.by_id(&proposal.terms.instrument).unwrap();
        if !market.definition.allows_qty(proposal.terms.qty) {
            return Err(Refusal::measured(Code::Lot, proposal.terms.qty, market.definition.lot));
        }
        Ok(seal.approve(proposal, Hold { asset: market.definition.quote, amount: Cash::ZERO }))
    }
}

struct BandSetter(Rc<RefCell<Knobs>>);

impl Service for BandSetter {
    fn name(&self) -> &str {
        "bands"
    }

    fn on_input(&mut self, _input: &Input, cx: &mut Context<'_>) {
        for (instrument, &bands) in &self.0.borrow().bands {
            let ix = cx.state().markets.find(instrument).unwrap();
            cx.set_bands(ix, bands);
        }
    }
}

/// Fills market orders at the opposite price, rests limits, fills them when the opposite price reaches them.
struct MiniVenue(Rc<RefCell<Knobs>>);

impl MiniVenue {
    fn fill(terms: &NewOrder, order: OrderId, price: Price, part: Qty, cx: &mut Context<'_>) -> bool {
        let size = part.min(terms.qty);
        let leaves_qty = terms.qty.checked_sub(size).unwrap();
        let quote = cx.state().markets.by_id(&terms.instrument).unwrap().definition.quote;
        let fill = Fill {
            order,
            exec_id: Label::new(&format!("x{}", order.n)).unwrap(),
            qty: size,
            price,
            fee: Cash::ZERO,
            fee_asset: quote,
            liquidity: Liquidity::Taker,
            cum_qty: size,
            leaves_qty,
        };
        if leaves_qty.is_zero() {
            cx.emit(OrderFilled { fill });
            return true;
        }
        cx.emit(reprise_model::event::OrderPartiallyFilled { fill });
        let reason = reprise_model::event::CancelReason::Immediate;
        cx.emit(OrderCanceled { order, reason, leaves_qty });
        false
    }

    fn take(&self, order: OrderId, cx: &mut Context<'_>) {
        let terms = cx.state().orders.get(order).unwrap().terms.clone();
        cx.emit(OrderAccepted { order, venue_order_id: None, adopted: None });
        let market = cx.state().markets.by_id(&terms.instrument).unwrap();
        let best = market.opposite(terms.side).map(|level| level.price);
        let crosses = best.filter(|best| terms.price.is_none_or(|limit| terms.side.allows(limit, *best)));
        match crosses {
            Some(best) if terms.order_type == OrderType::Market || terms.order_type == OrderType::Limit => {
                let depth = self.0.borrow().depth.unwrap_or(Qty::MAX);
                Self::fill(&terms, order, best, depth, cx);
            }
            _ if terms.time_in_force == TimeInForce::Ioc => {
                let reason = reprise_model::event::CancelReason::Immediate;
                cx.emit(OrderCanceled { order, reason, leaves_qty: terms.qty });
            }
            _ => {}
        }
    }
}

impl Service for MiniVenue {
    fn name(&self) -> &str {
        "paper"
    }

    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        let Input::Quote(quote) = input else { return };
        let Some(ix) = cx.state().markets.find(&quote.instrument) else { return };
        let market = cx.state().markets.get(ix);
        let reached: Vec<(OrderId, NewOrder)> = cx
            .state()
            .orders
            .open_in(ix)
            .filter(|order| {
                let best = market.opposite(order.terms.side).map(|level| level.price);
                let limit = order.terms.price.filter(|_| order.terms.order_type == OrderType::Limit);
                best.zip(limit).is_some_and(|(best, limit)| order.terms.side.allows(limit, best))
            })
            .map(|order| (order.id, order.terms.clone()))
            .collect();
        for (order, terms) in reached {
            Self::fill(&terms, order, terms.price.unwrap(), Qty::MAX, cx);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        if self.0.borrow().venue_sleeps {
            return;
        }
        match outcome {
            Outcome::OrderSubmitted(e) => self.take(e.order, cx),
            Outcome::OrderCancelSubmitted(e) => {
                let leaves_qty = cx.state().orders.get(e.order).unwrap().leaves_qty();
                cx.emit(OrderCanceled { order: e.order, reason: e.reason, leaves_qty });
            }
            Outcome::OrderReplaceSubmitted(e) => {
                cx.emit(OrderReplaced { order: e.order, terms: e.terms });
            }
            _ => {}
        }
    }
}

pub struct Desk {
    pub core: Core,
    pub knobs: Rc<RefCell<Knobs>>,
    pub now: Ts,
    /// Everything that was decided, the accountant's lines and checkpoints left out.
    pub decided: Vec<(Ts, Outcome)>,
    seen: usize,
}

impl Desk {
    pub fn new(instruments: &[Instrument], instances: Vec<InstanceSettings>, registry: &Registry) -> Self {
        let knobs = Rc::new(RefCell::new(Knobs::default()));
        let host = StrategyHost::new(instances, registry).unwrap();
        let services: Vec<Box<dyn Service>> = vec![
            Box::new(MiniVenue(Rc::clone(&knobs))),
            Core::accountant(),
            Box::new(BandSetter(Rc::clone(&knobs))),
            Box::new(host),
        ];
        let account = AccountSettings {
            default_quote_balance: Some("1000000".parse().unwrap()),
            ..AccountSettings::default()
        };
        let settings = CoreSettings { account, checkpoint_every: 0, ..CoreSettings::default() };
        let core = Core::new(settings, instruments, services, Box::new(Approver(Rc::clone(&knobs)))).unwrap();
        Self { core, knobs, now: Ts(START), decided: Vec::new(), seen: 0 }
    }

    /// One instance of a built-in kind in BTC.
    pub fn of(kind: &str, params: &str) -> Self {
        Self::new(&[instrument(BTC)], vec![instance("one", kind, "", params)], &Registry::builtin())
    }

    pub fn step(&mut self, input: Input) {
        let mut out = Outcomes::default();
        self.core.step(self.now, &input, &mut out).unwrap();
        for decided in out.as_slice() {
            match decided.outcome {
                Outcome::AccountChanged(_) | Outcome::PositionChanged(_) | Outcome::Checkpoint(_) => {}
                _ => self.decided.push((decided.ts, decided.outcome.clone())),
            }
        }
    }

    pub fn advance_ms(&mut self, ms: u64) {
        self.now = self.now.plus_ns(ms * 1_000_000);
    }

    /// A quote; an empty text is an empty side.
    pub fn quote(&mut self, on: &str, bid: &str, ask: &str) {
        let level = |text: &str| (!text.is_empty()).then(|| Level { price: price(text), qty: Qty::ONE });
        let quote =
            Quote { instrument: id(on), bid: level(bid), ask: level(ask), venue_ts: None, conflated: None };
        self.step(Input::Quote(quote));
    }

    pub fn bar(&mut self, on: &str, close: &str) {
        let close = price(close);
        self.step(Input::Bar(Bar {
            instrument: id(on),
            interval_ns: 60_000_000_000,
            open: close,
            high: close,
            low: close,
            close,
            volume: Qty::ONE,
        }));
    }

    pub fn trade(&mut self, on: &str, at: &str, size: &str) {
        self.step(Input::Trade(Trade {
            instrument: id(on),
            price: price(at),
            qty: qty(size),
            side: None,
            trade_id: None,
            historical: false,
            venue_ts: None,
        }));
    }

    pub fn define(&mut self, on: &str) {
        self.step(Input::InstrumentDefined(Box::new(InstrumentDefined { definition: instrument(on) })));
    }

    pub fn clock(&mut self) {
        self.step(Input::ClockAdvanced(ClockAdvanced {}));
    }

    pub fn set_bands(&mut self, on: &str, bands: Option<(&str, &str, &str)>) {
        let bands = bands.map(|(lower, middle, upper)| Bands {
            lower: price(lower),
            middle: price(middle),
            upper: price(upper),
        });
        self.knobs.borrow_mut().bands.insert(id(on), bands);
    }

    pub fn position(&self, on: &str, strategy: &str) -> String {
        let state = self.core.state();
        let ix = state.markets.find(&id(on)).unwrap();
        state.positions.get(ix, strategy.parse().unwrap()).qty.to_string()
    }

    /// What was decided since the last call, one short line each.
    pub fn news(&mut self) -> Vec<String> {
        let lines = self.decided[self.seen..].iter().filter_map(|(_, outcome)| line(outcome)).collect();
        self.seen = self.decided.len();
        lines
    }

    /// The orders that were asked for since the start.
    pub fn requests(&self) -> Vec<(Ts, NewOrder)> {
        let requested = |(ts, outcome): &(Ts, Outcome)| match outcome {
            Outcome::OrderRequested(e) => Some((*ts, e.terms.clone())),
            _ => None,
        };
        self.decided.iter().filter_map(requested).collect()
    }
}

/// An outcome as a short line; what a strategy did not cause, and acknowledgements, are left out.
fn line(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::OrderRequested(e) => Some(format!("{} {}", e.order.n, terms(&e.terms))),
        Outcome::OrderDenied(e) => Some(format!("{} denied {} {}", e.order.n, e.request, e.refusal.code)),
        Outcome::OrderFilled(e) => {
            Some(format!("{} filled {} at {}", e.fill.order.n, e.fill.qty, e.fill.price))
        }
        Outcome::OrderPartiallyFilled(e) => {
            Some(format!("{} part {} at {}", e.fill.order.n, e.fill.qty, e.fill.price))
        }
        Outcome::OrderCanceled(e) => Some(format!("{} canceled {}", e.order.n, e.reason)),
        Outcome::OrderReplaced(e) => Some(format!("{} replaced {}", e.order.n, e.terms.price.unwrap())),
        _ => None,
    }
}

fn terms(terms: &NewOrder) -> String {
    let price = terms.price.or(terms.stop_price).map(|price| format!(" at {price}")).unwrap_or_default();
    let side = if terms.side == Side::Buy { "buy" } else { "sell" };
    format!("{}: {side} {} {}{price}", terms.strategy, terms.order_type, terms.qty)
}

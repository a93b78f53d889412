//! A real core around the gate: a venue that does as it is told, a strategy that asks for what a test wants.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use reprise_core::{
    AccountSettings, Context, Core, CoreSettings, Outcomes, Proposal, RiskApproved, RiskGate, Seal, Service,
    State, View,
};
use reprise_model::event::{
    Bar, Book, BookAction, CancelReason, ClockAdvanced, Command, FeedState, FeedStatus, Fill, Input, Level,
    Mark, NewTerms, OperatorCommand, OrderAccepted, OrderCanceled, OrderFilled, OrderPartiallyFilled,
    OrderRejected, OrderReplaced, OrderUnknown, Outcome, Quote,
};
use reprise_model::{
    Asset, Cash, Code, FeeAsset, Instrument, InstrumentClass, InstrumentId, Label, Liquidity, NewOrder,
    OrderId, Price, Qty, QuoteSource, Rate, Refusal, RequestOf, Side, Ts,
};

pub(crate) use super::draft::{Draft, buy, order, sell};
use crate::{BandsService, CheckReport, RiskService, RiskSettings};

pub(crate) const SPOT: &str = "BTC-USD.X";
pub(crate) const PERP: &str = "ETH-PERP.X";
pub(crate) const EURO: &str = "BTC-EUR.X";
pub(crate) const BARS: &str = "OLD-USD.X";
/// Milliseconds in nanoseconds.
pub(crate) const MS: u64 = 1_000_000;

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

pub(crate) fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

pub(crate) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> InstrumentId {
    text.parse().unwrap()
}

fn asset(text: &str) -> Asset {
    text.parse().unwrap()
}

fn instrument(name: &str, class: InstrumentClass, base: &str, quote: &str) -> Instrument {
    Instrument {
        instrument: id(name),
        class,
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

/// What the venue does with new orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OnNew {
    /// Takes them and lets them rest.
    Rest,
    /// Takes and fills them, at the best opposite price or their limit.
    Fill,
    /// Fills so much of each, and cancels the rest.
    FillAtMost(&'static str),
    /// Refuses them.
    Reject,
    /// Does not answer.
    Silence,
    /// Their fate is not known.
    Lose,
}

/// What the venue does with cancels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OnCancel {
    Confirm,
    Refuse,
    Silence,
}

#[derive(Debug)]
enum Act {
    Ask(NewOrder),
    Replace(OrderId, NewTerms),
    Cancel(OrderId),
    Fill(OrderId, Qty),
    Reject(OrderId),
    Confirm(OrderId),
}

#[derive(Debug)]
struct Stage {
    on_new: OnNew,
    on_cancel: OnCancel,
    acts: VecDeque<Act>,
    fills: u32,
    reports: Vec<Vec<CheckReport>>,
}

type Shared = Rc<RefCell<Stage>>;

/// The venue.
struct Venue(Shared);

impl Venue {
    fn fill(&mut self, order: OrderId, wanted: Qty, cx: &mut Context<'_>) {
        let state = cx.state();
        let known = state.orders.get(order).unwrap();
        let market = state.markets.by_id(&known.terms.instrument).unwrap();
        let price = known
            .terms
            .price
            .or(market.opposite(known.terms.side).map(|level| level.price))
            .or(market.last_mid)
            .unwrap();
        let mut qty = wanted.min(known.leaves_qty());
        if known.terms.reduce_only {
            let position = state.positions.get(market_ix(state, known), known.terms.strategy).qty;
            qty = qty.min(known.terms.side.signed(position).neg().max(Qty::ZERO));
        }
        if !qty.is_positive() {
            return;
        }
        let cum_qty = known.cum_qty.checked_add(qty).unwrap();
        let leaves_qty = known.terms.qty.checked_sub(cum_qty).unwrap();
        let mut stage = self.0.borrow_mut();
        stage.fills += 1;
        let fill = Fill {
            order,
            exec_id: Label::new(&format!("x{}", stage.fills)).unwrap(),
            qty,
            price,
            fee: Cash::ZERO,
            fee_asset: market.definition.quote,
            liquidity: Liquidity::Taker,
            cum_qty,
            leaves_qty,
        };
        if leaves_qty.is_zero() {
            cx.emit(OrderFilled { fill });
        } else {
            cx.emit(OrderPartiallyFilled { fill });
        }
    }

    fn take(&mut self, order: OrderId, cx: &mut Context<'_>) {
        let on_new = self.0.borrow().on_new;
        let accepted = OrderAccepted { order, venue_order_id: None, adopted: None };
        let whole = cx.state().orders.get(order).unwrap().leaves_qty();
        match on_new {
            OnNew::Rest => cx.emit(accepted),
            OnNew::Fill => self.fill(order, whole, cx),
            OnNew::FillAtMost(most) => {
                let most = qty(most);
                self.fill(order, most, cx);
                if whole > most {
                    let leaves_qty = whole.checked_sub(most).unwrap();
                    cx.emit(OrderCanceled { order, reason: CancelReason::Immediate, leaves_qty });
                }
            }
            OnNew::Reject => self.reject(order, cx),
            OnNew::Silence => {}
            OnNew::Lose => cx.emit(OrderUnknown { order, reason: "lost".to_owned() }),
        }
    }

    fn reject(&mut self, order: OrderId, cx: &mut Context<'_>) {
        let refusal = Refusal::new(Code::NoLiquidity);
        cx.emit(OrderRejected { order, request: RequestOf::New, refusal, reason: None });
    }

    fn confirm(order: OrderId, cx: &mut Context<'_>) {
        let Some(open) = cx.state().orders.get_open(order) else { return };
        let leaves_qty = open.leaves_qty();
        cx.emit(OrderCanceled { order, reason: CancelReason::Strategy, leaves_qty });
    }
}

fn market_ix(state: &State, order: &reprise_core::Order) -> reprise_core::InstrumentIx {
    state.markets.find(&order.terms.instrument).unwrap()
}

impl Service for Venue {
    fn name(&self) -> &str {
        "venue"
    }

    fn on_input(&mut self, _input: &Input, cx: &mut Context<'_>) {
        let acts = std::mem::take(&mut self.0.borrow_mut().acts);
        let mut others = VecDeque::new();
        for act in acts {
            match act {
                Act::Fill(order, qty) => self.fill(order, qty, cx),
                Act::Reject(order) => self.reject(order, cx),
                Act::Confirm(order) => Self::confirm(order, cx),
                other => others.push_back(other),
            }
        }
        self.0.borrow_mut().acts = others;
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderSubmitted(e) => self.take(e.order, cx),
            Outcome::OrderCancelSubmitted(e) => {
                let on_cancel = self.0.borrow().on_cancel;
                match on_cancel {
                    OnCancel::Confirm => Self::confirm(e.order, cx),
                    OnCancel::Refuse => cx.emit(OrderRejected {
                        order: e.order,
                        request: RequestOf::Cancel,
                        refusal: Refusal::new(Code::NotOpen),
                        reason: None,
                    }),
                    OnCancel::Silence => {}
                }
            }
            Outcome::OrderReplaceSubmitted(e) => cx.emit(OrderReplaced { order: e.order, terms: e.terms }),
            _ => {}
        }
    }
}

/// The strategy.
struct Script(Shared);

impl Service for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn on_input(&mut self, _input: &Input, cx: &mut Context<'_>) {
        for act in std::mem::take(&mut self.0.borrow_mut().acts) {
            match act {
                Act::Ask(terms) => {
                    cx.request(terms);
                }
                Act::Replace(order, terms) => cx.replace(order, terms),
                Act::Cancel(order) => cx.cancel(order, CancelReason::Strategy),
                act => panic!("the venue left {act:?}"),
            }
        }
    }
}

/// The gate, with each proposal explained before it is judged: how a recorder is attached to it.
struct Explained(Rc<RefCell<RiskService>>, Shared);

impl Service for Explained {
    fn name(&self) -> &str {
        "risk"
    }

    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        self.0.borrow_mut().on_input(input, cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        self.0.borrow_mut().on_outcome(outcome, cx);
    }

    fn at_rest(&mut self, cx: &mut Context<'_>) {
        self.0.borrow_mut().at_rest(cx);
    }
}

impl RiskGate for Explained {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        let reports = self.0.borrow().explain(proposal, view);
        let verdict = self.0.borrow_mut().judge(proposal, view, seal);
        let first = reports.iter().find(|report| !report.passed);
        assert_eq!(
            first.map(|report| (report.code, &report.measured, &report.limit)),
            verdict.as_ref().err().map(|refusal| (refusal.code, &refusal.measured, &refusal.limit)),
            "what is explained is not what was decided"
        );
        self.1.borrow_mut().reports.push(reports);
        verdict
    }
}

/// A core with the gate, a time, and what the last step led to.
pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) ts: Ts,
    pub(crate) last: Vec<Outcome>,
    shared: Shared,
    service: Rc<RefCell<RiskService>>,
    out: Outcomes,
}

impl World {
    /// USD 100,000 and BTC 10; BTC at 99/101 with a million on each side, ETH at 9/11.
    pub(crate) fn new(settings: RiskSettings) -> Self {
        Self::with(settings, |_, _| {})
    }

    pub(crate) fn with(
        settings: RiskSettings,
        change: impl FnOnce(&mut [Instrument], &mut AccountSettings),
    ) -> Self {
        let mut instruments = [
            instrument(SPOT, InstrumentClass::Spot, "BTC", "USD"),
            instrument(PERP, InstrumentClass::Perpetual, "ETH", "USD"),
            instrument(EURO, InstrumentClass::Spot, "BTC", "EUR"),
            instrument(BARS, InstrumentClass::Spot, "OLD", "USD"),
        ];
        instruments[0].min_notional = cash("1");
        instruments[3].quote_source = QuoteSource::Bars;
        let balances = [("USD", "100000"), ("EUR", "100000"), ("BTC", "10")];
        let mut account = AccountSettings {
            balances: balances.into_iter().map(|(a, amount)| (asset(a), cash(amount))).collect(),
            pegs: BTreeMap::from([(asset("EUR"), rate("1.1"))]),
            ..AccountSettings::default()
        };
        change(&mut instruments, &mut account);
        let shared = Rc::new(RefCell::new(Stage {
            on_new: OnNew::Rest,
            on_cancel: OnCancel::Confirm,
            acts: VecDeque::new(),
            fills: 0,
            reports: Vec::new(),
        }));
        let services: Vec<Box<dyn Service>> = vec![
            Box::new(Venue(shared.clone())),
            Core::accountant(),
            Box::new(BandsService::new(&settings)),
            Box::new(Script(shared.clone())),
        ];
        let service = Rc::new(RefCell::new(RiskService::new(settings)));
        let gate = Box::new(Explained(service.clone(), shared.clone()));
        let core_settings =
            CoreSettings { account, checkpoint_every: 0, cascade_limit: 5_000, ..CoreSettings::default() };
        let core = Core::new(core_settings, &instruments, services, gate).unwrap();
        let mut world = Self {
            core,
            ts: Ts(1_700_000_000_000_000_000),
            last: Vec::new(),
            shared,
            service,
            out: Outcomes::default(),
        };
        for (name, bid, ask) in [(SPOT, "99", "101"), (PERP, "9", "11"), (EURO, "89", "91")] {
            world.quote(name, bid, ask);
        }
        world
    }

    /// Another gate from now on, as after a restart with other limits.
    pub(crate) fn put_gate(&mut self, settings: RiskSettings) {
        *self.service.borrow_mut() = RiskService::new(settings);
    }

    pub(crate) fn state(&self) -> &State {
        self.core.state()
    }

    pub(crate) fn step(&mut self, input: &Input) {
        self.core.step(self.ts, input, &mut self.out).unwrap();
        self.last = self.out.as_slice().iter().map(|decided| decided.outcome.clone()).collect();
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.ts = self.ts.plus_ns(ms * MS);
        self.step(&ClockAdvanced {}.into());
    }

    /// Time passes, and no event shows it before the next.
    pub(crate) fn later(&mut self, ms: u64) {
        self.ts = self.ts.plus_ns(ms * MS);
    }

    pub(crate) fn venue_does(&mut self, on_new: OnNew) {
        self.shared.borrow_mut().on_new = on_new;
    }

    pub(crate) fn venue_cancels(&mut self, on_cancel: OnCancel) {
        self.shared.borrow_mut().on_cancel = on_cancel;
    }

    pub(crate) fn quote_sized(&mut self, name: &str, bid: Option<(&str, &str)>, ask: Option<(&str, &str)>) {
        let level = |(p, q): (&str, &str)| Level { price: price(p), qty: qty(q) };
        let quote = Quote {
            instrument: id(name),
            bid: bid.map(level),
            ask: ask.map(level),
            venue_ts: Some(self.ts),
            conflated: None,
        };
        self.step(&quote.into());
    }

    /// A quote of which the venue's time is so far behind ours.
    pub(crate) fn quote_behind(&mut self, name: &str, behind_ns: u64) {
        let level = |p| Some(Level { price: price(p), qty: Qty::ONE });
        let venue_ts = Some(Ts(self.ts.0 - behind_ns));
        self.step(
            &Quote { instrument: id(name), bid: level("99"), ask: level("101"), venue_ts, conflated: None }
                .into(),
        );
    }

    pub(crate) fn quote(&mut self, name: &str, bid: &str, ask: &str) {
        self.quote_sized(name, Some((bid, "1000000")), Some((ask, "1000000")));
    }

    pub(crate) fn bar(&mut self, name: &str, close: &str) {
        let price = price(close);
        let bar = Bar {
            instrument: id(name),
            interval_ns: 60_000 * MS,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Qty::ONE,
        };
        self.step(&bar.into());
    }

    pub(crate) fn mark(&mut self, name: &str, mark: &str) {
        let mark =
            Mark { instrument: id(name), mark: Some(price(mark)), oracle: None, venue_ts: Some(self.ts) };
        self.step(&mark.into());
    }

    pub(crate) fn asks(&mut self, name: &str, levels: &[(&str, &str)]) {
        let asks = levels.iter().map(|(p, q)| Level { price: price(p), qty: qty(q) }).collect();
        let book = Book {
            instrument: id(name),
            action: BookAction::Snapshot,
            bids: Vec::new(),
            asks,
            venue_ts: Some(self.ts),
            conflated: None,
        };
        self.step(&book.into());
    }

    pub(crate) fn feed(&mut self, state: FeedState) {
        let status = FeedStatus {
            venue: Label::new("X").unwrap(),
            instrument: None,
            state,
            reason: None,
            conflated: None,
        };
        self.step(&status.into());
    }

    pub(crate) fn command(&mut self, command: Command, change: impl FnOnce(&mut OperatorCommand)) {
        let mut line = OperatorCommand::new(command, "test", "because");
        change(&mut line);
        self.step(&Box::new(line).into());
    }

    /// Moves the kill switch while the venue does not answer cancels, so that what is open stays open.
    pub(crate) fn set_trading(&mut self, command: Command) {
        self.venue_cancels(OnCancel::Refuse);
        self.command(command, |_| {});
    }

    fn act(&mut self, act: Act) {
        self.shared.borrow_mut().acts.push_back(act);
        self.step(&ClockAdvanced {}.into());
    }

    /// Asks for an order; gives its id, and why it was denied if it was.
    pub(crate) fn ask(&mut self, terms: NewOrder) -> (OrderId, Result<(), Refusal>) {
        self.act(Act::Ask(terms));
        self.verdict()
    }

    fn verdict(&self) -> (OrderId, Result<(), Refusal>) {
        self.last
            .iter()
            .find_map(|outcome| match outcome {
                Outcome::OrderDenied(e) => Some((e.order, Err(e.refusal.clone()))),
                Outcome::OrderSubmitted(e) => Some((e.order, Ok(()))),
                Outcome::OrderReplaceSubmitted(e) => Some((e.order, Ok(()))),
                _ => None,
            })
            .unwrap_or_else(|| panic!("no verdict in {:?}", self.last))
    }

    pub(crate) fn replace(
        &mut self,
        order: OrderId,
        change: impl FnOnce(&mut NewTerms),
    ) -> Result<(), Refusal> {
        let mut terms = NewTerms { qty: None, price: None, stop_price: None };
        change(&mut terms);
        self.act(Act::Replace(order, terms));
        self.verdict().1
    }

    pub(crate) fn cancel(&mut self, order: OrderId) {
        self.act(Act::Cancel(order));
    }

    pub(crate) fn fill(&mut self, order: OrderId, filled: &str) {
        self.act(Act::Fill(order, qty(filled)));
    }

    pub(crate) fn reject(&mut self, order: OrderId) {
        self.act(Act::Reject(order));
    }

    pub(crate) fn confirm(&mut self, order: OrderId) {
        self.act(Act::Confirm(order));
    }

    /// Asks for an order that must be approved.
    pub(crate) fn must(&mut self, terms: NewOrder) -> OrderId {
        let (id, verdict) = self.ask(terms);
        assert_eq!(verdict, Ok(()));
        id
    }

    /// Owns a position, bought or sold at the market as it stands.
    pub(crate) fn own(&mut self, strategy: &str, name: &str, side: Side, size: &str) {
        let mood = self.shared.borrow().on_new;
        self.venue_does(OnNew::Fill);
        self.must(order(name, side, size).by(strategy).terms());
        self.venue_does(mood);
    }

    /// What the last explanation says.
    pub(crate) fn reports(&self) -> Vec<CheckReport> {
        self.shared.borrow().reports.last().cloned().unwrap_or_default()
    }

    pub(crate) fn position(&self, strategy: &str, name: &str) -> Qty {
        let state = self.state();
        state.positions.get(state.markets.find(&id(name)).unwrap(), strategy.parse().unwrap()).qty
    }
}

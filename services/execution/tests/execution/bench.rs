//! A real core with the services of this crate, a strategy that does what a script says and a gate that
//! approves everything.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use reprise_core::{
    AccountSettings, Context, Core, CoreSettings, Decided, Outcomes, Proposal, RiskApproved, RiskGate, Seal,
    Service, View,
};
use reprise_execution::{OrderManager, OrderManagerSettings, PaperSettings, PaperVenue};
use reprise_model::event::{CancelReason, ClockAdvanced, Hold, NewTerms};
use reprise_model::{
    Cash, FeeAsset, Input, Instrument, InstrumentClass, NewOrder, OrderId, OrderOrigin, OrderType, Price,
    Qty, QuoteSource, Rate, Refusal, Side, TimeInForce, Ts,
};

/// What the scripted strategy does at the next event.
#[derive(Debug, Clone)]
pub enum Act {
    Order(NewOrder),
    Cancel(u32),
    Replace(u32, NewTerms),
}

struct Scripted(Rc<RefCell<VecDeque<Act>>>);

impl Service for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn on_input(&mut self, _input: &Input, cx: &mut Context<'_>) {
        for act in self.0.borrow_mut().drain(..) {
            match act {
                Act::Order(terms) => {
                    cx.request(terms);
                }
                Act::Cancel(n) => cx.cancel(OrderId { epoch: 0, n }, CancelReason::Strategy),
                Act::Replace(n, terms) => cx.replace(OrderId { epoch: 0, n }, terms),
            }
        }
    }
}

struct OpenGate;

impl Service for OpenGate {
    fn name(&self) -> &str {
        "open_gate"
    }
}

impl RiskGate for OpenGate {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        let market = view.state.markets.by_id(&proposal.terms.instrument).expect("the script's instrument");
        Ok(seal.approve(proposal, Hold { asset: market.definition.quote, amount: Cash::ZERO }))
    }
}

/// A core under test.
pub struct Bench {
    pub core: Core,
    acts: Rc<RefCell<VecDeque<Act>>>,
    out: Outcomes,
    pub now: Ts,
}

/// How a bench is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    pub instruments: Vec<Instrument>,
    pub paper: Option<PaperSettings>,
    pub cash: Cash,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            instruments: vec![instrument("BTC-USD.X")],
            paper: Some(PaperSettings::default()),
            cash: Cash::from_int(1_000_000).unwrap(),
        }
    }
}

/// The time of a bench's first event.
pub const START: Ts = Ts(1_700_000_000_000_000_000);

impl Bench {
    pub fn new(setup: &Setup) -> Self {
        let venue = setup.paper.clone().map(|paper| -> Box<dyn Service> { Box::new(PaperVenue::new(paper)) });
        Self::with_venue(setup, venue)
    }

    /// A bench of another venue than the setup's.
    pub fn with_venue(setup: &Setup, venue: Option<Box<dyn Service>>) -> Self {
        let acts = Rc::new(RefCell::new(VecDeque::new()));
        let account =
            AccountSettings { default_quote_balance: Some(setup.cash), ..AccountSettings::default() };
        let settings = CoreSettings { checkpoint_every: 0, account, ..CoreSettings::default() };
        let mut services: Vec<Box<dyn Service>> = venue.into_iter().collect();
        services.push(Box::new(OrderManager::new(OrderManagerSettings::default())));
        services.push(Core::accountant());
        services.push(Box::new(Scripted(Rc::clone(&acts))));
        let core = Core::new(settings, &setup.instruments, services, Box::new(OpenGate)).unwrap();
        Self { core, acts, out: Outcomes::default(), now: START }
    }

    /// Steps one event, at which the strategy does what it is told.
    pub fn step_with(&mut self, input: &Input, acts: impl IntoIterator<Item = Act>) -> &[Decided] {
        self.acts.borrow_mut().extend(acts);
        self.core.step(self.now, input, &mut self.out).expect("the core must not halt");
        self.out.as_slice()
    }

    /// Steps one event.
    pub fn step(&mut self, input: &Input) -> &[Decided] {
        self.step_with(input, [])
    }

    /// Lets the strategy act between two events of the market.
    pub fn act(&mut self, act: Act) -> &[Decided] {
        self.step_with(&ClockAdvanced {}.into(), [act])
    }
}

/// A spot instrument with whole prices and quantities and without fees.
pub fn instrument(id: &str) -> Instrument {
    Instrument {
        instrument: id.parse().unwrap(),
        class: InstrumentClass::Spot,
        base: "BTC".parse().unwrap(),
        quote: "USD".parse().unwrap(),
        tick: Price::ONE,
        significant_digits: None,
        lot: Qty::ONE,
        min_notional: Cash::ZERO,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

/// A market order of the first instrument.
pub fn market_order(side: Side, qty: Qty) -> NewOrder {
    NewOrder {
        strategy: "s".parse().unwrap(),
        instrument: "BTC-USD.X".parse().unwrap(),
        side,
        order_type: OrderType::Market,
        time_in_force: TimeInForce::Gtc,
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
        intent: 0,
        note: None,
    }
}

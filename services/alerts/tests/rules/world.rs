//! A core whose account, venue and kill switch do as a test says, with the alerts behind them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use reprise_alerts::{AlertService, RuleSettings};
use reprise_core::{
    Context, Core, CoreSettings, Outcomes, Proposal, RestoreError, RiskApproved, RiskGate, Saved, Seal,
    Service, View,
};
use reprise_model::event::{
    AccountChanged, AlertRaised, ClockAdvanced, FeedState, FeedStatus, Fill, Hold, OrderAccepted,
    OrderFilled, OrderRejected, OrderUnknown, RiskBreach, RiskState, TradingState, TrippedBy,
};
use reprise_model::{
    Cash, Code, FeeAsset, Input, Instrument, InstrumentClass, Label, Liquidity, NewOrder, OrderOrigin,
    OrderType, Outcome, Qty, QuoteSource, Refusal, RequestOf, Side, TimeInForce, Ts,
};

pub const SECOND: u64 = 1_000_000_000;
/// A midnight.
pub const START: Ts = Ts(1_700_006_400 * SECOND);
pub const BTC: &str = "BTC-USD.X";
pub const ETH: &str = "ETH-USD.X";

/// What happens at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Nothing but that time passes.
    Wait,
    /// An account line with this equity.
    Equity(&'static str),
    /// The kill switch moves.
    State(TradingState),
    /// A limit is reached.
    Breach,
    /// An order is asked for and does this.
    Order(Fate),
    /// A feed of all of the venue, or of one instrument.
    Feed(Option<&'static str>, FeedState),
}

/// What the venue does with an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    Accept,
    /// Of one coin, at this price.
    Fill(&'static str),
    Reject,
    Lose,
}

/// Does as a test says.
struct Script(Rc<RefCell<VecDeque<Act>>>, Option<Fate>);

impl Service for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        let Some(act) = self.0.borrow_mut().pop_front() else { return };
        match act {
            Act::Equity(equity) => {
                let equity: Cash = equity.parse().unwrap();
                let peak = cx.state().account.peak().max(Some(equity));
                let day_start = cx.state().account.day_start().or(Some(equity));
                cx.emit(AccountChanged {
                    balances: Vec::new(),
                    equity: Some(equity),
                    peak,
                    day_start,
                    day_ts: Some(START),
                });
            }
            Act::State(state) => cx.emit(RiskState {
                state,
                by: TrippedBy::Operator,
                rule: None,
                reason: "because".to_owned(),
                flatten: false,
            }),
            Act::Breach => cx.emit(RiskBreach {
                refusal: Refusal::measured(Code::MaxDrawdown, "310", "300"),
                instrument: None,
            }),
            Act::Order(fate) => {
                self.1 = Some(fate);
                cx.request(terms());
            }
            Act::Wait | Act::Feed(..) => {}
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        let Outcome::OrderSubmitted(submitted) = outcome else { return };
        let order = submitted.order;
        match self.1 {
            Some(Fate::Accept) => cx.emit(OrderAccepted { order, venue_order_id: None, adopted: None }),
            Some(Fate::Fill(price)) => cx.emit(OrderFilled {
                fill: Fill {
                    order,
                    exec_id: Label::new("x").unwrap(),
                    qty: Qty::ONE,
                    price: price.parse().unwrap(),
                    fee: Cash::ZERO,
                    fee_asset: "USD".parse().unwrap(),
                    liquidity: Liquidity::Taker,
                    cum_qty: Qty::ONE,
                    leaves_qty: Qty::ZERO,
                },
            }),
            Some(Fate::Reject) => cx.emit(OrderRejected {
                order,
                request: RequestOf::New,
                refusal: Refusal::new(Code::VenueRefused),
                reason: Some("no".to_owned()),
            }),
            Some(Fate::Lose) => cx.emit(OrderUnknown { order, reason: "no answer".to_owned() }),
            None => {}
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::nothing()
    }

    fn restore(&mut self, _: &Saved) -> Result<(), RestoreError> {
        Ok(())
    }
}

/// Lets everything pass.
struct Open;

impl Service for Open {
    fn name(&self) -> &str {
        "open"
    }

    fn save(&self) -> Option<Saved> {
        Saved::nothing()
    }

    fn restore(&mut self, _: &Saved) -> Result<(), RestoreError> {
        Ok(())
    }
}

impl RiskGate for Open {
    fn judge(&mut self, proposal: &Proposal<'_>, _: View<'_>, seal: &Seal) -> Result<RiskApproved, Refusal> {
        Ok(seal.approve(proposal, Hold { asset: "USD".parse().unwrap(), amount: Cash::ZERO }))
    }
}

fn terms() -> NewOrder {
    NewOrder {
        strategy: "a".parse().unwrap(),
        instrument: BTC.parse().unwrap(),
        side: Side::Buy,
        order_type: OrderType::Market,
        time_in_force: TimeInForce::Ioc,
        qty: Qty::ONE,
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
    }
}

fn instrument(name: &str) -> Instrument {
    Instrument {
        instrument: name.parse().unwrap(),
        class: InstrumentClass::Spot,
        base: name.split('-').next().unwrap().parse().unwrap(),
        quote: "USD".parse().unwrap(),
        tick: "0.01".parse().unwrap(),
        significant_digits: None,
        lot: "0.001".parse().unwrap(),
        min_notional: Cash::ZERO,
        maker_fee: reprise_model::Rate::ZERO,
        taker_fee: reprise_model::Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

pub fn rules(toml: &str) -> Vec<RuleSettings> {
    #[derive(serde::Deserialize)]
    struct Rules {
        rule: Vec<RuleSettings>,
    }
    toml::from_str::<Rules>(toml).unwrap().rule
}

/// A core with these rules.
pub struct World {
    pub core: Core,
    acts: Rc<RefCell<VecDeque<Act>>>,
    out: Outcomes,
}

/// An alert with the second it was raised in.
pub type Told = (u64, AlertRaised);

impl World {
    pub fn new(rules: &[RuleSettings]) -> Self {
        let acts = Rc::new(RefCell::new(VecDeque::new()));
        let mut services: Vec<Box<dyn Service>> = vec![Box::new(Script(Rc::clone(&acts), None))];
        services
            .extend(AlertService::new(rules).unwrap().map(|service| Box::new(service) as Box<dyn Service>));
        let settings = CoreSettings { checkpoint_every: 0, cascade_limit: 1_000, ..CoreSettings::default() };
        let core =
            Core::new(settings, &[instrument(BTC), instrument(ETH)], services, Box::new(Open)).unwrap();
        Self { core, acts, out: Outcomes::default() }
    }

    /// One moment, so many seconds after the start.
    pub fn at(&mut self, second: u64, act: &Act) -> Vec<Told> {
        let input: Input = match act {
            Act::Feed(name, state) => FeedStatus {
                venue: Label::new("X").unwrap(),
                instrument: name.map(|name| name.parse().unwrap()),
                state: *state,
                reason: None,
                conflated: None,
            }
            .into(),
            _ => ClockAdvanced {}.into(),
        };
        if !matches!(act, Act::Feed(..)) {
            self.acts.borrow_mut().push_back(act.clone());
        }
        self.core.step(START.plus_ns(second * SECOND), &input, &mut self.out).unwrap();
        let told = self.out.as_slice().iter().filter_map(|decided| match &decided.outcome {
            Outcome::AlertRaised(alert) => Some((decided.ts.since(START) / SECOND, (**alert).clone())),
            _ => None,
        });
        told.collect()
    }

    pub fn play(&mut self, script: &[(u64, Act)]) -> Vec<Told> {
        script.iter().flat_map(|(second, act)| self.at(*second, act)).collect()
    }
}

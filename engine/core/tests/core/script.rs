//! A random but replayable scenario: a venue and a strategy that do everything an order can meet, and the
//! inputs around them. Everything follows from one seed.

use reprise_core::{
    AccountSettings, Context, Core, CoreSettings, Order, Proposal, RiskApproved, RiskGate, Seal, Service,
    View,
};
use reprise_model::codec;
use reprise_model::event::{
    AccountTransferred, Bar, Book, BookAction, CancelReason, ClockAdvanced, Command, FeedState, FeedStatus,
    Fill, Funding, InstrumentDefined, Mark, NewTerms, OperatorCommand, OrderAccepted, OrderCanceled,
    OrderExpired, OrderFilled, OrderPartiallyFilled, OrderRejected, OrderReplaced, OrderUnknown, RiskBands,
    RiskState, RunEnded, TimerOwner, Trade, TradingState, TransferReason, TrippedBy,
};
use reprise_model::{
    Cash, Code, Input, Label, Liquidity, NewOrder, OrderId, OrderStatus, Outcome, Qty, Rate, Refusal,
    RequestOf, Side, Ts,
};

use crate::support::{
    Bench, CROSS, DAY, Dice, MIDNIGHT, PERPETUAL, SECOND, SPOT, asset, buy, cash, hold_of, id, instrument,
    level, price, qty, quote, strategy,
};

/// Answers for a venue: takes, refuses, fills, cancels, replaces, loses and finds orders at random.
struct Venue {
    dice: Dice,
    executions: u64,
}

impl Service for Venue {
    fn name(&self) -> &str {
        "venue"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        self.answer(cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::TimerFired(_) => self.answer(cx),
            // A fill that was on its way when the order was canceled.
            Outcome::OrderCanceled(e) if self.dice.one_in(4) && !cx.is_anything_waiting() => {
                if let Some(order) = cx.state().orders.get(e.order).cloned() {
                    self.execute(&order, cx);
                }
            }
            _ => {}
        }
    }
}

impl Venue {
    /// At most one statement an order, and none while another waits that could contradict it.
    fn answer(&mut self, cx: &mut Context<'_>) {
        if cx.is_anything_waiting() {
            return;
        }
        let open: Vec<Order> = cx.state().orders.open().cloned().collect();
        for order in open {
            if self.dice.one_in(3) {
                self.answer_one(&order, cx);
            }
        }
        if self.dice.one_in(40) {
            let terms = buy(self.dice.pick(&[SPOT, PERPETUAL]), "50");
            cx.adopt(terms);
        }
    }

    fn answer_one(&mut self, order: &Order, cx: &mut Context<'_>) {
        use OrderStatus as S;
        let (id, leaves_qty) = (order.id, order.leaves_qty());
        let refused = |request| OrderRejected {
            order: id,
            request,
            refusal: Refusal::new(Code::NotOpen),
            reason: Some("the venue's \"own\" words".to_owned()),
        };
        match (order.status, self.dice.below(8)) {
            (S::Submitted | S::Unknown, 0..=2) => {
                cx.emit(OrderAccepted { order: id, venue_order_id: Label::new("v-1").ok(), adopted: None });
            }
            (S::Submitted | S::Unknown, 3) if order.cum_qty.is_zero() => cx.emit(refused(RequestOf::New)),
            (S::PendingCancel, 0..=2) => {
                cx.emit(OrderCanceled { order: id, reason: CancelReason::Strategy, leaves_qty });
            }
            (S::PendingCancel, 3) => cx.emit(refused(RequestOf::Cancel)),
            (S::PendingReplace, 0..=2) => {
                let terms = order.pending.expect("a replace is on its way");
                cx.emit(OrderReplaced { order: id, terms });
            }
            (S::PendingReplace, 3) => cx.emit(refused(RequestOf::Replace)),
            (_, 4) => cx.emit(OrderUnknown { order: id, reason: "no answer".to_owned() }),
            (_, 5) if self.dice.one_in(3) => cx.emit(OrderExpired { order: id, leaves_qty }),
            _ => self.execute(order, cx),
        }
    }

    fn execute(&mut self, order: &Order, cx: &mut Context<'_>) {
        let unfilled = order.terms.qty.checked_sub(order.cum_qty).expect("small");
        if !unfilled.is_positive() {
            return;
        }
        let part = qty(&self.dice.decimal(2, 3));
        let is_last = part.is_zero() || part >= unfilled;
        let executed = if is_last { unfilled } else { part };
        let definition = cx
            .state()
            .markets
            .by_id(&order.terms.instrument)
            .expect("an order in a defined instrument")
            .definition
            .clone();
        let fee_asset = match self.dice.below(5) {
            0 if order.terms.side == Side::Buy => definition.base,
            1 => asset("BNB"),
            _ => definition.quote,
        };
        // A fee in base stays below what was bought.
        let fee = executed.checked_mul_rate(Rate::parse("0.000777").expect("a rate")).expect("small");
        let fee = cash(&fee.to_string());
        self.executions += 1;
        let fill = Fill {
            order: order.id,
            exec_id: Label::new(&format!("x{}", self.executions)).expect("a short name"),
            qty: executed,
            price: price(&format!("{}.{:02}", 40 + self.dice.below(20), self.dice.below(100))),
            fee: if self.dice.one_in(6) { fee.neg() } else { fee },
            fee_asset,
            liquidity: if self.dice.one_in(2) { Liquidity::Maker } else { Liquidity::Taker },
            cum_qty: order.cum_qty.checked_add(executed).expect("small"),
            leaves_qty: unfilled.checked_sub(executed).expect("small"),
        };
        if is_last {
            cx.emit(OrderFilled { fill });
        } else {
            cx.emit(OrderPartiallyFilled { fill });
        }
    }
}

/// Asks for orders, new terms, cancels and timers at random.
struct Trader {
    dice: Dice,
    intents: u32,
}

impl Service for Trader {
    fn name(&self) -> &str {
        "trader"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        if !cx.state().is_paused() {
            self.act(cx);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::TimerFired(e) if e.owner.as_str() == "trader" => self.act(cx),
            Outcome::OrderFilled(_) if self.dice.one_in(5) => self.act(cx),
            _ => {}
        }
    }

    fn at_rest(&mut self, cx: &mut Context<'_>) {
        if cx.is_anything_waiting() || !self.dice.one_in(12) {
            return;
        }
        cx.emit(RiskBands {
            instrument: id(SPOT),
            lower: price("40"),
            middle: price("50"),
            upper: price("60"),
        });
        let state = self.dice.pick(&[TradingState::Active, TradingState::ReduceOnly, TradingState::Halted]);
        cx.emit(RiskState { state, by: TrippedBy::Rule, rule: None, reason: String::new(), flatten: false });
    }
}

impl Trader {
    fn act(&mut self, cx: &mut Context<'_>) {
        for _ in 0..self.dice.below(3) {
            let terms = self.terms();
            let order = cx.request(terms);
            if self.dice.one_in(10) {
                cx.cancel(order, CancelReason::Strategy);
            }
        }
        let open: Vec<OrderId> = cx.state().orders.open().map(|o| o.id).collect();
        if !open.is_empty() {
            let order = self.dice.pick(&open);
            match self.dice.below(4) {
                0 => cx.cancel(order, CancelReason::Strategy),
                1 => cx.replace(order, self.new_terms()),
                _ => {}
            }
        }
        if self.dice.one_in(4) {
            let owner = TimerOwner::new("trader").expect("a short name");
            let now = cx.now().0;
            // In the past, at once, soon, and later than most inputs.
            let due = self.dice.pick(&[now - SECOND, now, now + 1, now + SECOND / 2, now + 90 * SECOND]);
            cx.arm_timer(owner, self.dice.roll(), Ts(due));
        }
    }

    fn terms(&mut self) -> NewOrder {
        self.intents += 1;
        let instrument = self.dice.pick(&[SPOT, PERPETUAL, CROSS, "GONE-USD.VENUE"]);
        NewOrder {
            strategy: strategy(self.dice.pick(&["one", "two"])),
            side: if self.dice.one_in(2) { Side::Buy } else { Side::Sell },
            qty: qty(&format!("{}.{}", self.dice.below(3), 1 + self.dice.below(9))),
            reduce_only: self.dice.one_in(5),
            intent: self.intents,
            note: self.dice.one_in(3).then(|| "crossed\tup".to_owned()),
            ..buy(instrument, self.dice.pick(&["45", "50.5", "55.25"]))
        }
    }

    fn new_terms(&mut self) -> NewTerms {
        NewTerms {
            qty: self
                .dice
                .one_in(2)
                .then(|| qty(&format!("{}.{}", self.dice.below(4), 1 + self.dice.below(9)))),
            price: self.dice.one_in(2).then(|| price(self.dice.pick(&["44", "51", "56.5"]))),
            stop_price: None,
        }
    }
}

/// Approves most, refuses every seventh intent.
struct Gate;

impl Service for Gate {
    fn name(&self) -> &str {
        "gate"
    }
}

impl RiskGate for Gate {
    fn judge(
        &mut self,
        proposal: &Proposal<'_>,
        view: View<'_>,
        seal: &Seal,
    ) -> Result<RiskApproved, Refusal> {
        if proposal.terms.intent.is_multiple_of(7) {
            return Err(Refusal::measured(Code::OrderRate, 7, 6));
        }
        Ok(seal.approve(proposal, hold_of(proposal.terms, view)))
    }
}

/// Recounts everything that the state keeps in two places, after every event.
struct Auditor;

impl Service for Auditor {
    fn name(&self) -> &str {
        "auditor"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        audit(cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        audit(cx);
        let mut w = codec::Writer::new();
        outcome.write_data(&mut w);
        let mut r = codec::Reader::new(w.as_bytes());
        let read = Outcome::read_data(outcome.kind().as_bytes(), &mut r).expect("an outcome's kind");
        assert_eq!(read.as_ref(), Ok(outcome), "what was decided is not what a journal would say");
    }
}

/// Holds are those of the open orders, totals and net positions are what a recount gives.
fn audit(cx: &Context<'_>) {
    let state = cx.state();
    for (asset, balance) in state.account.balances() {
        let held = state.orders.open().filter(|o| o.hold.asset == asset).map(|o| o.held().expect("small"));
        assert_eq!(balance.held, Cash::sum(held).expect("small"), "held of {asset}");
    }
    for (ix, market) in state.markets.iter() {
        let id = market.definition.instrument;
        let open: Vec<&Order> = state.orders.open().filter(|o| o.terms.instrument == id).collect();
        // An order in an instrument that was not defined yet stands nowhere; it is refused at once.
        let listed: Vec<&Order> = state.orders.open_in(ix).collect();
        assert_eq!(listed, open, "open orders of {id}");
        let totals = state.orders.totals(ix);
        assert_eq!(totals.count as usize, open.len(), "count of {id}");
        for side in [Side::Buy, Side::Sell] {
            let counted = open.iter().filter(|o| o.terms.side == side && !o.terms.reduce_only);
            let sum = counted.fold(Qty::ZERO, |sum, o| sum.checked_add(o.worst_leaves_qty()).expect("small"));
            assert_eq!(totals.qty(side), sum, "open {side} of {id}");
        }
        let net =
            state.positions.of(ix).fold(Qty::ZERO, |sum, (_, p)| sum.checked_add(p.qty).expect("small"));
        assert_eq!(state.positions.net(ix), net, "net of {id}");
    }
    let placed = state.orders.open().filter(|o| state.markets.find(&o.terms.instrument).is_some()).count();
    assert_eq!(state.orders.open_count() as usize, placed, "open in all");
}

/// The account of a scenario.
pub fn settings() -> CoreSettings {
    let mut account = AccountSettings { reporting: Some(asset("USD")), ..AccountSettings::default() };
    account.balances.insert(asset("USD"), cash("1000000"));
    account.balances.insert(asset("BTC"), cash("3"));
    account.pegs.insert(asset("BNB"), Rate::parse("600").expect("a rate"));
    account.conversions.insert(asset("BTC"), id(SPOT));
    CoreSettings { checkpoint_every: 25, account, ..CoreSettings::default() }
}

/// A core with a random venue and a random trader.
pub fn scenario(seed: u64, settings: CoreSettings) -> Bench {
    let mut dice = Dice(seed);
    let services: Vec<Box<dyn Service>> = vec![
        Box::new(Venue { dice: Dice(dice.roll()), executions: 0 }),
        Core::accountant(),
        Box::new(Trader { dice: Dice(dice.roll()), intents: 0 }),
        Box::new(Auditor),
    ];
    Bench::new(settings, &[SPOT, PERPETUAL, CROSS], services, Box::new(Gate))
}

/// Steps a scenario through so many random inputs and its end.
pub fn play(seed: u64, settings: CoreSettings, steps: usize) -> Bench {
    let mut bench = scenario(seed, settings);
    let mut dice = Dice(!seed);
    let mut now = MIDNIGHT - 5 * SECOND;
    for _ in 0..steps {
        now += match dice.below(30) {
            0 => 0,
            1 => DAY + dice.below(DAY),
            _ => dice.below(SECOND),
        };
        bench.step(now, input(&mut dice, now)).expect("a legal scenario");
    }
    let ended = RunEnded { reason: "done".to_owned(), inputs: steps as u64, content: String::new() };
    bench.step(now, Input::RunEnded(Box::new(ended))).expect("a legal end");
    bench
}

fn input(dice: &mut Dice, now: u64) -> Input {
    let instrument_id = dice.pick(&[SPOT, PERPETUAL, CROSS, "NEW-USD.VENUE"]);
    let venue_ts = dice.one_in(2).then(|| Ts(now - dice.below(SECOND)));
    match dice.below(24) {
        0 => Input::Funding(Funding {
            instrument: id(PERPETUAL),
            rate: Rate::parse(dice.pick(&["0.0001", "-0.000033333333", "0.01"])).expect("a rate"),
            oracle: dice.one_in(2).then(|| price("51.37")),
            venue_ts,
        }),
        1 => Input::AccountTransferred(AccountTransferred {
            asset: asset(dice.pick(&["USD", "BTC", "EUR"])),
            amount: cash(dice.pick(&["1000", "-0.000000000001", "12.5"])),
            reason: TransferReason::Deposit,
        }),
        2 => command(dice),
        3 => Input::ClockAdvanced(ClockAdvanced {}),
        4 => {
            Input::InstrumentDefined(Box::new(InstrumentDefined { definition: instrument("NEW-USD.VENUE") }))
        }
        5 => Input::FeedStatus(FeedStatus {
            venue: Label::new("VENUE").expect("a short name"),
            instrument: dice.one_in(2).then(|| id(instrument_id)),
            state: dice.pick(FeedState::ALL),
            reason: None,
            conflated: None,
        }),
        6 => Input::Mark(Mark {
            instrument: id(PERPETUAL),
            mark: dice.one_in(2).then(|| price("50.01")),
            oracle: dice.one_in(2).then(|| price("50.02")),
            venue_ts,
        }),
        7 => Input::Trade(Trade {
            instrument: id(instrument_id),
            price: price("50.5"),
            qty: qty("0.25"),
            side: None,
            trade_id: None,
            historical: dice.one_in(3),
            venue_ts,
        }),
        8 | 9 => Input::Book(Book {
            instrument: id(instrument_id),
            action: if dice.one_in(3) { BookAction::Snapshot } else { BookAction::Update },
            bids: vec![level(dice.pick(&["49", "48.5"]), dice.pick(&["0", "1.5", "2"]))],
            asks: vec![level(dice.pick(&["51", "51.5"]), dice.pick(&["0", "1.5", "2"]))],
            venue_ts,
            conflated: None,
        }),
        10 => Input::Bar(Bar {
            instrument: id(instrument_id),
            interval_ns: 60 * SECOND,
            open: price("50"),
            high: price("52"),
            low: price("49"),
            close: price("51"),
            volume: qty("12"),
        }),
        _ => {
            let bid = format!("{}.{:02}", 40 + dice.below(20), dice.below(100));
            let ask = format!("{}.{:02}", 40 + dice.below(20), dice.below(100));
            quote(instrument_id, &bid, &ask)
        }
    }
}

fn command(dice: &mut Dice) -> Input {
    Input::OperatorCommand(Box::new(OperatorCommand::new(
        dice.pick(&[Command::Pause, Command::Resume, Command::Resume, Command::CancelAll]),
        "operator",
        "a test",
    )))
}

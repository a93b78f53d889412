//! What the bus does with what services propose: first in first out, each with its cause, within a bound.

use reprise_core::{
    Context, Core, CoreSettings, Halt, Proposal, RiskApproved, RiskGate, Seal, Service, View,
};
use reprise_model::event::{
    CancelReason, ClockAdvanced, Fill, Hold, NewTerms, OrderAccepted, OrderFilled, OrderPartiallyFilled,
    OrderReplaced, PositionChanged, PositionReason, RiskBands,
};
use reprise_model::{
    Asset, Cash, Code, Input, Label, Liquidity, NewOrder, OrderId, Outcome, Qty, Refusal, Seq, Ts,
};

use crate::support::{
    Bench, MIDNIGHT, OpenGate, SECOND, SPOT, asset, buy, cash, id, price, qty, quiet, quote, strategy,
};

/// Runs one closure at each input and one at each outcome.
struct Puppet<I, O> {
    on_input: I,
    on_outcome: O,
    at_rest: fn(&mut Context<'_>),
}

impl<I: FnMut(&mut Context<'_>), O: FnMut(&Outcome, &mut Context<'_>)> Service for Puppet<I, O> {
    fn name(&self) -> &str {
        "puppet"
    }

    fn on_input(&mut self, _: &Input, cx: &mut Context<'_>) {
        (self.on_input)(cx);
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        (self.on_outcome)(outcome, cx);
    }

    fn at_rest(&mut self, cx: &mut Context<'_>) {
        (self.at_rest)(cx);
    }
}

fn puppet(
    on_input: impl FnMut(&mut Context<'_>) + 'static,
    on_outcome: impl FnMut(&Outcome, &mut Context<'_>) + 'static,
) -> Box<dyn Service> {
    Box::new(Puppet { on_input, on_outcome, at_rest: |_| () })
}

fn clock() -> Input {
    Input::ClockAdvanced(ClockAdvanced {})
}

fn bands() -> RiskBands {
    RiskBands { instrument: id(SPOT), lower: price("1"), middle: price("2"), upper: price("3") }
}

fn order(n: u32) -> OrderId {
    OrderId { epoch: 0, n }
}

fn accepted(n: u32) -> OrderAccepted {
    OrderAccepted { order: order(n), venue_order_id: None, adopted: None }
}

fn fill(n: u32, executed: &str, cum: &str) -> Fill {
    Fill {
        order: order(n),
        exec_id: Label::new("x").expect("a short name"),
        qty: qty(executed),
        price: price("100"),
        fee: Cash::ZERO,
        fee_asset: asset("USD"),
        liquidity: Liquidity::Taker,
        cum_qty: qty(cum),
        leaves_qty: Qty::ZERO,
    }
}

/// Breaks when a request is judged before the one asked for earlier, a verdict does not follow its request at
/// once, or an outcome names another cause than its immediate parent.
#[test]
fn proposals_are_decided_first_in_first_out() {
    let asks = puppet(
        |cx| {
            assert_eq!(cx.upcoming_order(), order(1));
            assert_eq!((cx.request(buy(SPOT, "1")), cx.request(buy(SPOT, "2"))), (order(1), order(2)));
            cx.emit(bands());
        },
        |outcome, cx| match outcome {
            Outcome::OrderSubmitted(e) => cx.emit(accepted(e.order.n)),
            Outcome::OrderAccepted(e) if e.order.n == 1 => {
                assert_eq!(cx.request(buy(SPOT, "3")), order(3));
                cx.cancel(order(1), CancelReason::Strategy);
            }
            _ => {}
        },
    );
    let mut bench = Bench::of(vec![asks]);
    let batch = bench.step(MIDNIGHT, clock()).expect("a step");
    assert_eq!(batch.seq, Seq(1));
    let told: Vec<_> = batch.outcomes.iter().map(|d| (d.seq.0, d.cause.0, d.outcome.kind())).collect();
    let expected = [
        (2, 1, "order.requested"),
        (3, 2, "order.submitted"),
        (4, 1, "order.requested"),
        (5, 4, "order.submitted"),
        (6, 1, "risk.bands"),
        (7, 3, "order.accepted"),
        (8, 5, "order.accepted"),
        (9, 7, "order.requested"),
        (10, 9, "order.submitted"),
        (11, 7, "order.cancel_submitted"),
        (12, 10, "order.accepted"),
    ];
    assert_eq!(told, expected);
    assert!(batch.outcomes.iter().all(|d| d.ts == Ts(MIDNIGHT)));
}

/// Breaks when a service that answers itself without end hangs the engine or fills its memory.
#[test]
fn endless_cascades_halt() {
    let for_ever = CoreSettings { cascade_limit: 20, ..quiet() };
    let endless: Box<dyn Service> = puppet(|cx| cx.emit(bands()), |_, cx| cx.emit(bands()));
    let bursting: Box<dyn Service> = puppet(|cx| (0..21).for_each(|_| cx.emit(bands())), |_, _| ());
    // A cancel of an order that is over leads to nothing, and so it could be repeated at each rest.
    let idle: Box<dyn Service> = Box::new(Puppet {
        on_input: |cx: &mut Context<'_>| cx.call_at_rest(),
        on_outcome: |_: &Outcome, _: &mut Context<'_>| (),
        at_rest: |cx| cx.cancel(order(1), CancelReason::Strategy),
    });
    let lively: Box<dyn Service> = Box::new(Puppet {
        on_input: |cx: &mut Context<'_>| cx.call_at_rest(),
        on_outcome: |_: &Outcome, _: &mut Context<'_>| (),
        at_rest: |cx| cx.emit(bands()),
    });
    for (name, service) in
        [("answers", endless), ("bursts", bursting), ("idle at rest", idle), ("lively at rest", lively)]
    {
        let mut bench = Bench::new(for_ever.clone(), &[SPOT], vec![service], Box::new(OpenGate));
        let halt = bench.step(MIDNIGHT, clock()).map(|_| ());
        assert_eq!(halt, Err(Halt::CascadeLimit { limit: 20 }), "{name}");
    }
    let within: Box<dyn Service> = puppet(|cx| (0..19).for_each(|_| cx.emit(bands())), |_, _| ());
    let mut bench = Bench::new(for_ever, &[SPOT], vec![within], Box::new(OpenGate));
    assert_eq!(bench.kinds(MIDNIGHT, clock()).len(), 19);
}

/// Approves the order before the one it is asked about.
struct ConfusedGate;

impl Service for ConfusedGate {
    fn name(&self) -> &str {
        "gate"
    }
}

impl RiskGate for ConfusedGate {
    fn judge(&mut self, proposal: &Proposal<'_>, _: View<'_>, seal: &Seal) -> Result<RiskApproved, Refusal> {
        let hold = Hold { asset: asset("USD"), amount: Cash::ZERO };
        let is_replace = proposal.replaces.is_some();
        let n =
            if is_replace || proposal.terms.intent == 9 { proposal.order.n - 1 } else { proposal.order.n };
        Ok(seal.approve(&Proposal { order: OrderId { n, ..proposal.order }, ..*proposal }, hold))
    }
}

/// Breaks when an approval of one order lets another one out.
#[test]
fn wrong_approvals_halt() {
    let confused = || Box::new(ConfusedGate);
    let asks = puppet(|cx| _ = cx.request(NewOrder { intent: 9, ..buy(SPOT, "1") }), |_, _| ());
    let mut bench = Bench::new(quiet(), &[SPOT], vec![asks], confused());
    let halt = bench.step(MIDNIGHT, clock()).map(|_| ());
    assert_eq!(halt, Err(Halt::WrongApproval { asked: order(1), approved: order(0) }));

    let replaces = puppet(
        |cx| _ = cx.request(buy(SPOT, "1")),
        |outcome, cx| match outcome {
            Outcome::OrderSubmitted(e) => cx.emit(accepted(e.order.n)),
            Outcome::OrderAccepted(e) => {
                cx.replace(e.order, NewTerms { qty: None, price: Some(price("2")), stop_price: None });
            }
            _ => {}
        },
    );
    let mut bench = Bench::new(quiet(), &[SPOT], vec![replaces], confused());
    let halt = bench.step(MIDNIGHT, clock()).map(|_| ());
    assert_eq!(halt, Err(Halt::WrongApproval { asked: order(1), approved: order(0) }));
}

/// Breaks when a service can state what does not follow from the state: an order that does not exist, a step
/// that cannot happen, an amount that does not add up.
#[test]
fn impossible_statements_halt() {
    type Row = (&'static str, &'static str, fn(&mut Context<'_>));
    let rows: [Row; 8] = [
        ("order.accepted", "order 0-9 is not known", |cx| cx.emit(accepted(9))),
        ("order.replaced", "cannot happen to an order that is submitted", |cx| {
            let terms = NewTerms { qty: None, price: None, stop_price: None };
            cx.emit(OrderReplaced { order: order(1), terms });
        }),
        ("order.filled", "cannot happen to an order that is denied", |cx| {
            cx.emit(OrderFilled { fill: fill(2, "1", "1") });
        }),
        ("order.filled", "says 2 was executed in all, the order counts 1", |cx| {
            cx.emit(OrderFilled { fill: fill(1, "1", "2") });
        }),
        ("order.partially_filled", "a fill of -1 executes nothing", |cx| {
            cx.emit(OrderPartiallyFilled { fill: fill(1, "-1", "-1") });
        }),
        ("order.partially_filled", "a fill of 0 executes nothing", |cx| {
            cx.emit(OrderPartiallyFilled { fill: fill(1, "0", "0") });
        }),
        ("order.accepted", "the number after the last", |cx| {
            cx.emit(OrderAccepted {
                order: order(1),
                venue_order_id: None,
                adopted: Some(Box::new(buy(SPOT, "1"))),
            });
        }),
        ("position.changed", "the state counts", |cx| {
            cx.emit(PositionChanged {
                instrument: id(SPOT),
                strategy: strategy("s"),
                reason: PositionReason::Fill,
                qty: qty("1"),
                cost: Cash::ZERO,
                realized: Cash::ZERO,
                fees: Cash::ZERO,
                funding: Cash::ZERO,
            });
        }),
    ];
    for (kind, says, lie) in rows {
        let mut inputs = 0;
        let liar = puppet(
            move |cx| {
                inputs += 1;
                if inputs == 1 {
                    cx.request(buy(SPOT, "1"));
                    cx.request(NewOrder { qty: Qty::MAX, ..buy(SPOT, "1") });
                } else {
                    lie(cx);
                }
            },
            |_, _| (),
        );
        let mut bench = Bench::of(vec![liar]);
        bench.step(MIDNIGHT, clock()).expect("honest so far");
        let halt = bench.step(MIDNIGHT, clock()).map(|_| ()).expect_err(kind);
        assert!(matches!(&halt, Halt::Impossible { kind: said, .. } if *said == kind), "{kind}: {halt}");
        assert!(halt.to_string().contains(says), "{kind}: {halt}");
    }
}

/// Breaks when an order that cannot even be counted stops the engine, or is let through, instead of being
/// refused with a number.
#[test]
fn uncountable_orders_are_refused() {
    let huge = || NewOrder { qty: Qty::MAX, ..buy(SPOT, "1") };
    type Row = (&'static str, Vec<NewOrder>, &'static [Option<Code>]);
    let rows: [Row; 3] = [
        ("no such instrument", vec![buy("GONE-USD.VENUE", "1")], &[Some(Code::UnknownInstrument)]),
        ("as large as can be", vec![huge()], &[None]),
        ("larger in all", vec![buy(SPOT, "1"), huge(), buy(SPOT, "1")], &[None, Some(Code::Overflow), None]),
    ];
    for (name, asked, expected) in rows {
        let mut asked = Some(asked);
        let asks = puppet(
            move |cx| {
                for terms in asked.take().into_iter().flatten() {
                    cx.request(terms);
                }
            },
            |_, _| (),
        );
        let mut bench = Bench::of(vec![asks]);
        bench.step(MIDNIGHT, clock()).expect("a step");
        let verdicts: Vec<_> = bench
            .outcomes()
            .filter_map(|outcome| match outcome {
                Outcome::OrderSubmitted(_) => Some(None),
                Outcome::OrderDenied(e) => Some(Some(e.refusal.code)),
                _ => None,
            })
            .collect();
        assert_eq!(verdicts, expected, "{name}");
        let approved = verdicts.iter().filter(|v| v.is_none()).count();
        assert_eq!(bench.core.state().orders.open_count() as usize, approved, "{name}");
    }
}

/// Breaks when new terms reach the gate, or the venue, for an order that cannot take them.
#[test]
fn replaces_need_a_working_order() {
    let terms = |q: Qty| NewTerms { qty: Some(q), price: None, stop_price: None };
    type Setup = fn(&mut Context<'_>);
    let rows: [(&str, Setup, Qty, &str); 4] = [
        ("submitted", |_| (), qty("2"), "904"),
        ("working", |cx| cx.emit(accepted(1)), qty("2"), "order.replace_submitted"),
        (
            "beyond counting",
            |cx| {
                cx.emit(accepted(1));
                cx.request(buy(SPOT, "1"));
            },
            Qty::MAX,
            "106",
        ),
        (
            "already asked",
            |cx| {
                cx.emit(accepted(1));
                cx.replace(order(1), NewTerms { qty: None, price: Some(price("3")), stop_price: None });
            },
            qty("2"),
            "904",
        ),
    ];
    for (name, setup, to, expected) in rows {
        let mut inputs = 0;
        let service = puppet(
            move |cx| {
                inputs += 1;
                match inputs {
                    1 => _ = cx.request(buy(SPOT, "1")),
                    2 => setup(cx),
                    _ => cx.replace(order(1), terms(to)),
                }
            },
            |_, _| (),
        );
        let mut bench = Bench::of(vec![service]);
        for _ in 0..3 {
            bench.step(MIDNIGHT, clock()).expect("a step");
        }
        let last = bench.outcomes().last().expect("an answer");
        let told = match last {
            Outcome::OrderDenied(e) => e.refusal.code.number().to_string(),
            other => other.kind().to_owned(),
        };
        assert_eq!(told, expected, "{name}");
    }
}

/// Breaks when time that runs back, an amount out of range or a service's own alarm is stepped over.
#[test]
fn other_halts() {
    let mut bench = Bench::of(vec![]);
    bench.step(MIDNIGHT, clock()).expect("a step");
    bench.step(MIDNIGHT, clock()).expect("the same moment again");
    let halt = bench.step(MIDNIGHT - 1, clock()).map(|_| ());
    assert_eq!(halt, Err(Halt::TimeRanBack { ts: Ts(MIDNIGHT - 1), last: Ts(MIDNIGHT) }));

    let overflow = cash("1e15").checked_add(cash("1")).expect_err("beyond the bound");
    let error = overflow.clone();
    let mut bench = Bench::of(vec![puppet(move |cx| cx.halt(error.clone()), |_, _| ())]);
    assert_eq!(bench.step(MIDNIGHT, clock()).map(|_| ()), Err(Halt::Money(overflow)));
}

/// Breaks when a service that asked for a rest does not get it, or gets one more with an event that led to
/// nothing.
#[test]
fn rests_come_once_for_the_asking() {
    let settings = quiet();
    let mut inputs = 0;
    let service = puppet(
        move |cx| {
            inputs += 1;
            if inputs == 1 {
                cx.emit(bands());
            }
        },
        |_, cx| cx.call_at_rest(),
    );
    struct Counter(std::rc::Rc<std::cell::Cell<u32>>);
    impl Service for Counter {
        fn name(&self) -> &str {
            "counter"
        }
        fn at_rest(&mut self, cx: &mut Context<'_>) {
            assert!(!cx.is_anything_waiting());
            self.0.set(self.0.get() + 1);
        }
    }
    let rests = std::rc::Rc::default();
    let services = vec![service, Box::new(Counter(std::rc::Rc::clone(&rests))) as Box<dyn Service>];
    let mut bench = Bench::new(settings, &[SPOT], services, Box::new(OpenGate));
    for (step, expected) in [(1, 1), (2, 1), (3, 1)] {
        bench.step(MIDNIGHT + step, clock()).expect("a step");
        assert_eq!(rests.get(), expected, "after input {step}");
    }
}

/// Breaks when what the core holds for open orders, or lets go of, differs from what the gate approved for the
/// part that is open; or when the dearer of two terms is not held while a replace is on its way.
#[test]
fn holds_follow_the_open_part() {
    fn held(state: &reprise_core::State, name: &str) -> Cash {
        state.account.balance(name.parse::<Asset>().expect("an asset")).held
    }
    type Step = (&'static str, fn(&mut Context<'_>));
    // A buy of 1 at 100, then of 3 at 90.
    let steps: [Step; 7] = [
        ("100", |cx| _ = cx.request(buy(SPOT, "100"))),
        ("100", |cx| cx.emit(accepted(1))),
        ("75", |cx| cx.emit(OrderPartiallyFilled { fill: fill(1, "0.25", "0.25") })),
        ("270", |cx| {
            cx.replace(order(1), NewTerms { qty: Some(qty("3")), price: Some(price("90")), stop_price: None })
        }),
        ("270", |cx| cx.emit(OrderPartiallyFilled { fill: fill(1, "0.25", "0.5") })),
        ("270", |cx| {
            cx.emit(OrderReplaced {
                order: order(1),
                terms: NewTerms { qty: Some(qty("3")), price: Some(price("90")), stop_price: None },
            })
        }),
        ("0", |cx| cx.emit(OrderFilled { fill: fill(1, "2.5", "3") })),
    ];
    let mut at = 0;
    let service = puppet(
        move |cx| {
            steps[at].1(cx);
            at += 1;
        },
        |_, _| (),
    );
    let mut bench = Bench::of(vec![service, Core::accountant()]);
    for (n, (expected, _)) in steps.iter().enumerate() {
        bench.step(MIDNIGHT + n as u64 * SECOND, quote(SPOT, "99", "101")).expect("a step");
        assert_eq!(held(bench.core.state(), "USD"), cash(expected), "after step {n}");
    }
}

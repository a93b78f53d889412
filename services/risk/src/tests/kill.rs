//! The kill switch: what it cancels and flattens, that it repeats, that it is latched.

use reprise_model::event::{Command, Outcome, TradingState};
use reprise_model::{Code, OrderId, OrderOrigin, OrderStatus, Qty, Side};

use super::world::{Draft, EURO, OnCancel, OnNew, PERP, SPOT, World, buy, cash, id, order, price, qty, sell};
use crate::{OnLoss, RiskSettings};

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400_000;

/// What somebody does.
type Act = fn(&mut World);

fn kill(world: &mut World) {
    world.command(Command::Kill, |_| {});
}

fn flatten(world: &mut World) {
    world.command(Command::Kill, |c| c.flatten = true);
}

fn open(world: &World) -> Vec<u32> {
    world.state().orders.open().map(|order| order.id.n).collect()
}

fn cancels(world: &World) -> Vec<u32> {
    world
        .last
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::OrderCancelSubmitted(e) => Some(e.order.n),
            _ => None,
        })
        .collect()
}

/// The flattening orders of the last step: how much and which way.
fn flattening(world: &World) -> Vec<(Side, Qty)> {
    world
        .last
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::OrderRequested(e) if e.terms.origin == OrderOrigin::KillSwitch => {
                Some((e.terms.side, e.terms.qty))
            }
            _ => None,
        })
        .collect()
}

fn denial(world: &mut World, draft: Draft) -> Option<Code> {
    world.ask(draft.terms()).1.err().map(|refusal| refusal.code)
}

/// Breaks when the kill switch leaves an order open that could grow a position, or takes protection away
/// without being told to.
#[test]
fn a_trip_cancels_what_is_open() {
    let rows: [(&str, Act, &[u32]); 5] = [
        ("kill", kill, &[2]),
        ("kill all", |w| w.command(Command::Kill, |c| c.all = true), &[]),
        ("reduce only", |w| w.command(Command::ReduceOnly, |_| {}), &[2]),
        ("cancel all", |w| w.command(Command::CancelAll, |_| {}), &[2]),
        ("cancel all, protection too", |w| w.command(Command::CancelAll, |c| c.all = true), &[]),
    ];
    for (name, trip, left) in rows {
        let mut world = World::new(RiskSettings::default());
        world.own("a", SPOT, Side::Buy, "5");
        world.must(sell("5").stop("80").reduce_only().terms());
        world.must(buy("1").limit("90").terms());
        world.must(buy("1").limit("80").of(EURO).by("b").terms());
        trip(&mut world);
        assert_eq!(open(&world), left, "{name}");
    }
}

/// Breaks when an operator who cancels a part cancels more or less than that.
#[test]
fn cancel_all_takes_only_what_is_meant() {
    let rows: [(&str, Act, &[u32]); 3] = [
        (
            "one order",
            |w| w.command(Command::CancelAll, |c| c.order = Some(OrderId { epoch: 0, n: 2 })),
            &[1, 3],
        ),
        ("one instrument", |w| w.command(Command::CancelAll, |c| c.instrument = Some(id(EURO))), &[1, 2]),
        (
            "another instrument",
            |w| w.command(Command::CancelAll, |c| c.instrument = Some(id(PERP))),
            &[1, 2, 3],
        ),
    ];
    for (name, command, left) in rows {
        let mut world = World::new(RiskSettings::default());
        world.must(buy("1").limit("90").terms());
        world.must(buy("2").limit("90").terms());
        world.must(buy("1").limit("80").of(EURO).terms());
        command(&mut world);
        assert_eq!(open(&world), left, "{name}");
        assert_eq!(world.state().trading(), TradingState::Active, "{name}");
    }
}

/// Breaks when a cancel that the venue refused is forgotten, or tried again without pause.
#[test]
fn cancels_repeat_until_confirmed() {
    for trip in [kill as fn(&mut World), |w| w.command(Command::CancelAll, |_| {})] {
        let mut world = World::new(RiskSettings::default());
        world.must(buy("1").limit("90").terms());
        world.venue_cancels(OnCancel::Refuse);
        trip(&mut world);
        assert_eq!(cancels(&world), [1]);
        world.wait(SECOND - 1);
        assert_eq!(cancels(&world), [] as [u32; 0]);
        // After 1 s, then after 2 s more.
        world.wait(1);
        assert_eq!(cancels(&world), [1]);
        world.wait(2 * SECOND - 1);
        assert_eq!(cancels(&world), [] as [u32; 0]);
        world.venue_cancels(OnCancel::Confirm);
        world.wait(1);
        assert_eq!((cancels(&world), open(&world)), (vec![1], vec![]));
        // One more look finds nothing, and no timer is left but the day's.
        world.wait(100 * SECOND);
        assert_eq!(
            world.state().timers.next_due().map(|due| due.since(world.ts) > 1_000_000_000),
            Some(true)
        );
        world.wait(100 * SECOND);
        assert_eq!(cancels(&world), [] as [u32; 0]);
    }
}

/// Breaks when a halted engine sends anything but what flattens, or a strategy's order slips in before the
/// halt is written down.
#[test]
fn nothing_goes_while_halted() {
    let mut world = World::new(RiskSettings::default());
    world.own("a", SPOT, Side::Buy, "5");
    kill(&mut world);
    assert_eq!(world.state().trading(), TradingState::Halted);
    assert_eq!(denial(&mut world, buy("1")), Some(Code::Halted));
    assert_eq!(denial(&mut world, sell("1").reduce_only()), Some(Code::Halted));
    assert_eq!(world.position("a", SPOT), qty("5"), "nobody asked to flatten");
}

/// Breaks when flattening leaves a position, also where strategies offset each other.
#[test]
fn flattening_takes_each_strategy_to_zero() {
    let mut world = World::new(RiskSettings { allow_short: true, ..RiskSettings::default() });
    world.own("a", SPOT, Side::Buy, "5");
    world.own("b", SPOT, Side::Sell, "5");
    world.own("a", PERP, Side::Sell, "7");
    world.must(sell("5").stop("80").reduce_only().terms());
    world.venue_does(OnNew::Fill);
    flatten(&mut world);
    for (strategy, name) in [("a", SPOT), ("b", SPOT), ("a", PERP)] {
        assert_eq!(world.position(strategy, name), Qty::ZERO, "{strategy} {name}");
    }
    assert_eq!(open(&world), [] as [u32; 0], "what protected is not needed any more");
    world.wait(DAY);
    assert_eq!(flattening(&world), []);
}

/// Breaks when flattening turns a position because a sale that is still open fills beside it.
#[test]
fn flattening_waits_for_what_is_still_open() {
    let mut world = World::new(RiskSettings::default());
    world.own("a", SPOT, Side::Buy, "5");
    let open = world.must(sell("3").limit("120").terms());
    world.venue_cancels(OnCancel::Silence);
    world.venue_does(OnNew::Fill);
    flatten(&mut world);
    assert_eq!(flattening(&world), [(Side::Sell, qty("2"))]);
    assert_eq!(world.position("a", SPOT), qty("3"));
    world.fill(open, "1");
    assert_eq!((flattening(&world), world.position("a", SPOT)), (vec![], qty("2")));
    world.confirm(open);
    assert_eq!(flattening(&world), [(Side::Sell, qty("2"))]);
    assert_eq!(world.position("a", SPOT), Qty::ZERO);
}

/// Breaks when a flattening order that found too little is not tried again, or is tried without pause.
#[test]
fn flattening_repeats_with_pauses() {
    let mut world = World::new(RiskSettings::default());
    world.own("a", SPOT, Side::Buy, "5");
    world.venue_does(OnNew::FillAtMost("2"));
    flatten(&mut world);
    assert_eq!((flattening(&world).len(), world.position("a", SPOT)), (1, qty("3")));
    world.venue_does(OnNew::Reject);
    for (wait, tries) in [(SECOND - 1, 0), (1, 1), (2 * SECOND - 1, 0), (1, 1), (4 * SECOND, 1)] {
        world.wait(wait);
        assert_eq!(flattening(&world).len(), tries, "after {wait} ms more");
    }
    world.venue_does(OnNew::FillAtMost("2"));
    world.wait(8 * SECOND);
    assert_eq!(world.position("a", SPOT), qty("1"));
    world.wait(SECOND);
    assert_eq!(world.position("a", SPOT), Qty::ZERO);
}

/// Breaks when flattening chases what the venue does not take.
#[test]
fn dust_stays() {
    let mut world = World::new(RiskSettings::default());
    world.own("a", SPOT, Side::Buy, "0.011");
    world.quote(SPOT, "80", "82");
    flatten(&mut world);
    assert_eq!(flattening(&world), [], "0.011 at 81 is worth less than 1");
    world.wait(DAY);
    assert_eq!(flattening(&world), []);
}

/// Breaks when the switch needs a price: it must work when nothing can be valued or converted.
#[test]
fn the_switch_needs_no_valuation() {
    let settings = RiskSettings { max_daily_loss: Some(cash("1")), ..RiskSettings::default() };
    let mut world = World::with(settings, |_, account| account.pegs.clear());
    world.put_gate(RiskSettings::default());
    world.own("a", EURO, Side::Buy, "1");
    let (resting, _) = world.ask(buy("1").limit("80").of(EURO).terms());
    world.quote_sized(EURO, None, None);
    assert_eq!(world.state().equity(), Ok(None));
    world.venue_does(OnNew::Rest);
    flatten(&mut world);
    assert_eq!(world.state().orders.get(resting).map(|o| o.status), Some(OrderStatus::Canceled));
    assert_eq!(flattening(&world), [(Side::Sell, qty("1"))]);
    assert_eq!(open(&world).len(), 1, "the flattening order went and rests at the venue");
}

/// Breaks when anything but an operator with a reason loosens the switch.
#[test]
fn the_switch_is_latched() {
    let mut world = World::new(RiskSettings::default());
    let rows: [(&str, Act, TradingState); 9] = [
        ("reduce only", |w| w.command(Command::ReduceOnly, |_| {}), TradingState::ReduceOnly),
        ("kill", kill, TradingState::Halted),
        ("reduce only again", |w| w.command(Command::ReduceOnly, |_| {}), TradingState::Halted),
        ("a new day", |w| w.wait(DAY), TradingState::Halted),
        ("resume", |w| w.command(Command::Resume, |_| {}), TradingState::Halted),
        (
            "release without a reason",
            |w| w.command(Command::Release, |c| c.reason = " ".into()),
            TradingState::Halted,
        ),
        ("release", |w| w.command(Command::Release, |_| {}), TradingState::Active),
        ("release again", |w| w.command(Command::Release, |_| {}), TradingState::Active),
        ("kill again", kill, TradingState::Halted),
    ];
    for (name, act, want) in rows {
        act(&mut world);
        assert_eq!(world.state().trading(), want, "{name}");
    }
    world.command(Command::Release, |_| {});
    assert_eq!(denial(&mut world, buy("1")), None);
}

/// Breaks when a switch that was tripped before a restart forgets what it had begun, or is loosened by it.
#[test]
fn a_restart_goes_on_where_it_was() {
    let mut world = World::new(RiskSettings::default());
    world.must(buy("1").limit("90").terms());
    world.venue_cancels(OnCancel::Refuse);
    kill(&mut world);
    world.put_gate(RiskSettings::default());
    world.wait(1);
    assert_eq!(cancels(&world), [1]);
    assert_eq!(denial(&mut world, buy("1")), Some(Code::Halted));
}

/// Breaks when the state line does not tell who, why and what else.
#[test]
fn the_line_tells_who_and_why() {
    let settings = RiskSettings {
        max_daily_loss: Some(cash("5")),
        on_loss: OnLoss::Halt,
        flatten_on_halt: true,
        ..RiskSettings::default()
    };
    let mut world = World::new(settings);
    world.own("a", SPOT, Side::Buy, "3");
    world.venue_does(OnNew::Fill);
    world.quote(SPOT, "98", "100");
    let line = world
        .last
        .iter()
        .find_map(|outcome| match outcome {
            Outcome::RiskState(line) => Some(line.clone()),
            _ => None,
        })
        .unwrap();
    let rule = line.rule.unwrap();
    assert_eq!((line.state, line.by.as_str(), line.flatten), (TradingState::Halted, "rule", true));
    assert_eq!(
        (rule.code, rule.measured.as_deref(), rule.limit.as_deref()),
        (Code::MaxDailyLoss, Some("6"), Some("5"))
    );
    assert_eq!(line.reason, "The day's loss reached its limit.");
    assert_eq!((world.position("a", SPOT), flattening(&world)), (Qty::ZERO, vec![(Side::Sell, qty("3"))]));
}

/// Breaks when an operator's limit is not taken, or one that does not read changes something.
#[test]
fn limits_are_set_while_running() {
    let mut world = World::new(RiskSettings::default());
    type Row = (&'static str, &'static str, Option<&'static str>, Draft, Option<Code>);
    let rows: [Row; 8] = [
        ("max_order_qty", "2", None, buy("3"), Some(Code::MaxOrderQty)),
        ("risk.limits.max_order_qty", "4", None, buy("3"), None),
        ("max_order_qty", "1", Some(EURO), buy("3"), None),
        ("max_order_qty", "1", Some(EURO), buy("3").of(EURO), Some(Code::MaxOrderQty)),
        ("max_order_qty", "-1", None, buy("3"), None),
        ("max_order_quantity", "1", None, buy("3"), None),
        ("max_gross_exposure", "100", None, buy("3"), Some(Code::MaxGrossExposure)),
        ("max_gross_exposure", "off", None, buy("3"), None),
    ];
    for (key, value, instrument, draft, want) in rows {
        world.command(Command::SetLimit, |c| {
            (c.key, c.value) = (Some(key.to_owned()), Some(value.to_owned()));
            c.instrument = instrument.map(id);
        });
        assert_eq!(denial(&mut world, draft), want, "{key} = {value} {instrument:?}");
    }
}

/// Breaks when the buy that closes a short needs a price that is there but is not taken.
#[test]
fn a_short_is_bought_back() {
    let mut world = World::new(RiskSettings { allow_short: true, ..RiskSettings::default() });
    world.own("a", SPOT, Side::Sell, "12");
    world.quote_sized(SPOT, Some(("99", "1")), None);
    world.venue_does(OnNew::Fill);
    flatten(&mut world);
    assert_eq!(flattening(&world), [(Side::Buy, qty("12"))]);
    assert_eq!(world.position("a", SPOT), Qty::ZERO);
    assert_eq!(world.state().markets.by_id(&id(SPOT)).unwrap().last_mid, Some(price("100")));
    assert_eq!(denial(&mut world, order(PERP, Side::Buy, "1")), Some(Code::Halted));
}

//! On random streams of requests, fills, cancels, lost orders and replacements, no approved order can lead past
//! a limit, however everything that is open turns out.

use proptest::prelude::*;
use reprise_model::{Cash, OrderId, Qty, Side};

use super::world::{Draft, OnCancel, OnNew, PERP, SPOT, World, cash, order, price, qty, rate};
use crate::RiskSettings;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Market,
    Limit(u32),
    Stop(u32),
}

#[derive(Debug, Clone)]
enum Step {
    Ask { perp: bool, strategy: bool, buys: bool, units: u32, kind: Kind, reduce_only: bool },
    Replace { nth: usize, units: u32 },
    Cancel { nth: usize },
    Fill { nth: usize, units: u32 },
    Confirm { nth: usize },
    Moods { new: OnNew, cancel: OnCancel },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let nth = || 0..12_usize;
    let kind = prop_oneof![
        Just(Kind::Market),
        (90..110_u32).prop_map(Kind::Limit),
        (90..110_u32).prop_map(Kind::Stop),
    ];
    let mood = prop_oneof![
        4 => Just(OnNew::Rest),
        3 => Just(OnNew::Fill),
        1 => Just(OnNew::FillAtMost("2")),
        1 => Just(OnNew::Lose),
        1 => Just(OnNew::Silence),
        1 => Just(OnNew::Reject),
    ];
    let cancel =
        prop_oneof![2 => Just(OnCancel::Confirm), 1 => Just(OnCancel::Refuse), 1 => Just(OnCancel::Silence)];
    let ask = (any::<bool>(), any::<bool>(), any::<bool>(), 1..12_u32, kind, prop::bool::weighted(0.25));
    let step = prop_oneof![
        8 => ask.prop_map(|(perp, strategy, buys, units, kind, reduce_only)| {
            Step::Ask { perp, strategy, buys, units, kind, reduce_only }
        }),
        2 => (nth(), 1..15_u32).prop_map(|(nth, units)| Step::Replace { nth, units }),
        2 => nth().prop_map(|nth| Step::Cancel { nth }),
        4 => (nth(), 1..8_u32).prop_map(|(nth, units)| Step::Fill { nth, units }),
        1 => nth().prop_map(|nth| Step::Confirm { nth }),
        2 => (mood, cancel).prop_map(|(new, cancel)| Step::Moods { new, cancel }),
    ];
    prop::collection::vec(step, 1..60)
}

fn pick(world: &World, nth: usize) -> Option<OrderId> {
    world.state().orders.open().nth(nth).map(|order| order.id)
}

fn draft(step: &Step) -> Option<Draft> {
    let &Step::Ask { perp, strategy, buys, units, kind, reduce_only } = step else { return None };
    let side = if buys { Side::Buy } else { Side::Sell };
    let draft = order(if perp { PERP } else { SPOT }, side, &units.to_string());
    let draft = if strategy { draft.by("b") } else { draft };
    let draft = if reduce_only { draft.reduce_only() } else { draft };
    let at = |value: u32| if perp { format!("{}.{}", value / 10, value % 10) } else { value.to_string() };
    Some(match kind {
        Kind::Market => draft,
        Kind::Limit(value) => draft.limit(&at(value)),
        Kind::Stop(value) => draft.stop(&at(value)),
    })
}

fn play(world: &mut World, step: &Step) {
    if let Some(draft) = draft(step) {
        let _ = world.ask(draft.terms());
        return;
    }
    match *step {
        Step::Moods { new, cancel } => {
            world.venue_does(new);
            world.venue_cancels(cancel);
        }
        Step::Replace { nth, units } => {
            if let Some(order) = pick(world, nth) {
                let _ = world.replace(order, |terms| terms.qty = Some(qty(&units.to_string())));
            }
        }
        Step::Cancel { nth } => {
            if let Some(order) = pick(world, nth) {
                world.cancel(order);
            }
        }
        Step::Fill { nth, units } => {
            if let Some(order) = pick(world, nth) {
                world.fill(order, &units.to_string());
            }
        }
        Step::Confirm { nth } => {
            if let Some(order) = pick(world, nth) {
                world.confirm(order);
            }
        }
        Step::Ask { .. } => {}
    }
}

/// The lowest and the highest position that what is open could lead to, by going through every order there is.
fn reach(world: &World, name: &str) -> (Qty, Qty) {
    let state = world.state();
    let net = state.positions.net(state.markets.find(&name.parse().unwrap()).unwrap());
    let (mut lowest, mut highest) = (net, net);
    for order in state.orders.open().filter(|order| order.terms.instrument.as_str() == name) {
        let whole = order.pending.and_then(|terms| terms.qty).unwrap_or(order.terms.qty).max(order.terms.qty);
        let leaves = whole.checked_sub(order.cum_qty).unwrap();
        match order.terms.side {
            Side::Buy => highest = highest.checked_add(leaves).unwrap(),
            Side::Sell => lowest = lowest.checked_sub(leaves).unwrap(),
        }
    }
    (lowest, highest)
}

fn free(world: &World, asset: &str) -> Cash {
    world.state().account.balance(asset.parse().unwrap()).free().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Breaks when a sequence of approved orders can lead to a larger position or exposure than allowed.
    #[test]
    fn what_is_approved_stays_within_its_limits(steps in steps()) {
        let (limit, gross) = (qty("20"), cash("1500"));
        let mut settings = RiskSettings {
            allow_short: true,
            max_gross_exposure: Some(gross),
            max_open_orders: Some(9),
            ..RiskSettings::default()
        };
        settings.limits.max_position_qty = Some(limit);
        settings.limits.leverage = Some(rate("5"));
        let mut world = World::new(settings);
        for (at, step) in steps.iter().enumerate() {
            play(&mut world, step);
            let mut exposure = Cash::ZERO;
            for (name, mid) in [(SPOT, "100"), (PERP, "10")] {
                let (lowest, highest) = reach(&world, name);
                let worst = highest.max(lowest.neg());
                prop_assert!(worst <= limit, "{} of {} after {} of {:?}", worst, name, at, steps);
                let value = Cash::notional(price(mid), highest.abs().max(lowest.abs())).unwrap();
                exposure = exposure.checked_add(value).unwrap();
            }
            prop_assert!(exposure <= gross, "{} after {} of {:?}", exposure, at, steps);
        }
    }

    /// Breaks when approved orders together cost more than there is.
    #[test]
    fn what_is_approved_can_be_paid_for(steps in steps()) {
        let mut world = World::with(RiskSettings::default(), |_, account| {
            account.balances.insert("USD".parse().unwrap(), cash("1000"));
        });
        for (at, step) in steps.iter().enumerate() {
            // Perpetuals pay their losses in cash as they come, which no hold can foresee.
            if matches!(step, Step::Ask { perp: true, .. }) {
                continue;
            }
            play(&mut world, step);
            for asset in ["USD", "BTC"] {
                let free = free(&world, asset);
                prop_assert!(!free.is_negative(), "{} {} after {} of {:?}", free, asset, at, steps);
            }
        }
    }
}

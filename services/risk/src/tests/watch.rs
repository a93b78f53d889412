//! What is watched at every event trips the switch at the first event at which it must, once.

use proptest::prelude::*;
use reprise_model::event::{Command, Outcome, TradingState};
use reprise_model::{Cash, Code, Side};

use super::world::{BARS, EURO, OnNew, PERP, SPOT, World, buy, cash, id, order, rate};
use crate::{OnLoss, RiskSettings};

fn breaches(world: &World) -> Vec<Code> {
    world
        .last
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::RiskBreach(e) => Some(e.refusal.code),
            _ => None,
        })
        .collect()
}

fn states(world: &World) -> Vec<TradingState> {
    world
        .last
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::RiskState(e) => Some(e.state),
            _ => None,
        })
        .collect()
}

/// Breaks when a loss trips nothing, trips late, or is stated at every tick.
#[test]
fn a_loss_trips_once() {
    let settings = RiskSettings {
        max_daily_loss: Some(cash("20")),
        max_drawdown: Some(cash("30")),
        ..RiskSettings::default()
    };
    let mut world = World::new(settings);
    world.own("a", SPOT, Side::Buy, "10");
    assert_eq!((breaches(&world), states(&world)), (vec![], vec![]), "10 lost");
    let rows: [(&str, &str, &[Code], &[TradingState]); 6] = [
        ("98.02", "100", &[], &[]),
        ("98", "100", &[Code::MaxDailyLoss], &[TradingState::ReduceOnly]),
        ("97.5", "100", &[], &[]),
        ("97", "99", &[Code::MaxDrawdown], &[]),
        ("50", "52", &[], &[]),
        ("150", "152", &[], &[]),
    ];
    for (bid, ask, breached, moved) in rows {
        world.quote(SPOT, bid, ask);
        assert_eq!(
            (breaches(&world).as_slice(), states(&world).as_slice()),
            (breached, moved),
            "{bid}/{ask}"
        );
    }
    // Released while the loss stands again, it trips again.
    world.command(Command::Release, |_| {});
    world.quote(SPOT, "98", "100");
    assert_eq!(breaches(&world), [Code::MaxDailyLoss]);
    assert_eq!(world.state().trading(), TradingState::ReduceOnly);
}

/// Breaks when a limit is not watched where it should be: on marks, on fills, on what converts, on refusals.
#[test]
fn everything_that_moves_equity_is_watched() {
    type Trap = (&'static str, fn(&mut RiskSettings), fn(&mut World), Code);
    let rows: [Trap; 5] = [
        (
            "a mark",
            |s| s.max_daily_loss = Some(cash("100")),
            |w| {
                w.own("a", PERP, Side::Buy, "10");
                w.mark(PERP, "1");
            },
            Code::MaxDailyLoss,
        ),
        (
            "a fill",
            |s| s.max_drawdown_fraction = Some(rate("0.00004")),
            |w| w.own("a", SPOT, Side::Buy, "10"),
            Code::MaxDrawdown,
        ),
        (
            "a conversion",
            |s| s.max_drawdown = Some(cash("50")),
            |w| {
                w.bar(BARS, "2");
                w.own("a", EURO, Side::Buy, "10");
                assert_eq!(breaches(w), []);
                // 10 EUR lost are 20 USD at 2, and 50 at 5.
                w.bar(BARS, "5");
            },
            Code::MaxDrawdown,
        ),
        (
            "refusals",
            |s| s.max_consecutive_rejects = Some(2),
            |w| {
                w.venue_does(OnNew::Reject);
                w.must(buy("1").terms());
                w.must(buy("1").terms());
            },
            Code::MaxConsecutiveRejects,
        ),
        (
            "refusals of orders that were under way",
            |s| s.max_consecutive_rejects = Some(2),
            |w| {
                w.venue_does(OnNew::Silence);
                let orders = [w.must(buy("1").terms()), w.must(buy("1").terms())];
                w.reject(orders[0]);
                assert_eq!(breaches(w), []);
                w.reject(orders[1]);
            },
            Code::MaxConsecutiveRejects,
        ),
    ];
    for (name, limit, act, code) in rows {
        let mut settings = RiskSettings { on_loss: OnLoss::Halt, ..RiskSettings::default() };
        limit(&mut settings);
        let mut world = World::with(settings, |_, account| {
            account.pegs.clear();
            account.conversions.insert("EUR".parse().unwrap(), id(BARS));
            account.balances.remove(&"EUR".parse().unwrap());
            account.balances.insert("EUR".parse().unwrap(), cash("100000"));
            account.balances.insert("USD".parse().unwrap(), cash("200000"));
        });
        act(&mut world);
        assert_eq!((breaches(&world), world.state().trading()), (vec![code], TradingState::Halted), "{name}");
    }
}

/// Breaks when a new day forgives a breach, or counts the loss of the day before.
#[test]
fn a_new_day_starts_at_its_own_equity() {
    let settings = RiskSettings { max_daily_loss: Some(cash("20")), ..RiskSettings::default() };
    let mut world = World::new(settings);
    world.own("a", SPOT, Side::Buy, "10");
    world.wait(86_400_000);
    world.quote(SPOT, "97.02", "99");
    assert_eq!(breaches(&world), [], "19.9 lost on the new day");
    world.quote(SPOT, "97", "99");
    assert_eq!(breaches(&world), [Code::MaxDailyLoss]);
    world.wait(86_400_000);
    assert_eq!(world.state().trading(), TradingState::ReduceOnly);
}

#[derive(Debug, Clone)]
enum Move {
    Spot(u32),
    Perp(u32),
    Mark(u32),
    Trade(bool, bool, u32),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => (9_000..11_000_u32).prop_map(Move::Spot),
        4 => (900..1_100_u32).prop_map(Move::Perp),
        2 => (900..1_100_u32).prop_map(Move::Mark),
        3 => (any::<bool>(), any::<bool>(), 1..40_u32).prop_map(|(perp, buys, lots)| Move::Trade(perp, buys, lots)),
        1 => (1..5_000_u64).prop_map(Move::Pass),
    ];
    prop::collection::vec(one, 1..80)
}

fn cents(value: u32) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn play(world: &mut World, step: &Move) {
    match step {
        Move::Spot(mid) => world.quote(SPOT, &cents(mid - 1), &cents(mid + 1)),
        Move::Perp(mid) => world.quote(PERP, &cents(mid - 1), &cents(mid + 1)),
        Move::Mark(mark) => world.mark(PERP, &cents(*mark)),
        Move::Trade(perp, buys, lots) => {
            let side = if *buys { Side::Buy } else { Side::Sell };
            let draft = order(if *perp { PERP } else { SPOT }, side, &lots.to_string());
            world.venue_does(OnNew::Fill);
            let _ = world.ask(draft.terms());
        }
        Move::Pass(ms) => world.wait(*ms),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Breaks when the watch trips earlier or later than measuring everything after every event would.
    #[test]
    fn the_watch_is_as_quick_as_its_naive_twin(moves in moves()) {
        let (loss, fall) = (cash("300"), cash("400"));
        let settings = RiskSettings {
            max_daily_loss: Some(loss),
            max_drawdown: Some(fall),
            max_drawdown_fraction: Some(rate("0.0018")),
            allow_short: true,
            ..RiskSettings::default()
        };
        let mut world = World::new(settings);
        for (at, step) in moves.iter().enumerate() {
            play(&mut world, step);
            let account = &world.state().account;
            let equity = world.state().equity().unwrap().unwrap();
            let lost = |from: Option<Cash>| from.unwrap().max(account.opening()).checked_sub(equity).unwrap();
            let start = account.day_start().unwrap();
            let is_lost = start.checked_sub(equity).unwrap() >= loss;
            let part = account.peak().unwrap().max(equity).checked_mul_rate(rate("0.0018")).unwrap();
            let is_fallen = lost(account.peak()) >= fall || lost(account.peak()) >= part;
            let tripped = world.state().trading() != TradingState::Active;
            prop_assert_eq!(tripped, is_lost || is_fallen, "after {} of {:?}", at, moves);
            if tripped {
                break;
            }
        }
    }
}

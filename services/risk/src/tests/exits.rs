//! Exits are never trapped: what stops an order that grows a position lets one go that provably reduces it.

use reprise_model::event::{Command, FeedState};
use reprise_model::{Code, GroupRole, OrderGroup, Side};

use super::world::{Draft, EURO, MS, OnNew, PERP, SPOT, World, buy, cash, id, order, price, qty, rate, sell};
use crate::RiskSettings;
use crate::settings::BandSettings;

/// A trap: the settings, what happens after five were bought, and the code that stops a further buy.
type Trap = (fn(&mut RiskSettings), fn(&mut World), Code);

fn calm(_: &mut World) {}

fn nothing(_: &mut RiskSettings) {}

fn told(w: &mut World, command: Command) {
    w.command(command, |_| {});
}

const MARKET_TRAPS: &[Trap] = &[
    (nothing, |w| w.quote(SPOT, "101", "100"), Code::NoMarketData),
    (nothing, |w| w.quote_sized(SPOT, None, Some(("101", "1"))), Code::NoMarketData),
    (nothing, |w| w.quote_sized(SPOT, None, None), Code::NoMarketData),
    (nothing, |w| w.feed(FeedState::Down), Code::FeedNotLive),
    (|s| s.max_data_age_ms = Some(5), |w| w.later(6), Code::StaleData),
    (|s| s.max_clock_skew_ms = Some(5), |w| w.quote_behind(SPOT, 9 * MS), Code::ClockSkew),
    (|s| s.limits.max_slippage = Some(rate("0.001")), calm, Code::MaxSlippage),
    (|s| s.limits.price_collar = Some(rate("0.001")), calm, Code::PriceCollar),
    (
        |s| {
            s.limits.band_collar = Some(true);
            s.bands = vec![BandSettings { interval_ms: 0, ..BandSettings::default() }];
        },
        calm,
        Code::BandsNotReady,
    ),
    (
        |s| {
            s.limits.band_collar = Some(true);
            s.bands =
                vec![BandSettings { window: 2, width: 0.01, interval_ms: 0, ..BandSettings::default() }];
        },
        |w| w.quote(SPOT, "99", "103"),
        Code::BandCollar,
    ),
];

const LIMIT_TRAPS: &[Trap] = &[
    (|s| s.limits.max_order_qty = Some(qty("0.5")), calm, Code::MaxOrderQty),
    (|s| s.limits.max_order_notional = Some(cash("50")), calm, Code::MaxOrderNotional),
    (|s| s.limits.max_position_qty = Some(qty("5")), calm, Code::MaxPositionQty),
    (|s| s.limits.max_position_notional = Some(cash("500")), calm, Code::MaxPositionNotional),
    (|s| s.max_gross_exposure = Some(cash("500")), calm, Code::MaxGrossExposure),
    (|s| s.max_net_exposure = Some(cash("500")), calm, Code::MaxNetExposure),
    (|s| s.max_leverage = Some(rate("0.001")), calm, Code::MaxLeverage),
    (|s| s.max_open_orders = Some(0), calm, Code::MaxOpenOrders),
    (|s| s.limits.max_open_orders = Some(0), calm, Code::MaxOpenOrders),
    (|s| s.order_rate = Some(0), calm, Code::OrderRate),
    (|s| s.order_burst = Some(0), calm, Code::OrderBurst),
    (|s| s.max_daily_loss = Some(cash("5")), calm, Code::MaxDailyLoss),
    (|s| s.max_drawdown = Some(cash("5")), calm, Code::MaxDrawdown),
    (|s| s.max_drawdown_fraction = Some(rate("0.00001")), calm, Code::MaxDrawdown),
    (
        |s| s.max_consecutive_rejects = Some(1),
        |w| {
            w.venue_does(OnNew::Reject);
            w.must(order(PERP, Side::Buy, "1").terms());
            w.venue_does(OnNew::Rest);
        },
        Code::MaxConsecutiveRejects,
    ),
    (|s| s.allow_list = vec![id(EURO)], calm, Code::NotAllowed),
    (nothing, |w| told(w, Command::Pause), Code::Operator),
    (nothing, |w| told(w, Command::ReduceOnly), Code::ReduceOnlyState),
];

/// Buys five before the trap is set, then sets it.
fn trapped(trap: &Trap) -> World {
    let mut settings = RiskSettings::default();
    (trap.0)(&mut settings);
    settings.validate().unwrap();
    // Limits that would stop the buy of the five are set only after it.
    let mut world = World::new(RiskSettings { bands: settings.bands.clone(), ..RiskSettings::default() });
    world.own("a", SPOT, Side::Buy, "5");
    world.put_gate(settings);
    (trap.1)(&mut world);
    world
}

/// Breaks when a position cannot be left because of anything that stops a position from growing.
#[test]
fn exits_are_never_trapped() {
    for trap in MARKET_TRAPS.iter().chain(LIMIT_TRAPS) {
        let rows: [(&str, Draft, Option<Code>); 5] = [
            ("grows", buy("1"), Some(trap.2)),
            ("leaves a part", sell("1"), None),
            ("leaves all", sell("5"), None),
            ("leaves at a limit", sell("5").limit("99"), None),
            ("protects", sell("5").stop("80").reduce_only(), None),
        ];
        for (name, draft, want) in rows {
            let (_, verdict) = trapped(trap).ask(draft.terms());
            assert_eq!(verdict.err().map(|refusal| refusal.code), want, "{name}, {}", trap.2);
        }
    }
}

/// Breaks when two exits together can turn a position because each was judged as if it were alone.
#[test]
fn exits_count_what_is_open_on_their_side() {
    let pair = |role| OrderGroup { id: 1, role };
    let profit = sell("5").limit("110").reduce_only().set(|o| o.group = Some(pair(GroupRole::TakeProfit)));
    let stop = sell("5").stop("90").reduce_only().set(|o| o.group = Some(pair(GroupRole::StopLoss)));
    let rows: Vec<(&str, Vec<Draft>, Draft, bool)> = vec![
        ("alone", vec![], sell("5"), true),
        ("alone, turning", vec![], sell("5.001"), false),
        ("alone, of another strategy", vec![], sell("1").by("b"), false),
        ("beside a sale", vec![sell("2").limit("110")], sell("3"), true),
        ("beside a sale, past it", vec![sell("2").limit("110")], sell("3.001"), false),
        ("beside an unrelated buy", vec![buy("2").limit("90")], sell("5"), true),
        ("beside an exit", vec![sell("2").limit("110").reduce_only()], sell("3.001"), false),
        ("the second of a pair", vec![profit.clone()], stop.clone(), true),
        ("beside a pair", vec![profit.clone(), stop.clone()], sell("0.001"), false),
        (
            "the first of a pair beside a sale",
            vec![sell("1").limit("111")],
            profit.set(|o| o.qty = qty("4")),
            true,
        ),
    ];
    for (name, open, draft, goes) in rows {
        let mut world = World::new(RiskSettings::default());
        world.own("a", SPOT, Side::Buy, "5");
        for other in open {
            world.must(other.terms());
        }
        world.feed(FeedState::Down);
        let (_, verdict) = world.ask(draft.terms());
        assert_eq!(verdict.is_ok(), goes, "{name}: {verdict:?}");
    }
}

/// Breaks when a strategy's exit that grows the account's net position is exempt from limits.
#[test]
fn positions_that_offset_each_other_are_no_exits() {
    let mut world = World::new(RiskSettings { allow_short: true, ..RiskSettings::default() });
    world.own("a", SPOT, Side::Buy, "5");
    world.own("b", SPOT, Side::Sell, "4");
    world.feed(FeedState::Down);
    for (size, goes) in [("1", true), ("1.001", false)] {
        let (_, verdict) = world.ask(sell(size).limit("120").terms());
        assert_eq!(verdict.is_ok(), goes, "{size}");
        let open = world.state().orders.open().map(|o| o.id).next();
        if let Some(open) = open {
            world.cancel(open);
        }
    }
}

/// Breaks when an exit at any price goes while nobody sees the market, or one at a good price does not.
#[test]
fn exits_have_a_bound_of_their_own() {
    type Bound = Option<(&'static str, &'static str)>;
    let rows: [(&str, Draft, Bound); 6] = [
        ("at the bound", sell("5").limit("80"), None),
        ("below it", sell("5").limit("79.99"), Some(("79.99", "80"))),
        ("far above", sell("5").limit("500"), None),
        ("a stop far below protects", sell("5").stop("20"), None),
        ("at market", sell("5"), None),
        ("replaces the fixed collar", sell("5").limit("85"), None),
    ];
    for (name, draft, want) in rows {
        let mut settings = RiskSettings { stale_exit_collar: Some(rate("0.2")), ..RiskSettings::default() };
        settings.limits.price_collar = Some(rate("0.1"));
        settings.max_data_age_ms = Some(1_000);
        let mut world = World::new(settings);
        world.own("a", SPOT, Side::Buy, "5");
        world.wait(5_000);
        let (_, verdict) = world.ask(draft.terms());
        let got =
            verdict.err().map(|r| (r.code, r.measured.unwrap_or_default(), r.limit.unwrap_or_default()));
        let want = want.map(|(m, l)| (Code::PriceCollar, m.to_owned(), l.to_owned()));
        assert_eq!(got, want, "{name}");
    }
}

/// Breaks when a perpetual cannot be left because its margin is used up.
#[test]
fn a_perpetual_is_left_without_margin() {
    let mut settings = RiskSettings::default();
    settings.limits.leverage = Some(rate("10"));
    let mut world = World::new(settings);
    world.own("a", PERP, Side::Buy, "40000");
    world.quote(PERP, "1", "2");
    for (draft, goes) in [
        (order(PERP, Side::Buy, "1"), false),
        (order(PERP, Side::Sell, "40000.001"), false),
        (order(PERP, Side::Sell, "40000"), true),
    ] {
        let (_, verdict) = world.ask(draft.terms());
        assert_eq!(verdict.is_ok(), goes, "{verdict:?}");
    }
    assert_eq!(world.state().account.balance("USD".parse().unwrap()).held, cash("0"));
    assert_eq!(world.state().markets.by_id(&id(PERP)).unwrap().last_mid, Some(price("1.5")));
}

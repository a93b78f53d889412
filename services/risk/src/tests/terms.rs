//! The order itself: terms, the instrument's rules, funds.

use reprise_model::{Code, GroupRole, OrderGroup, OrderType, Price, Side, TimeInForce, Ts};

use super::rows::{as_is, check, off, row};
use super::world::{BARS, Draft, OnNew, PERP, World, buy, cash, order, price, rate, sell};
use crate::RiskSettings;
use crate::settings::Limits;

/// Breaks when an order that a venue would refuse, or would misread, leaves.
#[test]
fn terms_and_rules() {
    use Code::{Lot, MinNotional, PriceRule};
    check(vec![
        row("on the tick", off, as_is, buy("1").limit("100.01"), None),
        row("off the tick", off, as_is, buy("1").limit("100.001"), Some((PriceRule, "100.001", "0.01"))),
        row("price 0", off, as_is, buy("1").limit("0"), Some((PriceRule, "0", "0.01"))),
        row("stop off the tick", off, as_is, buy("1").stop("102.005"), Some((PriceRule, "102.005", "0.01"))),
        row("one lot", off, as_is, buy("0.01"), None),
        row("half a lot more", off, as_is, buy("0.0105"), Some((Lot, "0.0105", "0.001"))),
        row("least value", off, as_is, buy("0.01").limit("100"), None),
        row("under it", off, as_is, buy("0.01").limit("99.99"), Some((MinNotional, "0.9999", "1"))),
        row("under it at market", off, as_is, buy("0.009"), Some((MinNotional, "0.909", "1"))),
    ]);
}

/// Breaks when an order leaves whose terms contradict each other or miss something.
#[test]
fn malformed_terms() {
    use Code::Malformed;
    let malformed =
        |name, draft, measured, limit| row(name, off, as_is, draft, Some((Malformed, measured, limit)));
    let gtd = |expire_ts| {
        move |o: &mut reprise_model::NewOrder| (o.time_in_force, o.expire_ts) = (TimeInForce::Gtd, expire_ts)
    };
    let now = Ts(1_700_000_000_000_000_000);
    check(vec![
        malformed("no quantity", buy("0"), "0", "a quantity above 0"),
        malformed("negative quantity", buy("-1"), "-1", "a quantity above 0"),
        malformed(
            "limit without price",
            buy("1").set(|o| o.order_type = OrderType::Limit),
            "a limit order without a price",
            "a price",
        ),
        malformed(
            "market with price",
            buy("1").set(|o| o.price = Some(price("100"))),
            "a market order with a price",
            "no price",
        ),
        malformed(
            "stop without stop price",
            buy("1").set(|o| o.order_type = OrderType::Stop),
            "a stop order without a stop price",
            "a stop price",
        ),
        malformed(
            "stop-limit without price",
            buy("1").stop("102").set(|o| o.order_type = OrderType::StopLimit),
            "a stop-limit order without a price",
            "a price",
        ),
        malformed(
            "date missing",
            buy("1").limit("100").set(gtd(None)),
            "good till date without a date",
            "an expire_ts",
        ),
        malformed(
            "date is now",
            buy("1").limit("100").set(gtd(Some(now))),
            "1700000000000000000",
            "1700000000000000000",
        ),
        row("date to come", off, as_is, buy("1").limit("100").set(gtd(Some(now.plus_ns(1)))), None),
        malformed(
            "date without good till date",
            buy("1").limit("100").set(|o| o.expire_ts = Some(Ts::NEVER)),
            "an expire_ts on an order that is not good till date",
            "no expire_ts",
        ),
        malformed(
            "post-only at market",
            buy("1").set(|o| o.post_only = true),
            "post-only on an order without a limit",
            "a limit price",
        ),
        malformed(
            "post-only, immediate",
            buy("1").limit("98").set(|o| (o.post_only, o.time_in_force) = (true, TimeInForce::Fok)),
            "post-only on an immediate order",
            "an order that rests",
        ),
    ]);
}

fn bracket(draft: Draft, take_profit: &str, stop_loss: &str) -> Draft {
    let (take_profit, stop_loss): (Price, Price) = (price(take_profit), price(stop_loss));
    draft.set(|o| (o.take_profit, o.stop_loss) = (Some(take_profit), Some(stop_loss)))
}

/// Breaks when a bracket's exits would trade at once because they lie on the wrong side of the entry.
#[test]
fn brackets_lie_around_their_entry() {
    let wrong =
        |name, draft, price, entry| row(name, off, as_is, draft, Some((Code::Malformed, price, entry)));
    check(vec![
        row("buy", off, as_is, bracket(buy("1").limit("100"), "100.01", "99.99"), None),
        wrong("buy, profit at entry", bracket(buy("1").limit("100"), "100", "99"), "100", "100"),
        wrong("buy, stop at entry", bracket(buy("1").limit("100"), "101", "100"), "100", "100"),
        row("sale", off, as_is, bracket(sell("1").limit("100"), "99.99", "100.01"), None),
        wrong("sale, profit above", bracket(sell("1").limit("100"), "101", "102"), "101", "100"),
        wrong("market buy, profit at the ask", bracket(buy("1"), "101", "90"), "101", "101"),
        wrong(
            "on an exit",
            bracket(sell("1").limit("100").reduce_only(), "99", "101"),
            "a bracket on a reduce-only order",
            "no bracket",
        ),
    ]);
}

fn leverage(s: &mut RiskSettings) {
    s.limits.leverage = Some(rate("5"));
}

fn short(s: &mut RiskSettings) {
    s.allow_short = true;
}

fn resting(w: &mut World) {
    w.must(buy("999").limit("100").terms());
}

fn unknown(w: &mut World) {
    w.venue_does(OnNew::Lose);
    w.must(buy("999").limit("100").terms());
    w.must(sell("9").limit("100").terms());
}

fn perp(w: &mut World) {
    w.own("a", PERP, Side::Buy, "1000");
}

/// Breaks when more can be ordered than can be paid for.
#[test]
fn funds() {
    use Code::{InitialMargin, InsufficientFunds, SpotShort};
    check(vec![
        row("all of it", off, as_is, buy("1000").limit("100"), None),
        row(
            "a lot more",
            off,
            as_is,
            buy("1000.001").limit("100"),
            Some((InsufficientFunds, "100000.1", "100000")),
        ),
        row("at market within the slippage bound", off, as_is, buy("942.951"), None),
        row(
            "at market past it",
            off,
            as_is,
            buy("942.952"),
            Some((InsufficientFunds, "100000.0596", "100000")),
        ),
        row("what holds leave", off, resting, buy("1").limit("100"), None),
        row(
            "more than holds leave",
            off,
            resting,
            buy("1.001").limit("100"),
            Some((InsufficientFunds, "100.1", "100")),
        ),
        row(
            "unknown orders hold too",
            off,
            unknown,
            buy("1.001").limit("100"),
            Some((InsufficientFunds, "100.1", "100")),
        ),
        row("owned", off, as_is, sell("10"), None),
        row("not owned", off, as_is, sell("10.001"), Some((SpotShort, "10.001", "10"))),
        row("not owned beside an unknown sale", off, unknown, sell("1.001"), Some((SpotShort, "1.001", "1"))),
        row("short allowed", short, as_is, sell("10.001"), None),
        row("short of what was never owned", short, |w| w.bar(BARS, "5"), sell("1").of(BARS), None),
        row("margin", off, as_is, order(PERP, Side::Buy, "10000").limit("10"), None),
        row(
            "margin short of a lot",
            off,
            as_is,
            order(PERP, Side::Buy, "10000.001").limit("10"),
            Some((InitialMargin, "100000.01", "100000")),
        ),
        row("margin at leverage", leverage, as_is, order(PERP, Side::Buy, "50000").limit("10"), None),
        // 1,000 bought at 11 and valued at 10: 1,000 lost, 2,000 of margin in use.
        row("margin beside a position", leverage, perp, order(PERP, Side::Buy, "48500").limit("10"), None),
        row(
            "margin beside a position, past it",
            leverage,
            perp,
            order(PERP, Side::Buy, "48500.001").limit("10"),
            Some((InitialMargin, "97000.002", "97000")),
        ),
        row(
            "cash that is margin buys nothing",
            leverage,
            perp,
            buy("970.001").limit("100"),
            Some((InsufficientFunds, "97000.1", "97000")),
        ),
    ]);
}

/// Breaks when the amounts that an open order takes out of the balance are not those that are documented.
#[test]
fn holds() {
    fn group(role: GroupRole) -> impl FnOnce(&mut reprise_model::NewOrder) {
        move |o| o.group = Some(OrderGroup { id: 1, role })
    }
    let fees = |instruments: &mut [reprise_model::Instrument]| {
        (instruments[0].taker_fee, instruments[0].maker_fee) = (rate("0.001"), rate("-0.0002"));
        instruments[1].taker_fee = rate("0.001");
    };
    let leverage = Limits { leverage: Some(rate("4")), ..Limits::default() };
    let rows: Vec<(&str, Vec<Draft>, &str, &str)> = vec![
        ("limit buy", vec![buy("1").limit("100")], "100.1", "0"),
        ("market buy", vec![buy("1")], "106.15605", "0"),
        ("stop buy", vec![buy("1").stop("110")], "115.6155", "0"),
        ("sale", vec![sell("1").limit("100")], "0", "1"),
        ("perpetual", vec![order(PERP, Side::Buy, "10").limit("10")], "25.1", "0"),
        ("perpetual sold below the bid", vec![order(PERP, Side::Sell, "10").limit("8")], "22.59", "0"),
        (
            "the exits of a pair hold once",
            vec![
                sell("1").limit("110").set(group(GroupRole::TakeProfit)),
                sell("1").stop("90").set(group(GroupRole::StopLoss)),
            ],
            "0",
            "1",
        ),
        (
            "pairs of one entry hold each",
            vec![
                sell("1").limit("110").set(group(GroupRole::TakeProfit)),
                sell("1").stop("90").set(group(GroupRole::StopLoss)),
                sell("2").limit("110").set(group(GroupRole::TakeProfit)),
                sell("2").stop("90").set(group(GroupRole::StopLoss)),
            ],
            "0",
            "3",
        ),
    ];
    for (name, drafts, usd, btc) in rows {
        let settings = RiskSettings { limits: leverage, ..RiskSettings::default() };
        let mut world = World::with(settings, |instruments, _| fees(instruments));
        for draft in drafts {
            world.must(draft.terms());
        }
        let held = |asset: &str| world.state().account.balance(asset.parse().unwrap()).held;
        assert_eq!((held("USD"), held("BTC")), (cash(usd), cash(btc)), "{name}");
    }
}

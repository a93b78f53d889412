//! What may go at all: market data, conversions, permissions, losses; replacements and explanations.

use std::collections::BTreeMap;

use reprise_core::{Board, Proposal, View};
use reprise_model::event::{Command, FeedState};
use reprise_model::{Code, OrderId, Side};

use super::rows::{Want, as_is, check, check_verdict, off, row};
use super::world::{BARS, EURO, MS, OnNew, SPOT, World, buy, cash, id, price, qty, rate, sell};
use crate::settings::Limits;
use crate::{RiskService, RiskSettings};

/// Breaks when an order goes that nobody can price, or on data that is old, broken or not live.
#[test]
fn market() {
    use Code::{ClockSkew, FeedNotLive, NoMarketData, StaleData};
    fn fresh(s: &mut RiskSettings) {
        s.max_data_age_ms = Some(1_000);
    }
    fn skew(s: &mut RiskSettings) {
        s.max_clock_skew_ms = Some(500);
    }
    fn one_sided(w: &mut World) {
        w.quote_sized(SPOT, None, Some(("101", "1")));
    }
    check(vec![
        row("locked", off, |w| w.quote(SPOT, "101", "101"), buy("1"), None),
        row(
            "crossed",
            off,
            |w| w.quote(SPOT, "101.01", "101"),
            buy("1"),
            Some((NoMarketData, "a crossed quote", "a quote of two sides")),
        ),
        row(
            "one side",
            off,
            one_sided,
            buy("1"),
            Some((NoMarketData, "no quote of two sides", "a quote of two sides")),
        ),
        row(
            "never quoted",
            off,
            as_is,
            buy("1").of(BARS),
            Some((NoMarketData, "no quote of two sides", "a quote of two sides")),
        ),
        row("a bar", off, |w| w.bar(BARS, "50"), buy("1").of(BARS), None),
        row("old enough", fresh, |w| w.later(1_000), buy("1"), None),
        row("too old", fresh, |w| w.later(1_001), buy("1"), Some((StaleData, "1001", "1000"))),
        row("live", off, |w| w.feed(FeedState::Live), buy("1"), None),
        row("stale feed", off, |w| w.feed(FeedState::Stale), buy("1"), Some((FeedNotLive, "stale", "live"))),
        row("gap", off, |w| w.feed(FeedState::Gap), buy("1"), Some((FeedNotLive, "gap", "live"))),
        row("clock", skew, |w| w.quote_behind(SPOT, 500 * MS), buy("1"), None),
        row(
            "clock off",
            skew,
            |w| w.quote_behind(SPOT, 500 * MS + 1),
            buy("1"),
            Some((ClockSkew, "501", "500")),
        ),
        row(
            "clock unknown",
            skew,
            |w| w.bar(BARS, "50"),
            buy("1").of(BARS),
            Some((ClockSkew, "unknown", "known")),
        ),
    ]);
}

/// Breaks when a limit in the reporting asset passes what cannot be converted into it, or not freshly.
#[test]
fn conversions() {
    let settings = |conversion_age| RiskSettings {
        max_gross_exposure: Some(cash("1000")),
        max_conversion_age_ms: conversion_age,
        ..RiskSettings::default()
    };
    let converter = |account: &mut reprise_core::AccountSettings| {
        account.pegs.clear();
        account.conversions = BTreeMap::from([("EUR".parse().unwrap(), id(BARS))]);
    };
    let want_none: Want = Some((Code::NoConversion, "unknown", "known"));
    let mut world = World::with(settings(None), |_, account| account.pegs.clear());
    check_verdict(&mut world, "nothing converts", buy("1").of(EURO), want_none);
    check_verdict(&mut world, "nothing to convert", buy("1"), None);

    let mut world = World::with(settings(Some(1_000)), |_, account| converter(account));
    check_verdict(&mut world, "no rate yet", buy("1").of(EURO), want_none);
    world.bar(BARS, "1.2");
    world.later(1_000);
    check_verdict(&mut world, "a rate", buy("1").of(EURO), None);
    world.later(1);
    let stale = Some((Code::NoConversion, "1001", "1000"));
    check_verdict(&mut world, "a stale rate", buy("1").of(EURO), stale);
}

/// Breaks when what an operator or a list forbids goes all the same.
#[test]
fn permissions() {
    use Code::{Halted, NotAllowed, Operator, ReduceOnly, ReduceOnlyState};
    fn list(s: &mut RiskSettings) {
        s.allow_list = vec![id(EURO)];
    }
    fn long(w: &mut World) {
        w.own("a", SPOT, Side::Buy, "5");
        w.must(sell("2").limit("110").reduce_only().terms());
    }
    fn told(w: &mut World, command: Command) {
        w.command(command, |_| {});
    }
    check(vec![
        row("on the list", list, as_is, buy("1").of(EURO), None),
        row("not on it", list, as_is, buy("1"), Some((NotAllowed, SPOT, "on the allow list"))),
        row("paused", off, |w| told(w, Command::Pause), buy("1"), Some((Operator, "paused", "running"))),
        row(
            "reduce-only",
            off,
            |w| told(w, Command::ReduceOnly),
            buy("1"),
            Some((ReduceOnlyState, "reduce_only", "active, or an order that reduces exposure")),
        ),
        row(
            "halted",
            off,
            |w| told(w, Command::Kill),
            buy("1"),
            Some((Halted, "halted", "not halted, or flattening")),
        ),
        row("what others leave to reduce", off, long, sell("3").limit("110").reduce_only(), None),
        row(
            "more than that",
            off,
            long,
            sell("3.001").limit("110").reduce_only(),
            Some((ReduceOnly, "3.001", "3")),
        ),
        row("nothing to reduce", off, as_is, sell("1").reduce_only(), Some((ReduceOnly, "1", "0"))),
        row("another's position", off, long, sell("1").by("b").reduce_only(), Some((ReduceOnly, "1", "0"))),
        row("the wrong way", off, long, buy("1").reduce_only(), Some((ReduceOnly, "1", "0"))),
    ]);
}

/// Breaks when losses, falls or refusals in a row that reached their limit still let exposure grow.
#[test]
fn losses() {
    use Code::{MaxConsecutiveRejects, MaxDailyLoss, MaxDrawdown};
    // Ten bought at 101 and valued at 100.
    fn lost(w: &mut World) {
        w.own("a", SPOT, Side::Buy, "10");
    }
    fn rejected(w: &mut World) {
        w.venue_does(OnNew::Reject);
        for _ in 0..2 {
            w.must(buy("1").terms());
        }
    }
    fn rejected_once(w: &mut World) {
        w.venue_does(OnNew::Reject);
        w.must(buy("1").terms());
        w.venue_does(OnNew::Rest);
        w.must(buy("1").limit("90").terms());
        w.venue_does(OnNew::Reject);
        w.must(buy("1").terms());
    }
    fn daily(s: &mut RiskSettings, limit: &str) {
        s.max_daily_loss = Some(cash(limit));
    }
    check(vec![
        row("loss", |s| daily(s, "10.01"), lost, buy("1"), None),
        row("loss reached", |s| daily(s, "10"), lost, buy("1"), Some((MaxDailyLoss, "10", "10"))),
        row("no loss reaches none", |s| daily(s, "0"), as_is, buy("1"), None),
        row("fall", |s| s.max_drawdown = Some(cash("10.01")), lost, buy("1"), None),
        row(
            "fall reached",
            |s| s.max_drawdown = Some(cash("10")),
            lost,
            buy("1"),
            Some((MaxDrawdown, "10", "10")),
        ),
        row("part", |s| s.max_drawdown_fraction = Some(rate("0.000048")), lost, buy("1"), None),
        row(
            "part reached",
            |s| s.max_drawdown_fraction = Some(rate("0.000047")),
            lost,
            buy("1"),
            Some((MaxDrawdown, "0.000047619048", "0.000047")),
        ),
        row("refusals", |s| s.max_consecutive_rejects = Some(3), rejected, buy("1"), None),
        row(
            "refusals in a row",
            |s| s.max_consecutive_rejects = Some(2),
            rejected,
            buy("1"),
            Some((MaxConsecutiveRejects, "2", "2")),
        ),
        row(
            "refusals with a success between",
            |s| s.max_consecutive_rejects = Some(2),
            rejected_once,
            buy("1"),
            None,
        ),
    ]);
}

/// Breaks when a number beyond the range lets an order through, or stops the engine.
#[test]
fn overflow_denies() {
    let mut world = World::new(RiskSettings::default());
    let (_, verdict) = world.ask(buy("900000000000000").limit("100").terms());
    assert_eq!(verdict.map_err(|refusal| refusal.code), Err(Code::Overflow));
}

/// Breaks when an instrument that is not defined is judged at all.
#[test]
fn an_unknown_instrument_is_denied() {
    let world = World::new(RiskSettings::default());
    let terms = buy("1").of("DOGE-USD.X").terms();
    let proposal = Proposal { order: OrderId { epoch: 0, n: 1 }, terms: &terms, replaces: None };
    let board = Board::default();
    let view = View { state: world.state(), board: &board, tick: None };
    let mut service = RiskService::new(RiskSettings::default());
    let refusal = service.decide(&proposal, view).unwrap_err();
    assert_eq!((refusal.code, refusal.measured.as_deref()), (Code::UnknownInstrument, Some("DOGE-USD.X")));
    assert_eq!(service.explain(&proposal, view).len(), 1);
}

/// Breaks when a replacement is judged beside the order that it replaces, so that it counts twice.
#[test]
fn replacements_take_the_place_of_their_order() {
    let limits = Limits { max_position_qty: Some(qty("5")), ..Limits::default() };
    let settings = RiskSettings { limits, max_open_orders: Some(1), ..RiskSettings::default() };
    let mut world = World::new(settings);
    let resting = world.must(buy("4").limit("100").terms());
    world.fill(resting, "1");
    let rows = [
        ("5", None),
        ("5.001", Some(Code::MaxPositionQty)),
        ("1", Some(Code::Malformed)),
        ("2", None),
        ("4", None),
    ];
    for (whole, want) in rows {
        let verdict = world.replace(resting, |terms| terms.qty = Some(qty(whole)));
        assert_eq!(verdict.err().map(|refusal| refusal.code), want, "{whole}");
    }
    let verdict = world.replace(resting, |terms| terms.price = Some(price("33334")));
    assert_eq!(
        verdict.err().map(|refusal| (refusal.code, refusal.measured)),
        Some((Code::InsufficientFunds, Some("100002".into())))
    );
    // 100,000 less 100 for what was filled are there, what the order holds now among it.
    let verdict = world.replace(resting, |terms| terms.price = Some(price("33300")));
    assert_eq!(verdict, Ok(()));
    assert_eq!(world.state().account.balance("USD".parse().unwrap()).held, cash("99900"));
}

/// Breaks when an order cannot be made smaller where it could be canceled, or larger where it could not be sent.
#[test]
fn an_order_can_be_made_smaller() {
    let mut world = World::new(RiskSettings::default());
    let resting = world.must(buy("4").limit("100").terms());
    type Row = (&'static str, fn(&mut World), &'static str, Option<Code>);
    let rows: [Row; 5] = [
        ("smaller on a dead feed", |w| w.feed(FeedState::Down), "3", None),
        ("larger on a dead feed", |_| {}, "3.001", Some(Code::FeedNotLive)),
        ("smaller in reduce-only", |w| w.set_trading(Command::ReduceOnly), "2", None),
        ("larger in reduce-only", |_| {}, "2.001", Some(Code::ReduceOnlyState)),
        ("smaller while halted", |w| w.set_trading(Command::Kill), "1", Some(Code::Halted)),
    ];
    for (name, act, whole, want) in rows {
        act(&mut world);
        let verdict = world.replace(resting, |terms| terms.qty = Some(qty(whole)));
        assert_eq!(verdict.err().map(|refusal| refusal.code), want, "{name}");
    }
}

/// Breaks when a check of the table has no number to tell, or a code of the gate no check.
#[test]
fn every_check_explains_itself() {
    let mut world = World::new(RiskSettings::default());
    world.must(buy("1").limit("100").terms());
    let reports = world.reports();
    let codes: Vec<Code> = reports.iter().map(|report| report.code).collect();
    // What the venue says (900 and on) is not for the gate; an overflow and an unknown instrument come before
    // the table.
    let elsewhere = [Code::Unsupported, Code::Overflow, Code::UnknownInstrument];
    for code in Code::ALL {
        let is_of_gate = (code.number() < 900 || *code == Code::Operator) && !elsewhere.contains(code);
        assert_eq!(codes.contains(code), is_of_gate, "{code}");
    }
    assert!(
        reports.iter().all(|report| report.passed && report.measured.is_some() == report.limit.is_some())
    );
    let funds = reports.iter().find(|report| report.code == Code::InsufficientFunds).unwrap();
    assert_eq!((funds.measured.as_deref(), funds.limit.as_deref()), (Some("100"), Some("100000")));
}

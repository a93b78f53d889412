//! The host: who is called for what, whose orders are whose, and what an instance can and cannot do.

#[cfg(test)]
mod desk;

use std::cell::RefCell;
use std::rc::Rc;

use desk::{BTC, Desk, ETH, START, id, instance, instrument, price, qty};
use reprise_model::event::{Funding, Mark, NewTerms, OrderCancelSubmitted};
use reprise_model::{Input, Outcome, Rate, Ts};
use reprise_strategies::{
    Bar, BarOrigin, Book, InstrumentIx, OrderChange, OrderId, OrderIntent, OrderUpdate, OwnFill, Registry,
    Side, Size, Strategy, StrategyContext, StrategyError, StrategyHost, Trade,
};

/// What an instance did in answer to a line of its log.
type Act = Rc<dyn Fn(&str, &mut StrategyContext<'_>)>;

/// Writes down every call as one line, and answers as the test says.
struct Probe {
    log: Rc<RefCell<Vec<String>>>,
    act: Act,
    bar_interval_ms: Option<u64>,
}

impl Probe {
    fn note(&self, line: String, cx: &mut StrategyContext<'_>) {
        (self.act)(&line, cx);
        self.log.borrow_mut().push(format!("{} {line}", cx.id()));
    }
}

fn symbol(ix: InstrumentIx, cx: &StrategyContext<'_>) -> String {
    cx.instrument(ix).instrument.symbol().to_owned()
}

impl Strategy for Probe {
    fn on_start(&mut self, cx: &mut StrategyContext<'_>) {
        self.note(format!("start with {}", cx.instruments().len()), cx);
    }

    fn on_instrument(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.note(format!("joins {}", symbol(ix, cx)), cx);
    }

    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.note(format!("quote {}", symbol(ix, cx)), cx);
    }

    fn on_trade(&mut self, ix: InstrumentIx, trade: &Trade, cx: &mut StrategyContext<'_>) {
        self.note(format!("trade {} {}", symbol(ix, cx), trade.price), cx);
    }

    fn on_book(&mut self, ix: InstrumentIx, _change: &Book, cx: &mut StrategyContext<'_>) {
        self.note(format!("book {}", symbol(ix, cx)), cx);
    }

    fn on_bar(&mut self, ix: InstrumentIx, bar: &Bar, origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        let Bar { open, high, low, close, volume, .. } = bar;
        let line = format!("{origin:?} bar {} {open} {high} {low} {close} of {volume}", symbol(ix, cx));
        self.note(line, cx);
    }

    fn on_mark(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.note(format!("mark {:?}", cx.mark(ix)), cx);
    }

    fn on_funding(&mut self, _ix: InstrumentIx, funding: &Funding, cx: &mut StrategyContext<'_>) {
        self.note(format!("funding {}", funding.rate), cx);
    }

    fn on_timer(&mut self, key: u64, cx: &mut StrategyContext<'_>) {
        let at_ms = (cx.now().0 - START) / 1_000_000;
        self.note(format!("timer {key} at {at_ms} ms"), cx);
    }

    fn on_order(&mut self, update: &OrderUpdate<'_>, cx: &mut StrategyContext<'_>) {
        let line = match update.change {
            OrderChange::Denied { request, refusal } => format!("denied {request} {}", refusal.code.number()),
            OrderChange::Submitted => "submitted".to_owned(),
            OrderChange::Accepted => "accepted".to_owned(),
            OrderChange::CancelSubmitted(reason) => format!("cancels {reason}"),
            OrderChange::Canceled { reason, leaves_qty } => format!("canceled {reason} {leaves_qty}"),
            OrderChange::ReplaceSubmitted(_) => "replaces".to_owned(),
            OrderChange::Replaced(terms) => format!("replaced {:?}", terms.price),
            OrderChange::Rejected { request, .. } => format!("rejected {request}"),
            OrderChange::Expired { leaves_qty } => format!("expired {leaves_qty}"),
            OrderChange::Unknown { reason } => format!("unknown {reason}"),
        };
        self.note(format!("order {} {line}", update.order.id.n), cx);
    }

    fn on_fill(&mut self, fill: &OwnFill<'_>, cx: &mut StrategyContext<'_>) {
        let held = cx.position(fill.ix).qty;
        self.note(format!("fill {} {} holds {held}", fill.order.id.n, fill.fill.qty), cx);
    }

    fn bar_interval_ms(&self) -> Option<u64> {
        self.bar_interval_ms
    }
}

/// A registry whose kind `probe` logs and acts; `bar-probe` also asks for bars of one second.
fn probes(act: Act) -> (Registry, Rc<RefCell<Vec<String>>>) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut registry = Registry::empty();
    for (kind, bar_interval_ms) in [("probe", None), ("bar-probe", Some(1_000))] {
        let (log, act) = (Rc::clone(&log), Rc::clone(&act));
        let build = move |(): ()| Ok(Probe { log: Rc::clone(&log), act: Rc::clone(&act), bar_interval_ms });
        registry.register(kind, "Logs.", build).expect("the name is free");
    }
    (registry, log)
}

fn idle() -> Act {
    Rc::new(|_, _| {})
}

fn both() -> [reprise_strategies::Instrument; 2] {
    [instrument(BTC), instrument(ETH)]
}

/// Breaks when an instance is called for what is not its own, misses what is, or is called out of order.
#[test]
fn instances_see_what_concerns_them() {
    let (registry, log) = probes(idle());
    let all = instance("all", "probe", "", "{}");
    let eth = instance("eth", "probe", ETH, "{}");
    let mut desk = Desk::new(&[instrument(BTC)], vec![all, eth], &registry);
    let mut said = |what: &dyn Fn(&mut Desk), lines: &[&str]| {
        desk.advance_ms(1);
        log.borrow_mut().clear();
        what(&mut desk);
        assert_eq!(*log.borrow(), lines);
    };
    said(
        &|d| d.quote(BTC, "1", "2"),
        &["all start with 0", "eth start with 0", "all joins BTC-USD", "all quote BTC-USD"],
    );
    said(&|d| d.quote(BTC, "1", "2"), &["all quote BTC-USD"]);
    said(&|d| d.define(ETH), &["all joins ETH-USD", "eth joins ETH-USD"]);
    said(&|d| d.define(ETH), &[]);
    said(&|d| d.quote(ETH, "1", ""), &["all quote ETH-USD", "eth quote ETH-USD"]);
    said(&|d| d.trade(BTC, "5", "1"), &["all trade BTC-USD 5"]);
    said(
        &|d| d.bar(ETH, "7"),
        &["all Source bar ETH-USD 7 7 7 7 of 1", "eth Source bar ETH-USD 7 7 7 7 of 1"],
    );
    let mark = Mark { instrument: id(BTC), mark: Some(price("9")), oracle: None, venue_ts: None };
    said(&|d| d.step(Input::Mark(mark.clone())), &["all mark Some(Price(9))"]);
    let funding = Funding { instrument: id(ETH), rate: Rate::ONE, oracle: None, venue_ts: None };
    said(&|d| d.step(Input::Funding(funding.clone())), &["all funding 1", "eth funding 1"]);
    said(&|d| d.clock(), &[]);
}

/// Breaks when a change of the top of a book is not a quote for an instrument whose source sends none, or is one for
/// another.
#[test]
fn a_book_is_a_quote_where_there_is_no_other() {
    use reprise_model::event::{BookAction, Level};
    let level = |at: &str| Level { price: price(at), qty: qty("1") };
    let update = |bid: &str, ask: &str| {
        let (bids, asks) = (vec![level(bid)], vec![level(ask)]);
        Input::Book(Book {
            instrument: id(BTC),
            action: BookAction::Update,
            bids,
            asks,
            venue_ts: None,
            conflated: None,
        })
    };
    let rows = [
        (reprise_model::QuoteSource::Book, vec!["one book BTC-USD", "one quote BTC-USD", "one book BTC-USD"]),
        (reprise_model::QuoteSource::Quotes, vec!["one book BTC-USD", "one book BTC-USD"]),
    ];
    for (quote_source, lines) in rows {
        let (registry, log) = probes(idle());
        let definition = reprise_strategies::Instrument { quote_source, ..instrument(BTC) };
        let mut desk = Desk::new(&[definition], vec![instance("one", "probe", "", "{}")], &registry);
        desk.clock();
        log.borrow_mut().clear();
        desk.step(update("10", "12"));
        desk.step(update("9", "13"));
        assert_eq!(*log.borrow(), lines, "{quote_source}");
    }
}

/// Breaks when an instance is told of another's orders, when a denial goes to the wrong one, or when an order's story
/// is told out of order.
#[test]
fn orders_are_told_to_their_owner_alone() {
    let act: Act = Rc::new(|line, cx| {
        if line.starts_with("quote") {
            let ix = cx.instruments()[0];
            cx.buy(ix, qty("0.5"));
            assert_eq!(cx.open_orders().count(), 0, "an intent is not an order yet");
        }
    });
    let (registry, log) = probes(act);
    let two = ["good", "bad"].map(|name| instance(name, "probe", "", "{}"));
    let mut desk = Desk::new(&both(), two.to_vec(), &registry);
    desk.knobs.borrow_mut().forbidden.push("bad".to_owned());
    desk.clock();
    log.borrow_mut().clear();
    desk.quote(BTC, "99", "100");
    let expected = [
        "good quote BTC-USD",
        "bad quote BTC-USD",
        "good order 1 submitted",
        "bad order 2 denied new 801",
        "good order 1 accepted",
        "good fill 1 0.5 holds 0.5",
    ];
    assert_eq!(*log.borrow(), expected);
    assert_eq!((desk.position(BTC, "good"), desk.position(BTC, "bad")), ("0.5".to_owned(), "0".to_owned()));
}

/// Breaks when the count that keys the random draws of an order depends on other strategies or other instruments.
#[test]
fn intents_are_counted_by_strategy_and_instrument() {
    let act: Act = Rc::new(|line, cx| {
        if line.starts_with("quote") {
            let ixs = cx.instruments().to_vec();
            let ix = if line.contains("BTC") { ixs[0] } else { ixs[1] };
            cx.buy(ix, qty("0.5"));
            cx.sell(ix, qty("0.5"));
        }
    });
    let (registry, _) = probes(act);
    let two = [instance("one", "probe", "", "{}"), instance("two", "probe", "", "{}")];
    let mut desk = Desk::new(&both(), two.to_vec(), &registry);
    desk.knobs.borrow_mut().forbidden.push("two".to_owned());
    for on in [BTC, ETH, BTC] {
        desk.quote(on, "99", "100");
    }
    for strategy in ["one", "two"] {
        for (on, counts) in [(BTC, vec![1, 2, 3, 4]), (ETH, vec![1, 2])] {
            let own = desk.requests().into_iter().map(|(_, terms)| terms);
            let own = own.filter(|t| t.strategy.as_str() == strategy && t.instrument.as_str() == on);
            assert_eq!(own.map(|t| t.intent).collect::<Vec<_>>(), counts, "{strategy} in {on}");
        }
    }
}

/// Breaks when a timer wakes another instance, comes late, or comes with another key.
#[test]
fn timers_wake_the_instance_that_armed_them() {
    let act: Act = Rc::new(|line, cx| {
        if line.starts_with("start") {
            let key = if cx.id().as_str() == "one" { 1 } else { 2 };
            cx.wake_after(5_000_000, key);
            cx.wake_at(Ts(START + 3_000_000), key * 10);
        } else if line.starts_with("timer 1 ") {
            // A moment that is past comes with the next event.
            cx.wake_at(Ts(START), 7);
        }
    });
    let (registry, log) = probes(act);
    let two = [instance("one", "probe", "", "{}"), instance("two", "probe", BTC, "{}")];
    let mut desk = Desk::new(&[], two.to_vec(), &registry);
    desk.clock();
    log.borrow_mut().clear();
    desk.advance_ms(20);
    desk.clock();
    let expected = [
        "one timer 10 at 3 ms",
        "two timer 20 at 3 ms",
        "one timer 1 at 5 ms",
        "one timer 7 at 5 ms",
        "two timer 2 at 5 ms",
    ];
    let mut woken = log.borrow().clone();
    woken.sort();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(woken, sorted);
}

/// Breaks when bars are not those of the interval's mids and trades, come at another moment, or reach an instance that
/// did not ask.
#[test]
fn bars_are_built_for_those_who_ask() {
    let (registry, log) = probes(idle());
    let two = [instance("bars", "bar-probe", "", "{}"), instance("none", "probe", "", "{}")];
    let mut desk = Desk::new(&both(), two.to_vec(), &registry);
    let at = |desk: &mut Desk, ms: u64| desk.now = Ts(START).plus_ns(ms * 1_000_000);
    desk.clock();
    for (ms, bid, ask) in
        [(100, "10", "12"), (200, "20", "22"), (300, "5", "5"), (400, "", "1"), (999, "8", "10")]
    {
        at(&mut desk, ms);
        desk.quote(BTC, bid, ask);
    }
    desk.trade(BTC, "1", "0.25");
    desk.trade(BTC, "1", "0.5");
    let bars = || log.borrow().iter().filter(|line| line.contains("bar ")).cloned().collect::<Vec<_>>();
    assert!(bars().is_empty());
    // An event of another instrument closes it too, once; an interval without a mid leaves no bar.
    at(&mut desk, 2_500);
    desk.quote(ETH, "1", "1");
    let first = "bars Built bar BTC-USD 11 21 5 9 of 0.75".to_owned();
    assert_eq!(bars(), std::slice::from_ref(&first));
    at(&mut desk, 60_000);
    desk.clock();
    assert_eq!(bars(), [first, "bars Built bar ETH-USD 1 1 1 1 of 0".to_owned()]);
}

/// Breaks when an instance can end or change an order of another, or cannot end its own in the moment it asks for it.
#[test]
fn cancels_and_replacements_reach_own_orders_only() {
    let first = OrderId { epoch: 0, n: 1 };
    let act: Act = Rc::new(move |line, cx| {
        let is_owner = cx.id().as_str() == "owner";
        let ix = cx.instruments().first().copied();
        match line {
            "quote BTC-USD" if is_owner => {
                cx.limit(ix.unwrap(), Side::Buy, qty("1"), price("50"));
            }
            "trade BTC-USD 1" => {
                cx.cancel(first);
                cx.replace(first, NewTerms { qty: None, price: Some(price("60")), stop_price: None });
            }
            "trade BTC-USD 2" if is_owner => cx.replace_price(first, price("60")),
            "trade BTC-USD 3" if is_owner => {
                let stop = cx.stop(ix.unwrap(), Side::Buy, qty("1"), price("500"));
                cx.cancel(stop);
            }
            "trade BTC-USD 4" => cx.cancel_all(),
            _ => {}
        }
    });
    let (registry, _) = probes(act);
    let two = [instance("owner", "probe", "", "{}"), instance("other", "probe", "", "{}")];
    let mut desk = Desk::new(&both(), two.to_vec(), &registry);
    desk.quote(BTC, "99", "100");
    assert_eq!(desk.news(), ["1 owner: buy limit 1 at 50"]);
    desk.trade(BTC, "2", "1");
    assert_eq!(desk.news(), ["1 replaced 60"]);
    desk.trade(BTC, "3", "1");
    assert_eq!(desk.news(), ["2 owner: buy stop 1 at 500", "2 canceled strategy"]);
    // "other" asks for all that it has, which is nothing; "owner" ends its one open order.
    desk.trade(BTC, "4", "1");
    assert_eq!(desk.news(), ["1 canceled strategy"]);

    let stranger: Act = Rc::new(move |line, cx| match (cx.id().as_str(), line) {
        ("owner", "quote BTC-USD") => {
            let ix = cx.instruments()[0];
            cx.limit(ix, Side::Buy, qty("1"), price("50"));
        }
        ("other", "trade BTC-USD 1") => {
            assert!(cx.order(first).is_none(), "nor can it see it");
            cx.cancel(first);
            cx.replace_price(first, price("60"));
        }
        _ => {}
    });
    let (registry, _) = probes(stranger);
    let mut desk = Desk::new(&both(), two.to_vec(), &registry);
    desk.quote(BTC, "99", "100");
    desk.news();
    desk.trade(BTC, "1", "1");
    assert!(desk.news().is_empty());
    let was_sent =
        |outcome: &Outcome| matches!(outcome, Outcome::OrderCancelSubmitted(OrderCancelSubmitted { .. }));
    assert!(!desk.decided.iter().any(|(_, outcome)| was_sent(outcome)));
}

/// Breaks when the two orders of a pair name different groups, when a bracket loses an exit, or when what an intent says
/// does not reach the order.
#[test]
fn intents_become_orders_as_they_stand() {
    let act: Act = Rc::new(|line, cx| {
        let Some(&ix) = cx.instruments().first() else { return };
        if line == "quote BTC-USD" {
            cx.buy(ix, qty("1"));
            let low = OrderIntent::stop(ix, Side::Sell, qty("1"), price("90"));
            let high = OrderIntent::limit(ix, Side::Sell, qty("1"), price("110")).reduce_only();
            let (low, high) = cx.oco(low, high);
            assert_eq!((low.n, high.n), (2, 3));
            let entry = OrderIntent::stop_limit(ix, Side::Buy, qty("1"), price("105"), price("106"));
            cx.bracket(entry.good_till(Ts(START + 1)).note("breakout"), price("120"), price("100"));
            cx.submit(OrderIntent::limit(ix, Side::Buy, qty("1"), price("1")).post_only());
            cx.submit(OrderIntent::limit(ix, Side::Buy, qty("1"), price("1")).fok());
            cx.submit(OrderIntent::limit(ix, Side::Buy, qty("1"), price("1")).ioc());
        }
    });
    let (registry, _) = probes(act);
    let mut desk = Desk::new(&both(), vec![instance("one", "probe", "", "{}")], &registry);
    desk.quote(BTC, "99", "100");
    let said: Vec<String> = desk
        .requests()
        .into_iter()
        .map(|(_, t)| {
            let group = t.group.map(|group| format!(" {} {}", group.role, group.id)).unwrap_or_default();
            let exits =
                t.take_profit.zip(t.stop_loss).map(|(a, b)| format!(" exits {a} {b}")).unwrap_or_default();
            let prices =
                [t.stop_price, t.price].map(|p| p.map(|p| format!(" {p}")).unwrap_or_default()).concat();
            let flags = [(t.post_only, " post"), (t.reduce_only, " reduce")]
                .map(|(on, word)| if on { word } else { "" });
            let flags = flags.concat();
            let note = t.note.unwrap_or_default();
            format!("{} {}{prices} {}{flags}{group}{exits} {note}", t.side, t.order_type, t.time_in_force)
        })
        .collect();
    let expected = [
        "buy market ioc ",
        "sell stop 90 gtc oco 2 ",
        "sell limit 110 gtc reduce oco 2 ",
        "buy stop_limit 105 106 gtd exits 120 100 breakout",
        "buy limit 1 gtc post ",
        "buy limit 1 fok ",
        "buy limit 1 ioc ",
    ];
    assert_eq!(said, expected);
}

/// Breaks when a size in quote units is not the most whole lots that it buys, or when an order that nothing prices goes
/// out instead of being denied with a number.
#[test]
fn sizes_in_quote_units_are_converted_at_the_order_price() {
    type Make = fn(InstrumentIx, Size) -> OrderIntent;
    let rows: [(Make, &str, &str, &str, &str); 6] = [
        (|ix, size| OrderIntent::market(ix, Side::Buy, size), "100", "99", "100", "1"),
        (|ix, size| OrderIntent::market(ix, Side::Buy, size), "100.09", "99", "100", "1"),
        (|ix, size| OrderIntent::market(ix, Side::Sell, size), "100", "99", "100", "1.01"),
        (|ix, size| OrderIntent::limit(ix, Side::Buy, size, price("50")), "100", "99", "100", "2"),
        (|ix, size| OrderIntent::stop(ix, Side::Buy, size, price("200")), "100", "99", "100", "0.5"),
        (|ix, size| OrderIntent::market(ix, Side::Buy, size), "100", "", "", "denied"),
    ];
    for (make, worth, bid, ask, expected) in rows {
        let size = Size::Quote(worth.parse().unwrap());
        let act: Act = Rc::new(move |line, cx| {
            if line.starts_with("quote") {
                let ix = cx.instruments()[0];
                cx.submit(make(ix, size));
            }
        });
        let (registry, _) = probes(act);
        let mut desk = Desk::new(&both(), vec![instance("one", "probe", BTC, "{}")], &registry);
        desk.quote(BTC, bid, ask);
        let requested = desk.requests()[0].1.qty;
        let is_denied = desk.news().iter().any(|line| line == "1 denied new 102 lot");
        let outcome = if is_denied { "denied".to_owned() } else { requested.to_string() };
        assert_eq!(outcome, expected, "{worth} at {bid}/{ask}");
    }
}

/// Breaks when helpers round a price to the side that makes the order dearer, or off the instrument's rule.
#[test]
fn helpers_round_by_side() {
    let five_digits = reprise_strategies::Instrument {
        tick: price("0.000001"),
        significant_digits: Some(5),
        ..instrument(BTC)
    };
    let rows: [(&reprise_strategies::Instrument, Side, f64, Option<&str>); 9] = [
        (&instrument(BTC), Side::Buy, 100.019, Some("100.01")),
        (&instrument(BTC), Side::Sell, 100.011, Some("100.02")),
        (&instrument(BTC), Side::Buy, 0.009, None),
        (&instrument(BTC), Side::Sell, 0.009, Some("0.01")),
        (&instrument(BTC), Side::Buy, f64::NAN, None),
        (&instrument(BTC), Side::Sell, f64::INFINITY, None),
        (&instrument(BTC), Side::Buy, -1.0, None),
        (&five_digits, Side::Buy, 1234.56, Some("1234.5")),
        (&five_digits, Side::Sell, 1234.56, Some("1234.6")),
    ];
    for (definition, side, estimate, expected) in rows {
        let seen = Rc::new(RefCell::new(None));
        let act: Act = {
            let seen = Rc::clone(&seen);
            Rc::new(move |line, cx| {
                if line.starts_with("quote") {
                    let ix = cx.instruments()[0];
                    *seen.borrow_mut() = cx.limit_price(ix, side, estimate);
                }
            })
        };
        let (registry, _) = probes(act);
        let mut desk =
            Desk::new(std::slice::from_ref(definition), vec![instance("one", "probe", "", "{}")], &registry);
        desk.quote(BTC, "99", "100");
        assert_eq!(
            seen.borrow().map(|price| price.to_string()),
            expected.map(str::to_owned),
            "{side} {estimate}"
        );
    }
}

/// Breaks when a configuration that cannot work is taken, or when its error does not say what to write instead.
#[test]
fn wrong_instances_are_refused_with_what_to_do() {
    let one = |name: &str, kind: &str, params: &str| instance(name, kind, "", params);
    let rows = [
        (vec![one("a", "ema-cros", "{}")], "did you mean 'ema-cross'?"),
        (vec![one("a", "zzz", "{}")], "the kinds are ema-cross, market-maker, mean-reversion, twap"),
        (vec![one("a", "twap", "{}"), one("a", "twap", "{}")], "two strategies have the id 'a'"),
        (vec![one("accountant", "twap", "{}")], "the name of a part of the engine"),
        (vec![one("a", "ema-cross", r#"{"fsat": 3}"#)], "did you mean 'fast'?"),
        (vec![one("a", "ema-cross", r#"{"window": 3}"#)], "the parameters are fast, slow, qty"),
        (vec![one("a", "ema-cross", r#"{"fast": 0}"#)], "'fast' is 0; it takes a whole number of at least 1"),
        (vec![one("a", "ema-cross", r#"{"fast": "ten"}"#)], r#"'fast' is "ten"; it takes a whole number"#),
        (vec![one("a", "ema-cross", r#"{"fast": 1.5}"#)], "'fast' is 1.5; it takes a whole number"),
        (vec![one("a", "ema-cross", r#"{"qty": "-1"}"#)], "'qty' is -1; it takes a decimal number above 0"),
        (vec![one("a", "ema-cross", r#"{"qty": true}"#)], "'qty' is true; it takes a decimal number"),
        (vec![one("a", "ema-cross", r#"{"source": "mid"}"#)], "it takes 'quote' or 'bar'"),
        (vec![one("a", "ema-cross", r#"{"notional": 0}"#)], "'notional' is 0"),
        (vec![one("a", "mean-reversion", r#"{"max_units": 0}"#)], "'max_units' is 0"),
        (vec![one("a", "market-maker", r#"{"width": 0}"#)], "'width' is 0"),
        (vec![one("a", "market-maker", r#"{"skew": "1.1"}"#)], "'skew' is 1.1"),
        (vec![one("a", "market-maker", r#"{"requote_ticks": 0}"#)], "'requote_ticks' is 0"),
        (vec![one("a", "twap", r#"{"slices": 0}"#)], "'slices' is 0"),
        (vec![one("a", "twap", r#"{"side": "long"}"#)], "it takes 'buy' or 'sell'"),
        (vec![one("a", "twap", r#"{"limit_offset": 1}"#)], "'limit_offset' is 1"),
        (vec![one("a", "twap", r#"{"total_qty": 0}"#)], "'total_qty' is 0"),
    ];
    for (settings, expected) in rows {
        let error = StrategyHost::new(settings, &Registry::builtin()).err().expect(expected).to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }
}

/// Breaks when a misspelt instrument trades nothing in silence.
#[test]
fn unknown_instruments_are_named() {
    let host = |instruments: &str| {
        StrategyHost::new(vec![instance("a", "twap", instruments, "{}")], &Registry::builtin()).unwrap()
    };
    assert_eq!(host("").check_instruments(&both()), Ok(()));
    assert_eq!(host(ETH).check_instruments(&both()), Ok(()));
    let error = host("BTC-USDT.SIM").check_instruments(&both()).unwrap_err();
    assert!(matches!(error, StrategyError::UnknownInstrument { .. }));
    let expected = "strategy 'a' names the instrument BTC-USDT.SIM (did you mean 'BTC-USD.SIM'?), which is not defined; \
                    defined are BTC-USD.SIM, ETH-USD.SIM";
    assert_eq!(error.to_string(), expected);
}

/// Breaks when a kind can be registered twice, or when the help leaves out a parameter, its default or its meaning.
#[test]
fn the_registry_says_what_there_is() {
    let mut registry = Registry::builtin();
    let names: Vec<&str> = registry.kinds().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, ["ema-cross", "market-maker", "mean-reversion", "twap"]);
    for kind in registry.kinds() {
        assert!(!kind.about.is_empty() && !kind.params.is_empty(), "{}", kind.name);
        for param in &kind.params {
            assert!(!param.about.is_empty() && !param.default.is_empty(), "{}.{}", kind.name, param.name);
        }
    }
    let help = registry.help();
    for part in ["fast", "Prices over which the fast average looks back", "default: 12", "default: not set"] {
        assert!(help.contains(part), "{part:?} is missing in\n{help}");
    }
    let again = registry.register("twap", "", |(): ()| Ok(Nothing));
    assert!(matches!(again, Err(StrategyError::DuplicateKind { .. })));
}

struct Nothing;

impl Strategy for Nothing {}

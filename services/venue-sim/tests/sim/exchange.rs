//! The exchange without its protocols: funds, matching, mapping, playing.

use reprise_execution::TriggerBy;
use reprise_model::event::{BookAction, Level};
use reprise_model::{
    Asset, Cash, Code, Input, Instrument, NewOrder, OrderOrigin, OrderType, Outcome, Price, Qty, QuoteSource,
    Side, TimeInForce, Ts,
};
use reprise_venue_sim::exchange::{AccountEvent, Exchange, ExchangeSettings};
use reprise_venue_sim::mapping::Mapping;
use reprise_venue_sim::player::Player;
use reprise_venue_sim::{Settings, Speed, Venue};

use crate::recording::{START, book, btc, busy, instrument, level, of, quote, record, trade};

const SPOT: &str = "BTC-USD.COINBASE";
const PERPETUAL: &str = "BTC-PERP.HYPERLIQUID";

fn listed(venue: Venue) -> Instrument {
    Mapping::new(venue, &[], &[btc()]).unwrap().listings()[0].definition.clone()
}

/// An exchange of one instrument with 97000 to 97010 on display, two of each.
fn exchange(definition: Instrument) -> Exchange {
    let id = definition.instrument.to_string();
    let settings = ExchangeSettings { balances: Settings::usual_balances(), trigger_by: TriggerBy::Last };
    let mut exchange = Exchange::new(settings).unwrap();
    exchange.define(START, definition);
    exchange.market(START, &quote(&id, "97000x2", "97010x2"));
    exchange
}

/// `buy 0.01 @ 97000 ioc post reduce`
fn order(id: &str, text: &str) -> NewOrder {
    let words: Vec<&str> = text.split_whitespace().collect();
    let limit = words.iter().position(|word| *word == "@").map(|at| of(words[at + 1]));
    let has = |word| words.contains(&word);
    NewOrder {
        strategy: Exchange::owner(),
        instrument: of(id),
        side: if words[0] == "buy" { Side::Buy } else { Side::Sell },
        order_type: if limit.is_some() { OrderType::Limit } else { OrderType::Market },
        time_in_force: if has("ioc") || limit.is_none() { TimeInForce::Ioc } else { TimeInForce::Gtc },
        qty: of(words[1]),
        price: limit,
        stop_price: None,
        expire_ts: None,
        post_only: has("post"),
        reduce_only: has("reduce"),
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 0,
        note: None,
    }
}

fn cash(text: &str) -> Cash {
    of(text)
}

fn refusal(events: &[AccountEvent]) -> Option<Code> {
    events.iter().find_map(|event| match &event.outcome {
        Outcome::OrderDenied(e) => Some(e.refusal.code),
        Outcome::OrderRejected(e) => Some(e.refusal.code),
        _ => None,
    })
}

/// Breaks when an account buys or sells what it cannot pay, or is refused what it can.
#[test]
fn funds_bound_orders() {
    // A taker's fee of 0.6 % is held with a buy: 100000 / (97010 * 1.006) = 1.02466…
    let spot: &[(&str, Option<Code>)] = &[
        ("buy 1.02466 @ 97010", None),
        ("buy 1.02468 @ 97010", Some(Code::InsufficientFunds)),
        ("sell 10 @ 97000", None),
        ("sell 10.00000001 @ 97000", Some(Code::InsufficientFunds)),
        ("buy 1.02466 ioc", None),
        ("buy 2 ioc", Some(Code::InsufficientFunds)),
    ];
    // Twenty times 100000, with a fee of 0.045 % of the value: 100000 / (97010 * (1/20 + 0.00045)) = 20.4325…
    let perpetual: &[(&str, Option<Code>)] = &[
        ("buy 20.4325 @ 97010", None),
        ("buy 20.4326 @ 97010", Some(Code::InitialMargin)),
        ("sell 20 @ 97000", None),
        ("sell 0.01 @ 97000 reduce", Some(Code::ReduceOnly)),
    ];
    for (venue, rows) in [(Venue::Coinbase, spot), (Venue::Hyperliquid, perpetual)] {
        for (text, expected) in rows {
            let mut exchange = exchange(listed(venue));
            let id = if venue == Venue::Coinbase { SPOT } else { PERPETUAL };
            let account = exchange.account("someone");
            let entered = exchange.enter(account, START, order(id, text));
            assert_eq!(refusal(&entered.events), *expected, "{venue}: {text}: {:?}", entered.events);
        }
    }
}

/// Breaks when balances or holds are not, to the last digit, what orders and fills make of them.
#[test]
fn balances_follow_fills() {
    let mut exchange = exchange(listed(Venue::Coinbase));
    let account = exchange.account("someone");
    let (usd, btc): (Asset, Asset) = (of("USD"), of("BTC"));
    let resting = exchange.enter(account, START, order(SPOT, "buy 0.1 @ 90000"));
    let held = exchange.state(account).account.balance(usd).held;
    assert_eq!(held, cash("9054"), "0.1 * 90000 and 0.6 % of it");
    exchange.enter(account, START, order(SPOT, "buy 0.5 @ 97010 ioc"));
    let state = exchange.state(account);
    assert_eq!(state.account.balance(btc).total, cash("10.5"));
    assert_eq!(state.account.balance(usd).total, cash("51203.97"), "less 0.5 * 97010 and 0.6 % of it");
    // What was taken is taken until the level changes: one and a half are left of two.
    exchange.enter(account, START, order(SPOT, "sell 2 @ 97000 ioc"));
    let after_first = exchange.state(account).account.balance(btc).total;
    assert_eq!(after_first, cash("8.5"));
    exchange.enter(account, START, order(SPOT, "sell 1 @ 97000 ioc"));
    assert_eq!(exchange.state(account).account.balance(btc).total, after_first, "nothing is left on display");
    assert_eq!(exchange.cancel(account, START, resting.id).len(), 2, "asked for, and done");
    assert_eq!(exchange.state(account).account.balance(usd).held, Cash::ZERO);
    assert!(exchange.cancel(account, START, resting.id).is_empty(), "an order ends once");
}

/// Breaks when orders of two accounts meet, or when one sees what the other took.
#[test]
fn accounts_do_not_meet() {
    let mut exchange = exchange(listed(Venue::Coinbase));
    let (one, two) = (exchange.account("one"), exchange.account("two"));
    exchange.enter(one, START, order(SPOT, "buy 1 @ 97005"));
    let sold = exchange.enter(two, START, order(SPOT, "sell 1 @ 97000 ioc"));
    let fill = sold.events.iter().find_map(|event| match &event.outcome {
        Outcome::OrderFilled(e) => Some(e.fill.price),
        _ => None,
    });
    assert_eq!(fill, Some(of("97000")), "at the recording's bid, not the other's better one");
    assert_eq!(exchange.state(one).orders.open_count(), 1);
    // A trade through the price fills the one that rests, and nobody else.
    let events = exchange.market(START, &trade(SPOT, "96000x1", Side::Sell));
    let filled = |e: &&AccountEvent| matches!(e.outcome, Outcome::OrderFilled(_));
    assert_eq!(events.iter().filter(filled).map(|e| e.account).collect::<Vec<_>>(), [one]);
    assert_eq!(exchange.account("one"), one, "a name is one account");
}

/// Breaks when an account that is opened late does not see the market as it stands.
#[test]
fn late_accounts_see_the_market() {
    let mut exchange = exchange(listed(Venue::Coinbase));
    exchange.market(START, &book(SPOT, BookAction::Snapshot, "97000x2 96999x5", "97010x2 97011x5"));
    let late = exchange.account("late");
    let entered = exchange.enter(late, START, order(SPOT, "sell 4 @ 96999 ioc"));
    let prices: Vec<Price> = entered
        .events
        .iter()
        .filter_map(|event| match &event.outcome {
            Outcome::OrderPartiallyFilled(e) => Some(e.fill.price),
            Outcome::OrderFilled(e) => Some(e.fill.price),
            _ => None,
        })
        .collect();
    assert_eq!(prices, [of::<Price>("97000"), of("96999")]);
}

fn quote_of(input: &Input) -> (Option<Level>, Option<Level>) {
    match input {
        Input::Quote(quote) => (quote.bid, quote.ask),
        other => unreachable!("{other:?}"),
    }
}

/// Breaks when a recorded price or size reaches a venue off its rule, or rounded so that the market crosses.
#[test]
fn prices_are_put_on_the_venues_rule() {
    // Bitcoin at Hyperliquid: five significant figures, one decimal at most, integers always; five size decimals.
    let rows = [
        ("97000.12x1", "97000.13x1", "97000x1", "97001x1"),
        ("9700.16x1.234567", "9700.11x2", "9700.1x1.23456", "9700.2x2"),
        ("0.94x0.0000001", "123456.7x3", "0.9x0.00001", "123457x3"),
    ];
    for (bid, ask, shown_bid, shown_ask) in rows {
        let mut mapping = Mapping::new(Venue::Hyperliquid, &[], &[btc()]).unwrap();
        let (listing, mapped) = mapping.map(&quote("BTCUSDT.BINANCE", bid, ask)).unwrap();
        assert_eq!(quote_of(&mapped), (Some(level(shown_bid)), Some(level(shown_ask))), "{bid} {ask}");
        assert_eq!(mapping.listings()[listing].name, "BTC");
        let mut mapping = Mapping::new(Venue::Coinbase, &[], &[btc()]).unwrap();
        let (_, mapped) = mapping.map(&quote("BTCUSDT.BINANCE", "97000.12x1", "97000.13x1")).unwrap();
        assert_eq!(quote_of(&mapped), (Some(level("97000.12x1")), Some(level("97000.13x1"))));
    }
}

/// Breaks when levels that fall together are not added up, or one that is gone stays on display.
#[test]
fn levels_that_fall_together_are_added() {
    let id = "BTCUSDT.BINANCE";
    let mut mapping = Mapping::new(Venue::Hyperliquid, &[], &[btc()]).unwrap();
    let rows = [
        (BookAction::Snapshot, "97000.7x1 97000.2x2 96999.9x4", "97001.1x1", "96999x4 97000x3", "97002x1"),
        (BookAction::Update, "97000.2x0", "97001.1x0 97001.9x2", "97000x1", "97002x2"),
        (BookAction::Update, "97000.7x0 97000.9x5", "", "97000x5", ""),
        (BookAction::Update, "97000.9x0", "", "97000x0", ""),
    ];
    for (action, bids, asks, shown_bids, shown_asks) in rows {
        let (_, mapped) = mapping.map(&book(id, action, bids, asks)).unwrap();
        let Input::Book(mapped) = mapped else { unreachable!("a book stays one") };
        let text = |levels: &[Level]| {
            let texts: Vec<String> =
                levels.iter().map(|level| format!("{}x{}", level.price, level.qty)).collect();
            texts.join(" ")
        };
        assert_eq!((text(&mapped.bids), text(&mapped.asks)), (shown_bids.to_owned(), shown_asks.to_owned()));
    }
}

/// Breaks when instruments get other names than they were told, or two get the same.
#[test]
fn instruments_get_their_names() {
    let sources = [
        btc(),
        instrument("BTC-USD.COINBASE", "BTC", "USD"),
        instrument("ETHBTC.BINANCE", "ETH", "BTC"),
        Instrument { quote_source: QuoteSource::Book, ..instrument("SOL-PERP.HYPERLIQUID", "SOL", "USDC") },
    ];
    let names = |venue, rules: &[&str]| -> Vec<String> {
        let rules: Vec<_> = rules.iter().map(|rule| of(rule)).collect();
        let mapping = Mapping::new(venue, &rules, &sources).unwrap();
        mapping.listings().iter().map(|l| format!("{}={}", l.source, l.name)).collect()
    };
    let usual = ["BTC-USD.COINBASE=BTC-USD", "ETHBTC.BINANCE=ETH-BTC", "SOL-PERP.HYPERLIQUID=SOL-USD"];
    assert_eq!(names(Venue::Coinbase, &[]), usual, "the venue's own recording of a product wins");
    assert_eq!(names(Venue::Hyperliquid, &[]), ["SOL-PERP.HYPERLIQUID=SOL", "BTCUSDT.BINANCE=BTC"]);
    let told = names(Venue::Coinbase, &["BTCUSDT.BINANCE=BTC-USD", "SOL-PERP.HYPERLIQUID=DOGE-USD"]);
    assert_eq!(told[..2], ["BTCUSDT.BINANCE=BTC-USD", "SOL-PERP.HYPERLIQUID=DOGE-USD"]);
    let wrong = [
        (vec!["NONE.BINANCE=BTC-USD"], "the recording has no such instrument; it has BTCUSDT.BINANCE"),
        (vec!["BTCUSDT.BINANCE=A-USD", "ETHBTC.BINANCE=A-USD"], "BTCUSDT.BINANCE has that name already"),
    ];
    for (rules, expected) in wrong {
        let rules: Vec<_> = rules.iter().map(|rule| of(rule)).collect();
        let said = Mapping::new(Venue::Coinbase, &rules, &sources).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
    for rule in ["BTC", "A=B", "BTCUSDT=BTC-USD"] {
        assert!(rule.parse::<reprise_venue_sim::MapRule>().is_err(), "{rule}");
    }
}

/// Breaks when a recording is played at another speed than told, out of order, or backwards when it begins again.
#[test]
fn recordings_are_played_again_without_going_back() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let events = busy();
    record(&run, vec![btc()], &events);
    for (speed, looped) in [("1", false), ("10", true), ("0.5", false)] {
        let factor: f64 = of(speed);
        let speed: Speed = of(speed);
        let (mut player, instruments) = Player::open(&run, speed, looped).unwrap();
        assert_eq!(instruments, [btc()]);
        let began = Ts(5_000_000_000);
        player.begin(began);
        assert_eq!(player.next_due(), Some(began));
        assert!(player.next_event(Ts(began.0 - 1)).is_none(), "nothing before its time");
        let mut played = Vec::new();
        let many = if looped { 3 * events.len() } else { events.len() + 1 };
        while played.len() < many {
            let Some((ts, input)) = player.next_event(Ts::NEVER) else { break };
            assert!(played.last().is_none_or(|(last, _)| *last <= ts), "time runs back");
            played.push((ts, input));
        }
        let expected = if looped { 3 * events.len() } else { events.len() };
        assert_eq!(played.len(), expected);
        for (n, (ms, input)) in events.iter().enumerate() {
            let after = (*ms as f64 * 1e6 / factor) as u64;
            assert_eq!(&played[n], &(began.plus_ns(after), input.clone()), "event {n} at {factor}");
            assert!(!looped || played[events.len() + n].1 == *input, "the second pass is the first again");
        }
    }
}

/// Breaks when something is played that no market showed.
#[test]
fn recordings_without_a_market_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    record(&run, vec![btc()], &[]);
    let said = Player::open(&run, Speed::REAL, false).unwrap_err().to_string();
    assert!(said.contains("holds no market events"), "{said}");
    assert!(Player::open(&folder.path().join("none"), Speed::REAL, false).is_err());
}

/// Breaks when hours of play make an account larger, or slow.
#[test]
fn a_long_session_stays_small() {
    let mut exchange = exchange(listed(Venue::Coinbase));
    let account = exchange.account("someone");
    for n in 0..3_000_u64 {
        let ts = START.plus_ns(n * 1_000_000);
        exchange.market(ts, &quote(SPOT, &format!("97000x{}", 1 + n % 3), &format!("97010x{}", 1 + n % 3)));
        let side = if n % 2 == 0 { "buy 0.01 @ 97010 ioc" } else { "sell 0.01 @ 97000 ioc" };
        assert_eq!(refusal(&exchange.enter(account, ts, order(SPOT, side)).events), None, "order {n}");
        let resting = exchange.enter(account, ts, order(SPOT, "buy 0.01 @ 90000"));
        exchange.cancel(account, ts, resting.id);
    }
    let state = exchange.state(account);
    assert_eq!(state.orders.open_count(), 0);
    assert_eq!(state.account.balance(of("BTC")).total, cash("10"));
    assert_eq!(state.positions.iter().count(), 1);
    assert_eq!(state.positions.net(state.markets.find(&of(SPOT)).unwrap()), Qty::ZERO);
    assert!(state.canonical().len() < 200_000, "{} bytes", state.canonical().len());
}

//! Tests as scripts: lines that say what happens, each followed by `>` lines that say what must come of it.
//!
//! ```text
//! q 100x5 101x3              a quote; - for an empty side
//! t 100x2 sell               a trade and its aggressor, if it is known; `historical` for an old one
//! snap bids 99x5 asks 101x1  a book; `upd` for an update
//! bar 100 110 90 105         a minute bar: open, high, low, close, at the next full minute
//! mark 100   fund 0.01       a mark price; a funding interval's end
//! wait 5                     five milliseconds pass; `clock` tells the engine
//! buy 2                      an order at market; @P limits it, stop=P, ioc, fok, gtd=MS, post, reduce, tp=P,
//!                            sl=P, oco=N, by=STRATEGY, at=INSTRUMENT
//! cancel 1   replace 1 qty=2 price=3 stop=4
//! ack 1   fill 1 2@100 E1   refuse 1 new   end 1   took 1 qty=3   expire 1   silence 1 cancel
//!                            what a venue reports
//! ```

use reprise_core::Decided;
use reprise_model::event::{
    Bar, Book, BookAction, ClockAdvanced, Fill, Funding, Level, Mark, NewTerms, Quote, ReportAccepted,
    ReportCanceled, ReportExpired, ReportFilled, ReportRejected, ReportReplaced, ReportUnanswered, Trade,
};
use reprise_model::{
    Cash, FeeAsset, GroupRole, Input, InstrumentClass, Label, Liquidity, NewOrder, OrderGroup, OrderId,
    OrderOrigin, OrderType, Outcome, Price, Qty, QuoteSource, RequestOf, Side, TimeInForce, Ts,
};

use crate::bench::{Act, Bench, START, Setup, instrument, market_order};

/// A script and what it is about.
pub struct Row {
    pub name: &'static str,
    /// Words that change the instrument, and `key=value` pairs of the paper venue's settings.
    pub setup: &'static str,
    pub script: &'static str,
}

/// Runs every row and says of all that fail what came instead.
pub fn check(rows: &[Row]) {
    let failures: Vec<String> = rows.iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{} of {} rows fail\n{}", failures.len(), rows.len(), failures.join("\n"));
}

fn failure(row: &Row) -> Option<String> {
    let setup = read_setup(row.setup);
    let reports = setup.paper.is_none();
    run(row, Bench::new(&setup), reports)
}

/// Runs a row on a bench; what came of it instead, when it fails.
pub fn run(row: &Row, mut bench: Bench, reports: bool) -> Option<String> {
    let (mut got, mut wanted) = (String::new(), String::new());
    for line in row.script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        wanted.push_str(line);
        wanted.push('\n');
        if line.starts_with('>') {
            continue;
        }
        got.push_str(line);
        got.push('\n');
        for decided in play(&mut bench, line) {
            if let Some(text) = told(&decided.outcome, reports) {
                got.push_str(&format!("> {text}\n"));
            }
        }
    }
    (got != wanted).then(|| format!("--- {}\nwanted:\n{wanted}got:\n{got}", row.name))
}

/// Reads `perp book bars fees=M/T base_fee tick=T lot=L min=N mm=R cash=N reports`, and settings of the venue.
fn read_setup(text: &str) -> Setup {
    let mut setup = Setup::default();
    let mut toml = String::new();
    let definition = &mut setup.instruments[0];
    let mut reports = false;
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "perp" => definition.class = InstrumentClass::Perpetual,
            "book" => definition.quote_source = QuoteSource::Book,
            "bars" => definition.quote_source = QuoteSource::Bars,
            "base_fee" => definition.fee_asset = FeeAsset::BaseOnBuy,
            "reports" => reports = true,
            "fees" => {
                let (maker, taker) = value.split_once('/').unwrap();
                (definition.maker_fee, definition.taker_fee) =
                    (maker.parse().unwrap(), taker.parse().unwrap());
            }
            "tick" => definition.tick = value.parse().unwrap(),
            "lot" => definition.lot = value.parse().unwrap(),
            "min" => definition.min_notional = value.parse().unwrap(),
            "mm" => definition.maintenance_margin = Some(value.parse().unwrap()),
            "cash" => setup.cash = value.parse().unwrap(),
            "second" => {
                let mut second = instrument("ETH-USD.X");
                second.base = "ETH".parse().unwrap();
                second.class = definition.class;
                setup.instruments.push(second);
                return Setup { paper: read_paper(&toml, reports), ..setup };
            }
            _ => toml.push_str(&format!("{word}\n")),
        }
    }
    Setup { paper: read_paper(&toml, reports), ..setup }
}

fn read_paper(text: &str, reports: bool) -> Option<reprise_execution::PaperSettings> {
    (!reports).then(|| toml::from_str(text).unwrap())
}

fn play(bench: &mut Bench, line: &str) -> Vec<Decided> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[0] {
        "wait" => {
            bench.now = bench.now.plus_ns(words[1].parse::<u64>().unwrap() * 1_000_000);
            Vec::new()
        }
        "buy" | "sell" => {
            let act = Act::Order(order(&words, bench.now));
            bench.act(act).to_vec()
        }
        "cancel" => bench.act(Act::Cancel(words[1].parse().unwrap())).to_vec(),
        "replace" => bench.act(Act::Replace(words[1].parse().unwrap(), new_terms(&words[2..]))).to_vec(),
        "bar" => {
            let minutes = bench.now.since(START) / 60_000_000_000 + 1;
            bench.now = START.plus_ns(minutes * 60_000_000_000);
            bench.step(&input(&words)).to_vec()
        }
        _ => bench.step(&input(&words)).to_vec(),
    }
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn level(text: &str) -> Option<Level> {
    let (price, qty) = text.split_once('x')?;
    Some(Level { price: price.parse().unwrap(), qty: qty.parse().unwrap() })
}

fn id(text: &str) -> OrderId {
    OrderId { epoch: 0, n: text.parse().unwrap() }
}

fn input(words: &[&str]) -> Input {
    let named = words.iter().find_map(|word| word.strip_prefix("at="));
    let instrument = named.unwrap_or("BTC-USD.X").parse().unwrap();
    match words[0] {
        "clock" => ClockAdvanced {}.into(),
        "q" => {
            Quote { instrument, bid: level(words[1]), ask: level(words[2]), venue_ts: None, conflated: None }
                .into()
        }
        "t" => {
            let Level { price, qty } = level(words[1]).unwrap();
            let side = words[2..].iter().find_map(|word| word.parse::<Side>().ok());
            let historical = words.contains(&"historical");
            Trade { instrument, price, qty, side, trade_id: None, historical, venue_ts: None }.into()
        }
        "snap" | "upd" => {
            let action = if words[0] == "snap" { BookAction::Snapshot } else { BookAction::Update };
            let asks_at = words.iter().position(|&word| word == "asks").unwrap_or(words.len());
            let levels = |words: &[&str]| words.iter().filter_map(|word| level(word)).collect();
            let (bids, asks) = (levels(&words[1..asks_at]), levels(&words[asks_at..]));
            Book { instrument, action, bids, asks, venue_ts: None, conflated: None }.into()
        }
        "bar" => {
            let [open, high, low, close] = [1, 2, 3, 4].map(|at| price(words[at]));
            Bar { instrument, interval_ns: 60_000_000_000, open, high, low, close, volume: Qty::ONE }.into()
        }
        "mark" => Mark { instrument, mark: Some(price(words[1])), oracle: None, venue_ts: None }.into(),
        "fund" => {
            let rate = words[1].parse().unwrap();
            Funding { instrument, rate, oracle: None, venue_ts: None }.into()
        }
        _ => report(words),
    }
}

fn report(words: &[&str]) -> Input {
    let order = id(words[1]);
    let request = words.get(2).and_then(|word| word.parse::<RequestOf>().ok()).unwrap_or(RequestOf::New);
    match words[0] {
        "ack" => ReportAccepted { order, venue_order_id: None, venue_ts: None }.into(),
        "fill" => {
            let (qty, price) = words[2].split_once('@').unwrap();
            ReportFilled {
                order,
                exec_id: Label::new(words[3]).unwrap(),
                qty: qty.parse().unwrap(),
                price: price.parse().unwrap(),
                fee: Cash::ZERO,
                fee_asset: "USD".parse().unwrap(),
                liquidity: Liquidity::Taker,
                venue_ts: None,
            }
            .into()
        }
        "refuse" => ReportRejected { order, request, reason: "no".to_owned() }.into(),
        "end" => ReportCanceled { order, reason: None }.into(),
        "took" => {
            let NewTerms { qty, price, stop_price } = new_terms(&words[2..]);
            ReportReplaced { order, qty, price, stop_price }.into()
        }
        "expire" => ReportExpired { order }.into(),
        "silence" => ReportUnanswered { order, request, reason: "timeout".to_owned() }.into(),
        word => panic!("the script says '{word}', which is not known"),
    }
}

fn new_terms(words: &[&str]) -> NewTerms {
    let mut terms = NewTerms { qty: None, price: None, stop_price: None };
    for word in words {
        match word.split_once('=').unwrap() {
            ("qty", qty) => terms.qty = Some(qty.parse().unwrap()),
            ("price", text) => terms.price = Some(price(text)),
            ("stop", text) => terms.stop_price = Some(price(text)),
            (key, _) => panic!("no term is called '{key}'"),
        }
    }
    terms
}

fn order(words: &[&str], now: Ts) -> NewOrder {
    let mut terms = market_order(words[0].parse().unwrap(), words[1].parse().unwrap());
    for word in &words[2..] {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "stop" => terms.stop_price = Some(price(value)),
            "ioc" | "fok" => terms.time_in_force = key.parse().unwrap(),
            "gtd" => {
                terms.time_in_force = TimeInForce::Gtd;
                terms.expire_ts = Some(now.plus_ns(value.parse::<u64>().unwrap() * 1_000_000));
            }
            "post" => terms.post_only = true,
            "reduce" => terms.reduce_only = true,
            "tp" => terms.take_profit = Some(price(value)),
            "sl" => terms.stop_loss = Some(price(value)),
            "oco" => terms.group = Some(OrderGroup { id: value.parse().unwrap(), role: GroupRole::Oco }),
            "by" => terms.strategy = value.parse().unwrap(),
            "at" => terms.instrument = value.parse().unwrap(),
            "intent" => terms.intent = value.parse().unwrap(),
            _ => terms.price = Some(price(key.strip_prefix('@').unwrap())),
        }
    }
    terms.order_type = match (terms.price, terms.stop_price) {
        (None, None) => OrderType::Market,
        (Some(_), None) => OrderType::Limit,
        (None, Some(_)) => OrderType::Stop,
        (Some(_), Some(_)) => OrderType::StopLimit,
    };
    terms
}

/// An outcome as a script writes it; `None` for those that scripts leave out.
pub fn told(outcome: &Outcome, requests: bool) -> Option<String> {
    Some(match outcome {
        Outcome::OrderAccepted(e) => match &e.adopted {
            Some(terms) => format!("adopted {} {} {} {}", e.order.n, terms.strategy, terms.side, terms.qty),
            None => format!("accepted {}", e.order.n),
        },
        Outcome::OrderFilled(e) => format!("filled {}", fill(&e.fill)),
        Outcome::OrderPartiallyFilled(e) => format!("part {} left {}", fill(&e.fill), e.fill.leaves_qty),
        Outcome::OrderCanceled(e) => format!("canceled {} {} {}", e.order.n, e.reason, e.leaves_qty),
        Outcome::OrderRejected(e) => format!("rejected {} {} {}", e.order.n, e.request, e.refusal.rule),
        Outcome::OrderDenied(e) => format!("denied {} {} {}", e.order.n, e.request, e.refusal.rule),
        Outcome::OrderReplaced(e) => format!("replaced {}", e.order.n),
        Outcome::OrderExpired(e) => format!("expired {} {}", e.order.n, e.leaves_qty),
        Outcome::OrderUnknown(e) => format!("unknown {}", e.order.n),
        Outcome::OrderRequested(e) if e.terms.origin == OrderOrigin::Bracket => {
            let terms = &e.terms;
            let (word, price) = match terms.stop_price {
                Some(stop) => ("stop", stop),
                None => ("limit", terms.price.unwrap()),
            };
            let group = terms.group.unwrap();
            assert!(terms.reduce_only, "an exit must not turn the position");
            format!("exit {} {} {} {word} {price} of {}", e.order.n, terms.side, terms.qty, group.id)
        }
        Outcome::OrderCancelSubmitted(e) if requests => format!("asked to cancel {} {}", e.order.n, e.reason),
        Outcome::OrderReplaceSubmitted(e) if requests => {
            format!("asked to replace {} qty {}", e.order.n, e.terms.qty.unwrap_or_default())
        }
        _ => return None,
    })
}

fn fill(fill: &Fill) -> String {
    let fee =
        if fill.fee.is_zero() { String::new() } else { format!(" fee {} {}", fill.fee, fill.fee_asset) };
    format!("{} {}@{} {}{fee}", fill.order.n, fill.qty, fill.price, fill.liquidity)
}

//! A strategy that does what a script says, so that a case can order anything at any moment.
//!
//! One line of the script is a moment and what is asked for then, separated by `;`:
//!
//! ```text
//! 3: buy 2 limit 100.5 post; sell 1 stop 95 limit 94 gtd 5000
//! 5: replace #1 price 100 qty 3; cancel #2
//! timer 7: cancel all
//! filled #1: oco sell 2 limit 110 / sell 2 stop 90
//! ```
//!
//! A plain number is the instance's n-th quote or bar from a source, `timer K` a wake-up with the key K, `filled
//! #N` the moment at which its N-th order was filled whole. `#N` counts the orders in the order in which the
//! instance asked for them. An order is `buy|sell SIZE` and any of `market`, `limit P`, `stop P` (both make a
//! stop-limit), `ioc`, `fok`, `gtd MS` (from now on), `post`, `reduce`, `tp P`, `sl P`, `@N` (the N-th instrument
//! of the instance, from 1). A size `=A` is in quote units. `wake MS K` asks for a wake-up.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::{FromStr, SplitWhitespace};

use reprise_assembly::Registry;
use reprise_strategies::{
    Bar, BarOrigin, InstrumentIx, NewTerms, OrderId, OrderIntent, OrderType, OwnFill, ParamError, Price,
    RestoreError, Saved, Side, Size, Strategy, StrategyContext, TimeInForce, params,
};

params! {
    /// Parameters of `scripted`.
    pub struct ScriptParams {
        /// What to ask for, and when.
        pub script: String = String::new(),
    }
}

/// The registry under which cases run: the built-in kinds and `scripted`.
pub fn registry() -> Registry {
    let mut registry = Registry::builtin();
    registry.register("scripted", "Does what its script says, when it says it.", Scripted::new).unwrap();
    registry
}

/// When something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Event(u64),
    Timer(u64),
    Filled(usize),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Order(Wanted),
    Oco(Box<(Wanted, Wanted)>),
    Replace(usize, NewTerms),
    Cancel(usize),
    CancelAll,
    Wake { after_ms: u64, key: u64 },
}

/// An order as the script wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// Its instrument among those of the instance.
    at: usize,
    side: Side,
    size: Size,
    limit: Option<Price>,
    stop: Option<Price>,
    time_in_force: Option<TimeInForce>,
    gtd_ms: Option<u64>,
    post_only: bool,
    reduce_only: bool,
    take_profit: Option<Price>,
    stop_loss: Option<Price>,
}

struct Scripted {
    actions: BTreeMap<Moment, Vec<Action>>,
    events: u64,
    orders: Vec<OrderId>,
}

impl Scripted {
    fn new(params: ScriptParams) -> Result<Self, ParamError> {
        let parsed: Result<BTreeMap<_, _>, String> =
            params.script.lines().map(str::trim).filter(|line| !line.is_empty()).map(parse_line).collect();
        match parsed {
            Ok(actions) => Ok(Self { actions, events: 0, orders: Vec::new() }),
            Err(fault) => Err(ParamError::value("script", fault, "lines of 'MOMENT: ACTION; ACTION'")),
        }
    }

    fn act(&mut self, moment: Moment, cx: &mut StrategyContext<'_>) {
        for action in self.actions.get(&moment).cloned().unwrap_or_default() {
            match action {
                Action::Order(wanted) => self.orders.push(cx.submit(wanted.intent(cx))),
                Action::Oco(both) => {
                    let (one, other) = cx.oco(both.0.intent(cx), both.1.intent(cx));
                    self.orders.extend([one, other]);
                }
                Action::Replace(n, terms) => {
                    if let Some(&order) = self.orders.get(n - 1) {
                        cx.replace(order, terms);
                    }
                }
                Action::Cancel(n) => {
                    if let Some(&order) = self.orders.get(n - 1) {
                        cx.cancel(order);
                    }
                }
                Action::CancelAll => cx.cancel_all(),
                Action::Wake { after_ms, key } => cx.wake_after(after_ms * 1_000_000, key),
            }
        }
    }

    fn next_event(&mut self, cx: &mut StrategyContext<'_>) {
        self.events += 1;
        self.act(Moment::Event(self.events), cx);
    }
}

impl Strategy for Scripted {
    fn on_quote(&mut self, _ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        self.next_event(cx);
    }

    fn on_bar(&mut self, _ix: InstrumentIx, _bar: &Bar, _origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        self.next_event(cx);
    }

    fn on_timer(&mut self, key: u64, cx: &mut StrategyContext<'_>) {
        self.act(Moment::Timer(key), cx);
    }

    fn on_fill(&mut self, fill: &OwnFill<'_>, cx: &mut StrategyContext<'_>) {
        if let Some(at) = self.orders.iter().position(|&id| fill.is_last && id == fill.order.id) {
            self.act(Moment::Filled(at + 1), cx);
        }
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&(self.events, &self.orders))
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        (self.events, self.orders) = saved.read()?;
        Ok(())
    }
}

impl Wanted {
    fn intent(&self, cx: &StrategyContext<'_>) -> OrderIntent {
        let ix = cx.instruments()[self.at];
        let order_type = match (self.limit, self.stop) {
            (None, None) => OrderType::Market,
            (Some(_), None) => OrderType::Limit,
            (None, Some(_)) => OrderType::Stop,
            (Some(_), Some(_)) => OrderType::StopLimit,
        };
        let usual = if order_type == OrderType::Market { TimeInForce::Ioc } else { TimeInForce::Gtc };
        OrderIntent {
            order_type,
            time_in_force: self.time_in_force.unwrap_or(usual),
            price: self.limit,
            stop_price: self.stop,
            expire_ts: self.gtd_ms.map(|ms| cx.now().plus_ns(ms * 1_000_000)),
            post_only: self.post_only,
            reduce_only: self.reduce_only,
            take_profit: self.take_profit,
            stop_loss: self.stop_loss,
            ..OrderIntent::market(ix, self.side, self.size)
        }
    }
}

fn parse_line(line: &str) -> Result<(Moment, Vec<Action>), String> {
    let (moment, actions) = line.split_once(':').ok_or_else(|| format!("'{line}' has no moment"))?;
    let mut words = moment.split_whitespace();
    let moment = match words.next() {
        Some("timer") => Moment::Timer(word(&mut words)?),
        Some("filled") => Moment::Filled(order_number(&mut words)?),
        Some(number) => Moment::Event(read(number)?),
        None => return Err(format!("'{line}' has no moment")),
    };
    let actions = actions.split(';').map(parse_action).collect::<Result<_, _>>()?;
    Ok((moment, actions))
}

fn parse_action(text: &str) -> Result<Action, String> {
    let mut words = text.split_whitespace();
    match words.next() {
        Some("oco") => {
            let (one, other) = text.split_once('/').ok_or_else(|| format!("'{text}' has no '/'"))?;
            let one = one.trim().trim_start_matches("oco");
            Ok(Action::Oco(Box::new((parse_order(one)?, parse_order(other)?))))
        }
        Some("replace") => {
            let n = order_number(&mut words)?;
            let mut terms = NewTerms { qty: None, price: None, stop_price: None };
            while let Some(key) = words.next() {
                match key {
                    "qty" => terms.qty = Some(word(&mut words)?),
                    "price" => terms.price = Some(word(&mut words)?),
                    "stop" => terms.stop_price = Some(word(&mut words)?),
                    _ => return Err(format!("'{key}' in '{text}'")),
                }
            }
            Ok(Action::Replace(n, terms))
        }
        Some("cancel") if text.trim().ends_with("all") => Ok(Action::CancelAll),
        Some("cancel") => Ok(Action::Cancel(order_number(&mut words)?)),
        Some("wake") => Ok(Action::Wake { after_ms: word(&mut words)?, key: word(&mut words)? }),
        _ => parse_order(text).map(Action::Order),
    }
}

fn parse_order(text: &str) -> Result<Wanted, String> {
    let mut words = text.split_whitespace();
    let side = word(&mut words)?;
    let size: String = word(&mut words)?;
    let size = match size.strip_prefix('=') {
        Some(amount) => Size::Quote(read(amount)?),
        None => Size::Base(read(&size)?),
    };
    let mut wanted = Wanted {
        at: 0,
        side,
        size,
        limit: None,
        stop: None,
        time_in_force: None,
        gtd_ms: None,
        post_only: false,
        reduce_only: false,
        take_profit: None,
        stop_loss: None,
    };
    while let Some(key) = words.next() {
        match key {
            "market" => {}
            "limit" => wanted.limit = Some(word(&mut words)?),
            "stop" => wanted.stop = Some(word(&mut words)?),
            "gtc" | "ioc" | "fok" => wanted.time_in_force = Some(read(key)?),
            "gtd" => {
                wanted.time_in_force = Some(TimeInForce::Gtd);
                wanted.gtd_ms = Some(word(&mut words)?);
            }
            "post" => wanted.post_only = true,
            "reduce" => wanted.reduce_only = true,
            "tp" => wanted.take_profit = Some(word(&mut words)?),
            "sl" => wanted.stop_loss = Some(word(&mut words)?),
            at => match at.strip_prefix('@') {
                Some(n) => wanted.at = read::<usize>(n)? - 1,
                None => return Err(format!("'{key}' in '{text}'")),
            },
        }
    }
    Ok(wanted)
}

fn order_number(words: &mut SplitWhitespace<'_>) -> Result<usize, String> {
    read(word::<String>(words)?.trim_start_matches('#'))
}

fn word<T: FromStr>(words: &mut SplitWhitespace<'_>) -> Result<T, String>
where
    T::Err: Display,
{
    read(words.next().ok_or("a word is missing")?)
}

fn read<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: Display,
{
    text.parse().map_err(|error| format!("'{text}': {error}"))
}

/// Breaks when a misspelt script is taken for one that asks for nothing.
#[test]
fn scripts_are_read_whole() {
    let rows = [
        ("", Ok(0)),
        ("1: buy 1 market\n 2: cancel #1; cancel all", Ok(2)),
        ("timer 3: oco sell 1 limit 2 / sell 1 stop 1 limit 1 gtd 5\nfilled #1: wake 5 7", Ok(2)),
        ("4: replace #1 price 3 qty 2 stop 1; buy =200 limit 3 post reduce ioc tp 4 sl 1 @2", Ok(1)),
        ("buy 1 market", Err("no moment")),
        ("1: buy", Err("a word is missing")),
        ("1: buy one market", Err("'one'")),
        ("1: buy 1 sideways", Err("'sideways'")),
        ("1: replace #1 colour 3", Err("'colour'")),
    ];
    for (script, expected) in rows {
        let read = Scripted::new(ScriptParams { script: script.to_owned() });
        match (read, expected) {
            (Ok(scripted), Ok(moments)) => assert_eq!(scripted.actions.len(), moments, "{script}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{script}: {error}"),
            (read, _) => panic!("{script}: {:?}", read.map(|scripted| scripted.actions)),
        }
    }
}

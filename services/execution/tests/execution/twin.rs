//! The naive twin of the matching: everything is computed anew from the whole history at every event, in plain
//! integers, without any of the venue's structures. The two must say the same.

use std::collections::BTreeMap;

use reprise_execution::{Depth, QueueModel};
use reprise_model::{Side, TimeInForce};

/// A level: price and size.
pub type Level = (i64, i64);

/// What an order asks for.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub side: Side,
    pub qty: i64,
    pub limit: Option<i64>,
    pub stop: Option<i64>,
    pub time_in_force: TimeInForce,
    pub post_only: bool,
    pub reduce_only: bool,
}

/// An event of a random stream.
#[derive(Debug, Clone)]
pub enum Event {
    Quote { bid: Option<Level>, ask: Option<Level> },
    Book { snapshot: bool, bids: Vec<Level>, asks: Vec<Level> },
    Trade { price: i64, qty: i64, aggressor: Option<Side>, historical: bool },
    Order(Terms),
    Cancel(usize),
    Replace { order: usize, qty: Option<i64>, limit: Option<i64> },
}

/// How the twin plays.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub depth: Depth,
    pub model: QueueModel,
    pub window_ms: u64,
    pub quotes_from_book: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Stop,
    Rests,
    Over,
}

#[derive(Debug, Clone)]
struct Order {
    terms: Terms,
    cum: i64,
    life: Life,
    /// The event at which it joined its queue, and how many had joined any queue before.
    joined: (usize, usize),
}

impl Order {
    fn leaves(&self) -> i64 {
        self.terms.qty - self.cum
    }
}

/// An execution of our own.
#[derive(Debug, Clone, Copy)]
struct Execution {
    event: usize,
    order: usize,
    qty: i64,
    /// The place in the queue of the order that had it, when it rested.
    joined: usize,
}

/// Size that our own orders took from a level.
#[derive(Debug, Clone, Copy)]
struct Take {
    event: usize,
    side: Side,
    price: i64,
    qty: i64,
}

pub struct Twin {
    rules: Rules,
    history: Vec<(u64, Event)>,
    orders: Vec<Order>,
    executions: Vec<Execution>,
    takes: Vec<Take>,
    joins: usize,
    told: Vec<String>,
}

/// What the market shows.
#[derive(Debug, Clone, Default)]
struct View {
    top: [Option<Level>; 2],
    book: [BTreeMap<i64, i64>; 2],
    last: Option<i64>,
}

fn at(side: Side) -> usize {
    usize::from(side == Side::Sell)
}

/// The price as a rank: the smaller, the earlier an order of the side at it trades.
fn rank(side: Side, price: i64) -> i64 {
    if side == Side::Buy { -price } else { price }
}

/// True when an order of a side limited to `limit` may trade at `price`.
fn allows(side: Side, limit: i64, price: i64) -> bool {
    rank(side, limit) <= rank(side, price)
}

impl Twin {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            history: Vec::new(),
            orders: Vec::new(),
            executions: Vec::new(),
            takes: Vec::new(),
            joins: 0,
            told: Vec::new(),
        }
    }

    fn now(&self) -> usize {
        self.history.len() - 1
    }

    /// The market after an event, from the first event on.
    fn view(&self, upto: usize) -> View {
        let mut view = View::default();
        for (_, event) in &self.history[..=upto] {
            match event {
                Event::Quote { bid, ask } => view.top = [*bid, *ask],
                Event::Book { snapshot, bids, asks } => {
                    if *snapshot {
                        view.book = Default::default();
                    }
                    for (book, levels) in view.book.iter_mut().zip([bids, asks]) {
                        for &(price, qty) in levels {
                            book.insert(price, qty);
                        }
                        book.retain(|_, qty| *qty > 0);
                    }
                    if self.rules.quotes_from_book {
                        let best = |side: Side, book: &BTreeMap<i64, i64>| {
                            book.iter().map(|(&p, &q)| (p, q)).min_by_key(|&(p, _)| rank(side, p))
                        };
                        view.top = [best(Side::Buy, &view.book[0]), best(Side::Sell, &view.book[1])];
                    }
                }
                Event::Trade { price, historical: false, .. } => view.last = Some(*price),
                _ => {}
            }
        }
        view
    }

    /// What is shown at a price after an event; `None` out of the data's reach.
    fn shown(&self, upto: usize, side: Side, price: i64) -> Option<i64> {
        let view = self.view(upto);
        let Some((top, qty)) = view.top[at(side)] else { return Some(0) };
        if rank(side, price) <= rank(side, top) {
            return Some(if price == top { qty } else { 0 });
        }
        let book = &view.book[at(side)];
        let beyond = book.keys().any(|&level| rank(side, level) > rank(side, price));
        book.get(&price).copied().or(beyond.then_some(0))
    }

    /// The levels an order of a side can trade with, best first, with what is left of them.
    fn levels(&self, side: Side) -> Vec<Level> {
        let other = side.opposite();
        let view = self.view(self.now());
        let Some(top) = view.top[at(other)] else { return Vec::new() };
        let deeper = view.book[at(other)].iter().map(|(&p, &q)| (p, q));
        let mut levels: Vec<Level> = deeper.filter(|&(p, _)| rank(other, p) > rank(other, top.0)).collect();
        levels.push(top);
        levels.sort_by_key(|&(p, _)| rank(other, p));
        levels.iter().map(|&(price, qty)| (price, (qty - self.taken(other, price)).max(0))).collect()
    }

    /// What was taken from a level since it last changed.
    fn taken(&self, side: Side, price: i64) -> i64 {
        let shown = |event: usize| self.shown(event, side, price);
        let unchanged_from =
            (0..=self.now()).rev().take_while(|&event| shown(event) == shown(self.now())).last().unwrap();
        let mine = self.takes.iter().filter(|t| t.side == side && t.price == price);
        mine.filter(|t| t.event >= unchanged_from).map(|t| t.qty).sum()
    }

    fn net(&self) -> i64 {
        let signed = |e: &Execution| match self.orders[e.order].terms.side {
            Side::Buy => e.qty,
            Side::Sell => -e.qty,
        };
        self.executions.iter().map(signed).sum()
    }

    /// How much a reduce-only order may trade now; all for any other.
    fn bound(&self, order: usize) -> i64 {
        let terms = self.orders[order].terms;
        match (terms.reduce_only, terms.side) {
            (false, _) => i64::MAX,
            (true, Side::Buy) => (-self.net()).max(0),
            (true, Side::Sell) => self.net().max(0),
        }
    }

    /// What stands in front of a resting order after an event, and how much of a trade at that event reached
    /// it: the whole story since it joined, told again.
    fn queue(&self, order: usize, upto: usize) -> (Option<i64>, i64) {
        let Order { terms, joined: (from, place), .. } = self.orders[order];
        let (side, price) = (terms.side, terms.limit.unwrap());
        let mut seen = self.shown(from, side, price);
        let mut ahead = seen;
        if ahead.is_none() && self.rules.model == QueueModel::Optimistic {
            ahead = Some(0);
        }
        let mut reached = 0;
        // Volumes that wait for their other half: when, how much, and what it has moved the order already.
        let (mut shrinks, mut trades): (Vec<[i64; 3]>, Vec<[i64; 3]>) = (Vec::new(), Vec::new());
        for event in from + 1..=upto {
            let now = i64::try_from(self.history[event].0).unwrap();
            let window = i64::try_from(self.rules.window_ms).unwrap();
            shrinks.retain(|half| now - half[0] <= window);
            trades.retain(|half| now - half[0] <= window);
            reached = 0;
            match &self.history[event].1 {
                Event::Quote { .. } | Event::Book { .. } => {
                    let Some(shown) = self.shown(event, side, price) else { continue };
                    let before = seen.replace(shown);
                    let (Some(front), Some(before)) = (ahead, before) else {
                        ahead = ahead.or(Some(shown));
                        continue;
                    };
                    if shown >= before {
                        continue;
                    }
                    let mut cause_unknown = before - shown;
                    for half in &mut trades {
                        let met = half[1].min(cause_unknown);
                        half[1] -= met;
                        cause_unknown -= met;
                    }
                    let moved = match self.rules.model {
                        QueueModel::Pessimistic => 0,
                        QueueModel::Proportional => cause_unknown * front.min(before) / before,
                        QueueModel::Optimistic => cause_unknown,
                    };
                    let after = (front - moved).max(0).min(shown);
                    ahead = Some(after);
                    shrinks.push([now, cause_unknown, front - after]);
                }
                Event::Trade { price: at_price, qty, aggressor, historical: false } => {
                    if *at_price != price || *aggressor == Some(side) {
                        continue;
                    }
                    let Some(front) = ahead else { continue };
                    let earlier = self.executions.iter().filter(|e| e.event == event && e.joined < place);
                    let before_us: i64 = earlier
                        .filter(|e| self.orders[e.order].terms.limit == Some(price))
                        .filter(|e| self.orders[e.order].terms.side == side)
                        .map(|e| e.qty)
                        .sum();
                    let volume = (qty - before_us).max(0);
                    let (mut unmet, mut effective) = (volume, volume);
                    for half in &mut shrinks {
                        let met = half[1].min(unmet);
                        let moved = half[2].min(met);
                        half[1] -= met;
                        half[2] -= moved;
                        unmet -= met;
                        effective -= moved;
                    }
                    trades.push([now, unmet, 0]);
                    reached = (effective - front).max(0);
                    ahead = Some((front - effective).max(0));
                }
                _ => {}
            }
        }
        (ahead, reached)
    }

    fn say(&mut self, text: String) {
        self.told.push(text);
    }

    fn execute(&mut self, order: usize, qty: i64, price: i64, maker: bool) {
        let (event, joined) = (self.now(), if maker { self.orders[order].joined.1 } else { usize::MAX });
        self.executions.push(Execution { event, order, qty, joined });
        let o = &mut self.orders[order];
        o.cum += qty;
        let left = o.leaves();
        let liquidity = if maker { "maker" } else { "taker" };
        let n = order + 1;
        if left == 0 {
            o.life = Life::Over;
            self.say(format!("filled {n} {qty}@{price} {liquidity}"));
        } else {
            self.say(format!("part {n} {qty}@{price} {liquidity} left {left}"));
        }
    }

    fn cancel(&mut self, order: usize, reason: &str) {
        self.orders[order].life = Life::Over;
        let left = self.orders[order].leaves();
        self.say(format!("canceled {} {reason} {left}", order + 1));
    }

    fn take(&mut self, side: Side, limit: Option<i64>, wanted: i64) -> Vec<Level> {
        let mut taken: Vec<Level> = Vec::new();
        let mut open = wanted;
        for (price, left) in self.levels(side) {
            if limit.is_some_and(|limit| !allows(side, limit, price)) {
                break;
            }
            let qty = if self.rules.depth == Depth::Unlimited { open } else { left.min(open) };
            if qty > 0 {
                taken.push((price, qty));
                open -= qty;
                if self.rules.depth == Depth::Book {
                    self.takes.push(Take { event: self.now(), side: side.opposite(), price, qty });
                }
            }
        }
        taken
    }

    /// A market or limit order meets the market.
    fn activate(&mut self, order: usize) {
        self.orders[order].terms.stop = None;
        let terms = self.orders[order].terms;
        let opposite = self.levels(terms.side).first().map(|level| level.0);
        if terms.post_only && opposite.is_some_and(|p| allows(terms.side, terms.limit.unwrap(), p)) {
            return self.cancel(order, "venue");
        }
        let (leaves, bound) = (self.orders[order].leaves(), self.bound(order));
        if terms.time_in_force == TimeInForce::Fok {
            let levels = self.levels(terms.side);
            let within =
                levels.iter().filter(|l| terms.limit.is_none_or(|limit| allows(terms.side, limit, l.0)));
            let all: i64 = within.clone().map(|level| level.1).sum();
            let unlimited = self.rules.depth == Depth::Unlimited && within.count() > 0;
            if (!unlimited && all < leaves) || bound < leaves {
                return self.cancel(order, "fill_or_kill");
            }
        }
        let taken = self.take(terms.side, terms.limit, leaves.min(bound));
        let sum: i64 = taken.iter().map(|level| level.1).sum();
        for (price, qty) in taken {
            self.execute(order, qty, price, false);
        }
        let rests = matches!(terms.time_in_force, TimeInForce::Gtc) && terms.limit.is_some();
        if self.orders[order].life == Life::Over {
        } else if sum >= bound {
            self.cancel(order, "reduce_only");
        } else if rests {
            self.joins += 1;
            self.orders[order].joined = (self.now(), self.joins);
            self.orders[order].life = Life::Rests;
        } else {
            self.cancel(order, "immediate");
        }
    }

    fn is_triggered(&self, terms: &Terms) -> bool {
        let view = self.view(self.now());
        let quote = view.top[at(terms.side.opposite())].map(|level| level.0);
        match (terms.stop, view.last.or(quote)) {
            (Some(stop), Some(price)) => allows(terms.side.opposite(), stop, price),
            _ => false,
        }
    }

    fn place(&mut self, order: usize) {
        let terms = self.orders[order].terms;
        if terms.stop.is_some() && !self.is_triggered(&terms) {
            self.orders[order].life = Life::Stop;
        } else {
            self.activate(order);
        }
    }

    fn arrive(&mut self, terms: Terms) {
        let order = self.orders.len();
        let n = order + 1;
        self.orders.push(Order { terms, cum: 0, life: Life::Over, joined: (0, 0) });
        let opposite = self.levels(terms.side).first().map(|level| level.0);
        if self.bound(order) == 0 {
            self.say(format!("rejected {n} new reduce_only"));
        } else if terms.stop.is_none() && terms.limit.is_none() && opposite.is_none() {
            self.say(format!("rejected {n} new no_liquidity"));
        } else if terms.stop.is_none()
            && terms.post_only
            && opposite.is_some_and(|p| allows(terms.side, terms.limit.unwrap(), p))
        {
            self.say(format!("rejected {n} new post_only"));
        } else {
            self.say(format!("accepted {n}"));
            self.orders[order].life = Life::Stop;
            self.place(order);
        }
    }

    fn replace(&mut self, order: usize, qty: Option<i64>, limit: Option<i64>) {
        let n = order + 1;
        let Some(o) = self.orders.get(order).cloned() else { return };
        if o.life == Life::Over {
            return self.say(format!("denied {n} replace not_open"));
        }
        let opposite = self.levels(o.terms.side).first().map(|level| level.0);
        let new_limit = limit.or(o.terms.limit);
        if qty.is_some_and(|qty| qty <= o.cum) || (limit.is_some() && o.terms.limit.is_none()) {
            return self.say(format!("rejected {n} replace malformed"));
        }
        let crosses = |p| o.life == Life::Rests && allows(o.terms.side, new_limit.unwrap(), p);
        if o.terms.post_only && opposite.is_some_and(crosses) {
            return self.say(format!("rejected {n} replace post_only"));
        }
        self.say(format!("replaced {n}"));
        let grows = qty.is_some_and(|qty| qty > o.terms.qty);
        self.orders[order].terms.qty = qty.unwrap_or(o.terms.qty);
        self.orders[order].terms.limit = new_limit;
        if grows || new_limit != o.terms.limit {
            // At its new place it stands behind everybody, among stops too.
            self.joins += 1;
            self.orders[order].joined.1 = self.joins;
            self.place(order);
        }
    }

    /// The resting orders of a side, in the order in which they trade.
    fn resting(&self, side: Side) -> Vec<usize> {
        let rests = |&o: &usize| self.orders[o].life == Life::Rests && self.orders[o].terms.side == side;
        let mut resting: Vec<usize> = (0..self.orders.len()).filter(rests).collect();
        resting.sort_by_key(|&o| (rank(side, self.orders[o].terms.limit.unwrap()), self.orders[o].joined.1));
        resting
    }

    fn execute_resting(&mut self, order: usize, qty: i64, bound: i64) {
        let limit = self.orders[order].terms.limit.unwrap();
        if qty > 0 {
            self.execute(order, qty, limit, true);
        }
        if self.orders[order].life == Life::Rests && qty >= bound {
            self.cancel(order, "reduce_only");
        }
    }

    fn on_levels(&mut self) {
        for side in [Side::Buy, Side::Sell] {
            for order in self.resting(side) {
                let limit = self.orders[order].terms.limit.unwrap();
                let Some((opposite, _)) = self.levels(side).first().copied() else { continue };
                if !allows(side, limit, opposite) {
                    continue;
                }
                let bound = self.bound(order);
                let wanted = self.orders[order].leaves().min(bound);
                let qty = self.take(side, Some(limit), wanted).iter().map(|level| level.1).sum();
                self.execute_resting(order, qty, bound);
            }
        }
    }

    fn on_trade(&mut self, price: i64, aggressor: Option<Side>) {
        for side in [Side::Buy, Side::Sell] {
            if aggressor == Some(side) {
                continue;
            }
            for order in self.resting(side) {
                let limit = self.orders[order].terms.limit.unwrap();
                if !allows(side, limit, price) {
                    continue;
                }
                let bound = self.bound(order);
                let leaves = self.orders[order].leaves();
                let reach = if limit == price { self.queue(order, self.now()).1 } else { leaves };
                self.execute_resting(order, reach.min(leaves).min(bound), bound);
            }
        }
    }

    fn trigger_stops(&mut self) {
        let mut stops: Vec<usize> =
            (0..self.orders.len()).filter(|&o| self.orders[o].life == Life::Stop).collect();
        stops.sort_by_key(|&o| self.orders[o].joined.1);
        for order in stops {
            let terms = self.orders[order].terms;
            if self.is_triggered(&terms) {
                self.activate(order);
            }
        }
    }

    /// Takes one event in and says what the venue must say.
    pub fn step(&mut self, ts_ms: u64, event: &Event) -> Vec<String> {
        self.told.clear();
        self.history.push((ts_ms, event.clone()));
        match event {
            Event::Order(terms) => {
                self.joins += 1;
                let joins = self.joins;
                self.arrive(*terms);
                let order = self.orders.last_mut().unwrap();
                if order.life == Life::Stop {
                    order.joined.1 = joins;
                }
            }
            Event::Cancel(order) => {
                if self.orders.get(*order).is_some_and(|o| o.life != Life::Over) {
                    self.cancel(*order, "strategy");
                }
            }
            Event::Replace { order, qty, limit } => self.replace(*order, *qty, *limit),
            Event::Quote { .. } | Event::Book { .. } => {
                self.on_levels();
                self.trigger_stops();
            }
            Event::Trade { price, aggressor, historical: false, .. } => {
                self.on_trade(*price, *aggressor);
                self.trigger_stops();
            }
            Event::Trade { .. } => self.trigger_stops(),
        }
        self.told.clone()
    }
}

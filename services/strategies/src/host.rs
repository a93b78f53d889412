//! Runs the strategy instances of a configuration side by side, as one service of the core.

use std::collections::BTreeSet;

use reprise_core::{Context, InstrumentIx, Market, RestoreError, Saved, Service};
use reprise_model::event::{CancelReason, FeedState, Input, Outcome, TimerFired, TimerOwner, Trade};
use reprise_model::{Instrument, InstrumentId, OrderId, StrategyId, Ts};
use serde::{Deserialize, Serialize};

use crate::bars::Series;
use crate::context::{Seat, StrategyContext};
use crate::error::{StrategyError, nearest};
use crate::intent::{Wish, Wishes};
use crate::params::ParamMap;
use crate::registry::Registry;
use crate::strategy::{BarOrigin, OrderChange, OrderUpdate, OwnFill, Strategy};

/// Names under which other parts of the engine arm timers or own orders.
const RESERVED_IDS: &[&str] = &[
    "accountant",
    "alerts",
    "bands",
    "execution",
    "kill_switch",
    "operator",
    "orders",
    "paper",
    "portfolio",
    "risk",
    "strategies",
    "venue",
];

/// A strategy instance as the configuration names it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceSettings {
    /// Its id: owner of its orders, its position and its timers.
    pub id: StrategyId,
    /// The kind, as registered.
    pub kind: String,
    /// What it trades; empty means every instrument.
    pub instruments: Vec<InstrumentId>,
    /// Its parameters.
    pub params: ParamMap,
}

struct Instance {
    seat: Seat,
    wanted: Vec<InstrumentId>,
    strategy: Box<dyn Strategy>,
    /// The place of its series of bars.
    series: Option<usize>,
}

impl Instance {
    /// Calls the strategy and hands what it wants to the bus.
    #[inline]
    fn call(
        &mut self,
        wishes: &mut Wishes,
        cx: &mut Context<'_>,
        callback: impl FnOnce(&mut dyn Strategy, &mut StrategyContext<'_>),
    ) {
        wishes.begin(cx.upcoming_order());
        let mut scx = StrategyContext { view: cx.view(), seat: &mut self.seat, wishes };
        callback(&mut *self.strategy, &mut scx);
        if !wishes.list.is_empty() {
            self.hand_over(wishes, cx);
        }
    }

    #[cold]
    fn hand_over(&mut self, wishes: &mut Wishes, cx: &mut Context<'_>) {
        for wish in wishes.list.drain(..) {
            match wish {
                Wish::Order { id, terms } => {
                    let given = cx.request(*terms);
                    assert_eq!(given, id, "the id that a strategy was told");
                    self.seat.undecided.push(id);
                }
                Wish::Replace { order, terms } if self.owns(order, cx) => cx.replace(order, terms),
                Wish::Cancel { order } if self.owns(order, cx) => cx.cancel(order, CancelReason::Strategy),
                Wish::Replace { .. } | Wish::Cancel { .. } => {}
                Wish::CancelAll { ix } => self.cancel_all(ix, cx),
                Wish::Wake { at, key } => {
                    cx.arm_timer(self.seat.owner, key, at);
                }
            }
        }
    }

    fn owns(&self, order: OrderId, cx: &Context<'_>) -> bool {
        match cx.state().orders.get(order) {
            Some(known) => known.terms.strategy == self.seat.id,
            None => self.seat.undecided.contains(&order),
        }
    }

    fn cancel_all(&self, ix: Option<InstrumentIx>, cx: &mut Context<'_>) {
        let own = |order: &&reprise_core::Order| order.terms.strategy == self.seat.id;
        let orders = &cx.state().orders;
        let open: Vec<OrderId> = match ix {
            Some(ix) => orders.open_in(ix).filter(own).map(|order| order.id).collect(),
            None => orders.open().filter(own).map(|order| order.id).collect(),
        };
        for order in open {
            cx.cancel(order, CancelReason::Strategy);
        }
    }
}

/// The host as it is saved.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Each instance's id, seat and strategy.
    instances: Vec<(StrategyId, Saved, Saved)>,
    routes: Vec<Vec<usize>>,
    series: Saved,
    next_bar_end: Ts,
    is_started: bool,
}

/// False while the feed says that its data is stale, torn or missing: nobody decides anything on that. Recordings
/// that do not say are trusted.
#[inline]
fn is_trusted(market: &Market) -> bool {
    market.feed.is_none_or(|feed| feed == FeedState::Live)
}

/// The strategies of a run, as one service.
///
/// An instance is called for its instruments while their feeds are live, its own orders and its own timers, and for
/// nothing else. Within
/// an event instances are called in the order of the configuration.
pub struct StrategyHost {
    instances: Vec<Instance>,
    /// The instances that joined an instrument, by instrument.
    routes: Vec<Vec<usize>>,
    series: Vec<Series>,
    next_bar_end: Ts,
    wishes: Wishes,
    is_started: bool,
}

impl StrategyHost {
    /// The instances of a configuration, each with its own state.
    ///
    /// # Errors
    /// An id that is used twice or reserved, an unknown kind, or wrong parameters.
    pub fn new(settings: Vec<InstanceSettings>, registry: &Registry) -> Result<Self, StrategyError> {
        let mut host = Self {
            instances: Vec::with_capacity(settings.len()),
            routes: Vec::new(),
            series: Vec::new(),
            next_bar_end: Ts::NEVER,
            wishes: Wishes::new(),
            is_started: false,
        };
        let mut ids = BTreeSet::new();
        for one in settings {
            let id = one.id;
            if !ids.insert(id) {
                return Err(StrategyError::DuplicateId { id });
            }
            // Both are labels of the same length, so an id always is an owner.
            let owner = TimerOwner::new(id.as_str()).map_err(|_| StrategyError::ReservedId { id })?;
            if RESERVED_IDS.contains(&id.as_str()) {
                return Err(StrategyError::ReservedId { id });
            }
            let strategy = registry.build(id, &one.kind, &one.params)?;
            let series = strategy.bar_interval_ms().filter(|&ms| ms > 0).map(|ms| host.series_of(ms));
            host.instances.push(Instance {
                seat: Seat::new(id, owner),
                wanted: one.instruments,
                strategy,
                series,
            });
        }
        Ok(host)
    }

    fn series_of(&mut self, interval_ms: u64) -> usize {
        let interval_ns = interval_ms.saturating_mul(1_000_000);
        let known = self.series.iter().position(|series| series.interval_ns() == interval_ns);
        known.unwrap_or_else(|| {
            self.series.push(Series::new(interval_ns));
            self.series.len() - 1
        })
    }

    /// Checks that every instrument that an instance names is defined. Assembly asks this when the run's
    /// instruments are known; where they may be defined later, an instance joins them then.
    ///
    /// # Errors
    /// The first instrument that is not defined.
    pub fn check_instruments(&self, defined: &[Instrument]) -> Result<(), StrategyError> {
        for instance in &self.instances {
            let is_defined = |id: &InstrumentId| defined.iter().any(|known| known.instrument == *id);
            if let Some(&instrument) = instance.wanted.iter().find(|id| !is_defined(id)) {
                return Err(StrategyError::UnknownInstrument {
                    id: instance.seat.id,
                    instrument,
                    suggestion: nearest(
                        instrument.as_str(),
                        defined.iter().map(|known| known.instrument.as_str()),
                    ),
                    known: defined.iter().map(|known| known.instrument).collect(),
                });
            }
        }
        Ok(())
    }

    /// The ids of the instances, in the order of the configuration.
    pub fn ids(&self) -> impl Iterator<Item = StrategyId> {
        self.instances.iter().map(|instance| instance.seat.id)
    }

    #[cold]
    fn start(&mut self, cx: &mut Context<'_>) {
        self.is_started = true;
        for instance in &mut self.instances {
            instance.call(&mut self.wishes, cx, |strategy, scx| strategy.on_start(scx));
        }
        let known: Vec<InstrumentIx> = cx.state().markets.iter().map(|(ix, _)| ix).collect();
        for ix in known {
            self.join(ix, cx);
        }
    }

    /// An instrument is defined: the instances that want it join it, once.
    fn join(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        if self.routes.len() <= ix.at() {
            self.routes.resize_with(ix.at() + 1, Vec::new);
        }
        let id = cx.state().markets.get(ix).definition.instrument;
        for (at, instance) in self.instances.iter_mut().enumerate() {
            let is_wanted = instance.wanted.is_empty() || instance.wanted.contains(&id);
            if is_wanted && !instance.seat.joined.contains(&ix) {
                instance.seat.joined.push(ix);
                self.routes[ix.at()].push(at);
                instance.call(&mut self.wishes, cx, |strategy, scx| strategy.on_instrument(ix, scx));
            }
        }
    }

    /// Calls every instance that joined an instrument.
    #[inline]
    fn call_joined(
        &mut self,
        ix: InstrumentIx,
        cx: &mut Context<'_>,
        mut callback: impl FnMut(&mut dyn Strategy, &mut StrategyContext<'_>),
    ) {
        let Some(route) = self.routes.get(ix.at()) else { return };
        for &at in route {
            self.instances[at].call(&mut self.wishes, cx, &mut callback);
        }
    }

    #[inline]
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut Context<'_>) {
        if !self.series.is_empty() {
            self.see_mid(ix, cx);
        }
        self.call_joined(ix, cx, |strategy, scx| strategy.on_quote(ix, scx));
    }

    fn on_market(&mut self, ix: InstrumentIx, input: &Input, cx: &mut Context<'_>) {
        match input {
            Input::Trade(trade) => {
                self.see_trade(ix, trade, cx);
                self.call_joined(ix, cx, |strategy, scx| strategy.on_trade(ix, trade, scx));
            }
            Input::Book(book) => {
                self.call_joined(ix, cx, |strategy, scx| strategy.on_book(ix, book, scx));
            }
            Input::Bar(bar) => {
                self.call_joined(ix, cx, |strategy, scx| strategy.on_bar(ix, bar, BarOrigin::Source, scx));
            }
            Input::Mark(_) => self.call_joined(ix, cx, |strategy, scx| strategy.on_mark(ix, scx)),
            Input::Funding(funding) => {
                self.call_joined(ix, cx, |strategy, scx| strategy.on_funding(ix, funding, scx));
            }
            _ => {}
        }
    }

    fn see_mid(&mut self, ix: InstrumentIx, cx: &Context<'_>) {
        let Some(mid) = cx.state().markets.get(ix).mid() else { return };
        for series in &mut self.series {
            self.next_bar_end = self.next_bar_end.min(series.see_mid(ix, mid, cx.now()));
        }
    }

    fn see_trade(&mut self, ix: InstrumentIx, trade: &Trade, cx: &Context<'_>) {
        if trade.historical {
            return;
        }
        for series in &mut self.series {
            self.next_bar_end = self.next_bar_end.min(series.see_trade(ix, trade.qty, cx.now()));
        }
    }

    /// Closes the bars that are due and shows them to the instances that asked for them.
    #[cold]
    fn close_bars(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        for at in 0..self.series.len() {
            for place in 0..self.routes.len() {
                self.close_bar(at, place, now, cx);
            }
        }
        self.next_bar_end = self.series.iter().map(Series::next_end).min().unwrap_or(Ts::NEVER);
    }

    fn close_bar(&mut self, series: usize, place: usize, now: Ts, cx: &mut Context<'_>) {
        let Some((ix, market)) = cx.state().markets.iter().nth(place) else { return };
        let id = market.definition.instrument;
        let Some(bar) = self.series[series].close(ix, id, now) else { return };
        for &at in &self.routes[place] {
            let instance = &mut self.instances[at];
            if instance.series == Some(series) {
                instance.call(&mut self.wishes, cx, |strategy, scx| {
                    strategy.on_bar(ix, &bar, BarOrigin::Built, scx);
                });
            }
        }
    }

    fn on_timer(&mut self, fired: &TimerFired, cx: &mut Context<'_>) {
        if cx.now() >= self.next_bar_end {
            self.close_bars(cx);
        }
        if let Some(instance) = self.instances.iter_mut().find(|i| i.seat.owner == fired.owner) {
            instance.call(&mut self.wishes, cx, |strategy, scx| strategy.on_timer(fired.key, scx));
        }
    }

    /// The instance that owns an order, and where the order trades.
    fn owner(&self, order: OrderId, cx: &Context<'_>) -> Option<(usize, InstrumentIx)> {
        let terms = &cx.state().orders.get(order)?.terms;
        let at = self.instances.iter().position(|instance| instance.seat.id == terms.strategy)?;
        Some((at, cx.state().markets.find(&terms.instrument)?))
    }

    fn tell(&mut self, order: OrderId, change: OrderChange<'_>, cx: &mut Context<'_>) {
        let Some((at, ix)) = self.owner(order, cx) else { return };
        self.instances[at].call(&mut self.wishes, cx, |strategy, scx| {
            if let Some(order) = scx.order(order) {
                strategy.on_order(&OrderUpdate { ix, order, change }, scx);
            }
        });
    }

    fn tell_fill(&mut self, fill: &reprise_model::event::Fill, is_last: bool, cx: &mut Context<'_>) {
        let Some((at, ix)) = self.owner(fill.order, cx) else { return };
        self.instances[at].call(&mut self.wishes, cx, |strategy, scx| {
            if let Some(order) = scx.order(fill.order) {
                strategy.on_fill(&OwnFill { ix, order, fill, is_last }, scx);
            }
        });
    }

    fn forget_undecided(&mut self, order: OrderId) {
        for instance in &mut self.instances {
            instance.seat.undecided.retain(|&known| known != order);
        }
    }
}

impl Service for StrategyHost {
    fn name(&self) -> &str {
        "strategies"
    }

    #[inline]
    fn on_input(&mut self, input: &Input, cx: &mut Context<'_>) {
        if !self.is_started {
            self.start(cx);
        }
        if cx.now() >= self.next_bar_end {
            self.close_bars(cx);
        }
        let Some(tick) = cx.tick() else { return };
        if matches!(input, Input::InstrumentDefined(_)) {
            self.join(tick.ix, cx);
            return;
        }
        if !is_trusted(cx.state().markets.get(tick.ix)) {
            return;
        }
        if !matches!(input, Input::Quote(_)) {
            self.on_market(tick.ix, input, cx);
        }
        if tick.is_quote {
            self.on_quote(tick.ix, cx);
        }
    }

    fn on_outcome(&mut self, outcome: &Outcome, cx: &mut Context<'_>) {
        match outcome {
            Outcome::OrderRequested(e) => self.forget_undecided(e.order),
            Outcome::OrderDenied(e) => {
                let change = OrderChange::Denied { request: e.request, refusal: &e.refusal };
                self.tell(e.order, change, cx);
            }
            Outcome::OrderSubmitted(e) => self.tell(e.order, OrderChange::Submitted, cx),
            Outcome::OrderAccepted(e) => self.tell(e.order, OrderChange::Accepted, cx),
            Outcome::OrderPartiallyFilled(e) => self.tell_fill(&e.fill, false, cx),
            Outcome::OrderFilled(e) => self.tell_fill(&e.fill, true, cx),
            Outcome::OrderCancelSubmitted(e) => {
                self.tell(e.order, OrderChange::CancelSubmitted(e.reason), cx);
            }
            Outcome::OrderCanceled(e) => {
                let change = OrderChange::Canceled { reason: e.reason, leaves_qty: e.leaves_qty };
                self.tell(e.order, change, cx);
            }
            Outcome::OrderReplaceSubmitted(e) => {
                self.tell(e.order, OrderChange::ReplaceSubmitted(e.terms), cx);
            }
            Outcome::OrderReplaced(e) => self.tell(e.order, OrderChange::Replaced(e.terms), cx),
            Outcome::OrderRejected(e) => {
                let change = OrderChange::Rejected { request: e.request, refusal: &e.refusal };
                self.tell(e.order, change, cx);
            }
            Outcome::OrderExpired(e) => {
                self.tell(e.order, OrderChange::Expired { leaves_qty: e.leaves_qty }, cx);
            }
            Outcome::OrderUnknown(e) => self.tell(e.order, OrderChange::Unknown { reason: &e.reason }, cx),
            Outcome::TimerFired(e) => self.on_timer(e, cx),
            Outcome::RiskBands(_)
            | Outcome::RiskState(_)
            | Outcome::RiskBreach(_)
            | Outcome::PositionChanged(_)
            | Outcome::AccountChanged(_)
            | Outcome::TimerArmed(_)
            | Outcome::AlertRaised(_)
            | Outcome::Checkpoint(_) => {}
        }
    }

    fn save(&self) -> Option<Saved> {
        let instance = |one: &Instance| Some((one.seat.id, one.seat.save()?, one.strategy.save()?));
        let instances: Option<Vec<_>> = self.instances.iter().map(instance).collect();
        Saved::of(&Kept {
            instances: instances?,
            routes: self.routes.clone(),
            series: Saved::of(&self.series)?,
            next_bar_end: self.next_bar_end,
            is_started: self.is_started,
        })
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let kept: Kept = saved.read()?;
        if !kept.instances.iter().map(|(id, ..)| *id).eq(self.ids()) {
            return Err(RestoreError::form("other instances were saved"));
        }
        for (instance, (_, seat, strategy)) in self.instances.iter_mut().zip(&kept.instances) {
            instance.seat.restore(seat)?;
            instance.strategy.restore(strategy)?;
        }
        (self.routes, self.series) = (kept.routes, kept.series.read()?);
        (self.next_bar_end, self.is_started) = (kept.next_bar_end, kept.is_started);
        Ok(())
    }
}

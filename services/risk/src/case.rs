//! One order as the checks see it: every number that more than one of them needs, computed once.

use std::cell::OnceCell;

use reprise_core::{Bands, InstrumentIx, Market, OpenTotals, Order, Proposal, State, View};
use reprise_model::event::{Hold, TradingState};
use reprise_model::{
    Cash, Code, GroupKey, MoneyError, NewOrder, OrderId, OrderOrigin, OrderType, Price, Qty, QuoteSource,
    Rate, Side, StrategyId,
};

use crate::checks::Exposure;
use crate::finding::Unjudged;
use crate::pace::Pace;
use crate::settings::{Limits, RiskSettings};

/// What the service knows besides the state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) settings: &'a RiskSettings,
    pub(crate) limits: &'a Limits,
    pub(crate) pace: &'a Pace,
    /// New orders that the venue refused in a row.
    pub(crate) rejects: u32,
    /// The kill switch, a trip that is not applied yet included.
    pub(crate) trading: TradingState,
}

/// Open orders of one instrument and side, without the order that is judged.
///
/// Reduce-only members of a group count once, by the largest: only one of them is to fill.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Open {
    /// Base units of all strategies.
    pub(crate) all: Qty,
    /// Base units of the strategy that asks.
    pub(crate) own: Qty,
    /// Base units of its reduce-only orders alone.
    pub(crate) own_reducing: Qty,
}

/// A number that is computed when the first check asks for it.
#[derive(Debug)]
pub(crate) struct Once<T>(OnceCell<T>);

impl<T: Copy> Once<T> {
    fn new() -> Self {
        Self(OnceCell::new())
    }

    /// The number; what cannot be computed is tried again by the next who asks.
    pub(crate) fn get(&self, compute: impl FnOnce() -> Result<T, Unjudged>) -> Result<T, Unjudged> {
        match self.0.get() {
            Some(known) => Ok(*known),
            None => compute().map(|new| *self.0.get_or_init(|| new)),
        }
    }
}

/// An order and what it would change.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) known: Known<'a>,
    pub(crate) state: &'a State,
    pub(crate) bands: Option<Bands>,
    pub(crate) id: OrderId,
    pub(crate) terms: &'a NewOrder,
    pub(crate) replaces: Option<&'a Order>,
    pub(crate) ix: InstrumentIx,
    pub(crate) market: &'a Market,
    /// What could be filled, in base units.
    pub(crate) qty: Qty,
    /// Other open orders on the same side.
    pub(crate) open: Open,
    /// Open orders of the instrument, this one left out.
    pub(crate) totals: OpenTotals,
    /// The account's net position, in base units.
    pub(crate) net: Qty,
    /// The asking strategy's own position, in base units.
    pub(crate) own: Qty,
    /// It provably reduces exposure.
    pub(crate) is_exit: bool,
    /// It is an exit, or makes an open order smaller and changes nothing else: exempt from everything that keeps
    /// exposure from growing.
    pub(crate) is_exempt: bool,
    /// The middle of the market as it stands; `None` when there is none to go by.
    pub(crate) mid: Option<Price>,
    /// Everything open on the order's side at its worst, in base units.
    pub(crate) open_at_worst: Once<Qty>,
    /// What all positions together could be worth.
    pub(crate) exposure: Once<Exposure>,
    /// In the reporting asset.
    pub(crate) equity: Once<Cash>,
    /// What the order takes out of the free balance.
    pub(crate) hold: Once<Hold>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        proposal: &Proposal<'a>,
        view: View<'a>,
        ix: InstrumentIx,
        known: Known<'a>,
    ) -> Result<Self, Unjudged> {
        let (state, terms) = (view.state, proposal.terms);
        let market = state.markets.get(ix);
        let filled = proposal.replaces.map_or(Qty::ZERO, |order| order.cum_qty);
        let qty = terms.qty.checked_sub(filled)?;
        let totals = totals_without(state, ix, proposal.order)?;
        let (net, own) = (state.positions.net(ix), state.positions.get(ix, terms.strategy).qty);
        let open = match totals_suffice(&totals, terms, qty, net, own)? {
            Some(open) => open,
            None => open_orders(state, ix, proposal, qty)?,
        };
        let is_exit = qty.is_positive()
            && reduces(own, terms.side, qty, open.own)?
            // The kill switch flattens strategy by strategy, also where their positions offset each other.
            && (terms.origin == OrderOrigin::KillSwitch || reduces(net, terms.side, qty, open.all)?);
        let shrinks = proposal.replaces.is_some_and(|order| {
            let same_prices = (order.terms.price, order.terms.stop_price) == (terms.price, terms.stop_price);
            same_prices && terms.qty <= order.terms.qty
        });
        let mid = match market.definition.quote_source {
            QuoteSource::Bars => market.last_mid,
            QuoteSource::Quotes | QuoteSource::Book => market.mid(),
        };
        Ok(Self {
            known,
            state,
            bands: view.board.bands(ix),
            id: proposal.order,
            terms,
            replaces: proposal.replaces,
            ix,
            market,
            qty,
            open,
            totals,
            net,
            own,
            is_exit,
            is_exempt: is_exit || shrinks,
            mid,
            open_at_worst: Once::new(),
            exposure: Once::new(),
            equity: Once::new(),
            hold: Once::new(),
        })
    }

    /// Everything open on the order's side at its worst, this order left out, in base units.
    pub(crate) fn open_at_worst(&self) -> Result<Qty, Unjudged> {
        self.open_at_worst
            .get(|| Ok(open_at_worst(self.state, self.ix, self.terms.side, &self.totals, Some(self.id))?))
    }

    /// In the reporting asset.
    pub(crate) fn equity(&self) -> Result<Cash, Unjudged> {
        self.equity.get(|| self.state.equity()?.ok_or(Unjudged::Missing(Code::NoConversion)))
    }

    /// True for the kill switch's own orders.
    pub(crate) fn is_flattening(&self) -> bool {
        self.terms.origin == OrderOrigin::KillSwitch
    }

    /// The mid as it stands, for an exempt order the last good one.
    pub(crate) fn reference(&self) -> Result<Price, Unjudged> {
        let last = if self.is_exempt { self.market.last_mid.or(self.market.valuation()) } else { None };
        self.mid.or(last).ok_or(Unjudged::Missing(Code::NoMarketData))
    }

    /// The price at which the order would begin to trade at once: the best opposite price, else the reference.
    pub(crate) fn touch(&self) -> Result<Price, Unjudged> {
        let opposite = self.market.opposite(self.terms.side).map(|level| level.price);
        let shown = if self.mid.is_some() || self.is_exempt { opposite } else { None };
        shown.map_or_else(|| self.reference(), Ok)
    }

    /// What the order itself says a unit costs: its limit, else its trigger, else the market's price.
    pub(crate) fn own_price(&self) -> Result<Price, Unjudged> {
        self.terms.price.or(self.terms.stop_price).map_or_else(|| self.touch(), Ok)
    }

    /// What a unit may be worth when it trades: as [`Self::own_price`], and the market's price where that is
    /// higher and the order may get it: a sale limited below the market, a stop that fires at once.
    pub(crate) fn value_price(&self) -> Result<Price, Unjudged> {
        let own = self.own_price()?;
        match (self.terms.order_type, self.terms.side) {
            (OrderType::Stop, _) | (OrderType::Limit, Side::Sell) => {
                Ok(self.touch().map_or(own, |touch| own.max(touch)))
            }
            _ => Ok(own),
        }
    }

    /// The worst price for which funds are held: the limit, or without one the slippage bound.
    pub(crate) fn bound_price(&self) -> Result<Price, Unjudged> {
        let value = self.value_price()?;
        match (self.terms.price, self.terms.side) {
            (None, Side::Buy) => {
                let slippage = self.known.settings.market_slippage;
                Ok(value.checked_mul_rate(Rate::ONE.checked_add(slippage)?)?)
            }
            _ => Ok(value),
        }
    }

    /// The price at which a position in the instrument is valued.
    pub(crate) fn valuation(&self) -> Result<Price, Unjudged> {
        self.market.valuation().or(self.mid).ok_or(Unjudged::Missing(Code::NoMarketData))
    }

    /// True for an order that trades as soon as it arrives, as far as the quote tells.
    pub(crate) fn takes(&self) -> bool {
        match (self.terms.order_type, self.terms.price, self.market.opposite(self.terms.side)) {
            (OrderType::Market, ..) => true,
            (OrderType::Limit, Some(limit), Some(level)) => self.terms.side.allows(limit, level.price),
            _ => false,
        }
    }

    /// What the replaced order holds of an asset.
    pub(crate) fn released(&self, asset: reprise_model::Asset) -> Result<Cash, MoneyError> {
        match self.replaces {
            Some(order) if order.hold.asset == asset => order.held(),
            _ => Ok(Cash::ZERO),
        }
    }

    /// What open members of the order's group hold already on the same side: the group holds once.
    pub(crate) fn held_by_group(&self, asset: reprise_model::Asset) -> Result<Cash, MoneyError> {
        let Some(group) = GroupKey::of(self.id, self.terms) else { return Ok(Cash::ZERO) };
        let mut held = Cash::ZERO;
        for order in self.state.orders.open_in(self.ix) {
            let is_sibling = order.id != self.id
                && order.terms.side == self.terms.side
                && GroupKey::of(order.id, &order.terms) == Some(group);
            if is_sibling && order.hold.asset == asset {
                held = held.checked_add(order.held()?)?;
            }
        }
        Ok(held)
    }

    /// A hold of nothing.
    pub(crate) fn no_hold(&self) -> Hold {
        Hold { asset: self.market.definition.quote, amount: Cash::ZERO }
    }
}

/// An order of `qty` reduces a position, with `open` on the same side still to be filled, and cannot turn it.
fn reduces(position: Qty, side: Side, qty: Qty, open: Qty) -> Result<bool, MoneyError> {
    let signed = side.signed(position);
    Ok(signed.is_negative() && qty.checked_add(open)? <= signed.abs())
}

/// Open orders of an instrument, one left out.
fn totals_without(state: &State, ix: InstrumentIx, id: OrderId) -> Result<OpenTotals, MoneyError> {
    let mut totals = state.orders.totals(ix);
    let Some(order) = state.orders.get_open(id) else { return Ok(totals) };
    totals.count = totals.count.saturating_sub(1);
    if order.terms.reduce_only {
        totals.reduce_only_count = totals.reduce_only_count.saturating_sub(1);
    } else {
        let leaves = order.worst_leaves_qty();
        match order.terms.side {
            Side::Buy => totals.buy_qty = totals.buy_qty.checked_sub(leaves)?,
            Side::Sell => totals.sell_qty = totals.sell_qty.checked_sub(leaves)?,
        }
    }
    Ok(totals)
}

/// Goes through the open orders on a side of an instrument, one left out, each with what it could still fill.
///
/// Of the reduce-only members of a group only the one with the most to fill is shown, because the fill of one
/// ends the others.
fn each_open<'a>(
    state: &'a State,
    ix: InstrumentIx,
    side: Side,
    without: Option<OrderId>,
    mut show: impl FnMut(&'a Order, Qty) -> Result<(), MoneyError>,
) -> Result<(), MoneyError> {
    let mut groups: Vec<(GroupKey, &Order, Qty)> = Vec::new();
    for order in state.orders.open_in(ix) {
        if Some(order.id) == without || order.terms.side != side {
            continue;
        }
        let leaves = order.worst_leaves_qty();
        let Some(group) = GroupKey::of(order.id, &order.terms).filter(|_| order.terms.reduce_only) else {
            show(order, leaves)?;
            continue;
        };
        // Members of a group are requested together, so the last groups are the likely ones.
        match groups.iter_mut().rev().find(|(key, ..)| *key == group) {
            Some(shown) if shown.2 < leaves => (shown.1, shown.2) = (order, leaves),
            Some(_) => {}
            None => groups.push((group, order, leaves)),
        }
    }
    groups.into_iter().try_for_each(|(_, order, leaves)| show(order, leaves))
}

/// The open orders on the side of the order that is judged, where the totals tell enough of them: without
/// reduce-only orders the totals are exact for all strategies, and a bound for one.
fn totals_suffice(
    totals: &OpenTotals,
    terms: &NewOrder,
    qty: Qty,
    net: Qty,
    own: Qty,
) -> Result<Option<Open>, MoneyError> {
    if totals.reduce_only_count > 0 {
        return Ok(None);
    }
    let all = totals.qty(terms.side);
    let may_be_exit = terms.origin == OrderOrigin::KillSwitch || reduces(net, terms.side, qty, all)?;
    let bound_decides = all.is_zero() || reduces(own, terms.side, qty, all)?;
    let open = Open { all, own: all, own_reducing: Qty::ZERO };
    Ok((!may_be_exit || bound_decides).then_some(open))
}

/// Other open orders on the side of the order that is judged.
fn open_orders(
    state: &State,
    ix: InstrumentIx,
    proposal: &Proposal<'_>,
    qty: Qty,
) -> Result<Open, MoneyError> {
    let terms = proposal.terms;
    let own_group = GroupKey::of(proposal.order, terms).filter(|_| terms.reduce_only);
    let mut open = Open::default();
    each_open(state, ix, terms.side, Some(proposal.order), |order, leaves| {
        let is_sibling = order.terms.reduce_only
            && own_group.is_some_and(|own| GroupKey::of(order.id, &order.terms) == Some(own));
        let leaves = if is_sibling { leaves.checked_sub(qty)?.max(Qty::ZERO) } else { leaves };
        open.all = open.all.checked_add(leaves)?;
        if order.terms.strategy == terms.strategy {
            open.own = open.own.checked_add(leaves)?;
            if order.terms.reduce_only {
                open.own_reducing = open.own_reducing.checked_add(leaves)?;
            }
        }
        Ok(())
    })?;
    Ok(open)
}

/// Everything open on a side of an instrument at its worst, reduce-only orders included: those fill before the
/// others in the worst case, and leave the whole of the others to turn the position. One order is left out.
pub(crate) fn open_at_worst(
    state: &State,
    ix: InstrumentIx,
    side: Side,
    totals: &OpenTotals,
    without: Option<OrderId>,
) -> Result<Qty, MoneyError> {
    if totals.reduce_only_count == 0 {
        return Ok(totals.qty(side));
    }
    let mut open = Qty::ZERO;
    each_open(state, ix, side, without, |_, leaves| {
        open = open.checked_add(leaves)?;
        Ok(())
    })?;
    Ok(open)
}

/// What is left of a strategy's position once its open orders have closed what they can, in whole lots: what a
/// further order can close without turning it.
pub(crate) fn left_to_flatten(
    state: &State,
    ix: InstrumentIx,
    strategy: StrategyId,
    position: Qty,
) -> Result<Qty, MoneyError> {
    let side = if position.is_negative() { Side::Buy } else { Side::Sell };
    let mut left = position.abs();
    each_open(state, ix, side, None, |order, leaves| {
        if order.terms.strategy == strategy {
            left = left.checked_sub(leaves)?;
        }
        Ok(())
    })?;
    Ok(left.max(Qty::ZERO).floor_to(state.markets.get(ix).definition.lot))
}

//! What alerts say: one line, and the numbers. No order's id stands in a line, because ids carry the epoch, and the
//! same decisions must read the same live and replayed.

use reprise_core::State;
use reprise_model::event::{
    AlertRaised, Figure, Fill, OrderRejected, OrderUnknown, RiskBreach, RiskState, Severity,
};
use reprise_model::{Asset, Cash, NewOrder, OrderId};

use crate::level::{Edge, Level};
use crate::outages::News;
use crate::settings::{RuleKind, RuleSettings};
use crate::standing::{Standing, Tally};

const NS_A_SECOND: u64 = 1_000_000_000;
/// Names that are listed before the rest is counted.
const NAMES: usize = 6;

/// An alert before it is known whether it is told: what it has in common with those it repeats, and what it says.
pub(crate) type Draft = (String, AlertRaised);

/// An alert of a rule without its number, which it gets when it is told.
fn draft(rule: &RuleSettings, same: impl Into<String>, severity: Severity, text: String) -> Draft {
    let alert = AlertRaised {
        alert: rule.full_name().as_id(0),
        rule: rule.full_name(),
        severity,
        text,
        figures: Vec::new(),
        instrument: None,
        strategy: None,
        order: None,
        held_back: None,
    };
    (same.into(), alert)
}

/// Making the id of an alert.
pub(crate) trait AsId {
    /// The id of the rule's n-th alert.
    fn as_id(&self, n: u64) -> reprise_model::event::AlertId;
}

impl AsId for reprise_model::event::RuleName {
    fn as_id(&self, n: u64) -> reprise_model::event::AlertId {
        let text = format!("{self}-{n}");
        // Fifteen digits fit beside the longest name; no run raises as many.
        #[expect(clippy::expect_used, reason = "a name, a dash and a number that is small enough")]
        reprise_model::event::AlertId::new(&text).expect("the id of an alert is a label")
    }
}

fn figure(name: &str, value: impl ToString) -> Figure {
    Figure { name: name.to_owned(), value: value.to_string() }
}

fn money(amount: Cash, asset: Asset) -> String {
    format!("{amount} {asset}")
}

fn words_of(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Equity => "equity",
        RuleKind::DayPnl => "the day's profit and loss",
        RuleKind::RealizedPnl => "realised profit and loss",
        RuleKind::Drawdown => "the fall from the peak",
        _ => "the value",
    }
}

fn standing_figures(standing: &Standing, asset: Asset) -> Vec<Figure> {
    let mut figures = vec![
        figure("equity", money(standing.equity, asset)),
        figure("day's profit and loss", money(standing.day, asset)),
    ];
    figures.extend(standing.realized.map(|realized| figure("realised", money(realized, asset))));
    figures.push(figure("peak", money(standing.peak, asset)));
    figures.push(figure("fall from the peak", money(standing.drawdown, asset)));
    figures
}

/// A level was reached, or is over; `at` is its place among the rule's levels.
pub(crate) fn level(
    rule: &RuleSettings,
    (at, level, is_reached): (usize, Level, bool),
    standing: &Standing,
    asset: Asset,
) -> Option<Draft> {
    let value = standing.value(rule.kind)?;
    let (what, shown, limit) = (words_of(rule.kind), money(value, asset), money(level.at, asset));
    let (severity, text) = match (is_reached, level.edge) {
        (true, Edge::Above) => (rule.severity(), format!("{what} reached {shown}, {limit} or more")),
        (true, Edge::Below) => (rule.severity(), format!("{what} fell to {shown}, {limit} or less")),
        (false, Edge::Above) => (Severity::Info, format!("{what} is back at {shown}, below {limit}")),
        (false, Edge::Below) => (Severity::Info, format!("{what} is back at {shown}, above {limit}")),
    };
    let (same, mut alert) = draft(rule, format!("{at} {is_reached}"), severity, text);
    alert.figures.push(figure("level", limit));
    alert.figures.push(figure("over again at", money(level.back, asset)));
    alert.figures.extend(standing_figures(standing, asset));
    Some((same, alert))
}

fn state_figures(line: &RiskState) -> Vec<Figure> {
    let mut figures = vec![figure("trading", line.state), figure("moved by", line.by)];
    if let Some(refusal) = &line.rule {
        figures.push(figure("rule", refusal.code));
        figures.extend(refusal.measured.as_ref().map(|measured| figure("measured", measured)));
        figures.extend(refusal.limit.as_ref().map(|limit| figure("limit", limit)));
    }
    figures
}

/// The kill switch was engaged, tightened or released.
pub(crate) fn kill_switch(rule: &RuleSettings, line: &RiskState, is_released: bool) -> Draft {
    let (severity, text) = if is_released {
        (Severity::Warning, format!("the kill switch was released: {}", line.reason))
    } else {
        (rule.severity(), format!("the kill switch was engaged, trading is {}: {}", line.state, line.reason))
    };
    let (same, mut alert) = draft(rule, line.state.as_str(), severity, text);
    alert.figures = state_figures(line);
    (same, alert)
}

/// What may be traded changed.
pub(crate) fn risk_state(rule: &RuleSettings, line: &RiskState, before: impl ToString) -> Draft {
    let before = before.to_string();
    let text = format!("trading went from {before} to {}: {}", line.state, line.reason);
    let (same, mut alert) = draft(rule, format!("{before} {}", line.state), rule.severity(), text);
    alert.figures = state_figures(line);
    (same, alert)
}

/// A watched limit was reached.
pub(crate) fn breach(rule: &RuleSettings, breach: &RiskBreach) -> Draft {
    let refusal = &breach.refusal;
    let text = format!("the limit {} was reached", refusal.rule);
    let (same, mut alert) = draft(rule, refusal.rule.clone(), rule.severity(), text);
    alert.figures.push(figure("rule", refusal.code));
    alert.figures.extend(refusal.measured.as_ref().map(|measured| figure("measured", measured)));
    alert.figures.extend(refusal.limit.as_ref().map(|limit| figure("limit", limit)));
    alert.instrument = breach.instrument;
    (same, alert)
}

/// A market is not live, or live again.
pub(crate) fn feed(rule: &RuleSettings, news: &News) -> Draft {
    let (seconds, venue) = (news.lasted_ns / NS_A_SECOND, &news.venue);
    let what = match &news.instruments[..] {
        [] => venue.clone(),
        names => format!("{venue} ({})", list(names)),
    };
    let (severity, text, state) = match news.state {
        Some(state) => (rule.severity(), format!("no live data of {what} for {seconds} s"), state.as_str()),
        None => (Severity::Info, format!("{what} is live again after {seconds} s"), "live"),
    };
    let (same, mut alert) = draft(rule, format!("{venue} {state}"), severity, text);
    alert.figures =
        vec![figure("venue", venue), figure("state", state), figure("lasted", format!("{seconds} s"))];
    if let [only] = &news.instruments[..] {
        alert.instrument = only.parse().ok();
    }
    (same, alert)
}

fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn about(alert: &mut AlertRaised, order: OrderId, terms: Option<&NewOrder>) {
    alert.order = Some(order);
    alert.instrument = terms.map(|terms| terms.instrument);
    alert.strategy = terms.map(|terms| terms.strategy);
}

/// A fill of at least the rule's notional; `None` for a smaller one, or one that the rule does not watch.
pub(crate) fn fill(rule: &RuleSettings, fill: &Fill, state: &State) -> Option<Draft> {
    let terms = &state.orders.get(fill.order)?.terms;
    let notional = Cash::notional(fill.price, fill.qty).ok()?.abs();
    if notional < rule.notional? || !rule.watches(&terms.instrument) {
        return None;
    }
    let quote = state.markets.by_id(&terms.instrument)?.definition.quote;
    let (side, instrument) = (terms.side, terms.instrument);
    let text = format!(
        "{} filled: {side} {} {instrument} at {}, worth {}",
        terms.strategy,
        fill.qty,
        fill.price,
        money(notional, quote)
    );
    let (same, mut alert) =
        draft(rule, format!("{} {instrument} {side}", terms.strategy), rule.severity(), text);
    alert.figures = vec![
        figure("notional", money(notional, quote)),
        figure("quantity", fill.qty),
        figure("price", fill.price),
        figure("fee", money(fill.fee, fill.fee_asset)),
        figure("filled in all", fill.cum_qty),
        figure("still open", fill.leaves_qty),
    ];
    about(&mut alert, fill.order, Some(terms));
    Some((same, alert))
}

/// The venue refused so many new orders in a row.
pub(crate) fn rejects(rule: &RuleSettings, row: u32, rejected: &OrderRejected, state: &State) -> Draft {
    let refusal = &rejected.refusal;
    let said = rejected.reason.as_deref().unwrap_or(&refusal.rule);
    let text = format!("{row} orders in a row were rejected, the last with: {said}");
    let (same, mut alert) = draft(rule, "", rule.severity(), text);
    alert.figures = vec![figure("in a row", row), figure("rule", refusal.code)];
    about(&mut alert, rejected.order, state.orders.get(rejected.order).map(|order| &order.terms));
    (same, alert)
}

/// What became of an order is not known.
pub(crate) fn unknown(rule: &RuleSettings, unknown: &OrderUnknown, state: &State) -> Draft {
    let terms = state.orders.get(unknown.order).map(|order| &order.terms);
    let text = format!("what became of an order is not known: {}", unknown.reason);
    let (same, mut alert) = draft(rule, "", rule.severity(), text);
    if let Some(terms) = terms {
        alert.figures = vec![figure("side", terms.side), figure("quantity", terms.qty)];
        alert.figures.extend(terms.price.map(|price| figure("price", price)));
    }
    about(&mut alert, unknown.order, terms);
    (same, alert)
}

/// How the run stands.
pub(crate) fn summary(rule: &RuleSettings, day: &Tally, state: &State) -> Draft {
    let (standing, asset) = (Standing::now(state), state.account.reporting());
    let held = state.positions.iter().filter(|(_, position)| !position.qty.is_zero()).count();
    let worth = standing.map_or_else(
        || "equity cannot be valued".to_owned(),
        |standing| {
            format!("equity {}, the day {}", money(standing.equity, asset), money(standing.day, asset))
        },
    );
    let text = format!("daily summary: {worth}, {} fills, trading is {}", day.fills, state.trading());
    let (same, mut alert) = draft(rule, "", rule.severity(), text);
    alert.figures = standing.map(|standing| standing_figures(&standing, asset)).unwrap_or_default();
    alert.figures.extend([
        figure("orders sent", day.submitted),
        figure("fills", day.fills),
        figure("denied", day.denied),
        figure("rejected", day.rejected),
        figure("open orders", state.orders.open_count()),
        figure("positions", held),
    ]);
    (same, alert)
}

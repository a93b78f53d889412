//! What a live run tells whoever watches: how it stands from time to time, and each order's life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::RecvTimeoutError;
use reprise_model::{Input, Outcome};
use reprise_runtime::{Engine, Event, Gauges, IntakeCounts, Interest, Published, Subscription, Summary};
use serde_json::json;

use crate::output::{grouped, print_line, print_table, say};

/// Events that may wait for whoever watches.
const WAITING: usize = 4096;
/// How often it is looked whether the run has ended.
const LOOK: Duration = Duration::from_millis(100);

/// What tells how the run stands, until it is finished.
pub struct Telling {
    threads: Vec<JoinHandle<()>>,
    has_ended: Arc<AtomicBool>,
}

impl Telling {
    /// The run has ended: what is still to be told is told.
    pub fn finish(self) {
        self.has_ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // Whoever cannot tell says nothing more.
            let _ = thread.join();
        }
    }
}

/// Begins to tell.
pub fn tell(engine: &mut Engine, every_s: u64, json: bool) -> Result<Telling> {
    let has_ended = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    let subscription = engine.subscribe(Interest::Decisions, WAITING);
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .context("no thread to tell how the run stands")
    };
    threads.push(spawn("events", Box::new(move || tell_events(&subscription)))?);
    if every_s > 0 {
        let watched = Watched {
            gauges: engine.gauges(),
            counts: engine.intake().counts(),
            every: Duration::from_secs(every_s),
            json,
        };
        let has_ended = Arc::clone(&has_ended);
        threads.push(spawn("status", Box::new(move || watched.tell_until(&has_ended)))?);
    }
    Ok(Telling { threads, has_ended })
}

struct Watched {
    gauges: Arc<Gauges>,
    counts: Arc<IntakeCounts>,
    every: Duration,
    json: bool,
}

impl Watched {
    fn tell_until(&self, has_ended: &AtomicBool) {
        let (mut last, mut inputs) = (Instant::now(), 0);
        while !has_ended.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
            let since = last.elapsed();
            if since < self.every {
                continue;
            }
            let now = self.gauges.inputs();
            let rate = (now - inputs) as f64 / since.as_secs_f64();
            (last, inputs) = (Instant::now(), now);
            if self.tell(rate).is_err() {
                return;
            }
        }
    }

    fn tell(&self, rate: f64) -> Result<()> {
        let g = &self.gauges;
        let equity = g.equity().map(|equity| equity.to_string());
        if self.json {
            return print_line(json!({"status": {
                "seq": g.seq(), "durable": g.durable(), "inputs": g.inputs(), "events_per_s": rate.round(),
                "waiting": g.waiting(), "offered": self.counts.offered(), "conflated": self.counts.conflated(),
                "orders": g.orders(), "fills": g.fills(), "denied": g.denied(), "open_orders": g.open_orders(),
                "equity": equity,
            }}));
        }
        say(format_args!(
            "seq {} · {} events/s · {} orders, {} fills, {} denied, {} open · equity {} · {} conflated",
            grouped(g.seq()),
            grouped(rate.round() as u64),
            grouped(g.orders()),
            grouped(g.fills()),
            grouped(g.denied()),
            g.open_orders(),
            equity.as_deref().unwrap_or("unknown"),
            grouped(self.counts.conflated()),
        ));
        Ok(())
    }
}

/// Logs what was decided, and the facts beside the market that it was decided on.
fn tell_events(subscription: &Subscription) {
    loop {
        match subscription.events().recv_timeout(LOOK) {
            Ok(published) => log_event(&published),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if subscription.lost() > 0 {
        tracing::warn!(lost = subscription.lost(), "events were not logged; the journal has them");
    }
}

fn log_event(published: &Published) {
    let seq = published.seq.0;
    match &published.event {
        Event::Input(Input::FeedStatus(e)) => {
            let instrument = e.instrument.map(|id| id.to_string());
            let reason = e.reason.as_deref().unwrap_or_default();
            tracing::info!(seq, venue = %e.venue, instrument, state = %e.state, reason, "feed");
        }
        Event::Input(Input::OperatorCommand(e)) => {
            tracing::info!(seq, command = %e.command, by = e.by, reason = e.reason, "operator");
        }
        Event::Outcome(_, outcome) => log_outcome(seq, outcome),
        Event::Input(_) => {}
    }
}

fn log_outcome(seq: u64, outcome: &Outcome) {
    match outcome {
        Outcome::OrderSubmitted(e) => {
            let (terms, price) = (&e.terms, e.terms.price.map(|price| price.to_string()));
            tracing::info!(
                seq, order = %e.order, strategy = %terms.strategy, instrument = %terms.instrument, side = %terms.side,
                qty = %terms.qty, price, "order submitted"
            );
        }
        Outcome::OrderPartiallyFilled(e) => {
            tracing::info!(seq, order = %e.fill.order, qty = %e.fill.qty, price = %e.fill.price, "order partially filled");
        }
        Outcome::OrderFilled(e) => {
            tracing::info!(seq, order = %e.fill.order, qty = %e.fill.qty, price = %e.fill.price, "order filled");
        }
        Outcome::OrderRejected(e) => {
            tracing::warn!(seq, order = %e.order, code = e.refusal.code.number(), rule = e.refusal.code.rule(), "order rejected");
        }
        Outcome::OrderDenied(e) => {
            tracing::debug!(seq, order = %e.order, code = e.refusal.code.number(), rule = e.refusal.code.rule(), "order denied");
        }
        Outcome::OrderCanceled(e) => {
            tracing::info!(seq, order = %e.order, reason = %e.reason, "order canceled")
        }
        Outcome::OrderUnknown(e) => {
            tracing::error!(seq, order = %e.order, reason = e.reason, "order unknown")
        }
        Outcome::RiskState(e) => tracing::warn!(seq, state = %e.state, "trading state"),
        Outcome::RiskBreach(e) => {
            tracing::warn!(
                seq,
                code = e.refusal.code.number(),
                rule = e.refusal.code.rule(),
                "limit reached"
            );
        }
        other => tracing::debug!(seq, kind = other.kind(), "outcome"),
    }
}

/// The end of a run, for a person.
pub fn print_summary(summary: &Summary) -> Result<()> {
    print_line(format_args!(
        "ended at seq {} ({}): {} inputs, {} outcomes, {} orders, {} fills, {} denied; {} market events offered, {} \
         conflated",
        grouped(summary.seq.0),
        summary.reason,
        grouped(summary.inputs),
        grouped(summary.outcomes),
        grouped(summary.orders),
        grouped(summary.fills),
        grouped(summary.denied),
        grouped(summary.offered),
        grouped(summary.conflated),
    ))?;
    let us = |ns: u64| format!("{:.1}", ns as f64 / 1_000.0);
    let rows: Vec<Vec<String>> = summary
        .latencies
        .stages()
        .into_iter()
        .filter(|(_, stage)| stage.count() > 0)
        .map(|(name, stage)| {
            let at = |fraction| us(stage.quantile_ns(fraction));
            vec![name.to_owned(), grouped(stage.count()), at(0.5), at(0.99), at(0.999), us(stage.max_ns())]
        })
        .collect();
    print_table(&["stage, µs", "count", "p50", "p99", "p99.9", "max"], &rows, &[1, 2, 3, 4, 5])?;
    match &summary.digest {
        Some(digest) => print_line(format_args!("decision digest {digest}")),
        None => Ok(()),
    }
}

/// The end of a run, for a program.
pub fn print_summary_json(summary: &Summary) -> Result<()> {
    let stages: serde_json::Map<String, serde_json::Value> = summary
        .latencies
        .stages()
        .into_iter()
        .map(|(name, s)| {
            let told = json!({"count": s.count(), "p50_ns": s.quantile_ns(0.5), "p99_ns": s.quantile_ns(0.99),
                "p999_ns": s.quantile_ns(0.999), "max_ns": s.max_ns()});
            (name.to_owned(), told)
        })
        .collect();
    print_line(json!({"ended": {
        "reason": summary.reason, "seq": summary.seq.0, "inputs": summary.inputs, "outcomes": summary.outcomes,
        "orders": summary.orders, "fills": summary.fills, "denied": summary.denied, "offered": summary.offered,
        "conflated": summary.conflated, "digest": summary.digest, "latencies": stages,
    }}))
}

//! The thread that takes the numbers: it follows the published stream, and looks at the engine now and then.
//!
//! It never makes the engine wait longer than a look takes, and never asks for another look before the last one was
//! answered, so that an engine that is busy is not asked more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use reprise_runtime::{Controller, Gauges, IntakeCounts, Latencies, Subscription};

use crate::channels::ChannelSource;
use crate::feeds::FeedSource;
use crate::happened::Happened;
use crate::look::Look;
use crate::process;
use crate::sheet::{Copied, STAGE_BOUNDS_NS, Sheet};
use crate::table::{
    CONFLATED, DURABLE, EVENTS, LAG, LOST, OFFERED, PASSED, RUN, SEQ, SPANS_DROPPED, SPANS_EXPORTED, STAGE,
    WAITING,
};
use crate::traces::SpanCounts;

/// How long an answer is waited for; the engine answers within microseconds unless it halts.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the numbers are taken from.
pub(crate) struct Collector {
    pub run: String,
    pub every: Duration,
    pub controller: Controller,
    pub gauges: Arc<Gauges>,
    pub intake: Arc<IntakeCounts>,
    pub events: Subscription,
    pub feeds: Vec<FeedSource>,
    pub channels: Option<ChannelSource>,
    pub spans: Option<Arc<SpanCounts>>,
    pub sheet: Arc<Sheet>,
    /// The stages when they were last seen.
    pub stages: Option<Latencies>,
}

/// A look that is on its way; none is asked for before it is over, answered or not.
struct Asked(Arc<AtomicBool>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Collector {
    /// Takes numbers until the engine has ended.
    pub fn run(mut self) {
        let mut happened = Happened::begin(&self.sheet);
        let is_asked = Arc::new(AtomicBool::new(false));
        let mut due = Instant::now();
        loop {
            match self.events.events().recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(published) => happened.take(&published, &self.sheet),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                self.sample(&is_asked);
                due = Instant::now() + self.every;
            }
        }
        self.sample(&is_asked);
    }

    fn sample(&mut self, is_asked: &Arc<AtomicBool>) {
        let mut copied = Copied::default();
        self.show_counts();
        if let Some(look) = self.look(is_asked) {
            look.show(&self.sheet);
            self.sheet.set(&RUN, &[&self.run, look.mode.as_str(), env!("CARGO_PKG_VERSION")], 1.0);
            self.stages = Some(look.latencies);
        }
        if let Some(latencies) = &self.stages {
            let stages = latencies.stages().into_iter();
            let stages = stages.map(|(name, stage)| (name, stage.buckets(&STAGE_BOUNDS_NS), stage.count()));
            copied.histograms(&STAGE, &STAGE_BOUNDS_NS, stages);
        }
        process::show(&self.sheet, &mut copied);
        self.sheet.copy(copied);
    }

    /// Looks at the engine, unless it has yet to answer the last time.
    fn look(&self, is_asked: &Arc<AtomicBool>) -> Option<Look> {
        if is_asked.swap(true, Ordering::AcqRel) {
            return None;
        }
        let asked = Asked(Arc::clone(is_asked));
        self.controller.ask(PATIENCE, move |view| {
            let _asked = asked;
            Look::at(view)
        })
    }

    fn show_counts(&mut self) {
        let (sheet, gauges, intake) = (&self.sheet, &self.gauges, &self.intake);
        for (kind, count) in gauges.by_kind() {
            sheet.count_to(&EVENTS, &[kind.class.as_str(), kind.kind], count);
        }
        sheet.count_to(&OFFERED, &[], intake.offered());
        sheet.count_to(&PASSED, &[], intake.passed());
        sheet.count_to(&CONFLATED, &[], intake.conflated());
        sheet.set(&WAITING, &[], gauges.waiting() as f64);
        let (seq, durable) = (gauges.seq(), gauges.durable());
        sheet.set(&SEQ, &[], seq as f64);
        if durable > 0 {
            sheet.set(&DURABLE, &[], durable as f64);
            sheet.set(&LAG, &[], seq.saturating_sub(durable) as f64);
        }
        sheet.count_to(&LOST, &["metrics"], self.events.lost());
        if let Some(spans) = &self.spans {
            sheet.count_to(&LOST, &["traces"], spans.lost());
            sheet.count_to(&SPANS_EXPORTED, &[], spans.exported());
            sheet.count_to(&SPANS_DROPPED, &[], spans.dropped());
        }
        for feed in &mut self.feeds {
            feed.show(sheet);
        }
        if let Some(channels) = &self.channels {
            channels.show(sheet);
        }
    }
}

//! Where the numbers stand between being taken and being scraped.
//!
//! Most are kept by the Prometheus recorder of the crate `metrics`. Numbers that are kept elsewhere already, and that
//! it cannot take over as they are (histograms of hundreds of thousands of times a second, counters with a fraction),
//! are copied into the exposition instead.

use std::fmt::Write;
use std::sync::Mutex;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use reprise_runtime::Buckets;

use crate::error::MetricsError;
use crate::table::{ORDER_STEP, Row, TABLE, Type};

const NS_A_SECOND: f64 = 1e9;

/// The bounds of buckets of the engine's own stages, in nanoseconds: 250 ns to 10 s.
pub(crate) const STAGE_BOUNDS_NS: [u64; 24] = {
    let mut bounds = [0; 24];
    let (mut at, mut decade) = (0, 100);
    // 2.5, 5 and 10 of each decade.
    while at < bounds.len() {
        bounds[at] = decade * 5 / 2;
        bounds[at + 1] = decade * 5;
        bounds[at + 2] = decade * 10;
        decade *= 10;
        at += 3;
    }
    bounds
};

/// The bounds of buckets of what an order waits for, in seconds.
const ORDER_BOUNDS: [f64; 15] =
    [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0];

static METADATA: Metadata<'static> = Metadata::new("reprise", Level::INFO, None);

/// The numbers of now.
pub(crate) struct Sheet {
    recorder: PrometheusRecorder,
    scraped: PrometheusHandle,
    copied: Mutex<String>,
}

impl Sheet {
    /// An empty sheet on which every metric is described.
    pub fn new() -> Result<Self, MetricsError> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(ORDER_STEP.name.to_owned()), &ORDER_BOUNDS)
            .map_err(|error| MetricsError::Recorder(error.to_string()))?;
        let recorder = builder.build_recorder();
        for row in TABLE {
            match row.kind {
                Type::Counter => recorder.describe_counter(row.name.into(), None, row.meaning.trim().into()),
                Type::Gauge => recorder.describe_gauge(row.name.into(), None, row.meaning.trim().into()),
                Type::Histogram => {
                    recorder.describe_histogram(row.name.into(), None, row.meaning.trim().into())
                }
            }
        }
        Ok(Self { scraped: recorder.handle(), recorder, copied: Mutex::default() })
    }

    /// Sets a gauge.
    pub fn set(&self, row: &Row, labels: &[&str], value: f64) {
        debug_assert_eq!(row.kind, Type::Gauge);
        self.recorder.register_gauge(&key(row, labels), &METADATA).set(value);
    }

    /// Sets a counter to what was counted elsewhere.
    pub fn count_to(&self, row: &Row, labels: &[&str], count: u64) {
        debug_assert_eq!(row.kind, Type::Counter);
        self.recorder.register_counter(&key(row, labels), &METADATA).absolute(count);
    }

    /// Counts on; 0 makes the series known before anything happened.
    pub fn count(&self, row: &Row, labels: &[&str], more: u64) {
        debug_assert_eq!(row.kind, Type::Counter);
        self.recorder.register_counter(&key(row, labels), &METADATA).increment(more);
    }

    /// Takes a time in.
    pub fn time(&self, row: &Row, labels: &[&str], ns: u64) {
        debug_assert_eq!(row.kind, Type::Histogram);
        self.recorder.register_histogram(&key(row, labels), &METADATA).record(ns as f64 / NS_A_SECOND);
    }

    /// Makes the series of a histogram known before it has any time.
    pub fn know(&self, row: &Row, labels: &[&str]) {
        debug_assert_eq!(row.kind, Type::Histogram);
        let _ = self.recorder.register_histogram(&key(row, labels), &METADATA);
    }

    /// Puts down what is copied from elsewhere, and tidies up.
    pub fn copy(&self, copied: Copied) {
        if let Ok(mut held) = self.copied.lock() {
            *held = copied.0;
        }
        self.scraped.run_upkeep();
    }

    /// Everything, in the text format of Prometheus.
    pub fn exposition(&self) -> String {
        let mut text = self.scraped.render();
        if let Ok(copied) = self.copied.lock() {
            text.push_str(&copied);
        }
        text
    }
}

fn key(row: &Row, labels: &[&str]) -> Key {
    debug_assert_eq!(row.labels.len(), labels.len(), "{}", row.name);
    let label = |(name, value): (&&'static str, &&str)| Label::new(*name, (*value).to_owned());
    Key::from_parts(row.name, row.labels.iter().zip(labels).map(label).collect::<Vec<_>>())
}

/// Numbers that are kept elsewhere, written as Prometheus reads them.
///
/// Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>
#[derive(Debug, Default)]
pub(crate) struct Copied(String);

impl Copied {
    fn begin(&mut self, row: &Row) {
        // Writing to a string does not fail; so it is below.
        let _ = writeln!(self.0, "# HELP {} {}\n# TYPE {0} {}", row.name, row.meaning.trim(), row.kind);
    }

    /// A counter that counts in fractions.
    pub fn counter(&mut self, row: &Row, value: f64) {
        debug_assert_eq!(row.kind, Type::Counter);
        self.begin(row);
        let _ = writeln!(self.0, "{} {value}\n", row.name);
    }

    /// Histograms of the engine's stages, each with its name, buckets and count.
    pub fn histograms<'a>(
        &mut self,
        row: &Row,
        bounds_ns: &[u64],
        stages: impl Iterator<Item = (&'a str, Buckets, u64)>,
    ) {
        debug_assert_eq!(row.kind, Type::Histogram);
        self.begin(row);
        let (name, label) = (row.name, row.labels.first().copied().unwrap_or_default());
        for (stage, buckets, count) in stages {
            for (bound, within) in bounds_ns.iter().zip(&buckets.within) {
                let le = *bound as f64 / NS_A_SECOND;
                let _ = writeln!(self.0, "{name}_bucket{{{label}=\"{stage}\",le=\"{le}\"}} {within}");
            }
            let sum = buckets.sum_ns as f64 / NS_A_SECOND;
            let _ = writeln!(self.0, "{name}_bucket{{{label}=\"{stage}\",le=\"+Inf\"}} {count}");
            let _ = writeln!(self.0, "{name}_sum{{{label}=\"{stage}\"}} {sum}");
            let _ = writeln!(self.0, "{name}_count{{{label}=\"{stage}\"}} {count}");
        }
        self.0.push('\n');
    }
}

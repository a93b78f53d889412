//! The thread that follows orders and sends their spans. A collector that is away loses spans, which are counted;
//! nothing waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use reprise_runtime::Subscription;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::otlp;
use super::tracer::Tracer;
use crate::error::MetricsError;

/// How often spans are sent.
const EVERY: Duration = Duration::from_secs(1);
/// Spans of one request.
const BATCH: usize = 512;
/// Spans that wait for a collector that is away; the oldest are let go beyond it.
const KEPT: usize = 8_192;
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The wait before the last attempt, when the run has ended.
const LAST_PAUSE: Duration = Duration::from_millis(500);
/// The longest wait before a collector that is away is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What became of spans.
#[derive(Debug, Default)]
pub(crate) struct SpanCounts {
    exported: AtomicU64,
    dropped: AtomicU64,
    lost: AtomicU64,
}

impl SpanCounts {
    pub fn exported(&self) -> u64 {
        self.exported.load(Ordering::Relaxed)
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Events that the tracer did not see because it did not keep up.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Where traces go at a collector.
pub(crate) fn endpoint(otlp_url: &str) -> String {
    let base = otlp_url.trim_end_matches('/');
    if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
}

/// Follows orders and sends their spans.
pub(crate) struct Exporter {
    url: String,
    run: String,
    /// The run in trace ids, so that orders of different runs do not share one.
    tag: u64,
    events: Subscription,
    client: Client,
    runtime: Runtime,
    waiting: Vec<Value>,
    counts: Arc<SpanCounts>,
    due: Instant,
    pause: Duration,
}

impl Exporter {
    pub fn new(otlp_url: &str, run: &str, events: Subscription) -> Result<Self, MetricsError> {
        let failed = |error: reqwest::Error| MetricsError::Exporter(error.to_string());
        // Without one provider of cryptography chosen a client cannot be made; whoever chose before, wins.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| MetricsError::Thread { what: "sending spans", source })?;
        let hash = blake3::hash(run.as_bytes());
        Ok(Self {
            url: endpoint(otlp_url),
            run: run.to_owned(),
            tag: hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes)),
            events,
            client,
            runtime,
            waiting: Vec::new(),
            counts: Arc::default(),
            due: Instant::now() + EVERY,
            pause: EVERY,
        })
    }

    pub fn counts(&self) -> Arc<SpanCounts> {
        Arc::clone(&self.counts)
    }

    /// Follows orders until the engine has ended, then sends what is left.
    pub fn run(mut self) {
        let mut tracer = Tracer::default();
        loop {
            match self.events.events().recv_timeout(self.due.saturating_duration_since(Instant::now())) {
                Ok(published) => {
                    if let Some((order, spans)) = tracer.take(&published) {
                        let tag = self.tag;
                        self.keep(spans.iter().map(|span| otlp::span(tag, order, span)));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= self.due {
                self.pause = if self.send() { EVERY } else { (self.pause * 2).min(LONGEST_PAUSE) };
                self.due = Instant::now() + self.pause;
            }
        }
        if !self.send() {
            std::thread::sleep(LAST_PAUSE);
            self.send();
        }
        if !self.waiting.is_empty() {
            tracing::warn!(
                spans = self.waiting.len(),
                url = self.url,
                "spans were not taken by the collector"
            );
        }
    }

    fn keep(&mut self, spans: impl Iterator<Item = Value>) {
        self.waiting.extend(spans);
        if self.waiting.len() > KEPT {
            self.drop_oldest(self.waiting.len() - KEPT);
        }
    }

    fn drop_oldest(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.counts.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Sends what waits; false when the collector is away.
    fn send(&mut self) -> bool {
        self.counts.lost.store(self.events.lost(), Ordering::Relaxed);
        while !self.waiting.is_empty() {
            let batch = self.waiting.len().min(BATCH);
            let request = otlp::request(&self.run, &self.waiting[..batch]);
            let post = self.client.post(&self.url).json(&request);
            // Within the runtime, because the client's timeout needs its clock from the beginning.
            let answer = self.runtime.block_on(async { post.send().await });
            match answer.map(|answer| answer.status()) {
                Ok(status) if status.is_success() => {
                    self.waiting.drain(..batch);
                    self.counts.exported.fetch_add(batch as u64, Ordering::Relaxed);
                }
                Ok(status) if may_pass(status) => {
                    tracing::debug!(%status, url = self.url, "the collector takes no spans now");
                    return false;
                }
                Ok(status) => {
                    tracing::warn!(%status, url = self.url, spans = batch, "the collector refuses spans");
                    self.drop_oldest(batch);
                }
                Err(error) => {
                    tracing::debug!(%error, "the collector does not answer");
                    return false;
                }
            }
        }
        true
    }
}

/// True for answers after which the same request may be taken.
///
/// Source: <https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes>
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

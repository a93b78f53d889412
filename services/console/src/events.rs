//! The journal's events as they are published, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): `id` is the event's number, `data` its line.
//!
//! Whoever was away says the last number it has and gets what it missed, as long as that is remembered; where it is
//! not, an event named `gap` says up to where. A listener that is slow finds the same: nothing is kept for it alone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use crossbeam_channel::RecvTimeoutError;
use futures_util::stream;
use reprise_model::Seq;
use reprise_runtime::{Event, Subscription};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use crate::line::EventLine;
use crate::refused::Refused;
use crate::routes::Query;
use crate::source::Source;

/// A listener to whom nothing happens hears this often that the connection lives.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Events that are handed on at once.
const AT_ONCE: usize = 256;
/// The most of the last events that a listener may begin with.
const MOST_TAIL: usize = 10_000;
/// How soon a listener that lost its connection should come back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What a listener wants.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    /// Kinds, or how they begin; all when empty.
    kinds: Vec<String>,
    after: Option<Seq>,
    tail: usize,
    market: bool,
}

impl Wish {
    fn of(query: &Query, headers: &HeaderMap) -> Result<Self, Refused> {
        let kinds = query.get("kinds").map(|kinds| kinds.split(',').map(str::trim)).into_iter().flatten();
        let number = |text: &str, what: &str| {
            text.parse::<u64>().map_err(|_| Refused::unfit(format!("'{what}' is a number")))
        };
        let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
        let after = last.or(query.get("after").map(String::as_str));
        let tail = query.get("tail").map_or(Ok(0), |tail| number(tail, "tail"))?;
        Ok(Self {
            kinds: kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
            after: after.map(|after| number(after, "after").map(Seq)).transpose()?,
            tail: usize::try_from(tail).unwrap_or(MOST_TAIL).min(MOST_TAIL),
            market: query.get("market").is_some_and(|market| market != "false"),
        })
    }

    fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| kind.starts_with(wanted.as_str()))
    }
}

fn frame(line: &EventLine, text: &mut String) {
    text.push_str("id: ");
    text.push_str(&line.seq.to_string());
    text.push_str("\ndata: ");
    text.push_str(&line.text);
    text.push_str("\n\n");
}

/// An answer that goes on.
pub(crate) fn answer(
    source: Arc<dyn Source>,
    query: &Query,
    headers: &HeaderMap,
    place: OwnedSemaphorePermit,
) -> Result<Response<Body>, Refused> {
    let wish = Wish::of(query, headers)?;
    let body = if wish.market {
        of_market(source.as_ref(), wish, place)?
    } else {
        of_decisions(source, wish, place)
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// A listener to what is remembered.
struct Listener {
    source: Arc<dyn Source>,
    wish: Wish,
    last: Seq,
    watch: watch::Receiver<Seq>,
    has_begun: bool,
    _place: OwnedSemaphorePermit,
}

fn of_decisions(source: Arc<dyn Source>, wish: Wish, place: OwnedSemaphorePermit) -> Body {
    let chronicle = source.chronicle();
    let (watch, last) = (chronicle.watch(), wish.after.unwrap_or_else(|| chronicle.before_last(wish.tail)));
    let listener = Listener { source, wish, last, watch, has_begun: false, _place: place };
    Body::from_stream(stream::unfold(listener, |mut listener| async move {
        let text = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), listener))
    }))
}

impl Listener {
    /// What is to be said next; `None` when nothing more will come.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(format!("retry: {RETRY_MS}\n\n"));
        }
        loop {
            self.watch.borrow_and_update();
            let missed = self.source.chronicle().events_after(self.last, AT_ONCE);
            let mut text = String::new();
            if let Some(through) = missed.gap_through {
                text = format!("event: gap\ndata: {{\"after\":{},\"through\":{through}}}\n\n", self.last);
                self.last = through;
            }
            for line in &missed.events {
                self.last = self.last.max(line.seq);
                if self.wish.takes(line.kind) {
                    frame(line, &mut text);
                }
            }
            if !text.is_empty() {
                return Some(text);
            }
            if !missed.events.is_empty() {
                continue;
            }
            match tokio::time::timeout(STILL_HERE, self.watch.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(": still here\n\n".to_owned()),
            }
        }
    }
}

/// Everything from now on, the market included: a subscription of the listener's own, on a thread of its own.
fn of_market(source: &dyn Source, wish: Wish, place: OwnedSemaphorePermit) -> Result<Body, Refused> {
    let subscription = source.subscribe()?;
    let (give, take) = mpsc::channel(AT_ONCE);
    let work = move || {
        let _place = place;
        pass_on(&subscription, &wish, &give);
    };
    let spawned = std::thread::Builder::new().name("console-market".to_owned()).spawn(work);
    spawned.map_err(|_| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "there is no thread left"))?;
    Ok(Body::from_stream(stream::unfold(take, |mut take| async move {
        let text: String = take.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), take))
    })))
}

fn pass_on(subscription: &Subscription, wish: &Wish, give: &mpsc::Sender<String>) {
    let mut lost = 0;
    loop {
        let mut text = String::new();
        match subscription.events().recv_timeout(STILL_HERE) {
            Ok(published) => {
                let waiting = subscription.events().try_iter().take(AT_ONCE);
                for published in std::iter::once(published).chain(waiting) {
                    let line = match &published.event {
                        Event::Input(input) if wish.takes(input.kind()) => {
                            EventLine::of_input(published.seq, published.ts, input)
                        }
                        Event::Outcome(cause, outcome) if wish.takes(outcome.kind()) => {
                            EventLine::of_outcome(published.seq, published.ts, *cause, outcome)
                        }
                        Event::Input(_) | Event::Outcome(..) => continue,
                    };
                    frame(&line, &mut text);
                }
            }
            Err(RecvTimeoutError::Timeout) => text.push_str(": still here\n\n"),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now_lost = subscription.lost();
        if now_lost > lost {
            text.push_str(&format!("event: gap\ndata: {{\"lost\":{}}}\n\n", now_lost - lost));
            lost = now_lost;
        }
        // A listener that is gone has heard enough.
        if !text.is_empty() && give.blocking_send(text).is_err() {
            return;
        }
        if give.is_closed() {
            return;
        }
    }
}

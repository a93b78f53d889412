//! Whether the run is as it should be, for whoever watches over processes.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use reprise_model::event::{FeedState, RunMode};

use crate::shown::{Phase, Snapshot};
use crate::source::Source;

/// The journal may be so many events behind before that is worth a word.
const MOST_BEHIND: u64 = 1_000_000;

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    name: &'static str,
    /// `None` when it is as it should be.
    fault: Option<String>,
}

/// Looks at everything that a run needs. A kill switch that was pulled is no fault: it is what was wanted.
pub(crate) fn look(source: &dyn Source) -> Vec<Finding> {
    let finding = |name, fault| Finding { name, fault };
    let snapshot = match source.snapshot() {
        Ok(snapshot) => snapshot,
        Err(error) => return vec![finding("engine", Some(error.to_string()))],
    };
    vec![
        finding("engine", None),
        finding("run", run(&snapshot)),
        finding("feeds", feeds(&snapshot)),
        finding("journal", journal(&snapshot)),
    ]
}

fn run(snapshot: &Snapshot) -> Option<String> {
    match snapshot.status.phase {
        Phase::Running | Phase::Finished => None,
        Phase::Ending => Some("the run ends".to_owned()),
    }
}

fn feeds(snapshot: &Snapshot) -> Option<String> {
    if snapshot.status.phase == Phase::Finished {
        return None;
    }
    if snapshot.status.mode == RunMode::Record {
        return match snapshot.status.feed {
            Some(FeedState::Live) => None,
            Some(state) => Some(format!("one is {state}")),
            None => Some("none has said anything yet".to_owned()),
        };
    }
    if snapshot.markets.is_empty() {
        return Some("no instrument is known yet".to_owned());
    }
    let lost = snapshot.markets.iter().filter_map(|market| match market.feed {
        Some(FeedState::Live) | None => None,
        Some(state) => Some(format!("{} is {state}", market.instrument)),
    });
    let lost: Vec<String> = lost.collect();
    if lost.is_empty() { None } else { Some(lost.join(", ")) }
}

fn journal(snapshot: &Snapshot) -> Option<String> {
    let status = &snapshot.status;
    let behind = status.seq.0.saturating_sub(status.durable.0);
    (status.durable.0 > 0 && behind > MOST_BEHIND).then(|| format!("{behind} events are not on disk yet"))
}

/// The findings as text, one a line, as Kubernetes' own components write theirs.
pub(crate) fn answer(findings: &[Finding], verbose: bool) -> Response<Body> {
    let is_ready = findings.iter().all(|finding| finding.fault.is_none());
    let mut text = String::new();
    for finding in findings {
        match &finding.fault {
            None if verbose => text.push_str(&format!("[+] {} ok\n", finding.name)),
            None => {}
            Some(fault) => text.push_str(&format!("[-] {}: {fault}\n", finding.name)),
        }
    }
    text.push_str(if is_ready { "ready\n" } else { "not ready\n" });
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

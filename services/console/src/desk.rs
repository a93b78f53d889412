//! The desk at which every request is answered: admitted or refused, looked up in the table, done in time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Query as FromQuery;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};
use axum::routing::{MethodRouter, get, post};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use reprise_model::codec::to_bytes as canonical;
use reprise_model::event::Command;
use tokio::sync::Semaphore;

use crate::commands;
use crate::events;
use crate::guard::Guard;
use crate::openapi;
use crate::page::HEADERS;
use crate::ready;
use crate::refused::Refused;
use crate::routes::{Query, ROUTES, Route, Serves};
use crate::source::Source;

/// The most bytes of a body.
pub const MOST_BODY: usize = 16 * 1024;
/// How long a request may take until its answer begins.
const IN_TIME: Duration = Duration::from_secs(10);
/// Listeners to events at once.
const LISTENERS: usize = 32;

/// What answers requests.
#[derive(Clone)]
pub struct Desk {
    router: Router,
}

/// What a route needs to answer.
#[derive(Clone)]
struct Clerk {
    source: Arc<dyn Source>,
    guard: Arc<Guard>,
    places: Arc<Semaphore>,
    route: &'static Route,
}

impl Desk {
    /// A desk for a run.
    #[must_use]
    pub fn new(source: Arc<dyn Source>, guard: Guard) -> Self {
        let (guard, places) = (Arc::new(guard), Arc::new(Semaphore::new(LISTENERS)));
        let mut router = Router::new();
        for route in ROUTES {
            let (source, guard, places) = (Arc::clone(&source), Arc::clone(&guard), Arc::clone(&places));
            router = router.route(route.path, method(Clerk { source, guard, places, route }));
        }
        let nowhere = || async {
            Response::from(Refused::new(StatusCode::NOT_FOUND, "there is nothing here; see /openapi.json"))
        };
        let other = || async {
            let words = "this is asked for otherwise: GET to look, POST to command";
            Response::from(Refused::new(StatusCode::METHOD_NOT_ALLOWED, words))
        };
        Self { router: router.fallback(nowhere).method_not_allowed_fallback(other) }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let router = TowerToHyperService::new(self.router.clone());
        let mut response = match tokio::time::timeout(IN_TIME, router.call(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Refused::new(StatusCode::SERVICE_UNAVAILABLE, "this took too long").into(),
        };
        for (name, value) in HEADERS {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response
    }
}

fn method(clerk: Clerk) -> MethodRouter {
    let changes = matches!(clerk.route.serves, Serves::Act(_));
    let answer = move |request: Request<Body>| {
        let clerk = clerk.clone();
        async move { clerk.answer(request).await.unwrap_or_else(Response::from) }
    };
    if changes { post(answer) } else { get(answer) }
}

impl Clerk {
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Refused> {
        let (parts, body) = request.into_parts();
        self.guard.admit(&parts, self.route.need())?;
        let query = || {
            let read = FromQuery::<Query>::try_from_uri(&parts.uri);
            read.map(|FromQuery(query)| query).map_err(|_| Refused::unfit("the query does not read"))
        };
        match self.route.serves {
            Serves::Part { content_type, text } => Ok(told(content_type, text)),
            Serves::Document => Ok(told("application/json", openapi::document().to_string())),
            Serves::Lives => Ok(told("text/plain; charset=utf-8", "ok\n")),
            Serves::Look { show, .. } => {
                let query = query()?;
                let shown = self.wait(move |source| show(source, &query)).await?;
                Ok(told("application/json", shown))
            }
            Serves::Ready => {
                let verbose = query()?.contains_key("verbose");
                Ok(ready::answer(&self.wait(|source| Ok(ready::look(source))).await?, verbose))
            }
            Serves::Events => {
                let query = query()?;
                let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
                    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "there are too many listeners already")
                })?;
                let (source, headers) = (Arc::clone(&self.source), parts.headers);
                blocking(move || events::answer(source, &query, &headers, place)).await
            }
            Serves::Act(command) => self.act(command, &parts, body).await,
        }
    }

    async fn act(&self, command: Command, request: &Parts, body: Body) -> Result<Response<Body>, Refused> {
        if request.version < Version::HTTP_11 {
            // Before 1.1 a body may end with its connection: one that was cut off could pass for a whole one.
            let words = "commands take HTTP/1.1";
            return Err(Refused::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, words));
        }
        let is_json =
            request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(
                |kind| {
                    kind.split(';')
                        .next()
                        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
                },
            );
        let body = to_bytes(body, MOST_BODY).await.map_err(|_| {
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has at most {MOST_BODY} bytes"))
        })?;
        if !body.is_empty() && !is_json {
            return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is application/json"));
        }
        let command = commands::read(command, &body)?;
        let done = self.wait(move |source| commands::give(source, command)).await?;
        Ok(told("application/json", canonical(&done)))
    }

    /// Asks the run, on a thread that may wait.
    async fn wait<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Source) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let source = Arc::clone(&self.source);
        blocking(move || ask(source.as_ref())).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let broken =
        || Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be answered; the log says why");
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(broken()))
}

fn told(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

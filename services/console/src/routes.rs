//! The table of routes. The router and the OpenAPI document are both made from it, so they say the same.

use axum::http::StatusCode;
use reprise_model::codec::{Field, SchemaValue, to_bytes};
use reprise_model::event::Command;
use reprise_model::{InstrumentId, Ts};

use crate::guard::Need;
use crate::page;
use crate::refused::Refused;
use crate::shown::{
    AccountView, AlertRow, DenialRow, EquityPoint, FillRow, LimitRow, MarketRow, OrderRow, PositionRow,
    PricePoint, Snapshot, StageRow, Status,
};
use crate::source::Source;

/// What a request asks for beside its path.
pub(crate) type Query = std::collections::BTreeMap<String, String>;
/// Something that is shown, as JSON.
pub(crate) type Shown = Result<Vec<u8>, Refused>;

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub required: bool,
    pub about: &'static str,
}

/// What a route does.
#[derive(Clone, Copy)]
pub(crate) enum Serves {
    /// A part of the page.
    Part { content_type: &'static str, text: &'static str },
    /// Something that is shown.
    Look {
        show: fn(&dyn Source, &Query) -> Shown,
        schema: fn() -> SchemaValue,
        parameters: &'static [Parameter],
    },
    /// Events as they come.
    Events,
    /// Whether the process lives.
    Lives,
    /// Whether the run is as it should be.
    Ready,
    /// This table, as OpenAPI.
    Document,
    /// A command.
    Act(Command),
}

/// One route.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub path: &'static str,
    pub about: &'static str,
    pub serves: Serves,
}

impl Route {
    /// What a request to it needs.
    pub fn need(&self) -> Need {
        match self.serves {
            Serves::Part { .. } | Serves::Lives | Serves::Ready | Serves::Document => Need::Nothing,
            Serves::Look { .. } | Serves::Events => Need::Look,
            Serves::Act(_) => Need::Change,
        }
    }
}

const fn route(path: &'static str, about: &'static str, serves: Serves) -> Route {
    Route { path, about, serves }
}

const fn part(path: &'static str, content_type: &'static str, text: &'static str) -> Route {
    Route { path, about: "A part of the console's page.", serves: Serves::Part { content_type, text } }
}

macro_rules! look {
    ($path:literal, $about:literal, $ty:ty, $show:expr $(, $parameters:expr)?) => {
        route($path, $about, Serves::Look {
            show: $show,
            schema: <$ty as Field>::schema,
            parameters: { const NONE: &[Parameter] = &[]; let all = NONE; $( let _ = all; let all = $parameters; )? all },
        })
    };
}

const SINCE: Parameter =
    Parameter { name: "since", required: false, about: "Only points after this moment, Unix nanoseconds." };
const INSTRUMENT: Parameter = Parameter { name: "instrument", required: true, about: "The instrument's id." };

/// What listeners of events may ask for.
pub(crate) const OF_EVENTS: &[Parameter] = &[
    Parameter {
        name: "kinds",
        required: false,
        about: "Only these kinds, or kinds that begin so, set apart by commas: order.,risk.state.",
    },
    Parameter { name: "tail", required: false, about: "Begin with so many of the last events." },
    Parameter {
        name: "after",
        required: false,
        about: "Begin after this number; the header Last-Event-ID says the same and counts more.",
    },
    Parameter { name: "market", required: false, about: "`true`: what the market sends, too, from now on." },
];

/// Every route there is.
pub(crate) const ROUTES: &[Route] = &[
    part("/", "text/html; charset=utf-8", page::HTML),
    part("/console.css", "text/css; charset=utf-8", page::CSS),
    part("/console.js", "text/javascript; charset=utf-8", page::JS),
    part("/panels.js", "text/javascript; charset=utf-8", page::PANELS),
    part("/uplot.css", "text/css; charset=utf-8", page::UPLOT_CSS),
    part("/uplot.js", "text/javascript; charset=utf-8", page::UPLOT_JS),
    part("/uplot-licence.txt", "text/plain; charset=utf-8", page::UPLOT_LICENCE),
    look!("/status", "How the run stands.", Status, |s, _| Ok(to_bytes(&s.snapshot()?.status))),
    look!("/snapshot", "Everything that is shown of now.", Snapshot, |s, _| Ok(to_bytes(&*s.snapshot()?))),
    look!("/orders", "The open orders.", Vec<OrderRow>, |s, _| Ok(to_bytes(&s.snapshot()?.orders))),
    look!("/positions", "The positions.", Vec<PositionRow>, |s, _| Ok(to_bytes(&s.snapshot()?.positions))),
    look!("/limits", "The limits that are set, and their head-room.", Vec<LimitRow>, |s, _| Ok(to_bytes(
        &s.snapshot()?.limits
    ))),
    look!("/account", "The account.", AccountView, |s, _| Ok(to_bytes(&s.snapshot()?.account))),
    look!("/markets", "The markets, with bands and the age of prices.", Vec<MarketRow>, |s, _| Ok(to_bytes(
        &s.snapshot()?.markets
    ))),
    look!("/latency", "How long each stage of an event takes.", Vec<StageRow>, |s, _| Ok(to_bytes(
        &s.snapshot()?.latency
    ))),
    look!("/denials", "The last orders that risk refused, newest first.", Vec<DenialRow>, |s, _| Ok(
        to_bytes(&s.chronicle().denials())
    )),
    look!("/fills", "The last executions, newest first.", Vec<FillRow>, |s, _| Ok(to_bytes(
        &s.chronicle().fills()
    ))),
    look!("/alerts", "What wants a person's eye, newest first.", Vec<AlertRow>, |s, _| Ok(to_bytes(
        &s.chronicle().alerts()
    ))),
    look!(
        "/equity",
        "The way of equity and of the fall from its peak.",
        Vec<EquityPoint>,
        |s, q| Ok(to_bytes(&s.chronicle().equity(since(q)?))),
        &[SINCE]
    ),
    look!(
        "/prices",
        "The way of an instrument's price and bands.",
        Vec<PricePoint>,
        |s, q| Ok(to_bytes(&s.chronicle().prices(&instrument(q)?, since(q)?))),
        &[INSTRUMENT, SINCE]
    ),
    route("/events", "The journal's events as they are published, as server-sent events.", Serves::Events),
    route("/livez", "Whether the process lives.", Serves::Lives),
    route(
        "/readyz",
        "Whether the run is as it should be; `?verbose` says what was looked at.",
        Serves::Ready,
    ),
    route("/openapi.json", "This document.", Serves::Document),
    route("/pause", "Strategies ask for no new orders.", Serves::Act(Command::Pause)),
    route("/resume", "Strategies go on.", Serves::Act(Command::Resume)),
    route("/reduce-only", "Only orders that reduce exposure may go.", Serves::Act(Command::ReduceOnly)),
    route("/cancel-all", "Cancel what is open, in all or in part.", Serves::Act(Command::CancelAll)),
    route("/kill", "Halt and cancel; flatten if so asked.", Serves::Act(Command::Kill)),
    route("/release", "Release the kill switch.", Serves::Act(Command::Release)),
    route("/set-limit", "Set a limit.", Serves::Act(Command::SetLimit)),
];

fn since(query: &Query) -> Result<Ts, Refused> {
    match query.get("since").map(|text| text.parse()) {
        None => Ok(Ts(0)),
        Some(Ok(ns)) => Ok(Ts(ns)),
        Some(Err(_)) => Err(Refused::unfit("'since' is a moment in Unix nanoseconds")),
    }
}

fn instrument(query: &Query) -> Result<InstrumentId, Refused> {
    let text = query.get("instrument").ok_or_else(|| Refused::unfit("'instrument' is missing"))?;
    text.parse()
        .map_err(|_| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "'instrument' is an instrument's id"))
}

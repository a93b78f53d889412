//! The OpenAPI document (<https://spec.openapis.org/oas/v3.1.0>), from the table of routes and the declarations of
//! what is shown.

use reprise_model::codec::Field;
use serde_json::{Map, Value, json};

use crate::commands::schema_of;
use crate::guard::Need;
use crate::routes::{OF_EVENTS, Parameter, ROUTES, Route, Serves};
use crate::shown::Commanded;

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        if matches!(route.serves, Serves::Part { .. }) {
            continue;
        }
        let method = if matches!(route.serves, Serves::Act(_)) { "post" } else { "get" };
        paths.insert(route.path.to_owned(), json!({ method: operation(route) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Reprise control",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Look at a run and command it. Prices, quantities and money are exact decimals, written \
                as strings; moments are Unix nanoseconds. A flag that is false and a value that is not known are \
                left out.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": "REPRISE_CONTROL_TOKEN, as it is set where the engine runs.",
            }},
            "schemas": {"Error": {
                "type": "object", "properties": {"error": {"type": "string", "description": "Why not."}},
                "required": ["error"],
            }},
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.path.trim_start_matches('/').replace(['.', '-'], "_"),
        "summary": route.about,
        "responses": responses(route),
    });
    let parameters: Vec<Value> = parameters_of(route).iter().map(parameter).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Serves::Act(command) = route.serves {
        operation["requestBody"] =
            json!({"required": false, "content": {"application/json": {"schema": schema_of(command)}}});
    }
    match route.need() {
        Need::Nothing => {}
        // Where the address is not loopback, reading takes the token too.
        Need::Look => operation["security"] = json!([{}, {"token": []}]),
        Need::Change => operation["security"] = json!([{"token": []}]),
    }
    operation
}

fn parameters_of(route: &Route) -> &'static [Parameter] {
    const VERBOSE: &[Parameter] =
        &[Parameter { name: "verbose", required: false, about: "Say what was looked at." }];
    match route.serves {
        Serves::Look { parameters, .. } => parameters,
        Serves::Events => OF_EVENTS,
        Serves::Ready => VERBOSE,
        Serves::Part { .. } | Serves::Lives | Serves::Document | Serves::Act(_) => &[],
    }
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name, "in": "query", "required": parameter.required, "description": parameter.about,
        "schema": {"type": "string"},
    })
}

fn responses(route: &Route) -> Value {
    let json_of = |schema: Value| json!({"description": "As asked for.", "content": {"application/json": {"schema": schema}}});
    let text = |media: &str| json!({"description": "As asked for.", "content": {media: {"schema": {"type": "string"}}}});
    let refused = |about: &str| {
        let schema = json!({"$ref": "#/components/schemas/Error"});
        json!({"description": about, "content": {"application/json": {"schema": schema}}})
    };
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        match route.serves {
            Serves::Look { schema, .. } => json_of(schema()),
            Serves::Events => text("text/event-stream"),
            Serves::Act(_) => json_of(Commanded::schema()),
            Serves::Document => json_of(json!({"type": "object"})),
            Serves::Lives | Serves::Ready | Serves::Part { .. } => text("text/plain"),
        },
    );
    let mut refusals =
        vec![("403", "Another origin, or no token is set where the engine runs."), ("421", "Another host.")];
    match route.need() {
        Need::Nothing => {}
        Need::Look => refusals.push(("503", "The engine does not answer.")),
        Need::Change => refusals.extend([
            ("400", "The body is no JSON object."),
            ("401", "The token is missing or another."),
            ("409", "The run is over."),
            ("413", "The body is too large."),
            ("415", "The body is not application/json."),
            ("422", "The command makes no sense."),
            ("503", "The engine does not answer."),
            ("504", "The engine has not answered in time, and may still do it."),
        ]),
    }
    responses.extend(refusals.into_iter().map(|(status, about)| (status.to_owned(), refused(about))));
    responses.into()
}

//! The OpenAPI document says what is served.

use axum::body::Body;
use axum::http::Request;
use reprise_console::document;

use crate::guarded::{runtime, told};
use crate::kit::Running;

/// Breaks when the document names something that is not served, asks otherwise than the server, or does not say what
/// an answer holds.
#[test]
fn every_operation_of_the_document_is_served_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(&dir.path().join("run"), &[]);
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 24, "{}", paths.len());
    runtime().block_on(async {
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let changes = operation["security"] == serde_json::json!([{"token": []}]);
                assert_eq!(changes, method == "post", "{path}");
                if path == "/events" {
                    continue;
                }
                let request = Request::builder().method(method.to_uppercase().as_str()).uri(path.as_str());
                let request = request.header("host", "localhost").body(Body::empty()).unwrap();
                let (status, body) = told(running.desk.answer(request).await).await;
                let expected: &[u16] = if changes { &[401] } else { &[200, 422] };
                assert!(expected.contains(&status), "{method} {path}: {status} {body}");
                let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
                if status == 200 && schema.is_object() {
                    check(path, &serde_json::from_str(&body).unwrap(), schema);
                }
            }
        }
    });
    running.stop();
}

/// Breaks when the document is not what OpenAPI 3.1 takes: tools that make clients from it stumble then.
#[test]
fn the_document_has_the_shape_of_openapi() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/') && !path.contains('{'), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(["get", "post"].contains(&method.as_str()) && ids.insert(id.to_owned()), "{method} {id}");
            assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{id}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is = |field: &str| parameter[field].is_string();
                assert!(is("name") && parameter["in"] == "query" && parameter["schema"].is_object(), "{id}");
                assert!(is("description") && parameter["required"].is_boolean(), "{id}");
            }
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("200"), "{id}");
            for (status, response) in responses {
                assert!(
                    status.parse::<u16>().is_ok() && response["description"].is_string(),
                    "{id} {status}"
                );
                for (media, content) in response["content"].as_object().unwrap() {
                    assert!(media.contains('/') && content["schema"].is_object(), "{id} {status}");
                }
            }
            for scheme in operation["security"].as_array().into_iter().flatten() {
                let named = scheme.as_object().unwrap().keys();
                let known = &document["components"]["securitySchemes"];
                assert!(named.into_iter().all(|name| known[name]["type"] == "http"), "{id}");
            }
        }
    }
    resolve(&document, &document);
}

/// Every reference leads somewhere, and every object that must have fields has them.
fn resolve(document: &serde_json::Value, value: &serde_json::Value) {
    if let Some(path) = value["$ref"].as_str() {
        let target = document.pointer(path.strip_prefix('#').unwrap());
        assert!(target.is_some_and(serde_json::Value::is_object), "{path} leads nowhere");
    }
    if let (Some(required), Some(fields)) = (value["required"].as_array(), value["properties"].as_object()) {
        assert!(required.iter().all(|name| fields.contains_key(name.as_str().unwrap())), "{value}");
    }
    let parts = value.as_object().into_iter().flat_map(|fields| fields.values());
    parts.chain(value.as_array().into_iter().flatten()).for_each(|part| resolve(document, part));
}

/// Every field that is there is described, and every field that must be there is.
fn check(place: &str, value: &serde_json::Value, schema: &serde_json::Value) {
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| check(place, item, &schema["items"]));
    }
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for (name, field) in fields {
        let known = known.get(name).ok_or_else(|| format!("{place}: {name} is not described")).unwrap();
        assert!(known["description"].is_string(), "{place}: {name} has no description");
        check(&format!("{place}.{name}"), field, known);
    }
    for name in schema["required"].as_array().unwrap() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{place}: {name} is missing");
    }
}

/// Breaks when the guide leaves a path or a command out.
#[test]
fn the_guide_names_every_path() {
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONTROL.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let named =
            if operations.get("post").is_some() { format!("`POST {path}`") } else { format!("`{path}") };
        assert!(
            guide.lines().any(|line| line.starts_with('|') && line.contains(&named)),
            "{named} is missing"
        );
    }
}

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

/// Every field that is there is described, and every field that must be there is.
fn check(place: &str, value: &serde_json::Value, schema: &serde_json::Value) {
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| check(place, item, &schema["items"]));
    }
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for (name, field) in fields {
        let known = known.get(name).unwrap_or_else(|| panic!("{place}: {name} is not described"));
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

//! The document, the dashboard and the alert rules say what the table says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reprise_metrics::{Row, TABLE, Type};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn row_of(row: &Row) -> String {
    let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
    format!(
        "| `{}` | {} | {} | {} | {} |",
        row.name,
        row.kind,
        row.unit,
        labels.join(" "),
        row.meaning.trim()
    )
}

/// Breaks when a metric is not documented as it is, or one is documented that is not there.
#[test]
fn every_metric_is_documented() {
    let document = read("docs/METRICS.md");
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `reprise_")).collect();
    let expected: Vec<String> = TABLE.iter().map(row_of).collect();
    assert_eq!(rows, expected, "docs/METRICS.md should hold\n{}", expected.join("\n"));
    assert!(document.lines().count() < 350);
}

/// Breaks when a metric is named against what Prometheus recommends, or twice.
#[test]
fn names_are_as_recommended() {
    let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for row in TABLE {
        assert!(row.name.starts_with("reprise_"), "{}", row.name);
        assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.name);
        assert_eq!(row.name.ends_with("_total"), row.kind == Type::Counter, "{}", row.name);
        let base = row.name.trim_end_matches("_total");
        for (unit, end) in [("seconds", "_seconds"), ("bytes", "_bytes")] {
            assert_eq!(row.unit.starts_with(unit), base.ends_with(end), "{} in {}", row.name, row.unit);
        }
        assert!(row.labels.len() <= 3 && !row.meaning.trim().is_empty(), "{}", row.name);
    }
}

/// The metrics that an expression names, each with the labels that are asked of it.
fn named(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("reprise_") {
        rest = &rest[at..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let inside =
            after.strip_prefix('{').and_then(|after| after.split_once('}')).map_or("", |(inside, _)| inside);
        let labels = inside.split(',').filter_map(|matcher| {
            let label = matcher.split(['=', '!']).next()?.trim();
            (!label.is_empty()).then(|| label.to_owned())
        });
        found.push((name.to_owned(), labels.collect()));
        rest = after;
    }
    found
}

/// Labels after `by` and `without`.
fn grouped(expression: &str) -> Vec<String> {
    let groups = expression.match_indices(" by (").map(|(at, found)| &expression[at + found.len()..]);
    let labels = groups.filter_map(|after| after.split(')').next()).flat_map(|labels| labels.split(','));
    labels.map(|label| label.trim().to_owned()).collect()
}

fn check(place: &str, expression: &str) -> usize {
    let mut known: BTreeSet<String> = ["le", "job", "instance"].map(str::to_owned).into();
    let metrics = named(expression);
    for (name, labels) in &metrics {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let row = TABLE.iter().find(|row| match row.kind {
            Type::Histogram => base == Some(row.name),
            _ => row.name == name,
        });
        let row = row.unwrap_or_else(|| panic!("{place} names {name}, which is not there: {expression}"));
        known.extend(row.labels.iter().map(|label| (*label).to_owned()));
        for label in labels {
            assert!(row.labels.contains(&label.as_str()) || label == "le", "{place}: {name} has no {label}");
        }
    }
    for label in grouped(expression) {
        assert!(known.contains(&label), "{place} groups by {label}, which nothing there has: {expression}");
    }
    metrics.len()
}

/// Breaks when an alert is about a metric or label that is not there: it would never fire.
#[test]
fn alert_rules_name_what_is_there() {
    let rules = read("conf/prometheus/rules.yml");
    let (mut alerts, mut metrics) = (0, 0);
    for block in rules.split("- alert: ").skip(1) {
        let alert = block.lines().next().unwrap();
        let expression = block.lines().find_map(|line| line.trim().strip_prefix("expr: ")).unwrap();
        metrics += check(alert, expression);
        for key in ["severity:", "summary:", "description:"] {
            assert!(block.contains(key), "{alert} has no {key}");
        }
        for label in block.match_indices("$labels.").map(|(at, found)| &block[at + found.len()..]) {
            let label = label.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            let has_it = |(name, _): &(String, Vec<String>)| {
                TABLE.iter().any(|row| name.starts_with(row.name) && row.labels.contains(&label))
            };
            assert!(named(expression).iter().any(has_it), "{alert} tells of {label}");
        }
        alerts += 1;
    }
    assert!(alerts >= 10 && metrics >= alerts, "{alerts} alerts name {metrics} metrics");
    let scrape = read("conf/prometheus/prometheus.yml");
    assert!(scrape.contains("rules.yml") && scrape.contains("9464"));
}

/// Breaks when a panel of the dashboard asks for what is not there: it would stay empty.
#[test]
fn the_dashboard_names_what_is_there() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("conf/grafana/reprise.json")).unwrap();
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            assert!(check(title, expression) > 0, "{title} shows nothing of ours: {expression}");
            shown.extend(named(expression).into_iter().map(|(name, _)| name));
        }
    }
    assert!(shown.len() >= 30, "only {} metrics are shown", shown.len());
}

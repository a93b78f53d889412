//! The house stands as it is drawn: which room may use which, which licences may come in, and that every path
//! the documents name is there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The platform of this machine: what other platforms need is not always fetched here.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What each room may use. Arrows point down only, and a replay cannot reach a venue because nothing it may use
/// can.
const MAY_USE: &[(&str, &[&str])] = &[
    ("reprise-model", &[]),
    ("reprise-journal", &["reprise-model"]),
    ("reprise-core", &["reprise-model"]),
    ("reprise-strategies", &["reprise-model", "reprise-core"]),
    ("reprise-risk", &["reprise-model", "reprise-core"]),
    ("reprise-execution", &["reprise-model", "reprise-core"]),
    ("reprise-alerts", &["reprise-model", "reprise-core"]),
    ("reprise-market-data", &["reprise-model"]),
    ("reprise-venues", &["reprise-model"]),
    ("reprise-feeds", &["reprise-model", "reprise-market-data", "reprise-venues"]),
    (
        "reprise-venue-sim",
        &["reprise-model", "reprise-core", "reprise-execution", "reprise-journal", "reprise-venues"],
    ),
    (
        "reprise-assembly",
        &[
            "reprise-model",
            "reprise-core",
            "reprise-alerts",
            "reprise-strategies",
            "reprise-risk",
            "reprise-execution",
        ],
    ),
    ("reprise-runtime", &["reprise-model", "reprise-core", "reprise-journal", "reprise-assembly"]),
    ("reprise-metrics", &["reprise-model", "reprise-core", "reprise-runtime"]),
    ("reprise-alert-delivery", &["reprise-model", "reprise-journal", "reprise-runtime"]),
    ("reprise-replays", &["reprise-model", "reprise-core", "reprise-journal", "reprise-assembly"]),
    ("reprise-console", &["reprise-model", "reprise-core", "reprise-risk", "reprise-runtime"]),
    (
        "reprise-cli",
        &[
            "reprise-model",
            "reprise-core",
            "reprise-journal",
            "reprise-strategies",
            "reprise-market-data",
            "reprise-assembly",
            "reprise-runtime",
            "reprise-feeds",
            "reprise-metrics",
            "reprise-alert-delivery",
            "reprise-venue-sim",
            "reprise-venues",
            "reprise-console",
            "reprise-replays",
        ],
    ),
];

/// The uses that are not allowed, as `user -> used`.
fn forbidden(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (user, used) in uses {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == user) else {
            found.push(format!("{user} is not drawn"));
            continue;
        };
        found
            .extend(used.iter().filter(|u| !allowed.contains(&u.as_str())).map(|u| format!("{user} -> {u}")));
    }
    found
}

fn uses(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().filter(|p| p["source"].is_null());
    ours.map(|package| {
        let normal = |d: &&Value| d["kind"].is_null();
        let names = package["dependencies"].as_array().unwrap().iter().filter(normal);
        let names =
            names.map(|d| d["name"].as_str().unwrap().to_owned()).filter(|n| n.starts_with("reprise-"));
        (package["name"].as_str().unwrap().to_owned(), names.collect())
    })
    .collect()
}

/// Breaks when a room reaches up or sideways: the core into a service, a replay towards a venue.
#[test]
fn arrows_point_down() {
    let uses = uses(&metadata());
    assert_eq!(uses.len(), MAY_USE.len(), "every room is drawn, and every drawn room is there");
    assert_eq!(forbidden(&uses), Vec::<String>::new());
}

/// Breaks when the check above can no longer see a forbidden arrow.
#[test]
fn a_forbidden_arrow_is_seen() {
    let mut uses = uses(&metadata());
    uses.get_mut("reprise-core").unwrap().insert("reprise-journal".to_owned());
    uses.insert("reprise-newcomer".to_owned(), BTreeSet::new());
    assert_eq!(forbidden(&uses), ["reprise-core -> reprise-journal", "reprise-newcomer is not drawn"]);
}

/// True when a licence expression can be satisfied by allowed licences: one of each OR, all of each AND.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // AND binds tighter, but every expression met is a list of one kind or an AND of parenthesised ORs; both
    // are judged safely by asking that each AND part has an allowed alternative.
    flat.split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| allowed.iter().any(|a| a == licence.trim())))
}

/// Breaks when a dependency comes in under a licence that deny.toml does not list, or one that it bans.
#[test]
fn licences_and_bans() {
    let deny: toml::Table = std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let allowed: Vec<String> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap().to_owned())
        .collect();
    let banned: Vec<&str> =
        deny["bans"]["deny"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none stated");
        assert!(is_allowed(licence, &allowed), "{name} is under {licence}");
        assert!(!banned.contains(&name), "{name} is banned");
    }
    assert!(!is_allowed("GPL-3.0-only", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0-only", &allowed));
    assert!(is_allowed("(MIT OR GPL-3.0-only) AND Unicode-3.0", &allowed));
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs"), root().join("replays"), root().join("conf")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// What whoever runs the engine writes, and no checkout holds.
const WRITTEN_BY_HAND: &str = "conf/secrets.env";

/// Paths in a document: what stands in backquotes or in a link, looks like a path, and begins with something
/// at the top of the house.
fn paths_in(text: &str) -> Vec<String> {
    let tops = ["engine/", "services/", "journal/", "replays/", "conf/", "docs/", ".ci/"];
    let mut found = Vec::new();
    for quoted in
        text.split('`').skip(1).step_by(2).chain(text.split("](").skip(1).filter_map(|l| l.split(')').next()))
    {
        let path = quoted.trim();
        let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
        if plain && path != WRITTEN_BY_HAND && tops.iter().any(|top| path.starts_with(top)) {
            found.push(path.trim_end_matches('/').to_owned());
        }
    }
    found
}

/// Breaks when a document sends the reader to a file that is not there.
#[test]
fn documents_name_paths_that_exist() {
    let mut checked = 0;
    // Whoever runs the engine makes it.
    let made_by_users = "conf/secrets.env";
    for document in documents() {
        for path in paths_in(&std::fs::read_to_string(&document).unwrap()) {
            assert!(
                path == made_by_users || root().join(&path).exists(),
                "{} names {path}, which is not there",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} paths were found: the documents are not read");
}

/// Breaks when something new stands at the top of the house.
#[test]
fn the_top_level_is_as_drawn() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "engine",
        "services",
        "journal",
        "replays",
        "conf",
        "docs",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
        "target",
        "runs",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || allowed.contains(&name.as_str()), "{name} is not in the plan");
    }
}

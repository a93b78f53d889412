//! The demo, end to end.

use std::time::{Duration, Instant};

use crate::kit::{Place, exact};

/// The decisions of the demo, on every machine, for ever. They change when a rule, the recording or conf/demo.toml
/// changes on purpose; then take the new value from `reprise demo --json | grep '"digest"'`, in a debug and in a
/// release build, and say in the commit why the decisions are others.
pub const DEMO_DIGEST: &str = "13af828b4c97749a5f4f3773f9d22aae84d18e4402a0105e78209baf29a9932e";

/// Breaks when a fresh clone's first command fails, is slow, denies nothing or cannot be proved; or when any
/// decision of it changes.
#[test]
fn the_demo_proves_itself() {
    let place = Place::new();
    let began = Instant::now();
    let said = place.done("demo -o runs/demo");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "the demo took {took:?}");
    for words in [
        "denied by",
        "bands",
        "equity at the end",
        "decision digest",
        "reprise verify runs/demo",
        DEMO_DIGEST,
    ] {
        assert!(said.out.contains(words), "the demo does not say {words:?}: {}", said.out);
    }
    let report: serde_json::Value = serde_json::from_slice(&place.read("runs/demo/report.json")).unwrap();
    assert_eq!(report["digest"], DEMO_DIGEST);
    assert_eq!(report["instruments"].as_array().unwrap().len(), 3);
    let denied: u64 =
        report["denials"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert!(denied > 0, "no order is denied");
    let of = |key: &str| exact(&report[key]);
    let parts = of("realized_pnl") + of("unrealized_pnl") - of("fees") + of("funding");
    assert_eq!(of("equity_end"), of("equity_start") + parts);

    let verdict = place.json("verify runs/demo --json");
    assert_eq!((&verdict["identical"], &verdict["digest"]), (&true.into(), &DEMO_DIGEST.into()));
    let verdict = place.json("journal verify runs/demo --json");
    assert_eq!((&verdict["verdict"], &verdict["ended"]), (&"clean".into(), &true.into()));
}

/// Breaks when a demo writes over an earlier one, or when what it says to try next does not work.
#[test]
fn the_demo_leads_on() {
    let place = Place::new();
    let said = place.done("demo");
    assert!(place.path("runs/demo-1/000001.jsonl").exists());
    assert_eq!(place.json("demo --json")["digest"], DEMO_DIGEST);
    assert!(place.path("runs/demo-2/000001.jsonl").exists());
    let next: Vec<&str> = said.out.lines().filter_map(|line| line.strip_prefix("  reprise ")).collect();
    assert!(next.len() >= 4, "{}", said.out);
    for line in next.iter().filter(|line| !line.starts_with("init ")) {
        // The command and what it is for stand two spaces apart.
        let command = line.split_once("  ").map_or(*line, |(command, _)| command);
        assert_eq!(place.reprise(command).code, 0, "reprise {command}");
    }
    let taken = place.reprise("demo -o runs/demo-1");
    assert_eq!(taken.code, 1, "{taken:?}");
    assert!(taken.err.contains("runs/demo-1 is not empty"), "{}", taken.err);
}

//! The documents say what the code says: every event kind, every refusal and every decision of recovery stands in
//! them as it is.

use std::path::Path;

use reprise_assembly::RuleKind;
use reprise_journal::recovery::{Finding, Standing, TABLE};
use reprise_model::event::KINDS;
use reprise_model::life::OrderStep;
use reprise_model::{Code, OrderStatus};

/// A document's text, empty when there is none.
fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The rows of a document's tables, each as its cells with ` | ` between them.
fn rows(document: &str) -> Vec<String> {
    let row = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(" | ");
    document.lines().map(str::trim).filter(|line| line.starts_with('|')).map(row).collect()
}

/// Breaks when a kind is missing in the table of the document, or stands there otherwise than in the code.
#[test]
fn every_kind_is_documented() {
    let rows = rows(&document("JOURNAL.md"));
    for row in KINDS {
        let treatments = [row.verify, row.backtest, row.what_if].map(|t| t.as_str()).join(" | ");
        let [class, durability] = [row.class.as_str(), row.durability.as_str()];
        let expected =
            format!("`{}` | {class} | {durability} | {treatments} | {}", row.kind, row.about.trim());
        assert!(rows.contains(&expected), "docs/JOURNAL.md lacks the row | {expected} |");
    }
    let of_kinds = rows.iter().filter(|row| row.split(" | ").count() == 7).count();
    // The header and the line below it are rows too.
    assert_eq!(of_kinds, KINDS.len() + 2, "docs/JOURNAL.md has rows of kinds that are not there");
}

/// Breaks when a refusal is missing in the table of the document, or has another rule or meaning there.
#[test]
fn every_refusal_is_documented() {
    let rows = rows(&document("BACKTESTING.md"));
    for code in Code::ALL {
        let expected = format!("{} | `{}` | {} | ", code.number(), code.rule(), code.meaning().trim());
        let is_there =
            rows.iter().any(|row| row.len() > expected.len() && row.starts_with(expected.as_str()));
        assert!(is_there, "docs/BACKTESTING.md lacks a row that begins with | {expected}");
    }
    let begins_with_number =
        |row: &str| row.split(" | ").next().is_some_and(|cell| cell.parse::<u16>().is_ok());
    let of_codes = rows.iter().filter(|row| begins_with_number(row.as_str())).count();
    assert_eq!(of_codes, Code::ALL.len(), "docs/BACKTESTING.md has rows of codes that are not there");
}

/// Breaks when the document promises another recovery than the decision table.
#[test]
fn every_decision_of_recovery_is_documented() {
    let rows = rows(&document("JOURNAL.md"));
    for &finding in Finding::ALL {
        let action = |&standing: &Standing| {
            let decided = TABLE.iter().find(|row| row.finding == finding && row.standing == standing);
            decided.map_or("—", |row| row.action.as_str())
        };
        let actions = Standing::ALL.iter().map(action).collect::<Vec<_>>().join(" | ");
        let expected = format!("`{finding}` | {actions}");
        assert!(rows.contains(&expected), "docs/JOURNAL.md lacks the row | {expected} |");
    }
}

/// Breaks when a step in the life of an order is left out of the document.
#[test]
fn the_life_of_an_order_is_documented() {
    let document = document("JOURNAL.md");
    let life = document.split_once("## The life of an order").map_or("", |(_, life)| life);
    for status in OrderStatus::ALL {
        assert!(
            life.contains(&format!("`{status}`")),
            "docs/JOURNAL.md does not say what `{status}` leads to"
        );
    }
    let steps = rows(life).iter().filter(|row| !row.starts_with(" | ")).count();
    // The request itself is a row and no step, one row has two steps, and the header has two lines.
    assert_eq!(steps, OrderStep::ALL.len() + 2, "docs/JOURNAL.md leaves a step out");
}

/// Breaks when a document grows past what one reads in a sitting.
#[test]
fn documents_stay_short() {
    for name in ["JOURNAL.md", "BACKTESTING.md", "ALERTS.md", "CONTROL.md", "RUNBOOK.md"] {
        let lines = document(name).lines().count();
        assert!((1..350).contains(&lines), "docs/{name} has {lines} lines");
    }
}

/// Breaks when somebody is woken by an alert of which the runbook does not say what it means and what to do.
#[test]
fn every_alert_is_in_the_runbook() {
    let rows = rows(&document("RUNBOOK.md"));
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf/prometheus/rules.yml");
    let rules = std::fs::read_to_string(rules).unwrap_or_default();
    let of_prometheus: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(of_prometheus.len() > 10, "the rules are not read");
    for name in of_prometheus.iter().copied().chain(RuleKind::ALL.iter().map(|kind| kind.as_str())) {
        let row = rows.iter().find(|row| row.starts_with(&format!("`{name}` | ")));
        assert!(row.is_some_and(|row| row.len() > name.len() + 15), "docs/RUNBOOK.md has no row of `{name}`");
    }
    let named = rows.iter().filter_map(|row| row.strip_prefix("`Reprise")?.split('`').next());
    for name in named {
        assert!(
            of_prometheus.contains(&format!("Reprise{name}").as_str()),
            "there is no alert Reprise{name}"
        );
    }
}

/// Breaks when a link within the runbook leads nowhere.
#[test]
fn the_runbook_leads_somewhere() {
    let runbook = document("RUNBOOK.md");
    let anchor = |heading: &str| heading.trim().to_lowercase().replace(' ', "-");
    let headings: Vec<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    let links: Vec<&str> = runbook.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 10, "the links are not read");
    for link in links {
        assert!(headings.iter().any(|heading| heading == link), "docs/RUNBOOK.md has no heading for #{link}");
    }
}

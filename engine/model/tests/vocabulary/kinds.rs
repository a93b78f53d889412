//! The table of kinds against the design's, written down here once more.

use std::collections::BTreeSet;

use reprise_model::event::{Class, Durability, KINDS, Treatment, kind_row};
use reprise_model::{Input, Outcome, Record};

use crate::arbitrary::{Dice, one_of_each};

/// Each kind: class, what it can cost, and what `verify`, `backtest` and `what-if` do with it.
const EXPECTED: &str = "
run.started             input    money   configures  leaves-out  leaves-out
run.ended               input    money   steps       leaves-out  leaves-out
clock.advanced          input    market  steps       steps       steps
checkpoint              outcome  market  compares    leaves-out  ignores
journal.synced          record   market  ignores     ignores     ignores
journal.cut             record   market  ignores     ignores     ignores
market.quote            input    market  steps       steps       steps
market.trade            input    market  steps       steps       steps
market.book             input    market  steps       steps       steps
market.bar              input    market  steps       steps       steps
market.mark             input    market  steps       steps       steps
market.funding          input    money   steps       steps       steps
instrument.defined      input    market  steps       steps       steps
feed.status             input    market  steps       steps       steps
report.accepted         input    money   steps       leaves-out  leaves-out
report.rejected         input    money   steps       leaves-out  leaves-out
report.filled           input    money   steps       leaves-out  leaves-out
report.canceled         input    money   steps       leaves-out  leaves-out
report.replaced         input    money   steps       leaves-out  leaves-out
report.expired          input    money   steps       leaves-out  leaves-out
report.unanswered       input    money   steps       leaves-out  leaves-out
order.requested         outcome  money   compares    leaves-out  compares
order.denied            outcome  money   compares    leaves-out  compares
order.submitted         outcome  money   compares    leaves-out  compares
order.accepted          outcome  money   compares    leaves-out  compares
order.partially_filled  outcome  money   compares    leaves-out  compares
order.filled            outcome  money   compares    leaves-out  compares
order.cancel_submitted  outcome  money   compares    leaves-out  compares
order.canceled          outcome  money   compares    leaves-out  compares
order.replace_submitted outcome  money   compares    leaves-out  compares
order.replaced          outcome  money   compares    leaves-out  compares
order.rejected          outcome  money   compares    leaves-out  compares
order.expired           outcome  money   compares    leaves-out  compares
order.unknown           outcome  money   compares    leaves-out  compares
risk.bands              outcome  market  compares    leaves-out  compares
risk.state              outcome  money   compares    leaves-out  compares
risk.breach             outcome  money   compares    leaves-out  compares
position.changed        outcome  money   compares    leaves-out  compares
account.changed         outcome  money   compares    leaves-out  compares
account.transferred     input    money   steps       steps       steps
timer.armed             outcome  market  compares    leaves-out  compares
timer.fired             outcome  market  compares    leaves-out  compares
operator.command        input    money   steps       steps       steps
alert.raised            outcome  money   compares    leaves-out  compares
alert.delivered         record   market  ignores     ignores     ignores
alert.failed            record   market  ignores     ignores     ignores
";

/// Breaks when a kind changes its class, its durability or what a replay does with it without anyone saying so.
#[test]
fn the_table_is_the_designs() {
    let mut expected: Vec<Vec<String>> = EXPECTED
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_whitespace().map(|cell| cell.replace("leaves-out", "leaves out")).collect())
        .collect();
    let mut table: Vec<Vec<String>> = KINDS
        .iter()
        .map(|row| {
            let cells = [row.class.as_str(), row.durability.as_str(), row.verify.as_str()];
            let more = [row.backtest.as_str(), row.what_if.as_str()];
            [row.kind].into_iter().chain(cells).chain(more).map(str::to_owned).collect()
        })
        .collect();
    expected.sort();
    table.sort();
    assert_eq!(table, expected);
}

/// Breaks when two kinds share a name, one is not documented, or its schema is not an object's.
#[test]
fn every_kind_is_named_once_and_documented() {
    let names: BTreeSet<&str> = KINDS.iter().map(|row| row.kind).collect();
    assert_eq!(names.len(), KINDS.len());
    for row in KINDS {
        let about = row.about.trim();
        assert!(about.len() > 10 && about.ends_with('.'), "{}: '{about}'", row.kind);
        assert_eq!(kind_row(row.kind).map(|found| found.kind), Some(row.kind));
        let schema = (row.schema)();
        assert_eq!(schema["type"], "object", "{}", row.kind);
        assert_eq!(schema["additionalProperties"], false, "{}", row.kind);
        for (name, field) in schema["properties"].as_object().expect("properties") {
            let described = field["description"].as_str().is_some_and(|about| !about.is_empty());
            // A quote's fields are described where its sides are.
            assert!(described || row.kind == "market.quote", "{} {name} has no description", row.kind);
        }
    }
    assert!(kind_row("market.quotes").is_none() && kind_row("").is_none());
}

/// Breaks when a kind is read as one of another class, or not at all.
#[test]
fn each_kind_is_read_by_its_class_alone() {
    for row in KINDS {
        let kind = row.kind.as_bytes();
        let mut r = reprise_model::codec::Reader::new(b"[]");
        let found = [
            Input::read_data(kind, &mut r).map(|read| (Class::Input, read.is_err())),
            Outcome::read_data(kind, &mut r).map(|read| (Class::Outcome, read.is_err())),
            Record::read_data(kind, &mut r).map(|read| (Class::Record, read.is_err())),
        ];
        let found: Vec<_> = found.into_iter().flatten().collect();
        assert_eq!(found, [(row.class, true)], "{}", row.kind);
    }
}

/// Breaks when the tests of the encoding leave a kind out.
#[test]
fn the_tests_know_every_kind() {
    let made: Vec<&str> = one_of_each(&mut Dice(1)).iter().map(|event| event.kind()).collect();
    let kinds: Vec<&str> = KINDS.iter().map(|row| row.kind).collect();
    assert_eq!(made, kinds);
}

/// Breaks when an event that can cost money may be published before it is durable.
#[test]
fn what_costs_money_is_durable_first() {
    for row in KINDS {
        let group = row.kind.split('.').next().unwrap_or_default();
        let moves_money = matches!(group, "order" | "report" | "position" | "account" | "operator")
            || matches!(row.kind, "risk.state" | "risk.breach");
        if moves_money {
            assert_eq!(row.durability, Durability::Money, "{}", row.kind);
        }
        if row.class == Class::Outcome {
            assert_eq!((row.verify, row.backtest), (Treatment::Compare, Treatment::Leave), "{}", row.kind);
        }
    }
}

//! Forged outcomes whose checksums were made to fit: `verify` names the event and the field.

use std::path::Path;

use reprise_journal::{Verdict as JournalVerdict, verify_journal};
use reprise_replays::{Backtest, BacktestOptions, Difference, Verdict, VerifyOptions, verify};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cases::{CASES, Case};
use crate::journals::{bodies, kind, value, write};
use crate::scripted::registry;

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap()
}

/// What `verify` says of these lines.
fn difference(scratch: &Path, lines: &[String]) -> Difference {
    let run = scratch.join("forged");
    write(&run, lines);
    let verdict = verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {});
    match verdict {
        Ok(Verdict::Different(difference)) => *difference,
        other => panic!("{other:?}"),
    }
}

/// The places of the values in a line's data that hold no others, each with its path.
fn leaves(text: &str, from: &str, path: &str, found: &mut Vec<(String, usize, usize)>) {
    let at = text.as_ptr() as usize - from.as_ptr() as usize;
    if let Ok(members) = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(text) {
        for (key, value) in members {
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            leaves(value.get(), from, &path, found);
        }
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        for (n, item) in items.into_iter().enumerate() {
            leaves(item.get(), from, &format!("{path}.{n}"), found);
        }
    } else {
        found.push((path.to_owned(), at, at + text.len()));
    }
}

/// Another value of the same sort; of a word, one that does not even read.
fn another(text: &str) -> String {
    match serde_json::from_str(text).unwrap() {
        Value::Bool(value) => (!value).to_string(),
        Value::Number(number) => (number.as_u64().unwrap() + 1).to_string(),
        Value::String(word) if word.parse::<f64>().is_ok() => {
            (if word == "7.25" { "\"7.5\"" } else { "\"7.25\"" }).to_owned()
        }
        _ => format!("\"x{}", &text[1..]),
    }
}

/// Breaks when a forged value in any field of any outcome is not found, or is looked for elsewhere.
#[test]
fn every_field_of_every_outcome_counts() {
    let scratch = tempfile::tempdir().unwrap();
    let mut forged = 0;
    for name in ["perpetual", "drawdown", "venue-reports"] {
        let lines = bodies(&case(name).folder());
        for (n, line) in lines.iter().enumerate() {
            let event = value(line);
            if event["cause"].is_null() {
                continue;
            }
            let payload = &line[line.find(",\"data\":").unwrap() + ",\"data\":".len()..];
            let mut places = Vec::new();
            leaves(payload, line, "", &mut places);
            for (path, from, to) in places {
                let mut lines = lines.clone();
                let value = another(&line[from..to]);
                lines[n].replace_range(from..to, &value);
                let context = format!("{name}: {path} of {line}");
                let found = difference(scratch.path(), &lines);
                assert_eq!(
                    (found.seq, found.field.as_str()),
                    (event["seq"].as_u64().unwrap(), path.as_str()),
                    "{context}"
                );
                assert_eq!(
                    (found.kind.as_str(), found.recorded.to_string()),
                    (event["kind"].as_str().unwrap(), value),
                    "{context}"
                );
                assert_eq!(found.recomputed.to_string(), line[from..to], "{context}");
                forged += 1;
            }
        }
    }
    assert!(forged > 1_000, "{forged} fields were forged");
}

/// Breaks when what surrounds an outcome's data can be forged: its time, cause, kind, place; or when a field can be
/// added to it or taken from it.
#[test]
fn the_envelope_counts_too() {
    let scratch = tempfile::tempdir().unwrap();
    let lines = bodies(&case("spot-orders").folder());
    for (n, line) in lines.iter().enumerate() {
        let event = value(line);
        let (Some(seq), Some(cause)) = (event["seq"].as_u64(), event["cause"].as_u64()) else { continue };
        let (ts, kind) = (event["ts"].as_u64().unwrap(), event["kind"].as_str().unwrap());
        let other_kind = if kind == "checkpoint" { "order.unknown" } else { "checkpoint" };
        let first_member = line.find(",\"data\":{").unwrap() + ",\"data\":{".len();
        let rest = line[first_member..].find(",\"").map_or("}", |at| &line[first_member + at + 1..]);
        let first_field = line[first_member + 1..].split('"').next().unwrap();
        let rows = [
            ("ts", line.replace(&format!("\"ts\":{ts}"), &format!("\"ts\":{}", ts + 1))),
            ("cause", line.replace(&format!("\"cause\":{cause}"), "\"cause\":1")),
            ("kind", line.replace(&format!("\"kind\":\"{kind}\""), &format!("\"kind\":\"{other_kind}\""))),
            ("forged", format!("{},\"forged\":1}}", &line[..line.len() - 1])),
            (first_field, format!("{}{rest}", &line[..first_member])),
            ("data", line.replacen(',', ", ", usize::MAX).replacen(", \"", ",\"", 4)),
        ];
        for (field, forged) in rows {
            let mut lines = lines.clone();
            let holds_others =
                field == first_field && line[first_member..].contains(&format!("\"{field}\":["));
            if forged == *line || holds_others || (field == "data" && !forged.contains(", ")) {
                continue;
            }
            lines[n].clone_from(&forged);
            let found = difference(scratch.path(), &lines);
            assert_eq!((found.seq, found.field.as_str()), (seq, field), "{forged}");
        }
    }
}

/// Breaks when outcomes can change places, be left out or be made up, with numbers and counts that fit.
#[test]
fn the_order_of_outcomes_counts() {
    let lines = bodies(&case("daily-loss").folder());
    let scratch = tempfile::tempdir().unwrap();
    let is_outcome = |line: &String| value(line)["cause"].is_u64();
    let payload = |line: &str| line[line.find(",\"kind\":").unwrap()..].to_owned();
    let head = |line: &str| line[..line.find(",\"kind\":").unwrap()].to_owned();
    for n in 1..lines.len() - 1 {
        let (one, two) = (&lines[n], &lines[n + 1]);
        if !is_outcome(one) || !is_outcome(two) || payload(one) == payload(two) {
            continue;
        }
        let mut swapped = lines.clone();
        swapped[n] = format!("{}{}", head(one), payload(two));
        swapped[n + 1] = format!("{}{}", head(two), payload(one));
        let seq = value(one)["seq"].as_u64();
        // The cause of the later one may be the earlier one, and then does not come before it any more: that is
        // damage.
        if value(two)["cause"].as_u64() >= seq {
            let run = scratch.path().join("damaged");
            write(&run, &swapped);
            assert!(verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).is_err());
            continue;
        }
        assert_eq!(Some(difference(scratch.path(), &swapped).seq), seq, "{one}");
    }
}

/// The same lines with other numbers behind a line, causes included; what named a line that was taken out names the
/// one before it.
fn renumbered(lines: &[String], after: u64, by: i64) -> Vec<String> {
    let moved = |number: u64, after: u64| {
        if number > after { number.checked_add_signed(by).unwrap() } else { number }
    };
    let shifted = |number: u64| moved(number, after);
    let shifted_cause = |cause: u64| moved(cause, if by < 0 { after - 1 } else { after });
    lines
        .iter()
        .map(|line| {
            let event = value(line);
            let Some(seq) = event["seq"].as_u64() else { return line.clone() };
            let line = line.replacen(&format!("\"seq\":{seq}"), &format!("\"seq\":{}", shifted(seq)), 1);
            match event["cause"].as_u64() {
                Some(cause) => line.replacen(
                    &format!("\"cause\":{cause}"),
                    &format!("\"cause\":{}", shifted_cause(cause)),
                    1,
                ),
                None => line,
            }
        })
        .collect()
}

/// Breaks when an outcome that was left out or made up goes unseen, although every number behind it was moved to fit.
#[test]
fn outcomes_that_are_missing_or_made_up_are_found() {
    let lines = bodies(&case("operator").folder());
    let scratch = tempfile::tempdir().unwrap();
    let mut input = 0;
    for n in 1..lines.len() {
        let event = value(&lines[n]);
        if event["cause"].is_null() {
            input = n;
            continue;
        }
        let (seq, count) =
            (event["seq"].as_u64().unwrap(), value(&lines[input])["outcomes"].as_u64().unwrap());
        let counted = |to: u64| {
            let (was, is) = (format!(",\"outcomes\":{count}"), format!(",\"outcomes\":{to}"));
            lines[input].replacen(&was, if to == 0 { "" } else { &is }, 1)
        };

        let mut without = lines.clone();
        without[input] = counted(count - 1);
        without.remove(n);
        let found = difference(scratch.path(), &renumbered(&without, seq, -1));
        assert!(found.seq == seq, "{seq} left out, {} found", found.seq);

        let mut with = renumbered(&lines, seq, 1);
        with[input] = counted(count + 1);
        let made_up = lines[n].replacen(&format!("\"seq\":{seq}"), &format!("\"seq\":{}", seq + 1), 1);
        with.insert(n + 1, made_up);
        let found = difference(scratch.path(), &with);
        assert_eq!(found.seq, seq + 1, "{}", lines[n]);
    }
}

/// Breaks when a backtest that names its inputs elsewhere can be forged where one that carries them cannot.
#[test]
fn runs_without_inputs_are_judged_as_well() {
    let scratch = tempfile::tempdir().unwrap();
    let (source, run) = (scratch.path().join("source"), scratch.path().join("run"));
    crate::cases::market::spot_orders().record(&source);
    let config = case("spot-orders").config();
    Backtest::new(&source, &config, &registry(), BacktestOptions::default()).run(&run, &mut |_| {}).unwrap();
    let lines = bodies(&run);
    assert!(lines.iter().all(|line| kind(line) != "market.quote"));
    for (n, line) in lines.iter().enumerate() {
        let event = value(line);
        let Some(seq) = event["seq"].as_u64().filter(|_| event["cause"].is_u64()) else { continue };
        let ts = event["ts"].as_u64().unwrap();
        let mut rows =
            vec![("ts", seq, line.replace(&format!("\"ts\":{ts}"), &format!("\"ts\":{}", ts - 1)))];
        if lines.get(n + 1).is_some_and(|next| value(next)["seq"].as_u64() > Some(seq + 1)) {
            // The number that was decided is missing from the journal then.
            rows.push((
                "event",
                seq,
                line.replace(&format!("\"seq\":{seq}"), &format!("\"seq\":{}", seq + 1)),
            ));
        }
        for (field, at, forged) in rows {
            let mut lines = lines.clone();
            lines[n] = forged;
            let found = difference(scratch.path(), &lines);
            assert_eq!((found.seq, found.field.as_str()), (at, field), "{}", lines[n]);
        }
    }
}

/// Breaks when the forgeries of these tests are found by their checksums, and not by recomputing.
#[test]
fn forgeries_have_checksums_that_fit() {
    let scratch = tempfile::tempdir().unwrap();
    let mut lines = bodies(&case("perpetual").folder());
    let at = lines.iter().position(|line| kind(line) == "order.filled").unwrap();
    lines[at] = lines[at].replacen("\"price\":\"", "\"price\":\"1", 1);
    let run = scratch.path().join("forged");
    write(&run, &lines);
    assert!(matches!(verify_journal(&run), JournalVerdict::Clean(_)));
    assert_eq!(difference(scratch.path(), &lines).field, "price");
}

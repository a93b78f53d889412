//! Forgeries: outcomes that were changed, taken away or added, with every checksum made anew. The chain cannot tell
//! them; recomputing the decisions can.

use serde_json::{Value, json};

use crate::contract::{FRICTIONS, imported};
use crate::kit::Place;
use crate::segments::{Line, lines_of, write_lines};

/// A run with frictions, beside its source.
fn run(options: &str) -> Place {
    let place = imported(51, 1_500);
    place.write("frictions.toml", FRICTIONS);
    place.done(&format!("backtest source -c frictions.toml {options} -o run"));
    assert_eq!(place.json("verify run --json")["identical"], true);
    place
}

/// Writes a forged run, which the chain takes for sound, and has it verified.
fn verdict_on(place: &Place, forged: &[Line]) -> Value {
    write_lines(place, "run", forged);
    let chain = place.reprise("journal verify run --json");
    assert_eq!((chain.code, chain.json()["verdict"].as_str()), (0, Some("clean")), "{chain:?}");
    let said = place.reprise("verify run --json");
    assert_eq!(said.code, 6, "{said:?}");
    let verdict = said.json();
    assert_eq!(verdict["identical"], false);
    assert_eq!(verdict["first_difference"]["seq"], verdict["seq"]);
    verdict
}

/// The line of that kind in the middle of the run.
fn middle(lines: &[Line], kind: &str) -> usize {
    let found: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].kind == kind).collect();
    assert!(!found.is_empty(), "the run has no {kind}");
    found[found.len() / 2]
}

/// Breaks when a changed field of an outcome passes, or is found at another event, kind or field.
#[test]
fn changed_fields_are_found() {
    let place = run("");
    let lines = lines_of(&place, "run");
    let table = [
        ("order.requested", "qty", "\"123\""),
        ("order.requested", "side", "\"sell\""),
        ("order.submitted", "instrument", "\"BTC-USD.SIM\""),
        ("order.submitted", "amount", "\"0.5\""),
        ("order.accepted", "order", "\"0-1\""),
        ("order.denied", "measured", "\"0.25\""),
        ("order.denied", "limit", "\"1000000\""),
        ("order.filled", "price", "\"0.5\""),
        ("order.filled", "fee", "\"0\""),
        ("order.filled", "liquidity", "\"maker\""),
        ("order.canceled", "reason", "\"operator\""),
        ("position.changed", "cost", "\"1\""),
        ("position.changed", "realized", "\"100000\""),
        ("account.changed", "total", "\"1000000\""),
        ("timer.armed", "due", "2000000000000000000"),
        ("timer.fired", "key", "4711"),
        ("checkpoint", "decisions", "\"0000000000000000000000000000000000000000000000000000000000000000\""),
        ("checkpoint", "state", "\"1111111111111111111111111111111111111111111111111111111111111111\""),
        ("checkpoint", "inputs", "7"),
    ];
    for (kind, member, value) in table {
        let mut forged = lines.clone();
        let mut at = middle(&lines, kind);
        // A value that happens to be the same already is no forgery.
        while forged[at].member(member).as_deref() == Some(value) || forged[at].kind != kind {
            at -= 1;
        }
        let was: Value = serde_json::from_str(
            &forged[at].member(member).unwrap_or_else(|| panic!("{kind} has no {member}: {:?}", forged[at])),
        )
        .unwrap();
        forged[at].put(member, value);
        let verdict = verdict_on(&place, &forged);
        let about = format!("{kind} {member}: {verdict}");
        assert_eq!(verdict["seq"], forged[at].seq, "{about}");
        assert_eq!(verdict["kind"], kind, "{about}");
        let field = verdict["field"].as_str().unwrap();
        assert_eq!(field.rsplit('.').next(), Some(member), "{about}");
        assert_eq!(verdict["recorded"], serde_json::from_str::<Value>(value).unwrap(), "{about}");
        assert_eq!(verdict["recomputed"], was, "{about}");
    }
}

/// Breaks when an outcome of another kind or cause passes for the one that was decided.
#[test]
fn changed_envelopes_are_found() {
    let place = run("");
    let lines = lines_of(&place, "run");
    // The two kinds have the same fields, so that the line reads.
    let at = middle(&lines, "order.filled");
    let mut forged = lines.clone();
    forged[at].kind = "order.partially_filled".to_owned();
    let verdict = verdict_on(&place, &forged);
    assert_eq!((&verdict["seq"], &verdict["field"]), (&json!(lines[at].seq), &json!("kind")), "{verdict}");
    assert_eq!(verdict["recomputed"], "order.filled", "{verdict}");

    let mut forged = lines.clone();
    let at = (lines.len() / 2..)
        .find(|&at| lines[at].cause.is_some() && lines[at + 1].seq > lines[at].seq + 1)
        .unwrap();
    forged[at].seq += 1;
    let verdict = verdict_on(&place, &forged);
    // The event of its own number is not there any more.
    assert_eq!((&verdict["seq"], &verdict["field"]), (&json!(lines[at].seq), &json!("event")), "{verdict}");
    assert_eq!(verdict["recomputed"]["seq"], json!(lines[at].seq), "{verdict}");

    let mut forged = lines.clone();
    forged[at].cause = lines[at].cause.map(|cause| cause - 1);
    let verdict = verdict_on(&place, &forged);
    assert_eq!((&verdict["seq"], &verdict["field"]), (&json!(lines[at].seq), &json!("cause")), "{verdict}");
    assert_eq!(verdict["recomputed"], json!(lines[at].cause), "{verdict}");
}

/// Breaks when an outcome can be taken out of a run, or slipped into one.
#[test]
fn removed_and_added_outcomes_are_found() {
    let place = run("");
    let lines = lines_of(&place, "run");
    for kind in ["order.denied", "order.filled", "position.changed", "timer.fired"] {
        let at = middle(&lines, kind);
        let mut forged = lines.clone();
        let removed = forged.remove(at);
        let verdict = verdict_on(&place, &forged);
        assert_eq!(verdict["seq"], removed.seq, "{kind} removed: {verdict}");
        assert_eq!((&verdict["kind"], &verdict["field"]), (&json!(kind), &json!("event")), "{verdict}");
        assert_eq!(
            (&verdict["recorded"], &verdict["recomputed"]["seq"]),
            (&Value::Null, &json!(removed.seq))
        );
    }
    // Between two lines whose numbers have a gap, for the input that is not copied, one more fits.
    let at = (lines.len() / 2..).find(|&at| lines[at + 1].seq > lines[at].seq + 1).unwrap();
    let mut added = lines[middle(&lines, "order.denied")].clone();
    (added.seq, added.ts, added.cause) = (lines[at].seq + 1, lines[at].ts, Some(lines[at].seq));
    let mut forged = lines.clone();
    forged.insert(at + 1, added.clone());
    let verdict = verdict_on(&place, &forged);
    assert_eq!(verdict["seq"], added.seq, "one added: {verdict}");
    assert_eq!((&verdict["kind"], &verdict["field"]), (&json!("order.denied"), &json!("event")), "{verdict}");
    assert_eq!((&verdict["recorded"]["seq"], &verdict["recomputed"]), (&json!(added.seq), &Value::Null));
}

/// Takes a line out of a run that holds its inputs: everything after it moves up, and its batch is one shorter.
fn take_out(lines: &[Line], at: usize) -> Vec<Line> {
    let (gone, mut forged) = (lines[at].seq, lines.to_vec());
    forged.remove(at);
    let input = (0..at).rfind(|&before| forged[before].cause.is_none()).unwrap();
    forged[input].outcomes -= 1;
    for line in &mut forged[at..] {
        line.seq -= 1;
        line.cause = line.cause.map(|cause| if cause > gone { cause - 1 } else { cause });
    }
    forged
}

/// Breaks when a run that holds its own inputs can be forged: outcomes, inputs or configuration.
#[test]
fn runs_with_their_inputs_are_held_to_them() {
    let place = run("--copy-inputs");
    let lines = lines_of(&place, "run");
    let at = middle(&lines, "order.denied");
    let verdict = verdict_on(&place, &take_out(&lines, at));
    assert_eq!(verdict["seq"], lines[at].seq, "removed: {verdict}");

    let mut forged = lines.clone();
    let at = middle(&lines, "market.quote");
    forged[at].put("bid", "\"1\"");
    forged[at].put("bid_size", "\"9\"");
    let verdict = verdict_on(&place, &forged);
    assert!(verdict["seq"].as_u64() >= Some(lines[at].seq), "decisions follow from inputs: {verdict}");

    let mut forged = lines.clone();
    forged[0].put("price_collar", "\"0.0001\"");
    let verdict = verdict_on(&place, &forged);
    assert!(verdict["seq"].as_u64() > Some(1), "decisions follow from the configuration: {verdict}");
}

/// Breaks when `verify` passes judgement on what this version does not know.
#[test]
fn what_is_not_known_is_not_judged() {
    let place = run("--copy-inputs");
    let lines = lines_of(&place, "run");
    let at = middle(&lines, "market.quote");
    type Change = fn(&mut Line);
    let rows: [(&str, Change); 2] = [
        ("mood", |line| {
            let text = line.data.get().replacen('}', ",\"mood\":\"calm\"}", 1);
            line.data = serde_json::value::RawValue::from_string(text).unwrap();
        }),
        ("market.weather", |line| line.kind = "market.weather".to_owned()),
    ];
    for (words, change) in rows {
        let mut forged = lines.clone();
        change(&mut forged[at]);
        write_lines(&place, "run", &forged);
        for command in ["journal verify run", "verify run"] {
            let said = place.reprise(command);
            assert_eq!(said.code, 2, "{command}: {said:?}");
            assert!(
                said.err.contains("could not judge: ") && said.err.contains(words),
                "{command}: {said:?}"
            );
        }
    }
}

//! What `verify` says of every sort of run, as a table.

use std::fs;
use std::path::{Path, PathBuf};

use reprise_assembly::Registry;
use reprise_journal::{JournalError, seal};
use reprise_replays::{Backtest, BacktestOptions, ReplayError, Verdict, VerifyOptions, verify};

use crate::cases::{CASES, market};
use crate::journals::{bodies, copy, kind, value, write};
use crate::scripted::registry;
use crate::tape::started;

/// What is expected of a verdict.
#[derive(Debug)]
enum Expected {
    /// Identical; whether the run has ended.
    Identical(bool),
    /// Different, in this kind and field.
    Different(&'static str, &'static str),
    /// Not judged, for a reason that holds this.
    NotJudged(&'static str),
    /// No verdict, for this reason.
    Fails(&'static str),
}
use Expected::{Different, Fails, Identical, NotJudged};

/// A folder to work in.
struct Bench {
    scratch: tempfile::TempDir,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A run that carries its inputs, its lines edited.
    fn edited(&self, edit: impl FnOnce(&mut Vec<String>)) -> PathBuf {
        let case = CASES.iter().find(|case| case.name == "drawdown").unwrap();
        let mut lines = bodies(&case.folder());
        edit(&mut lines);
        let run = self.path("run");
        write(&run, &lines);
        run
    }

    /// A recording, and a run that names it as its source.
    fn apart(&self, options: BacktestOptions) -> (PathBuf, PathBuf) {
        let (source, run) = (self.path("source"), self.path("run"));
        market::queues().record(&source);
        let case = CASES.iter().find(|case| case.name == "queues").unwrap();
        Backtest::new(&source, &case.config(), &registry(), options).run(&run, &mut |_| {}).unwrap();
        (source, run)
    }
}

fn place(lines: &[String], wanted: &str) -> usize {
    lines.iter().position(|line| kind(line) == wanted).unwrap()
}

fn replace(lines: &mut [String], wanted: &str, from: &str, to: &str) {
    let at = place(lines, wanted);
    assert!(lines[at].contains(from), "{from} in {}", lines[at]);
    lines[at] = lines[at].replacen(from, to, 1);
}

fn check(name: &str, run: &Path, options: &VerifyOptions, registry: &Registry, expected: &Expected) {
    let verdict = verify(run, registry, options, &mut |_| {});
    match (&verdict, expected) {
        (Ok(Verdict::Identical { ended, halted: None, .. }), Identical(is_ended)) => {
            assert_eq!(ended, is_ended, "{name}")
        }
        (Ok(Verdict::Different(found)), Different(kind, field)) => {
            assert_eq!((found.kind.as_str(), found.field.as_str()), (*kind, *field), "{name}: {found:?}");
        }
        (Ok(Verdict::NotJudged(reason)), NotJudged(part)) => {
            assert!(reason.contains(part), "{name}: {reason}")
        }
        (Err(error), Fails(part)) => assert!(error.to_string().contains(part), "{name}: {error}"),
        _ => panic!("{name}: expected {expected:?}, found {verdict:?}"),
    }
}

/// Edits the lines of a run.
type Edit = fn(&mut Vec<String>);
/// Changes a source and the run that was made from it.
type Change = fn(&Path, &Path);

/// What is done to a run that carries its inputs, and what is said of it then.
const CARRIED: &[(&str, Edit, Expected)] = &[
    ("untouched", |_| {}, Identical(true)),
    ("open: no end", |lines| lines.truncate(place(lines, "run.ended")), Identical(false)),
    ("open: nothing but its start", |lines| lines.truncate(1), Identical(false)),
    (
        "no outcome behind the end",
        |lines| {
            lines.truncate(place(lines, "run.ended") + 1);
            replace(lines, "run.ended", ",\"outcomes\":1", "");
        },
        Different("checkpoint", "event"),
    ),
    (
        "one outcome too many behind the end",
        |lines| {
            replace(lines, "run.ended", ",\"outcomes\":1", ",\"outcomes\":2");
            let last = lines.last().unwrap();
            let seq = value(last)["seq"].as_u64().unwrap();
            lines.push(last.replacen(&format!("\"seq\":{seq}"), &format!("\"seq\":{}", seq + 1), 1));
        },
        Different("checkpoint", "event"),
    ),
    (
        "a field that is not known, on an input",
        |lines| {
            replace(lines, "market.quote", "\"data\":{", "\"data\":{\"venue_phase\":\"open\",");
        },
        NotJudged("field 'venue_phase' of market.quote"),
    ),
    (
        "the same before a difference",
        |lines| {
            replace(lines, "market.quote", "\"data\":{", "\"data\":{\"venue_phase\":\"open\",");
            replace(lines, "order.filled", "\"qty\":\"50\"", "\"qty\":\"51\"");
        },
        NotJudged("from 'qty' of order.filled"),
    ),
    (
        "the same behind a difference",
        |lines| {
            replace(lines, "order.filled", "\"qty\":\"50\"", "\"qty\":\"51\"");
            replace(lines, "clock.advanced", "\"data\":{", "\"data\":{\"leap\":1");
        },
        Different("order.filled", "qty"),
    ),
    (
        "a kind of input that is not known",
        |lines| {
            replace(lines, "clock.advanced", "clock.advanced", "market.auction");
        },
        NotJudged("kind 'market.auction'"),
    ),
    (
        "a kind of outcome that is not known",
        |lines| {
            replace(lines, "order.filled", "order.filled", "order.settled");
        },
        Different("order.settled", "kind"),
    ),
    (
        "a kind of record that is not known",
        |lines| {
            let at = place(lines, "clock.advanced");
            let (seq, ts) = (value(&lines[at - 1])["seq"].clone(), value(&lines[at - 1])["ts"].clone());
            lines.insert(
                at,
                format!("{{\"after\":{seq},\"ts\":{ts},\"kind\":\"journal.mirrored\",\"data\":{{}}"),
            );
        },
        Identical(true),
    ),
    (
        "an outcome whose data does not read",
        |lines| {
            replace(lines, "order.filled", "\"qty\":\"50\"", "\"qty\":\"5O\"");
        },
        Different("order.filled", "qty"),
    ),
    (
        "an outcome whose data is not even JSON",
        |lines| {
            replace(lines, "order.filled", "\"qty\":\"50\"", "\"qty\":");
        },
        Different("order.filled", "data"),
    ),
    (
        "an input whose data does not read",
        |lines| {
            replace(lines, "market.quote", "\"bid\":\"100\"", "\"bid\":\"1OO\"");
        },
        Fails("does not read"),
    ),
    (
        "a configuration with a key that is not known",
        |lines| {
            replace(lines, "run.started", "\"config\":{", "\"config\":{\"hedging\":true,");
        },
        NotJudged("hedging"),
    ),
    (
        "a field of run.started that is not known",
        |lines| {
            replace(lines, "run.started", "\"data\":{", "\"data\":{\"host\":\"a\",");
        },
        NotJudged("field 'host' of run.started"),
    ),
    (
        "a strategy that cannot be built",
        |lines| {
            replace(lines, "run.started", "\"kind\":\"scripted\"", "\"kind\":\"twisted\"");
        },
        NotJudged("there is no strategy kind 'twisted'"),
    ),
    (
        "a configuration that contradicts itself",
        |lines| {
            replace(lines, "run.started", "\"bands\":[]", "\"bands\":[{\"kind\":\"stddev\",\"window\":0}]");
        },
        NotJudged("window"),
    ),
    (
        "a later schema, decided alike",
        |lines| {
            replace(lines, "run.started", "\"schema\":\"1.0\"", "\"schema\":\"1.9\"");
        },
        Identical(true),
    ),
    (
        "a later schema, decided otherwise",
        |lines| {
            replace(lines, "run.started", "\"schema\":\"1.0\"", "\"schema\":\"1.9\"");
            replace(lines, "order.filled", "\"qty\":\"50\"", "\"qty\":\"51\"");
        },
        NotJudged("schema version 1.9"),
    ),
    (
        "another schema altogether",
        |lines| {
            replace(lines, "run.started", "\"schema\":\"1.0\"", "\"schema\":\"2.0\"");
        },
        Fails("schema version 2.0"),
    ),
    (
        "another configuration",
        |lines| {
            replace(lines, "run.started", "\"max_drawdown\":\"100\"", "\"max_drawdown\":\"90\"");
        },
        Different("risk.breach", "limit"),
    ),
    (
        "the engine halts where the run went on",
        |lines| {
            replace(lines, "run.started", "\"cascade_limit\":100000", "\"cascade_limit\":9");
        },
        Different("market.quote", "halt"),
    ),
    (
        "a second epoch",
        |lines| {
            let again = lines[0].replacen(
                "\"seq\":1,\"ts\":1742914020000000000",
                "\"seq\":2,\"ts\":1742914020000000001",
                1,
            );
            lines.truncate(1);
            lines.push(again);
        },
        Identical(false),
    ),
    (
        "a backtest that names no source",
        |lines| {
            let line = value(&lines[0]);
            let source = format!("\"source\":{},", serde_json::to_string(&line["data"]["source"]).unwrap());
            let from = lines[0].find("\"source\":").unwrap();
            let to = lines[0].find(",\"copied_inputs\"").unwrap() + 1;
            assert_eq!(source.len(), to - from);
            lines[0].replace_range(from..to, "");
            lines[0] = lines[0].replacen(",\"copied_inputs\":true", "", 1);
            lines.truncate(1);
        },
        NotJudged("it names none"),
    ),
    (
        "a recording",
        |lines| {
            lines.retain(|line| value(line)["cause"].is_null());
            as_recording(lines);
        },
        Identical(true),
    ),
    ("a recording that decides", |lines| as_recording(lines), Different("account.changed", "event")),
    (
        "no start",
        |lines| {
            lines.remove(0);
        },
        Fails("seq 2 follows 0"),
    ),
];

/// Breaks when a run that carries its inputs gets another verdict than it deserves.
#[test]
fn runs_that_carry_their_inputs() {
    for (name, edit, expected) in CARRIED {
        let bench = Bench { scratch: tempfile::tempdir().unwrap() };
        check(name, &bench.edited(*edit), &VerifyOptions::default(), &registry(), expected);
    }
}

/// Makes a run one that recorded, renumbered without its outcomes if it has none.
fn as_recording(lines: &mut [String]) {
    let recording =
        reprise_model::codec::to_bytes(&started(reprise_model::event::RunMode::Record, Vec::new()));
    let data = lines[0].find("\"data\":").unwrap() + "\"data\":".len();
    lines[0].replace_range(data.., std::str::from_utf8(&recording).unwrap());
    if lines.iter().any(|line| value(line)["cause"].is_u64()) {
        return;
    }
    for (n, line) in lines.iter_mut().enumerate() {
        let event = value(line);
        *line = line.replacen(&format!("\"seq\":{}", event["seq"]), &format!("\"seq\":{}", n + 1), 1);
        if let Some(count) = event["outcomes"].as_u64() {
            *line = line.replacen(&format!(",\"outcomes\":{count}"), "", 1);
        }
    }
}

/// Breaks when a strategy that this program does not have is taken for a difference, or for an error.
#[test]
fn a_strategy_of_another_program_is_not_judged() {
    let case = CASES.iter().find(|case| case.name == "operator").unwrap();
    let expected = NotJudged("there is no strategy kind 'scripted'");
    check("builtin", &case.folder(), &VerifyOptions::default(), &Registry::builtin(), &expected);
}

/// Rewrites the recording.
fn change_source(source: &Path, edit: Edit) {
    let mut lines = bodies(source);
    edit(&mut lines);
    fs::remove_file(source.join("manifest.json")).unwrap();
    write(source, &lines);
}

/// What is done to a source and a run, which place of the source is named, and what is said of the run then.
const NAMED: &[(&str, Change, Option<&str>, Expected)] = &[
    ("as it was", |_, _| {}, None, Identical(true)),
    ("packed", |source, _| assert_eq!(seal(source).unwrap().segments, 1), None, Identical(true)),
    ("gone", |source, _| fs::remove_dir_all(source).unwrap(), None, NotJudged("--source")),
    (
        "moved",
        |source, run| fs::rename(source, run.with_file_name("other")).unwrap(),
        None,
        NotJudged("--source"),
    ),
    (
        "moved and named",
        |source, run| fs::rename(source, run.with_file_name("other")).unwrap(),
        Some("other"),
        Identical(true),
    ),
    (
        "another run",
        |source, _| {
            fs::remove_dir_all(source).unwrap();
            market::groups().record(source);
        },
        None,
        NotJudged("another content"),
    ),
    (
        "an input changed",
        |source, _| {
            change_source(source, |lines| replace(lines, "market.trade", "\"qty\":\"2\"", "\"qty\":\"3\""));
        },
        None,
        NotJudged("another content"),
    ),
    (
        "an input changed, its end still telling the old content",
        |source, _| {
            let end = bodies(source).last().unwrap().clone();
            change_source(source, |lines| replace(lines, "market.trade", "\"qty\":\"2\"", "\"qty\":\"3\""));
            let mut lines = bodies(source);
            *lines.last_mut().unwrap() = end.replacen("run.ended", "run.endex", 1);
            write(source, &lines);
            let text =
                fs::read_to_string(source.join("000001.jsonl")).unwrap().replace("run.endex", "run.ended");
            let bytes = rechained(&text);
            fs::write(source.join("000001.jsonl"), bytes).unwrap();
        },
        None,
        NotJudged("another content"),
    ),
    (
        "cut at a batch",
        |source, _| change_source(source, |lines| lines.truncate(9)),
        None,
        NotJudged("another content"),
    ),
    (
        "its end cut off",
        |source, _| {
            change_source(source, |lines| lines.truncate(place(lines, "run.ended")));
        },
        None,
        Identical(true),
    ),
    (
        "a byte damaged",
        |source, _| {
            let segment = source.join("000001.jsonl");
            let text = fs::read_to_string(&segment).unwrap().replacen("\"99.9\"", "\"99.7\"", 1);
            fs::write(segment, text).unwrap();
        },
        None,
        Fails("is damaged"),
    ),
    (
        "the run forged",
        |_, run| {
            let mut lines = bodies(run);
            replace(&mut lines, "order.filled", "\"liquidity\":\"taker\"", "\"liquidity\":\"maker\"");
            fs::remove_file(run.join("manifest.json")).unwrap();
            write(run, &lines);
        },
        None,
        Different("order.filled", "liquidity"),
    ),
    (
        "an input in the run that should not be there",
        |_, run| {
            let mut lines = bodies(run);
            let at = place(&lines, "run.ended");
            let (seq, ts) = (value(&lines[at])["seq"].as_u64().unwrap() - 1, value(&lines[at])["ts"].clone());
            lines
                .insert(at, format!("{{\"seq\":{seq},\"ts\":{ts},\"kind\":\"clock.advanced\",\"data\":{{}}"));
            fs::remove_file(run.join("manifest.json")).unwrap();
            write(run, &lines);
        },
        None,
        NotJudged("does not belong"),
    ),
    (
        "the run without its end",
        |_, run| {
            let mut lines = bodies(run);
            lines.truncate(place(&lines, "run.ended"));
            fs::remove_file(run.join("manifest.json")).unwrap();
            write(run, &lines);
        },
        None,
        Identical(false),
    ),
    (
        "the run without its last outcomes",
        |_, run| {
            let mut lines = bodies(run);
            lines.truncate(place(&lines, "run.ended") - 1);
            fs::remove_file(run.join("manifest.json")).unwrap();
            write(run, &lines);
        },
        None,
        Different("account.changed", "event"),
    ),
];

/// Breaks when a run that names its inputs elsewhere is judged by other inputs than it was made from, or is not judged
/// although they are there.
#[test]
fn runs_that_name_their_source() {
    for (name, change, named, expected) in NAMED {
        let bench = Bench { scratch: tempfile::tempdir().unwrap() };
        let (source, run) = bench.apart(BacktestOptions::default());
        change(&source, &run);
        let options = VerifyOptions { source: named.map(|name| bench.path(name)) };
        check(name, &run, &options, &registry(), expected);
    }
}

/// The same lines with checksums that fit, and nothing else changed.
fn rechained(text: &str) -> Vec<u8> {
    let (mut bytes, mut crc) = (Vec::new(), 0);
    for line in text.lines() {
        let start = bytes.len();
        bytes.extend_from_slice(&line.as_bytes()[..line.len() - ",\"crc\":\"00000000\"}".len()]);
        crc = reprise_journal::line::end_line(&mut bytes, start, crc);
    }
    bytes
}

/// Breaks when the way in which a backtest is done changes what it decides, or whether it can be verified: threads,
/// copied inputs, market data alone, a place further away, a source that is packed or has no end.
#[test]
fn ways_to_backtest() {
    let bench = Bench { scratch: tempfile::tempdir().unwrap() };
    let source = bench.path("source");
    market::queues().record(&source);
    let (packed, open) = (bench.path("packed"), bench.path("open"));
    copy(&source, &packed);
    seal(&packed).unwrap();
    let mut lines = bodies(&source);
    lines.pop();
    write(&open, &lines);
    let config = CASES.iter().find(|case| case.name == "queues").unwrap().config();
    let mut digests = Vec::new();
    for (n, source) in [&source, &packed, &open].into_iter().enumerate() {
        for (copy_inputs, threads) in [(false, 1), (true, 1), (false, 3), (true, 3)] {
            let out = bench.path(&format!("far/away/{n}-{copy_inputs}-{threads}"));
            let options = BacktestOptions { copy_inputs, threads, ..BacktestOptions::default() };
            let report = Backtest::new(source, &config, &registry(), options).run(&out, &mut |_| {}).unwrap();
            check("way", &out, &VerifyOptions::default(), &registry(), &Identical(true));
            let decided: Vec<String> =
                bodies(&out).into_iter().filter(|line| value(line)["cause"].is_u64()).collect();
            digests.push((report.digest, report.state_digest, decided));
        }
    }
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));

    let out = bench.path("market-only");
    let options = BacktestOptions { market_only: true, ..BacktestOptions::default() };
    let report = Backtest::new(&source, &config, &registry(), options).run(&out, &mut |_| {}).unwrap();
    check("market only", &out, &VerifyOptions::default(), &registry(), &Identical(true));
    assert_ne!(report.digest, digests[0].0, "without the feed's states more is allowed");
}

/// Breaks when a damaged run is called different instead of damaged.
#[test]
fn a_damaged_run_is_no_difference() {
    let bench = Bench { scratch: tempfile::tempdir().unwrap() };
    let run = bench.edited(|_| {});
    let segment = run.join("000001.jsonl");
    let text =
        fs::read_to_string(&segment).unwrap().replacen("\"price\":\"100.09\"", "\"price\":\"100.08\"", 1);
    fs::write(segment, text).unwrap();
    let error = verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, ReplayError::Journal(JournalError::Corrupt(_))), "{error}");
}
